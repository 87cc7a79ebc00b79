"""A slim line above the pages: another model is on its way, how far it is, and what it will do."""

from __future__ import annotations

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from gui import language
from gui.coming import Coming
from gui.language import say, text
from gui.page import announce
from gui.widgets.cards import Note

_TONES = {"failed": "warning", "done": "success"}
_DONE_MS = 60_000  # how long "it is ready" stays


class ComingNote(QWidget):
    """Hidden while nothing is on its way. The button leads to the page that shows the progress."""

    pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._coming: Coming | None = None
        self._note = Note()
        self._note.button.setObjectName("see-progress")
        self._note.pressed.connect(self._press)
        column = QVBoxLayout(self)
        column.setContentsMargins(20, 12, 20, 0)
        column.addWidget(self._note)
        self._over = QTimer(self, singleShot=True, interval=_DONE_MS)
        self._over.timeout.connect(lambda: self.show_coming(None))
        language.watcher().changed.connect(self._show)
        self.hide()

    @property
    def under_way(self) -> bool:
        """Whether something is still to come."""
        return self._coming is not None and self._coming.state != "done"

    def show_coming(self, coming: Coming | None) -> None:
        before, self._coming = self._coming, coming
        self._show()
        if coming is None or coming.state != "done":
            self._over.stop()
        elif before is None or before.state != "done":
            self._over.start()
        if coming is not None and (before is None or before.state != coming.state):
            announce(self, self.text())

    def text(self) -> str:
        """The sentence it shows."""
        return self._note.text()

    def _show(self) -> None:
        coming = self._coming
        self.setVisible(coming is not None)
        if coming is None:
            return
        self._note.set_tone(_TONES.get(coming.state, "info"))
        params = {"model": coming.model, "percent": text().number(int(coming.share * 100))}
        code = f"home.coming.{coming.state}"
        if coming.state == "fetching" and coming.left_s is not None:
            code, params["time"] = f"{code}.left", text().seconds(coming.left_s)
        button = say("home.coming.result" if coming.state == "done" else "home.coming.progress")
        self._note.say(say(code, **params), button)

    def _press(self) -> None:
        if self._coming is not None and self._coming.state == "done":
            self.show_coming(None)
        self.pressed.emit()
