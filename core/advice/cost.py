"""What running here costs: electricity alone, because the computer is already there.

Where a figure is missing the cost is unknown and shown so; a zero would be a guess.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain import Answers, CardFacts, Cost, Source

DAYS_PER_MONTH = Decimal("30.4")

# At the wall a computer at full load drew between 1.0 and 1.45 times the board power of its card
# (geerlingguy/ai-benchmarks 2025-12: RTX 3060, 4090, 3080 Ti, 2080 Ti, 4070 Ti). It computes only
# while it answers: between a quarter and all of the hours the person gives.
WALL_FACTOR = Decimal("1.45")
BUSY_SHARE = (Decimal("0.25"), Decimal(1))

_EU = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IT",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Price of one kWh for a household."""

    price: Decimal
    currency: str
    source: Source


_EUROPE = Source(text="HEPI / Fuel-Prices.eu", date="2026")
TARIFFS = {
    "US": Tariff(
        price=Decimal("0.162"),
        currency="USD",
        source=Source(text="average of a statistics aggregator", date="2023"),
    ),
    "DE": Tariff(price=Decimal("0.384"), currency="EUR", source=_EUROPE),
    "EU": Tariff(price=Decimal("0.258"), currency="EUR", source=_EUROPE),
}


def tariff_for(country: str) -> Tariff | None:
    """The tariff of a country (ISO 3166 alpha-2), the mean of the EU for its members, or None."""
    code = country.upper()
    return TARIFFS.get(code) or (TARIFFS["EU"] if code in _EU else None)


def electricity(answers: Answers, card: CardFacts | None) -> Cost:
    """What the model's work costs on this card. Unknown without the card's power or a tariff."""
    tariff = tariff_for(answers.country)
    if card is None or card.tdp_w is None or tariff is None:
        return unknown_cost(answers)
    kilowatts = Decimal(str(card.tdp_w)) * WALL_FACTOR / 1000
    hours = Decimal(str(answers.hours_per_day)) * DAYS_PER_MONTH
    most = kilowatts * hours * tariff.price
    low, high = (_cents(most * share) for share in BUSY_SHARE)
    return Cost(
        monthly=(low, high),
        total=(low * answers.horizon_months, high * answers.horizon_months),
        currency=tariff.currency,
    )


def unknown_cost(answers: Answers) -> Cost:
    return Cost(monthly=None, total=None, currency=answers.budget.currency)


def over_budget(cost: Cost, answers: Answers) -> bool:
    """Whether even the low end is above the budget. False where they cannot be compared, and for
    a budget of nothing, which is meant as "electricity only"."""
    budget = answers.budget
    if cost.total is None or cost.currency != budget.currency or not budget.amount:
        return False
    return cost.total[0] > budget.amount


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(Decimal("0.01"))
