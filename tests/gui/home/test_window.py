"""The home window as a person uses it, in both languages and at its smallest size."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QCheckBox, QDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.domain import ChatDelta, EndpointState, Proof
from core.errors import AppError
from gui import language, theme
from gui.chat.pieces import Elided
from gui.coming import Coming
from gui.home.state import Mood
from gui.home.window import HomeWindow
from gui.widgets.error_card import ErrorCard
from tests.gui.home.parts import ANSWER, Assembly, Serve, Stream, an_assembly, done

Open = Callable[..., HomeWindow]


@pytest.fixture
def assembly(tmp_path: Path) -> Assembly:
    return an_assembly(tmp_path, ("DEEPBERTH_HOME", "HF_ENDPOINT"))


@pytest.fixture
def open_home(qtbot: QtBot, assembly: Assembly) -> Iterator[Open]:
    def make(serve: Serve, stream: Stream | None = None, **extra: object) -> HomeWindow:
        window = HomeWindow(
            assembly, serve=serve, stream=stream or Stream((ChatDelta(text="x"), done())), **extra
        )
        qtbot.addWidget(window)
        window.resize(960, 640)
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        qtbot.waitUntil(lambda: window.look.mood is not Mood.LOOKING)
        return window

    yield make
    theme.apply(QApplication.instance(), "light")


def button(window: QWidget, name: str) -> QPushButton:
    found = [one for one in window.findChildren(QPushButton, name) if one.isVisible()]
    assert len(found) == 1, (name, found)
    return found[0]


def shown(window: QWidget, name: str) -> bool:
    return any(one.isVisible() for one in window.findChildren(QWidget, name))


def words(window: QWidget) -> str:
    return "\n".join(one.text() for one in window.findChildren(QLabel) if one.isVisible())


def card(window: HomeWindow) -> ErrorCard | None:
    found = [one for one in window.findChildren(ErrorCard) if one.isVisible()]
    return found[0] if found else None


# --- states -----------------------------------------------------------------------------------


def test_running_shows_only_real_figures(qtbot: QtBot, open_home: Open) -> None:
    window = open_home(Serve())
    text = words(window)
    assert "Running on this computer" in text
    assert "DeepSeek-R1-Distill-Qwen-7B (distilled)" in text
    assert text.count("Not measured yet") == 2
    assert "The graphics card" not in text
    assert not shown(window, "start-model")
    assert "127.0.0.1" not in text


def test_the_proof_is_shown_until_an_answer_replaces_it(qtbot: QtBot, open_home: Open) -> None:
    proof = Proof(first_token_s=1.5, tokens_per_s=9.0, answer="x", on_gpu=None)
    window = open_home(Serve(proof=proof))
    assert window.findChild(QLabel, "figure-speed").text() == "9"
    window.show_page("chat")
    window.chat.composer.put("q")
    QTest.keyClick(window.chat.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.home_page.measured.answers == 1)
    window.show_page("home")
    assert window.findChild(QLabel, "figure-speed").text() == "41.2"
    assert window.findChild(QLabel, "figure-answers").text() == "1"


def test_a_card_that_does_not_work_is_said_first(open_home: Open) -> None:
    from core.domain import Accelerator

    proof = Proof(first_token_s=1.5, tokens_per_s=9.0, answer="x", on_gpu=False)
    window = open_home(Serve(proof=proof, accelerator=Accelerator.CUDA))
    assert "One thing needs you" in words(window)
    assert "The graphics card is not doing the work" in words(window)


def test_stopped_says_that_nothing_costs_money(qtbot: QtBot, open_home: Open) -> None:
    serve = Serve(state=EndpointState.STOPPED)
    window = open_home(serve)
    assert "Nothing is running" in words(window)
    assert "Nothing costs money. The memory is free for other programs." in words(window)
    seen = []
    window.state_changed.connect(lambda status: seen.append(status.state))
    button(window, "start-model").click()
    qtbot.waitUntil(lambda: window.look.mood is Mood.RUNNING)
    assert seen[0] is EndpointState.STARTING
    assert seen[-1] is EndpointState.RUNNING
    button(window, "stop-model").click()
    qtbot.waitUntil(lambda: window.look.mood is Mood.STOPPED)
    assert serve.calls == ["start", "stop"]


def test_the_sidebar_starts_and_stops_from_every_page(qtbot: QtBot, open_home: Open) -> None:
    window = open_home(Serve())
    window.show_page("settings")
    button(window, "status-act").click()
    qtbot.waitUntil(lambda: window.look.mood is Mood.STOPPED)
    assert "Not running" in words(window)
    button(window, "status-act").click()
    qtbot.waitUntil(lambda: window.look.mood is Mood.RUNNING)


def test_starting_shows_that_it_goes_on_and_can_be_stopped(qtbot: QtBot, open_home: Open) -> None:
    serve = Serve(state=EndpointState.STOPPED, gate=threading.Event())
    window = open_home(serve)
    button(window, "start-model").click()
    qtbot.waitUntil(lambda: "2 s" in words(window))
    assert window.look.mood is Mood.STARTING
    assert not shown(window, "start-model")
    button(window, "stop-model").click()
    qtbot.waitUntil(lambda: window.look.mood is Mood.STOPPED)


def test_trouble_has_a_card_with_a_remedy_that_works(qtbot: QtBot, open_home: Open) -> None:
    serve = Serve(state=EndpointState.FAILED, note="engine_crashed")
    window = open_home(serve)
    shown_card = card(window)
    assert shown_card is not None
    assert shown_card.error is not None
    assert shown_card.error.code == "engine_crashed"
    button(window, "remedy").click()
    qtbot.waitUntil(lambda: window.look.mood is Mood.RUNNING)
    assert card(window) is None
    assert serve.calls == ["stop", "start"]


@pytest.mark.parametrize(
    ("state", "note", "code"),
    [
        (EndpointState.GONE, None, "engine_gone"),
        (EndpointState.UNKNOWN, None, "engine_unknown"),
        (EndpointState.FAILED, None, "engine_failed"),
        (EndpointState.FAILED, "engine_out_of_memory", "engine_out_of_memory"),
    ],
)
@pytest.mark.parametrize("tongue", ["en", "zh_CN"])
def test_every_trouble_is_explained(
    open_home: Open, state: EndpointState, note: str | None, code: str, tongue: str
) -> None:
    language.switch(tongue)
    window = open_home(Serve(state=state, note=note))
    shown_card = card(window)
    assert shown_card is not None
    assert shown_card.error is not None
    assert shown_card.error.code == code
    assert "[" not in words(window)


def test_a_start_that_fails_brings_its_card(qtbot: QtBot, open_home: Open) -> None:
    error = AppError("engine_out_of_memory", remedy="choose_smaller")
    window = open_home(Serve(state=EndpointState.STOPPED, start_error=error))
    window.show_page("settings")
    button(window, "status-act").click()
    qtbot.waitUntil(lambda: card(window) is not None)
    assert window.page == "home"
    with qtbot.waitSignal(window.setup_wanted):
        button(window, "remedy").click()


@pytest.mark.parametrize("half", [False, True])
def test_nothing_or_half_set_up_leads_to_the_wizard(
    qtbot: QtBot, open_home: Open, half: bool
) -> None:
    window = open_home(Serve(set_up=half, half=half, state=EndpointState.STOPPED))
    assert window.look.mood is (Mood.HALF if half else Mood.EMPTY)
    with qtbot.waitSignal(window.setup_wanted):
        button(window, "set-up").click()
    assert not shown(window, "start-model")


def test_the_starter_is_labelled_wherever_it_is_named(open_home: Open) -> None:
    window = open_home(Serve(starter=True))
    assert "SmolLM2-135M-Instruct (starter, not DeepSeek)" in words(window)
    assert "Starter, not DeepSeek" in words(window.sidebar)
    window.show_page("chat")
    assert "starter, not DeepSeek" in words(window.chat)


def test_a_report_is_copied_and_the_card_stays(open_home: Open) -> None:
    window = open_home(Serve(state=EndpointState.FAILED))
    button(window, "remedy").click()
    assert "engine_failed" in QApplication.clipboard().text()
    assert card(window) is not None


@pytest.mark.parametrize(
    ("remedy", "calls"),
    [
        ("start_it", ["stop", "start"]),
        ("restart_engine", ["stop", "start"]),
        ("try_again", []),
    ],
)
def test_a_remedy_of_home_does_something(
    qtbot: QtBot, open_home: Open, remedy: str, calls: list[str]
) -> None:
    serve = Serve()
    window = open_home(serve)
    window.home_page.show_error(AppError("unexpected", remedy=remedy))
    with qtbot.waitSignal(window.watch.looked):
        button(window, "remedy").click()
    assert card(window) is None
    assert serve.calls == calls


def test_another_folder_is_kept_and_leads_to_the_set_up(
    qtbot: QtBot, open_home: Open, assembly: Assembly, tmp_path: Path
) -> None:
    chosen: list[str] = ["", str(tmp_path / "there")]
    window = open_home(Serve(), ask_folder=lambda _window, _begin: chosen.pop(0))
    for _ in range(2):
        window.home_page.show_error(AppError("unexpected", remedy="choose_folder"))
        asked = len(chosen)
        button(window, "remedy").click()
        assert len(chosen) == asked - 1
    assert assembly.settings.model_folder == str(tmp_path / "there")
    window.show_page("settings")
    assert str(tmp_path / "there") in words(window)


def test_a_setting_that_could_not_be_saved_is_tried_again(
    open_home: Open, assembly: Assembly
) -> None:
    window = open_home(Serve())
    window.show_page("settings")
    assembly.refuses = AppError("unexpected", remedy="try_again")
    button(window, "theme-dark").click()
    assert not theme.is_dark()
    assembly.refuses = None
    button(window, "remedy").click()
    assert assembly.settings.theme == "dark"
    assert theme.is_dark()


# --- pages and keys ---------------------------------------------------------------------------


def test_pages_by_keyboard_alone(qtbot: QtBot, open_home: Open) -> None:
    stream = Stream((ChatDelta(text="Paris"), done()))
    window = open_home(Serve(), stream)
    QTest.keyClick(window, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert window.page == "chat"
    assert window.chat.composer.editor.hasFocus()
    QTest.keyClicks(QApplication.focusWidget(), "capital of France?")
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.home_page.measured.answers == 1)
    QTest.keyClick(window, Qt.Key.Key_Comma, Qt.KeyboardModifier.ControlModifier)
    assert window.page == "settings"
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.page == "home"
    assert button(window, "open-chat").hasFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert window.page == "chat"


def test_tab_reaches_every_control_and_goes_round(open_home: Open) -> None:
    window = open_home(Serve())
    seen = set()
    for _ in range(30):
        QTest.keyClick(QApplication.focusWidget() or window, Qt.Key.Key_Tab)
        if focused := QApplication.focusWidget():
            seen.add(focused.objectName())
    # The pages are one stop; arrows move inside, as in the next test.
    assert {"nav-home", "status-act", "stop-model", "open-chat"} <= seen


def test_arrows_move_between_the_pages(open_home: Open) -> None:
    window = open_home(Serve())
    window.sidebar.buttons["home"].setFocus()
    QTest.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
    assert window.page == "chat"


def test_no_dead_entry_in_the_sidebar(open_home: Open) -> None:
    window = open_home(Serve())
    for name in ("home", "chat", "settings"):
        button(window, f"nav-{name}").click()
        assert window.page == name


def test_the_chat_is_off_while_nothing_runs(qtbot: QtBot, open_home: Open) -> None:
    window = open_home(Serve(state=EndpointState.STOPPED))
    window.show_page("chat")
    assert "No model is running" in words(window.chat)
    window.start_model()
    qtbot.waitUntil(lambda: window.look.mood is Mood.RUNNING)
    assert "Your DeepSeek is ready" in words(window.chat)


# --- settings ---------------------------------------------------------------------------------


def test_language_and_theme_act_at_once_and_are_saved(open_home: Open, assembly: Assembly) -> None:
    window = open_home(Serve())
    window.show_page("settings")
    button(window, "language-zh_CN").click()
    assert assembly.settings.language == "zh_CN"
    assert "设置" in words(window)
    assert "Settings" not in words(window)
    button(window, "theme-dark").click()
    assert assembly.settings.theme == "dark"
    assert theme.is_dark()


def test_a_setting_that_cannot_be_saved_stays_and_says_so(
    open_home: Open, assembly: Assembly
) -> None:
    window = open_home(Serve())
    window.show_page("settings")
    assembly.refuses = AppError(
        "disk_full",
        {"need_bytes": 1, "free_bytes": 0, "path": "/x", "folder": "/x"},
        remedy="free_disk",
    )
    button(window, "theme-dark").click()
    assert not theme.is_dark()
    assert window.settings_page.themes.value == "system"
    assert card(window) is not None


def test_places_from_outside_are_shown(open_home: Open, assembly: Assembly) -> None:
    window = open_home(Serve())
    window.show_page("settings")
    text = words(window)
    assert "DEEPBERTH_HOME" in text
    assert "HF_ENDPOINT" in text
    assert "DOCKER_HOST" not in text
    assert str(assembly.places.models) in text


@pytest.mark.parametrize("files", [False, True])
def test_removal_asks_once_and_gives_a_receipt(qtbot: QtBot, open_home: Open, files: bool) -> None:
    serve = Serve()
    window = open_home(serve)
    window.show_page("settings")
    button(window, "remove-model").click()
    dialog = window.findChild(QDialog, "remove-dialog")
    assert dialog.findChild(QPushButton, "remove-stay").isDefault()
    dialog.findChild(QCheckBox, "remove-files").setChecked(files)
    button(dialog, "remove-go").click()
    qtbot.waitUntil(lambda: window.look.mood is Mood.EMPTY)
    assert serve.calls == [f"remove models={files}"]
    assert "4 GB" in words(window)
    assert window.page == "home"


def test_removal_can_be_left(open_home: Open) -> None:
    serve = Serve()
    window = open_home(serve)
    window.show_page("settings")
    button(window, "remove-model").click()
    button(window.findChild(QDialog, "remove-dialog"), "remove-stay").click()
    assert serve.calls == []


# --- looks ------------------------------------------------------------------------------------

_STATES = {
    "running": Serve,
    "starter": lambda: Serve(starter=True),
    "stopped": lambda: Serve(state=EndpointState.STOPPED),
    "starting": lambda: Serve(state=EndpointState.LOADING),
    "trouble": lambda: Serve(state=EndpointState.FAILED, note="engine_crashed"),
    "empty": lambda: Serve(set_up=False),
    "half": lambda: Serve(half=True, state=EndpointState.STOPPED),
}


@pytest.mark.parametrize("state", _STATES)
@pytest.mark.parametrize("tongue", ["en", "zh_CN"])
def test_no_word_is_cut_or_missing_at_the_smallest_size(
    qtbot: QtBot, open_home: Open, state: str, tongue: str
) -> None:
    language.switch(tongue)
    stream = Stream((ChatDelta(reasoning="hm"), ChatDelta(text=ANSWER), done()))
    window = open_home(_STATES[state](), stream)
    for page in ("home", "chat", "settings"):
        window.show_page(page)
        qtbot.wait(30)
        _check_words(window)
    if window.look.mood is Mood.RUNNING:
        window.show_page("chat")
        window.chat.composer.put("q")
        QTest.keyClick(window.chat.composer.editor, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: not window.chat.conversation.running)
        qtbot.wait(30)
        _check_words(window)


def _check_words(window: QWidget) -> None:
    for label in window.findChildren(QLabel):
        if not label.isVisible() or not label.text():
            continue
        assert not label.text().startswith("["), label.text()
        assert label.textFormat() is Qt.TextFormat.PlainText or "<" not in label.text()
        if isinstance(label, Elided):
            assert label.width() > 0
            continue
        _check_fits(label)
    for one in window.findChildren(QPushButton):
        if one.isVisible() and one.text():
            need = one.fontMetrics().horizontalAdvance(one.text())
            assert need <= one.width() - 8, one.text()
        if one.isVisible():
            assert one.text() or one.accessibleName(), one.objectName()


def _check_fits(label: QLabel) -> None:
    room = label.contentsRect()
    flags = int(label.alignment()) | (Qt.TextFlag.TextWordWrap if label.wordWrap() else 0)
    wide = QRect(0, 0, room.width() if label.wordWrap() else 10_000, 10_000)
    need = label.fontMetrics().boundingRect(wide, int(flags), label.text())
    assert need.height() <= room.height() + 1, (label.text(), need, room)
    assert need.width() <= room.width() + 1, (label.text(), need, room)


# --- another model on its way -----------------------------------------------------------------


def test_what_is_on_its_way_is_said_in_one_line(qtbot: QtBot, open_home: Open) -> None:
    window = open_home(Serve())
    asked: list[bool] = []
    window.setup_wanted.connect(lambda: asked.append(True))
    assert not shown(window, "see-progress")
    coming = Coming(model="Tiny", state="fetching", share=0.42, left_s=300)
    window.show_coming(coming)
    assert "Tiny is on its way: 42% done, about 5 min left" in words(window)
    assert not window.settings_page.remove.isEnabled()
    window.show_page("chat")
    button(window, "see-progress").click()
    assert asked == [True]
    for state in ("fetching", "starting", "paused", "failed", "done"):
        window.show_coming(Coming(model="Tiny", state=state))
        for spoken in ("zh_CN", "en"):
            language.switch(spoken)
            assert "Tiny" in window.coming.text()
            assert "[" not in words(window)
    button(window, "see-progress").click()  # read, so it goes
    assert not shown(window, "see-progress")


@pytest.mark.parametrize("quick", [False, True])
def test_an_answer_ends_gently_when_another_model_takes_over(
    qtbot: QtBot, open_home: Open, quick: bool
) -> None:
    """`quick`: its engine is gone before the news of it comes."""
    never, gone = {1: threading.Event()}, AppError("engine_ended", remedy="restart_engine")
    window = open_home(Serve(), Stream((ChatDelta(text="Once upon"), gone), never))
    window.show_page("chat")
    window.chat.composer.put("A story")
    QTest.keyClick(window.chat.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Once" in window.chat.conversation.turns[-1].answer.text)
    if quick:
        never[1].set()
        qtbot.waitUntil(lambda: card(window) is not None)
    window.show_coming(Coming(model="Tiny", state="starting"))
    assert not window.chat.conversation.running
    assert "The answer broke off here." in words(window)
    assert card(window) is None
    assert window.chat.composer.question() == "A story"
