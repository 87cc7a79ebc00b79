"""The only bridge between the windows and other threads.

A `Task` runs one blocking core function on one daemon thread and hands what it reports back on
the GUI thread. The thread never touches a QObject that somebody may destroy: it fills a plain
`_Run` and rings `_bell`, which lives as long as the process.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QCoreApplication, QObject, QTimer, Signal, Slot

from core.errors import AppError
from core.progress import Cancelled, CancelToken, Progress
from gui.immortal import keep_true
from gui.report import one_line

keep_true()

_log = logging.getLogger(__name__)

Work = Callable[[Callable[[Any], None], CancelToken], object]
_BATCH_S = 0.05  # one screen update for everything that came within this time
_QUIT_S = 2.0  # how long quitting waits for all threads together


class _Run:
    """What the thread and its Task share. `lock` guards what both of them write."""

    def __init__(self, task: Task) -> None:
        self.lock = threading.Lock()
        self.token = CancelToken()
        self.task: Task | None = task
        self.progress: dict[str, Progress] = {}
        self.records: list[object] = []
        self.outcome: tuple[str, object] | None = None
        self.rung = False
        self.thread: threading.Thread | None = None

    def report(self, record: object) -> None:
        """Called on the worker thread. Progress is merged, anything else is kept in order."""
        with self.lock:
            if self.task is None:
                return
            if isinstance(record, Progress):
                self.progress.pop(record.step, None)
                self.progress[record.step] = record
            else:
                self.records.append(record)
            ring, self.rung = not self.rung, True
        if ring:
            _ring(self)

    def end(self, kind: str, value: object) -> None:
        """Called on the worker thread, once."""
        outcome = (kind, value)
        with self.lock:
            self.outcome = outcome
            self.rung = True
        _ring(self)

    def take(self) -> tuple[list[Progress], tuple[object, ...], tuple[str, object] | None]:
        """Called on the GUI thread: everything that has arrived since the last time."""
        with self.lock:
            taken = list(self.progress.values()), tuple(self.records), self.outcome
            self.progress.clear()
            self.records.clear()
            self.rung = False
        return taken

    def forget(self, _destroyed: object = None) -> None:
        """The Task is gone: stop the work, deliver nothing more.

        Takes no lock: a Task may be destroyed at any moment, also while this thread holds it.
        """
        self.task = None
        self.token.cancel()


class _Bell(QObject):
    """Carries "something has arrived" to the GUI thread. Made there, never destroyed."""

    rung = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.rung.connect(self._hear)

    @Slot(object)
    def _hear(self, run: _Run) -> None:
        if run.task is not None:
            run.task._arrived()


_bell: _Bell | None = None
_running: set[_Run] = set()


def _ring(run: _Run) -> None:
    if _bell is not None:
        _bell.rung.emit(run)


def _work(run: _Run, function: Work) -> None:
    try:
        result = function(run.report, run.token)
    except Cancelled:
        run.end("cancelled", None)
    except AppError as error:
        # What a cancelled call tears down on its way out is no news to the person.
        run.end("cancelled", None) if run.token.cancelled else run.end("failed", error)
    except Exception as error:
        _log.exception("A task failed in a way nobody foresaw")
        run.end("failed", AppError("unexpected", detail=one_line(error)))
    else:
        run.end("succeeded", result)
    finally:
        _running.discard(run)


class Task(QObject):
    """One run of `function(report, token)` on its own daemon thread.

    Made on the GUI thread, as a child of what shows its results: when that is destroyed, the work
    is cancelled and nothing more is delivered. `received` carries a tuple of the reported records
    that are no Progress, in order. After exactly one of `succeeded`, `failed` and `cancelled`
    comes `finished`.
    """

    progressed = Signal(object)
    received = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    finished = Signal()

    def __init__(self, function: Work, parent: QObject | None = None) -> None:
        super().__init__(parent)
        global _bell
        if _bell is None:
            _bell = _Bell()
            if app := QCoreApplication.instance():
                app.aboutToQuit.connect(cancel_all)
        self._function = function
        self._run = _Run(self)
        self._delivered_at = 0.0
        self._over = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._deliver)
        self.destroyed.connect(self._run.forget)

    @property
    def running(self) -> bool:
        """Whether it has started and has not yet delivered its outcome."""
        return self._run.thread is not None and not self._over

    def start(self) -> Task:
        """Starts the thread. A Task runs once. Returns itself, to be kept in one line."""
        if self._run.thread is not None:
            raise RuntimeError("a Task runs once")
        thread = threading.Thread(
            target=_work, args=(self._run, self._function), name="deepberth-task", daemon=True
        )
        self._run.thread = thread
        _running.add(self._run)
        thread.start()
        return self

    def cancel(self) -> None:
        """Asks the work to stop and returns at once; `cancelled` follows."""
        self._run.token.cancel()

    def _arrived(self) -> None:
        wait_s = self._delivered_at + _BATCH_S - time.monotonic()
        if wait_s <= 0 or self._run.outcome is not None:
            self._deliver()
        elif not self._timer.isActive():
            self._timer.start(int(wait_s * 1000) + 1)

    def _deliver(self) -> None:
        self._timer.stop()
        self._delivered_at = time.monotonic()
        progress, records, outcome = self._run.take()
        run = self._run  # a slot below may destroy this Task; then run.task is None
        for one in progress:
            self.progressed.emit(one)
            if run.task is None:
                return
        if records:
            self.received.emit(records)
        if outcome is None or run.task is None:
            return
        kind, value = outcome
        self._over = True
        getattr(self, kind).emit(*([] if kind == "cancelled" else [value]))
        if run.task is not None:
            self.finished.emit()
        run.task = None  # no ring of references stays behind


def cancel_all(wait_s: float = _QUIT_S) -> None:
    """Cancels every running task and waits for all of them together, at most `wait_s` seconds."""
    until = time.monotonic() + wait_s
    runs = list(_running)
    for run in runs:
        run.forget()
    for run in runs:
        if run.thread is not None:
            run.thread.join(max(0.0, until - time.monotonic()))
