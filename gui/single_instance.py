"""One window for one state folder: a second start raises the first and goes away."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QLockFile, QObject, Signal

if TYPE_CHECKING:  # the network library is loaded after the first frame
    from PySide6.QtNetwork import QLocalServer, QLocalSocket

_log = logging.getLogger(__name__)
_SHORT = 96  # characters; a socket's path may have about 104 on macOS
_ASK_S = 3.0  # how long a second start tries to reach the first, which may just be starting
_LONGEST = 512  # bytes of one message


class SingleInstance(QObject):
    """`claim()` says whether we are the first; then `listen()`, and `raised` for a later start."""

    raised = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._lock = QLockFile(str(folder / "window.lock"))
        self._lock.setStaleLockTime(0)  # a lock never ages; only its dead owner frees it
        self._server: QLocalServer | None = None

    @property
    def name(self) -> str:
        """Where the first instance listens: in the private folder, if its path is short enough."""
        path = str(self._folder / "window.sock")
        if sys.platform == "win32" or len(os.fsencode(path)) > _SHORT:
            import hashlib

            digest = hashlib.sha256(os.fsencode(self._folder)).hexdigest()[:20]
            return f"deepberth-{digest}"
        return path

    def claim(self) -> bool:
        """True for the first. Where no lock can be made at all, everybody is the first.

        A folder that cannot be made is no matter of ours: whoever writes into it says so.
        """
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._lock.tryLock(0):
            return True
        return self._lock.error() != QLockFile.LockError.LockFailedError

    def ask_first(self) -> bool:
        """Asks the first instance to show itself; False when it does not answer."""
        from PySide6.QtNetwork import QLocalSocket

        _let_it_come_forward()
        until = time.monotonic() + _ASK_S
        while time.monotonic() < until:
            socket = QLocalSocket()
            socket.connectToServer(self.name)
            if socket.waitForConnected(200):
                token = os.environ.get("XDG_ACTIVATION_TOKEN", "")
                socket.write(f"raise {token}".encode()[: _LONGEST - 1] + b"\n")
                answered = socket.waitForReadyRead(2000)
                socket.disconnectFromServer()
                return answered
            time.sleep(0.05)
        return False

    def release(self) -> None:
        """Stops listening and frees the lock."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def listen(self) -> None:
        """From now on later starts are heard; they keep trying for a while before this."""
        from PySide6.QtNetwork import QLocalServer

        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(self.name)  # left behind by one that was killed
        if not server.listen(self.name):
            _log.warning("A second start cannot raise this window: %s", server.errorString())
            return
        server.newConnection.connect(self._greet)
        self._server = server

    def _greet(self) -> None:
        while self._server is not None and (socket := self._server.nextPendingConnection()):
            socket.setParent(self)
            socket.readyRead.connect(self._hear)
            socket.disconnected.connect(socket.deleteLater)
            if socket.bytesAvailable():
                self._answer(socket)

    def _hear(self) -> None:
        self._answer(self.sender())  # type: ignore[arg-type]

    def _answer(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > _LONGEST:
                socket.abort()
            return
        line = bytes(socket.readLine(_LONGEST).data()).decode(errors="replace").strip()
        word, _, token = line.partition(" ")
        if word == "raise":
            if token:  # Wayland shows a window only to who holds the token of the click
                os.environ["XDG_ACTIVATION_TOKEN"] = token
            socket.write(b"ok\n")
            socket.flush()
            self.raised.emit()
        socket.disconnectFromServer()


def _let_it_come_forward() -> None:
    """Windows lets only the process with the last click raise a window: pass that right on."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.user32.AllowSetForegroundWindow(-1)
