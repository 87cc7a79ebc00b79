"""Carries out a plan, step by step, so that it can be killed anywhere and run again.

Each step is looked up in `_ACTS` by its id and says three things: is it done already, do it, undo
it. What the outside world is asked to make is written down before (intent) and after (observed).
Running a finished plan again looks at what is there and does nothing. Two plans may be under way
at once (see core/setup/locks.py); the one that comes to its end last stays.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from core.domain import Endpoint, EndpointState, Note, Plan, Receipt
from core.edges.places import Places
from core.errors import AppError
from core.progress import CancelToken, Progress, Reporter
from core.providers.base import Provider
from core.setup import acts, locks, sources
from core.setup import journal as journals
from core.setup.acts import Run
from core.setup.journal import Deployment, Journal
from core.setup.leftovers import Providers, handles, provider_of, remove_folder
from core.setup.receipts import model_away


def deploy(
    plan: Plan,
    providers: Providers,
    journal: Journal,
    places: Places,
    report: Reporter,
    token: CancelToken,
) -> Endpoint:
    """The plan's model, running and having answered. May be run again after anything.

    An older deployment goes on running until the new one is about to be made; its model file
    stays. Raises: AppError (busy_elsewhere while another window sets up the same plan, or does not
    come to the end of its own), Cancelled; what was done until then is taken up by the next run.
    """
    with contextlib.ExitStack() as held:
        held.enter_context(locks.carrying(journal, plan))
        begun = journal.open()
        before = frozenset(one.id for one in begun if one.state != journals.SETTING_UP)
        deployment = journal.begin(plan)
        run = Run(
            deployment=deployment,
            plan=plan,
            provider=provider_of(plan, providers),
            providers=providers,
            journal=journal,
            places=places,
            report=report,
            token=token,
            whole_before=before,
            handle=deployment.handle,
            proof=deployment.proof,
        )
        for step in plan.steps:
            token.check()
            act = _ACTS[step.id]
            report(Progress(step=step.id))
            if step.id == "create":  # from here to the end nobody else changes anything
                held.enter_context(locks.changing(journal, token, wait_s=locks.FINISH_S))
                acts.be_the_only_one(run)
            if not act.done(run):
                act.do(run)
            report(Progress(step=step.id, finished=True))
        journal.mark(run.id, journals.READY)
        return _endpoint(run)


def undo(
    deployment_id: str, providers: Providers, journal: Journal, *, model: bool = False
) -> Receipt:
    """Takes away what the deployment made, in the reverse order; the model's file only if `model`.

    Repeatable: what is gone already is no error. Raises: AppError; then it can be run again.
    """
    deployment = journal.find(deployment_id)
    if deployment is None:
        return Receipt()
    with locks.carrying(journal, deployment.plan), locks.changing(journal, CancelToken()):
        deployment = journal.find(deployment_id) or deployment  # as it is now that it is held
        taking = _Undo(
            deployment=deployment,
            provider=provider_of(deployment.plan, providers),
            journal=journal,
            model=model,
        )
        for step in reversed(deployment.plan.steps):
            _ACTS[step.id].undo(taking)
        journal.close(deployment_id, "undone")
        return Receipt(
            removed=tuple(taking.removed), kept=tuple(taking.kept), freed_bytes=taking.freed_bytes
        )


# --- undo -------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class _Undo:
    deployment: Deployment
    provider: Provider
    journal: Journal
    model: bool
    removed: list[Note] = field(default_factory=list)
    kept: list[Note] = field(default_factory=list)
    freed_bytes: int = 0


def _nothing(_undo: _Undo) -> None:
    """A step that left nothing behind."""


def _undo_create(taking: _Undo) -> None:
    deployment = taking.deployment
    taking.journal.intend(deployment.id, "delete")
    try:
        for handle in handles(deployment, taking.provider, taking.journal):
            was_there = taking.provider.poll(handle).state is not EndpointState.GONE
            taking.provider.stop(handle)
            taking.provider.delete(handle)
            if was_there:
                taking.removed.append(Note(code="receipt.engine_removed"))
    except AppError as error:
        if error.code != "docker_not_installed":
            raise
        # It was taken off this computer meanwhile: waiting for it would be waiting for ever.
        taking.kept.append(Note(code="receipt.container_left"))
    taking.journal.set_handle(deployment.id, None)
    taking.journal.observe(deployment.id, "delete")
    remove_folder(Path(deployment.run_folder))


def _undo_model(taking: _Undo) -> None:
    plan = taking.deployment.plan
    shared = any(
        other.id != taking.deployment.id and sources.target(other.plan) == sources.target(plan)
        for other in taking.journal.open()
    )
    receipt = model_away(plan, remove=taking.model and not shared)
    taking.removed += receipt.removed
    taking.kept += receipt.kept
    taking.freed_bytes += receipt.freed_bytes


def _undo_engine(taking: _Undo) -> None:
    known = taking.journal.observed(taking.deployment.id, "fetch_engine")
    if known and (image := known.get("image")):
        taking.kept.append(Note(code="receipt.image_kept", params=(("image", str(image)),)))


# --- both -------------------------------------------------------------------------------------


def _endpoint(run: Run) -> Endpoint:
    assert run.handle is not None  # noqa: S101 - `create` is a step of every plan
    return Endpoint(
        handle=run.handle,
        url=run.status.url or "",
        key_path=run.deployment.key_path,
        model=run.plan.model,
        quant_name=run.plan.quant.name,
        engine=run.plan.engine,
        context=run.plan.context,
        proof=run.proof,
    )


def _never(_run: Run) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Act:
    done: Callable[[Run], bool]
    do: Callable[[Run], None]
    undo: Callable[[_Undo], None]


_ACTS: Mapping[str, _Act] = {
    "check_engine": _Act(done=_never, do=acts.check_engine, undo=_nothing),
    "fetch_engine": _Act(done=acts.engine_is_here, do=acts.fetch_engine, undo=_undo_engine),
    "fetch_model": _Act(done=acts.model_is_here, do=acts.fetch_model, undo=_undo_model),
    "create": _Act(done=acts.is_created, do=acts.create, undo=_undo_create),
    "load": _Act(done=acts.is_loaded, do=acts.load, undo=_nothing),
    "rehearse": _Act(done=acts.is_rehearsed, do=acts.rehearse, undo=_nothing),
}
