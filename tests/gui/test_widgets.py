"""Each widget does what a person and a screen reader expect of it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from core.errors import AppError
from core.progress import Progress
from gui import language, theme
from gui.language import say
from gui.page import Page, ScrollPage
from gui.widgets.buttons import Button, IconButton, Switch
from gui.widgets.cards import Card, Note
from gui.widgets.choices import ChoiceCard, ChoiceGroup, Segments
from gui.widgets.depth_chart import DepthChart
from gui.widgets.error_card import ErrorCard
from gui.widgets.focus_ring import FocusRing
from gui.widgets.labels import Chip, Label, Tile
from gui.widgets.meters import MeterBar, RangeBar
from gui.widgets.steps import StepList

_LEFT = Qt.MouseButton.LeftButton


def _shown(qtbot: QtBot, widget: QWidget) -> QWidget:
    qtbot.addWidget(widget)
    with qtbot.waitExposed(widget):
        widget.show()
    widget.activateWindow()
    qtbot.waitUntil(widget.isActiveWindow, timeout=1000)
    QApplication.processEvents()  # the layout asks for itself again after the style sheet
    return widget


# --- buttons ------------------------------------------------------------------------------------


def test_a_button_is_as_high_as_the_tokens_say(qtbot: QtBot) -> None:
    sizes = theme.tokens()["size"]
    for size, key in (
        ("normal", "button"),
        ("large", "button_large"),
        ("small", "button_small"),
    ):
        button = Button("primary", size)
        button.setText("Go")
        _shown(qtbot, button)
        assert button.height() == sizes[key], size


def test_a_busy_button_keeps_its_words_and_ignores_clicks_and_keys(qtbot: QtBot) -> None:
    button = Button("primary")
    button.setText("Send")
    _shown(qtbot, button)
    clicks: list[int] = []
    button.clicked.connect(lambda: clicks.append(1))
    button.set_busy(True)
    assert button.text() == "Send"
    assert button.icon().isNull()  # the spinner waits 150 ms
    QTest.mouseClick(button, _LEFT)
    QTest.keyClick(button, Qt.Key.Key_Space)
    assert clicks == []
    qtbot.waitUntil(lambda: not button.icon().isNull(), timeout=1000)
    button.set_busy(False)
    assert not button.icon().isNull()  # once seen it stays for a second
    QTest.mouseClick(button, _LEFT)
    assert clicks == [1]
    qtbot.waitUntil(lambda: button.icon().isNull(), timeout=2000)


def test_work_that_is_over_at_once_never_flickers(qtbot: QtBot) -> None:
    button = Button("primary")
    _shown(qtbot, button)
    button.set_busy(True)
    button.set_busy(False)
    qtbot.wait(200)
    assert button.icon().isNull()


def test_an_icon_button_has_a_name_and_a_tooltip(qtbot: QtBot) -> None:
    button = IconButton("copy")
    button.set_name("Copy", "Ctrl+C")
    _shown(qtbot, button)
    assert button.accessibleName() == "Copy"
    assert button.toolTip() == "Copy (Ctrl+C)"
    assert (button.width(), button.height()) == (36, 36)


def test_icons_follow_the_theme(qapp: QApplication, qtbot: QtBot) -> None:
    button = Button("secondary", icon="gpu")
    qtbot.addWidget(button)
    before = button.icon().pixmap(18, 18).toImage()
    theme.apply(qapp, "dark")
    assert button.icon().pixmap(18, 18).toImage() != before


def test_a_switch_turns_with_mouse_and_space(qtbot: QtBot) -> None:
    switch = Switch()
    _shown(qtbot, switch)
    QTest.mouseClick(switch, _LEFT)
    assert switch.isChecked()
    QTest.keyClick(switch, Qt.Key.Key_Space)
    assert not switch.isChecked()
    assert (switch.width(), switch.height()) == (38, 22)


# --- labels and cards ---------------------------------------------------------------------------


@pytest.mark.parametrize("lang", ["en", "zh_CN"])
@pytest.mark.parametrize("width", [180, 260, 420])
def test_wrapped_text_is_never_cut(qtbot: QtBot, lang: str, width: int) -> None:
    language.switch(lang)
    text = {
        "en": "We looked at six things. Nothing about this computer was sent anywhere at all.",
        "zh_CN": "我们看了六样东西，关于这台电脑的任何信息都没有发送到任何地方，请放心继续。",
    }[lang]
    card = Card()
    labels = []
    for role in ("title", "body", "caption", "heading"):
        label = Label(role)
        label.setText(text)
        card.body.addWidget(label)
        labels.append(label)
    page = ScrollPage(margins=(0, 0, 0, 0))
    page.body.addWidget(card)
    page.resize(width, 300)
    _shown(qtbot, page)
    qtbot.waitUntil(
        lambda: all(label.height() >= label.heightForWidth(label.width()) for label in labels),
        timeout=1000,
    )


def test_a_wrapped_text_takes_no_more_height_than_its_width_asks_for(qtbot: QtBot) -> None:
    card = Card()
    label = Label("body")
    label.setText(
        "Nothing about this computer was sent anywhere at all, and nothing was changed. " * 4
    )
    card.body.addWidget(label)
    page = ScrollPage(margins=(0, 0, 0, 0))
    page.body.addWidget(card)
    page.resize(900, 500)
    _shown(qtbot, page)
    qtbot.waitUntil(
        lambda: label.height() == label.heightForWidth(label.width()) and label.width() > 600,
        timeout=1000,
    )


@pytest.mark.parametrize("first", [None, "check"])
@pytest.mark.parametrize("then", [None, "warning"])
def test_a_chip_on_the_screen_keeps_room_for_its_icon(
    qtbot: QtBot, first: str | None, then: str | None
) -> None:
    changed, fresh = Chip("success", first), Chip("warning", then)
    for chip in (changed, fresh):
        qtbot.addWidget(chip)
        chip.setText("Ready")
        _shown(qtbot, chip)
    changed.set_state("warning", then)
    changed.adjustSize()  # in a layout its place would follow
    assert changed.contentsRect() == fresh.contentsRect()
    assert changed.sizeHint() == fresh.sizeHint()


def test_markup_in_a_text_is_shown_not_obeyed(qtbot: QtBot) -> None:
    label = Label()
    qtbot.addWidget(label)
    assert label.textFormat() == Qt.TextFormat.PlainText


def test_chip_and_tile_show_another_state(qtbot: QtBot) -> None:
    chip, tile = Chip("success", "check"), Tile("gpu")
    qtbot.addWidget(chip)
    qtbot.addWidget(tile)
    chip.setText("Ready")
    _shown(qtbot, chip)
    assert chip.height() == theme.tokens()["size"]["chip"]
    before = chip.grab().toImage()
    chip.set_state("warning", "warning", "Slow")
    assert chip.text() == "Slow"
    assert chip.grab().toImage() != before
    tile.set_icon("chat", "success")
    assert not tile.pixmap().isNull()


def test_a_note_has_a_button_only_when_it_is_given_one(qtbot: QtBot) -> None:
    note = Note("warning")
    _shown(qtbot, note)
    note.say("The card is warm.")
    assert not note.button.isVisible()
    assert note.accessibleName() == "The card is warm."
    note.say("The card is warm.", "Look")
    with qtbot.waitSignal(note.pressed, timeout=500):
        QTest.mouseClick(note.button, _LEFT)


def test_only_a_main_card_has_a_shadow(qtbot: QtBot) -> None:
    plain, main = Card(), Card(main=True)
    qtbot.addWidget(plain)
    qtbot.addWidget(main)
    assert plain.graphicsEffect() is None
    assert main.graphicsEffect() is not None


# --- choices ------------------------------------------------------------------------------------


def _group(qtbot: QtBot) -> ChoiceGroup:
    cards = [ChoiceCard(value) for value in ("a", "b", "c")]
    for card in cards:
        card.set_texts(f"Choice {card.value}", "what it means")
    group = ChoiceGroup(cards, columns=3)
    _shown(qtbot, group)
    return group


def test_nothing_is_chosen_at_first_and_the_whole_card_clicks(qtbot: QtBot) -> None:
    group = _group(qtbot)
    assert group.value is None
    with qtbot.waitSignal(group.chosen, timeout=500) as caught:
        QTest.mouseClick(group.cards[1], _LEFT, pos=QPoint(8, 8))
    assert caught.args == ["b"]
    assert group.value == "b"
    QTest.mouseClick(group.cards[1], _LEFT, pos=QPoint(8, 8))
    assert group.value == "b"


def test_a_click_on_the_words_of_a_card_counts(qtbot: QtBot) -> None:
    group = _group(qtbot)
    title = group.cards[2].findChildren(Label)[0]
    QTest.mouseClick(title, _LEFT)
    assert group.value == "c"


def test_arrows_move_inside_and_tab_leaves(qtbot: QtBot) -> None:
    window = QWidget()
    group = ChoiceGroup([ChoiceCard(value) for value in ("a", "b", "c")])
    after = QPushButton("after")
    column = QVBoxLayout(window)
    column.addWidget(group)
    column.addWidget(after)
    _shown(qtbot, window)
    group.focus_first()
    qtbot.waitUntil(lambda: group.cards[0].radio.hasFocus(), timeout=1000)
    QTest.keyClick(group.cards[0].radio, Qt.Key.Key_Down)
    assert group.value == "b"
    assert group.cards[1].radio.hasFocus()
    QTest.keyClick(group.cards[1].radio, Qt.Key.Key_Up)
    QTest.keyClick(group.cards[0].radio, Qt.Key.Key_Up)
    assert group.value == "c"  # around the corner
    QTest.keyClick(group.cards[2].radio, Qt.Key.Key_Tab)
    assert after.hasFocus()
    QTest.keyClick(after, Qt.Key.Key_Backtab)
    assert group.cards[2].radio.hasFocus()  # one stop: where the choice is


def test_space_chooses_the_card_with_the_focus(qtbot: QtBot) -> None:
    group = _group(qtbot)
    group.focus_first()
    QTest.keyClick(group.cards[0].radio, Qt.Key.Key_Space)
    assert group.value == "a"
    QTest.keyClick(group.cards[0].radio, Qt.Key.Key_Space)
    assert group.value == "a"


def test_a_card_that_is_off_cannot_be_chosen(qtbot: QtBot) -> None:
    group = _group(qtbot)
    group.cards[1].setEnabled(False)
    QTest.mouseClick(group.cards[1], _LEFT, pos=QPoint(8, 8))
    assert group.value is None
    group.focus_first()
    QTest.keyClick(group.cards[0].radio, Qt.Key.Key_Right)
    assert group.value == "c"


def test_set_value_is_silent_and_none_clears(qtbot: QtBot) -> None:
    group = _group(qtbot)
    heard: list[object] = []
    group.chosen.connect(heard.append)
    group.set_value("c")
    assert group.value == "c"
    group.set_value(None)
    assert group.value is None
    assert heard == []


def test_a_reader_hears_the_choice_and_what_it_means(qtbot: QtBot) -> None:
    group = _group(qtbot)
    radio = group.cards[0].radio
    assert radio.accessibleName() == "Choice a"
    assert radio.accessibleDescription() == "what it means"


def test_segments(qtbot: QtBot) -> None:
    segments = Segments(["day", "week"])
    segments.set_texts({"week": "Week", "day": "Day"})
    _shown(qtbot, segments)
    assert segments.value is None
    with qtbot.waitSignal(segments.chosen, timeout=500) as caught:
        QTest.mouseClick(segments.buttons[1], _LEFT)
    assert caught.args == ["week"]
    segments.set_value("day")
    assert segments.value == "day"
    assert [button.text() for button in segments.buttons] == ["Day", "Week"]


# --- painted ------------------------------------------------------------------------------------


def _filled(bar: MeterBar, role: str) -> int:
    picture = bar.grab().toImage()
    wanted = theme.color(role).name()
    middle = picture.height() // 2
    return sum(picture.pixelColor(x, middle).name() == wanted for x in range(picture.width()))


@pytest.mark.parametrize(("value", "pixels"), [(0.0, 0), (0.5, 100), (1.0, 198), (7.0, 198)])
def test_a_meter_is_filled_to_its_value(qtbot: QtBot, value: float, pixels: int) -> None:
    bar = MeterBar()
    qtbot.addWidget(bar)
    bar.resize(200, 8)
    bar.set_value(value)
    assert abs(_filled(bar, "accent") - pixels) <= 2
    assert bar.accessibleDescription() == f"{min(100, round(value * 100))} %"


def test_a_meter_of_money_has_the_colour_of_money(qtbot: QtBot) -> None:
    bar = MeterBar("money")
    qtbot.addWidget(bar)
    bar.resize(200, 8)
    bar.set_value(0.5, "5 of 10 dollars")
    assert _filled(bar, "money-fill") > 90
    assert bar.accessibleDescription() == "5 of 10 dollars"
    bar.set_value(None)
    assert bar.value is None


def test_a_range_bar_warns_outside_its_band(qtbot: QtBot) -> None:
    bar = RangeBar()
    qtbot.addWidget(bar)
    bar.resize(200, 14)
    bar.set_values(30, 45, 41, "41, predicted 30 to 45")
    inside = bar.grab().toImage()
    bar.set_values(30, 45, 12)
    assert bar.grab().toImage() != inside


_MODELS = [
    ("1.5B", 1_900_000_000, "comfortable"),
    ("14B", 10_300_000_000, "tight"),
    ("32B", 20_900_000_000, "spills"),
    ("70B", 42_300_000_000, "no"),
]


@pytest.mark.parametrize("width", [360, 740])
def test_harbour_depth_says_in_words_what_it_paints(qtbot: QtBot, width: int) -> None:
    chart = DepthChart()
    qtbot.addWidget(chart)
    chart.resize(width, 164)
    chart.set_models(_MODELS, 11_100_000_000, 12_000_000_000)
    assert chart.best == "14B"
    lines = chart.accessibleDescription().splitlines()
    assert lines[1] == "14B needs 10.3 GB of 11.1 GB: fits"
    assert lines[3].endswith(say("shell.depth.aground"))
    accent = theme.color("accent").name()
    picture = chart.grab().toImage()
    found = sum(picture.pixelColor(x, 60).name() == accent for x in range(0, picture.width(), 2))
    assert found > 10  # the best hull, in full colour


def test_harbour_depth_with_nothing_and_with_nothing_that_fits(qtbot: QtBot) -> None:
    chart = DepthChart()
    qtbot.addWidget(chart)
    chart.resize(500, 164)
    chart.grab()
    chart.set_models([("7B", 5_000_000_000, "no")], 0, None, "Memory")
    assert chart.best is None
    assert chart.accessibleName() == "Memory"
    chart.grab()


# --- steps --------------------------------------------------------------------------------------

_STEPS = ("check_engine", "fetch_model", "load")


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


def _row_texts(steps: StepList, step: str) -> list[str]:
    row = steps.findChild(QWidget, f"step-{step}")
    assert row is not None
    return [label.text() for label in row.findChildren(QLabel) if label.isVisible()]


def test_the_working_step_opens_to_bytes_speed_and_time_left(qtbot: QtBot) -> None:
    clock = Clock()
    steps = StepList(clock=clock)
    steps.set_steps(_STEPS)
    _shown(qtbot, steps)
    report = Progress(
        step="fetch_model", done=5_420_000_000, total=8_990_000_000, unit="bytes",
        bytes_per_s=42_600_000.0,
    )  # fmt: skip
    steps.show_progress(report)
    assert steps.state("fetch_model") == "working"
    texts = _row_texts(steps, "fetch_model")
    assert "5.42 GB of 8.99 GB · 42.6 MB/s" in texts
    assert not any("left" in text for text in texts)  # too early to tell
    clock.now_s += 6
    steps.show_progress(report)
    assert "about 84 s left" in _row_texts(steps, "fetch_model")
    language.switch("zh_CN")
    assert "大约还要 84 秒" in _row_texts(steps, "fetch_model")


def test_a_finished_step_closes_and_says_how_long_it_took(qtbot: QtBot) -> None:
    clock = Clock()
    steps = StepList(clock=clock)
    steps.set_steps(_STEPS)
    _shown(qtbot, steps)
    steps.set_state("check_engine", "working")
    clock.now_s += 6
    steps.show_progress(Progress(step="check_engine", finished=True))
    assert steps.state("check_engine") == "done"
    assert _row_texts(steps, "check_engine")[-1] == "6 s"
    bars = steps.findChildren(MeterBar)
    assert not any(bar.isVisible() for bar in bars)


@pytest.mark.parametrize("state", ["later", "working", "done", "needs_you", "skipped"])
def test_every_state_has_a_word_for_readers(qtbot: QtBot, state: str) -> None:
    steps = StepList()
    steps.set_steps(_STEPS)
    _shown(qtbot, steps)
    steps.set_state("load", state)
    row = steps.findChild(QWidget, "step-load")
    assert row is not None
    assert row.accessibleName().endswith(say(f"shell.step_state.{state}"))


def test_steps_it_does_not_know_are_ignored_and_new_ones_start_anew(qtbot: QtBot) -> None:
    steps = StepList()
    steps.set_steps(_STEPS)
    _shown(qtbot, steps)
    steps.show_progress(Progress(step="something_else"))
    steps.set_state("something_else", "done")
    steps.set_steps(("load",))
    assert steps.state("load") == "later"
    with pytest.raises(KeyError):
        steps.state("check_engine")


# --- errors -------------------------------------------------------------------------------------

_ERROR = AppError(
    "unexpected", remedy="try_again", detail="password=hunter2 at step 3", params={"n": 1}
)


def test_the_card_has_three_parts_a_button_and_folded_details(qtbot: QtBot) -> None:
    card = ErrorCard()
    qtbot.addWidget(card)
    assert card.isHidden()
    card.show_error(_ERROR)
    sentences = language.text().error(_ERROR)
    shown = {label.text() for label in card.findChildren(QLabel) if label.isVisible()}
    assert {sentences["title"], sentences["happened"], sentences["means"]} <= shown
    assert sentences["remedy"] in shown
    assert "unexpected" not in " ".join(shown)  # no codes for people
    assert not any("step 3" in text for text in shown)
    with qtbot.waitSignal(card.remedy_chosen, timeout=500) as caught:
        QTest.mouseClick(card.button, _LEFT)
    assert caught.args == ["try_again"]


def test_details_open_to_one_redacted_line(qtbot: QtBot) -> None:
    card = ErrorCard()
    qtbot.addWidget(card)
    card.show_error(_ERROR)
    details = next(b for b in card.findChildren(Button) if b.text() == say("shell.details"))
    QTest.mouseClick(details, _LEFT)
    raw = next(label for label in card.findChildren(QLabel) if "step 3" in label.text())
    assert raw.isVisible()
    assert "hunter2" not in raw.text()
    QTest.mouseClick(details, _LEFT)
    assert not raw.isVisible()


def test_copy_report_puts_a_redacted_report_on_the_clipboard(qtbot: QtBot) -> None:
    card = ErrorCard()
    qtbot.addWidget(card)
    card.show_error(_ERROR)
    copy = next(b for b in card.findChildren(Button) if b.text() == say("shell.copy_report"))
    QTest.mouseClick(copy, _LEFT)
    report = QGuiApplication.clipboard().text()
    assert "code: unexpected" in report
    assert "hunter2" not in report
    assert copy.text() == say("shell.copied")


def test_save_report_is_carried_out_by_the_card_itself(qtbot: QtBot) -> None:
    QGuiApplication.clipboard().clear()
    card = ErrorCard()
    qtbot.addWidget(card)
    card.show_error(AppError("unexpected", detail="a wheel came off"))
    QTest.mouseClick(card.button, _LEFT)
    assert "a wheel came off" in QGuiApplication.clipboard().text()


def test_the_card_changes_its_language_while_it_is_up(qtbot: QtBot) -> None:
    card = ErrorCard()
    qtbot.addWidget(card)
    card.show_error(_ERROR)
    language.switch("zh_CN")
    assert card.accessibleName() == language.text().error(_ERROR)["title"]
    card.clear()
    assert card.isHidden()


# --- pages and the ring -------------------------------------------------------------------------


def test_a_page_renders_again_on_a_new_language_and_a_new_look(
    qapp: QApplication, qtbot: QtBot
) -> None:
    class Mine(Page):
        def __init__(self) -> None:
            super().__init__()
            self.times = 0
            self.render()

        def render(self) -> None:  # type: ignore[override]
            self.times += 1

    page = Mine()
    qtbot.addWidget(page)
    language.switch("zh_CN")
    seen = page.times
    assert seen >= 2
    theme.apply(qapp, "dark")
    assert page.times == seen + 1
    page.grab()  # pictures of pages work although render() is ours


def test_a_scrolling_page_is_a_column_of_readable_width(qtbot: QtBot) -> None:
    page = ScrollPage()
    card = Card()
    page.body.addWidget(card)
    page.resize(1400, 600)
    _shown(qtbot, page)
    assert card.width() == 860
    left = card.mapTo(page, QPoint(0, 0)).x()
    assert abs(left - (1400 - 860) // 2) <= 12
    page.resize(700, 600)
    qtbot.waitUntil(lambda: card.width() <= 620, timeout=1000)
    assert page.scroll.horizontalScrollBar().maximum() == 0


def test_the_ring_shows_after_the_keyboard_only(qapp: QApplication, qtbot: QtBot) -> None:
    ring = FocusRing(qapp)
    window = QWidget()
    column = QVBoxLayout(window)
    one, two = Button(), Button()
    column.addWidget(one)
    column.addWidget(two)
    _shown(qtbot, window)
    qtbot.waitUntil(window.isActiveWindow, timeout=1000)
    one.setFocus(Qt.FocusReason.MouseFocusReason)
    assert ring.widget() is None
    tab = QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_Tab, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(one, tab)
    assert two.hasFocus()
    assert ring.widget() is two
    outer = two.geometry().adjusted(-4, -4, 4, 4)
    assert ring.geometry() == outer
    ring.setWidget(None)  # type: ignore[arg-type]
    ring.deleteLater()
    assert QPointF(0, 0).isNull()
