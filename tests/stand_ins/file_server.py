"""A server of files on loopback that understands ranges, counts what it sends, and can misbehave.

It stands in for a model hub: the same paths, redirects and lists of files. Each path has its own
`Behaviour`, which may change while a client is being served.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_BLOCK = 64 * 1024
_Read = Callable[[int, int], bytes]


@dataclass(kw_only=True)
class Behaviour:
    """How a path is served. The default is a good server."""

    status: int = 200  # anything else is sent with a short text and no file
    ignore_range: bool = False  # always the whole file with 200
    wrong_range: bool = False  # 206 with a Content-Range that was not asked for
    cut_after: int | None = None  # bytes of each reply, then the connection is closed
    stall_after: int | None = None  # bytes of each reply, then silence
    silent: bool = False  # not even a head comes
    truncate_to: int | None = None  # the file is this short, and the server says so
    extra: bytes = b""  # sent after the file, which is declared that much longer
    html: bool = False  # a sign-in page with 200
    flip_at: int | None = None  # the byte at this place is another one
    bytes_per_s: float | None = None
    etag: str | None = '"one"'
    chunked: bool = False  # no Content-Length
    redirect: str | None = None
    retry_after: str | None = None
    times: int | None = None  # misbehave so many times, then be good


class FileServer:
    """Serves byte strings and files by path: `with FileServer() as server: server.add(...)`."""

    def __init__(self, port: int = 0) -> None:
        self.files: dict[str, bytes | Path] = {}
        self.behaviours: dict[str, Behaviour] = {}
        self.sent: Counter[str] = Counter()  # body bytes by path
        self.requests: list[tuple[str, str, dict[str, str]]] = []  # method, path, headers
        self._stopping = threading.Event()
        self._http = _Http(("127.0.0.1", port), _Handler)
        self._http.owner = self
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> FileServer:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._http.server_address[1]}"

    def add(
        self, path: str, content: bytes | Path | str, behaviour: Behaviour | None = None
    ) -> str:
        """Serves `content` at `path` (which begins with /). Returns its address."""
        self.files[path] = content.encode() if isinstance(content, str) else content
        self.behaviours[path] = behaviour or Behaviour()
        return self.url + path

    def add_model(
        self,
        repo: str,
        revision: str,
        file: str,
        content: bytes | Path,
        sha256: str,
        behaviour: Behaviour | None = None,
    ) -> str:
        """Serves a file as a hub does, with its entry in the list of files. Returns its path."""
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        entry = {"type": "file", "path": file, "size": size, "lfs": {"oid": sha256, "size": size}}
        self.add(f"/api/models/{repo}/tree/{revision}", json.dumps([entry]))
        path = f"/{repo}/resolve/{revision}/{file}"
        self.add(path, content, behaviour)
        return path

    def asked(self, path: str) -> list[dict[str, str]]:
        """The headers of each request for a path, with names in lower case."""
        return [headers for _, asked, headers in list(self.requests) if asked == path]

    def pause(self, seconds: float) -> None:
        self._stopping.wait(seconds)


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    owner: FileServer

    def handle_error(self, _request: object, _address: object) -> None:
        """A client that left is what many tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Http

    def log_message(self, *_args: object) -> None:
        """Quiet."""

    def do_HEAD(self) -> None:
        self._answer(head=True)

    def do_GET(self) -> None:
        self._answer(head=False)

    def _answer(self, *, head: bool) -> None:
        owner, path = self.server.owner, self.path.partition("?")[0]
        headers = {name.lower(): value for name, value in self.headers.items()}
        owner.requests.append((self.command, path, headers))
        content = owner.files.get(path)
        how = owner.behaviours.get(path, Behaviour())
        if how.times is not None:
            if how.times <= 0:
                how = Behaviour(etag=how.etag)
            else:
                how.times -= 1
        if how.silent:
            owner.pause(120)
            self.close_connection = True
        elif content is None:
            self._short(404, b"Entry not found")
        elif how.redirect:
            self._short(302, b"", {"Location": how.redirect})
        elif how.html:
            self._short(200, b"<!doctype html><title>Please sign in</title>", {}, "text/html")
        elif how.status != 200:
            extra = {"Retry-After": how.retry_after} if how.retry_after else {}
            self._short(how.status, b"no", extra)
        else:
            self._file(path, content, how, headers, head=head)

    def _short(
        self,
        status: int,
        body: bytes,
        extra: dict[str, str] | None = None,
        kind: str = "text/plain",
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (extra or {}).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _file(
        self,
        path: str,
        content: bytes | Path,
        how: Behaviour,
        headers: dict[str, str],
        *,
        head: bool,
    ) -> None:
        size = content.stat().st_size if isinstance(content, Path) else len(content)
        size = size if how.truncate_to is None else min(size, how.truncate_to)
        start = self._start(headers, how, size)
        if start is None:
            self._short(416, b"", {"Content-Range": f"bytes */{size}"})
            return
        self.send_response(206 if start >= 0 else 200)
        if start >= 0:
            shown, whole = start + 1 if how.wrong_range else start, size
            if last := headers["range"].rpartition("-")[2]:
                size = min(size, int(last) + 1)
            self.send_header("Content-Range", f"bytes {shown}-{size - 1}/{whole}")
        start = max(0, start)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Accept-Ranges", "none" if how.ignore_range else "bytes")
        if how.etag:
            self.send_header("ETag", how.etag)
        if how.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(size - start + len(how.extra)))
        self.end_headers()
        if not head:
            self._body(path, content, how, start, size)

    def _start(self, headers: dict[str, str], how: Behaviour, size: int) -> int | None:
        """Where to begin: -1 for the whole file, None for a range that cannot be."""
        found = re.fullmatch(r"bytes=(\d+)-(?:\d*)", headers.get("range", ""))
        if not found or how.ignore_range:
            return -1
        if (condition := headers.get("if-range")) and condition != how.etag:
            return -1
        start = int(found[1])
        return start if start < size else None

    def _body(
        self, path: str, content: bytes | Path, how: Behaviour, start: int, size: int
    ) -> None:
        owner, sent, begun = self.server.owner, 0, time.monotonic()
        with _reader(content) as read:
            while start + sent < size and not owner._stopping.is_set():
                block = read(start + sent, min(_BLOCK, size - start - sent))
                for limit in (how.cut_after, how.stall_after):
                    if limit is not None:
                        block = block[: limit - sent]
                if how.flip_at is not None and 0 <= how.flip_at - start - sent < len(block):
                    at = how.flip_at - start - sent
                    block = block[:at] + bytes([block[at] ^ 0xFF]) + block[at + 1 :]
                if block:
                    self._write(block, chunked=how.chunked)
                    sent += len(block)
                    owner.sent[path] += len(block)
                if how.cut_after is not None and sent >= how.cut_after:
                    self.close_connection = True
                    with contextlib.suppress(OSError):
                        self.connection.shutdown(socket.SHUT_RDWR)
                    return
                if how.stall_after is not None and sent >= how.stall_after:
                    owner.pause(120)
                    self.close_connection = True
                    return
                if how.bytes_per_s:
                    owner.pause(max(0.0, sent / how.bytes_per_s - (time.monotonic() - begun)))
        if how.extra:
            self._write(how.extra, chunked=how.chunked)
        if how.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _write(self, data: bytes, *, chunked: bool) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data) if chunked else data)


@contextlib.contextmanager
def _reader(content: bytes | Path) -> Iterator[_Read]:
    if isinstance(content, bytes):
        yield lambda at, count: content[at : at + count]
        return
    with content.open("rb") as file:

        def read(at: int, count: int) -> bytes:
            file.seek(at)
            return file.read(count)

        yield read
