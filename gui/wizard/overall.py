"""How far a set-up is as a whole, from what its steps report. Pure: the caller brings the clock."""

from __future__ import annotations

from core.domain import Step
from core.progress import Progress

_FIRST_GUESS_S = 5.0  # before that any guess of the time left jumps
_FIRST_SHARE = 0.02  # and below this share it is mostly noise


class Overall:
    """One bar over all steps, each as long as its weight."""

    def __init__(self, steps: tuple[Step, ...], now_s: float) -> None:
        self.steps = steps
        self._share = dict.fromkeys((step.id for step in steps), 0.0)
        self._bytes: dict[str, Progress] = {}
        self._began_s = now_s
        self._began_at: float | None = None  # share that was there when the work began

    def take(self, progress: Progress) -> None:
        """A report; steps before the reported one are over, since they run one after another."""
        if progress.step not in self._share:
            return
        for step in self.steps:
            if step.id == progress.step:
                break
            self._share[step.id] = 1.0
        self._share[progress.step] = 1.0 if progress.finished else _part(progress)
        if progress.unit == "bytes":
            self._bytes[progress.step] = progress
        if self._began_at is None:
            self._began_at = self.share

    @property
    def share(self) -> float:
        """0 to 1."""
        whole = sum(step.weight for step in self.steps) or 1.0
        return sum(step.weight * self._share[step.id] for step in self.steps) / whole

    @property
    def working(self) -> str | None:
        """The first step that is not over."""
        return next((step.id for step in self.steps if self._share[step.id] < 1), None)

    def left_s(self, now_s: float) -> float | None:
        """Seconds left at the pace so far, or None while that would be a bad guess."""
        spent = now_s - self._began_s
        made = self.share - (self._began_at or 0.0)
        if spent < _FIRST_GUESS_S or made < _FIRST_SHARE:
            return None
        return spent * (1 - self.share) / made

    @property
    def bytes_done(self) -> tuple[int, int] | None:
        """Bytes fetched of bytes to fetch, over all steps that count bytes; None without any."""
        known = [progress for progress in self._bytes.values() if progress.total]
        if not known:
            return None
        return sum(p.done for p in known), sum(p.total or 0 for p in known)


def _part(progress: Progress) -> float:
    if not progress.total:
        return 0.0
    return min(0.99, progress.done / progress.total)
