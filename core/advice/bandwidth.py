"""How fast the memory of one device can be read, and how much of that a model really gets.

The constants are fitted on published runs, each device's processor and chip counted by its kind.
`python -m tests.benchmarks.speed` fits them again and fails where they differ from these.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeGuard

from core.advice.cards import card_of, find_card
from core.domain import CardFacts, CardSpeed, Catalog, Cpu, Device, Gpu, Probe, known


class Hardware(StrEnum):
    DISCRETE = "discrete"
    DATACENTRE = "datacentre"
    UNIFIED = "unified"
    APPLE = "apple"
    PROCESSOR = "processor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constants:
    """What the fit gives: one token takes bytes / (bandwidth · share) + layers · time per layer."""

    share: Mapping[Hardware, float]  # of the bandwidth on the data sheet
    layer_s: Mapping[Hardware, float]  # fixed time of one layer
    expert_layer_s: Mapping[Hardware, float]  # the same for a layer that picks experts
    cache_cost: float  # reading the cache, beside reading as many bytes of weights
    sparse_cache_cost: float  # the same for V4, whose indexer looks through the whole cache


FITTED = Constants(
    share={
        Hardware.DISCRETE: 0.84,
        Hardware.DATACENTRE: 0.85,
        Hardware.UNIFIED: 0.85,
        Hardware.APPLE: 0.75,
        Hardware.PROCESSOR: 0.61,
    },
    layer_s={
        Hardware.DISCRETE: 50e-6,
        Hardware.DATACENTRE: 145e-6,
        Hardware.UNIFIED: 80e-6,
        Hardware.APPLE: 0.0,
        Hardware.PROCESSOR: 0.0,
    },
    expert_layer_s={
        Hardware.DISCRETE: 110e-6,
        Hardware.DATACENTRE: 110e-6,
        Hardware.UNIFIED: 460e-6,
        Hardware.APPLE: 110e-6,
        Hardware.PROCESSOR: 0.0,
    },
    cache_cost=1.45,
    sparse_cache_cost=15.4,
)

# Where the bandwidth is not known, in GB/s: slowest and fastest of the usual kinds. Processors:
# Raspberry Pi 5, one channel of DDR4-3200, two channels of DDR5-5600. Cards: GTX 1050 Ti, of whose
# 112 GB/s a model gets two thirds of the usual share, to RTX 4090. Shared memory: one channel of
# LPDDR5 to the largest laptop chips.
PROCESSOR_ARM_GBS, PROCESSOR_X86_GBS, PROCESSOR_FAST_GBS = 17.1, 25.6, 89.6
CARD_GBS = (75.0, 1008.0)
SHARED_GBS = (51.2, 546.0)
MOST_GBS = 1e6  # a hundred times the fastest card: nobody's memory, somebody's slip


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How one device reads its memory. Equal ends of `gbs`: the bandwidth is known."""

    gbs: tuple[float, float]  # GB/s (10^9 bytes), slowest and fastest
    hardware: Hardware
    tensor_cores: bool = False  # NVIDIA from compute capability 7.0: reads questions far faster
    own: CardSpeed | None = None  # published runs of this very card

    @property
    def known(self) -> bool:
        return self.gbs[0] == self.gbs[1]

    def own_factor(self, experts: bool) -> float:
        """By how much published runs of this very card are faster than the formula."""
        if self.own is None:
            return 1.0
        return self.own.experts if experts else self.own.dense

    def own_runs(self, experts: bool) -> int:
        if self.own is None:
            return 0
        return self.own.experts_runs if experts else self.own.dense_runs


def bandwidth_known(device: Device, catalog: Catalog, cpu: Cpu) -> bool:
    """Whether the range is narrow because the hardware is known, or wide because it is not."""
    if device.gpu is not None:
        return _gbs(card_of(catalog, device.gpu)) is not None
    return _processor_gbs(catalog, cpu) is not None


def reading(device: Device, catalog: Catalog, probe: Probe) -> Reading:
    """What is known of this device, else the range of its kind."""
    if device.gpu is not None:
        card = card_of(catalog, device.gpu)
        return replace(_of_card(device.gpu, card), own=_own(catalog, card, processor=False))
    found = _processor_gbs(catalog, probe.cpu)
    slowest = PROCESSOR_X86_GBS if probe.arch == "x86_64" else PROCESSOR_ARM_GBS
    return Reading(
        gbs=(slowest, PROCESSOR_FAST_GBS) if found is None else (found, found),
        hardware=Hardware.PROCESSOR,
        own=_own(catalog, _processor_card(catalog, probe.cpu), processor=True),
    )


def _own(catalog: Catalog, card: CardFacts | None, *, processor: bool) -> CardSpeed | None:
    if card is None:
        return None
    mine = (card.name, processor)
    return next((found for found in catalog.speeds if (found.card, found.processor) == mine), None)


def _of_card(gpu: Gpu, card: CardFacts | None) -> Reading:
    vendor = (card.vendor if card else "") or gpu.vendor
    found = _gbs(card)
    return Reading(
        gbs=(found, found) if found else SHARED_GBS if gpu.unified_memory else CARD_GBS,
        hardware=_hardware(gpu, card, vendor),
        tensor_cores=vendor == "nvidia" and _capability(gpu, card) >= 7.0,
    )


def _hardware(gpu: Gpu, card: CardFacts | None, vendor: str) -> Hardware:
    if vendor == "apple":
        return Hardware.APPLE
    if gpu.unified_memory or (card is not None and card.kind == "unified"):
        return Hardware.UNIFIED
    if card is not None and card.kind == "datacentre":
        return Hardware.DATACENTRE
    return Hardware.DISCRETE


def _capability(gpu: Gpu, card: CardFacts | None) -> float:
    said = known(gpu.compute_capability) or (card.compute_capability if card else None)
    try:
        return float(said or 0)
    except ValueError:  # "gfx1100"
        return 0.0


def _processor_gbs(catalog: Catalog, cpu: Cpu) -> float | None:
    if _sensible(cpu.memory_bandwidth_gbs):
        return cpu.memory_bandwidth_gbs
    return _gbs(_processor_card(catalog, cpu))


def _processor_card(catalog: Catalog, cpu: Cpu) -> CardFacts | None:
    name = known(cpu.name)
    return find_card(catalog, name, None) if name else None


def _gbs(card: CardFacts | None) -> float | None:
    return card.memory_bandwidth_gbs if card and _sensible(card.memory_bandwidth_gbs) else None


def _sensible(gbs: float | None) -> TypeGuard[float]:
    """Whether a bandwidth can be reckoned with: a reading of zero, of infinity or beyond all there
    is is none."""
    return gbs is not None and math.isfinite(gbs) and 0 < gbs <= MOST_GBS
