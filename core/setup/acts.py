"""The steps of a plan: for each, whether it is done already, and doing it."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from pathlib import Path

from core.domain import (
    Accelerator,
    ChatDelta,
    EndpointState,
    Handle,
    Launch,
    Message,
    Plan,
    Proof,
    Status,
)
from core.edges import clock, engine_api, files, keys
from core.edges.engine_request import completion_body
from core.edges.places import Places
from core.errors import AppError
from core.progress import CancelToken, Reporter
from core.providers.base import Provider
from core.setup import locks, waiting, weights
from core.setup.journal import READY, SETTING_UP, Deployment, Journal
from core.setup.leftovers import Providers, retire, sweep

TEMPLATES = Path(__file__).resolve().parent.parent.parent / "assets" / "templates"
QUESTION = "What is the capital of France? Answer in one short sentence."
_REHEARSAL_TOKENS = 48  # enough to measure; a model that thinks is not waited for
_ALIVE = {EndpointState.STARTING, EndpointState.LOADING, EndpointState.RUNNING}


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of one deployment: what the steps share. Nothing in it outlives the run."""

    deployment: Deployment
    plan: Plan  # with the pinned image once that is known
    provider: Provider
    providers: Providers
    journal: Journal
    places: Places
    report: Reporter
    token: CancelToken
    whole_before: frozenset[str] = frozenset()  # deployments that were whole when this run began
    model_path: str = ""
    handle: Handle | None = None
    status: Status = field(default_factory=lambda: Status(state=EndpointState.UNKNOWN))
    proof: Proof | None = None

    @property
    def id(self) -> str:
        return self.deployment.id

    def alive(self) -> bool:
        return self.handle is not None and self.status.state in _ALIVE


# --- one after the other ----------------------------------------------------------------------


def check_engine(run: Run) -> None:
    """The provider works; what an earlier run left behind is known."""
    run.provider.check()
    with locks.changing(run.journal, run.token):
        sweep(run.plan, run.providers, run.journal)
    if run.handle is not None:
        run.status = run.provider.poll(run.handle)


def engine_is_here(run: Run) -> bool:
    known = run.journal.observed(run.id, "fetch_engine")
    if known is None or not run.alive():
        return False
    run.plan = _with_image(run.plan, known.get("image"))
    return True


def fetch_engine(run: Run) -> None:
    run.journal.intend(run.id, "fetch_engine", {"image": run.plan.image})
    image = run.provider.fetch_engine(run.plan, run.report, run.token)
    run.journal.observe(run.id, "fetch_engine", {"image": image})
    run.plan = _with_image(run.plan, image)


def _with_image(plan: Plan, image: object) -> Plan:
    """The plan with the exact image, where the provider named one."""
    return replace(plan, image=image) if isinstance(image, str) else plan


def model_is_here(run: Run) -> bool:
    known = run.journal.observed(run.id, "fetch_model")
    if known is None or not run.alive():
        return False  # the file is looked at again before each start
    run.model_path = str(known.get("path"))
    return True


def fetch_model(run: Run) -> None:
    run.journal.intend(run.id, "fetch_model", {"file": run.plan.quant.file})
    found = weights.fetch_weights(run.plan, run.places, run.report, run.token)
    run.journal.observe(
        run.id,
        "fetch_model",
        {
            "path": found.path,
            "origin": found.origin,
            "sha256": found.sha256,
            "checked": found.checked,
        },
    )
    run.model_path = found.path


def be_the_only_one(run: Run) -> None:
    """Exactly one engine, ours: every other deployment goes, except one that somebody is carrying
    out right now and that has made nothing yet. An abandoned one must not stay pending.

    Raises: AppError("busy_elsewhere") where another one took this one's place meanwhile.
    """
    opened = run.journal.open()
    if run.id not in {one.id for one in opened}:
        raise AppError("busy_elsewhere", remedy="try_again", retryable=True)
    others = [one for one in opened if one.id != run.id]
    if run.plan.model.starter and any(_came_first(run, other) for other in others):
        run.journal.close(run.id, "overtaken")
        raise AppError("busy_elsewhere", remedy="try_again", retryable=True)
    for other in others:
        with contextlib.ExitStack() as held:
            try:
                held.enter_context(locks.carrying(run.journal, other.plan))
            except AppError as error:
                if error.code != "busy_elsewhere":
                    raise
                if other.state == SETTING_UP and other.handle is None:
                    continue
            retire(other, run.plan, run.providers, run.journal)


def _came_first(run: Run, other: Deployment) -> bool:
    """The model that the person waits for became ready while its stand-in was being set up."""
    fresh = other.state == READY and other.id not in run.whole_before
    return fresh and not other.plan.model.starter


def is_created(run: Run) -> bool:
    return run.alive()


def create(run: Run) -> None:
    """The intent is on the disk before the provider is asked."""
    if run.handle is not None and run.status.state is EndpointState.FAILED:
        run.provider.delete(run.handle)
    run.token.check()
    run.journal.set_proof(run.id, None)
    run.proof = None
    files.make_private_folder(Path(run.deployment.run_folder))
    keys.ensure_key(Path(run.deployment.key_path))
    run.journal.intend(run.id, "create", {"provider": run.provider.id})
    run.handle = run.provider.start(_launch(run))
    run.journal.set_handle(run.id, run.handle)
    run.journal.observe(run.id, "create", {"ref": run.handle.ref})


def _launch(run: Run) -> Launch:
    template = run.plan.model.chat_template
    if template is not None and not (TEMPLATES / template).is_file():
        raise AppError("asset_missing", {"file": template}, remedy="save_report")
    return Launch(
        deployment_id=run.id,
        install_id=run.journal.install_id,
        plan=run.plan,
        model_path=run.model_path,
        template_path=str(TEMPLATES / template) if template else None,
        key_path=run.deployment.key_path,
        run_folder=run.deployment.run_folder,
    )


def is_loaded(run: Run) -> bool:
    if run.handle is None:
        return False
    run.status = run.provider.poll(run.handle)
    return run.status.state is EndpointState.RUNNING and run.status.url is not None


def load(run: Run) -> None:
    """Waits until the engine answers as this model. A cancel leaves it loading."""
    handle = run.handle
    assert handle is not None  # noqa: S101 - the step before made it
    run.status = waiting.until_running(
        lambda: run.provider.poll(handle), run.plan, run.report, run.token
    )


def is_rehearsed(run: Run) -> bool:
    return run.proof is not None


def rehearse(run: Run) -> None:
    """One short question, measured: nothing is called ready that has not answered."""
    url = run.status.url or ""
    model = run.plan.model
    question = (Message(role="user", content=QUESTION),)
    body = completion_body(model, question) | {"max_tokens": _REHEARSAL_TOKENS}
    begun, said = clock.monotonic(), ""
    for piece in engine_api.stream_completion(
        url,
        keys.read_key(Path(run.deployment.key_path)),
        body,
        run.token,
        model=model.id,
        where="this_computer",
    ):
        if isinstance(piece, ChatDelta):
            said += piece.text or piece.reasoning
            continue
        run.token.check()
        if not said.strip() or not piece.completion_tokens:
            raise AppError("answer_empty", remedy="try_again", retryable=True)
        seconds = max(clock.monotonic() - begun - piece.first_token_s, 1e-3)
        run.proof = Proof(
            first_token_s=piece.first_token_s,
            tokens_per_s=piece.tokens_per_s or piece.completion_tokens / seconds,
            answer=said.strip(),
            on_gpu=False if run.plan.accelerator is Accelerator.CPU else None,
        )
        run.journal.set_proof(run.id, run.proof)
