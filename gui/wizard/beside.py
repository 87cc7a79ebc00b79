"""Two things beside each other where there is room, and one above the other where there is not."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QWidget

_ROOM = 700  # px; a window of the least size has less


class Beside(QWidget):
    """Side by side each takes its share of the width."""

    def __init__(
        self, first: QWidget, second: QWidget, *, shares: tuple[int, int], gap: int = 12
    ) -> None:
        super().__init__()
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(gap)
        self._row.addWidget(first, shares[0])
        self._row.addWidget(second, shares[1])

    @property
    def stacked(self) -> bool:
        """Whether one stands above the other."""
        return self._row.direction() is QBoxLayout.Direction.TopToBottom

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        narrow = event.size().width() < _ROOM
        if narrow != self.stacked:
            down, across = QBoxLayout.Direction.TopToBottom, QBoxLayout.Direction.LeftToRight
            self._row.setDirection(down if narrow else across)
