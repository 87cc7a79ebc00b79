"""What to mind before one relies on the plan, and what would lead to a better model."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.domain import Check, Upgrade
from gui import icons
from gui.language import say, text
from gui.widgets.buttons import Button
from gui.widgets.cards import Card
from gui.widgets.labels import Label
from gui.wizard.beside import Beside
from gui.wizard.worked_rows import STATES

_MOST = 3  # upgrades; the sheet has the rest
_Line = tuple[str, str, tuple[str, str]]  # title or "", sentence, icon with its colour role


class NotesCards(Beside):
    """Two cards beside each other. The second one hides where there is nothing to change."""

    wanted = Signal(str)  # the section of the sheet with the rest

    def __init__(self) -> None:
        self.checks = _List("checks-card", "see-checks")
        self.better = _List("better-card", "see-others")
        super().__init__(self.checks, self.better, shares=(3, 2))
        self.checks.more.clicked.connect(lambda: self.wanted.emit("checks"))
        self.better.more.clicked.connect(lambda: self.wanted.emit("others"))

    def show_notes(self, checks: Sequence[Check], upgrades: Sequence[Upgrade]) -> None:
        """Only what is not fine already."""
        lines = [
            (say(f"check.{check.id}.title"), text().note(check.note), STATES[check.state])
            for check in checks
            if check.state != "ok"
        ]
        none = ("", say("page.plan.notes.none"), STATES["ok"])
        title = say("page.plan.sheet.tab.checks")
        self.checks.show_lines(title, lines or [none], say("page.plan.notes.checks"))
        self.checks.setVisible(bool(checks))
        ways = [("", text().note(found.note), ("arrow-up", "accent")) for found in upgrades[:_MOST]]
        title = say("page.plan.sheet.upgrades")
        self.better.show_lines(title, ways, say("page.plan.notes.others"))
        self.better.setVisible(bool(ways))
        self.setVisible(bool(checks or ways))


class _List(Card):
    """A title, its lines, and a button to all of them."""

    def __init__(self, name: str, button: str) -> None:
        super().__init__(dense=True)
        self.setObjectName(name)
        self._title = Label("strong")
        self.more = Button("link", "small")
        self.more.setObjectName(button)
        self._rows: list[_Row] = []
        self.body.setSpacing(10)
        self.body.addWidget(self._title)
        self.body.addStretch(1)
        self.body.addWidget(self.more, 0, Qt.AlignmentFlag.AlignLeft)

    def show_lines(self, title: str, lines: Sequence[_Line], button: str) -> None:
        self._title.setText(title)
        self.more.setText(button)
        self.more.setAccessibleName(f"{title}: {button}")
        while len(self._rows) < len(lines):
            self._rows.append(row := _Row())
            self.body.insertWidget(len(self._rows), row)
        for row, line in zip(self._rows, lines, strict=False):
            row.show_line(*line)
        for number, row in enumerate(self._rows):
            row.setVisible(number < len(lines))


class _Row(QWidget):
    def __init__(self) -> None:
        super().__init__()
        self._icon, self._title, self._words = QLabel(), Label("body"), Label("caption")
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self._title)
        texts.addWidget(self._words)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self._icon, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(texts, 1)

    def show_line(self, title: str, words: str, icon: tuple[str, str]) -> None:
        self._icon.setPixmap(icons.pixmap(*icon, 16))
        self._title.setText(title)
        self._title.setVisible(bool(title))
        self._words.setText(words)
