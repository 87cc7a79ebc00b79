"""Use it: what is said, and what an undo or a removal leaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from core.domain.catalog import Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: str  # system | user | assistant
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDelta:
    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDone:
    """The end of one answer. Speeds are the engine's own timings, else measured here."""

    finish_reason: str  # stop | length | stopped_by_you
    prompt_tokens: int
    completion_tokens: int
    first_token_s: float
    tokens_per_s: float | None
    model: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an undo or a removal took away, and what it left and why."""

    removed: tuple[Note, ...] = field(default=())
    kept: tuple[Note, ...] = field(default=())
    freed_bytes: int = 0
