"""Python's cycle collector, kept on the GUI thread.

By itself it runs on whichever thread happens to allocate. Where it finds a forgotten widget it
then destroys that widget on a worker thread, which Qt does not survive: seen as a deadlock in the
tests of `Task`. So it is switched off and run from here.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_EVERY_MS = 2_000


class Collector(QObject):
    """Collects on the thread it was made on, as often as Python itself would have."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self.look)
        self._timer.start(_EVERY_MS)

    def look(self) -> None:
        """Collects the generations whose time has come."""
        due = [
            generation
            for generation, (count, limit) in enumerate(
                zip(gc.get_count(), gc.get_threshold(), strict=True)
            )
            if count > limit
        ]
        if due:
            gc.collect(max(due))
