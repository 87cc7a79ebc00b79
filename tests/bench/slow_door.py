"""A door before a server on loopback that lets through only so many bytes a second."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


class SlowDoor:
    """Use `with SlowDoor("127.0.0.1:5000", 200_000) as door` and go to `door.address`.

    `from_server` counts the bytes that came through. `shut` cuts all connections at once.
    """

    def __init__(self, target: str, bytes_per_s: int) -> None:
        host, _, port = target.partition(":")
        self._target = (host, int(port))
        self._bytes_per_s = bytes_per_s
        self._server = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = []
        self.address = f"127.0.0.1:{self._server.getsockname()[1]}"
        self.from_server = 0

    def __enter__(self) -> SlowDoor:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.close()
        self.shut()

    def shut(self) -> None:
        for one in self._sockets:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._sockets.clear()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                server = socket.create_connection(self._target)
                self._sockets += [client, server]
                for source, target, slow in ((client, server, False), (server, client, True)):
                    threading.Thread(
                        target=self._pass_on, args=(source, target, slow), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, slow: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(16_384):
                target.sendall(data)
                if slow:
                    self.from_server += len(data)
                    time.sleep(len(data) / self._bytes_per_s)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)
