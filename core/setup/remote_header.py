"""The head of a model file on a server: the first megabytes of it, never the whole."""

from __future__ import annotations

import io
import re
from collections.abc import Collection
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from core.advice import gguf_header
from core.edges import http
from core.edges.addresses import host_of
from core.edges.http import Reply
from core.errors import AppError
from core.progress import CancelToken

FIRST_BYTES = 1024 * 1024  # twice as much is read as often as the head goes on
MOST_BYTES = 64 * 1024 * 1024  # the longest known have about 20 MB


def fetch_header(
    url: str, token: CancelToken, *, trusted: Collection[str] = frozenset()
) -> tuple[bytes, int]:
    """The head of the model file at `url`, and the file's length in bytes.

    One request for at most 64 MB, which is left as soon as the head is complete; a server that
    sends the whole file instead is left as well. `trusted` names hosts ("mirror.example:8080")
    that may be private and without TLS.
    Raises: AppError("not_a_model_file"), AppError("model_file_truncated") where the file ends
    before the model does, those of `http.open_stream` and `http.raise_for_status`; Cancelled.
    """
    name = _name(url)
    headers = {"Range": f"bytes=0-{MOST_BYTES - 1}"}
    with http.open_stream(url, headers=headers, token=token, trusted=trusted) as reply:
        http.raise_for_status(reply)
        length = _length(reply)
        data, header = _read(reply, name)
    if header is None:
        raise _cut_off(name, url, len(data), length)
    if length is None:
        length = header.needed_bytes
    if length < header.needed_bytes:
        raise _truncated(name, length)
    return data[: header.header_bytes], length


def _read(reply: Reply, name: str) -> tuple[bytes, gguf_header.Header | None]:
    """What came, and its head once that is complete. None: nothing more comes."""
    data, wanted = bytearray(), FIRST_BYTES
    for chunk in reply.chunks:
        data += chunk
        if not data.startswith(gguf_header.MAGIC[: len(data)]):
            raise _not_one(name, "magic")
        if len(data) >= wanted:
            if (header := _parsed(data, name)) is not None:
                return bytes(data), header
            if wanted >= MOST_BYTES:
                raise _not_one(name, f"a head of more than {MOST_BYTES} bytes")
            wanted = min(2 * wanted, MOST_BYTES)
    return bytes(data), _parsed(data, name)


def _parsed(data: bytearray, name: str) -> gguf_header.Header | None:
    try:
        return gguf_header.parse(io.BytesIO(data), len(data))
    except gguf_header.EndsEarlyError:
        return None
    except gguf_header.NotOneError as error:
        raise _not_one(name, str(error)) from error


def _length(reply: Reply) -> int | None:
    """How long the whole file is, where the server says so."""
    if reply.status == 206:
        found = re.fullmatch(r"bytes 0-\d+/(\d{1,18}|\*)", reply.headers.get("content-range", ""))
        if found is None:
            raise AppError("reply_broken", {"host": host_of(reply.url)}, remedy="try_again")
        return None if found[1] == "*" else int(found[1])
    said = reply.headers.get("content-length", "")
    return int(said) if re.fullmatch(r"[0-9]{1,18}", said) else None


def _cut_off(name: str, url: str, came: int, length: int | None) -> AppError:
    if came < 4:
        return _not_one(name, f"{came} bytes")
    if length is not None and came < min(length, MOST_BYTES):
        return AppError(
            "connection_lost",
            {"host": host_of(url)},
            remedy="check_internet",
            retryable=True,
            detail=f"{came} of {length} bytes",
        )
    return _truncated(name, came)


def _name(url: str) -> str:
    """The file's name without path and query, which may hold what nobody else is to see."""
    try:
        path = urlsplit(url).path
    except ValueError:
        return ""
    return PurePosixPath(unquote(path)).name[:200] or host_of(url)


def _truncated(name: str, size: int) -> AppError:
    return AppError("model_file_truncated", {"file": name, "size_bytes": size}, remedy="try_again")


def _not_one(name: str, why: str) -> AppError:
    return AppError("not_a_model_file", {"file": name}, remedy="try_again", detail=why)
