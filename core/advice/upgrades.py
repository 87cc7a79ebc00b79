"""What would get the next better model, and why each model that is not shown was passed over."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.advice.candidates import (
    CONTEXTS,
    DISK_SHARE,
    PLAIN_TOKENS_PER_S,
    Candidate,
    best_for_model,
    least_speed,
    offered_quants,
    stopgap_quants,
    usable_devices,
)
from core.advice.imagined import bought
from core.advice.memory import usable_bytes
from core.advice.placement import fits, lack
from core.advice.profile import build_profile, shares_memory, unusable_gpus
from core.advice.quality import SMALL_LOSS, grade, quality_step
from core.domain import (
    CardFacts,
    Catalog,
    Device,
    Kind,
    Model,
    Note,
    PassedOver,
    Profile,
    Recommendation,
    Upgrade,
    known,
)

NEWEST_YEARS = 6  # a new card is bought, not a museum piece
# With everything else closed, the system itself still takes this much of a computer's memory.
CLOSED_SHARE = 0.85
# A card of about the same size is not bought for more memory.
_CLEARLY_LARGER = 1.2
# Names of laptops' chips and of those that are soldered in: "Laptop GPU", "i7-1360P", "7840U".
_PORTABLE = re.compile(
    r"\b(laptop|mobile|max-q)\b|\b\d{3,5}(u|y|hs?|hx|hk|hq|p|v|g\d)\b|\bhx \d{3}\b|\bn\d{2,3}\b",
    re.IGNORECASE,
)
_NO_MENDING = ("unknown_card", "card_too_old", "other_system")


def models_to_weigh(catalog: Catalog) -> list[Model]:
    """What may be recommended at all: current models that the engine of this version can read."""
    return [
        model
        for model in catalog.models
        if not model.starter and not model.legacy and not model.superseded_by and model.llama_cpp
    ]


def upgrades(profile: Profile, catalog: Catalog, first: Candidate | None) -> tuple[Upgrade, ...]:
    """The cheapest card of the list that brings a better model, and what closing programs would."""
    found = [_with_closed_programs(profile, catalog, first), _with_a_card(profile, catalog, first)]
    return tuple(upgrade for upgrade in found if upgrade is not None)


def _worth(candidate: Candidate | None, profile: Profile, catalog: Catalog) -> tuple[bool, int]:
    if candidate is None:
        return (False, 0)
    step = quality_step(candidate.model, catalog, profile.answers.purpose)
    return (candidate.comfortable_speed, step)


def _better(
    profile: Profile, catalog: Catalog, devices: Sequence[Device], first: Candidate | None
) -> Candidate | None:
    """The best that these devices would do, if it is better than what can be done now: a single
    file that this version can fetch, at a pleasant speed, with at most a small loss."""
    now = _worth(first, profile, catalog)
    purpose = profile.answers.purpose
    models = [
        m for m in models_to_weigh(catalog) if (True, quality_step(m, catalog, purpose)) > now
    ]
    ways = (best_for_model(model, profile, catalog, devices) for model in models)
    good = [
        way
        for way in ways
        if way is not None
        and way.comfortable_speed
        and way.quant.parts == 1
        and grade(way.quant, way.model) >= SMALL_LOSS
        and _worth(way, profile, catalog) > now
    ]
    return max(
        good,
        key=lambda way: (_worth(way, profile, catalog), -way.model.params_total, way.model.id),
        default=None,
    )


def _with_closed_programs(
    profile: Profile, catalog: Catalog, first: Candidate | None
) -> Upgrade | None:
    """What this very computer could run with its memory free."""
    total = known(profile.probe.ram_bytes)
    if total is None or profile.ram_free_bytes >= total * CLOSED_SHARE:
        return None
    probe = replace(profile.probe, ram_free_bytes=int(total * CLOSED_SHARE))
    roomy = build_profile(probe, profile.answers, profile.measured)
    roomy = replace(roomy, disk_free_bytes=profile.disk_free_bytes)
    best = _better(roomy, catalog, usable_devices(roomy, catalog), first)
    if best is None:
        return None
    needed = best.fit.parts[-1].needed_bytes if best.fit.parts else best.fit.needed_bytes
    params = (("model", best.model.name), ("needed_bytes", needed))
    return Upgrade(
        note=Note(code="upgrade.close_programs", params=params),
        model=best.model,
        quant=best.quant,
    )


def _with_a_card(profile: Profile, catalog: Catalog, first: Candidate | None) -> Upgrade | None:
    """The cheapest that is larger than what is in the computer and brings a better model."""
    cards = known(profile.probe.gpus)
    if cards is None or not _takes_a_card(profile):
        return None
    # What was measured here says nothing of another card, though its engine is the same.
    roomy = replace(profile, disk_free_bytes=None, measured=())
    if first is None and _better(roomy, catalog, usable_devices(roomy, catalog), None):
        return None  # the disk is what is too small
    here = max((known(gpu.vram_bytes) or 0 for gpu in cards), default=0)
    for card in _sold(catalog):
        if (card.vram_bytes or 0) <= here * _CLEARLY_LARGER:
            continue
        best = _better(roomy, catalog, (bought(card),), first)
        if best is not None:
            return Upgrade(note=_buy(card, best), model=best.model, quant=best.quant, card=card)
    return None


def _takes_a_card(profile: Profile) -> bool:
    """Not Apple's, ARM boards, chips with shared memory only, and laptops, as far as the names
    tell. And where a card is in it already, that one is to be made usable first."""
    probe = profile.probe
    gpus = known(probe.gpus) or ()
    sharing = [gpu for gpu in gpus if shares_memory(gpu)]
    names = [known(probe.cpu.name) or "", *(gpu.name for gpu in gpus)]
    mends = any(
        why not in _NO_MENDING and not shares_memory(gpu) for gpu, why in unusable_gpus(probe)
    )
    return (
        probe.os != "macos"
        and probe.arch == "x86_64"
        and not mends
        and (not sharing or len(sharing) < len(gpus))
        and not any(_PORTABLE.search(name) and "epyc" not in name.lower() for name in names)
    )


def _buy(card: CardFacts, best: Candidate) -> Note:
    params: list[tuple[str, str | int | float]] = [
        ("card", card.name),
        ("model", best.model.name),
        ("quant", best.quant.name),
        ("memory_bytes", card.vram_bytes or 0),
    ]
    if card.price is None:
        return Note(code="upgrade.card_no_price", params=tuple(params))
    params += [
        ("price", f"{card.price.amount:f} {card.price.currency}"),
        ("date", card.price_date or "?"),
    ]
    return Note(code=f"upgrade.card_{card.price_kind or 'list'}", params=tuple(params))


def _sold(catalog: Catalog) -> list[CardFacts]:
    """Per memory size the cheapest card that is not too old, smallest price first."""
    newest = max((card.year or 0 for card in catalog.cards), default=0)
    recent = [
        card
        for card in catalog.cards
        if card.kind == "discrete"
        and card.vendor == "nvidia"
        and card.price is not None
        and card.vram_bytes
        and (card.year or 0) > newest - NEWEST_YEARS
    ]
    recent.sort(key=lambda card: (card.price.amount if card.price else 0, card.name))
    found: dict[int, CardFacts] = {}
    for card in recent:
        found.setdefault(card.vram_bytes or 0, card)
    kept = sorted(found.values(), key=lambda card: card.price.amount if card.price else 0)
    # A dearer card with less memory never brings more.
    most, useful = 0, []
    for card in kept:
        if (card.vram_bytes or 0) > most:
            useful.append(card)
            most = card.vram_bytes or 0
    return useful


# --- passed over ------------------------------------------------------------------------------


def passed_over(
    profile: Profile,
    catalog: Catalog,
    shown: Sequence[Recommendation],
    ranked: Sequence[Candidate],
) -> tuple[PassedOver, ...]:
    """Every model of the list that is on no card of this computer, each with the reason."""
    here = {line.model.id for line in shown if line.model and line.kind is Kind.LOCAL}
    ways = {way.model.id: way for way in ranked}
    devices = usable_devices(profile, catalog)
    return tuple(
        PassedOver(model=model, note=_why_passed(model, ways, profile, catalog, devices, ranked))
        for model in sorted(catalog.models, key=lambda model: (model.params_total, model.id))
        if not model.starter and model.id not in here
    )


def _why_passed(
    model: Model,
    ways: dict[str, Candidate],
    profile: Profile,
    catalog: Catalog,
    devices: Sequence[Device],
    ranked: Sequence[Candidate],
) -> Note:
    if model.superseded_by:
        newer = next((m.name for m in catalog.models if m.id == model.superseded_by), "?")
        return Note(code="passed.superseded", params=(("newer", newer),))
    if model.legacy:
        return Note(code="passed.legacy")
    if not model.llama_cpp:
        return Note(code="passed.engine")
    if not model.quants:
        return Note(code="passed.no_file")
    if model.id not in ways:
        return _too_large(model, profile, devices)
    way = ways[model.id]
    first = ranked[0]
    low, high = way.speed.tokens_per_s
    faster = first.speed.tokens_per_s[0] > low
    if way.hopeless or (not way.comfortable_speed and (first.comfortable_speed or faster)):
        if high >= least_speed(model):
            return Note(code="passed.maybe_slow", params=(("low", low), ("tokens", high)))
        crawls = high < PLAIN_TOKENS_PER_S
        return Note(code=f"passed.{'crawls' if crawls else 'slow'}", params=(("tokens", high),))
    purpose = profile.answers.purpose
    if quality_step(model, catalog, purpose) < quality_step(first.model, catalog, purpose):
        return Note(code="passed.weaker", params=(("first", first.model.name),))
    return Note(code="passed.larger", params=(("first", first.model.name),))


def _too_large(model: Model, profile: Profile, devices: Sequence[Device]) -> Note:
    """How much the smallest file would need, beside the largest place there is; or the disk, where
    the memory would do."""
    files = (*offered_quants(model), *stopgap_quants(model))
    small = min(files, key=lambda quant: quant.size_bytes)
    device = max(devices, key=usable_bytes)
    short = lack(model, small, CONTEXTS[-1], device, profile)
    if short is None:
        return Note(code="passed.no_figures")
    if any(fits(model, small, CONTEXTS[-1], profile, devices)):
        needed = ("needed_bytes", int(small.size_bytes * DISK_SHARE))
        return Note(
            code="passed.disk", params=(needed, ("free_bytes", profile.disk_free_bytes or 0))
        )
    return Note(
        code=f"passed.{'beside_card' if short.beside_card else 'too_large'}",
        params=(("needed_bytes", short.needed_bytes), ("available_bytes", short.available_bytes)),
    )
