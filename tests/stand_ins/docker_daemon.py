"""A container engine that only says what it is told to: for ages and kinds that are not at hand."""

from __future__ import annotations

import json
import socketserver
import tempfile
import threading
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

VERSION = {
    "Version": "28.1.1",
    "ApiVersion": "1.49",
    "Components": [{"Name": "Engine", "Version": "28.1.1"}],
}
INFO = {
    "OperatingSystem": "Ubuntu 24.04 LTS",
    "DockerRootDir": "/var/lib/docker",
    "SecurityOptions": ["name=seccomp,profile=builtin"],
    "Runtimes": {"runc": {}},
}


class DockerDaemon:
    """Use `with DockerDaemon(version={…}, info={…}) as daemon` and go to `daemon.host`."""

    def __init__(
        self, *, version: dict[str, Any] | None = None, info: dict[str, Any] | None = None
    ) -> None:
        self.replies = {"version": VERSION | (version or {}), "info": INFO | (info or {})}
        self._folder = tempfile.TemporaryDirectory(prefix="d")
        self.host = f"unix://{self._folder.name}/s"
        self._server = _Server(str(Path(self._folder.name) / "s"), _Handler)
        self._server.replies = self.replies

    def __enter__(self) -> DockerDaemon:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._folder.cleanup()


class _Server(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    replies: dict[str, dict[str, Any]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        reply = self.server.replies.get(self.path.rpartition("/")[2])
        body = json.dumps(reply or {"message": "no such page"}).encode()
        self.send_response(200 if reply else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def address_string(self) -> str:
        return "a socket"

    def log_message(self, *_args: object) -> None:
        """Says nothing."""
