"""What the article says about money, beside what comes out for this person: the hardware for a
32B, an hour in the cloud, what is saved and when it is paid back, and what a spot machine saves.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from core.advice.article_models import MIDDLE, NO_SOURCE, Params, claim_of, needs
from core.advice.candidates import ENOUGH_CONTEXT, usable_devices
from core.advice.cards import find_card
from core.advice.currency import in_currency
from core.advice.imagined import bought, rented
from core.advice.memory import usable_bytes
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
    Profile,
    Quant,
    Recommendation,
    Rent,
    Source,
    Verdict,
)

# The article's own figures.
HARDWARE_USD = Decimal(15_000)
HOURLY_USD = (Decimal("2.80"), Decimal("3.20"))
SPOT_PERCENT = 70

# From here on two figures say something else: prices and savings are never known to the dollar.
NEAR_SHARE = Decimal("0.25")
NEAR_PERCENT = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """The article's 32B: what it needs, and where this person would get that."""

    model: Model | None = None
    quant: Quant | None = None
    needed_bytes: int = 0
    here: Device | None = None  # a card of this computer that holds it
    card: CardFacts | None = None  # the cheapest of the catalogue that does
    machine: CloudOffer | None = None  # the cheapest rented one with a price
    rent: Rent | None = None  # the cheapest rented card anywhere, spot ones aside


def find_large(
    profile: Profile, catalog: Catalog, offers: Offers, first: Recommendation | None
) -> Large:
    found = needs(catalog, MIDDLE)
    if found is None:
        return Large()
    model, quant, needed = found
    machines = [
        offer
        for offer in offers.cloud
        if offer.hourly is not None and usable_bytes(rented(offer, catalog)) >= needed
    ]
    rents = [rent for rent in offers.rents if not rent.spot and _rent_holds(rent, needed, catalog)]
    return Large(
        model=model,
        quant=quant,
        needed_bytes=needed,
        here=_here(model, quant, profile, catalog, first),
        card=_cheapest_card(needed, profile, catalog, offers),
        machine=min(
            machines,
            key=lambda o: (_usd(_hour(o), offers), o.name),
            default=None,
        ),
        rent=min(rents, key=lambda r: (_usd(r.hourly.money, offers), r.where), default=None),
    )


def _here(
    model: Model, quant: Quant, profile: Profile, catalog: Catalog, first: Recommendation | None
) -> Device | None:
    """A graphics card of this computer that holds it, or the first of those that hold a share."""
    for device in usable_devices(profile, catalog):
        fits = device.gpu is not None and fit_on(model, quant, ENOUGH_CONTEXT, device, profile)
        if fits:
            return device
    if first is None or first.fit is None or not first.can_set_up or first.model != model:
        return None
    whole = first.fit.verdict is not Verdict.SPILLS
    return next((part.device for part in first.fit.parts if whole and part.device.gpu), None)


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
        and usable_bytes(bought(card)) >= needed
    ]
    return min(cards, key=lambda card: (_usd(card.price, offers), card.name), default=None)


def _rent_holds(rent: Rent, needed: int, catalog: Catalog) -> bool:
    card = find_card(catalog, rent.card, None)
    return card is not None and usable_bytes(bought(card)) >= needed


# --- the price of things ----------------------------------------------------------------------


def hardware_claim(large: Large, offers: Offers) -> Claim:
    article = Note(code="claim.hardware.article", params=(("price", float(HARDWARE_USD)),))
    if large.model is None or large.quant is None:
        return claim_of("hardware", article, "unknown", "unknown")
    params: Params = (("quant", large.quant.name), ("needed_bytes", large.needed_bytes))
    if large.here is not None:
        params = (*params, ("card", large.here.name))
        return claim_of("hardware", article, "here", "differs", large.model.source, params)
    card = large.card
    if card is None or card.price is None:
        return claim_of("hardware", article, "no_price", "unknown", NO_SOURCE, params)
    kind = "street" if card.price_kind == "street" else "list"
    near = abs(_usd(card.price, offers) - HARDWARE_USD) <= HARDWARE_USD * NEAR_SHARE
    return claim_of(
        "hardware",
        article,
        kind,
        "same" if near else "differs",
        card_source(card),
        (*params, *_card_params(card, card.price)),
    )


def hourly_claim(large: Large, offers: Offers) -> Claim:
    params = (("low", float(HOURLY_USD[0])), ("high", float(HOURLY_USD[1])))
    article = Note(code="claim.hourly.article", params=params)
    machine, rent = large.machine, large.rent
    prices = [machine.hourly] if machine is not None and machine.hourly is not None else []
    prices += [rent.hourly] if rent is not None else []
    if not prices:
        return claim_of("hourly", article, "unknown", "unknown")
    both = machine is not None and rent is not None
    low, high = HOURLY_USD[0] * (1 - NEAR_SHARE), HOURLY_USD[1] * (1 + NEAR_SHARE)
    near = any(low <= _usd(price.money, offers) <= high for price in prices)
    return claim_of(
        "hourly",
        article,
        "both" if both else "machine" if machine is not None else "card",
        "same" if near else "differs",
        joined(price.source for price in prices),
        (*machine_params(machine), *_rent_params(rent)),
    )


def spot_claim(offers: Offers) -> Claim:
    """Only the same card at the same place is compared, and only prices of one currency."""
    article = Note(code="claim.spot.article", params=(("percent", SPOT_PERCENT),))
    pairs = [(spot, rent) for spot in offers.rents if spot.spot for rent in _alike(spot, offers)]
    if not pairs:
        return claim_of("spot", article, "unknown", "unknown")
    saved = [percent_less(s.hourly.money.amount, r.hourly.money.amount) for s, r in pairs]
    low, high = min(saved), max(saved)
    places = ", ".join(dict.fromkeys(f"{spot.where} ({spot.card})" for spot, _ in pairs))
    return claim_of(
        "spot",
        article,
        "one" if low == high else "range",
        "same" if covers(low, high, SPOT_PERCENT, NEAR_PERCENT) else "differs",
        joined(rent.hourly.source for pair in pairs for rent in pair),
        (("low", low), ("high", high), ("places", places)),
    )


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


def _card_params(card: CardFacts, price: Money) -> Params:
    return (
        ("card", card.name),
        ("price", float(price.amount)),
        ("currency", price.currency),
        ("date", card.price_date or "?"),
    )


def machine_params(machine: CloudOffer | None) -> Params:
    if machine is None or machine.hourly is None:
        return ()
    price = machine.hourly
    return (
        ("machine", machine.name),
        ("hourly", float(price.money.amount)),
        ("hourly_currency", price.money.currency),
        ("hourly_date", price.source.date or "?"),
    )


def _rent_params(rent: Rent | None) -> Params:
    if rent is None:
        return ()
    return (
        ("rented_card", rent.card),
        ("where", rent.where),
        ("rent", float(rent.hourly.money.amount)),
        ("rent_currency", rent.hourly.money.currency),
        ("rent_date", rent.hourly.source.date or "?"),
    )


def _hour(machine: CloudOffer) -> Money | None:
    return None if machine.hourly is None else machine.hourly.money


def _usd(money: Money | None, offers: Offers) -> Decimal:
    """To compare only. What is not known, or has no rate, comes last."""
    amount = None if money is None else in_currency(money.amount, money.currency, "USD", offers)
    return Decimal("Infinity") if amount is None or not amount.is_finite() else amount


def percent_less(amount: Decimal, other: Decimal) -> int:
    return round((1 - amount / other) * 100)


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
