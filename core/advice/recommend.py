"""What to do with this computer and these answers, best first, each with its reasons.

Hard limits come before taste: only what fits in free memory and on the disk is ranked, and data
that must not leave are never offered a way out. The order of the rest is in core/advice/ranking.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.advice.article import claims
from core.advice.candidates import (
    CONTEXTS,
    Candidate,
    best_for_model,
    offered_quants,
    stopgap_quants,
    usable_devices,
)
from core.advice.cards import card_of, find_card
from core.advice.checks import checklist, checks
from core.advice.cost import local_cost, unknown_cost
from core.advice.cost_inputs import check_inputs, default_inputs
from core.advice.currency import cost_in
from core.advice.memory import need, usable_bytes
from core.advice.over_time import break_even, curve
from core.advice.paid import by_quality, paid_ways, parallel_speed
from core.advice.profile import accelerator_for, gpu_free_bytes, unusable_gpus
from core.advice.quality import quality_step, suits
from core.advice.ranking import merit, not_first, strength
from core.advice.reasons import assumptions, good_to_know, nothing_fits, why_this
from core.advice.tree import article_tree
from core.advice.upgrades import models_to_weigh, passed_over, upgrades
from core.advice.vllm import as_quant, capability_of, vllm_fits
from core.domain import (
    Accelerator,
    Advice,
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

MOST_CARDS = 5  # more would not be compared, only skipped
CLEARLY_FASTER = 1.25  # less is within what the estimate may be off
FAST_ENOUGH = 60.0  # tokens/s; nobody reads so fast that more would count
# Nobody takes answers that are this much worse (steps of quality, as 7B and 1.5B are apart) where
# a better model writes at this pace.
MUCH_WEAKER, QUICK = 8, 20.0

# How fast a home line brings the files, in bytes/s (20 and 100 Mbit/s), and minutes around it.
DOWNLOAD_BYTES_PER_S = (2.5e6, 12.5e6)
AROUND_MINUTES = (0.5, 3.0)
STARTER_MINUTES = (0.3, 2.0)


def recommend(
    profile: Profile, catalog: Catalog, offers: Offers, inputs: CostInputs | None = None
) -> Advice:
    """The ranked ways, at most five, with everything that is shown beside them.

    The first one that `can_set_up` is the one to take. Where nothing of DeepSeek fits, the starter
    model stands first and says what it is, followed by the plain statement of what was missing.
    `inputs` is what the person changed of what the costs rest on.

    Raises: AppError("cost_inputs_invalid").
    """
    inputs = inputs or default_inputs(profile.answers, offers)
    check_inputs(inputs)
    ranked = _ranked(profile, catalog, usable_devices(profile, catalog))
    ways = [_local(candidate, profile, catalog, offers, inputs) for candidate in ranked]
    ways = [way for way, candidate in zip(ways, ranked, strict=True) if not candidate.hopeless] or (
        ways[:1]
    )
    here = min(ways, key=lambda way: merit(way, profile, catalog, offers).key, default=None)
    if here is None or not here.can_set_up:
        ways = [*_when_nothing_fits(profile, catalog, offers, inputs), *ways]
    blocked = _behind_an_obstacle(profile, catalog, offers, inputs, ranked)
    ways += blocked
    ways += _by_vllm(profile, catalog, offers, inputs, ranked)
    ways += paid_ways(profile, catalog, offers, inputs, here)
    shown = _shown(ways, profile, catalog, offers)
    tree = article_tree(profile.answers, offers)
    best = next(iter(ranked), None)
    costs = {way.kind: way.cost for way in reversed(shown) if way.cost.lines or not way.why_not}
    own = costs.get(Kind.LOCAL)
    return Advice(
        tree=tree,
        recommendations=shown,
        assumptions=assumptions(profile, catalog, offers, inputs, ranked),
        inputs=inputs,
        curves=tuple(
            # One picture has one currency, so far as there are rates.
            curve(kind.value, cost_in(cost, profile.answers.budget.currency, offers) or cost)
            for kind, cost in costs.items()
        ),
        break_even=tuple(
            break_even(own, kind.value, cost, inputs, offers)
            for kind, cost in costs.items()
            if own is not None and kind in (Kind.TOKENS, Kind.CLOUD)
        ),
        passed_over=passed_over(profile, catalog, shown, ranked),
        # Whoever has a better card in the computer already need not buy one.
        upgrades=() if blocked else upgrades(profile, catalog, best),
        claims=claims(profile, catalog, offers, inputs, shown[0] if shown else None),
        checks=checks(shown[0], profile) if shown else (),
        checklist=checklist(profile.answers),
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
        found = _local(candidate, profile, catalog, offers, inputs)
        return replace(found, first_answer_minutes=STARTER_MINUTES)
    note = nothing_fits(model, offered_quants(model)[0], devices[-1], profile)
    return replace(_nothing(profile, note), model=model, quant=offered_quants(model)[0])


def _shown(
    ways: Sequence[Recommendation], profile: Profile, catalog: Catalog, offers: Offers
) -> tuple[Recommendation, ...]:
    """Five at most, best first: the first, one of each kind, then what would be better if an
    obstacle were gone, then others that are better in something."""
    order = sorted(ways, key=lambda way: merit(way, profile, catalog, offers).key)
    if not order:
        return ()
    own = strength(order[0], catalog, profile)

    def place(way: Recommendation) -> int:
        if way is order[0] or way is _plain_word(order):
            return 0
        if way is next(other for other in order if other.kind is way.kind):
            return 1
        return 2 if way.why_not and strength(way, catalog, profile) > own else 3

    order = _without_lookalikes(order, profile, catalog)
    kept = sorted(order, key=place)[:MOST_CARDS]
    kept = [way for way in order if any(way is one for one in kept)]
    kept.sort(key=lambda way: 0 if way is order[0] else 1 if way is _plain_word(order) else 2)
    found = []
    for number, way in enumerate(kept, start=1):
        behind = not_first(way, kept[0], profile, catalog, offers) if number > 1 else ()
        found.append(replace(way, rank=number, not_first=behind))
    return _with_stronger(tuple(found), profile, catalog)


def _without_lookalikes(
    order: Sequence[Recommendation], profile: Profile, catalog: Catalog
) -> list[Recommendation]:
    """Leaves out local ways that are neither better nor clearly faster than one before them, or
    faster than anybody needs and much weaker."""

    def beaten(way: Recommendation, by: Recommendation) -> bool:
        ahead = strength(by, catalog, profile) - strength(way, catalog, profile)
        as_fast = _pace(by) * CLEARLY_FASTER >= _pace(way)
        return (ahead >= 0 and as_fast) or (ahead >= MUCH_WEAKER and _pace(by) >= QUICK)

    kept: list[Recommendation] = []
    for way in order:
        if not any(beaten(way, one) for one in kept if _can_be_compared(one, way)):
            kept.append(way)
    return kept


def _can_be_compared(one: Recommendation, other: Recommendation) -> bool:
    local = one.kind is other.kind is Kind.LOCAL
    return local and one.model is not None and other.model is not None and one.can_set_up


def _pace(way: Recommendation) -> float:
    return min(way.speed.tokens_per_s[0], FAST_ENOUGH) if way.speed else 0.0


def _plain_word(ways: Sequence[Recommendation]) -> Recommendation | None:
    """The line that says that nothing fits here, and why."""
    return next((way for way in ways if way.kind is Kind.LOCAL and way.model is None), None)


def _with_stronger(
    shown: tuple[Recommendation, ...], profile: Profile, catalog: Catalog
) -> tuple[Recommendation, ...]:
    """The first card says so where another way answers clearly better."""
    if not shown:
        return shown
    first, own = shown[0], strength(shown[0], catalog, profile)
    better = [way for way in shown[1:] if strength(way, catalog, profile) > own]
    paid = [way for way in better if way.kind in (Kind.TOKENS, Kind.CLOUD)]
    if not paid:
        return shown
    note = Note(code=f"limit.stronger.{paid[0].kind}")
    return (replace(first, reasons=(*first.reasons, note)), *shown[1:])


# --- on this computer -------------------------------------------------------------------------


def _ranked(profile: Profile, catalog: Catalog, devices: Sequence[Device]) -> tuple[Candidate, ...]:
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
) -> tuple[bool, bool, float, bool, int, str]:
    """What can be fetched first, then a pleasant speed, the better answers, the smaller model.

    Where nothing is pleasant, the better model would only be the slower one: the time that a person
    waits decides.
    """
    step = float(quality_step(candidate.model, catalog, profile.answers.purpose))
    worth = step if candidate.comfortable_speed else -candidate.waiting_s
    return (
        candidate.quant.parts > 1,
        not candidate.comfortable_speed,
        -worth,
        not suits(candidate.model, profile.answers.purpose),
        candidate.model.params_total,
        candidate.model.id,
    )


def _starter_devices(profile: Profile) -> tuple[Device, ...]:
    """The processor, where least can go wrong; on Apple chips Metal is as safe and quicker."""
    metal = [device for device in profile.devices if device.accelerator is Accelerator.METAL]
    return (*metal, profile.devices[-1])


def _local(
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
    """By the first card's power; a processor is known by its name or not at all."""
    cards = [device for device in devices if device.gpu is not None]
    return local_cost(
        profile.answers, inputs, offers, _facts(devices[0], profile, catalog), len(cards) or 1
    )


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


def _when_nothing_fits(
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
        model=None,
        quant=None,
        engine=None,
        accelerator=None,
        device_name="",
        image=None,
        provider="local",
        context=0,
        fit=None,
        speed=None,
        cost=unknown_cost(profile.answers),
        first_answer_minutes=None,
        privacy="stays_here",
        reasons=(),
        why_not=(note,),
    )


# --- better, but not yet ----------------------------------------------------------------------


def _behind_an_obstacle(
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
        best = _ranked(profile, catalog, (device,))[:1]
        if best and (not now or _rank_key(best[0], profile, catalog) < now[0]):
            note = Note(code=f"why_not.card.{why}", params=(("card", gpu.name),))
            line = _local(best[0], profile, catalog, offers, inputs)
            image = _image(device.accelerator, catalog)
            return [replace(line, engine=EngineKind.LLAMA_CPP, image=image, why_not=(note,))]
    return []


def _by_vllm(
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
    line = _local(best, profile, catalog, offers, inputs)
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
