"""What this computer can hold, for the harbour picture. Pure: a Probe and the catalogue go in."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from core.advice.candidates import (
    CONTEXTS,
    ENOUGH_CONTEXT,
    best_for_model,
    offered_quants,
    usable_devices,
)
from core.advice.memory import need, usable_bytes
from core.advice.profile import build_profile, shares_memory
from core.domain import (
    Answers,
    Catalog,
    Device,
    Gpu,
    Model,
    Money,
    Probe,
    Profile,
    Sensitivity,
    Unreadable,
    known,
)

_SIZE = re.compile(r"-(\d+(?:\.\d+)?B)$")
# Only for sorting out which device computes; no answer changes what fits.
_ANY = Answers(
    sensitivity=Sensitivity.REGULATED,
    budget=Money(amount=Decimal(0), currency="USD"),
    horizon_months=12,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hull:
    """One size of model and whether it floats."""

    label: str
    model: Model
    needed_bytes: int
    verdict: str  # comfortable | tight | spills | no
    crawls: bool = False  # it fits, but would most likely be slower than people read


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What the best device holds. `verdict` names the page's title."""

    verdict: str  # good | processor | unread_card | unused_card | full_disk | nothing | unknown
    place: str  # card | memory
    hulls: tuple[Hull, ...]
    best: Hull | None
    usable_bytes: int
    total_bytes: int | None
    gpu: Gpu | None  # the card that does the work, or None where the processor does


def capacity(probe: Probe, catalog: Catalog) -> Capacity:
    """The hulls of our distilled models beside the memory that is free and ours to use."""
    profile = build_profile(probe, _ANY)
    devices = _together(usable_devices(profile, catalog))
    device = devices[0]
    models = _sizes(catalog)
    # The picture is about memory alone; whether the disk has room is the title's matter.
    roomy = replace(profile, disk_free_bytes=None)
    hulls = tuple(_hull(label, model, roomy, catalog, devices) for label, model in models)
    best = _best(hulls)
    fetched = any(best_for_model(model, profile, catalog, devices) for _, model in models)
    return Capacity(
        verdict=_title(probe, device, best) if fetched or best is None else "full_disk",
        place="memory" if device.gpu is None or shares_memory(device.gpu) else "card",
        hulls=hulls,
        best=best,
        usable_bytes=sum(usable_bytes(each) for each in devices),
        total_bytes=_total(probe, devices),
        gpu=device.gpu,
    )


def _best(hulls: tuple[Hull, ...]) -> Hull | None:
    """The biggest that fits and does not crawl, else the smallest that fits in some way."""
    fitting = [hull for hull in hulls if hull.verdict != "no"]
    lively = [hull for hull in fitting if not hull.crawls and hull.verdict != "spills"]
    return lively[-1] if lively else next(iter(fitting), None)


def _sizes(catalog: Catalog) -> list[tuple[str, Model]]:
    """One distilled model of each size, small to big."""
    found: dict[str, Model] = {}
    for model in sorted(catalog.models, key=lambda model: model.params_total):
        size = _SIZE.search(model.name)
        if size and model.distilled and not model.legacy and offered_quants(model):
            found.setdefault(size[1], model)
    return list(found.items())


def _together(devices: tuple[Device, ...]) -> tuple[Device, ...]:
    """The best device, with the cards that one engine can use beside it."""
    best = devices[0]
    if best.gpu is None or shares_memory(best.gpu):
        return (best,)
    return tuple(
        device
        for device in devices
        if device.gpu is not None
        and device.accelerator is best.accelerator
        and not shares_memory(device.gpu)
    )


def _hull(
    label: str, model: Model, profile: Profile, catalog: Catalog, devices: tuple[Device, ...]
) -> Hull:
    """What it needs at the least: on a processor without the second, faster copy."""
    fits = best_for_model(model, profile, catalog, devices)
    quant = fits.quant if fits else offered_quants(model)[0]
    context = min(fits.context, ENOUGH_CONTEXT) if fits else CONTEXTS[-1]
    least = need(model, quant, context, devices[0].accelerator, repack=False)
    shared_out = fits is not None and len(fits.fit.parts) > 1
    needed = fits.fit.needed_bytes if fits is not None and shared_out else None
    if needed is None:
        needed = least.total_bytes if least else quant.size_bytes
    return Hull(
        label=label,
        model=model,
        needed_bytes=needed,
        verdict=fits.fit.verdict.value if fits else "no",
        crawls=fits is not None and fits.hopeless,
    )


def _title(probe: Probe, device: Device, best: Hull | None) -> str:
    if best is None:
        unread = known(probe.ram_bytes) is None and device.gpu is None
        return "unknown" if unread else "nothing"
    if device.gpu is not None:
        return "good"
    if isinstance(probe.gpus, Unreadable):
        return "unread_card"
    cards = known(probe.gpus) or ()
    return "unused_card" if any(not shares_memory(card) for card in cards) else "processor"


def _total(probe: Probe, devices: tuple[Device, ...]) -> int | None:
    cards = [device.gpu for device in devices if device.gpu is not None]
    if not cards or shares_memory(cards[0]):
        return known(probe.ram_bytes)
    totals = [known(card.vram_bytes) for card in cards]
    return None if None in totals else sum(total or 0 for total in totals)
