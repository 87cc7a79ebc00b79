"""The disk: writing so that a power cut loses nothing, private folders, one writer at a time.

Every OSError of the disk becomes an AppError here (`disk_error`), so that "full", "broken" and
"not allowed" each get their own words and their own next step.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from core.edges import clock
from core.errors import AppError

_FULL = {errno.ENOSPC, errno.EDQUOT} if hasattr(errno, "EDQUOT") else {errno.ENOSPC}
_REFUSED = {errno.EACCES, errno.EPERM, errno.EROFS}
_WINDOWS = sys.platform == "win32"
_PAUSES_S = (0.01, 0.05, 0.1, 0.3, 0.5)
_WINDOWS_FULL = {39, 112}  # ERROR_HANDLE_DISK_FULL, ERROR_DISK_FULL


def disk_error(
    error: OSError, path: Path, *, need_bytes: int = 0, reading: bool = False
) -> AppError:
    """What an OSError of the disk means to a person. `need_bytes` is what was to be written;
    `reading`: nothing was, so what is refused is a look at the file.
    """
    where = str(path)
    detail = f"{type(error).__name__} {error.errno}: {error.strerror}"
    if error.errno in _FULL or getattr(error, "winerror", None) in _WINDOWS_FULL:
        return AppError(
            "disk_full",
            {"need_bytes": need_bytes, "path": where},
            remedy="free_disk",
            retryable=True,
            detail=detail,
        )
    if reading and error.errno in _REFUSED:
        return AppError("file_not_readable", {"path": where}, remedy="choose_file", detail=detail)
    if error.errno in _REFUSED:
        return AppError(
            "folder_not_writable", {"path": where}, remedy="choose_folder", detail=detail
        )
    return AppError("disk_fault", {"path": where}, remedy="choose_folder", detail=detail)


@contextlib.contextmanager
def disk_errors(path: Path, *, need_bytes: int = 0, reading: bool = False) -> Iterator[None]:
    """Turns every OSError of the block into its AppError."""
    try:
        yield
    except OSError as error:
        raise disk_error(error, path, need_bytes=need_bytes, reading=reading) from error


def write_atomic(path: Path, data: bytes, mode: int = 0o600) -> None:
    """After this the file holds all of `data`; after a power cut in it, all of the old or the new.

    Raises: AppError (disk_full, disk_fault, folder_not_writable).
    """
    with disk_errors(path, need_bytes=len(data)):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).chmod(mode)
            replace_durably(Path(temporary), path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def replace_durably(source: Path, target: Path) -> None:
    """Renames over `target` so that the new name survives a power cut. Raises OSError.

    Windows refuses while somebody has the target open, be it only to read it for a moment.
    """
    for pause_s in _PAUSES_S:
        try:
            source.replace(target)
            break
        except PermissionError:
            if not _WINDOWS:
                raise
            time.sleep(pause_s)
    else:
        source.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Puts the names of a folder on the disk. Windows does that by itself and has no call."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        # Some network and FUSE folders refuse to be synced; the rename itself is done.
        with contextlib.suppress(OSError):
            os.fsync(handle)
    finally:
        os.close(handle)


def set_aside(path: Path) -> Path:
    """Gives a damaged file a name with the time in it, and returns that. Nothing is overwritten."""
    stamp = clock.now().strftime("%Y%m%dT%H%M%SZ")
    target, again = path.with_name(f"{path.name}.damaged-{stamp}"), 2
    while target.exists():
        target = path.with_name(f"{path.name}.damaged-{stamp}-{again}")
        again += 1
    with disk_errors(path):
        path.rename(target)
    return target


def make_private_folder(path: Path) -> None:
    """Makes the folder if it is not there; only its owner may look into it."""
    with disk_errors(path):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if sys.platform != "win32" and path.stat().st_mode & 0o077:
            path.chmod(0o700)


def free_bytes(path: Path) -> int:
    """Bytes this user may still write on the volume of `path`, which need not exist yet."""
    with disk_errors(path):
        there = path.absolute()
        while not there.exists() and there != there.parent:
            there = there.parent
        return shutil.disk_usage(there).free


@contextlib.contextmanager
def writer_lock(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Holds the lock file `path` for the block. The system lets go of it when the process ends.

    The file is its owner's alone (mode 0600): a lock that others may open, others may hold.
    Raises: AppError("busy_elsewhere") when somebody else still holds it after `wait_s` seconds.
    """
    from filelock import FileLock, Timeout

    with disk_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, timeout=wait_s, mode=0o600)
    try:
        lock.acquire()
    except Timeout as error:
        raise AppError("busy_elsewhere", remedy="try_again", retryable=True) from error
    except OSError as error:
        raise disk_error(error, path) from error
    try:
        yield
    finally:
        lock.release()
