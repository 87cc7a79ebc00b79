"""What `up` sets up when it is told little: a pure choice from the advice and the wishes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePath

from core.advice.recommend import recommend, starter
from core.domain import Catalog, Choices, EngineKind, Model, Note, Profile, Quant, Recommendation
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


def choose(profile: Profile, catalog: Catalog, wishes: Wishes, here: frozenset[str]) -> Chosen:
    """The recommendation to carry out. `here` holds the names of model files that are complete.

    The first plan that this computer can carry out wins. While nothing can be downloaded and its
    file is not here yet, the starter model stands in, and `pending` says so.

    Raises: AppError("model_unknown", "cannot_set_up").
    """
    choices = Choices(context=wishes.context, local_file=wishes.file, engine=wishes.engine)
    if wishes.model_folder:
        choices = replace(choices, model_folder=wishes.model_folder)
    if wishes.starter:
        return Chosen(recommendation=starter(profile, catalog), choices=choices)
    asked_for = bool(wishes.model or wishes.quant or wishes.file)
    if asked_for:
        model = _find(catalog, wishes)
        if model.starter:
            return Chosen(recommendation=starter(profile, catalog), choices=choices)
        catalog = replace(catalog, models=(model,))
    options = [r for r in recommend(profile, catalog).recommendations if r.can_set_up]
    if not options:
        if asked_for:
            raise AppError(
                "model_too_large", {"model": _find(catalog, wishes).name}, "choose_smaller"
            )
        return Chosen(
            recommendation=starter(profile, catalog),
            choices=choices,
            pending=Note(code="pending.nothing_fits"),
        )
    best = options[0]
    reachable = profile.online or wishes.file or (best.quant and best.quant.file in here)
    if not reachable and not asked_for:
        return Chosen(
            recommendation=starter(profile, catalog),
            choices=choices,
            pending=Note(code="pending.no_source"),
            recommended=best,
        )
    return Chosen(recommendation=best, choices=choices)


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
