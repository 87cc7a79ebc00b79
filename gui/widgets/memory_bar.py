"""What takes how much of one memory: a bar of parts, and under it each part with its size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import theme
from gui.widgets.table import Picture, Table

_BAR = 16  # px
_ROW = 18  # px of one row of names
_SQUARE = 9  # px
_NEXT = 16  # px between two names
_FREE = ("spare", "margin")
# Colour role and how strong it is, by what the part is.
_LOOKS = {
    "weights": ("chart-1", 1.0),
    "experts": ("chart-3", 1.0),
    "copy": ("chart-1", 0.5),
    "cache": ("chart-2", 1.0),
    "working": ("chart-4", 1.0),
    "driver": ("border-strong", 1.0),
    "spare": ("surface-sunken", 1.0),
    "margin": ("surface-sunken", 1.0),
    "missing": ("danger", 1.0),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part. `look`: weights, experts, copy, cache, working, driver, spare, margin, missing."""

    look: str
    name: str
    size: str  # as it is read
    amount: int  # bytes


class MemoryBar(Picture):
    """`tone` is that of the verdict: "" where it fits with room, warning, danger."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: tuple[Part, ...] = ()
        self._tone = ""
        self._title = ""
        self._heads = ("", "")
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(160)

    def show_parts(
        self, title: str, parts: Sequence[Part], tone: str = "", heads: tuple[str, str] = ("", "")
    ) -> None:
        """`title` names the memory and says how full it is; `heads` are those of the table."""
        self._parts, self._tone = tuple(part for part in parts if part.amount > 0), tone
        self._title, self._heads = title, heads
        lines = [f"{part.name}: {part.size}" for part in self._parts]
        self.describe(title, lines)
        self.setToolTip("\n".join((title, *lines)))
        self.updateGeometry()
        self.update()

    def table(self) -> Table | None:
        if not self._parts:
            return None
        rows = tuple((part.name, part.size) for part in self._parts)
        return Table(title=self._title, heads=self._heads, rows=rows)

    def sizeHint(self) -> QSize:
        return QSize(360, self.heightForWidth(360))

    def minimumSizeHint(self) -> QSize:
        return QSize(160, _BAR + _ROW)

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        places = self._places(width)
        rows = int(places[-1].bottom() // _ROW) + 1 if places else 1
        return _BAR + 8 + rows * _ROW

    def _places(self, width: float) -> list[QRectF]:
        """Where each name goes, below the bar, from left to right and then down."""
        measure = QFontMetricsF(theme.font("caption"))
        places, x, y = [], 0.0, 0.0
        for part in self._parts:
            wide = _SQUARE + 6 + measure.horizontalAdvance(f"{part.name} {part.size}") + 1
            if x and x + wide > width:
                x, y = 0.0, y + _ROW
            places.append(QRectF(x, y, wide, _ROW - 1))
            x += wide + _NEXT
        return places

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._parts:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self._paint_bar(painter)
        painter.setFont(theme.font("caption"))
        for part, place in zip(self._parts, self._places(self.width()), strict=True):
            self._paint_name(painter, part, place.translated(0, _BAR + 8))
        painter.end()

    def _paint_bar(self, painter: QPainter) -> None:
        track = QRectF(0.5, 0.5, self.width() - 1, _BAR - 1)
        shape = QPainterPath()
        shape.addRoundedRect(track, 5, 5)
        painter.fillPath(shape, theme.color("surface-sunken"))
        painter.setClipPath(shape)
        total = sum(part.amount for part in self._parts)
        x = track.left()
        for part in self._parts:
            box = QRectF(x, 0, track.width() * part.amount / total, _BAR)
            _fill(painter, box, part.look)
            x = box.right()
            if part is not self._parts[-1]:
                painter.setPen(QPen(theme.color("surface"), 1))
                painter.drawLine(QPointF(x, 0), QPointF(x, _BAR))
        painter.setClipping(False)
        painter.setPen(QPen(theme.color(self._tone or "border-button"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(shape)

    def _paint_name(self, painter: QPainter, part: Part, place: QRectF) -> None:
        top = place.center().y() - _SQUARE / 2
        square = QRectF(place.left() + 0.5, top, _SQUARE - 1, _SQUARE - 1)
        _fill(painter, square, part.look)
        if part.look in _FREE:
            painter.setPen(QPen(theme.color("border-strong"), 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(square)
        words = place.adjusted(_SQUARE + 6, 0, 2, 0)
        middle = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.color("text-muted"))
        painter.drawText(words, middle, part.name)
        wide = QFontMetricsF(painter.font()).horizontalAdvance(f"{part.name} ")
        painter.setPen(theme.color("text"))
        painter.drawText(words.adjusted(wide, 0, 0, 0), middle, part.size)


def _fill(painter: QPainter, box: QRectF, look: str) -> None:
    role, strength = _LOOKS[look]
    fill = QColor(theme.color(role))
    fill.setAlphaF(strength)
    painter.fillRect(box, fill)
    if look == "margin":
        stripes = QColor(theme.color("border-strong"))
        stripes.setAlphaF(0.6)
        painter.fillRect(box, QBrush(stripes, Qt.BrushStyle.BDiagPattern))
