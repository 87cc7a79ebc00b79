"""Lines over time with their ranges. Each line carries its name; no two names overlap."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from gui import theme
from gui.widgets.table import Picture, Table

_BAND = 0.16  # how strong the colour of a range is
_UNDER = 20  # px under the plot for the months
_ABOVE = 8  # px above it, half an axis label
_GAP = 8  # px between an axis label and the plot
_AWAY = 4  # px from a line to its name
_MARK = 30  # px, the two lines of a mark
_DOT = 4.5  # px, half a break-even mark
_STEPS = (
    1.0,
    1.2,
    1.6,
    2.0,
    2.4,
    3.0,
    4.0,
    5.0,
    6.0,
    8.0,
    10.0,
)  # a top of which the half is round as well


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: a low and a high value for each step, the first one being the start."""

    name: str
    role: str  # colour role
    values: tuple[tuple[float, float], ...]
    strong: bool = False  # the one it is about: painted last, over the others

    @property
    def middle(self) -> tuple[float, ...]:
        return tuple((low + high) / 2 for low, high in self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A point on the line with this name, with a name in two short lines."""

    line: str
    step: float
    title: str
    more: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What a chart shows, in words that are ready. `lines` None: still loading, grid only."""

    title: str
    lines: tuple[Line, ...] | None
    steps: tuple[str, ...]  # what each step is called
    marks: tuple[Mark, ...] = ()
    empty: str = ""  # the sentence where there is no line
    notes: tuple[str, ...] = ()  # said to a screen reader besides the lines
    first_head: str = ""  # of the table
    value_words: Callable[[float], str] = str  # a value of the axis or of the table


class LineChart(Picture):
    """Shows a `Scene`. What a value is called is asked of the words the scene brings."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scene = Scene(title="", lines=None, steps=("", ""))
        self.labels: dict[str, QRectF] = {}  # where the names were painted
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.setMinimumSize(220, 140)
        self.setMaximumHeight(260)

    def show_scene(self, scene: Scene) -> None:
        """Shows it at once: nothing moves."""
        self._scene = scene
        said = [self._sentence(line) for line in scene.lines or ()]
        self.describe(scene.title, [*(said or [scene.empty]), *scene.notes])
        self.update()

    def table(self) -> Table | None:
        scene = self._scene
        if not scene.lines:
            return None
        rows = [
            (name, *(self._range(line.values[step]) for line in scene.lines))
            for step, name in enumerate(scene.steps)
        ]
        heads = (scene.first_head, *(line.name for line in scene.lines))
        return Table(title=scene.title, heads=heads, rows=tuple(rows))

    def sizeHint(self) -> QSize:
        return QSize(272, 168)

    def _range(self, value: tuple[float, float]) -> str:
        low, high = (self._scene.value_words(edge) for edge in value)
        return low if low == high else f"{low}–{high}"

    def _sentence(self, line: Line) -> str:
        return f"{line.name}: {self._scene.steps[-1]}, {self._range(line.values[-1])}"

    # --- painting --------------------------------------------------------------------------

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.labels = {}
        lines = self._scene.lines
        if lines is not None and not lines:
            painter.setPen(theme.color("text-muted"))
            painter.setFont(theme.font("caption"))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()), flags, self._scene.empty)
            painter.end()
            return
        top = nice_top(max((high for line in lines or () for _, high in line.values), default=0))
        plot = self._paint_grid(painter, top, words=lines is not None)
        if lines:
            ordered = sorted(lines, key=lambda line: line.strong)
            points = {line.name: self._points(line, plot, top) for line in lines}
            for line in ordered:
                self._paint_band(painter, line, plot, top)
            for line in ordered:
                self._paint_line(painter, line, points[line.name])
            taken = [self._paint_mark(painter, mark, points, plot) for mark in self._scene.marks]
            self._paint_names(painter, points, plot, taken)
        painter.end()

    def _paint_grid(self, painter: QPainter, top: float, *, words: bool) -> QRectF:
        """Three lines, the values at their left and the steps below. Returns the plot."""
        font = theme.font("axis")
        painter.setFont(font)
        measure = QFontMetricsF(font)
        named = self._scene.value_words
        values = [named(top * share) if words else "" for share in (1.0, 0.5, 0.0)]
        left = max(measure.horizontalAdvance(value) for value in values) + _GAP if words else 0.0
        plot = QRectF(left, _ABOVE, self.width() - left - 2, self.height() - _ABOVE - _UNDER)
        for number, value in enumerate(values):
            y = int(plot.top() + plot.height() * number / 2) + 0.5  # one sharp row of pixels
            painter.setPen(QPen(theme.color("chart-grid"), 1))
            painter.drawLine(QPointF(plot.left(), y), QPointF(plot.right(), y))
            painter.setPen(theme.color("text-muted"))
            right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
            painter.drawText(QRectF(0, y - 8, left - _GAP, 16), right, value)
        if words:
            self._paint_steps(painter, plot)
        return plot

    def _paint_steps(self, painter: QPainter, plot: QRectF) -> None:
        steps = self._scene.steps
        last = len(steps) - 1
        row = QRectF(plot.left(), plot.bottom() + 5, plot.width(), 14)
        for step, flag in (
            (0, Qt.AlignmentFlag.AlignLeft),
            (last // 2, Qt.AlignmentFlag.AlignHCenter),
            (last, Qt.AlignmentFlag.AlignRight),
        ):
            painter.drawText(row, flag | Qt.AlignmentFlag.AlignVCenter, steps[step])

    def _x(self, step: float, plot: QRectF) -> float:
        return plot.left() + plot.width() * step / max(1, len(self._scene.steps) - 1)

    def _points(self, line: Line, plot: QRectF, top: float) -> list[QPointF]:
        return [
            QPointF(self._x(step, plot), _y(value, plot, top))
            for step, value in enumerate(line.middle)
        ]

    def _paint_band(self, painter: QPainter, line: Line, plot: QRectF, top: float) -> None:
        upper = [
            QPointF(self._x(step, plot), _y(high, plot, top))
            for step, (_, high) in enumerate(line.values)
        ]
        lower = [
            QPointF(self._x(step, plot), _y(low, plot, top))
            for step, (low, _) in enumerate(line.values)
        ]
        fill = QColor(theme.color(line.role))
        fill.setAlphaF(_BAND)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawPolygon(QPolygonF([*upper, *reversed(lower)]))

    def _paint_line(self, painter: QPainter, line: Line, points: list[QPointF]) -> None:
        pen = QPen(theme.color(line.role), 2)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(QPolygonF(points))

    def _paint_mark(
        self, painter: QPainter, mark: Mark, points: dict[str, list[QPointF]], plot: QRectF
    ) -> QRectF:
        """The dot, its way down to the months, and its name. Returns the room they take."""
        place = _between(points[mark.line], mark.step)
        painter.setPen(QPen(theme.color("border-strong"), 1.5, Qt.PenStyle.DashLine))
        painter.drawLine(place, QPointF(place.x(), plot.bottom()))
        painter.setPen(QPen(theme.color("text"), 2))
        painter.setBrush(theme.color("surface"))
        painter.drawEllipse(place, _DOT, _DOT)
        bold, plain = _bold(), theme.font("axis")
        wide = max(
            QFontMetricsF(bold).horizontalAdvance(mark.title),
            QFontMetricsF(plain).horizontalAdvance(mark.more),
        )
        box = _mark_box(place, wide, points, plot)
        right = box.left() > place.x()
        flag = Qt.AlignmentFlag.AlignLeft if right else Qt.AlignmentFlag.AlignRight
        painter.setFont(bold)
        painter.setPen(theme.color("text"))
        painter.drawText(box.adjusted(0, 0, 0, -15), flag, mark.title)
        painter.setFont(plain)
        painter.setPen(theme.color("text-muted"))
        painter.drawText(box.adjusted(0, 15, 0, 0), flag, mark.more)
        dot = QRectF(place.x() - 7, place.y() - 7, 14, 14)
        return box.united(dot)

    def _paint_names(
        self,
        painter: QPainter,
        points: dict[str, list[QPointF]],
        plot: QRectF,
        taken: list[QRectF],
    ) -> None:
        font = _bold()
        painter.setFont(font)
        measure = QFontMetricsF(font)
        lines = sorted(self._scene.lines or (), key=lambda line: points[line.name][-1].y())
        for line in lines:
            size = QSize(int(measure.horizontalAdvance(line.name)) + 2, int(measure.height()))
            box = place_name(size, line.name, points, plot, taken)
            if box is None:
                continue  # the sentence below and the table still name it
            taken.append(box.adjusted(-3, -1, 3, 1))
            self.labels[line.name] = box
            painter.setPen(theme.color(line.role))
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, line.name)


def _mark_box(
    place: QPointF, wide: float, points: dict[str, list[QPointF]], plot: QRectF
) -> QRectF:
    """The corner beside a point with the fewest lines in it; inside the plot."""
    boxes = [
        QRectF(x, y, wide + 1, _MARK)
        for y in (place.y() + 8, place.y() - 10 - _MARK)
        for x in (place.x() + 9, place.x() - 10 - wide)
    ]

    def cost(box: QRectF) -> float:
        outside = not plot.adjusted(0, -_ABOVE, 2, 0).contains(box)
        return 10 * outside + sum(_crosses(box, line) for line in points.values())

    return min(boxes, key=cost)


def place_name(
    size: QSize,
    name: str,
    points: dict[str, list[QPointF]],
    plot: QRectF,
    taken: Sequence[QRectF],
) -> QRectF | None:
    """Where a line's name stands: near the line, over no other name, crossing as few lines as can
    be. None where there is no such place."""
    best: tuple[float, QRectF] | None = None
    wide, high = float(size.width()), float(size.height())
    for share in (1.0, 0.8, 0.6, 0.4, 0.2, 0.0):
        x = plot.left() + (plot.width() - wide) * share
        spans = {line: _span(found, x, x + wide) for line, found in points.items()}
        own_top, own_bottom = spans[name]
        for away in range(_AWAY, int(plot.height()), 4):
            if best is not None and away >= best[0]:
                break  # whatever comes is farther away than the best one is bad
            for y in (own_top - away - high, own_bottom + away):
                box = QRectF(x, y, wide, high)
                if y < plot.top() - _ABOVE or y + high > plot.bottom():
                    continue
                if any(box.intersects(other) for other in taken):
                    continue
                crossed = sum(y - 1 <= low and top <= y + high + 1 for top, low in spans.values())
                cost = crossed * 60 + away + (1 - share) * 6
                if best is None or cost < best[0]:
                    best = (cost, box)
    return best[1] if best else None


def nice_top(highest: float) -> float:
    """The end of an axis: the first round number that is enough, of which half is round too."""
    if not 0 < highest < float("inf"):
        return 1.0
    power = 1.0
    while power * 10 < highest:
        power *= 10
    while power >= highest:
        power /= 10
    return next(step * power for step in _STEPS if step * power >= highest * 0.9999)


def _y(value: float, plot: QRectF, top: float) -> float:
    return plot.bottom() - plot.height() * min(1.0, max(0.0, value / top))


def _between(points: Sequence[QPointF], step: float) -> QPointF:
    if len(points) == 1:
        return points[0]
    first = max(0, min(int(step), len(points) - 2))
    one, two = points[first], points[first + 1]
    return one + (two - one) * (step - first)


def _at(points: Sequence[QPointF], x: float) -> float:
    """The height of a line over x. The steps are equally far apart."""
    first, last = points[0].x(), points[-1].x()
    return _between(points, (x - first) / max(0.001, last - first) * (len(points) - 1)).y()


def _span(points: Sequence[QPointF], left: float, right: float) -> tuple[float, float]:
    """The highest and the lowest place of a line between two x."""
    heights = [_at(points, left + (right - left) * part / 4) for part in range(5)]
    return min(heights), max(heights)


def _crosses(box: QRectF, points: Sequence[QPointF]) -> bool:
    """Whether a line runs through a box."""
    top, bottom = _span(points, box.left(), box.right())
    return box.top() - 1 <= bottom and top <= box.bottom() + 1


def _bold() -> QFont:
    font = theme.font("axis")
    font.setBold(True)
    return font
