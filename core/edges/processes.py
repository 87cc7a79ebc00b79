"""Child processes that outlive us: start one, tell whether it lives, end it for certain.

The only file that knows psutil. A process is named by its number and its start time together,
because a number alone is handed out again after the process has ended. Start times are only for
comparing: on Linux they count from the start of the computer, because the system moves them along
whenever its clock is set.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from core.errors import AppError

_SAME_START_S = 2.0
_SAME_BOOT_S = 120.0  # where the start of the computer is reckoned back from its clock

# What a child needs of our environment. Everything else stays here: an inference process that
# is broken into must have no cloud key and no token to give away.
_PASSED_ON = (
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "CUDA_VISIBLE_DEVICES",
    "PYTHONHOME",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "WINDIR",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "NUMBER_OF_PROCESSORS",
    "PROCESSOR_ARCHITECTURE",
)


class _Detached(subprocess.Popen[bytes]):
    """A child that is meant to outlive us: going before it does is no mistake to warn of."""

    def __del__(self) -> None:
        pass


# Children of this process, kept so that their ends are collected (no zombies) when we look.
_children: dict[int, _Detached] = {}


def spawn_detached(
    argv: Sequence[str], *, stdin: bytes, log_path: Path, folder: Path
) -> tuple[int, float]:
    """Starts a process that lives on without us, and returns its number and start time.

    `stdin` is all it ever reads; what it prints goes to `log_path`, whose old content is lost.
    It runs in `folder`, with only the plain part of our environment. Raises: AppError.
    """
    try:
        with _fresh_log(log_path) as log:
            child = _popen(list(argv), log, folder)
    except OSError as error:
        raise AppError(
            "engine_not_started", remedy="save_report", retryable=True, detail=str(error)
        ) from error
    _children[child.pid] = child
    started_at = _start_time(child.pid) or 0.0
    # A child that died at once breaks the pipe; how it died is seen by whoever looks next.
    with contextlib.suppress(OSError):
        assert child.stdin is not None  # noqa: S101 - asked for with PIPE
        with child.stdin as pipe:
            pipe.write(stdin)
    return child.pid, started_at


def alive(pid: int, started_at: float) -> bool:
    """Whether that very process still runs. A zombie or a stranger with its number does not."""
    import psutil

    _collect()
    try:
        process = psutil.Process(pid)
        return _is_it(process, started_at) and process.status() != psutil.STATUS_ZOMBIE
    except psutil.AccessDenied:  # alive, and of another user: never ours
        return False
    except psutil.Error:
        return False


def end(pid: int, started_at: float, grace_s: float = 10.0) -> None:
    """Ends it: asked politely first, forced after `grace_s`, and seen to be gone.

    Gone already is success. Raises: AppError("process_stays") when it survives even that.
    """
    import psutil

    if not alive(pid, started_at):
        return
    try:
        process = psutil.Process(pid)
        process.terminate()
        if not _gone_within(pid, started_at, grace_s):
            process.kill()
            if not _gone_within(pid, started_at, 10.0):
                raise AppError("process_stays", {"pid": pid}, remedy="try_again", retryable=True)
    except psutil.NoSuchProcess:
        return
    except psutil.Error as error:
        raise AppError(
            "process_stays", {"pid": pid}, remedy="try_again", retryable=True, detail=str(error)
        ) from error


def this_boot() -> str:
    """What names the time since the computer was started last."""
    import psutil

    with contextlib.suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    return f"{psutil.boot_time():.0f}"


def same_boot(boot: str) -> bool:
    """Whether the computer has run on since `this_boot` said so. No process outlives a restart."""
    now = this_boot()
    try:
        return abs(float(now) - float(boot)) < _SAME_BOOT_S
    except ValueError:
        return now == boot


def out_of_memory_kills() -> int | None:
    """How often the system has killed a process for lack of memory since it started.

    Linux only; None elsewhere. Two looks tell whether it happened in between.
    """
    with contextlib.suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text(encoding="ascii").splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return None


def free_memory_bytes() -> int | None:
    """Memory that a new process may take without others being pushed out; None: not known."""
    import psutil

    try:
        return int(psutil.virtual_memory().available)
    except (psutil.Error, OSError):
        return None


def own_identity() -> tuple[int, float]:
    """The number and start time of this process, as `alive` wants them."""
    return os.getpid(), _start_time(os.getpid()) or 0.0


def _fresh_log(path: Path) -> IO[bytes]:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    return os.fdopen(os.open(path, flags, 0o600), "wb")


def _popen(argv: list[str], log: IO[bytes], folder: Path) -> _Detached:
    common: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": log,
        "stderr": log,
        "cwd": folder,
        "env": child_environment(os.environ),
        "close_fds": True,
    }
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW
        breakaway = flags | subprocess.CREATE_BREAKAWAY_FROM_JOB
        try:  # out of a job that would end it together with us
            return _Detached(argv, creationflags=breakaway, **common)
        except PermissionError:  # the job forbids breaking away
            return _Detached(argv, creationflags=flags, **common)
    else:
        return _Detached(argv, start_new_session=True, **common)


def child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """The part of an environment that a child gets: no variable that could hold a secret."""
    return {name: value for name, value in environ.items() if name.upper() in _PASSED_ON}


def _collect() -> None:
    """Takes note of our own children that have ended, so that none stays as a zombie."""
    for pid, child in list(_children.items()):
        if child.poll() is not None:
            _children.pop(pid, None)


def _start_time(pid: int) -> float | None:
    import psutil

    try:
        return _started_at(psutil.Process(pid))
    except psutil.Error:
        return None


def _is_it(process: Any, started_at: float) -> bool:
    return abs(_started_at(process) - started_at) < _SAME_START_S


def _started_at(process: Any) -> float:
    import psutil

    created = float(process.create_time())
    return created - float(psutil.boot_time()) if psutil.LINUX else created


def _gone_within(pid: int, started_at: float, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while alive(pid, started_at):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
