"""Surfaces: the card, the one-line note, and the line between rows."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QFrame,
    QGraphicsDropShadowEffect,
    QHBoxLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from gui import icons, theme
from gui.widgets.buttons import Button, restyle
from gui.widgets.labels import Label

_NOTE_ICONS = {
    "info": "info", "success": "check-circle", "warning": "warning", "danger": "error",
    "money": "money",
}  # fmt: skip


class Card(QFrame):
    """A surface for one matter; put things into `.body`. `tone`: "", well, money, warning, accent.

    `main` is for the one card a page is about: rounder, with a shadow. `dense` has less padding.
    """

    def __init__(
        self,
        tone: str = "",
        main: bool = False,
        parent: QWidget | None = None,
        *,
        dense: bool = False,
    ) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        self.setProperty("tone", tone)
        pad = theme.tokens()["space"]["card_dense" if dense else "card"]
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(pad, pad, pad, pad)
        self.body.setSpacing(8)
        self._shadow: QGraphicsDropShadowEffect | None = None
        if main:
            self.setProperty("level", "main")
            self._shadow = QGraphicsDropShadowEffect(self)
            self.setGraphicsEffect(self._shadow)
            theme.watcher().changed.connect(self._cast)
            self._cast()

    def set_tone(self, tone: str) -> None:
        """Another tone for the whole card."""
        self.setProperty("tone", tone)
        restyle(self)

    def _cast(self) -> None:
        if self._shadow is None:
            return
        shape = theme.tokens()["shadow"]["main_card"]["dark" if theme.is_dark() else "light"]
        shade = QColor(shape["color"])
        shade.setAlphaF(shape["alpha"])
        self._shadow.setOffset(shape["dx"], shape["dy"])
        self._shadow.setBlurRadius(shape["blur"])
        self._shadow.setColor(shade)


class Note(QFrame):
    """One line of news in its place, with at most one button."""

    pressed = Signal()

    def __init__(
        self, tone: str = "info", icon: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tone, self._icon = tone, icon
        self.setProperty("role", "note")
        self._picture = QLabel()
        self._text = Label("body")
        self.button = Button("secondary", "small")
        self.button.setVisible(False)
        self.button.clicked.connect(self.pressed)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 8, 10, 8)
        row.setSpacing(12)
        row.addWidget(self._picture, 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self._text, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        theme.watcher().changed.connect(self._show)
        self.set_tone(tone, icon)

    def say(self, text: str, button: str = "") -> None:
        """Shows the sentence, and a button when it has a text."""
        self._text.setText(text)
        self.setAccessibleName(text)
        self.button.setText(button)
        self.button.setVisible(bool(button))

    def text(self) -> str:
        """The sentence it shows."""
        return self._text.text()

    def set_tone(self, tone: str, icon: str | None = None) -> None:
        """info, success, warning, danger or money; the icon follows unless one is given."""
        self._tone, self._icon = tone, icon
        self.setProperty("tone", tone)
        restyle(self)
        self._show()

    def _show(self) -> None:
        name = self._icon or _NOTE_ICONS.get(self._tone, "info")
        self._picture.setPixmap(icons.pixmap(name, self._tone, 18))


def line(*, vertical: bool = False) -> QFrame:
    """A hairline between rows, or between columns."""
    result = QFrame()
    result.setProperty("role", "vline" if vertical else "line")
    return result
