"""Harbour depth: memory as water, each model as a hull that clears the bottom or runs aground."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import icons, language, theme
from gui.language import say

FITS = ("comfortable", "tight")
_TOP = 36  # px for the two lines of text above the hulls
_RISE = 8  # px of a hull above the water
_FLOOR = 34  # px of ground under the deepest water
_LEGEND = 152  # px on the right for what the depth means
_HULL = 60  # px, the widest a hull gets


class DepthChart(QWidget):
    """A hull per model, small to big, beside the memory there is. Texts are painted too."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._models: tuple[tuple[str, int, str], ...] = ()
        self._available = 0
        self._total: int | None = None
        self._place = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumWidth(360)
        theme.watcher().changed.connect(self.update)
        language.watcher().changed.connect(self._describe)

    def set_models(
        self,
        models: Sequence[tuple[str, float, str]],
        available_bytes: float,
        total_bytes: float | None = None,
        place: str = "",
    ) -> None:
        """`verdict`: comfortable, tight, spills or no. `place` names the memory that is meant."""
        self._models = tuple((label, int(needed), verdict) for label, needed, verdict in models)
        self._available = int(available_bytes)
        self._total = None if total_bytes is None else int(total_bytes)
        self._place = place
        self._describe()

    @property
    def best(self) -> str | None:
        """The label of the biggest model that fits, or None."""
        fitting = [(needed, label) for label, needed, verdict in self._models if verdict in FITS]
        return max(fitting)[1] if fitting else None

    def sizeHint(self) -> QSize:
        return QSize(740, 164)

    def _describe(self) -> None:
        size = language.text().size
        lines = []
        for label, needed, verdict in self._models:
            code = "fits" if verdict in FITS else "spills" if verdict == "spills" else "aground"
            needs = say(
                "shell.depth.needs",
                model=label,
                needed=size(needed),
                available=size(self._available),
                verdict=say(f"shell.depth.{code}"),
            )
            lines.append(needs)
        self.setAccessibleName(self._place or say("shell.depth.free"))
        self.setAccessibleDescription("\n".join(lines))
        self.setToolTip("\n".join(lines))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if not self._models:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        basin = QRectF(0, _TOP, self.width(), self.height() - _TOP)
        water = _TOP + _RISE
        floor = basin.bottom() - _FLOOR
        self._paint_water(painter, basin, water, floor)
        legend = _LEGEND if self.width() > 520 else 0
        lane = (self.width() - legend) / len(self._models)
        best = self.best
        for number, (label, needed, verdict) in enumerate(self._models):
            middle = lane * (number + 0.5)
            hull = min(float(_HULL), lane - 16)
            self._paint_words(painter, middle, lane, label, needed, verdict)
            if verdict in FITS:
                share = min(1.0, needed / max(1, self._available))
                depth = max(12.0, share * (floor - _TOP - 2))
                box = QRectF(middle - hull / 2, _TOP, hull, depth)
                self._paint_hull(painter, box, best=label == best)
            else:
                box = QRectF(middle - hull / 2, _TOP, hull, basin.height())
                self._paint_aground(painter, box, spills=verdict == "spills")
        if legend:
            self._paint_legend(painter, floor)
        painter.end()

    def _paint_water(self, painter: QPainter, basin: QRectF, water: float, floor: float) -> None:
        shape = QPainterPath()
        shape.addRoundedRect(basin, 8, 8)
        painter.setClipPath(shape)
        ground = QRectF(0, floor, self.width(), self.height() - floor)
        painter.fillRect(ground, theme.color("surface-sunken"))
        wave = QPainterPath(QPointF(0, water))
        x = 0.0
        while x < self.width():
            wave.quadTo(QPointF(x + 12, water - 3), QPointF(x + 24, water))
            wave.quadTo(QPointF(x + 36, water + 3), QPointF(x + 48, water))
            x += 48
        wave.lineTo(x, floor)
        wave.lineTo(0, floor)
        painter.fillPath(wave, theme.color("accent-soft"))
        painter.setClipping(False)
        painter.setPen(QPen(theme.color("border-strong"), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(QPointF(0, floor), QPointF(self.width(), floor))

    def _paint_words(
        self, painter: QPainter, middle: float, lane: float, label: str, needed: int, verdict: str
    ) -> None:
        role = "text" if verdict in FITS else "text-muted"
        above = QRectF(middle - lane / 2, 0, lane, 18)
        painter.setPen(theme.color(role))
        painter.setFont(theme.font("strong"))
        painter.drawText(above, Qt.AlignmentFlag.AlignCenter, label)
        painter.setPen(theme.color("text-muted"))
        painter.setFont(theme.font("axis"))
        size = language.text().size(needed)
        painter.drawText(above.translated(0, 15), Qt.AlignmentFlag.AlignCenter, size)

    def _paint_hull(self, painter: QPainter, box: QRectF, *, best: bool) -> None:
        shape = QPainterPath()
        radius = min(12.0, box.height())
        shape.addRoundedRect(box.adjusted(0, -radius, 0, 0), radius, radius)
        keel = QPainterPath()
        keel.addRect(box)
        fill = QColor(theme.color("accent"))
        fill.setAlphaF(1.0 if best else 0.62)
        painter.fillPath(shape.intersected(keel), fill)
        if best and box.height() >= 24:
            self._paint_sign(painter, "check", "on-accent", box)

    def _paint_aground(self, painter: QPainter, box: QRectF, *, spills: bool) -> None:
        painter.fillRect(box, theme.color("warning-soft" if spills else "surface"))
        edge = theme.color("warning" if spills else "border-strong")
        painter.setPen(QPen(edge, 1.5, Qt.PenStyle.DashLine))
        left, right = box.left(), box.right()
        painter.drawLine(QPointF(left, box.top()), QPointF(right, box.top()))
        painter.drawLine(QPointF(left, box.top()), QPointF(left, box.bottom()))
        painter.drawLine(QPointF(right, box.top()), QPointF(right, box.bottom()))
        name, role = ("warning", "warning") if spills else ("close", "text-muted")
        self._paint_sign(painter, name, role, box)

    def _paint_sign(self, painter: QPainter, name: str, role: str, box: QRectF) -> None:
        place = QPointF(box.center().x() - 10, box.top() + 8)
        painter.drawPixmap(place, icons.pixmap(name, role, 20))

    def _paint_legend(self, painter: QPainter, floor: float) -> None:
        size = language.text().size
        has = size(self._available)
        if self._total:
            has = say("shell.done_of", done=has, total=size(self._total))
        row = QRectF(self.width() - _LEGEND - 12, floor - 22, _LEGEND, 18)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.setPen(theme.color("text"))
        font = theme.font("caption")
        font.setBold(True)
        painter.setFont(font)
        painter.drawText(row, right, has)
        painter.setFont(theme.font("caption"))
        painter.setPen(theme.color("text-muted"))
        name = self._place or say("shell.depth.free")
        painter.drawText(row.translated(0, -16), right, name)
        if any(verdict == "no" for _, _, verdict in self._models):
            top = row.translated(-22, -50)
            painter.drawText(top, right, say("shell.depth.aground"))
            mark = icons.pixmap("close", "text-muted", 16)
            painter.drawPixmap(QPointF(row.right() - 17, top.top() + 1), mark)
