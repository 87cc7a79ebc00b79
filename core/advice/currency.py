"""Amounts in another currency, by a dated rate: to compare and to sum, never to state a price."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.advice.price_age import is_stale
from core.domain import Cost, Money, Offers, Price, PriceNote, Range, Rate

CENT = Decimal("0.01")


def in_currency(amount: Decimal, source: str, target: str, offers: Offers) -> Decimal | None:
    """An amount of `source` in `target` (ISO 4217), not rounded. None where a rate is not known."""
    if source == target:
        return amount
    first, second = _per_usd(source, offers), _per_usd(target, offers)
    if first is None or second is None:
        return None
    return amount / first * second


def range_in(amounts: Range, source: str, target: str, offers: Offers) -> Range | None:
    """Both ends, rounded to cents where they had to be converted."""
    if source == target:
        return amounts
    low, high = (in_currency(amount, source, target, offers) for amount in amounts)
    if low is None or high is None:
        return None
    return low.quantize(CENT), high.quantize(CENT)


def cost_in(cost: Cost, currency: str, offers: Offers) -> Cost | None:
    """The sums of a cost in another currency, with the rates among its prices.

    For one picture with all ways in it. None where a rate is not known.
    """
    if cost.currency == currency:
        return cost
    notes = rate_notes((cost.currency, currency), offers)
    if notes is None:
        return None

    def there(amounts: Range | None) -> Range | None:
        return None if amounts is None else range_in(amounts, cost.currency, currency, offers)

    return replace(
        cost,
        monthly=there(cost.monthly),
        total=there(cost.total),
        once=there(cost.once),
        currency=currency,
        prices=tuple(dict.fromkeys((*cost.prices, *notes))),
    )


def rate_notes(currencies: tuple[str, ...], offers: Offers) -> tuple[PriceNote, ...] | None:
    """The rates that stand between these currencies, or None where one is not known."""
    found = []
    for currency in sorted(set(currencies) - {"USD"}):
        rate = _rate(currency, offers)
        if rate is None:
            return None
        price = Price(money=Money(amount=rate.per_usd, currency=currency), source=rate.source)
        stale = is_stale(rate.source.date, "usd", offers.today)
        found.append(PriceNote(name=currency, unit="usd", price=price, stale=stale))
    return tuple(found)


def _per_usd(currency: str, offers: Offers) -> Decimal | None:
    if currency == "USD":
        return Decimal(1)
    rate = _rate(currency, offers)
    return None if rate is None else rate.per_usd


def _rate(currency: str, offers: Offers) -> Rate | None:
    for rate in offers.rates:
        if rate.currency == currency:
            # A rate of nothing would make everything free.
            return rate if rate.per_usd.is_finite() and rate.per_usd > 0 else None
    return None
