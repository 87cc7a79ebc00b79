"""What this computer can hold, for the harbour picture. Pure: a Probe and the catalogue go in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from core.advice.memory import need, usable_bytes
from core.advice.profile import build_profile
from core.domain import (
    Accelerator,
    Answers,
    Catalog,
    Device,
    Model,
    Money,
    Probe,
    Sensitivity,
    Unreadable,
    known,
)

CONTEXT = 4096  # tokens; a chat of ordinary length, the same for every hull
QUANT = "Q4_K_M"  # the usual size class, so that hulls compare
TIGHT_SHARE = 0.95  # above this share of the usable memory a model fits "snugly"
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
    verdict: str  # comfortable | tight | no


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What the best device holds. `verdict` names the page's title."""

    verdict: str  # good | processor | nothing | unknown
    place: str  # card | memory
    hulls: tuple[Hull, ...]
    best: Hull | None
    usable_bytes: int
    total_bytes: int | None


def capacity(probe: Probe, catalog: Catalog) -> Capacity:
    """The hulls of our distilled models beside the memory that is free and ours to use."""
    device = build_profile(probe, _ANY).devices[0]
    usable = usable_bytes(device)
    hulls = tuple(
        Hull(label=label, model=model, needed_bytes=needed, verdict=_verdict(needed, usable))
        for label, model, needed in _sizes(catalog, device)
    )
    best = next((hull for hull in reversed(hulls) if hull.verdict != "no"), None)
    return Capacity(
        verdict=_title(probe, device, best),
        place="memory" if device.accelerator is Accelerator.CPU else "card",
        hulls=hulls,
        best=best,
        usable_bytes=usable,
        total_bytes=_total(probe, device),
    )


def _sizes(catalog: Catalog, device: Device) -> list[tuple[str, Model, int]]:
    """One distilled model of each size, small to big, with what it needs on this device."""
    found: dict[str, tuple[str, Model, int]] = {}
    for model in sorted(catalog.models, key=lambda model: model.params_total):
        size = _SIZE.search(model.name)
        quant = next((quant for quant in model.quants if quant.name == QUANT), None)
        if size is None or quant is None or not model.distilled or model.legacy:
            continue
        takes = need(model, quant, CONTEXT, device.accelerator, repack=False)
        if takes is not None:
            found.setdefault(size[1], (size[1], model, takes.total_bytes))
    return list(found.values())


def _verdict(needed: int, usable: int) -> str:
    if needed > usable:
        return "no"
    return "tight" if needed > usable * TIGHT_SHARE else "comfortable"


def _title(probe: Probe, device: Device, best: Hull | None) -> str:
    if best is None:
        unread = known(probe.ram_bytes) is None and device.gpu is None
        return "unknown" if unread else "nothing"
    if device.gpu is not None:
        return "good"
    return "unread_card" if isinstance(probe.gpus, Unreadable) else "processor"


def _total(probe: Probe, device: Device) -> int | None:
    if device.gpu is None or device.gpu.unified_memory:
        return known(probe.ram_bytes)
    return known(device.gpu.vram_bytes)
