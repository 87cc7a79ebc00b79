"""A registry of our own on loopback. Engines trust one there without a certificate."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from tests.bench import processes, tools


class Registry:
    """Use `with Registry() as registry`."""

    def __init__(self) -> None:
        tools.need("docker-registry")
        self.folder = Path(tempfile.mkdtemp(prefix="dbench-"))
        self.log = self.folder / "registry.log"
        self.address = f"127.0.0.1:{_free_port()}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Registry:
        config = self.folder / "registry.yml"
        config.write_text(
            "version: 0.1\n"
            f"storage: {{filesystem: {{rootdirectory: {self.folder}/data}}}}\n"
            f"http: {{addr: '{self.address}'}}\n"
        )
        command = [tools.tool("docker-registry"), "serve", str(config)]
        self._process = processes.start(command, self.log)
        processes.until(self._answers, self._process, self.log)
        return self

    def __exit__(self, *_error: object) -> None:
        if self._process is not None:
            processes.end(self._process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def fetched(self) -> list[str]:
        """The digests of all layers and configurations that were asked for, in order."""
        marker = '"GET /v2/'
        lines = [line for line in self.log.read_text().splitlines() if marker in line]
        return [line.split("/blobs/")[1].split()[0] for line in lines if "/blobs/" in line]

    def spoil(self, at_least_bytes: int) -> None:
        """Turns over one byte in the middle of each stored piece of that size or more."""
        for piece in (self.folder / "data").rglob("blobs/sha256/*/*/data"):
            size = piece.stat().st_size
            if size >= at_least_bytes:
                with piece.open("r+b") as file:
                    file.seek(size // 2)
                    (old,) = file.read(1)
                    file.seek(size // 2)
                    file.write(bytes([old ^ 1]))

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://{self.address}/v2/", timeout=1):
                return True
        except (urllib.error.URLError, OSError):
            return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
