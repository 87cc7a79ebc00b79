"""Nothing that goes wrong stays silent: a log file, a fault file and one card for the person."""

from __future__ import annotations

import faulthandler
import logging
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, TextIO

from PySide6.QtCore import QMessageLogContext, QObject, QtMsgType, Signal, qInstallMessageHandler

from core.errors import AppError
from gui.report import one_line, redact

_log = logging.getLogger(__name__)
_MAX_BYTES = 1_000_000  # a log this big is put aside at the next start, one old one is kept
# Said by platforms without window managers, for each window; of no use to anybody.
_IGNORED = ("This plugin does not support",)
_open: list[TextIO] = []
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class _Redacting(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return redact(super().format(record))


def write_down(folder: Path) -> None:
    """Keeps a log and a file for hard crashes in `folder`. Works without them if it must."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handler = logging.FileHandler(_room(folder / "window.log"), encoding="utf-8")
        faults = (folder / "crash.log").open("a", encoding="utf-8")
    except OSError:
        _log.warning("No log can be written to the log folder")
        return
    handler.setFormatter(_Redacting("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    faulthandler.enable(faults)
    _open.append(faults)  # faulthandler keeps only its number
    qInstallMessageHandler(_qt_says)


def let_go() -> None:
    """Gives Qt's messages and hard crashes back to whoever had them, for tests."""
    qInstallMessageHandler(None)
    faulthandler.disable()
    while _open:
        _open.pop().close()


def _room(path: Path) -> Path:
    if path.exists() and path.stat().st_size > _MAX_BYTES:
        path.replace(path.with_suffix(".old.log"))
    return path


def _qt_says(kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    if not message.startswith(_IGNORED):
        logging.getLogger("qt").log(_LEVELS.get(kind, logging.WARNING), message)


class Reporter(QObject):
    """Brings an unexpected exception of any thread to the GUI thread, once for each kind."""

    _seen = Signal(object)

    def __init__(self, show: Callable[[AppError], None]) -> None:
        super().__init__()
        self._show = show
        self._told: set[str] = set()
        self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
        self._seen.connect(self._tell)

    def hook(self) -> None:
        sys.excepthook = self._from_slot
        threading.excepthook = self._from_thread
        sys.unraisablehook = self._unraisable

    def release(self) -> None:
        """Gives the hooks back, for the end of the program and for tests."""
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._before

    def _from_slot(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if issubclass(kind, KeyboardInterrupt):
            self._before[0](kind, error, trace)
            return
        _log.error("Unexpected", exc_info=(kind, error, trace))
        self._seen.emit(error)

    def _from_thread(self, found: threading.ExceptHookArgs) -> None:
        error = found.exc_value
        if error is not None and not isinstance(error, SystemExit):
            self._from_slot(found.exc_type, error, found.exc_traceback)

    def _unraisable(self, found: Any) -> None:
        # Nobody waits for what was being torn down: the log is enough.
        error = found.exc_value
        _log.error("Unraisable: %s", one_line(error) if error else found.err_msg)

    def _tell(self, error: BaseException) -> None:
        line = one_line(error)
        if line in self._told:
            return
        self._told.add(line)
        known = isinstance(error, AppError)
        self._show(error if known else AppError("unexpected", detail=line))  # type: ignore[arg-type]


def catch_all(show: Callable[[AppError], None]) -> Reporter:
    """From now on every exception that nobody caught is logged and shown."""
    reporter = Reporter(show)
    reporter.hook()
    return reporter
