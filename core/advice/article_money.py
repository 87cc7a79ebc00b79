"""What the article says about money, beside what comes out for this person: the hardware for a
32B, an hour in the cloud, what is saved and when it is paid back, and what a spot machine saves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from core.advice.article_models import MIDDLE, as_device, card_bytes, find_model, usual_file
from core.advice.candidates import ENOUGH_CONTEXT
from core.advice.cards import find_card
from core.advice.currency import in_currency
from core.advice.memory import GPU_MARGIN_BYTES, usable_bytes
from core.advice.placement import fit_on
from core.domain import (
    CardFacts,
    Catalog,
    Claim,
    CloudOffer,
    Device,
    Model,
    Money,
    Note,
    Offers,
    Price,
    Profile,
    Quant,
    Recommendation,
    Rent,
    Source,
)

# The article's own figures.
HARDWARE_USD = Decimal(15_000)
HOURLY_USD = (Decimal("2.80"), Decimal("3.20"))
SPOT_PERCENT = 70

# From here on two figures say something else: prices and savings are never known to the dollar.
NEAR_SHARE = Decimal("0.25")
NEAR_PERCENT = 5

_FREE_IN_THE_CLOUD = 0.98  # of a rented card, before anything is started
_NOWHERE = Source(text="")

Params = tuple[tuple[str, str | int | float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """The article's 32B: what it needs, and where this person would get that."""

    model: Model | None
    quant: Quant | None
    needed_bytes: int | None
    here: Device | None  # a card of this computer that holds it
    card: CardFacts | None  # the cheapest of the catalogue that does
    machine: CloudOffer | None  # the cheapest rented one with a price
    rent: Rent | None  # the cheapest rented card anywhere, spot ones aside


def find_large(
    profile: Profile, catalog: Catalog, offers: Offers, first: Recommendation | None
) -> Large:
    model = find_model(catalog, MIDDLE)
    quant = None if model is None else usual_file(model)
    needed = None if model is None or quant is None else card_bytes(model, quant)
    if model is None or quant is None or needed is None:
        return Large(
            model=model,
            quant=quant,
            needed_bytes=None,
            here=None,
            card=None,
            machine=None,
            rent=None,
        )
    machines = [
        offer
        for offer in offers.cloud
        if offer.hourly is not None
        and offer.memory_bytes * _FREE_IN_THE_CLOUD - GPU_MARGIN_BYTES >= needed
    ]
    rents = [rent for rent in offers.rents if not rent.spot and _rent_holds(rent, needed, catalog)]
    return Large(
        model=model,
        quant=quant,
        needed_bytes=needed,
        here=_here(model, quant, profile, first),
        card=_cheapest_card(needed, profile, catalog, offers),
        machine=min(machines, key=lambda o: (_usd(_hour(o), offers), o.name), default=None),
        rent=min(rents, key=lambda r: (_usd(r.hourly.money, offers), r.where), default=None),
    )


def _here(
    model: Model, quant: Quant, profile: Profile, first: Recommendation | None
) -> Device | None:
    """A graphics card of this computer that holds it, or the first of those that hold a share."""
    cards = [device for device in profile.devices if device.gpu is not None]
    for device in cards:
        if fit_on(model, quant, ENOUGH_CONTEXT, device, profile) is not None:
            return device
    planned = first is not None and first.can_set_up and first.model == model
    if planned and first is not None and first.fit is not None:
        return next((part.device for part in first.fit.parts if part.device.gpu), None)
    return None


def _cheapest_card(
    needed: int, profile: Profile, catalog: Catalog, offers: Offers
) -> CardFacts | None:
    """Among those that an engine of ours reaches on this operating system."""
    probe = profile.probe
    vendors = ("nvidia", "amd") if probe.os == "linux" and not probe.wsl else ("nvidia",)
    cards = [
        card
        for card in catalog.cards
        if card.kind == "discrete"
        and card.vendor in vendors
        and card.price is not None
        and usable_bytes(as_device(card)) >= needed
    ]
    return min(cards, key=lambda card: (_usd(card.price, offers), card.name), default=None)


def _rent_holds(rent: Rent, needed: int, catalog: Catalog) -> bool:
    card = find_card(catalog, rent.card, None)
    return card is not None and usable_bytes(as_device(card)) >= needed


# --- the price of things ----------------------------------------------------------------------


def hardware_claim(large: Large, offers: Offers) -> Claim:
    article = Note(code="claim.hardware.article", params=(("price", float(HARDWARE_USD)),))
    if large.needed_bytes is None or large.quant is None:
        ours, verdict, source = Note(code="claim.hardware.ours.unknown"), "unknown", _NOWHERE
    else:
        needs: Params = (("quant", large.quant.name), ("needed_bytes", large.needed_bytes))
        if large.here is not None:
            params = (*needs, ("card", large.here.name))
            ours, verdict = Note(code="claim.hardware.ours.here", params=params), "differs"
            source = large.model.source if large.model else _NOWHERE
        elif large.card is None or large.card.price is None:
            ours = Note(code="claim.hardware.ours.no_price", params=needs)
            verdict, source = "unknown", _NOWHERE
        else:
            kind = "street" if large.card.price_kind == "street" else "list"
            params = (*needs, *_card_params(large.card))
            ours = Note(code=f"claim.hardware.ours.{kind}", params=params)
            verdict = _near(_usd(large.card.price, offers), HARDWARE_USD)
            source = card_source(large.card)
    return Claim(id="hardware", article=article, ours=ours, verdict=verdict, source=source)


def hourly_claim(large: Large, offers: Offers) -> Claim:
    params = (("low", float(HOURLY_USD[0])), ("high", float(HOURLY_USD[1])))
    article = Note(code="claim.hourly.article", params=params)
    machine, rent = large.machine, large.rent
    prices = [_hour(machine)] if machine is not None else []
    prices += [rent.hourly.money] if rent is not None else []
    if machine is not None and rent is not None:
        ours = Note(code="claim.hourly.ours.both", params=(*machine_params(machine), *_rent(rent)))
    elif machine is not None:
        ours = Note(code="claim.hourly.ours.machine", params=machine_params(machine))
    elif rent is not None:
        ours = Note(code="claim.hourly.ours.card", params=_rent(rent))
    else:
        ours = Note(code="claim.hourly.ours.unknown")
    verdict = "unknown"
    if prices:
        low, high = (HOURLY_USD[0] * (1 - NEAR_SHARE), HOURLY_USD[1] * (1 + NEAR_SHARE))
        near = any(low <= _usd(price, offers) <= high for price in prices)
        verdict = "same" if near else "differs"
    found = [machine.hourly] if machine is not None else []
    found += [rent.hourly] if rent is not None else []
    sources = [price.source for price in found if price is not None]
    return Claim(id="hourly", article=article, ours=ours, verdict=verdict, source=joined(sources))


def spot_claim(offers: Offers) -> Claim:
    """Only the same card at the same place is compared, and only prices of one currency."""
    article = Note(code="claim.spot.article", params=(("percent", SPOT_PERCENT),))
    pairs = [(spot, rent) for spot in offers.rents if spot.spot for rent in _alike(spot, offers)]
    if not pairs:
        ours, verdict, source = Note(code="claim.spot.ours.unknown"), "unknown", _NOWHERE
    else:
        saved = [percent_less(s.hourly.money.amount, r.hourly.money.amount) for s, r in pairs]
        low, high = min(saved), max(saved)
        places = ", ".join(dict.fromkeys(f"{spot.where} ({spot.card})" for spot, _ in pairs))
        params: Params = (("low", low), ("places", places))
        code = "claim.spot.ours.one" if low == high else "claim.spot.ours.range"
        ours = Note(code=code, params=params if low == high else (*params, ("high", high)))
        verdict = "same" if covers(low, high, SPOT_PERCENT, NEAR_PERCENT) else "differs"
        source = joined(rent.hourly.source for pair in pairs for rent in pair)
    return Claim(id="spot", article=article, ours=ours, verdict=verdict, source=source)


def _alike(spot: Rent, offers: Offers) -> list[Rent]:
    return [
        rent
        for rent in offers.rents
        if not rent.spot
        and (rent.card, rent.where) == (spot.card, spot.where)
        and rent.hourly.money.currency == spot.hourly.money.currency
        and rent.hourly.money.amount > 0
    ]


# --- parts ------------------------------------------------------------------------------------


def _card_params(card: CardFacts) -> Params:
    if card.price is None:
        return (("card", card.name),)
    return (
        ("card", card.name),
        ("price", float(card.price.amount)),
        ("currency", card.price.currency),
        ("date", card.price_date or "?"),
    )


def machine_params(machine: CloudOffer) -> Params:
    price = _hour(machine)
    date = machine.hourly.source.date if machine.hourly else None
    return (
        ("machine", machine.name),
        ("hourly", float(price.amount)),
        ("hourly_currency", price.currency),
        ("hourly_date", date or "?"),
    )


def _rent(rent: Rent) -> Params:
    money = rent.hourly.money
    return (
        ("rented_card", rent.card),
        ("where", rent.where),
        ("rent", float(money.amount)),
        ("rent_currency", money.currency),
        ("rent_date", rent.hourly.source.date or "?"),
    )


def _hour(machine: CloudOffer) -> Money:
    price: Price | None = machine.hourly
    return price.money if price else Money(amount=Decimal("Infinity"), currency="USD")


def _usd(money: Money | None, offers: Offers) -> Decimal:
    """To compare only. Without a rate it is the last."""
    amount = None if money is None else in_currency(money.amount, money.currency, "USD", offers)
    return Decimal("Infinity") if amount is None or not amount.is_finite() else amount


def percent_less(amount: Decimal, other: Decimal) -> int:
    return round((1 - amount / other) * 100)


def _near(amount: Decimal, other: Decimal) -> str:
    return "same" if abs(amount - other) <= other * NEAR_SHARE else "differs"


def covers(low: int, high: int, figure: int, near: int) -> bool:
    return low - near <= figure <= high + near


def card_source(card: CardFacts) -> Source:
    return replace(card.source, date=card.price_date)


def joined(sources: Iterable[Source]) -> Source:
    """Several sources as one, with the oldest of their dates."""
    found = list(sources)
    dates = sorted(source.date for source in found if source.date)
    text = "; ".join(dict.fromkeys(source.text for source in found if source.text))
    return Source(text=text, date=dates[0] if dates else None)
