"""What an engine says while it fetches an image, made into progress and errors.

The engine reports each layer by itself, learns sizes as it goes, counts a layer again from
nothing when it has to fetch it again, and reports errors as lines of the same stream.
"""

from __future__ import annotations

import contextlib
import json
import queue
import socket
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import AppError, Param
from core.progress import Progress

_FETCHED = ("Download complete", "Pull complete", "Already exists")
_UNPACKING = ("Extracting", "Download complete", "Verifying Checksum")
_WINDOW_S = 5.0

END: dict[str, Any] = {"end": True}  # what `PullStream.next` gives at last


@dataclass(slots=True)
class _Layer:
    status: str = ""
    fetched_bytes: int = 0
    total_bytes: int | None = None


class PullProgress:
    """Merges the lines of one pull. Its progress never runs backwards."""

    def __init__(self, step: str, expected_bytes: int | None = None) -> None:
        self._step = step
        self._expected_bytes = expected_bytes
        self._layers: dict[str, _Layer] = {}
        self._done_bytes = 0
        self._recent: deque[tuple[float, int]] = deque()

    def take(self, line: Mapping[str, Any], now_s: float) -> Progress | None:
        """The progress after this line, or None where the line says nothing of a layer.

        `now_s` is any clock that only goes forward.
        """
        name, status = str(line.get("id", "")), str(line.get("status", ""))
        if not name or status.startswith(("Pulling from", "Pulling manifest")):
            return None
        layer = self._layers.setdefault(name, _Layer())
        layer.status = status
        detail = line.get("progressDetail") or {}
        current, total = detail.get("current"), detail.get("total")
        if status == "Downloading":
            if isinstance(total, int) and total > 0:
                layer.total_bytes = max(total, layer.total_bytes or 0)
            if isinstance(current, int):
                layer.fetched_bytes = max(current, layer.fetched_bytes)
        elif status in _FETCHED:
            # A layer so small that no size was ever said counts as nothing.
            layer.total_bytes = layer.total_bytes or 0
            layer.fetched_bytes = layer.total_bytes
        return self._progress(now_s)

    def _progress(self, now_s: float) -> Progress:
        layers = self._layers.values()
        self._done_bytes = max(self._done_bytes, sum(layer.fetched_bytes for layer in layers))
        self._recent.append((now_s, self._done_bytes))
        while now_s - self._recent[0][0] > _WINDOW_S:
            self._recent.popleft()
        unpacking = all(layer.status.startswith((*_FETCHED, *_UNPACKING)) for layer in layers)
        return Progress(
            step=self._step,
            done=self._done_bytes,
            total=self._total(),
            unit="bytes",
            bytes_per_s=None if unpacking else self._rate(),
            note="fetch_engine.unpacking" if unpacking else None,
        )

    def _total(self) -> int | None:
        """The sum of the sizes once all are known; before that what was expected, or None."""
        sizes = [layer.total_bytes for layer in self._layers.values()]
        known = sum(size for size in sizes if size is not None)
        if None not in sizes:
            return max(known, self._done_bytes)
        if self._expected_bytes is None:
            return None
        return max(known, self._done_bytes, self._expected_bytes)

    def _rate(self) -> float | None:
        (first_s, first), (last_s, last) = self._recent[0], self._recent[-1]
        return (last - first) / (last_s - first_s) if last_s > first_s else None


class PullStream:
    """The lines of one pull, read by a thread of its own so that a cancel never waits for one.

    The stream must be read to its end, or the engine drops the pull; closing it is the cancel.
    """

    def __init__(self, connection: Any, path: str) -> None:
        """`connection` is one of urllib3's, to the engine, that nobody else uses."""
        self._connection, self._path = connection, path
        self._lines: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._connection.connect()
        self._connection.sock.settimeout(None)
        threading.Thread(target=self._read, name="pull", daemon=True).start()

    def _read(self) -> None:
        try:
            self._connection.request(
                "POST", self._path, headers={"Host": "localhost"}, preload_content=False
            )
            with self._connection.getresponse() as response:
                if response.status >= 400:
                    message = json.loads(response.read())["message"]
                    self._lines.put({"error": str(message)})
                    return
                rest = b""
                for chunk in response.stream(None):
                    *lines, rest = (rest + chunk).split(b"\n")
                    for line in filter(bytes.strip, lines):
                        self._lines.put(dict(json.loads(line)))
        except Exception as error:  # whatever ends the stream ends the pull
            self._lines.put({"error": f"the connection was closed: {type(error).__name__}"})
        finally:
            self._connection.close()
            self._lines.put(END)

    def next(self, *, wait_s: float) -> dict[str, Any] | None:
        """The next line, `END`, or None where none came in this time."""
        try:
            return self._lines.get(timeout=wait_s)
        except queue.Empty:
            return None

    def close(self) -> None:
        """Cuts the connection, by which the engine drops the pull, and wakes the thread."""
        connected = self._connection.sock
        with contextlib.suppress(OSError, AttributeError):  # ended by itself, or a pipe
            connected.shutdown(socket.SHUT_RDWR)


def pull_error(message: str, reference: str) -> AppError:
    """The error for what an engine said while it fetched `reference`."""
    words, detail = message.lower(), message.strip()[:300]
    params: dict[str, Param] = {"image": reference, "registry": reference.partition("/")[0]}

    def says(*fragments: str) -> bool:
        return any(fragment in words for fragment in fragments)

    if says("no space left"):
        return AppError("image_disk_full", remedy="free_disk", retryable=True, detail=detail)
    if says("no matching manifest", "does not match the specified platform"):
        return AppError("image_wrong_platform", params, remedy="use_builtin", detail=detail)
    if says("manifest unknown", "not found", "does not exist"):
        return AppError("image_missing", params, remedy="use_builtin", detail=detail)
    if says("toomanyrequests", "too many requests", "rate limit"):
        return AppError("registry_busy", params, remedy="try_again", retryable=True, detail=detail)
    if says("unauthorized", "denied", "authentication required"):
        return AppError("registry_denied", params, remedy="use_builtin", detail=detail)
    if says("digest", "unexpected eof", "checksum", "invalid tar", "corrupt"):
        return AppError("image_damaged", params, remedy="try_again", retryable=True, detail=detail)
    if says("certificate", "x509", "tls:", "server gave http response"):
        return AppError("registry_not_trusted", params, remedy="check_internet", detail=detail)
    return AppError(
        "registry_unreachable", params, remedy="check_internet", retryable=True, detail=detail
    )
