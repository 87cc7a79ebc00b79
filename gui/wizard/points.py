"""A short list of sentences with the same icon before each."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui import icons
from gui.widgets.labels import Label


class Points(QWidget):
    """Empty, it takes no room."""

    def __init__(self, icon: str, role: str, title_role: str = "caption") -> None:
        super().__init__()
        self._icon, self._role = icon, role
        self._title = Label(title_role)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(6)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(7)
        column.addWidget(self._title)
        column.addLayout(self._rows)
        column.addStretch(1)

    def show_points(self, title: str, points: list[str]) -> None:
        self._title.setText(title)
        while (item := self._rows.takeAt(0)) is not None:
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()
        for point in points:
            self._rows.addWidget(self._row(point))
        self.setVisible(bool(points))

    def _row(self, point: str) -> QWidget:
        picture, words_ = QLabel(), Label("body")
        picture.setPixmap(icons.pixmap(self._icon, self._role, 16))
        words_.setText(point)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(words_, 1)
        return holder
