"""The ways on this computer: what runs now, the starter, and what would run without an obstacle.

Each is a whole `Recommendation`; which of them are shown, and in which order, is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.advice.candidates import (
    CONTEXTS,
    Candidate,
    best_for_model,
    offered_quants,
    stopgap_quants,
    usable_devices,
)
from core.advice.cards import card_of, find_card
from core.advice.cost import local_cost, unknown_cost
from core.advice.cost_inputs import default_inputs
from core.advice.memory import need, usable_bytes
from core.advice.paid import by_quality, parallel_speed
from core.advice.profile import accelerator_for, gpu_free_bytes, unusable_gpus
from core.advice.quality import quality_step, suits
from core.advice.reasons import good_to_know, nothing_fits, why_this
from core.advice.upgrades import models_to_weigh
from core.advice.vllm import as_quant, capability_of, vllm_fits
from core.domain import (
    Accelerator,
    CardFacts,
    Catalog,
    Cost,
    CostInputs,
    Device,
    EngineImage,
    EngineKind,
    Kind,
    Note,
    Offers,
    Profile,
    Recommendation,
    known,
)
from core.errors import AppError

# How fast a home line brings the files, in bytes/s (20 and 100 Mbit/s), and minutes around it.
DOWNLOAD_BYTES_PER_S = (2.5e6, 12.5e6)
AROUND_MINUTES = (0.5, 3.0)
STARTER_MINUTES = (0.3, 2.0)


def ranked_here(
    profile: Profile, catalog: Catalog, devices: Sequence[Device]
) -> tuple[Candidate, ...]:
    """One way for each model that fits, best first. Equal ones keep the order of their names."""
    models = models_to_weigh(catalog)
    ways = (best_for_model(model, profile, catalog, devices) for model in models)
    return tuple(
        sorted(
            (way for way in ways if way is not None),
            key=lambda way: _rank_key(way, profile, catalog),
        )
    )


def _rank_key(
    candidate: Candidate, profile: Profile, catalog: Catalog
) -> tuple[bool, bool, bool, float, bool, int, str]:
    """What can be fetched first, then a pleasant speed, the better answers, the smaller model.

    Where nothing is pleasant, the better model would only be the slower one: the time that a person
    waits decides.
    """
    step = float(quality_step(candidate.model, catalog, profile.answers.purpose))
    worth = step if candidate.comfortable_speed else -candidate.waiting_s
    return (
        candidate.quant.parts > 1,
        not candidate.quant.sha256 and not profile.online,
        not candidate.comfortable_speed,
        -worth,
        not suits(candidate.model, profile.answers.purpose),
        candidate.model.params_total,
        candidate.model.id,
    )


def local_way(
    candidate: Candidate, profile: Profile, catalog: Catalog, offers: Offers, inputs: CostInputs
) -> Recommendation:
    accelerator = candidate.device.accelerator
    # Containers get no graphics card on macOS, and the built-in engine has Metal there.
    container = profile.containers and profile.probe.os != "macos"
    cost = _local_cost(candidate.devices, profile, catalog, offers, inputs)
    parts = candidate.quant.parts
    return Recommendation(
        rank=1,
        kind=Kind.LOCAL,
        model=candidate.model,
        quant=candidate.quant,
        engine=EngineKind.LLAMA_CPP if container else EngineKind.BUILTIN,
        accelerator=accelerator,
        device_name=candidate.device_name,
        image=_image(accelerator, catalog) if container else None,
        provider="local",
        context=candidate.context,
        fit=candidate.fit,
        speed=candidate.speed,
        cost=cost,
        first_answer_minutes=_minutes(candidate.quant.size_bytes),
        privacy="stays_here",
        reasons=(
            *why_this(candidate, profile),
            *good_to_know(candidate, profile, catalog, offers, cost),
        ),
        why_not=(Note(code="why_not.parts", params=(("n", parts),)),) if parts > 1 else (),
    )


def starter(profile: Profile, catalog: Catalog, offers: Offers) -> Recommendation:
    """The small model that gives a first answer within minutes, on the processor.

    It is not a DeepSeek model, and says so. When even this does not fit, `why_not` says that.
    Raises: AppError("catalog_invalid") when the catalogue has no such model.
    """
    model = next((model for model in catalog.models if model.starter), None)
    if model is None:
        raise AppError("catalog_invalid", {"file": "models.toml"}, detail="no starter model")
    inputs = default_inputs(profile.answers, offers)
    devices = _starter_devices(profile)
    candidate = best_for_model(model, profile, catalog, devices)
    if candidate is not None:
        found = local_way(candidate, profile, catalog, offers, inputs)
        return replace(found, first_answer_minutes=STARTER_MINUTES)
    note = nothing_fits(model, offered_quants(model)[0], devices[-1], profile)
    return replace(_nothing(profile, note), model=model, quant=offered_quants(model)[0])


def _starter_devices(profile: Profile) -> tuple[Device, ...]:
    """The processor, where least can go wrong; on Apple chips Metal is as safe and quicker."""
    metal = [device for device in profile.devices if device.accelerator is Accelerator.METAL]
    return (*metal, profile.devices[-1])


def _image(accelerator: Accelerator, catalog: Catalog) -> str | None:
    own = (i for i in catalog.images if i.engine is EngineKind.LLAMA_CPP)
    return next((i.reference for i in own if i.accelerator is accelerator), None)


def _local_cost(
    devices: Sequence[Device],
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    inputs: CostInputs,
) -> Cost:
    """By the power of the cards that take part; a processor is known by its name or not at all."""
    cards = [device for device in devices if device.gpu is not None] or devices[:1]
    facts = (_facts(device, profile, catalog) for device in cards)
    return local_cost(profile.answers, inputs, offers, *facts)


def _facts(device: Device, profile: Profile, catalog: Catalog) -> CardFacts | None:
    if device.gpu is not None:
        return card_of(catalog, device.gpu)
    name = known(profile.probe.cpu.name)
    return find_card(catalog, name, None) if name else None


def _minutes(size_bytes: int) -> tuple[float, float]:
    slow, fast = DOWNLOAD_BYTES_PER_S
    before, after = AROUND_MINUTES
    return (
        round(size_bytes / fast / 60 + before, 1),
        round(size_bytes / slow / 60 + after, 1),
    )


def when_nothing_fits(
    profile: Profile, catalog: Catalog, offers: Offers, inputs: CostInputs
) -> list[Recommendation]:
    """The starter to try things with, then the plain word. A catalogue may hold one model only."""
    found = []
    if any(model.starter for model in catalog.models):
        small = starter(profile, catalog, offers)
        if small.can_set_up:
            found.append(small)
    smallest = min(
        (
            (what.total_bytes, model.id, model, quant)
            for model in models_to_weigh(catalog)
            for quant in (*offered_quants(model), *stopgap_quants(model))
            if (what := need(model, quant, CONTEXTS[-1], Accelerator.CPU, repack=False)) is not None
        ),
        default=None,
    )
    if smallest is not None:
        device = max(usable_devices(profile, catalog), key=usable_bytes)
        note = nothing_fits(smallest[2], smallest[3], device, profile)
        found.append(_nothing(profile, note))
    return found


def _nothing(profile: Profile, note: Note) -> Recommendation:
    """A local line without a model: it cannot be set up, and the note says why."""
    return Recommendation(
        rank=1,
        kind=Kind.LOCAL,
        provider="local",
        cost=unknown_cost(profile.answers),
        privacy="stays_here",
        why_not=(note,),
    )


# --- better, but not yet ----------------------------------------------------------------------


def behind_an_obstacle(
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    inputs: CostInputs,
    ranked: Sequence[Candidate],
) -> list[Recommendation]:
    """The best thing a card could do that cannot be used yet, with what stands in the way.

    Shown only when it is better than what can be done now.
    """
    now = [_rank_key(candidate, profile, catalog) for candidate in ranked[:1]]
    for gpu, why in unusable_gpus(profile.probe):
        if why == "unknown_card" or card_of(catalog, gpu) is None:
            continue
        device = Device(
            name=gpu.name,
            accelerator=accelerator_for(profile.probe, gpu),
            free_bytes=gpu_free_bytes(profile.probe, gpu),
            gpu=gpu,
        )
        best = ranked_here(profile, catalog, (device,))[:1]
        if best and (not now or _rank_key(best[0], profile, catalog) < now[0]):
            note = Note(code=f"why_not.card.{why}", params=(("card", gpu.name),))
            line = local_way(best[0], profile, catalog, offers, inputs)
            image = _image(device.accelerator, catalog)
            return [replace(line, engine=EngineKind.LLAMA_CPP, image=image, why_not=(note,))]
    return []


def by_vllm(
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    inputs: CostInputs,
    ranked: Sequence[Candidate],
) -> list[Recommendation]:
    """On data-centre cards vLLM runs models that no single file brings, and faster."""
    image = next((i for i in catalog.images if i.engine is EngineKind.VLLM), None)
    cards = [device for device in profile.devices if _suits_vllm(device, catalog, image)]
    cards = [device for device in cards if device.name == cards[0].name]
    best = _best_by_vllm(cards, profile, catalog)
    if image is None or best is None:
        return []
    now = [quality_step(way.model, catalog, profile.answers.purpose) for way in ranked[:1]]
    if now and quality_step(best.model, catalog, profile.answers.purpose) <= now[0]:
        return []
    line = local_way(best, profile, catalog, offers, inputs)
    later = (Note(code="why_not.vllm"),)
    return [replace(line, engine=EngineKind.VLLM, image=image.reference, why_not=later)]


def _best_by_vllm(cards: Sequence[Device], profile: Profile, catalog: Catalog) -> Candidate | None:
    """The best model that these cards hold, on as few of them as it takes."""
    models = by_quality(profile, catalog)
    for model in models:
        for weights in model.weight_sets:
            for context, fit in vllm_fits(model, weights, cards):
                quant = as_quant(model, weights)
                return Candidate(
                    model=model,
                    quant=quant,
                    context=context,
                    fit=fit,
                    speed=parallel_speed(model, quant, fit, catalog, profile),
                )
    return None


def _suits_vllm(device: Device, catalog: Catalog, image: EngineImage | None) -> bool:
    """A data-centre card whose driver and generation the image can use."""
    if device.gpu is None or image is None or device.accelerator is not Accelerator.CUDA13:
        return False
    card: CardFacts | None = card_of(catalog, device.gpu)
    capability = capability_of(device)
    return (
        card is not None
        and card.kind == "datacentre"
        and capability is not None
        and capability >= (image.least_capability or 0.0)
    )
