"""The watch: looks, acts, and keeps its head when an answer is late."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.domain import EndpointState, Status
from core.errors import AppError
from gui.home.watch import EngineWatch
from tests.gui.home.parts import Serve, an_assembly


@pytest.fixture
def serve() -> Serve:
    return Serve()


@pytest.fixture
def watch(qtbot: QtBot, tmp_path: Path, serve: Serve) -> EngineWatch:
    return EngineWatch(an_assembly(tmp_path), serve=serve)


def _look(qtbot: QtBot, watch: EngineWatch) -> None:
    with qtbot.waitSignal(watch.looked):
        watch.look()
    qtbot.waitUntil(lambda: watch._look_task is None)


def test_a_look_tells_once_what_changed(qtbot: QtBot, watch: EngineWatch) -> None:
    with qtbot.waitSignal(watch.changed):
        watch.look()
    assert watch.status == Status(state=EndpointState.RUNNING)
    assert watch.plan is not None
    qtbot.waitUntil(lambda: watch._look_task is None)
    with qtbot.assertNotEmitted(watch.changed, wait=100):
        _look(qtbot, watch)


def test_one_late_answer_is_no_trouble_but_two_are(
    qtbot: QtBot, watch: EngineWatch, serve: Serve
) -> None:
    _look(qtbot, watch)
    serve.state, serve.note = EndpointState.UNKNOWN, "engine_silent"
    with qtbot.waitSignal(watch.changed, timeout=200, raising=False) as heard:
        watch.look()
    assert not heard.signal_triggered
    qtbot.waitUntil(lambda: watch._look_task is None)
    with qtbot.waitSignal(watch.changed):
        watch.look()
    assert watch.status is not None
    assert watch.status.state is EndpointState.UNKNOWN


def test_a_look_that_fails_is_a_state_too(qtbot: QtBot, watch: EngineWatch, serve: Serve) -> None:
    def broken(_journal: object, _providers: object) -> None:
        raise AppError("journal_broken", detail="disk I/O error")

    serve.current = broken  # type: ignore[method-assign, assignment]
    with qtbot.waitSignal(watch.changed):
        watch.look()
    assert watch.status == Status(
        state=EndpointState.UNKNOWN, note="journal_broken", detail="disk I/O error"
    )


def test_start_stop_and_remove(qtbot: QtBot, watch: EngineWatch, serve: Serve) -> None:
    serve.state = EndpointState.STOPPED
    _look(qtbot, watch)
    for act, state in (
        (watch.start, EndpointState.RUNNING),
        (watch.stop, EndpointState.STOPPED),
        (watch.restart, EndpointState.RUNNING),
    ):
        act()
        assert watch.acting
        qtbot.waitUntil(
            lambda state=state: (
                not watch.acting and watch.status is not None and watch.status.state is state
            )
        )
    with qtbot.waitSignal(watch.removed) as heard:
        watch.remove(models=True)
    assert heard.args[0].freed_bytes == 4_000_000_000
    qtbot.waitUntil(lambda: watch.plan is None)
    assert serve.calls == ["start", "stop", "stop", "start", "remove models=True"]


def test_only_one_act_at_a_time(qtbot: QtBot, watch: EngineWatch, serve: Serve) -> None:
    serve.gate = threading.Event()
    watch.start()
    watch.start()
    watch.remove(models=False)
    serve.gate.set()
    qtbot.waitUntil(lambda: not watch.acting)
    assert serve.calls == ["start"]


def test_a_start_can_be_called_off(qtbot: QtBot, watch: EngineWatch, serve: Serve) -> None:
    serve.state = EndpointState.STOPPED
    serve.gate = threading.Event()
    watch.start()
    qtbot.waitUntil(lambda: serve.calls == ["start"])
    watch.stop()
    qtbot.waitUntil(lambda: not watch.acting)
    assert serve.calls == ["start", "stop"]
    assert serve.state is EndpointState.STOPPED


def test_a_start_that_fails_says_why(qtbot: QtBot, watch: EngineWatch, serve: Serve) -> None:
    serve.start_error = AppError("engine_out_of_memory", remedy="choose_smaller")
    with qtbot.waitSignal(watch.failed) as heard:
        watch.start()
    assert heard.args[0].code == "engine_out_of_memory"
    qtbot.waitUntil(lambda: not watch.acting)
