"""Programs started by the bench, and their end."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.bench.tools import tool


def start(command: Sequence[str], log: Path) -> subprocess.Popen[bytes]:
    """A process in a session of its own: a Ctrl-C in the terminal is ours to pass on.

    It is told to end when we are killed ourselves.
    """
    with log.open("ab") as file:
        return subprocess.Popen(
            [tool("setpriv"), "--pdeathsig", "TERM", *command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


def end(process: subprocess.Popen[bytes], grace_s: float = 30.0) -> None:
    """Asks, waits, then insists. Ended already is fine."""
    if process.poll() is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGCONT)  # a stopped process would not hear the next one
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(grace_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(grace_s)


def until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Waits at most half a minute. Raises: RuntimeError with the end of the log."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(0.05)
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
    raise RuntimeError(f"{process.args!r} did not start:\n{tail}")
