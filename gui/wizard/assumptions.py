"""How the figures of the plan page were worked out, as a list of sentences."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from core.advice.reasons import assumption_notes
from core.domain import Advice
from gui.language import say, text
from gui.page import scroll_column
from gui.theme import tokens
from gui.widgets.buttons import Button
from gui.widgets.cards import line
from gui.widgets.labels import Label


class AssumptionsDialog(QDialog):
    """Reads like a page; Escape or Close leaves it. It is thrown away when it is closed."""

    def __init__(self, advice: Advice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("assumptions")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(say("page.plan.how"))
        self.resize(tokens()["size"]["dialog"], 480)
        title, lead = Label("heading"), Label("muted")
        title.setText(say("page.plan.how.title"))
        lead.setText(say("page.plan.how.lead"))
        area, rows = scroll_column(860, (24, 10, 24, 8))
        for number, note in enumerate(assumption_notes(advice)):
            if number:
                rows.addWidget(line())
            row = Label("body")
            row.setText(text().note(note))
            rows.addWidget(row)
        close = Button("secondary")
        close.setObjectName("close")
        close.setText(say("page.plan.how.close"))
        close.clicked.connect(self.accept)
        head = QVBoxLayout()
        head.setContentsMargins(24, 20, 24, 0)
        head.setSpacing(6)
        head.addWidget(title)
        head.addWidget(lead)
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 8, 24, 16)
        foot.addStretch(1)
        foot.addWidget(close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(area, 1)
        column.addLayout(foot)
        close.setFocus()
