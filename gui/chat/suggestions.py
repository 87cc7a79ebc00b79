"""The empty chat: what the model is, and four things to try."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from gui.chat.pieces import MarkTile
from gui.language import say
from gui.widgets.labels import Label, Tile

_IDEAS = (("explain", "chat"), ("letter", "log"), ("sum", "chart"), ("code", "monitor"))


class Suggestion(QFrame):
    """A whole card that puts a question into the composer."""

    chosen = Signal(str)

    def __init__(self, name: str, picture: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self.setObjectName(f"suggestion-{name}")
        self.setProperty("role", "choice")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self._tile = Tile(picture, "accent")
        self._title = Label("strong")
        self._question = Label("caption")
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(self._title)
        words.addWidget(self._question)
        words.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(16, 12, 16, 12)
        row.setSpacing(12)
        row.addWidget(self._tile, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(words, 1)

    def render_texts(self) -> None:
        self._title.setText(say(f"chat.idea.{self._name}.title"))
        self._question.setText(say(f"chat.idea.{self._name}"))
        self.setAccessibleName(f"{self._title.text()}: {self._question.text()}")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.pos()):
            self._choose()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self._choose()
        else:
            super().keyPressEvent(event)

    def _choose(self) -> None:
        self.chosen.emit(say(f"chat.idea.{self._name}"))


class Suggestions(QWidget):
    """Shown while nothing has been asked. `chosen` carries a question."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._state = ("chat.empty.off", "chat.empty.off.more")
        self._mark = MarkTile(64)
        self._title, self._more = Label("title"), Label("muted")
        for label in (self._title, self._more):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._cards = [Suggestion(name, picture, self) for name, picture in _IDEAS]
        grid = QGridLayout()
        grid.setSpacing(12)
        for index, card in enumerate(self._cards):
            grid.addWidget(card, index // 2, index % 2)
            card.chosen.connect(self.chosen)
        column = QVBoxLayout(self)
        column.setContentsMargins(32, 24, 32, 24)
        column.addStretch(3)
        column.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addSpacing(16)
        column.addWidget(self._title)
        column.addSpacing(4)
        column.addWidget(self._more)
        column.addSpacing(22)
        column.addLayout(grid)
        column.addStretch(2)

    def set_state(self, title: str, more: str) -> None:
        """The text codes of both sentences."""
        self._state = (title, more)
        self.render_texts()

    def render_texts(self) -> None:
        self._mark.update()
        self._title.setText(say(self._state[0]))
        self._more.setText(say(self._state[1]))
        for card in self._cards:
            card.render_texts()
