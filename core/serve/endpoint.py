"""The model that is set up: whether it runs, and starting, stopping and removing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain import Endpoint, EndpointState, Receipt, Status
from core.edges import files
from core.errors import AppError
from core.progress import CancelToken, Progress, Reporter
from core.setup import journal as journals
from core.setup import waiting
from core.setup.deploy import undo
from core.setup.leftovers import Providers, provider_of
from core.setup.receipts import older_models, together
from core.setup.verify import sha256_of

if TYPE_CHECKING:
    from core.setup.journal import Deployment, Journal

MODEL_STAMP = "model.stamp"  # in the run folder: what the model's file looked like last time


# --- states -----------------------------------------------------------------------------------


class Act(StrEnum):
    """What a person can do with the model."""

    START = "start"
    STOP = "stop"
    REMOVE = "remove"
    CHAT = "chat"


_S = EndpointState
_UP = frozenset({_S.STARTING, _S.LOADING, _S.RUNNING})

# What each act makes of each state. An act that is missing has nothing to do in that state.
TRANSITIONS: Mapping[tuple[EndpointState, Act], EndpointState] = {
    (_S.STOPPED, Act.START): _S.STARTING,
    (_S.FAILED, Act.START): _S.STARTING,
    (_S.UNKNOWN, Act.START): _S.STARTING,
    (_S.STARTING, Act.STOP): _S.STOPPED,
    (_S.LOADING, Act.STOP): _S.STOPPED,
    (_S.RUNNING, Act.STOP): _S.STOPPED,
    (_S.FAILED, Act.STOP): _S.STOPPED,
    (_S.UNKNOWN, Act.STOP): _S.STOPPED,
    (_S.STOPPED, Act.REMOVE): _S.GONE,
    (_S.STARTING, Act.REMOVE): _S.GONE,
    (_S.LOADING, Act.REMOVE): _S.GONE,
    (_S.RUNNING, Act.REMOVE): _S.GONE,
    (_S.FAILED, Act.REMOVE): _S.GONE,
    (_S.GONE, Act.REMOVE): _S.GONE,  # what is left of it: the journal's line, files
    (_S.UNKNOWN, Act.REMOVE): _S.GONE,
    (_S.RUNNING, Act.CHAT): _S.RUNNING,
}


def acts(state: EndpointState) -> frozenset[Act]:
    """What can be done in a state; a window offers these and no other."""
    return frozenset(act for from_state, act in TRANSITIONS if from_state is state)


# --- what is set up ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Current:
    """What is set up and how it is. `endpoint.url` is empty while nothing answers there.

    Without a deployment nothing is set up. A deployment without an endpoint is half set up.
    """

    endpoint: Endpoint | None
    status: Status
    deployment: Deployment | None


def current(journal: Journal, providers: Providers) -> Current:
    """Looks once; takes two seconds at most. Raises: AppError when the journal fails."""
    deployment = _in_use(journal)
    if deployment is None:
        return Current(endpoint=None, status=Status(state=_S.GONE), deployment=None)
    status = _look(deployment, providers)
    endpoint = _endpoint(deployment, status) if _whole(deployment) else None
    return Current(endpoint=endpoint, status=status, deployment=deployment)


def stop(journal: Journal, providers: Providers) -> None:
    """Stops what runs and keeps it. Nothing there, or stopped already, is success.

    Raises: AppError.
    """
    deployment = _in_use(journal)
    if deployment is None or deployment.handle is None:
        return
    journal.intend(deployment.id, "stop")
    provider_of(deployment.plan, providers).stop(deployment.handle)
    journal.observe(deployment.id, "stop")
    if deployment.state != journals.SETTING_UP:
        journal.mark(deployment.id, journals.STOPPED)


def start(journal: Journal, providers: Providers, report: Reporter, token: CancelToken) -> Endpoint:
    """Starts what is set up, and returns when it answers. Running already is success.

    A cancel leaves it starting: nothing is lost, and a later look finds it running.
    Raises: AppError, Cancelled.
    """
    deployment = _in_use(journal)
    if deployment is None or deployment.handle is None:
        raise AppError("nothing_set_up", remedy="set_up_first")
    token.check()
    if _look(deployment, providers).state not in _UP:
        _check_model(deployment, journal, report, token)
    journal.intend(deployment.id, "start")
    provider_of(deployment.plan, providers).resume(deployment.handle)
    status = waiting.until_running(
        lambda: _look(deployment, providers), deployment.plan, report, token
    )
    report(Progress(step=waiting.STEP, finished=True))
    journal.observe(deployment.id, "start", {"url": status.url})
    if deployment.state == journals.STOPPED:
        journal.mark(deployment.id, journals.READY)
    return _endpoint(deployment, status)


def remove(journal: Journal, providers: Providers, *, models: bool) -> Receipt:
    """Takes away everything that was set up; the models' files too where `models` says so, those
    of earlier set-ups among them.

    Nothing set up is an empty receipt. Raises: AppError; then it can be run again.
    """
    receipts = [
        undo(deployment.id, providers, journal, model=models)
        for deployment in reversed(journal.open())
    ]
    if receipts or models:
        receipts.append(older_models(journal, remove=models))
    return together(receipts)


def _in_use(journal: Journal) -> Deployment | None:
    """The newest that was set up whole: while another one is still being fetched, the one before
    it answers (the starter model, say). Else the one that is half set up."""
    opened = journal.open()
    whole = [deployment for deployment in opened if _whole(deployment)]
    return (whole or opened or (None,))[-1]


def _whole(deployment: Deployment) -> bool:
    return deployment.handle is not None and deployment.state != journals.SETTING_UP


def _look(deployment: Deployment, providers: Providers) -> Status:
    if deployment.handle is None:
        return Status(state=_S.STOPPED)
    return provider_of(deployment.plan, providers).poll(deployment.handle)


def _check_model(
    deployment: Deployment, journal: Journal, report: Reporter, token: CancelToken
) -> None:
    """The file is still what was checked when it was fetched. Read whole only if it was touched."""
    known = journal.observed(deployment.id, "fetch_model") or {}
    path, sha256 = known.get("path"), known.get("sha256")
    if not isinstance(path, str) or not sha256:
        return  # set up by a version that wrote other things; the engine looks at it anyway
    with files.disk_errors(Path(path), reading=True):
        is_there = Path(path).is_file()
    if not is_there:
        raise AppError("model_file_missing", remedy="set_up_again", detail=path)
    stamp = Path(deployment.run_folder, MODEL_STAMP)
    if sha256_of(Path(path), stamp, report, token, step=waiting.STEP) != sha256:
        raise AppError("model_file_changed", remedy="set_up_again", detail=path)


def _endpoint(deployment: Deployment, status: Status) -> Endpoint:
    assert deployment.handle is not None  # noqa: S101 - whoever calls has looked
    plan = deployment.plan
    return Endpoint(
        handle=deployment.handle,
        url=status.url or "",
        key_path=deployment.key_path,
        model=plan.model,
        quant_name=plan.quant.name,
        engine=plan.engine,
        context=plan.context,
        proof=deployment.proof,
    )
