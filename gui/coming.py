"""The model that is being set up while another one is used already, in one plain record."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Coming:
    """`state`: fetching, starting (it takes the other one's place now), paused, failed or done."""

    model: str
    state: str
    share: float = 0.0  # of the whole set-up, 0 to 1
    left_s: float | None = None  # seconds, None while that would be a bad guess
