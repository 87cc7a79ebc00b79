"""Cards that are not in this computer, as if they were: what could be bought, what is rented."""

from __future__ import annotations

from core.advice.cards import find_card
from core.domain import Accelerator, CardFacts, Catalog, CloudOffer, Device, Gpu, GpuKind

# What is free of a card before anything is started: of one in a computer its driver and a desktop
# take a little, a rented one shows nobody a picture.
BOUGHT_FREE_SHARE, RENTED_FREE_SHARE = 0.96, 0.98


def bought(card: CardFacts) -> Device:
    """A card of the catalogue as if it were in a computer, its driver the newest."""
    return _device(card.name, card, card.vram_bytes or 0, BOUGHT_FREE_SHARE)


def rented(offer: CloudOffer, catalog: Catalog) -> Device:
    """One card of a rented machine."""
    card = find_card(catalog, offer.card, offer.memory_bytes)
    return _device(offer.card, card, offer.memory_bytes, RENTED_FREE_SHARE)


def _device(name: str, card: CardFacts | None, memory: int, free_share: float) -> Device:
    vendor = card.vendor if card and card.vendor else "nvidia"
    shared = card is not None and card.kind == "unified"
    free = int(memory * free_share)
    gpu = Gpu(
        vendor=vendor,
        name=name,
        kind=GpuKind.INTEGRATED if shared else GpuKind.DISCRETE,
        vram_bytes=memory,
        vram_free_bytes=free,
        driver="580",
        compute_capability=(card.compute_capability if card else None) or "",
        unified_memory=shared,
    )
    accelerator = Accelerator.ROCM if vendor == "amd" else Accelerator.CUDA13
    return Device(name=name, accelerator=accelerator, free_bytes=free, gpu=gpu)
