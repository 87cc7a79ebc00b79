"""Why a way is offered, what is good to know about it, and what was assumed: all as codes.

`reason.*` speaks for a way, `limit.*` is good to know, `why_not.*` says that it cannot be set up.
`assumption.*` has one sentence for each entry of `Advice.assumptions`.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.advice.candidates import (
    CONTEXTS,
    DISK_SHARE,
    ENOUGH_CONTEXT,
    Candidate,
    below_floor,
    fits_disk,
    least_speed,
    usable_devices,
)
from core.advice.cards import card_of
from core.advice.cost import over_budget, tariff_for
from core.advice.memory import GPU_MARGIN_BYTES, usable_bytes
from core.advice.placement import lack, repacks
from core.advice.profile import (
    RAM_FREE_IF_UNKNOWN_BYTES,
    RAM_SHARE_IF_UNREAD,
    VRAM_SHARE_IF_UNREAD,
    disagreeing,
    memory_unread,
    shares_memory,
    unusable_gpus,
)
from core.advice.quality import is_full, mean_score
from core.advice.speed import bandwidth_known
from core.domain import (
    Accelerator,
    Advice,
    Answers,
    Catalog,
    Cost,
    CostInputs,
    Device,
    Model,
    Note,
    Offers,
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

# Tokens already in the conversation for which the speed is given; a longer one is slower.
USED_CONTEXT = 1024
SAFE_CUDA12_DRIVER = 570

_STAYS = {
    Sensitivity.PUBLIC: "reason.stays_here",
    Sensitivity.PRIVATE: "reason.you_said_private",
    Sensitivity.REGULATED: "reason.you_said_regulated",
}

Assumption = tuple[str, str | int | float]


def why_this(candidate: Candidate, profile: Profile) -> tuple[Note, ...]:
    """What speaks for it, the strongest first."""
    notes = []
    if candidate.model.starter:
        notes.append(Note(code="reason.starter"))
    notes.append(Note(code=_STAYS[profile.answers.sensitivity]))
    notes.append(_how_it_lies(candidate))
    if candidate.speed.basis == "measured":
        notes.append(Note(code="reason.measured_here"))
    if candidate.comfortable_speed:
        notes.append(Note(code="reason.pleasant_speed"))
    return tuple(notes)


def _how_it_lies(candidate: Candidate) -> Note:
    """Where in memory it is, and how much stays free where it is tightest."""
    spare = min(part.available_bytes - part.needed_bytes for part in candidate.fit.parts)
    params: tuple[tuple[str, str | int | float], ...] = (
        ("device", candidate.device_name),
        ("spare_bytes", spare),
    )
    cards = [device for device in candidate.devices if device.gpu is not None]
    if candidate.fit.verdict is Verdict.SPILLS:
        beside = candidate.fit.parts[-1]
        experts = "experts" if beside.expert_bytes and not beside.layers else "spilled"
        params = (("device", device_names(cards)), ("beside_bytes", beside.weights_bytes))
        return Note(code=f"reason.fits_{experts}", params=params)
    if len(cards) > 1:
        return Note(code="reason.fits_cards", params=params)
    return Note(code=f"reason.fits_{'card' if cards else 'processor'}", params=params)


def device_names(devices: Sequence[Device]) -> str:
    """The plain names of some devices, once each."""
    return ", ".join(dict.fromkeys(device.name for device in devices))


def good_to_know(
    candidate: Candidate, profile: Profile, catalog: Catalog, offers: Offers, cost: Cost
) -> tuple[Note, ...]:
    """The honest limits, the heaviest first."""
    model, quant, device = candidate.model, candidate.quant, candidate.device
    probe, answers = profile.probe, profile.answers
    on_processor = device.gpu is None
    shared_copy = on_processor and not repacks(candidate.fit)
    unread = [each for each in candidate.devices if not bandwidth_known(each, catalog, probe.cpu)]
    which = "card" if any(each.gpu is not None for each in unread) else "processor"
    estimated = candidate.speed.basis == "estimate"
    to_buy = any(line.code == "hardware" for line in cost.lines)
    found: list[tuple[bool, Note]] = [
        (model.starter, Note(code="limit.starter_not_deepseek")),
        (model.distilled, Note(code="limit.distilled")),
        (not candidate.comfortable_speed, _slow(candidate)),
        (candidate.fit.verdict is Verdict.TIGHT, Note(code="limit.tight")),
        (candidate.fit.verdict is Verdict.SPILLS, Note(code="limit.spills")),
        (answers.purpose is Purpose.IMAGES and not model.vision, Note(code="limit.no_images")),
        (
            below_floor(model, quant),
            Note(code="limit.coarse_file", params=(("quant", quant.name),)),
        ),
        (
            is_full(model) and mean_score(model, answers.purpose) is None,
            Note(code="limit.no_score"),
        ),
        (candidate.context < model.max_context, _memory_of_a_chat(candidate.context)),
        (
            bool(unread) and estimated,
            Note(code=f"limit.speed_unknown_{which}"),
        ),
        (shared_copy, Note(code="limit.one_copy")),
        (_near_the_driver(device), Note(code="limit.driver_near")),
        (
            (bool(answers.budget.amount) or to_buy) and over_budget(cost, answers, offers) is True,
            Note(code=f"limit.{'over_your_budget' if to_buy else 'over_budget'}"),
        ),
        (not profile.online and not model.starter, Note(code="limit.offline")),
        (quant.sha256 is None and not model.starter, Note(code="limit.hash_from_source")),
        (profile.disk_free_bytes is None, Note(code="limit.disk_unknown")),
    ]
    notes = tuple(note for applies, note in found if applies)
    return notes + (_unused_cards(profile, catalog) if on_processor and not model.starter else ())


def _near_the_driver(device: Device) -> bool:
    """CUDA 12.8 images declare a newer driver than they need, and some computers then refuse to
    start them (vLLM issue 5635): about 570 is safe."""
    if device.gpu is None or device.accelerator is not Accelerator.CUDA:
        return False
    text = known(device.gpu.driver)
    major = text.split(".")[0] if text else ""
    return major.isdigit() and int(major) < SAFE_CUDA12_DRIVER


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
    short = lack(model, quant, CONTEXTS[-1], device, profile)
    needed = ("needed_bytes", short.needed_bytes if short else quant.size_bytes)
    if memory_unread(profile):
        return Note(code="why_not.memory_unknown", params=(needed,))
    available = ("available_bytes", short.available_bytes if short else usable_bytes(device))
    code = "beside_card" if short and short.beside_card else "nothing_fits"
    return Note(code=f"why_not.{code}", params=(needed, available))


def assumptions(
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    inputs: CostInputs,
    candidates: Sequence[Candidate],
) -> tuple[Assumption, ...]:
    """Everything the figures rest on that was not measured here, as (code, value)."""
    answers, probe = profile.answers, profile.probe
    found: list[Assumption] = [
        ("context_tokens", candidates[0].context if candidates else ENOUGH_CONTEXT),
        ("used_tokens", USED_CONTEXT),
        ("hours_per_day", inputs.hours_per_day),
        ("questions_per_hour", inputs.questions_per_hour),
        ("tokens_per_question", inputs.input_tokens),
        ("tokens_per_answer", inputs.output_tokens),
        ("card_margin_bytes", GPU_MARGIN_BYTES),
        ("download_mbit_per_s", "20–100"),
        ("catalogue_date", catalog.made_on),
    ]
    found += _electricity(answers.country, offers, inputs)
    found += _hardware(inputs)
    found += _paid_ways(answers.sensitivity, inputs)
    found += _rates(answers, offers, inputs)
    found += [("two_answers", name) for name in disagreeing(probe)]
    if known(probe.ram_free_bytes) is None and not memory_unread(profile):
        found.append(("free_memory_percent", round(RAM_SHARE_IF_UNREAD * 100)))
    if memory_unread(profile):
        found.append(("unknown_memory_bytes", RAM_FREE_IF_UNKNOWN_BYTES))
    cards = [device.gpu for device in profile.devices if device.gpu is not None]
    if any(known(gpu.vram_free_bytes) is None and not gpu.unified_memory for gpu in cards):
        found.append(("free_card_memory_percent", round(VRAM_SHARE_IF_UNREAD * 100)))
    return tuple(found)


def _hardware(inputs: CostInputs) -> list[Assumption]:
    if inputs.hardware_price is not None:
        price = inputs.hardware_price
        found: list[Assumption] = [("hardware_yours", f"{price.amount} {price.currency}")]
    elif inputs.count_hardware:
        found = [("hardware_counted", "")]
    else:
        return [("hardware_price", "")]
    found.append(("lifetime_months", inputs.lifetime_months))
    found.append(("resale_percent", round(inputs.resale_share * 100)))
    return found


def _paid_ways(sensitivity: Sensitivity, inputs: CostInputs) -> list[Assumption]:
    """What only counts where something may leave, or be rented."""
    if sensitivity is Sensitivity.REGULATED:
        return []
    found: list[Assumption] = [
        ("cached_percent", round(inputs.cached_share * 100)),
        ("stay_percent", round(inputs.stay_share * 100)),
    ]
    if inputs.off_peak_share is not None:
        found.append(("off_peak_percent", round(inputs.off_peak_share * 100)))
    if sensitivity is Sensitivity.PUBLIC:
        found.append(("sittings_per_day", inputs.sittings_per_day))
        found.append(("idle_minutes", inputs.idle_minutes))
    return found


def _rates(answers: Answers, offers: Offers, inputs: CostInputs) -> list[Assumption]:
    """The rates by which prices in another currency are compared with the budget."""
    tariff = tariff_for(answers.country, offers)
    kwh = inputs.kwh_price or (tariff.price.money if tariff else None)
    moneys = (answers.budget, kwh, inputs.hardware_price)
    used = {money.currency for money in moneys if money is not None} - {"USD"}
    known_rates = {rate.currency: rate for rate in offers.rates}
    found: list[Assumption] = []
    for name in sorted(used):
        rate = known_rates.get(name)
        if rate is None:
            found.append(("currency_unknown", name))
        else:
            found.append(("usd_rate", f"{rate.per_usd} {name} ({rate.source.date})"))
    return found


def _electricity(country: str, offers: Offers, inputs: CostInputs) -> list[Assumption]:
    if inputs.kwh_price is not None:
        found: list[Assumption] = [
            ("tariff_yours", f"{inputs.kwh_price.amount} {inputs.kwh_price.currency}")
        ]
    elif (tariff := tariff_for(country, offers)) is None:
        return [("tariff_unknown", country)]
    else:
        money, source = tariff.price.money, tariff.price.source
        found = [
            ("tariff_per_kwh", f"{money.amount} {money.currency}"),
            ("tariff_source", f"{source.text}, {source.date}"),
        ]
    low, high = (round(share * 100) for share in inputs.busy_share)
    found.append(("busy_percent", str(low) if low == high else f"{low}–{high}"))
    return found


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
    if candidate.speed.tokens_per_s[1] >= least_speed(candidate.model):
        return Note(code="limit.maybe_slow")
    thinks = candidate.model.thinking != "none"
    return Note(code="limit.slow" if thinks else "limit.slow_plain")


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
        no_gain = shares_memory(gpu) and card_of(catalog, gpu) is None and gpu.vendor != "nvidia"
        why = "shares_memory" if no_gain else problems.get(id(gpu), "shares_memory")
        notes.append(Note(code=f"limit.card.{why}", params=(("card", gpu.name),)))
    return tuple(notes)
