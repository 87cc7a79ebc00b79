"""Looks at once: one that hangs, fails or is cancelled holds nobody up."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import NoReturn

import pytest

from core.domain import Unreadable
from core.errors import AppError
from core.machine.limited import Look, look_at_all
from core.progress import Cancelled, CancelToken, Progress, silent


def test_all_run_at_the_same_time() -> None:
    meet = threading.Barrier(5, timeout=5)  # passes only when five threads are there together
    looks = [Look("cpu", meet.wait) for _ in range(5)]
    look_at_all(looks, silent, CancelToken(), limit_s=5)
    assert sorted(look.answer for look in looks) == [0, 1, 2, 3, 4]  # type: ignore[type-var]


def test_one_that_hangs_costs_its_own_fact_only() -> None:
    let_go = threading.Event()
    hangs, answers = Look("disk", lambda: let_go.wait(30)), Look("cpu", lambda: 8)
    steps: list[Progress] = []
    started = time.monotonic()
    look_at_all([hangs, answers], steps.append, CancelToken(), limit_s=0.3)
    took = time.monotonic() - started
    assert 0.3 <= took < 1.5
    assert hangs.answer == Unreadable("timeout")
    assert answers.answer == 8
    assert [(step.step, step.finished) for step in steps] == [("cpu", True), ("disk", True)]
    let_go.set()
    time.sleep(0.05)
    assert hangs.answer == Unreadable("timeout"), "what comes late is not heard"


def test_a_step_is_finished_once_with_its_last_look() -> None:
    first, let_pass = threading.Event(), threading.Event()
    quick, slow = Look("gpu", first.set), Look("gpu", lambda: first.wait(5) and let_pass.wait(0.1))
    other = Look("cpu", lambda: first.wait(5))
    steps: list[str] = []
    look_at_all(
        [quick, slow, other], lambda step: steps.append(step.step), CancelToken(), limit_s=5
    )
    assert steps == ["cpu", "gpu"]


def test_one_that_fails_says_so(caplog: pytest.LogCaptureFixture) -> None:
    def refused() -> NoReturn:
        raise AppError("docker_denied")

    def broken() -> NoReturn:
        raise ZeroDivisionError

    looks = [Look("engine", refused), Look("gpu", broken)]
    look_at_all(looks, silent, CancelToken(), limit_s=5)
    assert [look.answer for look in looks] == [Unreadable("docker_denied"), Unreadable("failed")]
    assert "ZeroDivisionError" in caplog.text  # the cause stays in the log


def test_cancel_is_heard_at_once() -> None:
    let_go, token = threading.Event(), CancelToken()
    threading.Timer(0.1, token.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        look_at_all([Look("cpu", lambda: let_go.wait(30))], silent, token, limit_s=30)
    assert time.monotonic() - started < 1.5
    let_go.set()


def test_a_cancelled_look_asks_nothing() -> None:
    token, asked = CancelToken(), threading.Event()
    token.cancel()
    with pytest.raises(Cancelled):
        look_at_all([Look("cpu", asked.set)], silent, token, limit_s=1)
    assert not asked.is_set()


def test_no_terminal_is_shown_a_traceback() -> None:
    code = (
        "from core.machine.limited import Look, look_at_all\n"
        "from core.progress import CancelToken, silent\n"
        "look_at_all([Look('cpu', lambda: 1 / 0)], silent, CancelToken(), limit_s=5)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""
