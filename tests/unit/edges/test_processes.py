"""Child processes, with real ones."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from core.edges import processes

Spawn = Callable[..., tuple[int, float]]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts Python with a program; whatever still runs at the end is ended."""
    started: list[tuple[int, float]] = []

    def start(program: str, stdin: bytes = b"") -> tuple[int, float]:
        argv = [sys.executable, "-c", program]
        log = tmp_path / "log"
        identity = processes.spawn_detached(argv, stdin=stdin, log_path=log, folder=tmp_path)
        started.append(identity)
        return identity

    yield start
    for identity in started:
        processes.end(*identity, grace_s=0.1)


def log_of(tmp_path: Path, mark: str) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        text = (tmp_path / "log").read_text()
        if mark in text:
            return text
        time.sleep(0.02)
    raise AssertionError((tmp_path / "log").read_text())


def gone(pid: int, started_at: float) -> bool:
    deadline = time.monotonic() + 5
    while processes.alive(pid, started_at):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def test_a_child_gets_its_input_and_writes_its_log(spawn: Spawn, tmp_path: Path) -> None:
    spawn("import sys; print(sys.stdin.read().upper(), file=sys.stderr)", b"hello")
    assert "HELLO" in log_of(tmp_path, "HELLO")
    assert (tmp_path / "log").stat().st_mode & 0o077 == 0


def test_a_child_has_a_session_of_its_own(spawn: Spawn) -> None:
    pid, _ = spawn("import time; time.sleep(30)")
    assert os.getsid(pid) == pid != os.getsid(0)


def test_no_secret_of_ours_is_passed_on(
    spawn: Spawn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("HF_TOKEN", "canary")
    spawn("import os; print(dict(os.environ), 'end')")
    assert "canary" not in log_of(tmp_path, "end")


def test_a_number_with_another_start_time_is_not_ours(spawn: Spawn) -> None:
    pid, started_at = spawn("import time; time.sleep(30)")
    assert processes.alive(pid, started_at)
    assert not processes.alive(pid, started_at - 60)
    processes.end(pid, started_at - 60, grace_s=0.1)  # a recycled number: nobody is ended
    assert processes.alive(pid, started_at)


def test_a_dead_child_is_not_alive_and_no_zombie(spawn: Spawn) -> None:
    pid, started_at = spawn("pass")
    assert gone(pid, started_at)
    assert not psutil.pid_exists(pid)


def test_end_is_polite_first(spawn: Spawn, tmp_path: Path) -> None:
    program = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit()))\n"
        "print('up', flush=True); time.sleep(30)"
    )
    pid, started_at = spawn(program)
    log_of(tmp_path, "up")
    processes.end(pid, started_at)
    assert "bye" in (tmp_path / "log").read_text()
    assert not processes.alive(pid, started_at)


def test_end_forces_what_does_not_listen(spawn: Spawn, tmp_path: Path) -> None:
    program = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('up', flush=True); time.sleep(30)"
    )
    pid, started_at = spawn(program)
    log_of(tmp_path, "up")
    begun = time.monotonic()
    processes.end(pid, started_at, grace_s=0.3)
    assert 0.3 < time.monotonic() - begun < 5
    assert not processes.alive(pid, started_at)


def test_end_reaches_a_frozen_one(spawn: Spawn) -> None:
    pid, started_at = spawn("import time; time.sleep(30)")
    os.kill(pid, signal.SIGSTOP)
    processes.end(pid, started_at, grace_s=0.2)
    assert not processes.alive(pid, started_at)


def test_ending_twice_is_fine(spawn: Spawn) -> None:
    pid, started_at = spawn("pass")
    processes.end(pid, started_at)
    processes.end(pid, started_at)


def test_a_program_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    from core.errors import AppError

    with pytest.raises(AppError) as caught:
        processes.spawn_detached(
            [str(tmp_path / "nothing")], stdin=b"", log_path=tmp_path / "log", folder=tmp_path
        )
    assert caught.value.code == "engine_not_started"


def test_a_restart_of_the_computer_is_known() -> None:
    assert processes.same_boot(processes.this_boot())
    assert not processes.same_boot("another boot")


def test_where_a_boot_is_known_by_its_time_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "this_boot", lambda: "1000000")
    assert processes.same_boot("1000030")  # reckoned from a clock that is not quite even
    assert not processes.same_boot("996000")


def test_a_clock_that_is_set_changes_nothing(spawn: Spawn, monkeypatch: pytest.MonkeyPatch) -> None:
    """The system reckons every start time from the time it was started, by its clock of now."""
    pid, started_at = spawn("import time; time.sleep(30)")
    boot = psutil.boot_time()
    monkeypatch.setattr(psutil._psplatform, "boot_time", lambda: boot + 7200)
    assert psutil.Process(pid).create_time() > time.time() + 3600
    assert processes.alive(pid, started_at)


def test_this_process_knows_itself() -> None:
    assert processes.alive(*processes.own_identity())


def test_memory_is_told() -> None:
    free = processes.free_memory_bytes()
    assert free is not None
    assert free > 10_000_000
