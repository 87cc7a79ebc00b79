"""Who may do what at the same time, across threads and processes.

Two plans may be under way at once, so that a small model can be set up while a large one is still
being fetched. `carrying` is held for the whole run of one plan; `changing` only while engines are
made or taken away, which is never done by two at once. Whoever wants both takes them in this order.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from core.domain import Plan
from core.edges import clock, files
from core.errors import AppError
from core.progress import CancelToken
from core.setup.journal import Journal

GIVE_WAY_S = 15.0  # somebody else is taking an engine away, or looking
FINISH_S = 180.0  # somebody else's engine is being loaded and asked its first question
_RETRY_S = 0.2
_GLANCE_S = 0.5  # somebody may just be looking whether the plan is held


@contextlib.contextmanager
def carrying(journal: Journal, plan: Plan, *, wait_s: float = _GLANCE_S) -> Iterator[None]:
    """Holds the plan for the block; a plan that a living process holds is being worked on.

    Raises: AppError("busy_elsewhere").
    """
    path = journal.path.parent / "locks" / f"{plan.id}.lock"
    with files.writer_lock(path, wait_s=wait_s):
        yield


@contextlib.contextmanager
def changing(journal: Journal, token: CancelToken, *, wait_s: float = GIVE_WAY_S) -> Iterator[None]:
    """Holds the right to make and to take away engines.

    Raises: AppError("busy_elsewhere") after `wait_s` seconds, Cancelled.
    """
    path = journal.path.with_name("writer.lock")
    deadline = clock.monotonic() + wait_s
    with contextlib.ExitStack() as held:
        while True:
            token.check()
            try:
                held.enter_context(files.writer_lock(path, wait_s=_RETRY_S))
                break
            except AppError as error:
                if error.code != "busy_elsewhere" or clock.monotonic() >= deadline:
                    raise
        yield
