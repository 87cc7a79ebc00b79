"""The only widget that shows an error: what happened, what it means, what we can do."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QWidget

from core.errors import AppError
from gui import language, theme
from gui.language import say
from gui.page import announce
from gui.report import redact, report_text
from gui.widgets.buttons import Button
from gui.widgets.cards import Card, line
from gui.widgets.labels import Label, Tile

_REPORT = "save_report"
_THANKS_MS = 2500  # how long "Copied" stays on the button


class ErrorCard(Card):
    """Hidden until `show_error`. `remedy_chosen(code)` when the person presses its button.

    The remedy `save_report` it carries out itself: it puts the report on the clipboard.
    """

    remedy_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("warning", True, parent)
        self.error: AppError | None = None
        self.setObjectName("error-card")
        self._tile = Tile("warning", "warning")
        self._title = Label("heading")
        self._names = [Label("caption", wrap=False) for _ in range(3)]
        self._sentences = [Label("body") for _ in range(3)]
        self.button = Button("primary", "large")
        self.button.setObjectName("remedy")
        self._details = Button("quiet", "small", "chevron-right")
        self._copy = Button("quiet", "small", "copy")
        self._raw = Label("mono").selectable()
        self._thanks = QTimer(self, singleShot=True, interval=_THANKS_MS)
        self._lay_out()
        self.button.clicked.connect(self._choose)
        self._details.clicked.connect(self._fold)
        self._copy.clicked.connect(self._copy_report)
        self._thanks.timeout.connect(self._show)
        language.watcher().changed.connect(self._show)
        theme.watcher().changed.connect(self._show)
        self.hide()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(12)
        head.addWidget(self._tile)
        head.addWidget(self._title, 1)
        rows = QGridLayout()
        rows.setHorizontalSpacing(20)
        rows.setVerticalSpacing(12)
        rows.setColumnMinimumWidth(0, 104)
        rows.setColumnStretch(1, 1)
        for number, (name, sentence) in enumerate(zip(self._names, self._sentences, strict=True)):
            rows.addWidget(name, number, 0, Qt.AlignmentFlag.AlignTop)
            rows.addWidget(sentence, number, 1)
        rows.addWidget(self.button, 3, 1, Qt.AlignmentFlag.AlignLeft)
        foot = QHBoxLayout()
        foot.addWidget(self._details)
        foot.addStretch(1)
        foot.addWidget(self._copy)
        self.body.setSpacing(14)
        self.body.addLayout(head)
        self.body.addLayout(rows)
        self.body.addWidget(line())
        self.body.addLayout(foot)
        self.body.addWidget(self._raw)
        self._raw.hide()

    def show_error(self, error: AppError) -> None:
        """Shows the card and says its title to a screen reader."""
        self.error = error
        self._raw.hide()
        self.button.set_busy(False)
        self._show()
        self.show()
        announce(self, self._title.text())

    def clear(self) -> None:
        """Takes the card away."""
        self.error = None
        self.hide()

    def _show(self) -> None:
        if self.error is None:
            return
        card = language.text().error(self.error)
        self._title.setText(card["title"])
        names = ("shell.error.happened", "shell.error.means", "shell.error.remedy")
        for label, code in zip(self._names, names, strict=True):
            label.setText(say(code))
        for label, key in zip(self._sentences, ("happened", "means", "remedy"), strict=True):
            label.setText(card[key])
        self.button.setText(card["button"])
        self.button.setVisible(bool(card["button"]))
        self._raw.setText(redact(self.error.detail))
        self._details.setText(say("shell.details"))
        self._details.setVisible(bool(self.error.detail))
        folded = self._raw.isHidden()
        self._details.set_icon("chevron-right" if folded else "chevron-down")
        copied = self._thanks.isActive()
        only_report = self.error.remedy == _REPORT and bool(card["button"])
        self._copy.setVisible(not only_report)
        if only_report:
            self.button.set_icon("check" if copied else "copy")
            self.button.setText(say("shell.copied") if copied else card["button"])
        else:
            self.button.set_icon(None)
        self._copy.setText(say("shell.copied" if copied else "shell.copy_report"))
        self._copy.set_icon("check" if copied else "copy")
        self.setAccessibleName(card["title"])

    def _choose(self) -> None:
        if self.error is None:
            return
        if self.error.remedy == _REPORT:
            self._copy_report()
        self.remedy_chosen.emit(self.error.remedy)

    def _fold(self) -> None:
        self._raw.setVisible(self._raw.isHidden())
        self._show()

    def _copy_report(self) -> None:
        if self.error is not None:
            QGuiApplication.clipboard().setText(report_text(self.error, language.text()))
            self._thanks.start()
            self._show()
