"""Prices, and what a way costs over time. Amounts are Decimal; currencies are never mixed."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from core.domain.catalog import Money, Note, Source

Range = tuple[Decimal, Decimal]  # low, high


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One price and where it stands. `source.date` says how old it is."""

    money: Money
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudOffer:
    """One rented machine with graphics cards, in the person's own account."""

    provider: str  # aws | tencent | alibaba
    name: str  # ml.g6.xlarge
    region: str
    card: str  # name as in the catalogue of cards
    cards: int
    memory_bytes: int  # of each card
    hourly: Price | None  # None: not known, ask the provider
    grain_minutes: int  # the smallest span that is billed


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenOffer:
    """One model at a provider that bills by what is read and written."""

    provider: str  # deepseek | siliconflow | …
    model: str  # the name the provider gives it
    region: str  # where it is answered: cn | us | eu | world
    currency: str
    input_price: Decimal  # for a million tokens
    cached_price: Decimal | None  # for what was read before; None: no rebate
    output_price: Decimal
    off_peak_share: Decimal | None  # what is paid outside the busy hours; None: always the same
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Tariff:
    """Price of one kWh for a household."""

    country: str  # ISO 3166 alpha-2, or EU
    price: Price


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """What one US dollar is in another currency: only to compare, never to state a price."""

    currency: str
    per_usd: Decimal
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Rent:
    """What one card costs for an hour somewhere: read beside a claim, never offered."""

    card: str  # name as in the catalogue of cards
    where: str  # a proper name
    hourly: Price
    spot: bool = False  # may be taken away at any time


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Every price that is known, and the day from which their age is counted."""

    cloud: tuple[CloudOffer, ...]
    tokens: tuple[TokenOffer, ...]
    tariffs: tuple[Tariff, ...]
    rates: tuple[Rate, ...]
    storage_gb_month: Price | None  # cloud storage of the weights
    today: str  # ISO date
    rents: tuple[Rent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostInputs:
    """What the costs are worked out from and a person may change. None: as the catalogue says.

    Nobody publishes how one person uses a model at home, so what has no source beside it is
    assumed; each figure is shown and can be changed, and the ranges are wide on purpose.
    """

    hours_per_day: float
    questions_per_hour: float = 10.0  # assumed: one in six minutes, read and thought about
    input_tokens: int = 1500  # assumed: read for one question, with what was said before
    # Written for one answer: 340 tokens, the mean in ShareGPT (Kwon et al. 2023), after 3,000 of
    # thoughts. Ten of them an hour keep a card that writes 30 tokens/s busy for a third of it.
    output_tokens: int = 3340
    cached_share: float = 0.5  # assumed: of what is read, what had been read before
    # Of the questions, outside the provider's busy hours. None: anything from none to all, as the
    # busy hours are a morning and an afternoon in China and depend on where the person lives.
    off_peak_share: float | None = None
    stay_share: float = 0.8  # assumed: of the questions that a hybrid plan answers here
    busy_share: tuple[float, float] = (0.25, 1.0)  # of the hours, how long the computer computes
    idle_minutes: float = 15.0  # assumed: a rented machine runs on after each sitting
    sittings_per_day: float = 2.0  # assumed
    kwh_price: Money | None = None
    hardware_price: Money | None = None  # of what must be bought
    count_hardware: bool = False  # also count a card that is here already
    lifetime_months: int = 42  # the middle of 3 to 4 years, the usual span of such comparisons
    resale_share: float = 0.25  # assumed: of the price, what is left of it after that time


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One part of a cost, in the currency of its price."""

    code: str  # electricity | hardware | hardware_here | resale | endpoint | storage | tokens
    monthly: Range | None  # None: not known. Nothing each month is (0, 0)
    once: Range | None = None  # at the start; a resale is negative, at the end
    currency: str = ""
    # False: too small to make the whole unknown; it is left out and shown as left out.
    counted: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNote:
    """One price as it was used, to be shown with its age."""

    name: str  # what it is the price of, a proper name; of electricity the country
    # kwh | hour | million_input | million_cached | million_output | card | gb_month | usd
    unit: str
    price: Price
    stale: bool  # older than prices of its kind stay true
    own: bool = False  # the person's own figure


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What a way costs. Sums are None where a part that counts is not known.

    Where parts are priced in several currencies the sums are in the currency of the budget, by
    the dated rates that stand among `prices`; `lines` keep the currencies of their prices.
    """

    monthly: Range | None  # running costs; None: not known, and shown so
    total: Range | None  # over the horizon, with what is paid once, less what is fetched at the end
    currency: str
    once: Range | None = (Decimal(0), Decimal(0))  # paid at the start
    lines: tuple[CostLine, ...] = ()
    prices: tuple[PriceNote, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CostCurve:
    """What was paid by the end of each month, the first entry being the start. One currency."""

    kind: str  # local | hybrid | tokens | cloud
    currency: str
    by_month: tuple[Range, ...] | None  # None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakEven:
    """From when the plan that is paid at the start is the cheaper one."""

    kind: str  # the way it is compared with
    month: tuple[int, int | None] | None  # earliest, latest (None: not within five years)
    note: Note  # what it rests on, or why it never comes
