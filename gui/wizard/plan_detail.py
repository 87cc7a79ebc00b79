"""The chosen plan in pictures: what takes the memory, and the speed beside that of reading."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.domain import Fit, FitPart, Recommendation, Speed, Verdict
from gui import language
from gui.language import say, text
from gui.widgets.cards import Card
from gui.widgets.labels import Chip, Label
from gui.widgets.memory_bar import MemoryBar, Part
from gui.widgets.meters import RangeBar
from gui.widgets.table import Table
from gui.wizard import plan_words as words
from gui.wizard.beside import Beside

_TONES = {
    Verdict.COMFORTABLE: ("success", "check"),
    Verdict.TIGHT: ("info", "info"),
    Verdict.SPILLS: ("warning", "warning"),
    Verdict.NO: ("danger", "close"),
}
_EDGES = {Verdict.SPILLS: "warning", Verdict.NO: "danger"}


class DetailCard(Beside):
    """Two cards beside each other. Each hides where there is nothing to show."""

    def __init__(self) -> None:
        self.memory, self.speed = MemoryCard(), SpeedCard()
        super().__init__(self.memory, self.speed, shares=(3, 2))

    def show_plan(self, what: Recommendation) -> None:
        self.memory.setVisible(what.fit is not None and bool(what.fit.parts))
        if what.fit is not None:
            self.memory.show_fit(what.fit)
        self.speed.setVisible(what.speed is not None)
        if what.speed is not None:
            self.speed.show_speed(what.speed)
        self.setVisible(what.speed is not None or what.fit is not None)


class MemoryCard(Card):
    """One bar for each device that holds a part of the model. Nothing is added up over them."""

    def __init__(self) -> None:
        super().__init__(dense=True)
        self.setObjectName("memory-card")
        self._title, self._chip = Label("strong"), Chip()
        self._rows: list[_Device] = []
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignTop)
        self.body.setSpacing(10)
        self.body.addLayout(head)
        self.body.addStretch(1)

    @property
    def bars(self) -> list[MemoryBar]:
        return [row.bar for row in self._rows if not row.isHidden()]

    def make_room(self, devices: int) -> None:
        """Makes the rows, so that they are in the order of the Tab key before they are filled."""
        while len(self._rows) < devices:
            row = _Device()
            row.hide()
            self.body.insertWidget(self.body.count() - 1, row)
            self._rows.append(row)

    def show_fit(self, fit: Fit) -> None:
        self._title.setText(say("page.plan.memory"))
        tone, icon = _TONES[fit.verdict]
        self._chip.set_state(tone, icon, say(f"page.plan.memory.{fit.verdict.value}"))
        self.make_room(len(fit.parts))
        for row in self._rows[len(fit.parts) :]:
            row.hide()
        for row, part in zip(self._rows, fit.parts, strict=False):
            row.show_part(part, _EDGES.get(fit.verdict, ""))
            row.show()


class _Device(QWidget):
    """The name of a device, how full it gets, and its bar."""

    def __init__(self) -> None:
        super().__init__()
        self._name, self._full = Label("caption"), Label("caption", wrap=False)
        self.bar = MemoryBar()
        self.bar.setObjectName("memory-bar")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._name, 1)
        head.addWidget(self._full, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(5)
        column.addLayout(head)
        column.addWidget(self.bar)

    def show_part(self, part: FitPart, tone: str) -> None:
        full = say(
            "page.plan.memory.of",
            needed=text().size(part.needed_bytes),
            available=text().size(part.available_bytes),
        )
        self._name.setText(part.device.name)
        self._full.setText(full)
        heads = (say("page.plan.memory.part"), say("page.plan.memory.size"))
        self.bar.show_parts(f"{part.device.name}: {full}", memory_parts(part), tone, heads)


def memory_parts(part: FitPart) -> tuple[Part, ...]:
    """In the order of the bar. The spare and the margin are there only where they are left."""
    amounts = {
        "weights": part.weights_bytes - part.expert_bytes,
        "experts": part.expert_bytes,
        "copy": part.repacked_bytes,
        "cache": part.kv_bytes,
        "working": part.compute_bytes,
        "driver": part.overhead_bytes,
        "spare": part.available_bytes - part.needed_bytes,
        "margin": part.device.free_bytes - max(part.available_bytes, part.needed_bytes),
    }
    return tuple(
        Part(look=look, name=say(f"page.plan.memory.{look}"), size=text().size(n), amount=n)
        for look, n in amounts.items()
        if n > 0
    )


class SpeedCard(Card):
    """How fast it writes, with a mark for how fast people read, and how long one waits."""

    def __init__(self) -> None:
        super().__init__(dense=True)
        self.setObjectName("speed-card")
        self._title, self._chip = Label("strong"), Chip()
        self._speed = Label("caption")
        self.bar = RangeBar()
        self.bar.setObjectName("speed-bar")
        self.bar.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # it is in the order of the Tab key
        self._reading, self._answer, self._first = (Label("caption") for _ in range(3))
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self._chip, 0, Qt.AlignmentFlag.AlignTop)
        self.body.addLayout(head)
        for widget in (self._speed, self.bar, self._reading, self._answer, self._first):
            self.body.addWidget(widget)
        self.body.addStretch(1)

    def show_speed(self, speed: Speed) -> None:
        low, high = speed.tokens_per_s
        measured = speed.basis == "measured"
        self._title.setText(say("page.plan.reading"))
        if measured:
            self._chip.set_state("success", "check", say("page.plan.reading.measured"))
        else:
            self._chip.set_state("", None, say("page.plan.reading.predicted"))
        told = say(
            "page.plan.reading.speed",
            tokens=words.tokens_a_second(speed),
            words=words.reading_speed(low, high),
        )
        mark = say("page.plan.reading.mark")
        dot = (low + high) / 2 if measured else None
        reading = words.READING[language.current()]
        self.bar.set_values(low, high, dot, f"{told} {mark}", reading, self._as_table(speed))
        self.bar.setAccessibleName(self._title.text())
        self._speed.setText(told)
        self._reading.setText(mark)
        for label, key, seconds in (
            (self._answer, "page.plan.reading.answer", speed.answer_s),
            (self._first, "page.plan.reading.first", speed.first_token_s),
        ):
            label.setVisible(seconds is not None)
            if seconds is not None:
                label.setText(say(key, time=words.span_of_time(*seconds)))

    def _as_table(self, speed: Speed) -> Table:
        reading = text().number(round(words.READING[language.current()], 1))
        rows = [
            (self._chip.text(), say("page.plan.reading.a_second", n=words.tokens_a_second(speed))),
            (say("page.plan.reading.people"), say("page.plan.reading.a_second", n=reading)),
        ]
        for name, seconds in (("answer", speed.answer_s), ("first", speed.first_token_s)):
            if seconds is not None:
                told = words.span_of_time(*seconds)
                rows.append((say(f"page.plan.reading.{name}.name"), told))
        heads = (say("page.plan.memory.part"), say("page.plan.reading.value"))
        return Table(title=self._title.text(), heads=heads, rows=tuple(rows))
