"""What to do with this computer and these answers, best first, each with its reasons.

Hard limits come before taste: only what fits in free memory and on the disk is ranked, and data
that must not leave are never offered a way out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from core.advice.candidates import (
    Candidate,
    best_for_model,
    offered_quants,
    quality,
    usable_devices,
)
from core.advice.cards import card_of
from core.advice.cost import electricity, unknown_cost
from core.advice.memory import need, usable_bytes
from core.advice.profile import accelerator_for, gpu_free_bytes, unusable_gpus
from core.advice.reasons import (
    assumptions,
    compared_with_first,
    good_to_know,
    nothing_fits,
    why_this,
)
from core.advice.tree import article_tree
from core.domain import (
    Accelerator,
    Advice,
    Catalog,
    Cost,
    Device,
    EngineKind,
    Kind,
    Model,
    Note,
    Profile,
    Recommendation,
    Sensitivity,
    Tree,
)
from core.errors import AppError

# Two models whose scores are closer than this count as equal, and the smaller one wins: the 70 B
# scores a quarter point above the 32 B at twice the size.
POINTS_THAT_COUNT = 2.0

# How fast a home line brings the files, in bytes/s (20 and 100 Mbit/s), and minutes around it.
DOWNLOAD_BYTES_PER_S = (2.5e6, 12.5e6)
AROUND_MINUTES = (0.5, 3.0)
STARTER_MINUTES = (0.3, 2.0)

PRIVACY = {Kind.HYBRID: "mixed", Kind.TOKENS: "third_party", Kind.CLOUD: "own_account"}


def recommend(profile: Profile, catalog: Catalog) -> Advice:
    """The ranked ways. The first one that `can_set_up` is the one to take.

    Where nothing of DeepSeek fits, the starter model stands first and says what it is, followed
    by the plain statement that nothing fits and how much was missing.
    """
    tree = article_tree(profile.answers)
    candidates = _ranked(profile, catalog, usable_devices(profile, catalog))
    local = [_local(candidate, profile, catalog) for candidate in candidates]
    for place, found in enumerate(local[1:], start=1):
        notes = compared_with_first(candidates[place], candidates[0], profile, catalog)
        local[place] = replace(found, reasons=found.reasons + notes)
    if not local:
        local = _when_nothing_fits(profile, catalog)
    blocked = _behind_an_obstacle(profile, catalog, candidates)
    others = [_not_yet(kind, profile) for kind in _other_kinds(profile, tree)]
    ranked = [*local, *blocked, *others]
    return Advice(
        tree=tree,
        recommendations=tuple(replace(r, rank=n) for n, r in enumerate(ranked, start=1)),
        assumptions=assumptions(profile, catalog, candidates),
    )


def starter(profile: Profile, catalog: Catalog) -> Recommendation:
    """The small model that gives a first answer within minutes, on the processor.

    It is not a DeepSeek model, and says so. When even this does not fit, `why_not` says that.
    Raises: AppError("catalog_invalid") when the catalogue has no such model.
    """
    model = next((model for model in catalog.models if model.starter), None)
    if model is None:
        raise AppError("catalog_invalid", {"file": "models.toml"}, detail="no starter model")
    devices = _starter_devices(profile)
    candidate = best_for_model(model, profile, catalog, devices)
    if candidate is not None:
        found = _local(candidate, profile, catalog)
        return replace(found, first_answer_minutes=STARTER_MINUTES)
    note = nothing_fits(model, offered_quants(model)[0], devices[-1], profile)
    return replace(_nothing(profile, note), model=model, quant=offered_quants(model)[0])


def _ranked(profile: Profile, catalog: Catalog, devices: Sequence[Device]) -> tuple[Candidate, ...]:
    """One way for each model that fits, best first. Equal ones keep the order of their names."""
    ways = (best_for_model(model, profile, catalog, devices) for model in _models(catalog))
    found = sorted(
        (way for way in ways if way is not None),
        key=lambda way: _rank_key(way, profile, catalog),
    )
    # What could only ever crawl is no alternative to something better.
    return tuple(found[:1] + [way for way in found[1:] if not way.hopeless])


def _rank_key(
    candidate: Candidate, profile: Profile, catalog: Catalog
) -> tuple[bool, float, int, str]:
    """Pleasant speed first, then the better answers, then the smaller model.

    Where nothing is pleasant, the better model would only be the slower one: speed decides.
    """
    points = quality(candidate.model, catalog, profile.answers.purpose)
    step = float(round(points / POINTS_THAT_COUNT))
    worth = step if candidate.comfortable_speed else candidate.speed.tokens_per_s[0]
    return (
        not candidate.comfortable_speed,
        -worth,
        candidate.model.params_total,
        candidate.model.id,
    )


def _models(catalog: Catalog) -> list[Model]:
    return [model for model in catalog.models if not model.starter and not model.legacy]


def _starter_devices(profile: Profile) -> tuple[Device, ...]:
    """The processor, where least can go wrong; on Apple chips Metal is as safe and quicker."""
    metal = [device for device in profile.devices if device.accelerator is Accelerator.METAL]
    return (*metal, profile.devices[-1])


def _local(candidate: Candidate, profile: Profile, catalog: Catalog) -> Recommendation:
    accelerator = candidate.device.accelerator
    # Containers get no graphics card on macOS, and the built-in engine has Metal there.
    container = profile.containers and profile.probe.os != "macos"
    return Recommendation(
        rank=1,
        kind=Kind.LOCAL,
        model=candidate.model,
        quant=candidate.quant,
        engine=EngineKind.LLAMA_CPP if container else EngineKind.BUILTIN,
        accelerator=accelerator,
        device_name=candidate.device.name,
        image=_image(accelerator, catalog) if container else None,
        provider="local",
        context=candidate.context,
        fit=candidate.fit,
        speed=candidate.speed,
        cost=_cost(candidate, profile, catalog),
        first_answer_minutes=_minutes(candidate.quant.size_bytes),
        privacy="stays_here",
        reasons=(*why_this(candidate, profile), *good_to_know(candidate, profile, catalog)),
        why_not=(),
    )


def _image(accelerator: Accelerator, catalog: Catalog) -> str | None:
    return next((i.reference for i in catalog.images if i.accelerator is accelerator), None)


def _cost(candidate: Candidate, profile: Profile, catalog: Catalog) -> Cost:
    gpu = candidate.device.gpu
    card = card_of(catalog, gpu) if gpu is not None else None
    return electricity(profile.answers, card)


def _minutes(size_bytes: int) -> tuple[float, float]:
    slow, fast = DOWNLOAD_BYTES_PER_S
    before, after = AROUND_MINUTES
    return (
        round(size_bytes / fast / 60 + before, 1),
        round(size_bytes / slow / 60 + after, 1),
    )


def _when_nothing_fits(profile: Profile, catalog: Catalog) -> list[Recommendation]:
    """The starter to try things with, then the plain word. A catalogue may hold one model only."""
    found = []
    if any(model.starter for model in catalog.models):
        small = starter(profile, catalog)
        if small.can_set_up:
            found.append(small)
    smallest = min(
        (
            (what.total_bytes, model.id, model, quant)
            for model in _models(catalog)
            for quant in offered_quants(model)
            if (what := need(model, quant, 4096, Accelerator.CPU, repack=False)) is not None
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


def _behind_an_obstacle(
    profile: Profile, catalog: Catalog, candidates: Sequence[Candidate]
) -> list[Recommendation]:
    """The best thing a card could do that cannot be used yet, with what stands in the way.

    Shown only when it is better than what can be done now.
    """
    now = [_rank_key(candidate, profile, catalog) for candidate in candidates[:1]]
    for gpu, why in unusable_gpus(profile.probe):
        device = Device(
            name=gpu.name,
            accelerator=accelerator_for(profile.probe, gpu),
            free_bytes=gpu_free_bytes(profile.probe, gpu),
            gpu=gpu,
        )
        if why == "unknown_card" or card_of(catalog, gpu) is None:
            continue
        best = _ranked(profile, catalog, (device,))[:1]
        if best and (not now or _rank_key(best[0], profile, catalog) < now[0]):
            note = Note(code=f"why_not.card.{why}", params=(("card", gpu.name),))
            line = _local(best[0], profile, catalog)
            image = _image(device.accelerator, catalog)
            return [replace(line, engine=EngineKind.LLAMA_CPP, image=image, why_not=(note,))]
    return []


def _other_kinds(profile: Profile, tree: Tree) -> tuple[Kind, ...]:
    """What the answers allow beside this computer. All of it costs money."""
    answers = profile.answers
    if answers.sensitivity is Sensitivity.REGULATED or answers.budget.amount <= 0:
        return ()
    if answers.sensitivity is Sensitivity.PRIVATE:
        return (Kind.HYBRID,)
    if tree.verdict == "cloud":
        return (Kind.TOKENS, Kind.CLOUD, Kind.HYBRID)
    return (Kind.HYBRID, Kind.TOKENS, Kind.CLOUD)


def _not_yet(kind: Kind, profile: Profile) -> Recommendation:
    note = Note(code="why_not.not_in_this_version")
    return replace(
        _nothing(profile, note),
        kind=kind,
        provider="",
        privacy=PRIVACY[kind],
        reasons=(Note(code=f"reason.{kind}"),),
    )
