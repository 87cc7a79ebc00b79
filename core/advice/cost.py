"""What each way costs: electricity and hardware here, hours of a rented machine, tokens, or both.

Where a figure is missing the cost is unknown and shown so; a zero would be a guess. Each part
keeps the currency of its price. Sums of one currency are in it; where parts come in several, the
sums are in the currency of the budget by dated rates, which then stand among the prices, and
without such a rate there is no sum. `inputs` are those that `check_inputs` lets through.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, Decimal

from core.advice.cost_inputs import check_inputs, default_inputs
from core.advice.cost_sums import over_budget, unknown_cost, whole
from core.advice.currency import CENT, in_currency
from core.advice.price_age import is_stale
from core.domain import (
    Answers,
    CardFacts,
    CloudOffer,
    Cost,
    CostInputs,
    CostLine,
    Money,
    Offers,
    Price,
    PriceNote,
    Range,
    Source,
    Tariff,
    TokenOffer,
)

__all__ = [
    "check_inputs",
    "cloud_cost",
    "default_inputs",
    "hybrid_cost",
    "in_currency",
    "local_cost",
    "over_budget",
    "tariff_for",
    "token_cost",
    "unknown_cost",
    "wall_watts",
]

DAYS_PER_MONTH = Decimal("30.4")
HOURS_PER_DAY = Decimal(24)

# At the wall a computer at full load drew between 1.0 and 1.45 times the board power of its card
# (geerlingguy/ai-benchmarks 2025-12: RTX 3060, 4090, 3080 Ti, 2080 Ti, 4070 Ti); the larger one is
# taken. It computes only while it answers: `CostInputs.busy_share` of the hours.
WALL_FACTOR = Decimal("1.45")

_NOTHING: Range = (Decimal(0), Decimal(0))
_EU = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"


# --- this computer ----------------------------------------------------------------------------


def local_cost(
    answers: Answers, inputs: CostInputs, offers: Offers, *cards: CardFacts | None
) -> Cost:
    """Electricity, and what must be bought; cards that are here only where it is asked for.

    `cards` are those that compute; one that is not known makes the cost unknown. A resale takes
    off at the end of the horizon what is left of the price. At best that falls in a straight line
    to `resale_share` of it at the end of the lifetime, and on to nothing (as
    `(price - resale) / months` each month); at worst a used card brings no more than that share,
    however early it is sold.
    """
    line, prices = _electricity(answers, inputs, offers, cards)
    lines = [line]
    hardware = _hardware(answers, inputs, offers, cards)
    if hardware is not None:
        lines += hardware[0]
        prices += hardware[1]
    return whole(lines, prices, answers, offers)


def _electricity(
    answers: Answers, inputs: CostInputs, offers: Offers, cards: Sequence[CardFacts | None]
) -> tuple[CostLine, list[PriceNote]]:
    watts = wall_watts(*cards)
    note = _kwh_note(answers, inputs, offers)
    if watts is None or note is None:
        return CostLine(code="electricity", monthly=None), []
    hours = _exact(inputs.hours_per_day) * DAYS_PER_MONTH
    most = watts / 1000 * hours * note.price.money.amount
    low, high = (_cents(most * _exact(share)) for share in inputs.busy_share)
    currency = note.price.money.currency
    return CostLine(code="electricity", monthly=(low, high), currency=currency), [note]


def wall_watts(*cards: CardFacts | None) -> Decimal | None:
    """What the computer draws at the wall while these cards compute, on the high side."""
    watts = [card.tdp_w for card in cards if card is not None and card.tdp_w is not None]
    if not watts or len(watts) < len(cards):
        return None
    return sum(map(_exact, watts), Decimal(0)) * WALL_FACTOR


def tariff_for(country: str, offers: Offers) -> Tariff | None:
    """The tariff of a country (ISO 3166 alpha-2), the mean of the EU for its members, or None."""
    code = country.upper()
    for wanted in (code, "EU" if code in _EU.split() else code):
        for tariff in offers.tariffs:
            if tariff.country == wanted:
                return tariff
    return None


def _kwh_note(answers: Answers, inputs: CostInputs, offers: Offers) -> PriceNote | None:
    if inputs.kwh_price is not None:
        return _own_price(answers.country, "kwh", inputs.kwh_price, offers)
    tariff = tariff_for(answers.country, offers)
    return None if tariff is None else _note(tariff.country, "kwh", tariff.price, offers)


def _hardware(
    answers: Answers, inputs: CostInputs, offers: Offers, cards: Sequence[CardFacts | None]
) -> tuple[list[CostLine], list[PriceNote]] | None:
    """The price at the start and what is left of it at the end; None where it is not counted."""
    if inputs.hardware_price is not None:
        code = "hardware"
        name = next((card.name for card in cards if card is not None), "")
        notes = [_own_price(name, "card", inputs.hardware_price, offers)]
    elif inputs.count_hardware:
        code = "hardware_here"
        found = [_card_note(card, offers) for card in cards]
        notes = [note for note in found if note is not None]
        if not notes or len(notes) < len(found):
            return [CostLine(code=code, monthly=None)], []
    else:
        return None
    moneys = [note.price.money for note in notes]
    lines: list[CostLine] = []
    for currency in dict.fromkeys(money.currency for money in moneys):
        price = _cents(sum((m.amount for m in moneys if m.currency == currency), Decimal(0)))
        lines += _bought(code, price, currency, answers.horizon_months, inputs)
    return lines, notes


def _card_note(card: CardFacts | None, offers: Offers) -> PriceNote | None:
    if card is None or card.price is None:
        return None
    source = replace(card.source, date=card.price_date)
    return _note(card.name, "card", Price(money=card.price, source=source), offers)


def _bought(
    code: str, price: Decimal, currency: str, months: int, inputs: CostInputs
) -> list[CostLine]:
    lines = [CostLine(code=code, monthly=_NOTHING, once=(price, price), currency=currency)]
    best, worst = _left(price, months, inputs)
    if best:
        resale = (-best, -worst)
        lines.append(CostLine(code="resale", monthly=_NOTHING, once=resale, currency=currency))
    return lines


def _left(price: Decimal, months: int, inputs: CostInputs) -> Range:
    """What hardware of this price still brings after some months: at best, at worst."""
    share = _exact(inputs.resale_share)
    line = max(Decimal(0), 1 - (1 - share) * months / inputs.lifetime_months)
    return _cents(price * line), _cents(price * min(line, share))


# --- a rented machine -------------------------------------------------------------------------


def cloud_cost(
    answers: Answers, inputs: CostInputs, offers: Offers, offer: CloudOffer, weights_bytes: int
) -> Cost:
    """The hours of use, from stopped at once after each sitting to running on for `idle_minutes`.

    Each sitting is rounded up to what is billed at least, and a day never has more than 24 hours.
    Keeping the weights costs next to nothing beside the machine: where its price is not known, or
    known for another provider's currency only, its line is not counted, and says so.
    """
    if offer.hourly is None:
        line = CostLine(code="endpoint", monthly=None)
        return whole([line], [], answers, offers)
    money = offer.hourly.money
    low, high = (
        _cents(_billed_hours(inputs, offer, idle) * DAYS_PER_MONTH * money.amount)
        for idle in (Decimal(0), _exact(inputs.idle_minutes))
    )
    lines = [CostLine(code="endpoint", monthly=(low, high), currency=money.currency)]
    prices = [_note(offer.name, "hour", offer.hourly, offers)]
    storage = offers.storage_gb_month
    if weights_bytes > 0 and storage is not None and storage.money.currency == money.currency:
        monthly = _cents(storage.money.amount * weights_bytes / 1_000_000_000)
        lines.append(CostLine(code="storage", monthly=(monthly, monthly), currency=money.currency))
        prices.append(_note(offer.provider, "gb_month", storage, offers))
    elif weights_bytes > 0:
        lines.append(CostLine(code="storage", monthly=None, counted=False))
    return whole(lines, prices, answers, offers)


def _billed_hours(inputs: CostInputs, offer: CloudOffer, idle_minutes: Decimal) -> Decimal:
    """Hours a day that are paid for."""
    minutes = _exact(inputs.hours_per_day) * 60
    if not minutes:
        return Decimal(0)
    sittings = _exact(inputs.sittings_per_day)
    grain = max(offer.grain_minutes, 1)
    grains = (minutes / sittings + idle_minutes) / grain
    billed = grains.to_integral_value(ROUND_CEILING) * grain * sittings / 60
    return min(billed, HOURS_PER_DAY)


# --- by the token -----------------------------------------------------------------------------


def token_cost(answers: Answers, inputs: CostInputs, offers: Offers, offer: TokenOffer) -> Cost:
    """What a month's questions cost: what is read, partly read before, and what is written.

    Where the hours outside the busy ones are cheaper the range goes from all to none of the
    questions then, unless the share is given.
    """
    questions = _exact(inputs.hours_per_day) * _exact(inputs.questions_per_hour) * DAYS_PER_MONTH
    cached = _exact(inputs.cached_share)
    again = offer.input_price if offer.cached_price is None else offer.cached_price
    read = inputs.input_tokens * (cached * again + (1 - cached) * offer.input_price)
    most = questions * (read + inputs.output_tokens * offer.output_price) / 1_000_000
    cheap = Decimal(1) if offer.off_peak_share is None else offer.off_peak_share
    shares = (Decimal(0), Decimal(1))
    if inputs.off_peak_share is not None:
        shares = (_exact(inputs.off_peak_share),) * 2
    low, high = sorted(_cents(most * (share * cheap + 1 - share)) for share in shares)
    line = CostLine(code="tokens", monthly=(low, high), currency=offer.currency)
    return whole([line], _token_notes(offer, offers), answers, offers)


def _token_notes(offer: TokenOffer, offers: Offers) -> list[PriceNote]:
    amounts = {
        "million_input": offer.input_price,
        "million_cached": offer.cached_price,
        "million_output": offer.output_price,
    }
    return [
        _note(
            offer.model,
            unit,
            Price(money=Money(amount=amount, currency=offer.currency), source=offer.source),
            offers,
        )
        for unit, amount in amounts.items()
        if amount is not None
    ]


# --- both -------------------------------------------------------------------------------------


def hybrid_cost(
    answers: Answers, inputs: CostInputs, offers: Offers, local: Cost, paid: Cost
) -> Cost:
    """This computer as if all questions stayed, and of what is paid the share that does not stay.

    Tokens shrink with the questions. A rented machine may be needed for as many sittings as
    before: its high end stays.
    """
    if not local.lines or not paid.lines:
        return unknown_cost(answers)
    leave = 1 - _exact(inputs.stay_share)
    lines = [*local.lines, *(_share(line, leave) for line in paid.lines)]
    return whole(lines, [*local.prices, *paid.prices], answers, offers)


def _share(line: CostLine, share: Decimal) -> CostLine:
    if line.monthly is None or line.code == "storage":
        return line
    low, high = line.monthly
    if line.code == "tokens" or not share:
        high = _cents(high * share)
    return replace(line, monthly=(_cents(low * share), high))


# --- prices and numbers ------------------------------------------------------------------------


def _note(name: str, unit: str, price: Price, offers: Offers) -> PriceNote:
    stale = is_stale(price.source.date, unit, offers.today)
    return PriceNote(name=name, unit=unit, price=price, stale=stale)


def _own_price(name: str, unit: str, money: Money, offers: Offers) -> PriceNote:
    price = Price(money=money, source=Source(text="", date=offers.today))
    return PriceNote(name=name, unit=unit, price=price, stale=False, own=True)


def _exact(number: float) -> Decimal:
    """A number as it is written: 0.1 is a tenth."""
    return Decimal(str(number))


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT)
