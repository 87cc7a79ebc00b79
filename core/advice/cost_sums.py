"""The parts of a cost put together, and set against the budget."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from core.advice.currency import in_currency, range_in, rate_notes
from core.domain import Answers, Cost, CostLine, Offers, PriceNote, Range

_NOTHING: Range = (Decimal(0), Decimal(0))
_HARDWARE = frozenset({"hardware", "hardware_here"})
_AT_ONCE = _HARDWARE | {"resale"}
_PAID_ALREADY = frozenset({"hardware_here", "resale"})
_PAID_TO_NOBODY = _PAID_ALREADY | {"electricity"}


def unknown_cost(answers: Answers) -> Cost:
    return Cost(monthly=None, total=None, once=None, currency=answers.budget.currency)


def over_budget(cost: Cost, answers: Answers, offers: Offers) -> bool | None:
    """Whether even the low end of what is still to be paid is above the budget.

    A budget of nothing means electricity only: whatever is paid to a provider or a shop is over
    it. A card that is here is paid for, and a resale comes after. None where it is not known.
    """
    budget = answers.budget
    if not cost.lines or not budget.amount.is_finite():
        return None
    if budget.amount <= 0:
        return any(line.code not in _PAID_TO_NOBODY for line in cost.lines)
    due, known = Decimal(0), True
    for line in cost.lines:
        if line.code in _PAID_ALREADY or not line.counted:
            continue
        amount = _to_pay(line, answers, offers)
        known = known and amount is not None
        due += amount or 0
    if due > budget.amount:
        return True  # what is not known would only add to it
    return False if known else None


def _to_pay(line: CostLine, answers: Answers, offers: Offers) -> Decimal | None:
    """The low end over the horizon in the currency of the budget."""
    if line.monthly is None:
        return None
    amount = line.monthly[0] * answers.horizon_months + (line.once or _NOTHING)[0]
    return in_currency(amount, line.currency, answers.budget.currency, offers)


def whole(
    lines: Sequence[CostLine], prices: Sequence[PriceNote], answers: Answers, offers: Offers
) -> Cost:
    """The sums of these parts.

    Parts of one currency are summed in it. Where they come in several, the sums are in the
    currency of the budget by dated rates, which are added to the prices; without one, no sum.
    """
    months = answers.horizon_months
    currencies = {line.currency for line in lines if line.monthly is not None and line.counted}
    currency = answers.budget.currency
    rates: tuple[PriceNote, ...] | None = ()
    if len(currencies) == 1:
        (currency,) = currencies
    elif currencies:
        rates = rate_notes((*currencies, currency), offers)
    monthly = once = end = None
    if rates is not None:
        running = [line for line in lines if line.counted and line.code not in _AT_ONCE]
        monthly = _summed((line.monthly for line in running), running, currency, offers)
        bought = [line for line in lines if line.code in _HARDWARE]
        once = _summed((line.once for line in bought), bought, currency, offers)
        sold = [line for line in lines if line.code == "resale"]
        end = _summed((line.once for line in sold), sold, currency, offers)
    total = None
    if monthly is not None and once is not None and end is not None:
        low, high = (monthly[n] * months + once[n] + end[n] for n in (0, 1))
        total = (low, high)
    return Cost(
        monthly=monthly,
        total=total,
        currency=currency,
        once=once,
        lines=tuple(lines),
        prices=tuple(dict.fromkeys((*prices, *(rates or ())))),
    )


def _summed(
    amounts: Iterable[Range | None], lines: Sequence[CostLine], currency: str, offers: Offers
) -> Range | None:
    """In one currency. Nothing for no parts at all, None where one of them is not known."""
    low, high = _NOTHING
    for line, amount in zip(lines, amounts, strict=True):
        there = None if amount is None else range_in(amount, line.currency, currency, offers)
        if there is None:
            return None
        low, high = low + there[0], high + there[1]
    return low, high
