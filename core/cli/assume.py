"""`--assume KEY=VALUE`: what a person says instead of our assumptions about cost. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from core.advice.cost import check_inputs
from core.domain import CostInputs, Money
from core.errors import AppError

_BOTH = re.compile(r"\s*(?:-|\u2013|\.\.)\s*")
_YES, _NO = {"yes", "true", "on", "1"}, {"no", "false", "off", "0"}


def assume(inputs: CostInputs, wishes: Iterable[str]) -> CostInputs:
    """The inputs with every "key=value" put in; of two for the same key the last one holds.

    Raises: AppError("assumption_unknown"), AppError("assumption_unreadable"), and
    AppError("cost_inputs_invalid") for what no person can mean.
    """
    changes: dict[str, object] = {}
    for wish in wishes:
        key, _, value = (part.strip() for part in wish.partition("="))
        name = key.replace("-", "_")
        if name not in READERS or key != key.lower():
            known = ", ".join(sorted(map(kebab, READERS)))
            raise AppError(
                "assumption_unknown",
                {"key": key[:40], "known": known},
                remedy="name_an_assumption",
                field="assume",
            )
        read, example = READERS[name]
        try:
            changes[name] = read(value)
        except (ValueError, InvalidOperation) as error:
            raise AppError(
                "assumption_unreadable",
                {"key": key, "value": value[:40], "example": f"{key}={example}"},
                remedy="name_an_assumption",
                field="assume",
            ) from error
    changed = replace(inputs, **changes)  # type: ignore[arg-type]
    try:
        check_inputs(changed)
    except AppError as error:
        params = {**error.params, "field": kebab(error.field or "")}
        raise replace(error, params=params, remedy="name_an_assumption", field="assume") from error
    return changed


def kebab(name: str) -> str:
    """As it is typed."""
    return name.replace("_", "-")


def _number(value: str) -> float:
    return float(value)


def _whole(value: str) -> int:
    return int(value)


def _span(value: str) -> tuple[float, float]:
    low, *more = _BOTH.split(value)
    (high,) = more or (low,)
    return float(low), float(high)


def _money(value: str) -> Money:
    """ "0.31 EUR" or "EUR 0.31". Without its currency an amount says nothing."""
    found = re.fullmatch(r"(?:([A-Za-z]{3})\s*)?(\S+?)(?:\s*([A-Za-z]{3}))?", value)
    if found is None or bool(found[1]) == bool(found[3]):
        raise ValueError(value)
    return Money(amount=Decimal(found[2]), currency=(found[1] or found[3]).upper())


def _yes_or_no(value: str) -> bool:
    word = value.lower()
    if word not in _YES | _NO:
        raise ValueError(value)
    return word in _YES


Reader = Callable[[str], object]
# How each is read, and an example for whoever wrote something else.
READERS: dict[str, tuple[Reader, str]] = {
    "hours_per_day": (_number, "6"),
    "questions_per_hour": (_number, "10"),
    "input_tokens": (_whole, "1500"),
    "output_tokens": (_whole, "1200"),
    "cached_share": (_number, "0.5"),
    "off_peak_share": (_number, "0.5"),
    "stay_share": (_number, "0.6"),
    "busy_share": (_span, "0.25-1"),
    "idle_minutes": (_number, "15"),
    "sittings_per_day": (_number, "2"),
    "kwh_price": (_money, '"0.31 EUR"'),
    "hardware_price": (_money, '"1500 USD"'),
    "count_hardware": (_yes_or_no, "yes"),
    "lifetime_months": (_whole, "42"),
    "resale_share": (_number, "0.25"),
}
