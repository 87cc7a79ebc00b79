"""The hard limits: which model, in which file, at which context, fits where and how fast.

Nothing that leaves this module needs more memory than is free, or more disk than there is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from core.advice.cards import card_of
from core.advice.placement import fits
from core.advice.profile import shares_memory
from core.advice.quality import BITS, SMALL_PARAMS, bits, coarsest_bits, grade, wasteful
from core.advice.speed import (
    ANSWER_TOKENS,
    COMFORTABLE_TOKENS_PER_S,
    calibrated,
    calibration,
    measured_speed,
    predict_speed,
)
from core.domain import (
    Accelerator,
    Catalog,
    Device,
    Fit,
    Model,
    Profile,
    Quant,
    Speed,
    Verdict,
)

# Room for a conversation, in tokens: more than 8,192 is taken where it costs nothing else, less
# in steps down to llama.cpp's own floor (`--fit-ctx`). A thinking model writes up to 32,768.
CONTEXTS = (32768, 16384, 8192, 7168, 6144, 5120, 4096)
ENOUGH_CONTEXT = 8192
# Of memory that other programs want as well, a longer conversation takes no more than this.
SHARED_ROOM, LITTLE_MORE = 0.6, 0.02
# The file, and as much again as a tenth of it: a file system wants room, the journal too.
DISK_SHARE = 1.1

# Without a thinking phase an answer starts at once and need only be as fast as people read: about
# 250 words a minute, at three quarters of a word for a token.
PLAIN_TOKENS_PER_S = 5.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One thing that can be done here, with everything that ranking looks at."""

    model: Model
    quant: Quant
    context: int
    fit: Fit
    speed: Speed

    @property
    def devices(self) -> tuple[Device, ...]:
        return tuple(part.device for part in self.fit.parts)

    @property
    def device(self) -> Device:
        """The one that decides which engine is needed: a card, where one takes part."""
        return self.fit.parts[0].device

    @property
    def comfortable_speed(self) -> bool:
        """By the low end of the estimate: what is not known counts against it."""
        return self.speed.tokens_per_s[0] >= least_speed(self.model)

    @property
    def waiting_s(self) -> float:
        """What a person waits for a typical answer, its thoughts included, at the worst."""
        return waiting_s(self.speed)

    @property
    def hopeless(self) -> bool:
        """Most likely below reading speed, by the middle of the estimate."""
        low, high = self.speed.tokens_per_s
        return math.sqrt(low * high) < PLAIN_TOKENS_PER_S

    @property
    def device_name(self) -> str:
        """ "2 × NVIDIA GeForce RTX 3090" where a model is shared out over cards."""
        return device_name(self.devices)


def waiting_s(speed: Speed) -> float:
    """Seconds to the end of a typical answer, by the slow end of the estimate. A model that thinks
    first takes ten times as long as one that answers at once at the same speed."""
    if speed.answer_s is not None:
        return speed.answer_s[1]
    return ANSWER_TOKENS / max(speed.tokens_per_s[0], 1e-6)


def least_speed(model: Model) -> float:
    """Tokens per second below which waiting for an answer of this model is no pleasure."""
    return PLAIN_TOKENS_PER_S if model.thinking == "none" else COMFORTABLE_TOKENS_PER_S


def device_name(devices: Sequence[Device]) -> str:
    """The names of what computes, equal ones counted."""
    names = [device.name for device in devices]
    counts = {name: names.count(name) for name in names}
    return " + ".join(f"{n} × {name}" if n > 1 else name for name, n in counts.items())


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
    model: Model, profile: Profile, catalog: Catalog, devices: Sequence[Device]
) -> Candidate | None:
    """The best way to run this model on these devices, or None when it fits in no way. Files that
    are coarser than is good for it only where no other fits, and files whose checksum nobody can be
    asked for just now only where our list has the checksum of none."""
    tiers = [offered_quants(model), stopgap_quants(model)]
    if not profile.online:
        tiers = [tuple(q for q in tier if q.sha256) for tier in tiers] + tiers
    for quants in tiers:
        ways = _ways(model, quants, profile, catalog, devices)
        if (best := max(ways, key=_way_key, default=None)) is not None:
            return best
    return None


def fits_disk(quant: Quant, profile: Profile) -> bool:
    """Whether the download has room. Unknown free space is no reason to refuse."""
    free = profile.disk_free_bytes
    return free is None or quant.size_bytes * DISK_SHARE <= free


def offered_quants(model: Model) -> tuple[Quant, ...]:
    """The files of this model that are fine enough and no finer than is noticed, see
    core/advice/quality.py. Where no file reaches its floor, the finest one stands in.
    """
    if not model.llama_cpp:
        return ()
    fine = [quant for quant in model.quants if not below_floor(model, quant)]
    useful = tuple(quant for quant in fine if not wasteful(quant, model))
    return useful or tuple(fine[:1]) or tuple(sorted(model.quants, key=bits)[-1:])


def stopgap_quants(model: Model) -> tuple[Quant, ...]:
    """Coarser files of the smallest models, for computers that hold nothing better: a little less
    accurate is still more than no DeepSeek at all. Never coarser than Q4_K_M."""
    if not model.llama_cpp or model.params_total >= SMALL_PARAMS:
        return ()
    return tuple(q for q in model.quants if below_floor(model, q) and bits(q) >= BITS["Q4_K_M"])


def below_floor(model: Model, quant: Quant) -> bool:
    """Whether this is coarser than is good for a model of this size."""
    return bits(quant) < coarsest_bits(model)


def _ways(
    model: Model,
    quants: Sequence[Quant],
    profile: Profile,
    catalog: Catalog,
    devices: Sequence[Device],
) -> Iterator[Candidate]:
    for quant in quants:
        if fits_disk(quant, profile):
            yield from _ways_of_file(model, quant, profile, catalog, devices)


def _ways_of_file(
    model: Model, quant: Quant, profile: Profile, catalog: Catalog, devices: Sequence[Device]
) -> Iterator[Candidate]:
    """What is enough for a conversation, or the longest below it; and the longest above it that
    still leaves room to breathe."""
    most = min(ENOUGH_CONTEXT, model.max_context)
    less = [context for context in CONTEXTS if context < most]
    found = [(most, fit) for fit in fits(model, quant, most, profile, devices)]
    cards = any(device.gpu is not None for device in devices)
    if not any(_whole_on_a_card(fit) for _, fit in found) if cards else not found:
        found += _shorter(model, quant, profile, devices, less, on_a_card=bool(found))
    for context, fit in found:
        speed = speed_here(model, quant, fit, profile, catalog)
        yield Candidate(model=model, quant=quant, context=context, fit=fit, speed=speed)
        if fit.verdict is Verdict.COMFORTABLE and context == ENOUGH_CONTEXT:
            yield from _longer(model, quant, fit, profile, speed)


def _shorter(
    model: Model,
    quant: Quant,
    profile: Profile,
    devices: Sequence[Device],
    contexts: Sequence[int],
    *,
    on_a_card: bool,
) -> list[tuple[int, Fit]]:
    """The longest conversation for which it fits at all, or fits whole on a card."""

    def at(context: int) -> list[tuple[int, Fit]]:
        found = fits(model, quant, context, profile, devices)
        return [(context, fit) for fit in found if _whole_on_a_card(fit) or not on_a_card]

    if not contexts or not at(contexts[-1]):
        return []
    return next(found for context in contexts if (found := at(context)))


def _whole_on_a_card(fit: Fit) -> bool:
    return fit.parts[0].device.gpu is not None and fit.verdict is not Verdict.SPILLS


def _longer(
    model: Model, quant: Quant, fit: Fit, profile: Profile, speed: Speed
) -> Iterator[Candidate]:
    """The same way with the longest conversation that leaves room to breathe."""
    devices = [part.device for part in fit.parts]
    for context in CONTEXTS:
        if not ENOUGH_CONTEXT < context <= model.max_context:
            continue
        longer = next(iter(fits(model, quant, context, profile, devices)), None)
        if longer is not None and longer.verdict is Verdict.COMFORTABLE:
            if not _at_nobodys_cost(longer, fit):
                continue
            if [part.device for part in longer.parts] == devices:
                yield Candidate(model=model, quant=quant, context=context, fit=longer, speed=speed)
            return


def _at_nobodys_cost(longer: Fit, fit: Fit) -> bool:
    """Whether more conversation takes nothing from others: in memory that other programs want as
    well it takes little more, or leaves them enough, and costs no second copy of the weights."""
    devices = [part.device for part in longer.parts]
    if not any(device.gpu is None or shares_memory(device.gpu) for device in devices):
        return True
    copies = [sum(part.repacked_bytes for part in each.parts) > 0 for each in (longer, fit)]
    more = longer.needed_bytes - fit.needed_bytes
    little = more <= longer.available_bytes * LITTLE_MORE
    enough = longer.needed_bytes <= longer.available_bytes * SHARED_ROOM
    return copies[0] == copies[1] and (little or enough)


def speed_here(model: Model, quant: Quant, fit: Fit, profile: Profile, catalog: Catalog) -> Speed:
    """What was measured on this computer, else an estimate moved by what was measured of others."""
    estimate = predict_speed(model, quant, fit, catalog, profile.probe)
    if not profile.measured:
        return estimate
    accelerator = fit.parts[0].device.accelerator
    measured = measured_speed(profile, model, quant, accelerator)
    if measured is not None:
        return measured
    factor = calibration(profile, catalog).get(accelerator)
    # What was measured lay on one device; it says nothing of how two of them share the work.
    beside = len({part.device.accelerator for part in fit.parts}) > 1
    return estimate if factor is None or beside else calibrated(estimate, model, factor)


def _way_key(
    candidate: Candidate,
) -> tuple[bool, bool, float, int, bool, bool, int, bool, int, float]:
    """Speed first, of a file that this version fetches (in one part) if there is one. Then all of
    it in fast memory, then room for a conversation, a card rather than the processor, room to
    breathe, then how fine the file is; among equals one whose hash we know, then the longer memory,
    and a finer file only where it costs none of that.

    Where nothing is pleasant, the quicker way comes before all of that.
    """
    pleasant = candidate.comfortable_speed
    whole = candidate.fit.verdict is not Verdict.SPILLS
    return (
        pleasant and candidate.quant.parts == 1,
        pleasant,
        float(whole) if pleasant else candidate.speed.tokens_per_s[0],
        min(candidate.context, ENOUGH_CONTEXT),
        candidate.device.gpu is not None,
        candidate.fit.verdict is Verdict.COMFORTABLE,
        grade(candidate.quant, candidate.model),
        candidate.quant.sha256 is not None,
        candidate.context,
        bits(candidate.quant),
    )
