"""The text view: it reads no file, asks no address, opens nothing, copies plain text."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from PySide6.QtCore import QUrl
from PySide6.QtGui import QColor, QGuiApplication, QImage, QTextDocument
from PySide6.QtWidgets import QTextBrowser
from pytestqt.qtbot import QtBot

from gui.chat.browser import SafeBrowser
from gui.chat.render import Rendered, render
from tests.gui.chat.payloads import attacks


def _red_picture(folder: Path) -> Path:
    picture = QImage(40, 40, QImage.Format.Format_RGB32)
    picture.fill(QColor("red"))
    path = folder / "red.png"
    assert picture.save(str(path))
    return path


def _shows_red(browser: QTextBrowser) -> bool:
    shot = browser.grab().toImage()
    return any(
        shot.pixelColor(x, y) == QColor("red")
        for x in range(0, shot.width(), 4)
        for y in range(0, shot.height(), 4)
    )


def test_no_picture_of_a_file_is_read(qtbot: QtBot, tmp_path: Path) -> None:
    html = f'<img src="{_red_picture(tmp_path).as_uri()}">'
    plain, safe = QTextBrowser(), SafeBrowser()
    for browser in (plain, safe):
        qtbot.addWidget(browser)
        browser.resize(200, 120)
    plain.setHtml(html)
    safe.show_rendered(Rendered(html=html))
    safe.setFixedHeight(120)
    assert _shows_red(plain), "Qt's own view reads it, so this test can fail"
    assert not _shows_red(safe)


def test_no_address_is_asked(qtbot: QtBot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/x.png"
        browser = SafeBrowser()
        qtbot.addWidget(browser)
        browser.show_rendered(Rendered(html=f'<img src="{url}"><table background="{url}">'))
        browser.show_rendered(render(f"![x]({url}) [y]({url})"))
        browser.setSource(QUrl(url))
        browser.grab()
        with pytest.raises(TimeoutError):
            server.accept()


def test_nothing_is_ever_loaded(qtbot: QtBot, tmp_path: Path) -> None:
    browser = SafeBrowser()
    qtbot.addWidget(browser)
    url = QUrl.fromLocalFile(str(_red_picture(tmp_path)))
    for kind in (
        QTextDocument.ResourceType.ImageResource,
        QTextDocument.ResourceType.HtmlResource,
        QTextDocument.ResourceType.StyleSheetResource,
    ):
        given = browser.loadResource(kind.value, url)
        assert not given or (given.size().width(), given.pixel(0, 0)) == (1, 0)
    browser.setSource(url)
    assert browser.toPlainText() == ""
    assert not browser.openLinks()
    assert not browser.openExternalLinks()


def test_no_attack_leaves_a_live_address_in_the_document(qtbot: QtBot) -> None:
    browser = SafeBrowser()
    qtbot.addWidget(browser)
    browser.show_rendered(render("\n\n".join(attacks()[:150])))
    block = browser.document().begin()
    seen = 0
    while block.isValid():
        iterator = block.begin()
        while not iterator.atEnd():
            shape = iterator.fragment().charFormat()
            assert not shape.isImageFormat()
            if shape.isAnchor():
                seen += 1
                assert shape.anchorHref().startswith(("https://", "http://", "#copy-"))
            iterator += 1
        block = block.next()


def test_a_link_only_tells_that_it_was_chosen(qtbot: QtBot) -> None:
    browser = SafeBrowser()
    qtbot.addWidget(browser)
    with qtbot.waitSignal(browser.link_chosen) as heard:
        browser.anchorClicked.emit(QUrl("https://example.org/a?b=c"))
    assert heard.args == ["https://example.org/a?b=c"]
    for bad in ("file:///etc/passwd", "javascript:alert(1)", "data:text/html,x", "#copy-7"):
        with (
            qtbot.assertNotEmitted(browser.link_chosen),
            qtbot.assertNotEmitted(browser.copy_wanted),
        ):
            browser.anchorClicked.emit(QUrl(bad))


def test_the_copy_link_of_a_code_block(qtbot: QtBot) -> None:
    browser = SafeBrowser()
    qtbot.addWidget(browser)
    browser.show_rendered(render("```\nx = 1\n```", copy_label="Copy"))
    with qtbot.waitSignal(browser.copy_wanted) as heard:
        browser.anchorClicked.emit(QUrl("#copy-0"))
    assert heard.args == ["x = 1"]


def test_a_copy_is_plain_text(qtbot: QtBot) -> None:
    browser = SafeBrowser()
    qtbot.addWidget(browser)
    browser.show_rendered(render("**bold** [x](https://example.org)"))
    browser.selectAll()
    browser.copy()
    data = QGuiApplication.clipboard().mimeData()
    assert data.text() == "bold x (https://example.org)"
    assert not data.hasHtml()


def test_it_is_as_high_as_its_text(qtbot: QtBot) -> None:
    browser = SafeBrowser()
    qtbot.addWidget(browser)
    browser.resize(400, 10)
    browser.show()
    browser.show_rendered(render("one line"))
    low = browser.height()
    browser.show_rendered(render("one line\n\n" * 10))
    assert browser.height() > 5 * low
