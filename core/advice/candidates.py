"""The hard limits: which model, in which file, at which context, fits on which device.

Nothing that leaves this module needs more memory than is free, or more disk than there is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.advice.cards import card_of
from core.advice.memory import COMFORTABLE_SHARE, Need, need, usable_bytes
from core.advice.profile import memory_unread, shares_memory
from core.advice.speed import COMFORTABLE_TOKENS_PER_S, predict_speed
from core.domain import (
    Accelerator,
    Catalog,
    Device,
    Fit,
    Model,
    Profile,
    Purpose,
    Quant,
    Speed,
    Verdict,
)

# The context we aim for, then down in steps to llama.cpp's own floor (`--fit-ctx`).
CONTEXTS = (8192, 7168, 6144, 5120, 4096)
# The file, and as much again as a tenth of it: a file system wants room, the journal too.
DISK_SHARE = 1.1

# Without a thinking phase an answer starts at once, and half the speed is still reading speed.
PLAIN_TOKENS_PER_S = COMFORTABLE_TOKENS_PER_S / 2

# Quantizations from coarse to fine, with the bits per weight of llama.cpp's own table.
BITS = {
    "Q2_K": 3.16,
    "IQ3_M": 3.8,
    "Q3_K_M": 4.0,
    "IQ4_XS": 4.46,
    "Q4_0": 4.6,
    "Q4_K_S": 4.67,
    "Q4_K_M": 4.89,
    "Q4_1": 5.1,
    "Q5_K_M": 5.7,
    "Q6_K": 6.56,
    "Q8_0": 8.5,
    "F16": 16.0,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing that can be done here, with everything that ranking looks at."""

    model: Model
    quant: Quant
    device: Device
    context: int
    fit: Fit
    speed: Speed

    @property
    def comfortable_speed(self) -> bool:
        """By the low end of the estimate: what is not known counts against it."""
        least = PLAIN_TOKENS_PER_S if self.model.thinking == "none" else COMFORTABLE_TOKENS_PER_S
        return self.speed.tokens_per_s[0] >= least

    @property
    def hopeless(self) -> bool:
        """Below reading speed even by the high end of the estimate."""
        return self.speed.tokens_per_s[1] < PLAIN_TOKENS_PER_S


def usable_devices(profile: Profile, catalog: Catalog) -> tuple[Device, ...]:
    """All but small chips that share the computer's memory and that we know nothing of: the
    processor is about as fast there, and always works."""
    return tuple(
        device
        for device in profile.devices
        if device.gpu is None
        or not shares_memory(device.gpu)
        or device.accelerator is Accelerator.METAL
        or card_of(catalog, device.gpu) is not None
    )


def best_for_model(
    model: Model, profile: Profile, catalog: Catalog, devices: Iterable[Device]
) -> Candidate | None:
    """The best way to run this model on one of these devices, or None when it fits on none."""
    return max(_ways(model, profile, catalog, devices), key=_way_key, default=None)


def fit_on(
    model: Model, quant: Quant, context: int, device: Device, profile: Profile
) -> Fit | None:
    """How it fits into the free memory of the device, margin left. None when it does not fit, or
    when the catalogue lacks a figure that the estimate needs."""
    plain = need(model, quant, context, device.accelerator, repack=False)
    if plain is None:
        return None
    usable, least = usable_bytes(device), _needed_here(plain, device)
    if least > usable or not _host_memory_suffices(plain, device, profile):
        return None
    # On a processor llama.cpp prefers a second copy of the weights; without room for it, one.
    full = need(model, quant, context, device.accelerator) or plain
    wished = _needed_here(full, device)
    roomy = wished <= usable * COMFORTABLE_SHARE
    return Fit(
        verdict=Verdict.COMFORTABLE if roomy else Verdict.TIGHT,
        needed_bytes=wished if wished <= usable else least,
        available_bytes=usable,
    )


def repacks(model: Model, quant: Quant, context: int, device: Device) -> bool:
    """Whether the second copy of the weights fits into the memory of the processor too."""
    full = need(model, quant, context, device.accelerator)
    return full is not None and _needed_here(full, device) <= usable_bytes(device)


def fits_disk(quant: Quant, profile: Profile) -> bool:
    """Whether the download has room. Unknown free space is no reason to refuse."""
    free = profile.disk_free_bytes
    return free is None or quant.size_bytes * DISK_SHARE <= free


def offered_quants(model: Model) -> tuple[Quant, ...]:
    """The files of this model we may recommend: their hash is known, and they are fine enough.

    Floors (perplexity tables of llama.cpp, accuracy of the distills by Neural Magic): 3-bit from
    30 B on, Q4_K_M up to there, Q8_0 for the 1.5 B. Where no pinned file reaches its floor, the
    finest one stands in.
    """
    pinned = [quant for quant in model.quants if quant.sha256]
    if model.params_total >= 30e9:
        floor = BITS["Q3_K_M"]
    elif model.params_total >= 3e9 or model.starter:
        floor = BITS["Q4_K_M"]
    else:
        floor = BITS["Q8_0"]
    fine = tuple(quant for quant in pinned if bits(quant) >= floor)
    return fine or tuple(sorted(pinned, key=bits)[-1:])


def bits(quant: Quant) -> float:
    """Bits per weight; an unknown name counts as the coarsest."""
    return BITS.get(quant.name, 0.0)


def below_floor(model: Model, quant: Quant) -> bool:
    """Whether this is coarser than we would like for so small a model."""
    return model.params_total < 3e9 and not model.starter and bits(quant) < BITS["Q8_0"]


def quality(model: Model, catalog: Catalog, purpose: Purpose) -> float:
    """Points out of 100 for this purpose, by the published scores.

    A model without the scores counts as the next smaller one that has them, by active parameters:
    newer is not taken for better without a figure.
    """
    own = _mean_score(model, purpose)
    if own is not None:
        return own
    known_scores = [
        (other.params_active, score)
        for other in catalog.models
        if (score := _mean_score(other, purpose)) is not None
        and other.params_active <= model.params_active
    ]
    return max(known_scores, default=(0, 0.0))[1]


_MEASURES = {
    Purpose.CODE: ("LiveCodeBench",),
    Purpose.REASONING: ("AIME2024", "GPQA"),
}
_ALL_MEASURES = ("AIME2024", "MATH500", "GPQA", "LiveCodeBench")


def _mean_score(model: Model, purpose: Purpose) -> float | None:
    scores = dict(model.scores)
    if not all(name in scores for name in _ALL_MEASURES):
        return None
    names = _MEASURES.get(purpose, _ALL_MEASURES)
    return sum(scores[name] for name in names) / len(names)


def _ways(
    model: Model, profile: Profile, catalog: Catalog, devices: Iterable[Device]
) -> Iterator[Candidate]:
    cpu, arch = profile.probe.cpu, profile.probe.arch
    quants = [quant for quant in offered_quants(model) if fits_disk(quant, profile)]
    for device in devices:
        for quant in quants:
            speed = predict_speed(model, quant, device, catalog, cpu, arch)
            for context in CONTEXTS:
                fit = fit_on(model, quant, context, device, profile)
                if context <= model.max_context and fit is not None:
                    yield Candidate(
                        model=model,
                        quant=quant,
                        device=device,
                        context=context,
                        fit=fit,
                        speed=speed,
                    )
                    break


def _way_key(candidate: Candidate) -> tuple[bool, int, bool, float, float]:
    """Speed first, then room for a conversation, then room to breathe, then the finer file; where
    none is pleasant, the quicker one instead of the finer."""
    return (
        candidate.comfortable_speed,
        candidate.context,
        candidate.fit.verdict is Verdict.COMFORTABLE,
        bits(candidate.quant) if candidate.comfortable_speed else 0.0,
        candidate.speed.tokens_per_s[0],
    )


def _needed_here(need_: Need, device: Device) -> int:
    """On a chip that shares the computer's memory, the part beside the model counts as well."""
    shared = device.gpu is not None and shares_memory(device.gpu)
    return need_.total_bytes + (need_.host_bytes if shared else 0)


def _host_memory_suffices(need_: Need, device: Device, profile: Profile) -> bool:
    if device.accelerator is Accelerator.CPU or device.gpu is None:
        return True
    if memory_unread(profile):
        return True  # not readable at all, while the card is: the card decides
    return need_.host_bytes <= profile.ram_free_bytes
