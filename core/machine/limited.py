"""Many looks at once, each on its own daemon thread, all against one clock.

A look that hangs (a dead network disk, a sick driver) costs its own fact and nothing else: its
thread is left behind, and whatever it says later is not heard.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from core.domain import Unreadable
from core.errors import AppError
from core.progress import CancelToken, Progress, Reporter

T = TypeVar("T")

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # else a terminal would show what belongs into a log
_WAKE_S = 0.05  # how soon a cancel is noticed


class Look(Generic[T]):
    """One question to this computer. `answer` stands after `look_at_all`."""

    def __init__(self, step: str, ask: Callable[[], T]) -> None:
        self.step = step
        self.ask = ask
        self.answer: T | Unreadable = Unreadable("timeout")


def look_at_all(
    looks: Sequence[Look[Any]], report: Reporter, token: CancelToken, *, limit_s: float
) -> None:
    """Asks all at once and returns when the last has answered, or `limit_s` is over.

    Reports each step once, when its last look has answered or time is up. Raises: Cancelled.
    """
    token.check()
    answers: queue.SimpleQueue[tuple[Look[Any], Any]] = queue.SimpleQueue()
    end = time.monotonic() + limit_s
    for look in looks:
        threading.Thread(
            target=_ask, args=(look, answers), name=f"look-{look.step}", daemon=True
        ).start()
    waiting = list(looks)
    while waiting and (left := end - time.monotonic()) > 0:
        token.check()
        try:
            look, answer = answers.get(timeout=min(left, _WAKE_S))
        except queue.Empty:
            continue
        look.answer = answer
        waiting.remove(look)
        if all(other.step != look.step for other in waiting):
            report(Progress(step=look.step, finished=True))
    token.check()
    for step in dict.fromkeys(look.step for look in waiting):
        report(Progress(step=step, finished=True))


def _ask(look: Look[T], answers: queue.SimpleQueue[tuple[Look[Any], Any]]) -> None:
    answer: T | Unreadable
    try:
        answer = look.ask()
    except AppError as error:
        answer = Unreadable(error.code)
    except Exception:
        # Whatever one look meets must not stop the others: the fact is simply not known.
        _log.exception("could not look at %s", look.step)
        answer = Unreadable("failed")
    answers.put((look, answer))
