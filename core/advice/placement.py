"""Where a model lies: on one device, over several cards, or on cards and the processor.

Every device has to hold its own part, with its own working memory and its own margin. Nothing is
ever added up over devices to decide: two cards of 12 GB do not hold what one of 24 GB would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.advice.layout import Layout, lay_out
from core.advice.memory import (
    CACHE_RAM_MIB,
    COMFORTABLE_SHARE,
    GPU_OVERHEAD_BYTES,
    HOST_BYTES,
    MIB,
    Need,
    need,
    usable_bytes,
)
from core.advice.profile import memory_unread, shares_memory
from core.domain import Accelerator, Device, Fit, FitPart, Model, Profile, Quant, Verdict

_BESIDE_BYTES = HOST_BYTES + CACHE_RAM_MIB * MIB
# Steps in which cards are filled: the first that does leaves them about equally full.
_SHARE_STEP = 0.03


def fits(
    model: Model, quant: Quant, context: int, profile: Profile, devices: Sequence[Device]
) -> Iterator[Fit]:
    """Every sensible way to lay it out on these devices, the fastest first.

    More cards only where fewer do not hold it with room to breathe, and the computer's memory
    beside them only where they do not hold it at all.
    """
    processors = [device for device in devices if device.gpu is None]
    short = []
    for cards in _groups(devices):
        whole = list(_on_cards(model, quant, context, cards, profile))
        yield from whole
        if not whole:
            short.append(cards)
    for device in devices:
        if device.gpu is not None and shares_memory(device.gpu):
            yield from _found(fit_on(model, quant, context, device, profile))
    for cards in short:
        yield from _found(fit_spilled(model, quant, context, (*cards, *processors), profile))
    for device in processors:
        yield from _found(fit_on(model, quant, context, device, profile))


def fit_on(
    model: Model, quant: Quant, context: int, device: Device, profile: Profile
) -> Fit | None:
    """How it fits into the free memory of one device, margin left. None when it does not fit, or
    when the catalogue lacks a figure that the estimate needs."""
    plain = need(model, quant, context, device.accelerator, repack=False)
    if plain is None:
        return None
    usable = usable_bytes(device)
    if device.gpu is None:
        if plain.total_bytes > usable:
            return None
        # llama.cpp prefers a second copy of the weights; without room to breathe for it, one.
        full = need(model, quant, context, device.accelerator) or plain
        roomy = full.total_bytes <= usable * COMFORTABLE_SHARE
        return _fit((_whole(model, quant, full if roomy else plain, device, usable),))
    if shares_memory(device.gpu):
        # The part beside the model lies in the same memory.
        part = _whole(model, quant, plain, device, usable, beside=plain.host_bytes)
    elif plain.host_bytes <= _host_room(profile):
        part = _whole(model, quant, plain, device, usable)
    else:
        return None
    return _fit((part,)) if part.needed_bytes <= usable else None


def fit_across(
    model: Model, quant: Quant, context: int, devices: Sequence[Device], profile: Profile
) -> Fit | None:
    """How it lies on several cards, whole layers on each, in this order. None when it does not fit,
    a figure is missing, or these are not cards of one accelerator with memory of their own."""
    laid = lay_out(model, quant, context) if _one_kind(devices) else None
    if laid is None or laid.embedding_bytes + _BESIDE_BYTES > _host_room(profile):
        return None
    usable = [usable_bytes(card) for card in devices]
    fixed = GPU_OVERHEAD_BYTES + laid.compute_bytes
    fixed += laid.copies_bytes if len(devices) > 1 else 0
    if laid.layer_bytes > sum(max(0, room - fixed) for room in usable):
        return None
    ends = None
    for share in _shares((laid.layer_bytes + fixed * len(usable)) / sum(usable)):
        rooms = [int(room * share) - fixed for room in usable]
        ends = _share_out(laid, 0, rooms, experts=True)
        if ends is not None:
            break
    if ends is None:
        return None
    parts = []
    first = 0
    for card, room, last in zip(devices, usable, ends, strict=True):
        if last > first:
            experts = laid.experts(first, last)
            parts.append(_part(laid, card, room, first, last, experts, fixed))
        first = last
    return _fit(tuple(parts))


def fit_spilled(
    model: Model, quant: Quant, context: int, devices: Sequence[Device], profile: Profile
) -> Fit | None:
    """How it lies on cards and in the computer's memory. None when that does not fit either.

    The cards hold all that every token needs, then experts as far as there is room, as llama.cpp's
    `--fit` does it; where even the first is too much, the last layers. The processor has the rest.
    """
    cards = [device for device in devices if device.gpu is not None]
    cards = [card for card in cards if card.accelerator is cards[0].accelerator]
    processor = _processor(devices, profile)
    laid = lay_out(model, quant, context) if _one_kind(cards) else None
    if laid is None or processor is None:
        return None
    usable = [usable_bytes(card) for card in cards]
    fixed = GPU_OVERHEAD_BYTES + laid.compute_bytes + laid.borrowed_bytes
    rooms = [room - fixed for room in usable]
    start = _first_on_cards(laid, rooms)
    if start is None:
        return None
    parts = []
    first, on_cards = start, 0
    for card, room, last in zip(
        cards, usable, _share_out(laid, start, rooms, experts=False) or (), strict=True
    ):
        if last > first:
            left = room - fixed - laid.common(first, last) - laid.cache(first, last)
            experts = _refilled(laid, first, last, left)
            parts.append(_part(laid, card, room, first, last, experts, fixed))
            on_cards += experts
        first = last
    rest = _rest(laid, processor, start, laid.expert_bytes - on_cards)
    if rest.needed_bytes > rest.available_bytes:
        return None
    return _fit((*parts, rest), Verdict.SPILLS)


def repacks(fit: Fit) -> bool:
    """Whether the engine may keep its second copy of the weights: False where it has to be told
    not to, because there is no room for it in the computer's memory."""
    return all(part.repacked_bytes > 0 for part in fit.parts if part.device.gpu is None)


def _groups(devices: Sequence[Device]) -> list[list[Device]]:
    """The cards with memory of their own, by accelerator, in their order."""
    groups: dict[Accelerator, list[Device]] = {}
    for device in devices:
        if device.gpu is not None and not shares_memory(device.gpu):
            groups.setdefault(device.accelerator, []).append(device)
    return list(groups.values())


def _on_cards(
    model: Model, quant: Quant, context: int, cards: Sequence[Device], profile: Profile
) -> Iterator[Fit]:
    """On each card alone, then on the fewest together, then on the fewest with room to breathe."""
    found = False
    roomy = False
    seen: list[Device] = []
    for card in cards:
        if any(card.name == other.name and card.free_bytes <= other.free_bytes for other in seen):
            continue
        seen.append(card)
        fit = fit_on(model, quant, context, card, profile)
        if fit is not None:
            found, roomy = True, roomy or fit.verdict is Verdict.COMFORTABLE
            yield fit
    for count in range(2, len(cards) + 1):
        if roomy:
            return
        fit = fit_across(model, quant, context, cards[:count], profile)
        if fit is not None:
            roomy = fit.verdict is Verdict.COMFORTABLE
            if roomy or not found:
                yield fit
            found = True


def _one_kind(cards: Sequence[Device]) -> bool:
    return bool(cards) and all(
        card.gpu is not None
        and not shares_memory(card.gpu)
        and card.accelerator is cards[0].accelerator
        for card in cards
    )


def _share_out(
    laid: Layout, start: int, rooms: Sequence[int], *, experts: bool
) -> list[int] | None:
    """Where each card's layers end, as many on each as its room allows; None if some are left."""
    ends = []
    for room in rooms:
        start = laid.last_that_fits(start, room, experts=experts)
        ends.append(start)
    return ends if start == laid.layers else None


def _shares(least: float) -> Iterator[float]:
    """Shares of every card to fill, from the smallest that could do: evenly full is best, with room
    to breathe if it can be, and to the brim at last."""
    while least < COMFORTABLE_SHARE:
        yield least
        least += _SHARE_STEP
    yield COMFORTABLE_SHARE
    yield 1.0


def _first_on_cards(laid: Layout, rooms: Sequence[int]) -> int | None:
    """The first layer of the longest end of the model that the cards hold without its experts."""
    low, high = 0, laid.layers
    while low < high:
        middle = (low + high) // 2
        if _share_out(laid, middle, rooms, experts=False) is None:
            low = middle + 1
        else:
            high = middle
    return low if low < laid.layers else None


def _refilled(laid: Layout, first: int, last: int, room: int) -> int:
    """Bytes of the experts of as many of these layers as there is room for."""
    experts = 0
    for start in range(last - 1, first - 1, -1):
        more = laid.experts(start, last)
        if more > room:
            break
        experts = more
    return experts


def _part(
    laid: Layout, card: Device, usable: int, first: int, last: int, experts: int, fixed: int
) -> FitPart:
    return FitPart(
        device=card,
        layers=last - first,
        weights_bytes=laid.common(first, last) + experts,
        expert_bytes=experts,
        repacked_bytes=0,
        kv_bytes=laid.cache(first, last),
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
        repacked_bytes=0,  # it would not be used: a card's own build keeps them as they are
        kv_bytes=laid.cache(0, layers),
        compute_bytes=laid.compute_bytes,
        overhead_bytes=_BESIDE_BYTES,
        available_bytes=usable_bytes(processor),
    )


def _whole(
    model: Model, quant: Quant, what: Need, device: Device, usable: int, beside: int = 0
) -> FitPart:
    return FitPart(
        device=device,
        layers=model.layers,
        weights_bytes=what.weights_bytes,
        expert_bytes=quant.expert_bytes,
        repacked_bytes=what.repacked_bytes,
        kv_bytes=what.kv_bytes,
        compute_bytes=what.compute_bytes,
        overhead_bytes=what.overhead_bytes + beside,
        available_bytes=usable,
    )


def _fit(parts: tuple[FitPart, ...], verdict: Verdict | None = None) -> Fit:
    if verdict is None:
        roomy = all(part.needed_bytes <= part.available_bytes * COMFORTABLE_SHARE for part in parts)
        verdict = Verdict.COMFORTABLE if roomy else Verdict.TIGHT
    return Fit(
        verdict=verdict,
        needed_bytes=sum(part.needed_bytes for part in parts),
        available_bytes=sum(part.available_bytes for part in parts),
        parts=parts,
    )


def _found(fit: Fit | None) -> tuple[Fit, ...]:
    return () if fit is None else (fit,)


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
