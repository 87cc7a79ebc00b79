"""A dialog around the error card, for what no page was there to show."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QVBoxLayout, QWidget

from core.errors import AppError
from gui import theme
from gui.language import say
from gui.remedies import Way, way
from gui.widgets.buttons import Button
from gui.widgets.error_card import ErrorCard


class ErrorDialog(QDialog):
    """Shows one error at a time; a second one takes the place of the first.

    The button of the card, where it does more than copy the report, closes the dialog and does
    what the caller gave as `again`.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("window")
        self.setWindowTitle(say("app.name"))
        self.setMinimumWidth(theme.tokens()["size"]["dialog"])
        self._again: Callable[[], object] | None = None
        self.card = ErrorCard()
        self.card.remedy_chosen.connect(self._remedy)
        self._close = Button("secondary")
        self._close.setText(say("shell.close"))
        self._close.clicked.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 20, 20, 20)
        column.setSpacing(16)
        column.addWidget(self.card)
        column.addWidget(self._close, 0, Qt.AlignmentFlag.AlignRight)

    def show_error(self, error: AppError, again: Callable[[], object] | None = None) -> None:
        """Puts the error on the card. The caller shows or executes the dialog."""
        self._again = again
        self.card.show_error(error)

    def _remedy(self, remedy: str) -> None:
        if way(remedy) is Way.REPORT:
            return
        self.accept()
        if self._again is not None:
            self._again()
