"""What every test of the windows gets: nothing logged, no thread left, one language and look."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Iterator

import pytest

from gui import language, tasks, theme
from tests.garbage import garbage_stays_on_this_thread as garbage_stays_on_this_thread


@pytest.fixture(autouse=True)
def _quiet_and_clean(
    qapp: object, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Fails on log records from WARNING on and on threads of tasks that outlive the test.

    A test that means to log marks itself with `caplog` and clears it, or names the loggers it
    expects with `@pytest.mark.usefixtures("logs_are_meant")`.
    """
    language.switch("en")
    theme.apply(qapp, "light")  # type: ignore[arg-type]
    before = set(threading.enumerate())
    yield
    tasks.cancel_all(wait_s=2.0)
    gc.collect()
    until = time.monotonic() + 2.0
    while (left := _left(before)) and time.monotonic() < until:
        time.sleep(0.01)
    assert not left, f"threads still alive: {left}"
    if "logs_are_meant" not in request.fixturenames:
        records = [
            record
            for when in ("setup", "call")
            for record in caplog.get_records(when)
            if record.levelno >= logging.WARNING
        ]
        assert not records, [record.getMessage() for record in records]


@pytest.fixture
def logs_are_meant() -> None:
    """For tests of what goes wrong, where a warning in the log is right."""


def _left(before: set[threading.Thread]) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread not in before]
