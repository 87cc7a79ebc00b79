"""Asks before a link that a model wrote is opened, and shows where it really goes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QHBoxLayout, QVBoxLayout, QWidget

from gui.language import say
from gui.widgets.buttons import Button
from gui.widgets.labels import Label

_WIDTH = 560
_BREAK = 60  # characters after which a long address may break


class LinkDialog(QDialog):
    """Accepted when the person says open. The safe answer has the focus."""

    def __init__(self, target: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("link-dialog")
        self.setWindowTitle(say("chat.link.title"))
        self.setFixedWidth(_WIDTH)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        title, more, address = Label("heading"), Label("muted"), Label("mono")
        title.setText(say("chat.link.title"))
        more.setText(say("chat.link.more"))
        address.setTextFormat(Qt.TextFormat.PlainText)
        pieces = [target[at : at + _BREAK] for at in range(0, len(target), _BREAK)]
        address.setText("\n".join(pieces[:12]))
        address.setObjectName("link-target")
        go, stay = Button("secondary"), Button("primary")
        go.setText(say("chat.link.open"))
        stay.setText(say("chat.link.stay"))
        go.setObjectName("link-open")
        stay.setObjectName("link-stay")
        go.setAutoDefault(False)
        stay.setDefault(True)
        go.clicked.connect(self.accept)
        stay.clicked.connect(self.reject)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addStretch(1)
        buttons.addWidget(go)
        buttons.addWidget(stay)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 20)
        column.setSpacing(12)
        for part in (title, more, address):
            column.addWidget(part)
        column.addLayout(buttons)
        stay.setFocus()
