"""Where a model lies: on one device, over several cards, or on cards and the processor.

Every device has to hold its own part, with its own working memory and its own margin. Nothing is
ever added up over devices to decide: two cards of 12 GB do not hold what one of 24 GB would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from core.advice.layout import Layout, lay_out
from core.advice.memory import (
    CACHE_RAM_MIB,
    COMFORTABLE_SHARE,
    CPU_OVERHEAD_BYTES,
    GPU_OVERHEAD_BYTES,
    HOST_BYTES,
    MIB,
    need,
    repacked_bytes,
    usable_bytes,
)
from core.advice.profile import memory_unread, shares_memory
from core.domain import Accelerator, Device, Fit, FitPart, Model, Profile, Quant, Verdict

_KEPT_BYTES = CACHE_RAM_MIB * MIB
_BESIDE_BYTES = HOST_BYTES + _KEPT_BYTES
# Steps in which cards are filled: the first that does leaves them about equally full.
_SHARE_STEP = 0.03

_Range = tuple[int, int]


def fits(
    model: Model, quant: Quant, context: int, profile: Profile, devices: Sequence[Device]
) -> Iterator[Fit]:
    """Every sensible way to lay it out on these devices, the fastest first.

    More cards only where fewer do not hold it with room to breathe, and the computer's memory
    beside them only where they do not hold it at all.
    """
    laid = lay_out(model, quant, context)
    if laid is None or laid.layer_bytes > _everything(devices, profile):
        return
    groups, sharing, processors = _sorted(devices)
    short = []
    for cards in groups:
        whole = _on_cards(laid, cards, profile)
        yield from whole
        if not whole:
            short.append(cards)
    for device in sharing:
        yield from _found(_on_one(laid, device, profile))
    for cards in short:
        yield from _found(_spilled(laid, cards, _processor(processors, profile)))
    for device in processors:
        yield from _found(_on_processor(laid, quant, device))


def fit_on(
    model: Model, quant: Quant, context: int, device: Device, profile: Profile
) -> Fit | None:
    """How it fits into the free memory of one device, margin left. None when it does not fit, or
    when the catalogue lacks a figure that the estimate needs."""
    laid = lay_out(model, quant, context)
    if laid is None:
        return None
    if device.gpu is None:
        return _on_processor(laid, quant, device)
    return _on_one(laid, device, profile)


def fit_across(
    model: Model, quant: Quant, context: int, devices: Sequence[Device], profile: Profile
) -> Fit | None:
    """How it lies on several cards, whole layers on each, in this order. None when it does not fit,
    a figure is missing, or these are not cards of one accelerator with memory of their own."""
    laid = lay_out(model, quant, context)
    return None if laid is None or not _one_kind(devices) else _across(laid, devices, profile)


def fit_spilled(
    model: Model, quant: Quant, context: int, devices: Sequence[Device], profile: Profile
) -> Fit | None:
    """How it lies on cards and in the computer's memory. None when that does not fit either.

    The cards hold all that every token needs, then experts as far as there is room, as llama.cpp's
    `--fit` does it; where even the first is too much, the last layers. The processor has the rest.
    """
    laid = lay_out(model, quant, context)
    cards = [device for device in devices if device.gpu is not None]
    if laid is None or not _one_kind(cards):
        return None
    return _spilled(laid, cards, _processor(devices, profile))


class Lack(NamedTuple):
    """Why a device does not hold a model: what that takes, and what of it there is. In bytes."""

    needed_bytes: int
    available_bytes: int
    beside_card: bool  # the card would do, but not the computer's memory beside it


def lack(model: Model, quant: Quant, context: int, device: Device, profile: Profile) -> Lack | None:
    """What one device that does not hold a model would have to have. None where the catalogue lacks
    a figure. The first is more than the second, so that they can be told side by side."""
    what = need(model, quant, context, device.accelerator, repack=False)
    if what is None or lay_out(model, quant, context) is None:
        return None
    needed, usable = what.total_bytes, usable_bytes(device)
    if device.gpu is not None and shares_memory(device.gpu):
        needed += what.host_bytes
    elif needed <= usable and device.gpu is not None:
        return Lack(what.host_bytes, _host_room(profile), beside_card=True)
    return Lack(needed, usable, beside_card=False)


def repacks(fit: Fit) -> bool:
    """Whether the engine may keep its second copy of the weights: False where it has to be told
    not to, because there is no room for it in the computer's memory."""
    return all(part.repacked_bytes > 0 for part in fit.parts if part.device.gpu is None)


def _on_processor(laid: Layout, quant: Quant, device: Device) -> Fit | None:
    usable = usable_bytes(device)
    overhead = CPU_OVERHEAD_BYTES + _KEPT_BYTES
    needed = laid.embedding_bytes + laid.layer_bytes + laid.compute_bytes + overhead
    if needed > usable:
        return None
    # llama.cpp prefers a second copy of the weights; without room to breathe for it, one.
    second = repacked_bytes(quant)
    if needed + second > usable * COMFORTABLE_SHARE:
        second = 0
    part = FitPart(
        device=device,
        layers=laid.layers,
        weights_bytes=laid.embedding_bytes + laid.weights_bytes,
        expert_bytes=laid.expert_bytes,
        repacked_bytes=second,
        kv_bytes=laid.kv_bytes,
        compute_bytes=laid.compute_bytes,
        overhead_bytes=overhead,
        available_bytes=usable,
    )
    return _fit((part,))


def _on_one(laid: Layout, device: Device, profile: Profile) -> Fit | None:
    usable = usable_bytes(device)
    beside = laid.embedding_bytes + _BESIDE_BYTES
    overhead = GPU_OVERHEAD_BYTES
    if device.gpu is not None and shares_memory(device.gpu):
        overhead += beside  # it lies in the same memory
    elif beside > _host_room(profile):
        return None
    if laid.layer_bytes + laid.compute_bytes + overhead > usable:
        return None
    part = FitPart(
        device=device,
        layers=laid.layers,
        weights_bytes=laid.weights_bytes,
        expert_bytes=laid.expert_bytes,
        repacked_bytes=0,
        kv_bytes=laid.kv_bytes,
        compute_bytes=laid.compute_bytes,
        overhead_bytes=overhead,
        available_bytes=usable,
    )
    return _fit((part,))


def _on_cards(laid: Layout, cards: Sequence[Device], profile: Profile) -> list[Fit]:
    """On each card alone, then on the fewest together, then on the fewest with room to breathe."""
    found: list[Fit] = []
    seen: list[Device] = []
    for card in cards:
        if any(card.name == other.name and card.free_bytes <= other.free_bytes for other in seen):
            continue
        seen.append(card)
        found += _found(_on_one(laid, card, profile))
    for count in range(2, len(cards) + 1):
        if any(fit.verdict is Verdict.COMFORTABLE for fit in found):
            break
        fit = _across(laid, cards[:count], profile)
        if fit is not None and (not found or fit.verdict is Verdict.COMFORTABLE):
            found.append(fit)
    return found


def _across(laid: Layout, cards: Sequence[Device], profile: Profile) -> Fit | None:
    usable = [usable_bytes(card) for card in cards]
    fixed = GPU_OVERHEAD_BYTES + laid.compute_bytes
    fixed += laid.copies_bytes if len(cards) > 1 else 0
    room = sum(max(0, size - fixed) for size in usable)
    if laid.layer_bytes > room or laid.embedding_bytes + _BESIDE_BYTES > _host_room(profile):
        return None
    for share in _shares((laid.layer_bytes + fixed * len(usable)) / sum(usable)):
        ranges = _share_out(laid, [int(size * share) - fixed for size in usable], 0)
        if ranges[0][0] == 0:
            return _fit(
                tuple(
                    _part(laid, card, size, held, 0, fixed)
                    for card, size, held in zip(cards, usable, ranges, strict=True)
                    if held[0] < held[1]
                )
            )
    return None


def _spilled(laid: Layout, cards: Sequence[Device], processor: Device | None) -> Fit | None:
    if processor is None:
        return None
    fixed = GPU_OVERHEAD_BYTES + laid.compute_bytes + laid.borrowed_bytes
    usable = [usable_bytes(card) for card in cards]
    rooms = [size - fixed for size in usable]
    everywhere = sum(room for room in rooms if room > 0) + usable_bytes(processor)
    if laid.embedding_bytes + laid.layer_bytes > everywhere:
        return None
    ranges = _share_out(laid, rooms, laid.layers)
    start = ranges[0][0]
    if start == laid.layers:
        return None  # no card holds even the last layer
    experts_from = laid.layers
    if start == 0 and laid.expert_bytes:
        experts_from = _first_with_experts(laid, rooms)
        ranges = _share_out(laid, rooms, experts_from)
    parts = [
        _part(laid, card, size, held, experts_from, fixed)
        for card, size, held in zip(cards, usable, ranges, strict=True)
        if held[0] < held[1]
    ]
    rest = _rest(laid, processor, start, laid.experts(0, experts_from))
    if rest.needed_bytes > rest.available_bytes:
        return None
    return _fit((*parts, rest), Verdict.SPILLS)


def _first_with_experts(laid: Layout, rooms: Sequence[int]) -> int:
    """The first layer of the longest end of the model whose experts the cards hold as well, all
    layers being on them: the server's `-ncmoe`."""
    low, high = 0, laid.layers
    while low < high:
        middle = (low + high) // 2
        if _share_out(laid, rooms, middle)[0][0] == 0:
            high = middle
        else:
            low = middle + 1
    return low


def _share_out(laid: Layout, rooms: Sequence[int], experts_from: int) -> list[_Range]:
    """The layers each card holds, as many as its room allows, from the model's end."""
    ranges = []
    last = laid.layers
    for room in reversed(rooms):
        first = laid.fill(last, room, experts_from)
        ranges.append((first, last))
        last = first
    return ranges[::-1]


def _shares(least: float) -> Iterator[float]:
    """Shares of every card to fill, from the smallest that could do: evenly full is best, with room
    to breathe if it can be, and to the brim at last."""
    while least < COMFORTABLE_SHARE:
        yield least
        least += _SHARE_STEP
    yield COMFORTABLE_SHARE
    yield 1.0


def _part(
    laid: Layout, card: Device, usable: int, held: _Range, experts_from: int, fixed: int
) -> FitPart:
    first, last = held
    experts = laid.experts(max(first, min(experts_from, last)), last)
    return FitPart(
        device=card,
        layers=last - first,
        weights_bytes=laid.common(first, last) + experts,
        expert_bytes=experts,
        repacked_bytes=0,
        kv_bytes=laid.cache(*held),
        compute_bytes=fixed - GPU_OVERHEAD_BYTES,
        overhead_bytes=GPU_OVERHEAD_BYTES,
        available_bytes=usable,
    )


def _rest(laid: Layout, processor: Device, layers: int, experts: int) -> FitPart:
    """What is left for the processor: the first layers, experts, and what belongs to no layer."""
    return FitPart(
        device=processor,
        layers=layers,
        weights_bytes=laid.embedding_bytes + laid.common(0, layers) + experts,
        expert_bytes=experts,
        repacked_bytes=0,  # beside a card they stay as they are; the engine is told so, too
        kv_bytes=laid.cache(0, layers),
        compute_bytes=laid.compute_bytes,
        overhead_bytes=_BESIDE_BYTES,
        available_bytes=usable_bytes(processor),
    )


def _fit(parts: tuple[FitPart, ...], verdict: Verdict | None = None) -> Fit:
    needed = available = 0
    roomy = True
    for part in parts:
        size = part.needed_bytes
        needed += size
        available += part.available_bytes
        roomy = roomy and size <= part.available_bytes * COMFORTABLE_SHARE
    if verdict is None:
        verdict = Verdict.COMFORTABLE if roomy else Verdict.TIGHT
    return Fit(verdict=verdict, needed_bytes=needed, available_bytes=available, parts=parts)


def _found(fit: Fit | None) -> tuple[Fit, ...]:
    return () if fit is None else (fit,)


def _sorted(
    devices: Sequence[Device],
) -> tuple[list[list[Device]], list[Device], list[Device]]:
    """Cards with memory of their own by accelerator, chips that share it, processors; in order."""
    groups: dict[Accelerator, list[Device]] = {}
    sharing, processors = [], []
    for device in devices:
        if device.gpu is None:
            processors.append(device)
        elif shares_memory(device.gpu):
            sharing.append(device)
        else:
            groups.setdefault(device.accelerator, []).append(device)
    return list(groups.values()), sharing, processors


def _everything(devices: Sequence[Device], profile: Profile) -> int:
    """All free memory there is: what is larger fits in no way, which is most models on most
    computers. It decides nothing else."""
    return max(0, profile.ram_free_bytes) + sum(
        device.free_bytes for device in devices if device.free_bytes > 0
    )


def _one_kind(cards: Sequence[Device]) -> bool:
    groups, sharing, processors = _sorted(cards)
    return len(groups) == 1 and not sharing and not processors


def _processor(devices: Sequence[Device], profile: Profile) -> Device | None:
    both = (*devices, *profile.devices)
    return next((device for device in both if device.gpu is None), None)


def _host_room(profile: Profile) -> int:
    """What a model on a card may take of the computer's memory. Where nothing of it could be read,
    while the card could, the card alone decides."""
    if memory_unread(profile):
        return 2**63
    processor = _processor((), profile)  # less than is free where containers get half of it
    free = profile.ram_free_bytes
    return free if processor is None else min(free, processor.free_bytes)
