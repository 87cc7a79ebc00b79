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
    Kind,
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
    file_bytes: int | None = None  # how long that file is; None where it is not there
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

    Raises: AppError("model_unknown", "cannot_set_up", "model_too_large", "disk_full").
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
    # A file in parts cannot be fetched, however well it would run.
    whole = tuple(quant for quant in model.quants if quant.parts == 1)
    model = replace(model, quants=whole or model.quants)
    # Who asks for an older model by its name means it.
    only = replace(catalog, models=(replace(model, legacy=False, superseded_by=None),))
    if options := _ways(profile, only, offers):
        return options[0]
    if on_disk := _already_here(model, profile, catalog, offers, here):
        return on_disk
    with_room = _ways(replace(profile, disk_free_bytes=None), only, offers)
    if with_room:
        raise _no_room(min(way.quant.size_bytes for way in with_room if way.quant), profile)
    if _held_up(profile, only, offers):
        raise AppError("cannot_set_up", remedy="choose_other_plan", field="model")
    raise AppError("model_too_large", {"model": model.name}, remedy="choose_smaller")


def _held_up(profile: Profile, only: Catalog, offers: Offers) -> bool:
    """Whether it is not the memory that this model lacks here, but something of this version: it
    cannot read it or fetch it, or not use the card that would hold it."""
    (model,) = only.models
    found = recommend(replace(profile, disk_free_bytes=None), only, offers).recommendations
    ways = [way for way in found if way.kind is Kind.LOCAL and way.model == model]
    return bool(ways) or not offered_quants(model)


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
        if wishes.file:
            quants = _of_file(quants, name, wishes.file_bytes)
        if quants:
            return replace(model, quants=quants)
        if model.id == wishes.model and not model.quants:
            return model
    wanted = wishes.model or name or wishes.quant or ""
    raise AppError("model_unknown", {"model": wanted}, remedy="name_a_model", field="model")


def _wanted(quant: Quant, model: Model, wishes: Wishes, file_name: str | None) -> bool:
    if wishes.quant and wishes.quant != quant.name:
        return False
    if wishes.model:
        return wishes.model == model.id
    return quant.file == file_name if file_name else True


def _of_file(quants: tuple[Quant, ...], name: str | None, size: int | None) -> tuple[Quant, ...]:
    """The one of these that the person's own file is, by its name or else by its length. Where it
    is longer than the list says, the memory is reckoned by the file."""
    named = [quant for quant in quants if quant.file == name] or quants
    if size is None or not named:
        return tuple(named)
    nearest = min(named, key=lambda quant: abs(quant.size_bytes - size))
    return (replace(nearest, size_bytes=max(nearest.size_bytes, size)),)
