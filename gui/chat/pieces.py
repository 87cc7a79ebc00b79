"""Small parts of a chat: the question's bubble, the row of thoughts, a line that shortens."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFontMetricsF, QPainter, QPainterPath, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui.chat.render import clean
from gui.icons import mark, pixmap
from gui.theme import color, font
from gui.widgets.labels import Label

_BUBBLE_WIDTH = 520
_THOUGHTS_HEIGHT = 240
_PREVIEW_CHARS = 200
_THOUGHTS_CHARS = 12_000  # the end of longer thoughts is shown; laying out more stalls the window


class Elided(QLabel):
    """One line of plain text that ends in … where there is no room.

    It takes the room it is given, or with `most` what its text needs, at most so many pixels.
    """

    def __init__(
        self, role: str = "body", parent: QWidget | None = None, *, most: int | None = None
    ) -> None:
        super().__init__(parent)
        self._most = most
        self._whole = ""
        self.setProperty("textRole", role)
        self.setTextFormat(Qt.TextFormat.PlainText)
        wide = QSizePolicy.Policy.Ignored if most is None else QSizePolicy.Policy.Maximum
        self.setSizePolicy(wide, QSizePolicy.Policy.Preferred)

    def set_whole(self, text: str) -> None:
        self._whole = " ".join(clean(text).split())
        self.setAccessibleName(self._whole)
        self.updateGeometry()
        self._shorten()

    def sizeHint(self) -> QSize:
        self.ensurePolished()  # the style sheet brings the font
        width = self.fontMetrics().horizontalAdvance(self._whole) + 2
        return QSize(min(width, self._most or width), super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(min(40, self.sizeHint().width()), super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._shorten()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._shorten()

    def _shorten(self) -> None:
        mode = Qt.TextElideMode.ElideRight
        shown = self.fontMetrics().elidedText(self._whole, mode, self.contentsRect().width())
        self.setText(shown)
        # A tooltip guesses whether its text is HTML, so it is given HTML with nothing live in it.
        self.setToolTip(f"<qt>{escape(self._whole)}</qt>" if shown != self._whole else "")


class MarkTile(QWidget):
    """The bollard on a soft square: the sign of an answer."""

    def __init__(self, size: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(size, size)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color("accent-soft"))
        radius = self.width() / 4
        painter.drawRoundedRect(QRectF(self.rect()), radius, radius)
        inner = round(self.width() * 0.62)
        edge = (self.width() - inner) // 2
        painter.drawPixmap(edge, edge, mark(inner))


class Bubble(QFrame):
    """What the person wrote, at the right, as plain text."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._label = Label("body")
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._label.setObjectName("question")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 10, 14, 10)
        layout.addWidget(self._label)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Minimum)

    def say(self, text: str) -> None:
        self._label.setText(text)
        # A wrapping label asks for a square; the bubble is as wide as its longest line instead.
        metrics = QFontMetricsF(self._label.font())
        widest = max((metrics.horizontalAdvance(line) for line in text.splitlines()), default=0)
        self.setFixedWidth(min(_BUBBLE_WIDTH, int(widest) + 36))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        path = QPainterPath()
        path.addRoundedRect(box, 12, 12)
        corner = QPainterPath()  # the corner towards its writer stays almost square
        corner.addRoundedRect(QRectF(box.right() - 20, box.bottom() - 20, 20, 20), 3, 3)
        painter.setPen(QPen(color("accent-border"), 1))
        painter.setBrush(color("accent-soft"))
        painter.drawPath(path.united(corner))


class ThinkHead(QAbstractButton):
    """One line: how long it thought, how the thought began, and an arrow that opens it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setCheckable(True)
        self.setObjectName("think")
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._preview = ""
        self.can_open = False

    def show_state(self, text: str, preview: str, *, can_open: bool) -> None:
        self.setText(text)
        self._preview = " ".join(clean(preview[:_PREVIEW_CHARS]).split())
        self.can_open = can_open
        self.setEnabled(can_open)
        self.setAccessibleName(text)
        self.setAccessibleDescription(self._preview)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        words = QFontMetricsF(font("strong")).horizontalAdvance(self.text())
        more = QFontMetricsF(font("small")).horizontalAdvance(self._preview)
        width = 14 + 16 + 8 + words + (8 + more if more else 0) + (8 + 16 if self.can_open else 0)
        return QSize(min(496, int(width) + 15), 34)

    def minimumSizeHint(self) -> QSize:
        return QSize(160, 34)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        hot = self.underMouse() and self.isEnabled()
        painter.setPen(QPen(color("focus" if self.hasFocus() else "border"), 1))
        painter.setBrush(color("surface-hover" if hot else "surface-sunken"))
        painter.drawRoundedRect(box, 8, 8)
        painter.drawPixmap(13, self.height() // 2 - 8, pixmap("think", "text-muted", 16))
        end = self.width() - 14
        if self.can_open:
            arrow = "chevron-up" if self.isChecked() else "chevron-down"
            painter.drawPixmap(end - 16, self.height() // 2 - 8, pixmap(arrow, "text-muted", 16))
            end -= 24
        start = self._write(painter, "strong", "text", self.text(), 38, end)
        self._write(painter, "small", "text-muted", self._preview, start + 8, end)

    def _write(
        self, painter: QPainter, role: str, ink: str, text: str, start: int, end: int
    ) -> int:
        """Writes one piece between two x positions and returns where it ended."""
        face = font(role)
        metrics = QFontMetricsF(face)
        room = max(0, end - start)
        shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        painter.setFont(face)
        painter.setPen(color(ink))
        box = QRectF(start, 0, room, self.height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignVCenter), shown)
        return start + int(metrics.horizontalAdvance(shown))


class Thoughts(QPlainTextEdit):
    """Reasoning as plain text in a well that scrolls by itself."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("thoughts")
        self.setReadOnly(True)
        self.setFixedHeight(60)
        self._shown = ""

    def show_text(self, text: str) -> None:
        text = clean(text.strip()[-_THOUGHTS_CHARS:])
        if text == self._shown:
            return
        bar = self.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        if text.startswith(self._shown):
            cursor = self.textCursor()
            cursor.movePosition(cursor.MoveOperation.End)
            cursor.insertText(text[len(self._shown) :])
        else:
            self.setPlainText(text)
        self._shown = text
        self._fit()
        if at_end:
            bar.setValue(bar.maximum())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        lines = int(self.document().size().height())  # a plain text document counts in lines
        wanted = lines * self.fontMetrics().lineSpacing() + 24
        self.setFixedHeight(max(44, min(_THOUGHTS_HEIGHT, wanted)))


class ThinkRow(QFrame):
    """The head, and under it the reasoning as plain text, at most 240 px high."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.head = ThinkHead(self)
        self.thoughts = Thoughts(self)
        self.thoughts.setVisible(False)
        line = QHBoxLayout()
        line.addWidget(self.head)
        line.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(line)
        column.addWidget(self.thoughts)
        self._reasoning = ""
        self.head.toggled.connect(self._open)

    def show_state(self, text: str, reasoning: str) -> None:
        self._reasoning = reasoning
        self.head.show_state(
            text, reasoning[: 2 * _PREVIEW_CHARS].lstrip(), can_open=bool(reasoning)
        )
        if self.head.isChecked():
            self.thoughts.show_text(reasoning)

    def _open(self, is_open: bool) -> None:
        if is_open:
            self.thoughts.show_text(self._reasoning)
        self.thoughts.setVisible(is_open)
