"""Asks once before everything that was made is taken away."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from gui.language import say
from gui.theme import tokens
from gui.widgets.buttons import Button
from gui.widgets.labels import Label


class UndoQuestion(QDialog):
    """Its buttons are the answers. Escape means going on with the set-up."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("undo-question")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(say("page.setup.cancel"))
        self.setMinimumWidth(tokens()["size"]["dialog"])
        title, more = Label("heading"), Label("muted")
        title.setText(say("page.setup.undo.title"))
        more.setText(say("page.setup.undo.more"))
        stay, undo = Button("secondary"), Button("danger-fill")
        stay.setObjectName("stay")
        undo.setObjectName("undo")
        stay.setText(say("page.setup.undo.stay"))
        undo.setText(say("page.setup.undo.yes"))
        stay.clicked.connect(self.reject)
        undo.clicked.connect(self.accept)
        buttons = QHBoxLayout()
        buttons.setSpacing(12)
        buttons.addStretch(1)
        buttons.addWidget(stay)
        buttons.addWidget(undo)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 20, 24, 20)
        column.setSpacing(8)
        column.addWidget(title)
        column.addWidget(more)
        column.addSpacing(12)
        column.addLayout(buttons)
        stay.setFocus()
