"""One file from one of several servers: resumed, hashed while it is written, renamed when right.

What has arrived stands in `<name>.part` beside the target and is never fetched again; the target
appears by a rename once the SHA-256 is right, so a half file is never called ready. The hash also
makes it all one which server a byte came from: a download that began at one goes on at the next.
"""

from __future__ import annotations

import contextlib
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.edges import clock, files, http
from core.errors import AppError
from core.progress import CancelToken, Progress, Reporter
from core.setup.part_file import Part, Wanted
from core.setup.sources import Origin
from core.setup.verify import sha256_of, stamped, write_stamp

_MARGIN = 1.1  # of what is still to come must be free
_REPORT_S = 0.1
_SPEED_WINDOW_S = 5.0
_OURS = {"disk_full", "disk_fault", "folder_not_writable"}  # no server can help with these
_RANGE = re.compile(r"bytes (\d+)-(\d+)/(\d+|\*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to bear with a server before the next one is tried."""

    tries: int = 8  # in a row without a single new byte
    first_tries: int = 2  # the same, for a server that gave none yet while others are left
    first_wait_s: float = 0.5  # doubled each time
    longest_wait_s: float = 30.0
    stall_s: float = 30.0  # nothing came: a new connection
    crawl_bytes_per_s: float = 1000.0
    crawl_s: float = 60.0  # slower than that for so long: a new connection


def download(
    wanted: Wanted,
    origins: Sequence[Origin],
    report: Reporter,
    token: CancelToken,
    *,
    step: str = "fetch_model",
    patience: Patience = Patience(),
) -> None:
    """Returns when the target is there and its hash is right; at once when it was before.

    A cancel keeps what has arrived. Raises: AppError (disk_full, folder_not_writable, hash_wrong,
    not_the_file, cannot_reach, timeout, http_status, busy_elsewhere, …), Cancelled.
    """
    with files.disk_errors(wanted.target.parent):
        wanted.target.parent.mkdir(parents=True, exist_ok=True)
    with files.writer_lock(wanted.beside(".lock")):
        if _is_here(wanted, report, token, step):
            return
        if not origins:
            raise AppError("no_source", {"file": wanted.target.name}, remedy="check_internet")
        with Part(wanted) as part:
            part.take_up(report, token, step)
            _check_space(wanted, part)
            job = _Job(
                wanted=wanted,
                part=part,
                teller=_Teller(report, step, wanted),
                token=token,
                patience=patience,
            )
            _from_somewhere(job, origins)
            part.finish()
    write_stamp(wanted.target, wanted.stamp, wanted.sha256)


def remove_file(wanted: Wanted) -> int:
    """Deletes the file and everything beside it that belongs to it. Returns the bytes freed."""
    freed = 0
    with files.disk_errors(wanted.target):
        for path in (wanted.target, *map(wanted.beside, (".part", ".part.note", ".stamp"))):
            if path.exists():
                freed += path.stat().st_size
                path.unlink()
        wanted.beside(".lock").unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            wanted.target.parent.rmdir()  # only when nothing else is in it
    return freed


def _is_here(wanted: Wanted, report: Reporter, token: CancelToken, step: str) -> bool:
    """Whether the target is already right. A wrong one is set aside."""
    with files.disk_errors(wanted.target, reading=True):
        size_bytes = wanted.target.stat().st_size if wanted.target.exists() else None
    if size_bytes is None:
        return False
    if stamped(wanted.target, wanted.stamp) == wanted.sha256:
        return True
    if size_bytes == wanted.size_bytes:
        found = sha256_of(wanted.target, wanted.stamp, report, token, step=step)
        if found == wanted.sha256:
            return True
    files.set_aside(wanted.target)
    return False


def _check_space(wanted: Wanted, part: Part) -> None:
    """Refuses before the first byte what would not fit."""
    need = int((wanted.size_bytes - part.done) * _MARGIN)
    free = files.free_bytes(wanted.target.parent)
    if free < need:
        raise AppError(
            "disk_full",
            {"need_bytes": need - free, "path": str(wanted.target.parent)},
            remedy="free_disk",
            retryable=True,
        )


# --- servers ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What every connection of one download needs."""

    wanted: Wanted
    part: Part
    teller: _Teller
    token: CancelToken
    patience: Patience


class _NextError(Exception):
    """This server will not give us the file; `error` says why."""

    def __init__(self, error: AppError) -> None:
        super().__init__(error.code)
        self.error = error


class _FreshError(Exception):
    """What we have and what the server sends do not belong together."""


def _from_somewhere(job: _Job, origins: Sequence[Origin]) -> None:
    """Fills the part from the first server that can, and leaves it with the right hash.

    Raises the error of the first server, or hash_wrong if any gave wrong bytes.
    """
    errors: list[AppError] = []
    for origin in origins:
        try:
            _from_one(job, origin, last=origin is origins[-1])
        except _NextError as over:
            errors.append(over.error)
            continue
        return
    raise next((error for error in errors if error.code == "hash_wrong"), errors[0])


def _from_one(job: _Job, origin: Origin, *, last: bool) -> None:
    """Fills the part from one server, with as many connections as it takes.

    One that has not given a byte is left soon when there are others: it may be blocked here.
    """
    part, patience = job.part, job.patience
    tries, best, part.mixed = 0, part.done, part.done > 0
    limit = patience.tries if last else patience.first_tries
    while True:
        try:
            if part.done < job.wanted.size_bytes:
                _connection(job, origin, last=last)
            _check_hash(job, origin)
        except _FreshError:
            tries += 1
            if tries >= limit:
                raise _NextError(_not_the_file(job.wanted, origin, "ranges do not fit")) from None
            part.empty()
        except AppError as error:
            if error.code in _OURS:
                raise
            if part.done > best:
                tries, best, limit = 0, part.done, patience.tries
            tries += 1
            if not error.retryable or tries >= limit:
                raise _NextError(error) from error
            job.teller.waiting(part.done, origin)
            job.token.wait(_pause_s(error, tries, patience))
        else:
            return


def _check_hash(job: _Job, origin: Origin) -> None:
    wanted, part = job.wanted, job.part
    if part.hasher.hexdigest() == wanted.sha256:
        return
    if part.mixed:  # perhaps only the older bytes are wrong: this server gets a clean try
        raise _FreshError
    part.empty()
    params = {"file": wanted.target.name, "host": origin.host}
    raise _NextError(AppError("hash_wrong", params, remedy="try_again", retryable=True))


def _connection(job: _Job, origin: Origin, *, last: bool) -> None:
    """Reads one reply into the part, until the file is whole. Raises: AppError, _FreshError."""
    wanted, part = job.wanted, job.part
    headers = {}
    if part.done:
        headers["Range"] = f"bytes={part.done}-"
        if etag := part.etag_of(origin.url):
            headers["If-Range"] = etag
    with http.open_stream(
        origin.url,
        headers=headers,
        token=job.token,
        trusted=origin.trusted,
        read_timeout_s=job.patience.stall_s,
    ) as reply:
        _check_reply(job, origin, reply, last=last)
        part.begin(origin.url, _strong_etag(reply.headers))
        pace = _Pace(job.patience, part.done)
        for chunk in reply.chunks:
            if part.done == 0 and wanted.magic and not chunk.startswith(wanted.magic[: len(chunk)]):
                raise _not_the_file(wanted, origin, "magic")
            if part.done + len(chunk) > wanted.size_bytes:
                raise _not_the_file(wanted, origin, "longer than it should be")
            part.write(chunk)
            job.teller.moved(part.done, origin)
            pace.check(part.done, origin)
    if part.done < wanted.size_bytes:
        raise AppError(
            "connection_lost",
            {"host": origin.host},
            remedy="check_internet",
            retryable=True,
            detail=f"{part.done} of {wanted.size_bytes} bytes",
        )


def _check_reply(job: _Job, origin: Origin, reply: http.Reply, *, last: bool) -> None:
    """Returns if the body of the reply may be appended to the part.

    Looks before it throws anything away, and keeps what is here while another server is left.
    """
    wanted, part = job.wanted, job.part
    if reply.status == 416 and part.done:
        _start_again(job, origin, last=last)
        raise _FreshError
    http.raise_for_status(reply)
    if reply.headers.get("content-type", "").lower().startswith("text/html"):
        raise _not_the_file(wanted, origin, "a web page")
    if reply.status == 206:
        found = _RANGE.fullmatch(reply.headers.get("content-range", "").strip())
        if found and found[3] not in {"*", str(wanted.size_bytes)}:
            raise _not_the_file(wanted, origin, f"{found[3]} instead of {wanted.size_bytes} bytes")
        if not found or int(found[1]) != part.done:
            _start_again(job, origin, last=last)
            raise _FreshError
        return
    length = reply.headers.get("content-length", "")
    if length.isdecimal() and int(length) != wanted.size_bytes:
        raise _not_the_file(wanted, origin, f"{length} instead of {wanted.size_bytes} bytes")
    if part.done:  # it ignores ranges, or has another file by now: never append to ours
        _start_again(job, origin, last=last)
        part.empty()


def _start_again(job: _Job, origin: Origin, *, last: bool) -> None:
    """Returns if it is worth to begin at zero. Raises: AppError while another server is left."""
    if not last:
        raise _not_the_file(job.wanted, origin, "ranges do not fit")


def _not_the_file(wanted: Wanted, origin: Origin, why: str) -> AppError:
    params = {"file": wanted.target.name, "host": origin.host}
    return AppError("not_the_file", params, remedy="check_internet", detail=why)


def _strong_etag(headers: Mapping[str, str]) -> str:
    """If-Range takes strong ETags only (RFC 9110, 13.1.5)."""
    etag = headers.get("etag", "")
    return etag if etag.startswith('"') else ""


def _pause_s(error: AppError, tries: int, patience: Patience) -> float:
    """Longer each time, and not in step with everybody else."""
    wait_s: float = min(patience.first_wait_s * 2 ** (tries - 1), patience.longest_wait_s)
    if error.params.get("status") == 429:
        wait_s = patience.longest_wait_s
    spread = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    return wait_s * spread


# --- speed ------------------------------------------------------------------------------------


class _Pace:
    """Notices a server that sends, but next to nothing."""

    def __init__(self, patience: Patience, done: int) -> None:
        self._patience, self._from, self._since = patience, done, clock.monotonic()

    def check(self, done: int, origin: Origin) -> None:
        seconds = clock.monotonic() - self._since
        if seconds < self._patience.crawl_s:
            return
        if (done - self._from) / seconds < self._patience.crawl_bytes_per_s:
            raise AppError(
                "timeout", {"host": origin.host}, remedy="check_internet", retryable=True
            )
        self._from, self._since = done, clock.monotonic()


class _Teller:
    """Reports bytes, speed and source, ten times a second at most."""

    def __init__(self, report: Reporter, step: str, wanted: Wanted) -> None:
        self._report, self._step, self._total = report, step, wanted.size_bytes
        self._said_at = 0.0
        self._marks: list[tuple[float, int]] = []

    def moved(self, done: int, origin: Origin) -> None:
        now = clock.monotonic()
        if now - self._said_at < _REPORT_S and done < self._total:
            return
        self._said_at = now
        self._marks = [mark for mark in self._marks if now - mark[0] <= _SPEED_WINDOW_S]
        self._marks.append((now, done))
        first_at, first_done = self._marks[0]
        speed = (done - first_done) / (now - first_at) if now > first_at else None
        self._tell(done, "download.from", origin, speed)

    def waiting(self, done: int, origin: Origin) -> None:
        self._marks = []
        self._tell(done, "download.again", origin, 0.0)

    def _tell(self, done: int, note: str, origin: Origin, speed: float | None) -> None:
        self._report(
            Progress(
                step=self._step,
                done=done,
                total=self._total,
                unit="bytes",
                bytes_per_s=speed if speed is None else max(0.0, speed),
                note=note,
                note_params=(("host", origin.host),),
            )
        )
