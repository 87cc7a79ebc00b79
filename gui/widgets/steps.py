"""The list of things being done: one row each, the working one opened."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.progress import Progress
from gui import icons, language, theme
from gui.language import say
from gui.page import announce
from gui.widgets.cards import line
from gui.widgets.labels import Label
from gui.widgets.meters import MeterBar

STATES = ("later", "working", "done", "needs_you", "skipped")
_LOOKS = {
    "later": ("dot", "text-muted"),
    "working": ("spinner", "accent"),
    "done": ("check-circle", "success"),
    "needs_you": ("warning", "warning"),
    "skipped": ("minus", "text-muted"),
}
_SHOW_LEFT_AFTER_S = 5.0  # before that any guess of the time left jumps


class _Row(QWidget):
    """One step. It keeps what was last reported, to show it again in another language."""

    def __init__(self, step: str, clock: Callable[[], float]) -> None:
        super().__init__()
        self.step = step
        self.state = "later"
        self.last: Progress | None = None
        self._clock = clock
        self._began: float | None = None
        self.spent_s: float | None = None
        self.angle = 0
        self.setObjectName(f"step-{step}")
        self._icon = QLabel()
        self._icon.setFixedWidth(20)
        self._name = Label("strong")
        self._right = Label("caption", wrap=False)
        self._bar = MeterBar()
        self._facts = Label("caption")
        self._left = Label("caption", wrap=False)
        self._note = Label("caption")
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._name, 1)
        top.addWidget(self._right)
        below = QHBoxLayout()
        below.addWidget(self._facts, 1)
        below.addWidget(self._left)
        words = QVBoxLayout()
        words.setSpacing(6)
        words.addLayout(top)
        words.addWidget(self._bar)
        words.addLayout(below)
        words.addWidget(self._note)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 8, 0, 8)
        row.setSpacing(12)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)
        self.show_all()

    def set_state(self, state: str) -> None:
        if state == self.state:
            return
        if state == "working":
            self._began = self._clock()
        elif state in ("done", "needs_you") and self._began is not None:
            self.spent_s = self._clock() - self._began
        self.state = state
        self.show_all()

    def show_icon(self) -> None:
        name, role = _LOOKS[self.state]
        self._icon.setPixmap(icons.turned(name, role, 20, self.angle))

    def show_all(self) -> None:
        self.show_icon()
        self._name.setText(say(f"step.{self.step}"))
        self._name.setProperty("textRole", "muted" if self.state == "later" else "strong")
        self._name.style().polish(self._name)
        state = say(f"shell.step_state.{self.state}")
        self.setAccessibleName(f"{self._name.text()}: {state}")
        working, last = self.state == "working", self.last
        spent = self.spent_s if self.state == "done" else None
        right = "" if spent is None else language.text().seconds(spent)
        if self.state in ("needs_you", "skipped"):
            right = state
        self._right.setText(right)
        self._right.setVisible(bool(right))
        measured = working and last is not None and bool(last.total)
        self._bar.setVisible(measured)
        facts = _facts(last) if working and last else ""
        self._facts.setText(facts)
        self._facts.setVisible(bool(facts))
        left = _time_left(last, self._since()) if working and last else ""
        self._left.setText(left)
        self._left.setVisible(bool(left))
        note = say(last.note, **dict(last.note_params)) if working and last and last.note else ""
        self._note.setText(note)
        self._note.setVisible(bool(note))
        if measured and last is not None and last.total:
            self._bar.set_value(last.done / last.total, facts)

    def _since(self) -> float:
        return 0.0 if self._began is None else self._clock() - self._began


class StepList(QWidget):
    """Rows of steps: later, working, done, needs_you, skipped. Names come from `step.<id>`."""

    def __init__(
        self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(parent)
        self._clock = clock
        self._rows: dict[str, _Row] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._spinner = QTimer(self, interval=75)
        self._spinner.timeout.connect(self._turn)
        theme.watcher().changed.connect(self._show)
        language.watcher().changed.connect(self._show)

    def set_steps(self, ids: Iterable[str]) -> None:
        """Starts anew with these steps, all of them later."""
        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        self._rows = {step: _Row(step, self._clock) for step in ids}
        for number, row in enumerate(self._rows.values()):
            if number:
                self._column.addWidget(line())
            self._column.addWidget(row)
        self._spin()

    def set_state(self, step: str, state: str) -> None:
        """Another state for one step. Steps it does not show are ignored."""
        row = self._rows.get(step)
        if row is not None and state != row.state:
            row.set_state(state)
            self._spin()
            if state in ("done", "needs_you"):
                announce(self, row.accessibleName())

    def state(self, step: str) -> str:
        return self._rows[step].state

    def show_progress(self, progress: Progress) -> None:
        """Puts a report into its row: it works, or is done. Rows above it are done too."""
        row = self._rows.get(progress.step)
        if row is None:
            return
        row.last = progress
        self.set_state(progress.step, "done" if progress.finished else "working")
        row.show_all()

    def _show(self) -> None:
        for row in self._rows.values():
            row.show_all()

    def _spin(self) -> None:
        working = any(row.state == "working" for row in self._rows.values())
        if working and not theme.reduced_motion():
            if not self._spinner.isActive():
                self._spinner.start()
        else:
            self._spinner.stop()

    def _turn(self) -> None:
        if not self.isVisible():
            return
        for row in self._rows.values():
            if row.state == "working":
                row.angle = (row.angle + 30) % 360
                row.show_icon()
            elif row.angle:
                row.angle = 0
                row.show_icon()


def _facts(progress: Progress) -> str:
    """ "5.42 of 8.99 GB · 42.6 MB/s" """
    words = language.text()
    parts = []
    if progress.unit == "bytes" and (progress.done or progress.total):
        done = words.size(progress.done)
        if progress.total:
            done = say("shell.done_of", done=done, total=words.size(progress.total))
        parts.append(done)
    elif progress.total:
        total = words.number(progress.total)
        parts.append(say("shell.done_of", done=words.number(progress.done), total=total))
    if progress.bytes_per_s:
        parts.append(say("shell.per_second", size=words.size(round(progress.bytes_per_s))))
    return " · ".join(parts)


def _time_left(progress: Progress, since_s: float) -> str:
    """Told from the fifth second on, and not for what is nearly through."""
    if not progress.bytes_per_s or not progress.total or since_s < _SHOW_LEFT_AFTER_S:
        return ""
    left_s = (progress.total - progress.done) / progress.bytes_per_s
    return say("shell.time_left", time=language.text().seconds(left_s)) if left_s >= 1 else ""
