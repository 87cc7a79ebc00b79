"""The one bar over all steps: it never runs backwards, and guesses the time late."""

from __future__ import annotations

import pytest

from core.domain import Step
from core.progress import Progress
from gui.wizard.overall import Overall

STEPS = (Step(id="a", weight=1), Step(id="b", weight=8, total_bytes=100), Step(id="c", weight=1))


def at(step: str, done: int = 0, total: int | None = None, *, finished: bool = False) -> Progress:
    return Progress(step=step, done=done, total=total, unit="bytes", finished=finished)


def test_each_step_is_as_long_as_its_weight() -> None:
    bar = Overall(STEPS, 0.0)
    assert (bar.share, bar.working) == (0.0, "a")
    bar.take(at("a", finished=True))
    assert bar.share == pytest.approx(0.1)
    bar.take(at("b", 50, 100))
    assert bar.share == pytest.approx(0.5)
    assert bar.working == "b"
    bar.take(at("b", finished=True))
    bar.take(at("c", finished=True))
    assert (bar.share, bar.working) == (1.0, None)


def test_a_report_of_a_later_step_ends_the_earlier_ones() -> None:
    bar = Overall(STEPS, 0.0)
    bar.take(at("c"))
    assert bar.share == pytest.approx(0.9)
    bar.take(at("nobody knows it"))
    assert bar.share == pytest.approx(0.9)


def test_all_bytes_are_not_the_end_of_a_step() -> None:
    bar = Overall(STEPS, 0.0)
    bar.take(at("b", 100, 100))
    assert bar.working == "b"


def test_the_time_left_is_told_late_and_counts_only_this_run() -> None:
    bar = Overall(STEPS, 100.0)
    bar.take(at("b", 50, 100))  # half was here already
    assert bar.left_s(110.0) is None, "nothing made yet"
    bar.take(at("b", 75, 100))
    assert bar.left_s(104.0) is None, "too early"
    assert bar.left_s(110.0) == pytest.approx(10 * 0.3 / 0.2)


def test_bytes_are_counted_over_all_steps_that_have_them() -> None:
    bar = Overall(STEPS, 0.0)
    assert bar.bytes_done is None
    bar.take(at("a", 5, 10))
    bar.take(at("b", 50, 100))
    assert bar.bytes_done == (55, 110)


def test_no_steps_are_nothing_to_do() -> None:
    assert Overall((), 0.0).share == 0.0
