"""A misbehaving engine: a server on this computer that answers a chat with whatever it is told."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

KEY = "0123456789abcdef" * 4
MODEL = "stand-in"


def event(**fields: Any) -> bytes:
    """One server-sent event with a JSON object."""
    return f"data: {json.dumps(fields)}\n\n".encode()


def words(text: str = "", *, reasoning: str | None = None, finish: str | None = None) -> bytes:
    delta: dict[str, Any] = {"content": text} if text else {}
    if reasoning is not None:
        delta["reasoning_content"] = reasoning
    return event(choices=[{"index": 0, "delta": delta, "finish_reason": finish}])


DONE = b"data: [DONE]\n\n"


class StandInEngine:
    """`chat` is sent piece by piece as the answer: bytes are written, numbers are waited for.

    `seen` holds the body of each chat that was asked for, `left` how many of them whoever asked
    did not wait for the end of.
    """

    def __init__(self) -> None:
        self.chat: Sequence[bytes | float] = (words("hello", finish="stop"), DONE)
        self.chat_status = 200
        self.health: tuple[int, bytes] = (200, b'{"status":"ok"}')
        self.models: tuple[int, bytes] = (
            200,
            json.dumps({"data": [{"id": MODEL, "aliases": []}]}).encode(),
        )
        self.wait_s = 0.0  # before any reply
        self.keys = [KEY]
        self.seen: list[dict[str, Any]] = []
        self.left = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> StandInEngine:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(engine: StandInEngine) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_arguments: object) -> None:
            pass

        def do_GET(self) -> None:
            time.sleep(engine.wait_s)
            if self.path == "/health":
                self._reply(*engine.health)
            elif not self._has_key():
                self._reply(401, b'{"error":{"message":"Invalid API Key","code":401}}')
            else:
                self._reply(*engine.models)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if not self._has_key():
                self._reply(401, b'{"error":{"message":"Invalid API Key","code":401}}')
                return
            engine.seen.append(json.loads(body))
            if engine.chat_status != 200:
                self._reply(engine.chat_status, b"".join(p for p in engine.chat if p))  # type: ignore[misc]
                return
            self.send_response(200)
            self.send_header("Content-Type", "text/event-stream")
            self.end_headers()
            try:
                self._send()
            except OSError:
                engine.left += 1

        def _send(self) -> None:
            for piece in engine.chat:
                if isinstance(piece, bytes):
                    self.wfile.write(piece)
                    self.wfile.flush()
                else:
                    time.sleep(piece)

        def _has_key(self) -> bool:
            return self.headers.get("Authorization", "").removeprefix("Bearer ") in engine.keys

        def _reply(self, status: int, body: bytes) -> None:
            with contextlib.suppress(OSError):
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

    return Handler
