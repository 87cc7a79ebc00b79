"""Bars that paint themselves: how far, how much of a range."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import theme
from gui.widgets.table import Picture, Table

_HEIGHT = 8


class MeterBar(QWidget):
    """How far something is, 0 to 1, with an optional tick for what was predicted.

    Painted here because a QProgressBar's chunk turns square when it is narrow.
    """

    def __init__(self, tone: str = "accent", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._tone = tone
        self._value: float | None = 0.0
        self._tick: float | None = None
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(40)
        theme.watcher().changed.connect(self.update)

    @property
    def value(self) -> float | None:
        return self._value

    def set_value(self, value: float | None, description: str = "") -> None:
        """0 to 1, or None while it cannot be told. `description` is for screen readers."""
        self._value = None if value is None else min(1.0, max(0.0, value))
        percent = "" if self._value is None else f"{round(self._value * 100)} %"
        self.setAccessibleDescription(description or percent)
        self.update()

    def set_tone(self, tone: str) -> None:
        """accent, money, success, warning or danger."""
        self._tone = tone
        self.update()

    def set_tick(self, tick: float | None) -> None:
        """Where the prediction was, 0 to 1."""
        self._tick = tick
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, _HEIGHT)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        track = QRectF(0.5, 0.5, self.width() - 1, min(self.height(), _HEIGHT) - 1)
        shape = QPainterPath()
        shape.addRoundedRect(track, 4, 4)
        painter.fillPath(shape, theme.color("surface-sunken"))
        if self._value:
            painter.setClipPath(shape)
            fill = theme.color("money-fill" if self._tone == "money" else self._tone)
            painter.fillRect(QRectF(0, 0, track.width() * self._value + 0.5, self.height()), fill)
            painter.setClipping(False)
        painter.setPen(QPen(theme.color("border"), 1))
        painter.drawPath(shape)
        if self._tick is not None:
            painter.setPen(QPen(theme.color("text"), 2))
            x = track.left() + track.width() * self._tick
            painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.end()


class RangeBar(Picture):
    """A predicted range as a band and a measured value as a dot. Outside the band it warns.

    A tick shows a value to compare with, such as how fast people read. With a table it takes the
    focus, so that the Menu key reaches it.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._top = 1.0
        self._band = (0.0, 0.0)
        self._dot: float | None = None
        self._tick: float | None = None
        self._table: Table | None = None
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def table(self) -> Table | None:
        return self._table

    def set_values(
        self,
        low: float,
        high: float,
        measured: float | None = None,
        description: str = "",
        tick: float | None = None,
        table: Table | None = None,
    ) -> None:
        """All in the same unit. `description` is what a screen reader says."""
        self._band, self._dot, self._tick = (low, high), measured, tick
        self._table = table
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if table else Qt.FocusPolicy.NoFocus)
        self._top = max(high, measured or 0.0, tick or 0.0) * 1.15 or 1.0
        self.setAccessibleDescription(description)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(200, 14)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        middle, width = self.height() / 2, self.width()
        painter.setBrush(theme.color("surface-sunken"))
        painter.drawRoundedRect(QRectF(0, middle - 3, width, 6), 3, 3)
        low, high = (edge / self._top * width for edge in self._band)
        painter.setBrush(theme.color("accent-border"))
        painter.drawRoundedRect(QRectF(low, middle - 3, max(6.0, high - low), 6), 3, 3)
        if self._tick is not None:
            x = self._tick / self._top * width
            painter.setPen(QPen(theme.color("text"), 2))
            painter.drawLine(QPointF(x, 1), QPointF(x, self.height() - 1))
        if self._dot is not None:
            inside = self._band[0] <= self._dot <= self._band[1]
            painter.setPen(QPen(theme.color("surface"), 2))
            painter.setBrush(theme.color("accent" if inside else "warning"))
            painter.drawEllipse(QPointF(self._dot / self._top * width, middle), 6, 6)
        painter.end()
