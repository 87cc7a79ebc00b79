"""Two calm cards of the wizard: a remark, and an offer with one button."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui import icons
from gui.widgets.buttons import Button
from gui.widgets.cards import Card
from gui.widgets.labels import Label, Tile


class QuietNote(Card):
    """A remark that is no news: one icon, one sentence."""

    def __init__(self, icon: str, parent: QWidget | None = None) -> None:
        super().__init__("well", parent=parent, dense=True)
        self._icon_name = icon
        self._icon, self._words = QLabel(), Label("body")
        row = QHBoxLayout()
        row.setSpacing(14)
        row.addWidget(self._icon)
        row.addWidget(self._words, 1)
        self.body.setContentsMargins(18, 12, 18, 12)
        self.body.addLayout(row)

    def say(self, text: str) -> None:
        self._icon.setPixmap(icons.pixmap(self._icon_name, "accent", 20))
        self._words.setText(text)
        self.setAccessibleName(text)

    def text(self) -> str:
        return self._words.text()


class Offer(Card):
    """Something the person may take instead: what it is, what it is not, and one button."""

    pressed = Signal()

    def __init__(self, icon: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent, dense=True)
        self._title, self._more = Label("strong"), Label("caption")
        self.button = Button("secondary", "small", icon)
        self.button.setObjectName(name)
        self.button.clicked.connect(self.pressed)
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self._title)
        words.addWidget(self._more)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(Tile(icon, "success"))
        row.addLayout(words, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.setContentsMargins(16, 12, 16, 12)
        self.body.addLayout(row)

    def say(self, title: str, more: str, button: str) -> None:
        self._title.setText(title)
        self._more.setText(more)
        self.button.setText(button)
        self.button.setAccessibleName(f"{title} {button}")
