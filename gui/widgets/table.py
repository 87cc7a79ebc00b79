"""A picture's numbers as a table: for readers of the screen, and for whoever wants to copy them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.language import say
from gui.widgets.buttons import Button
from gui.widgets.labels import Label

_ROW = 30  # px
_MOST = 420  # px, the highest a table stands before it scrolls
_BESIDE = 16  # px between two columns
_WIDEST = 920  # px; wider ones scroll sideways


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Texts only, as they are read. Each row is as long as the heads."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class TableDialog(QDialog):
    """Escape or Close leaves it. It is thrown away when it is closed."""

    def __init__(self, table: Table, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("table")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(table.title)
        title = Label("heading")
        title.setText(table.title)
        self.grid = QTableWidget(len(table.rows), len(table.heads))
        self.grid.setAccessibleName(table.title)
        self.grid.setHorizontalHeaderLabels(list(table.heads))
        self.grid.verticalHeader().hide()
        self.grid.verticalHeader().setDefaultSectionSize(_ROW)
        head = self.grid.horizontalHeader()
        head.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        head.setStretchLastSection(True)
        head.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.grid.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.grid.setTabKeyNavigation(False)
        self.grid.setShowGrid(False)
        for number, row in enumerate(table.rows):
            for column, words in enumerate(row):
                self.grid.setItem(number, column, QTableWidgetItem(words))
        close = Button("secondary")
        close.setObjectName("close-table")
        close.setText(say("page.plan.how.close"))
        close.clicked.connect(self.accept)
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(close)
        column_ = QVBoxLayout(self)
        column_.setContentsMargins(24, 20, 24, 16)
        column_.setSpacing(12)
        column_.addWidget(title)
        column_.addWidget(self.grid, 1)
        column_.addLayout(foot)
        self.grid.resizeColumnsToContents()
        for column in range(len(table.heads)):
            head.resizeSection(column, head.sectionSize(column) + _BESIDE)
        wide = max(theme.tokens()["size"]["dialog"], head.length() + 90)
        high = min(_MOST, _ROW * (len(table.rows) + 1) + 8)
        self.resize(min(wide, _WIDEST), high + 130)
        close.setFocus()


class Picture(QWidget):
    """A painted widget that says what it shows, and shows it as a table when it is asked to."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the Menu key reaches its table
        theme.watcher().changed.connect(self.update)

    def table(self) -> Table | None:
        """What it shows, or None while there is nothing to show."""
        return None

    def describe(self, name: str, lines: Sequence[str]) -> None:
        """What a screen reader says of it."""
        self.setAccessibleName(name)
        self.setAccessibleDescription("\n".join(lines))

    def show_table(self) -> None:
        """Opens the table. Nothing happens while there is nothing to show."""
        if (table := self.table()) is not None:
            TableDialog(table, self.window()).open()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.table() is None:
            return
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(say("picture.as_table"), self.show_table)
        menu.popup(event.globalPos())
