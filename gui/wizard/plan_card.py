"""One recommendation on the plan page: large as the main card, or as a row among the others."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.domain import Recommendation
from gui import icons
from gui.language import say
from gui.widgets.cards import Card, line
from gui.widgets.labels import Chip, Label, Tile
from gui.wizard import plan_words as words
from gui.wizard.points import Points

_CHIP_DOWN = 3  # px: a chip is that much higher than a line of text
_UNIT_UP = 4  # px from the bottom of a big number to its baseline
KIND_ICONS = {"local": "computer", "hybrid": "hybrid", "tokens": "token", "cloud": "cloud"}


class MainCard(Card):
    """The plan that would be set up: what it is, what it costs, how fast, who sees the words."""

    def __init__(self) -> None:
        super().__init__("accent", main=True)
        self.setObjectName("main-plan")
        self._tile = Tile("computer")
        self._name, self._chip = Label("heading"), Chip("accent", "check")
        self._what = Label("caption")
        self._cost, self._speed = _Figure("money"), _Figure("")
        self._privacy = _Privacy()
        self._why = Points("check", "success")
        self._know = Points("info", "text-muted")
        head = QHBoxLayout()
        head.setSpacing(10)
        title = QHBoxLayout()
        title.setSpacing(8)
        title.addWidget(self._name, 1)
        title.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addLayout(title)
        texts.addWidget(self._what)
        head.addWidget(self._tile, 0, Qt.AlignmentFlag.AlignTop)
        head.addSpacing(2)
        head.addLayout(texts, 1)
        figures = QHBoxLayout()
        figures.setSpacing(20)
        for number, widget in enumerate((self._cost, self._speed, self._privacy)):
            if number:
                figures.addWidget(line(vertical=True))
            figures.addWidget(widget, 1)
        points = QHBoxLayout()
        points.setSpacing(20)
        points.addWidget(self._why, 1)
        points.addWidget(self._know, 1)
        self.body.setSpacing(14)
        self.body.addLayout(head)
        self.body.addLayout(figures)
        self.body.addWidget(line())
        self.body.addLayout(points)

    def show_plan(self, what: Recommendation, hours_per_day: float) -> None:
        starter = what.model is not None and what.model.starter
        measured = what.speed is not None and what.speed.basis == "measured"
        self._tile.set_icon(KIND_ICONS[what.kind.value])
        self._name.setText(words.name(what))
        self._what.setText(words.what_it_is(what))
        if starter:
            self._chip.set_state("warning", "info", say("page.plan.starter"))
        else:
            self._chip.set_state("accent", "check", say("page.plan.recommended"))
        self._chip.setVisible(starter or what.rank == 1)
        self._cost.show_figure(
            say("page.plan.cost"), words.cost(what), "", words.cost_of(what, hours_per_day)
        )
        self._speed.show_figure(
            say(f"page.plan.speed{'.measured' if measured else ''}"),
            words.speed(what),
            say("page.plan.tokens") if what.speed else "",
            words.words_a_second(what),
        )
        self._privacy.show_grade(what)
        self._why.show_points(say("page.plan.why"), words.reasons(what))
        self._know.show_points(say("page.plan.know"), words.limits(what))
        self.setAccessibleName(
            words.joined((words.closed(words.name(what)), words.what_it_is(what)))
        )


class OtherRow(Card):
    """Another way. The whole row clicks, and Enter or Space presses it."""

    pressed = Signal(int)  # index into the advice

    def __init__(self, index: int) -> None:
        super().__init__(dense=True)
        self.index = index
        self.setObjectName(f"other-{index}")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._icon, self._arrow = QLabel(), QLabel()
        self._name = Label("strong")
        self._grade = Chip()
        self._cost = Label("strong", tone="money", wrap=False)
        self._what, self._why_not = Label("caption"), Label("caption")
        for widget in (self._name, self._cost, self._arrow):
            widget.setContentsMargins(0, _CHIP_DOWN, 0, 0)
        top = QHBoxLayout()
        top.setSpacing(10)
        top.addWidget(self._name, 1)
        for widget in (self._grade, self._cost, self._arrow):
            top.addWidget(widget, 0, Qt.AlignmentFlag.AlignTop)
        texts = QVBoxLayout()
        texts.setSpacing(3)
        texts.addLayout(top)
        texts.addWidget(self._what)
        texts.addWidget(self._why_not)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)
        self.body.setContentsMargins(14, 10, 12, 10)
        self.body.addLayout(row)

    def show_plan(self, what: Recommendation) -> None:
        self._icon.setPixmap(icons.pixmap(KIND_ICONS[what.kind.value], "text-muted", 20))
        self._arrow.setPixmap(icons.pixmap("chevron-right", "text-muted", 16))
        self._name.setText(words.name(what))
        letter, tone = words.grade(what)
        self._grade.set_state(tone, None, letter)
        self._grade.setAccessibleName(say(f"privacy.{what.privacy}"))
        self._cost.setText(words.cost_a_month(what))
        self._cost.setVisible(bool(self._cost.text()))
        self._what.setText(words.way_and_speed(what))
        first = say("page.plan.recommended") if what.rank == 1 else ""
        self._why_not.setText(words.why_not_first(what) or first)
        self._why_not.setVisible(bool(self._why_not.text()))
        parts = (words.name(what), say(f"privacy.{what.privacy}"), words.cost_a_month(what),
                 self._what.text(), self._why_not.text())  # fmt: skip
        self.setAccessibleName(words.joined(words.closed(part) for part in parts if part))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(
            event.position().toPoint()
        ):
            self.pressed.emit(self.index)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.pressed.emit(self.index)
        else:
            super().keyPressEvent(event)


class _Figure(QWidget):
    """A name, a number with its unit, and the sentence that says what the number means."""

    def __init__(self, tone: str) -> None:
        super().__init__()
        self._name = Label("caption")
        self._number = Label("figure", tone=tone, wrap=False)
        self._unit = Label("muted", wrap=False)
        self._unit.setContentsMargins(0, 0, 0, _UNIT_UP)
        self._sentence = Label("caption")
        amount = QHBoxLayout()
        amount.setSpacing(5)
        amount.addWidget(self._number)
        amount.addWidget(self._unit, 0, Qt.AlignmentFlag.AlignBottom)
        amount.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(3)
        column.addWidget(self._name)
        column.addLayout(amount)
        column.addWidget(self._sentence)
        column.addStretch(1)

    def show_figure(self, name: str, number: str, unit: str, sentence: str) -> None:
        self._name.setText(name)
        self._number.setText(number)
        self._unit.setText(unit)
        self._sentence.setText(sentence)
        self.setAccessibleName(f"{name}: {number} {unit}. {sentence}")


class _Privacy(QWidget):
    """Who can see the words, as a letter with its words."""

    def __init__(self) -> None:
        super().__init__()
        self._name = Label("caption")
        self._grade = Chip()
        self._who = Label("strong")
        self._more = Label("caption")
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self._grade)
        row.addWidget(self._who, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addWidget(self._name)
        column.addLayout(row)
        column.addWidget(self._more)
        column.addStretch(1)

    def show_grade(self, what: Recommendation) -> None:
        letter, tone = words.grade(what)
        self._name.setText(say("page.plan.privacy"))
        self._grade.set_state(tone, None, letter)
        self._who.setText(say(f"privacy.{what.privacy}"))
        self._more.setText(say(f"page.plan.privacy.{what.privacy}.more"))
