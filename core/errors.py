"""The one error that reaches a person: a code and its parameters, never a sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

Param = str | int | float | bool

_NOTHING: Mapping[str, Param] = MappingProxyType({})


@dataclass(eq=False)
class AppError(Exception):
    """What went wrong, in a form that every language and every screen can show.

    `code` names three sentences in assets/text: `error.<code>.title`, `error.<code>.happened`
    and `error.<code>.means`; `remedy` names a fourth, `remedy.<remedy>`, and the button
    `remedy.<remedy>.button`. `params` fill the places in those sentences and never hold a
    secret. `field` is the input to mark; `retryable` says that the same call may go through
    later; `detail` is one raw line of the cause for the folded part, already free of secrets.
    """

    code: str
    params: Mapping[str, Param] = field(default_factory=lambda: _NOTHING)
    remedy: str = "save_report"
    field: str | None = None
    retryable: bool = False
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.code} {dict(self.params)}" + (f": {self.detail}" if self.detail else "")
