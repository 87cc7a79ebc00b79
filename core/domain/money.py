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
class Offers:
    """Every price that is known, and the day from which their age is counted."""

    cloud: tuple[CloudOffer, ...]
    tokens: tuple[TokenOffer, ...]
    tariffs: tuple[Tariff, ...]
    rates: tuple[Rate, ...]
    storage_gb_month: Price | None  # cloud storage of the weights
    today: str  # ISO date


@dataclass(frozen=True, slots=True, kw_only=True)
class CostInputs:
    """What the costs are worked out from and a person may change. None: as the catalogue says."""

    hours_per_day: float
    questions_per_hour: float = 10.0
    input_tokens: int = 1500  # read for one question, with what was said before
    output_tokens: int = 1200  # written for one answer, with its thoughts
    cached_share: float = 0.5  # of what is read, read before
    off_peak_share: float = 0.5  # of the questions, outside the provider's busy hours
    stay_share: float = 0.8  # of the questions that a hybrid plan answers here
    busy_share: tuple[float, float] = (0.25, 1.0)  # of the hours, how long the computer computes
    idle_minutes: float = 15.0  # a rented machine runs on after each sitting
    sittings_per_day: float = 2.0
    kwh_price: Money | None = None
    hardware_price: Money | None = None
    count_hardware: bool = False  # also count a card that is here already
    lifetime_months: int = 42  # 3 to 4 years
    resale_share: float = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class CostLine:
    """One part of a cost. A part that is not known makes the whole unknown."""

    code: str  # electricity | hardware | resale | endpoint | storage | tokens
    monthly: Range | None
    once: Range | None = None  # at the start; a resale is negative, at the end


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceNote:
    """One price as it was used, to be shown with its age."""

    name: str  # what it is the price of, a proper name
    unit: str  # kwh | hour | million_input | million_output | card | gb_month
    price: Price
    stale: bool  # older than prices of its kind stay true


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    monthly: Range | None  # running costs; None: not known, and shown so
    total: Range | None  # over the horizon, with what is paid once
    currency: str
    once: Range = (Decimal(0), Decimal(0))
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
