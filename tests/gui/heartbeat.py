"""Measures how long the GUI thread keeps a person waiting."""

from __future__ import annotations

import time
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtTest import QTest


class Heartbeat(QObject):
    """Beats every few milliseconds on the GUI thread; a late beat is a wait for the person."""

    def __init__(self) -> None:
        super().__init__()
        self.worst: dict[str, float] = {}
        self.where = ""
        self._last = time.thread_time()
        self._timer = QTimer(self, interval=5)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()

    def enter(self, where: str) -> None:
        """What follows is told under this name."""
        self._beat()
        self.where = where

    def during(self, where: str, act: Callable[[], object], wait_ms: int = 200) -> None:
        """Does something, and what comes of it, under this name."""
        self.enter(where)
        act()
        QTest.qWait(wait_ms)
        self.enter("")

    @property
    def told(self) -> dict[str, int]:
        """The longest wait under each name, in ms."""
        return {name: round(gap * 1000) for name, gap in self.worst.items() if name}

    def slow(self, longest_s: float) -> dict[str, int]:
        """What took longer."""
        return {name: gap for name, gap in self.told.items() if gap > longest_s * 1000}

    def _beat(self) -> None:
        now = time.thread_time()
        gap = now - self._last
        self.worst[self.where] = max(gap, self.worst.get(self.where, 0.0))
        self._last = now
