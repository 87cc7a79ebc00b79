"""The bridge to threads: what arrives, in which order, on which thread, and what never does."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from PySide6.QtCore import QObject, QThread, Signal
from pytestqt.qtbot import QtBot

from core.domain import ChatDelta
from core.errors import AppError
from core.progress import CancelToken, Progress
from gui import tasks
from gui.garbage import Collector
from gui.tasks import Task

Report = Callable[[Any], None]


class Listener(QObject):
    """Writes down everything a task says, and on which thread it heard it."""

    def __init__(self, task: Task) -> None:
        super().__init__()
        self.heard: list[tuple[str, object]] = []
        self.threads: set[QThread] = set()
        for name in ("progressed", "received", "succeeded", "failed"):
            getattr(task, name).connect(lambda value, name=name: self._hear(name, value))
        for name in ("cancelled", "finished"):
            getattr(task, name).connect(lambda name=name: self._hear(name, None))

    def _hear(self, name: str, value: object) -> None:
        self.heard.append((name, value))
        self.threads.add(QThread.currentThread())

    def names(self) -> list[str]:
        return [name for name, _ in self.heard]

    def values(self, name: str) -> list[Any]:
        return [value for heard, value in self.heard if heard == name]


def test_result_arrives_on_the_gui_thread_then_finished(qtbot: QtBot) -> None:
    worker: list[threading.Thread] = []

    def work(_report: Report, _token: CancelToken) -> int:
        worker.append(threading.current_thread())
        return 30 * 2**30  # more than 32 bits: a C++ int would break it

    task = Task(work)
    listener = Listener(task)
    with qtbot.waitSignal(task.finished, timeout=2000):
        task.start()
    assert listener.heard == [("succeeded", 30 * 2**30), ("finished", None)]
    assert listener.threads == {task.thread()}
    assert worker[0] is not threading.main_thread()
    assert worker[0].daemon
    assert not task.running


def test_progress_is_merged_and_the_last_of_each_step_arrives(qtbot: QtBot) -> None:
    def work(report: Report, _token: CancelToken) -> None:
        for step in ("fetch", "load"):
            for done in range(10_000):
                report(Progress(step=step, done=done, total=10_000))
            report(Progress(step=step, done=10_000, total=10_000, finished=True))

    task = Task(work)
    listener = Listener(task)
    with qtbot.waitSignal(task.finished, timeout=10_000):
        task.start()
    seen = listener.values("progressed")
    assert len(seen) < 2_000
    assert [p.step for p in seen if p.finished] == ["fetch", "load"]
    for step in ("fetch", "load"):
        counts = [p.done for p in seen if p.step == step]
        assert counts == sorted(counts)
        assert counts[-1] == 10_000


def test_other_records_arrive_all_in_order_and_in_batches(qtbot: QtBot) -> None:
    sent = [ChatDelta(text=str(number)) for number in range(3_000)]

    def work(report: Report, _token: CancelToken) -> str:
        for delta in sent:
            report(delta)
        return "done"

    task = Task(work)
    listener = Listener(task)
    with qtbot.waitSignal(task.finished, timeout=5000):
        task.start()
    batches = listener.values("received")
    assert all(isinstance(batch, tuple) for batch in batches)
    assert [delta for batch in batches for delta in batch] == sent
    assert len(batches) < 100
    assert listener.names()[-2:] == ["succeeded", "finished"]


def test_batches_keep_50_ms_apart(qtbot: QtBot) -> None:
    arrivals: list[float] = []

    def work(report: Report, token: CancelToken) -> None:
        for number in range(60):
            report(ChatDelta(text=str(number)))
            token.wait(0.005)

    task = Task(work)
    task.received.connect(lambda _batch: arrivals.append(time.monotonic()))
    with qtbot.waitSignal(task.finished, timeout=5000):
        task.start()
    gaps = [after - before for before, after in pairwise(arrivals)]
    assert gaps
    assert min(gaps[:-1], default=1.0) >= 0.045  # the very last comes with the outcome, at once


def test_an_app_error_arrives_as_it_is(qtbot: QtBot) -> None:
    error = AppError("disk_full", {"need_bytes": 5}, remedy="free_disk")

    def work(_report: Report, _token: CancelToken) -> None:
        raise error

    task = Task(work)
    listener = Listener(task)
    with qtbot.waitSignal(task.finished, timeout=2000):
        task.start()
    assert listener.heard == [("failed", error), ("finished", None)]


@pytest.mark.usefixtures("logs_are_meant")
def test_any_other_exception_becomes_unexpected_with_one_redacted_line(qtbot: QtBot) -> None:
    secret = "sk-abcdefghijklmnopqrstuvwxyz0123456789"

    def work(_report: Report, _token: CancelToken) -> None:
        raise ValueError(f"bad key={secret}\nsecond line")

    task = Task(work)
    with qtbot.waitSignal(task.failed, timeout=2000) as caught:
        task.start()
    error = caught.args[0]
    assert isinstance(error, AppError)
    assert error.code == "unexpected"
    assert error.detail.startswith("ValueError: bad key=")
    assert secret not in error.detail
    assert "second line" not in error.detail


def test_cancel_ends_in_cancelled_and_no_result(qtbot: QtBot) -> None:
    started = threading.Event()

    def work(_report: Report, token: CancelToken) -> str:
        started.set()
        token.wait(30)
        return "never"

    task = Task(work)
    listener = Listener(task)
    with qtbot.waitSignal(task.finished, timeout=2000):
        task.start()
        assert started.wait(2)
        assert task.running
        task.cancel()
    assert listener.names() == ["cancelled", "finished"]


def test_what_breaks_because_of_a_cancel_is_no_failure(qtbot: QtBot) -> None:
    def work(_report: Report, token: CancelToken) -> None:
        while not token.cancelled:
            time.sleep(0.005)
        raise AppError("unreachable")

    task = Task(work)
    listener = Listener(task)
    with qtbot.waitSignal(task.finished, timeout=2000):
        task.start()
        task.cancel()
    assert listener.names() == ["cancelled", "finished"]


def test_owner_destroyed_while_it_runs(qtbot: QtBot) -> None:
    owner = QObject()
    gone, ended = threading.Event(), threading.Event()

    def work(report: Report, token: CancelToken) -> None:
        gone.wait(5)
        report(Progress(step="late"))
        report(ChatDelta(text="late"))
        assert token.cancelled
        ended.set()

    task = Task(work, owner)
    listener = Listener(task)
    task.start()
    owner.deleteLater()
    with qtbot.waitSignal(owner.destroyed, timeout=2000):
        pass
    gone.set()
    assert ended.wait(2)
    qtbot.wait(80)  # the absence of something can only be waited for
    assert listener.heard == []


def test_many_owners_destroyed_at_any_moment(qtbot: QtBot) -> None:
    def work(report: Report, token: CancelToken) -> None:
        for number in range(200):
            report(ChatDelta(text=str(number)))
            report(Progress(step="x", done=number))
            token.check()

    for _ in range(40):
        owner = QObject()
        Task(work, owner).start()
        owner.deleteLater()
        with qtbot.waitSignal(owner.destroyed, timeout=2000):
            pass


def test_a_slot_may_destroy_the_task(qtbot: QtBot) -> None:
    owner = QObject()
    task = Task(lambda report, _token: report(ChatDelta(text="x")), owner)
    listener = Listener(task)
    task.received.connect(lambda _batch: owner.deleteLater())
    with qtbot.waitSignal(owner.destroyed, timeout=2000):
        task.start()
    assert "received" in listener.names()


def test_quitting_cancels_and_waits_for_all_together(qtbot: QtBot) -> None:
    ended: list[int] = []

    def work(_report: Report, token: CancelToken) -> None:
        try:
            token.wait(30)
        finally:
            ended.append(1)

    kept = [Task(work).start() for _ in range(3)]
    began = time.monotonic()
    tasks.cancel_all(wait_s=2.0)
    assert time.monotonic() - began < 1.5
    assert len(ended) == len(kept)


def test_quitting_does_not_wait_for_ever_for_one_that_does_not_listen(qtbot: QtBot) -> None:
    let_go = threading.Event()
    task = Task(lambda _report, _token: let_go.wait(10)).start()
    began = time.monotonic()
    tasks.cancel_all(wait_s=0.2)
    assert 0.15 < time.monotonic() - began < 1.0
    let_go.set()
    assert task.running is False or task is not None


def test_a_task_runs_once(qtbot: QtBot) -> None:
    task = Task(lambda _report, _token: None)
    with qtbot.waitSignal(task.finished, timeout=2000):
        task.start()
    with pytest.raises(RuntimeError, match="once"):
        task.start()


def test_emitting_for_days_never_uses_up_true() -> None:
    """PySide 6.12 takes a reference of True with each emit: see gui/immortal.py."""

    class Bell(QObject):
        rung = Signal()

    bell = Bell()
    before = sys.getrefcount(True)
    for _ in range(5_000):
        bell.rung.emit()
    lost = before - sys.getrefcount(True)
    assert lost < 6_000
    assert sys.getrefcount(True) > 1_000_000 * lost


def test_garbage_is_collected_on_the_gui_thread_alone(qtbot: QtBot) -> None:
    died_on: list[threading.Thread] = []

    class Ring:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            died_on.append(threading.current_thread())

    collector = Collector()
    for _ in range(2_000):
        Ring()

    def work(_report: Report, _token: CancelToken) -> None:
        kept = [[number] for number in range(50_000)]
        assert len(kept) == 50_000

    task = Task(work)
    with qtbot.waitSignal(task.finished, timeout=5000):
        task.start()
    assert died_on == []
    collector.look()
    assert len(died_on) == 2_000
    assert set(died_on) == {threading.main_thread()}
