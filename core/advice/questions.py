"""The three questions of the first run, their choices, and what is assumed until it is changed.

Sentences: `question.<id>.title`, `question.<id>.hint`, and for each choice
`question.<id>.<choice id>.title` and `.caption` (place `{amount}` where the choice has one).
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain import Money, Sensitivity


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer. `months` and `monthly` are set where the answer is such a number."""

    id: str
    icon: str
    sensitivity: Sensitivity | None = None
    months: int | None = None
    monthly: Decimal | None = None  # in the person's currency, per month


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    id: str
    choices: tuple[Choice, ...]


SENSITIVITY = Question(
    id="sensitivity",
    choices=(
        Choice(id="public", icon="chat", sensitivity=Sensitivity.PUBLIC),
        Choice(id="private", icon="user", sensitivity=Sensitivity.PRIVATE),
        Choice(id="regulated", icon="lock", sensitivity=Sensitivity.REGULATED),
    ),
)
BUDGET = Question(
    id="budget",
    choices=(
        Choice(id="nothing", icon="money", monthly=Decimal(0)),
        Choice(id="some", icon="money", monthly=Decimal(50)),
        Choice(id="more", icon="money", monthly=Decimal(200)),
        Choice(id="other", icon="money"),  # the person types the amount
    ),
)
HORIZON = Question(
    id="horizon",
    choices=(
        Choice(id="trying", icon="clock", months=1),
        Choice(id="months", icon="calendar", months=6),
        Choice(id="years", icon="home", months=24),
    ),
)
QUESTIONS = (SENSITIVITY, BUDGET, HORIZON)

_EURO = "AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK"
_CURRENCIES = {
    "US": "USD",
    "CN": "CNY",
    "HK": "HKD",
    "TW": "TWD",
    "GB": "GBP",
    "JP": "JPY",
    **dict.fromkeys(_EURO.split(), "EUR"),
}


def country_for(language: str) -> str:
    """The country assumed for a language of the app (ISO 3166 alpha-2)."""
    return "CN" if language.startswith("zh") else "US"


def currency_for(country: str) -> str:
    """The currency (ISO 4217) in which a person there is asked; US dollars where not known."""
    return _CURRENCIES.get(country.upper(), "USD")


def budget_for(monthly: Decimal, currency: str, horizon_months: int) -> Money:
    """The budget of the whole horizon from what may be spent each month."""
    return Money(amount=monthly * horizon_months, currency=currency)
