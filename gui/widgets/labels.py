"""Texts, chips and icon tiles."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel, QSizePolicy, QWidget

from gui import icons, theme
from gui.widgets.buttons import restyle

ROLES = ("display", "title", "heading", "strong", "figure", "caption", "muted", "mono", "body")
_CHIP_TONES = ("success", "warning", "danger", "info", "accent", "money")


class Label(QLabel):
    """A text of one role. It wraps; `wrap=False` keeps a short one on its line."""

    def __init__(
        self,
        role: str = "body",
        parent: QWidget | None = None,
        *,
        tone: str = "",
        wrap: bool = True,
    ) -> None:
        super().__init__(parent)
        self._role = role
        self.setProperty("textRole", role)
        if tone:
            self.setProperty("tone", tone)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if wrap:
            self.setWordWrap(True)
            self.setMinimumWidth(0)
            # Not Minimum: then the height of a narrower text would be the least one, and cards
            # would grow empty space. Height-for-width asks the label itself.
            policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
            policy.setHeightForWidth(True)
            self.setSizePolicy(policy)
        else:
            self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        theme.watcher().changed.connect(self._tune)
        self._tune()

    def set_tone(self, tone: str) -> None:
        """money, success, warning, danger, or "" for the colour of its role."""
        self.setProperty("tone", tone)
        restyle(self)

    def selectable(self) -> Label:
        """Lets the text be marked and copied. Returns itself."""
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse
            | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        return self

    def _tune(self) -> None:
        font = self.font()
        theme.tune(font, self._role)
        self.setFont(font)


class Chip(QLabel):
    """Says a state in one or two words. Never clickable."""

    def __init__(
        self, tone: str = "", icon: str | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._tone, self._icon = tone, icon
        self.setProperty("role", "chip")
        self.setProperty("tone", tone)
        self.setProperty("pictured", icon is not None)
        self.setIndent(0)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        theme.watcher().changed.connect(self.update)

    def set_state(self, tone: str, icon: str | None = None, text: str | None = None) -> None:
        """Another tone, icon and, if given, text."""
        if text is not None:
            self.setText(text)
        if (tone, icon) == (self._tone, self._icon):
            return  # asking the style sheet again is what costs
        self._tone, self._icon = tone, icon
        self.setProperty("tone", tone)
        self.setProperty("pictured", icon is not None)  # the style sheet makes room for it
        restyle(self)
        # A frame takes the style sheet's padding for its margins only when it hears of a change.
        QApplication.sendEvent(self, QEvent(QEvent.Type.StyleChange))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self._icon:
            role = self._tone if self._tone in _CHIP_TONES else "text-muted"
            painter = QPainter(self)
            picture = icons.pixmap(self._icon, role, 14)
            painter.drawPixmap(10, (self.height() - 14) // 2, picture)
            painter.end()


class Tile(QLabel):
    """An icon on a soft square, 36 px. `tone`: accent (default), neutral, success, money, …"""

    def __init__(self, icon: str, tone: str = "accent", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon, self._tone = icon, tone
        self.setProperty("role", "tile")
        self.setProperty("tone", tone)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.watcher().changed.connect(self._show)
        self.set_icon(icon, tone)

    def set_icon(self, icon: str, tone: str = "accent") -> None:
        """Another icon on another colour."""
        changed, self._icon, self._tone = tone != self._tone, icon, tone
        if changed:
            self.setProperty("tone", tone)
            restyle(self)
        self._show()

    def _show(self) -> None:
        role = "text-muted" if self._tone == "neutral" else self._tone
        self.setPixmap(icons.pixmap(self._icon, role, 20))
