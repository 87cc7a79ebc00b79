"""The ring around what has the focus, shown once somebody uses the keyboard."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import (
    QApplication,
    QFocusFrame,
    QProxyStyle,
    QStyle,
    QStyleOption,
    QWidget,
)

from gui import theme

_OUT = 4  # px from the widget's edge to the outer edge of the ring: 2 gap, 2 line
_RADIUS = 11.0  # control radius + 3


class _Margins(QProxyStyle):
    """Says how far the ring stands off. Only the ring has this style, so it costs nothing."""

    def pixelMetric(
        self,
        metric: QStyle.PixelMetric,
        option: QStyleOption | None = None,
        widget: QWidget | None = None,
    ) -> int:
        if metric in (
            QStyle.PixelMetric.PM_FocusFrameHMargin,
            QStyle.PixelMetric.PM_FocusFrameVMargin,
        ):
            return _OUT
        return super().pixelMetric(metric, option, widget)


class FocusRing(QFocusFrame):
    """One for the application; it follows the focus. A style sheet cannot draw this gap."""

    def __init__(self, app: QApplication) -> None:
        super().__init__()
        self._style = _Margins("Fusion")
        self._style.setParent(app)
        self.setStyle(self._style)
        app.focusChanged.connect(self._follow)

    def _follow(self, _old: QWidget | None, now: QWidget | None) -> None:
        keyboard = now is not None and now.window().testAttribute(
            Qt.WidgetAttribute.WA_KeyboardFocusChange
        )
        target = now if keyboard else None
        if target is not None and target.property("ring") == "parent":
            target = target.parentWidget()
        if target is not None and target.property("ring") == "none":
            target = None
        self.setWidget(target)  # type: ignore[arg-type]

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("focus"), 2))
        radius = min(_RADIUS, self.height() / 2)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)
        painter.end()
