"""The look: every role is filled, both themes differ, contrast holds, icons are tinted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QFontDatabase, QIcon, QPalette
from PySide6.QtWidgets import QApplication, QCheckBox, QLabel
from pytestqt.qtbot import QtBot

from gui import icons, language, theme

_ASSETS = Path(__file__).resolve().parents[2] / "assets"


def _luminance(value: str) -> float:
    """WCAG 2 relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(value[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _ratio(one: str, other: str) -> float:
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("shown", ["light", "dark"])
def test_contrast_of_every_listed_pair(shown: str) -> None:
    roles = theme.tokens()["color"][shown]
    pairs = 0
    for name, entry in roles.items():
        for key in entry.get("contrast", {}):
            least = entry.get("min_ratio")
            if least is not None:
                background = roles[key.removeprefix("on ")]["value"]
                assert _ratio(entry["value"], background) >= least, (shown, name, key)
                pairs += 1
    assert pairs > 80


def test_both_themes_have_the_same_roles() -> None:
    colors = theme.tokens()["color"]
    assert set(colors["light"]) == set(colors["dark"])


@pytest.mark.parametrize("choice", ["light", "dark"])
def test_apply_fills_the_sheet_and_the_palette(qapp: QApplication, choice: str) -> None:
    theme.apply(qapp, choice)
    sheet = qapp.styleSheet()
    assert "@" not in re.sub(r"/\*.*?\*/", "", sheet, flags=re.S)
    assert theme.color("accent").name() in sheet
    assert qapp.palette().color(QPalette.ColorRole.Window) == theme.color("bg")
    assert theme.is_dark() is (choice == "dark")


def test_a_change_is_told_once_and_no_change_is_not(qapp: QApplication, qtbot: QtBot) -> None:
    told: list[int] = []
    theme.watcher().changed.connect(lambda: told.append(1))
    theme.apply(qapp, "dark")
    theme.apply(qapp, "dark")
    assert told == [1]
    theme.apply(qapp, "nonsense")  # means system, which is light here
    assert told == [1, 1]
    assert not theme.is_dark()


def test_chinese_uses_bold_where_the_fonts_have_no_600(qapp: QApplication) -> None:
    assert "font-weight: 600" in qapp.styleSheet()
    assert theme.font("title").letterSpacing() < 0
    language.switch("zh_CN")
    assert "font-weight: 600" not in qapp.styleSheet()
    assert theme.font("title").letterSpacing() == 0
    assert theme.font("heading").weight() == 700


def test_more_contrast_makes_edges_and_quiet_words_stronger(
    qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    wish = SimpleNamespace(name="HighContrast")
    monkeypatch.setattr(theme.watcher(), "access", SimpleNamespace(contrastPreference=lambda: wish))
    theme.apply(qapp, "light")
    assert theme.color("border") == theme.color("border-button") == theme.color("border-strong")
    assert theme.color("text-muted") == theme.color("text")


def test_less_motion_makes_every_duration_zero(monkeypatch: pytest.MonkeyPatch) -> None:
    assert theme.motion_ms("expand") == 160
    wish = SimpleNamespace(name="ReducedMotion")
    monkeypatch.setattr(theme.watcher(), "access", SimpleNamespace(motionPreference=lambda: wish))
    assert theme.motion_ms("expand") == 0


def test_an_unknown_role_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        theme.color("blue")


def test_our_font_is_there_in_four_weights_and_small() -> None:
    assert {400, 500, 600, 700} <= {
        QFontDatabase.weight("Inter", style) for style in QFontDatabase.styles("Inter")
    }
    files = list((_ASSETS / "fonts").glob("*.otf"))
    assert sum(file.stat().st_size for file in files) < 1_000_000
    assert (_ASSETS / "fonts" / "OFL.txt").exists()


@pytest.mark.parametrize("shown", ["light", "dark"])
def test_the_arrow_of_choice_lists_has_the_theme_s_colour(shown: str) -> None:
    tokens = json.loads((_ASSETS / "theme" / "tokens.json").read_text("utf-8"))
    arrow = (_ASSETS / "theme" / f"chevron-down-{shown}.svg").read_text("utf-8")
    assert tokens["color"][shown]["text-muted"]["value"] in arrow


def test_every_icon_draws_something_in_its_colour() -> None:
    wanted = theme.color("danger").name()
    empty = []
    for name in icons.names():
        picture = icons.pixmap(name, "danger", 48).toImage()
        pixels = [(x, y) for x in range(picture.width()) for y in range(picture.height())]
        if not any(picture.pixelColor(x, y).name() == wanted for x, y in pixels):
            empty.append(name)
    assert len(icons.names()) > 80
    assert empty == []


def test_icons_are_drawn_once_for_each_look(qapp: QApplication) -> None:
    first = icons.pixmap("gpu", "accent", 20)
    assert icons.pixmap("gpu", "accent", 20).cacheKey() == first.cacheKey()
    theme.apply(qapp, "dark")
    assert icons.pixmap("gpu", "accent", 20).cacheKey() != first.cacheKey()


def test_an_icon_off_is_grey_and_room_stands_on_its_side() -> None:
    icon = icons.icon("check", "accent", 18, room=5)
    assert icon.actualSize(QSize(99, 99)) == QSize(23, 18)
    off = icon.pixmap(QSize(23, 18), QIcon.Mode.Disabled).toImage()
    on = icon.pixmap(QSize(23, 18), QIcon.Mode.Normal).toImage()
    assert off != on
    assert all(on.pixelColor(22, y).alpha() == 0 for y in range(18))
    left = icons.pixmap("check", "accent", 18, room=-5).toImage()
    assert all(left.pixelColor(2, y).alpha() == 0 for y in range(18))


@pytest.mark.parametrize("state", ["stopped", "starting", "running-local", "warning"])
def test_every_tray_state_has_an_icon_in_every_size(state: str) -> None:
    icon = icons.tray_icon(state)
    assert {16, 22, 32} <= {size.width() for size in icon.availableSizes()}


def test_a_page_rendered_in_the_dark_has_no_bright_ground(qapp: QApplication, qtbot: QtBot) -> None:
    theme.apply(qapp, "dark")
    label = QLabel("x")
    label.setObjectName("window")
    qtbot.addWidget(label)
    label.resize(200, 100)
    picture = label.grab().toImage()
    assert picture.pixelColor(150, 80).lightness() < 60


@pytest.mark.parametrize("look", ["light", "dark"])
def test_a_tick_box_is_seen(qtbot: QtBot, qapp: QApplication, look: str) -> None:
    theme.apply(qapp, look)
    box = QCheckBox("Delete the model file as well")
    qtbot.addWidget(box)
    box.show()
    colours = {box.grab().toImage().pixelColor(0, y).name() for y in range(box.height())}
    assert theme.color("border-strong").name() in colours
    box.setChecked(True)
    picture = box.grab().toImage()
    ticked = {picture.pixelColor(x, box.height() // 2).name() for x in range(17)}
    assert theme.color("accent").name() in ticked
    theme.apply(qapp, "light")
