"""What the costs are worked out from: where it begins, and what of it is refused."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from typing import NoReturn

from core.domain import Answers, CostInputs, Money, Offers
from core.errors import AppError

# What one person can mean. The bounds are wide; they are there for slips of the finger and for
# files that were made by something else. Money is in any currency, some of them small.
BOUNDS: dict[str, tuple[float, float]] = {
    "hours_per_day": (0, 24),
    "questions_per_hour": (0, 10_000),
    "input_tokens": (0, 1_000_000),
    "output_tokens": (0, 1_000_000),
    "cached_share": (0, 1),
    "off_peak_share": (0, 1),
    "stay_share": (0, 1),
    "busy_share": (0, 1),
    "idle_minutes": (0, 1440),
    "sittings_per_day": (0.01, 96),
    "kwh_price": (0, 1_000_000),
    "hardware_price": (0, 1_000_000_000),
    "lifetime_months": (1, 240),
    "resale_share": (0, 1),
}
_WHOLE = frozenset({"input_tokens", "output_tokens", "lifetime_months"})
_MONEY = frozenset({"kwh_price", "hardware_price"})
_MAY_BE_NONE = frozenset({"off_peak_share", "kwh_price", "hardware_price"})
_CURRENCY = re.compile("[A-Z]{3}")


def default_inputs(answers: Answers, offers: Offers) -> CostInputs:
    """The hours of the answers, everything else as `CostInputs` says.

    No price is filled in: None means "as `offers` say", so that a newer offer changes the cost.
    """
    return CostInputs(hours_per_day=answers.hours_per_day)


def check_inputs(inputs: CostInputs) -> None:
    """Refuses what no person can mean: not a number, infinite, negative, absurd, wrongly ordered.

    Raises: AppError("cost_inputs_invalid"), whose `field` is the name of the input.
    """
    for name in BOUNDS:
        value = getattr(inputs, name)
        if value is None and name in _MAY_BE_NONE:
            continue
        if name in _MONEY:
            _check_money(name, value)
        elif name == "busy_share":
            _check_span(name, value)
        else:
            _check_number(name, value)
    if not isinstance(inputs.count_hardware, bool):
        _refuse("count_hardware", inputs.count_hardware, 0, 1)


def _check_number(name: str, value: object) -> None:
    low, high = BOUNDS[name]
    kinds = (int,) if name in _WHOLE else (int, float)
    right = isinstance(value, kinds) and not isinstance(value, bool)
    # NaN fails both comparisons.
    if not right or not low <= value <= high:  # type: ignore[operator]
        _refuse(name, value, low, high)


def _check_span(name: str, value: object) -> None:
    if not isinstance(value, tuple) or len(value) != 2:
        _refuse(name, value, *BOUNDS[name])
    for end in value:
        _check_number(name, end)
    if value[0] > value[1]:
        _refuse(name, f"{value[0]:g}–{value[1]:g}", *BOUNDS[name])


def _check_money(name: str, value: object) -> None:
    low, high = BOUNDS[name]
    if not isinstance(value, Money) or not isinstance(value.amount, Decimal):
        _refuse(name, value, low, high)
    if not value.amount.is_finite() or not low <= value.amount <= high:
        _refuse(name, value.amount, low, high)
    if not _CURRENCY.fullmatch(value.currency):
        _refuse(name, value.currency, low, high)


def _refuse(name: str, value: object, low: float, high: float) -> NoReturn:
    shown = f"{value:g}" if isinstance(value, float) and math.isfinite(value) else str(value)[:40]
    raise AppError(
        "cost_inputs_invalid",
        {"field": name, "value": shown, "low": low, "high": high},
        remedy="change_assumption",
        field=name,
    )
