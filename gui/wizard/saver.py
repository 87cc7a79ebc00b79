"""Keeps the page and the answers on disk while the person walks, without making them wait."""

from __future__ import annotations

from PySide6.QtCore import QObject

from core.assembly import Assembly
from core.progress import CancelToken
from core.settings import Settings
from gui.tasks import Task


class Saver(QObject):
    """Writes settings one after the other; of those that wait, only the last is written.

    A failed write is not shown: the walk goes on, only coming back to the same page is lost, and
    whatever filled the disk shows up as an error card of the download anyway.
    """

    def __init__(self, assembly: Assembly, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._assembly = assembly
        self._task: Task | None = None
        self._waiting: Settings | None = None
        self._last: Settings | None = None  # given and not yet known to be written

    @property
    def busy(self) -> bool:
        return self._task is not None

    @property
    def latest(self) -> Settings:
        """What will be on the disk when all is written: changes begin from this."""
        return self._last or self._assembly.settings

    def save(self, settings: Settings) -> None:
        if settings == self.latest:
            return
        self._last = self._waiting = settings
        self._write()

    def _write(self) -> None:
        if self._task is not None or self._waiting is None:
            return
        settings, self._waiting = self._waiting, None

        def write(_report: object, _token: CancelToken) -> None:
            self._assembly.save(settings)

        self._task = Task(write, self)
        self._task.finished.connect(self._written)
        self._task.start()

    def _written(self) -> None:
        if self._task is not None:
            self._task.deleteLater()
            self._task = None
        if self._waiting is None:
            self._last = None
        self._write()
