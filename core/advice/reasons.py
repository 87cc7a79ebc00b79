"""Why a way is offered, what is good to know about it, and what was assumed: all as codes.

`reason.*` speaks for a way, `limit.*` is good to know, `why_not.*` says that it cannot be set up.
`assumption.*` has one sentence for each entry of `Advice.assumptions`.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.advice.candidates import (
    CONTEXTS,
    DISK_SHARE,
    Candidate,
    below_floor,
    fits_disk,
    quality,
    repacks,
    usable_devices,
)
from core.advice.cards import card_of
from core.advice.cost import electricity, over_budget, tariff_for
from core.advice.memory import GPU_MARGIN_BYTES, need, usable_bytes
from core.advice.profile import (
    RAM_FREE_IF_UNKNOWN_BYTES,
    RAM_SHARE_IF_UNREAD,
    VRAM_SHARE_IF_UNREAD,
    memory_unread,
    shares_memory,
    unusable_gpus,
)
from core.advice.speed import COMFORTABLE_TOKENS_PER_S, USED_CONTEXT, bandwidth_known
from core.advice.tree import USD_RATES, USD_RATES_DATE
from core.domain import (
    Accelerator,
    Advice,
    Catalog,
    Device,
    Model,
    Note,
    Profile,
    Purpose,
    Quant,
    Sensitivity,
    Verdict,
    known,
)

# A token is about three quarters of an English word, or one and a half Chinese characters.
WORDS_PER_TOKEN = 0.75
CHARACTERS_PER_TOKEN = 1.5

Assumption = tuple[str, str | int | float]


def why_this(candidate: Candidate, profile: Profile) -> tuple[Note, ...]:
    """What speaks for it, the strongest first."""
    notes = []
    if candidate.model.starter:
        notes.append(Note(code="reason.starter"))
    sensitivity = profile.answers.sensitivity
    stays = "reason.stays_here" if sensitivity is Sensitivity.PUBLIC else "reason.you_said_private"
    notes.append(Note(code=stays))
    spare = candidate.fit.available_bytes - candidate.fit.needed_bytes
    where = "card" if candidate.device.gpu is not None else "processor"
    notes.append(
        Note(
            code=f"reason.fits_{where}",
            params=(("device", candidate.device.name), ("spare_bytes", spare)),
        )
    )
    if candidate.comfortable_speed:
        notes.append(Note(code="reason.pleasant_speed"))
    return tuple(notes)


def good_to_know(candidate: Candidate, profile: Profile, catalog: Catalog) -> tuple[Note, ...]:
    """The honest limits, the heaviest first."""
    model, quant, device = candidate.model, candidate.quant, candidate.device
    probe, answers = profile.probe, profile.answers
    on_processor = device.gpu is None
    cost = electricity(answers, card_of(catalog, device.gpu) if device.gpu else None)
    shared_copy = on_processor and not repacks(model, quant, candidate.context, device)
    found: list[tuple[bool, Note]] = [
        (model.starter, Note(code="limit.starter_not_deepseek")),
        (model.distilled, Note(code="limit.distilled")),
        (not candidate.comfortable_speed, _slow(candidate)),
        (candidate.fit.verdict is Verdict.TIGHT, Note(code="limit.tight")),
        (answers.purpose is Purpose.IMAGES, Note(code="limit.no_images")),
        (
            below_floor(model, quant),
            Note(code="limit.coarse_file", params=(("quant", quant.name),)),
        ),
        (candidate.context < model.max_context, _memory_of_a_chat(candidate.context)),
        (
            not bandwidth_known(device, catalog, probe.cpu),
            Note(code=f"limit.speed_unknown_{'processor' if on_processor else 'card'}"),
        ),
        (shared_copy, Note(code="limit.one_copy")),
        (over_budget(cost, answers), Note(code="limit.over_budget")),
        (not profile.online and not model.starter, Note(code="limit.offline")),
        (profile.disk_free_bytes is None, Note(code="limit.disk_unknown")),
    ]
    notes = tuple(note for applies, note in found if applies)
    return notes + (_unused_cards(profile, catalog) if on_processor and not model.starter else ())


def compared_with_first(
    candidate: Candidate, first: Candidate, profile: Profile, catalog: Catalog
) -> tuple[Note, ...]:
    """Why this one is not the first."""
    purpose = profile.answers.purpose
    if not candidate.comfortable_speed and first.comfortable_speed:
        return (Note(code="limit.not_first.slow"),)
    if quality(candidate.model, catalog, purpose) < quality(first.model, catalog, purpose):
        return (Note(code="limit.not_first.weaker", params=(("first", first.model.name),)),)
    return (Note(code="limit.not_first.larger", params=(("first", first.model.name),)),)


def nothing_fits(model: Model, quant: Quant, device: Device, profile: Profile) -> Note:
    """How much is missing for the smallest model, in memory or on the disk."""
    if not fits_disk(quant, profile):
        return Note(
            code="why_not.disk_full",
            params=(
                ("needed_bytes", int(quant.size_bytes * DISK_SHARE)),
                ("free_bytes", profile.disk_free_bytes or 0),
            ),
        )
    least = need(model, quant, CONTEXTS[-1], Accelerator.CPU, repack=False)
    needed = ("needed_bytes", least.total_bytes if least else quant.size_bytes)
    if memory_unread(profile):
        return Note(code="why_not.memory_unknown", params=(needed,))
    available = ("available_bytes", usable_bytes(device))
    return Note(code="why_not.nothing_fits", params=(needed, available))


def assumptions(
    profile: Profile, catalog: Catalog, candidates: Sequence[Candidate]
) -> tuple[Assumption, ...]:
    """Everything the figures rest on that was not measured here, as (code, value)."""
    answers, probe = profile.answers, profile.probe
    found: list[Assumption] = [
        ("context_tokens", candidates[0].context if candidates else CONTEXTS[0]),
        ("used_tokens", USED_CONTEXT),
        ("hours_per_day", answers.hours_per_day),
        ("card_margin_bytes", GPU_MARGIN_BYTES),
        ("download_mbit_per_s", "20–100"),
        ("hardware_price", "not_counted"),
        ("catalogue_date", catalog.made_on),
    ]
    tariff = tariff_for(answers.country)
    if tariff is None:
        found.append(("tariff_unknown", answers.country))
    else:
        found.append(("tariff_per_kwh", f"{tariff.price} {tariff.currency}"))
        found.append(("tariff_source", f"{tariff.source.text}, {tariff.source.date}"))
    rate = USD_RATES.get(answers.budget.currency)
    if rate is not None and answers.budget.currency != "USD":
        found.append(("usd_rate", f"{rate} {answers.budget.currency} ({USD_RATES_DATE})"))
    if known(probe.ram_free_bytes) is None and not memory_unread(profile):
        found.append(("free_memory_percent", round(RAM_SHARE_IF_UNREAD * 100)))
    if memory_unread(profile):
        found.append(("unknown_memory_bytes", RAM_FREE_IF_UNKNOWN_BYTES))
    cards = [device.gpu for device in profile.devices if device.gpu is not None]
    if any(known(gpu.vram_free_bytes) is None and not gpu.unified_memory for gpu in cards):
        found.append(("free_card_memory_percent", round(VRAM_SHARE_IF_UNREAD * 100)))
    return tuple(found)


def assumption_notes(advice: Advice) -> tuple[Note, ...]:
    """One sentence for each assumption, ready for Text.note."""
    return tuple(
        Note(
            code=f"assumption.{code}",
            params=(("value_bytes" if code.endswith("_bytes") else "value", value),),
        )
        for code, value in advice.assumptions
    )


def _slow(candidate: Candidate) -> Note:
    """Slow for certain, or perhaps, where the range reaches up to a pleasant speed."""
    perhaps = candidate.speed.tokens_per_s[1] >= COMFORTABLE_TOKENS_PER_S
    return Note(code="limit.maybe_slow" if perhaps else "limit.slow")


def _memory_of_a_chat(context: int) -> Note:
    """How much of a conversation it remembers, in words that mean something."""
    return Note(
        code="limit.remembers",
        params=(
            ("words", _rounded(context * WORDS_PER_TOKEN)),
            ("characters", _rounded(context * CHARACTERS_PER_TOKEN)),
        ),
    )


def _rounded(value: float) -> int:
    """Down to the next 500: a promise is kept short."""
    return int(value // 500) * 500


def _unused_cards(profile: Profile, catalog: Catalog) -> tuple[Note, ...]:
    """A card that is here and is not used never goes unsaid."""
    used = [device.gpu for device in usable_devices(profile, catalog)]
    problems = {id(gpu): why for gpu, why in unusable_gpus(profile.probe)}
    notes = []
    for gpu in known(profile.probe.gpus) or ():
        if gpu in used:
            continue
        no_gain = shares_memory(gpu) and card_of(catalog, gpu) is None
        why = "shares_memory" if no_gain else problems.get(id(gpu), "shares_memory")
        notes.append(Note(code=f"limit.card.{why}", params=(("card", gpu.name),)))
    return tuple(notes)
