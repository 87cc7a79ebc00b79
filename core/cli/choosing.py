"""What `up` sets up when it is told little: a pure choice from the advice and the wishes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath

from core.advice.candidates import DISK_SHARE, offered_quants
from core.advice.recommend import recommend, starter
from core.domain import (
    Catalog,
    Choices,
    EngineKind,
    Model,
    Note,
    Offers,
    Profile,
    Quant,
    Recommendation,
)
from core.errors import AppError


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What was asked for on the command line; None leaves it to the advice."""

    model: str | None = None
    quant: str | None = None
    file: str | None = None
    engine: EngineKind | None = None
    context: int | None = None
    starter: bool = False
    model_folder: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """`pending` says why the recommended model is not the one set up now."""

    recommendation: Recommendation
    choices: Choices
    pending: Note | None = None
    recommended: Recommendation | None = None


def choose(
    profile: Profile, catalog: Catalog, offers: Offers, wishes: Wishes, here: frozenset[str]
) -> Chosen:
    """The recommendation to carry out. `here` holds the names of model files that are complete.

    The first plan that this computer can carry out wins. While nothing can be downloaded and its
    file is not here yet, the starter model stands in, and `pending` says so.

    Raises: AppError("model_unknown", "quant_not_offered", "model_too_large", "disk_full").
    """
    choices = Choices(context=wishes.context, local_file=wishes.file, engine=wishes.engine)
    if wishes.model_folder:
        choices = replace(choices, model_folder=wishes.model_folder)
    if wishes.starter:
        return Chosen(recommendation=_starter(profile, catalog, offers, here), choices=choices)
    if wishes.model or wishes.quant or wishes.file:
        model = _find(catalog, wishes)
        if wishes.file:
            here |= {quant.file for quant in model.quants}
        if model.starter:
            return Chosen(recommendation=_starter(profile, catalog, offers, here), choices=choices)
        way = _way_for(model, profile, catalog, offers, wishes, here)
        return Chosen(recommendation=way, choices=choices)
    options = _ways(profile, catalog, offers)
    if not options:
        return Chosen(
            recommendation=_starter(profile, catalog, offers, here),
            choices=choices,
            pending=Note(code="pending.nothing_fits"),
        )
    best = options[0]
    reachable = profile.online or (best.quant and best.quant.file in here)
    if not reachable:
        return Chosen(
            recommendation=_starter(profile, catalog, offers, here),
            choices=choices,
            pending=Note(code="pending.no_source"),
            recommended=best,
        )
    return Chosen(recommendation=best, choices=choices)


def _ways(profile: Profile, catalog: Catalog, offers: Offers) -> list[Recommendation]:
    """What of DeepSeek can be set up on this computer, best first."""
    found = recommend(profile, catalog, offers).recommendations
    return [r for r in found if r.can_set_up and r.model and not r.model.starter]


def _way_for(
    model: Model,
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
    wishes: Wishes,
    here: frozenset[str],
) -> Recommendation:
    """How the model that was asked for runs here, or what is in its way: the memory or the disk."""
    if not offered_quants(model):
        name = f"{model.name} {wishes.quant}"
        raise AppError("quant_not_offered", {"model": name}, remedy="name_a_model", field="quant")
    # Who asks for an older model by its name means it.
    only = replace(catalog, models=(replace(model, legacy=False, superseded_by=None),))
    if options := _ways(profile, only, offers):
        return options[0]
    if on_disk := _already_here(model, profile, catalog, offers, here):
        return on_disk
    with_room = _ways(replace(profile, disk_free_bytes=None), only, offers)
    if not with_room:
        raise AppError("model_too_large", {"model": model.name}, remedy="choose_smaller")
    raise _no_room(min(way.quant.size_bytes for way in with_room if way.quant), profile)


def _already_here(
    model: Model, profile: Profile, catalog: Catalog, offers: Offers, here: frozenset[str]
) -> Recommendation | None:
    """The same model by a file of it that needs no download, and so no room on the disk."""
    quants = tuple(quant for quant in model.quants if quant.file in here)
    if not quants:
        return None
    only = replace(model, quants=quants, legacy=False, superseded_by=None)
    ways = _ways(replace(profile, disk_free_bytes=None), replace(catalog, models=(only,)), offers)
    return next(iter(ways), None)


def _starter(
    profile: Profile, catalog: Catalog, offers: Offers, here: frozenset[str]
) -> Recommendation:
    found = starter(profile, catalog, offers)
    if found.can_set_up:
        return found
    with_room = starter(replace(profile, disk_free_bytes=None), catalog, offers)
    if with_room.quant is None or not with_room.can_set_up:
        name = found.model.name if found.model else ""
        raise AppError("model_too_large", {"model": name}, remedy="choose_smaller")
    if with_room.quant.file not in here:
        raise _no_room(with_room.quant.size_bytes, profile)
    return with_room


def _no_room(size_bytes: int, profile: Profile) -> AppError:
    disks = [disk.path for disk in profile.probe.disks if "models" in disk.holds]
    missing = round(size_bytes * DISK_SHARE - (profile.disk_free_bytes or 0))
    return AppError(
        "disk_full",
        {"need_bytes": missing, "path": next(iter(disks), "")},
        remedy="free_disk",
        retryable=True,
    )


def _find(catalog: Catalog, wishes: Wishes) -> Model:
    """The one model that was asked for, with only the quantization that was asked for."""
    name = PurePath(wishes.file).name if wishes.file else None
    for model in catalog.models:
        quants = tuple(q for q in model.quants if _wanted(q, model, wishes, name))
        if quants:
            return replace(model, quants=quants)
    wanted = wishes.model or name or wishes.quant or ""
    raise AppError("model_unknown", {"model": wanted}, remedy="name_a_model", field="model")


def _wanted(quant: Quant, model: Model, wishes: Wishes, file_name: str | None) -> bool:
    if wishes.quant and wishes.quant != quant.name:
        return False
    if wishes.model:
        return wishes.model == model.id
    return quant.file == file_name if file_name else True
