"""What was paid month by month, and from when the way that is paid at the start is cheaper.

Only what is paid: what a card would still fetch is no part of it, so a break-even is never too
early on a hope.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from core.advice.currency import cost_in
from core.domain import BreakEven, Cost, CostCurve, CostInputs, Note, Offers, Range

MONTHS = 60


def curve(kind: str, cost: Cost, months: int = MONTHS) -> CostCurve:
    """What was paid by the end of each month, from what is paid at the start; in one currency."""
    if cost.monthly is None or cost.once is None:
        return CostCurve(kind=kind, currency=cost.currency, by_month=None)
    (once_low, once_high), (low, high) = cost.once, cost.monthly
    by_month = tuple((once_low + low * n, once_high + high * n) for n in range(months + 1))
    return CostCurve(kind=kind, currency=cost.currency, by_month=by_month)


def break_even(
    owned: Cost, other_kind: str, other: Cost, inputs: CostInputs, offers: Offers
) -> BreakEven:
    """The months after which `owned` has cost less than `other`, and goes on to.

    `(once of owned - once of other) / (monthly of other - monthly of owned)`, to the nearest
    whole month: the earliest with the ends that are best for `owned`, the latest with the worst.
    Costs in two currencies are compared by the dated rates, or not at all.
    """
    compared = cost_in(other, owned.currency, offers)
    if compared is None:
        return _found(other_kind, None, "break_even.no_rate", inputs)
    mine, theirs = _known(owned), _known(compared)
    if mine is None or theirs is None:
        return _found(other_kind, None, "break_even.unknown", inputs)
    earliest = _months(mine, theirs, 0)
    latest = _months(mine, theirs, 1)
    if earliest is None:
        return _found(other_kind, None, "break_even.never", inputs)
    if latest is None:
        code = "break_even.from" if earliest else "break_even.perhaps"
    elif latest == 0:
        code = "break_even.at_once"
    else:
        code = "break_even.after" if earliest == latest else "break_even.between"
    return _found(other_kind, (earliest, latest), code, inputs)


def _known(cost: Cost) -> tuple[Range, Range] | None:
    """What is paid at the start and each month."""
    return None if cost.once is None or cost.monthly is None else (cost.once, cost.monthly)


def _months(mine: tuple[Range, Range], theirs: tuple[Range, Range], mine_end: int) -> int | None:
    """When one end of what is owned crosses the opposite end of the other, within MONTHS."""
    other_end = 1 - mine_end
    saved = theirs[1][other_end] - mine[1][mine_end]
    if saved <= 0:
        return None
    ahead = mine[0][mine_end] - theirs[0][other_end]
    month = max(Decimal(0), ahead / saved)
    return int(month.to_integral_value(ROUND_HALF_UP)) if month <= MONTHS else None


def _found(
    kind: str, month: tuple[int, int | None] | None, code: str, inputs: CostInputs
) -> BreakEven:
    """The sentence names what it rests on most: the hours of use, and the span looked at."""
    params: list[tuple[str, str | int | float]] = [
        ("hours_per_day", inputs.hours_per_day),
        ("years", MONTHS // 12),
    ]
    if month is not None:
        params.append(("first", month[0]))
        if month[1] is not None:
            params.append(("last", month[1]))
    return BreakEven(kind=kind, month=month, note=Note(code=code, params=tuple(params)))
