"""What long work tells its caller while it runs, and how it is told to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one step is. `done` and `total` are bytes where `unit` is "bytes", else a count.

    `total` is None while it is not known. `note` is a text code with its parameters, for
    example which source a download uses. `bytes_per_s` is the mean of the last seconds.
    """

    step: str
    done: int = 0
    total: int | None = None
    unit: str = "count"
    bytes_per_s: float | None = None
    note: str | None = None
    note_params: tuple[tuple[str, str], ...] = ()
    finished: bool = False


Reporter = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """A Reporter for callers who do not watch."""


class Cancelled(Exception):  # noqa: N818 - it is an answer to a wish, not an error
    """The person stopped the work. Not an error: nothing is shown in red."""


class CancelToken:
    """A wish to stop that long work looks at. One token for one piece of work; thread-safe."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        self._event.set()

    @property
    def cancelled(self) -> bool:
        return self._event.is_set()

    def check(self) -> None:
        """Raises Cancelled once somebody has asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> None:
        """Sleeps, but wakes at once on cancel.

        Raises: Cancelled.
        """
        if self._event.wait(seconds):
            raise Cancelled
