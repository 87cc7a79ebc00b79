"""Is this file the one we want? SHA-256 of all its bytes, and a stamp so as not to read it twice.

A stamp holds what the system says of the file (size, time, inode) next to the hash that was found.
As long as these are the same the file is trusted; anything else means reading it again.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

import msgspec

from core.edges import clock, files
from core.errors import AppError
from core.progress import CancelToken, Progress, Reporter

_BLOCK = 1024 * 1024
_REPORT_S = 0.1
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stamp:
    path: str
    size: int
    mtime_ns: int
    inode: int
    sha256: str


def is_sha256(text: str | None) -> bool:
    """Whether this is a SHA-256 in the one form we write and accept."""
    return bool(text and _SHA256.fullmatch(text))


def sha256_of(
    path: Path,
    stamp: Path,
    report: Reporter,
    token: CancelToken,
    *,
    step: str,
) -> str:
    """The SHA-256 of the file, from the stamp where that still holds, else by reading it all.

    Raises: AppError (disk_fault, …), Cancelled.
    """
    if known := stamped(path, stamp):
        return known
    hasher = hashlib.sha256()
    feed(hasher, path, report, token, step=step)
    found = hasher.hexdigest()
    write_stamp(path, stamp, found)
    return found


def stamped(path: Path, stamp: Path) -> str | None:
    """The hash in the stamp if the file has not changed since, else None."""
    try:
        known = msgspec.json.decode(stamp.read_bytes(), type=_Stamp)
    except (OSError, msgspec.MsgspecError):
        return None
    return known.sha256 if known == _stamp_of(path, known.sha256) else None


def write_stamp(path: Path, stamp: Path, sha256: str) -> None:
    """Notes that the file as it is now has this hash. A stamp that cannot be written is no harm:
    the file is read again next time."""
    made = _stamp_of(path, sha256)
    if made is None:
        return
    try:
        files.write_atomic(stamp, msgspec.json.encode(made))
    except AppError:
        return


def feed(
    hasher: hashlib._Hash,
    path: Path,
    report: Reporter,
    token: CancelToken,
    *,
    step: str,
    total: int | None = None,
) -> int:
    """Feeds a file into a hash and reports bytes. Returns how many it was."""
    done, said_at = 0, 0.0
    with files.disk_errors(path, reading=True):
        total = total or path.stat().st_size
        with path.open("rb", buffering=0) as file:
            buffer = memoryview(bytearray(_BLOCK))
            while count := file.readinto(buffer):
                token.check()
                hasher.update(buffer[:count])
                done += count
                if clock.monotonic() - said_at >= _REPORT_S:
                    said_at = clock.monotonic()
                    report(
                        Progress(
                            step=step, done=done, total=total, unit="bytes", note="download.check"
                        )
                    )
    return done


def _stamp_of(path: Path, sha256: str) -> _Stamp | None:
    try:
        seen = path.stat()
    except OSError:
        return None
    return _Stamp(
        path=str(path),
        size=seen.st_size,
        mtime_ns=seen.st_mtime_ns,
        inode=seen.st_ino,
        sha256=sha256,
    )
