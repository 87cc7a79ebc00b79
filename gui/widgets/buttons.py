"""Buttons of every kind, the spinner in them, and the switch."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QIcon, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QPushButton, QSizePolicy, QWidget

from gui import icons, theme

KINDS = ("primary", "secondary", "quiet", "link", "danger", "danger-fill", "nav")
_ROOM = 5  # px of empty canvas right of an icon: Qt leaves only 4 before the text
_TURN = 30  # degrees from one picture of the spinner to the next
_ICON_ROLES = {
    "primary": "on-accent", "quiet": "text-muted", "link": "accent", "nav": "text-muted",
    "danger": "danger", "danger-fill": "on-danger",
}  # fmt: skip


class Button(QPushButton):
    """A push button. `size`: normal, large or small. A nav button is checkable.

    `trailing` puts the icon after the text ("Continue →").
    """

    def __init__(
        self,
        kind: str = "secondary",
        size: str = "normal",
        icon: str | None = None,
        parent: QWidget | None = None,
        *,
        trailing: bool = False,
    ) -> None:
        super().__init__(parent)
        self._kind = kind
        self._icon = icon
        self._role: str | None = None
        self._room = -_ROOM if trailing else _ROOM
        self._angle = 0
        self._busy = False
        self._spinner = QTimer(self, interval=75)
        self._spinner.timeout.connect(self._turn)
        self._late = QTimer(self, singleShot=True)
        self._late.timeout.connect(self._show_busy)
        self._calm = QTimer(self, singleShot=True)
        self._calm.timeout.connect(self._after_calm)
        self.setProperty("kind", kind)
        self.setProperty("btnSize", size)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setAutoDefault(kind == "primary")
        if trailing:
            self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        if kind == "nav":
            self.setCheckable(True)
            self.setAutoExclusive(True)
        else:
            self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        theme.watcher().changed.connect(self._tint)
        self.toggled.connect(self._tint)
        self._tint()

    @property
    def kind(self) -> str:
        return self._kind

    @property
    def busy(self) -> bool:
        return self._busy

    def set_kind(self, kind: str) -> None:
        """Another kind for the same button, for example a plan's button that becomes primary."""
        self._kind = kind
        self.setProperty("kind", kind)
        restyle(self)
        self._tint()

    def set_icon(self, name: str | None, role: str | None = None) -> None:
        """Another icon, by default in the colour of the button's kind."""
        self._icon, self._role = name, role
        self._tint()

    def set_busy(self, busy: bool) -> None:
        """While busy it ignores clicks. The spinner waits 150 ms, then stays for at least 1 s."""
        if busy == self._busy:
            return
        self._busy = busy
        if busy:
            self._late.start(int(theme.tokens()["motion"]["busy_after_ms"]))
        else:
            self._late.stop()
            self._after_calm()

    def _show_busy(self) -> None:
        self._calm.start(int(theme.tokens()["motion"]["busy_min_ms"]))
        if not theme.reduced_motion():
            self._spinner.start()
        self._tint()

    def _after_calm(self) -> None:
        if not self._busy and not self._calm.isActive():
            self._spinner.stop()
            self._tint()

    def _turn(self) -> None:
        self._angle = (self._angle + _TURN) % 360
        self._tint()

    def _tint(self) -> None:
        spinning = self._spinner.isActive() or self._calm.isActive()
        if not spinning and self._icon is None:
            self.setIcon(QIcon())
            return
        small = self.property("btnSize") == "small"
        size = 16 if small else 18
        room = self._room if self.text() else 0
        role = self._role or _ICON_ROLES.get(self._kind, "text")
        if self._kind == "nav" and self.isChecked():
            role = "accent"
        if spinning:
            picture = icons.turned("spinner", role, size, self._angle, room=room)
            self.setIcon(QIcon(picture))
        elif self._icon:
            self.setIcon(icons.icon(self._icon, role, size, room=room))
        self.setIconSize(QSize(size + abs(room), size))

    def setText(self, text: str) -> None:
        super().setText(text)
        if self._icon:
            self._tint()

    def hitButton(self, pos: QPoint) -> bool:
        return not self._busy and super().hitButton(pos)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._busy:
            super().keyPressEvent(event)


class IconButton(Button):
    """A square button with an icon alone. `set_name` gives it its name and its tooltip."""

    def __init__(
        self,
        icon: str,
        kind: str = "quiet",
        parent: QWidget | None = None,
        *,
        size: int = 36,
    ) -> None:
        super().__init__(kind, "normal" if size >= 36 else "small", icon, parent)
        self.setProperty("square", True)
        self.setStyleSheet("padding: 0;")
        self.setFixedWidth(size)

    def set_name(self, name: str, shortcut: str = "") -> None:
        """What it does, for the eye (tooltip) and for a screen reader."""
        self.setAccessibleName(name)
        self.setToolTip(f"{name} ({shortcut})" if shortcut else name)


class Switch(QAbstractButton):
    """On or off, at once. Never for something that costs money."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.watcher().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(*theme.tokens()["size"]["switch"])

    def paintEvent(self, _event: QPaintEvent) -> None:
        on, off = self.isChecked(), not self.isEnabled()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        fill = "border" if off else "accent" if on else "surface-sunken"
        edge = "border" if off else "accent" if on else "border-strong"
        knob = "text-disabled" if off else "on-accent" if on else "border-strong"
        painter.setPen(QPen(theme.color(edge), 1))
        painter.setBrush(theme.color(fill))
        painter.drawRoundedRect(track, track.height() / 2, track.height() / 2)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(knob))
        radius = 7.0
        x = track.right() - 4 - radius if on else track.left() + 4 + radius
        painter.drawEllipse(QPointF(x, track.center().y()), radius, radius)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.EnabledChange:
            self.update()


def restyle(widget: QWidget) -> None:
    """Makes the style sheet look again at a widget's dynamic properties."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)
    widget.update()
