"""Looks at this computer and says what it can do: first six rows, then a verdict."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.assembly import Assembly
from core.domain import Plan, Probe
from core.errors import AppError
from core.machine.detect import detect
from core.progress import CancelToken, Progress, Reporter
from core.setup import flow
from core.setup.flow import WizardPage
from gui import icons, language
from gui.language import say, text
from gui.remedies import Way, way
from gui.tasks import Task
from gui.widgets.cards import Card, line
from gui.widgets.depth_chart import DepthChart
from gui.widgets.error_card import ErrorCard
from gui.widgets.labels import Chip, Label
from gui.wizard.capacity import Capacity, capacity
from gui.wizard.facts import CARDS, ICONS, LOOKED_AT, Fact, facts
from gui.wizard.quiet_note import QuietNote
from gui.wizard.step import Act, Footer, StepPage

_THREE_COLUMNS_FROM = 780  # px of page width; below, the facts stand in two columns


class ComputerPage(StepPage):
    """Looks by itself when it comes up and nothing is known yet; "Look again" repeats it."""

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(assembly, parent)
        self._task: Task | None = None
        self._began = 0.0
        self._seconds: float | None = None  # how long the last look took
        self._title = Label("title")
        self._lead = Label("muted")
        self._error = ErrorCard()
        self._error.remedy_chosen.connect(self._remedy)
        self._looking = _Looking()
        self._result = _Result()
        for widget in (self._title, self._lead, self._error, self._looking, self._result):
            self.body.addWidget(widget)
        again = QShortcut(QKeySequence(Qt.Key.Key_F5), self)
        again.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        again.activated.connect(self.press_secondary)
        self.render()

    @property
    def looking(self) -> bool:
        return self._task is not None

    @property
    def looked_at(self) -> frozenset[str]:
        """What is looked at already, by the names of the rows."""
        return self._looking.done

    def title(self) -> str:
        return self._title.text()

    def render(self) -> None:  # type: ignore[override]
        probe = self.state.probe
        self._looking.setVisible(probe is None and self._error.error is None)
        self._result.setVisible(probe is not None)
        if probe is None:
            self._title.setText(say("page.computer.looking"))
            self._lead.setText(say("page.computer.looking.lead"))
            self._looking.render_rows()
            return
        can = capacity(probe, self.assembly.catalog)
        self._title.setText(say(f"page.computer.{can.verdict}"))
        lead = say(f"page.computer.{can.verdict}.lead")
        if self._seconds is not None:
            lead += (" " if language.current() == "en" else "") + say(
                "page.computer.took", seconds=text().number(self._seconds)
            )
        self._lead.setText(lead)
        self._result.show_probe(probe, can)

    def footer(self) -> Footer:
        done = self.state.probe is not None
        again = Act(say("page.computer.again"), icon="restart") if not self.looking else None
        return Footer(
            back=Act(say("wizard.back"), icon="arrow-left"),
            secondary=again,
            primary=Act(say("wizard.continue"), enabled=done, icon="arrow-right"),
        )

    def entered(self) -> None:
        if self.state.probe is None and self._task is None:
            self._look()

    def left(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._close()

    def press_secondary(self) -> None:
        if self._task is None:
            self._seconds = None
            self.changed.emit(flow.look_again(self.state))
            self._look()

    def _remedy(self, remedy: str) -> None:
        if way(remedy) is not Way.REPORT:
            self._look()

    def _look(self) -> None:
        self._error.clear()
        self._looking.start()
        self._began = time.monotonic()

        unfinished = self.state.resume_to in (WizardPage.SETUP, WizardPage.PROOF)

        def look(report: Reporter, token: CancelToken) -> tuple[Probe, Plan | None]:
            _ = self.assembly.catalog  # read from disk here, so that no page waits for it
            probe = detect(report, token, places=self.assembly.places)
            begun = self.assembly.journal.pending() if unfinished else None
            return probe, begun.plan if begun else None

        self._task = Task(look, self)
        self._task.progressed.connect(self._progressed)
        self._task.succeeded.connect(self._found)
        self._task.failed.connect(self._failed)
        self._task.start()
        self.render()
        self.footer_changed.emit()

    def _progressed(self, progress: Progress) -> None:
        if self.sender() is self._task and progress.finished:
            self._looking.finish(progress.step)

    def _found(self, found: tuple[Probe, Plan | None]) -> None:
        if self.sender() is not self._task:
            return  # a look that was left behind
        self._seconds = time.monotonic() - self._began
        self._close()
        self.changed.emit(flow.catch_up(flow.with_probe(self.state, *found)))

    def _failed(self, error: AppError) -> None:
        if self.sender() is not self._task:
            return
        self._close()
        self._error.show_error(error)
        self.render()
        self.footer_changed.emit()

    def _close(self) -> None:
        self._task = None
        self._looking.stop()


class _Looking(QWidget):
    """Six rows: what is looked at, and whether it is done."""

    def __init__(self) -> None:
        super().__init__()
        self._done: set[str] = set()
        self._angle = 0
        self._rows = {name: _Row(name) for name in LOOKED_AT}
        card = Card(main=True)
        card.body.setContentsMargins(20, 6, 20, 6)
        card.body.setSpacing(0)
        for number, row in enumerate(self._rows.values()):
            if number:
                card.body.addWidget(line())
            card.body.addWidget(row)
        self._note = QuietNote("lock")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(12)
        column.addWidget(card)
        column.addWidget(self._note)
        self._turning = QTimer(self, interval=75)
        self._turning.timeout.connect(self._turn)

    @property
    def done(self) -> frozenset[str]:
        return frozenset(self._done)

    def start(self) -> None:
        self._done.clear()
        self._turning.start()
        self.render_rows()

    def stop(self) -> None:
        self._turning.stop()

    def finish(self, step: str) -> None:
        self._done.add(step)
        self.render_rows()

    def render_rows(self) -> None:
        for name, row in self._rows.items():
            row.show_row(done=name in self._done, angle=self._angle)
        self._note.say(say("page.computer.only_read"))

    def _turn(self) -> None:
        self._angle = (self._angle + 30) % 360
        for name, row in self._rows.items():
            if name not in self._done:
                row.turn(self._angle)


class _Row(QWidget):
    def __init__(self, which: str) -> None:
        super().__init__()
        self._which = which
        self._icon, self._wheel = QLabel(), QLabel()
        self._name = Label("strong")
        self._name.setFixedWidth(150)
        self._what = Label("muted")
        self._state = Label("caption", wrap=False)
        self._chip = Chip("success", "check")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 14, 0, 14)
        row.setSpacing(12)
        row.addWidget(self._icon)
        row.addWidget(self._name)
        row.addWidget(self._what, 1)
        row.addWidget(self._wheel)
        row.addWidget(self._state)
        row.addWidget(self._chip)

    def show_row(self, *, done: bool, angle: int) -> None:
        self._icon.setPixmap(icons.pixmap(ICONS[self._which], "text-muted", 20))
        self._name.setText(say(f"page.computer.{self._which}"))
        self._what.setText(say(f"page.computer.{self._which}.looking"))
        self._state.setText(say("page.computer.row.looking"))
        self._chip.setText(say("page.computer.row.done"))
        self._chip.setVisible(done)
        self._state.setVisible(not done)
        self._wheel.setVisible(not done)
        self.turn(angle)

    def turn(self, angle: int) -> None:
        self._wheel.setPixmap(icons.turned("spinner", "accent", 16, angle))


class _Result(QWidget):
    """The harbour with the models in it, and six cards of facts."""

    def __init__(self) -> None:
        super().__init__()
        self._best = Label("heading")
        self._metaphor = Label("caption")
        self._fit = Chip()
        self._chart = DepthChart()
        self._chart.setObjectName("depth")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._best)
        words.addWidget(self._metaphor)
        head = QHBoxLayout()
        head.addLayout(words, 1)
        head.addWidget(self._fit, 0, Qt.AlignmentFlag.AlignVCenter)
        card = Card(main=True)
        card.body.setSpacing(12)
        card.body.addLayout(head)
        card.body.addWidget(self._chart)
        self._cards = [_FactCard(name) for name in CARDS]
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        self._columns = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 4, 0, 0)
        column.setSpacing(16)
        column.addWidget(card)
        column.addLayout(self._grid)
        self._place(3)

    def show_probe(self, probe: Probe, can: Capacity) -> None:
        if can.best is None:
            self._best.setText(say("page.computer.best.none"))
            self._fit.set_state("warning", "warning", say("wizard.chip.little"))
        else:
            self._best.setText(say("page.computer.best", model=can.best.model.name))
            spills = can.best.verdict == "spills"
            tone, icon = ("warning", "warning") if spills else ("success", "check")
            self._fit.set_state(tone, icon, say(f"wizard.chip.{can.best.verdict}"))
        self._metaphor.setText(say(f"page.computer.metaphor.{can.place}"))
        self._chart.set_models(
            [(hull.label, hull.needed_bytes, hull.verdict) for hull in can.hulls],
            can.usable_bytes,
            can.total_bytes,
            say(f"page.computer.depth.{can.place}"),
        )
        found = facts(probe, text(), can.gpu)
        for card in self._cards:
            card.show_fact(found[card.which])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._place(3 if self.width() >= _THREE_COLUMNS_FROM - 80 else 2)

    def _place(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
        for column in range(3):
            self._grid.setColumnStretch(column, 1 if column < columns else 0)


class _FactCard(Card):
    def __init__(self, which: str) -> None:
        super().__init__(dense=True)
        self.which = which
        self.setObjectName(f"fact-{which}")
        self.body.setSpacing(4)
        self._icon = QLabel()
        self._name = Label("caption")
        self._chip = Chip()
        self._value = Label("strong")
        self._more = Label("caption")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._icon)
        top.addWidget(self._name, 1)
        top.addWidget(self._chip)
        self.body.addLayout(top)
        self.body.addWidget(self._value)
        self.body.addWidget(self._more)
        self.body.addStretch(1)

    def show_fact(self, fact: Fact) -> None:
        self._icon.setPixmap(icons.pixmap(ICONS[self.which], "text-muted", 18))
        self._name.setText(fact.name)
        mark = {"success": "check", "warning": "warning"}.get(fact.tone)
        self._chip.set_state("" if fact.tone == "neutral" else fact.tone, mark, fact.chip)
        self._value.setText(fact.value)
        self._more.setText(fact.more)
        self.setAccessibleName(f"{fact.name}: {fact.value}. {fact.more}")
