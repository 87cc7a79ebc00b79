"""The rail on the left: where the person is, what it costs so far, and the language."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QAbstractButton,
    QFrame,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from core.setup.flow import RailStep, WizardPage, WizardState, rail
from gui.icons import mark, pixmap
from gui.language import say
from gui.theme import color, font
from gui.widgets.buttons import Button
from gui.widgets.cards import line
from gui.widgets.labels import Label
from gui.wizard.step import Safety

RAIL_WIDTH = 216
_SIDE = 8  # px beside the steps, room for the focus ring
_DOT, _PITCH, _LEFT, _TEXT_X = 26, 44, 16 - _SIDE, 54 - _SIDE


class RailButton(QAbstractButton):
    """One step: a numbered dot, a check when it is done, and the line to the next one."""

    def __init__(self, page: WizardPage, number: int, last: bool) -> None:
        super().__init__()
        self.page = page
        self.setObjectName(f"rail-{page.value}")
        self._number = number
        self._last = last
        self._step = RailStep(page=page, state="later", can_go=False)
        self.setFixedHeight(_PITCH)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def show_step(self, step: RailStep) -> None:
        self._step = step
        self.setText(say(f"wizard.rail.{step.page.value}"))
        self.setAccessibleName(say(f"wizard.rail.{step.state}", n=self._number, step=self.text()))
        self.setEnabled(step.can_go)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if step.can_go else Qt.FocusPolicy.NoFocus)
        self.setCursor(
            Qt.CursorShape.PointingHandCursor if step.can_go else Qt.CursorShape.ArrowCursor
        )
        self.update()

    def sizeHint(self) -> QSize:
        text = QFontMetrics(self._font()).horizontalAdvance(self.text())
        return QSize(_TEXT_X + text + 12, _PITCH)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        dot = QRectF(_LEFT, (_PITCH - _DOT) / 2, _DOT, _DOT).adjusted(0.75, 0.75, -0.75, -0.75)
        self._paint_links(painter, dot)
        self._paint_dot(painter, dot)
        strong = self._step.state != "later"
        painter.setPen(color("text" if strong else "text-muted"))
        painter.setFont(self._font())
        area = QRectF(_TEXT_X, 0, self.width() - _TEXT_X, _PITCH)
        if self._step.can_go and self.underMouse():
            painter.setPen(color("accent"))
        painter.drawText(area, Qt.AlignmentFlag.AlignVCenter, self.text())

    def _font(self) -> QFont:
        result = font("strong" if self._step.state == "current" else "body")
        if self._step.state != "current":
            result.setWeight(QFont.Weight.Medium)
        return result

    def _paint_links(self, painter: QPainter, dot: QRectF) -> None:
        painter.setPen(QPen(color("border-button"), 1))
        middle = dot.center().x()
        if self._number > 1:
            painter.drawLine(QPointF(middle, 0), QPointF(middle, dot.top() - 3))
        if not self._last:
            painter.drawLine(QPointF(middle, dot.bottom() + 3), QPointF(middle, _PITCH))

    def _paint_dot(self, painter: QPainter, dot: QRectF) -> None:
        state = self._step.state
        fill, edge, ink = {
            "current": ("accent", "accent", "on-accent"),
            "done": ("accent-soft", "accent-border", "accent"),
            "later": ("sidebar", "border-strong", "text-muted"),
        }[state]
        painter.setPen(QPen(color(edge), 1.25))
        painter.setBrush(color(fill))
        painter.drawEllipse(dot)
        if state == "done":
            mark = pixmap("check", ink, 14)
            at = dot.center() - QPointF(7, 7)
            painter.drawPixmap(QRectF(at.x(), at.y(), 14, 14), mark, QRectF(mark.rect()))
            return
        digits = font("caption")
        digits.setWeight(QFont.Weight.DemiBold)
        painter.setFont(digits)
        painter.setPen(color(ink))
        painter.drawText(dot, Qt.AlignmentFlag.AlignCenter, str(self._number))


class Rail(QFrame):
    """Five steps, the safety line and the language switch."""

    step_pressed = Signal(object)  # WizardPage
    language_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("sidebar")
        self.setFixedWidth(RAIL_WIDTH)
        self.brand = Brand()
        self.buttons = [
            RailButton(step.page, number, last=number == 5)
            for number, step in enumerate(rail(WizardState()), start=1)
        ]
        for button in self.buttons:
            button.clicked.connect(self._pressed)
        self._safety_icon = QLabel()
        self._safety = Label("caption")
        self._safety.setObjectName("safety")
        self.language = Button("quiet", icon="language")
        self.language.setObjectName("language")
        self.language.clicked.connect(self.language_pressed)
        self._lay_out()

    def show_state(self, state: WizardState, safety: Safety) -> None:
        self.brand.render_brand()
        for button, step in zip(self.buttons, rail(state), strict=True):
            button.show_step(step)
        self._safety_icon.setPixmap(pixmap(safety.icon, safety.role, 16))
        self._safety.setText(safety.text)
        self.language.setText(say("wizard.language"))
        self.language.setAccessibleName(say("wizard.language.switch"))
        self.language.setToolTip(say("wizard.language.switch"))

    def _pressed(self) -> None:
        button = self.sender()
        if isinstance(button, RailButton):
            self.step_pressed.emit(button.page)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 18, 1, 12)
        column.setSpacing(0)
        top = QHBoxLayout()
        top.setContentsMargins(20, 0, 16, 12)
        top.addWidget(self.brand)
        column.addLayout(top)
        steps = QVBoxLayout()
        steps.setContentsMargins(_SIDE, 0, _SIDE, 0)
        steps.setSpacing(0)
        for button in self.buttons:
            steps.addWidget(button)
        column.addLayout(steps)
        column.addStretch(1)
        safety = QHBoxLayout()
        safety.setContentsMargins(20, 0, 12, 12)
        safety.setSpacing(8)
        safety.addWidget(self._safety_icon, 0, Qt.AlignmentFlag.AlignTop)
        safety.addWidget(self._safety, 1)
        column.addLayout(safety)
        rule = QHBoxLayout()
        rule.setContentsMargins(16, 0, 16, 6)
        rule.addWidget(line())
        column.addLayout(rule)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 0, 8, 0)
        foot.addWidget(self.language)
        foot.addStretch(1)
        column.addLayout(foot)


class Brand(QWidget):
    """The mark and the name of the app."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._mark = QLabel()
        self._name = Label("heading")
        self._name.setWordWrap(False)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(10)
        row.addWidget(self._mark)
        row.addWidget(self._name)
        row.addStretch(1)

    def render_brand(self) -> None:
        self._mark.setPixmap(mark(28))
        self._name.setText(say("wizard.app"))
