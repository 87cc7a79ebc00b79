"""The model that is set up: states, looking, starting, stopping, removing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import EndpointState, EngineKind, Handle, Launch, Plan, Proof, Status
from core.errors import AppError
from core.progress import Cancelled, CancelToken, Progress, silent
from core.providers.fake import Fake
from core.serve import endpoint as serving
from core.serve.endpoint import TRANSITIONS, Act, acts
from core.setup import journal as journals
from core.setup import sources, verify, waiting
from core.setup.journal import Journal, open_journal
from tests.unit.setup.plans import gguf, make_plan

CONTENT = gguf(4096)
PROOF = Proof(first_token_s=0.1, tokens_per_s=20.0, answer="Paris", on_gpu=False)


class Provider(Fake):
    """The fake, which says what it is told to as long as it is told to."""

    says: Status | None = None

    def poll(self, handle: Handle) -> Status:
        return self.says or super().poll(handle)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = open_journal(tmp_path / "journal.db")
    yield opened
    opened.close_file()


@pytest.fixture
def provider() -> Provider:
    return Provider(polls_to_run=2)


@pytest.fixture
def providers(provider: Provider) -> dict[EngineKind, Fake]:
    return {EngineKind.BUILTIN: provider}


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return make_plan(tmp_path, CONTENT)


@pytest.fixture
def deployment(
    journal: Journal, provider: Provider, plan: Plan, tmp_path: Path
) -> journals.Deployment:
    """Set up, proven and stopped."""
    model = tmp_path / "models" / "tiny.gguf"
    model.parent.mkdir()
    model.write_bytes(CONTENT)
    begun = journal.begin(plan)
    handle = provider.start(
        Launch(
            deployment_id=begun.id,
            install_id=journal.install_id,
            plan=plan,
            model_path=str(model),
            template_path=None,
            key_path=begun.key_path,
            run_folder=begun.run_folder,
        )
    )
    Path(begun.run_folder).mkdir(parents=True)
    journal.set_handle(begun.id, handle)
    journal.set_proof(begun.id, PROOF)
    journal.observe(begun.id, "fetch_model", {"path": str(model), "sha256": plan.quant.sha256})
    provider.stop(handle)
    journal.mark(begun.id, journals.STOPPED)
    found = journal.current()
    assert found is not None
    return found


# --- states -----------------------------------------------------------------------------------

OFFERED = {
    EndpointState.STOPPED: {Act.START, Act.REMOVE},
    EndpointState.STARTING: {Act.STOP, Act.REMOVE},
    EndpointState.LOADING: {Act.STOP, Act.REMOVE},
    EndpointState.RUNNING: {Act.STOP, Act.REMOVE, Act.CHAT},
    EndpointState.FAILED: {Act.START, Act.STOP, Act.REMOVE},
    EndpointState.GONE: {Act.REMOVE},
    EndpointState.UNKNOWN: {Act.START, Act.STOP, Act.REMOVE},
}
LEADS_TO = {
    Act.START: EndpointState.STARTING,
    Act.STOP: EndpointState.STOPPED,
    Act.REMOVE: EndpointState.GONE,
    Act.CHAT: EndpointState.RUNNING,
}


@pytest.mark.parametrize("state", EndpointState)
@pytest.mark.parametrize("act", Act)
def test_every_act_in_every_state_is_settled(state: EndpointState, act: Act) -> None:
    if act in OFFERED[state]:
        assert TRANSITIONS[state, act] is LEADS_TO[act]
        assert act in acts(state)
    else:
        assert (state, act) not in TRANSITIONS
        assert act not in acts(state)


# --- looking ----------------------------------------------------------------------------------


def test_nothing_set_up(journal: Journal, providers: dict[EngineKind, Fake]) -> None:
    now = serving.current(journal, providers)
    assert (now.endpoint, now.deployment) == (None, None)
    assert now.status.state is EndpointState.GONE


def test_half_set_up_is_no_endpoint(
    journal: Journal, providers: dict[EngineKind, Fake], plan: Plan
) -> None:
    begun = journal.begin(plan)
    now = serving.current(journal, providers)
    assert now.endpoint is None
    assert now.deployment == begun
    assert now.status.state is EndpointState.STOPPED


def test_a_stopped_one_is_an_endpoint_without_an_address(
    journal: Journal, providers: dict[EngineKind, Fake], deployment: journals.Deployment
) -> None:
    now = serving.current(journal, providers)
    assert now.status.state is EndpointState.STOPPED
    assert now.endpoint is not None
    assert (now.endpoint.url, now.endpoint.proof) == ("", PROOF)
    assert now.endpoint.model == deployment.plan.model


def test_while_another_is_being_set_up_the_one_before_answers(
    journal: Journal,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
    plan: Plan,
) -> None:
    journal.begin(replace(plan, id="plan-b"))
    assert serving.current(journal, providers).deployment == deployment
    assert serving.start(journal, providers, silent, CancelToken()).handle == deployment.handle


def test_an_engine_this_version_does_not_have(
    journal: Journal, deployment: journals.Deployment
) -> None:
    with pytest.raises(AppError) as caught:
        serving.current(journal, {})
    assert caught.value.code == "provider_missing"


# --- starting ---------------------------------------------------------------------------------


def test_start_waits_until_it_answers(
    journal: Journal, providers: dict[EngineKind, Fake], deployment: journals.Deployment
) -> None:
    seen: list[Progress] = []
    endpoint = serving.start(journal, providers, seen.append, CancelToken())
    assert endpoint.url == "http://127.0.0.1:9"
    assert endpoint.handle == deployment.handle
    assert {progress.step for progress in seen} == {"load"}
    assert seen[-1].finished
    current = journal.current()
    assert current is not None
    assert current.state == journals.READY
    assert serving.start(journal, providers, silent, CancelToken()) == endpoint


def test_start_with_nothing_set_up(journal: Journal, providers: dict[EngineKind, Fake]) -> None:
    with pytest.raises(AppError) as caught:
        serving.start(journal, providers, silent, CancelToken())
    assert caught.value.code == "nothing_set_up"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (Status(state=EndpointState.GONE), "endpoint_gone"),
        (Status(state=EndpointState.STOPPED), "engine_ended"),
        (
            Status(state=EndpointState.FAILED, note="engine_out_of_memory", detail="x"),
            "engine_out_of_memory",
        ),
        (Status(state=EndpointState.FAILED), "engine_failed"),
    ],
)
def test_a_start_that_fails_says_why(
    journal: Journal,
    provider: Provider,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
    status: Status,
    code: str,
) -> None:
    provider.says = status
    with pytest.raises(AppError) as caught:
        serving.start(journal, providers, silent, CancelToken())
    assert caught.value.code == code
    assert caught.value.detail == status.detail


def test_a_start_is_not_waited_for_for_ever(
    journal: Journal,
    provider: Provider,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider.says = Status(state=EndpointState.LOADING)
    monkeypatch.setattr(waiting, "LEAST_S", 0.0)
    monkeypatch.setattr(waiting, "POLL_S", 0.0)
    with pytest.raises(AppError) as caught:
        serving.start(journal, providers, silent, CancelToken())
    assert caught.value.code == "engine_start_timeout"


def test_an_engine_out_of_sight_is_not_waited_for_for_ever(
    journal: Journal,
    provider: Provider,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider.says = Status(state=EndpointState.UNKNOWN, note="docker_not_running")
    monkeypatch.setattr(waiting, "UNKNOWN_S", 0.05)
    monkeypatch.setattr(waiting, "POLL_S", 0.01)
    with pytest.raises(AppError) as caught:
        serving.start(journal, providers, silent, CancelToken())
    assert (caught.value.code, caught.value.remedy) == ("docker_not_running", "start_docker")


def test_a_larger_model_is_waited_for_longer(plan: Plan) -> None:
    large = replace(plan, quant=replace(plan.quant, size_bytes=40_000_000_000))
    assert 120 <= waiting.longest_wait_s(plan) < 130
    assert waiting.longest_wait_s(large) > 1800


def test_a_start_can_be_cancelled_at_every_look(
    journal: Journal,
    provider: Provider,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
) -> None:
    provider.says = Status(state=EndpointState.LOADING)
    for looks in range(3):
        token, left = CancelToken(), looks

        def report(_progress: Progress, token: CancelToken = token) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                token.cancel()

        with pytest.raises(Cancelled):
            serving.start(journal, providers, report, token)
    current = journal.current()
    assert current is not None
    assert current.state == journals.STOPPED


def test_a_model_file_that_was_changed_is_not_started(
    journal: Journal, providers: dict[EngineKind, Fake], deployment: journals.Deployment
) -> None:
    model = Path(deployment.plan.model_folder) / "tiny.gguf"
    model.write_bytes(CONTENT[:-1] + b"?")
    with pytest.raises(AppError) as caught:
        serving.start(journal, providers, silent, CancelToken())
    assert caught.value.code == "model_file_changed"
    model.unlink()
    with pytest.raises(AppError) as caught:
        serving.start(journal, providers, silent, CancelToken())
    assert caught.value.code == "model_file_missing"


def test_an_untouched_model_file_is_read_whole_only_once(
    journal: Journal,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    serving.start(journal, providers, silent, CancelToken())
    serving.stop(journal, providers)

    def read_again(*_arguments: object, **_options: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(verify, "feed", read_again)
    serving.start(journal, providers, silent, CancelToken())


# --- stopping and removing --------------------------------------------------------------------


def test_stop_is_written_down_and_may_be_said_twice(
    journal: Journal, providers: dict[EngineKind, Fake], deployment: journals.Deployment
) -> None:
    serving.start(journal, providers, silent, CancelToken())
    for _ in range(2):
        serving.stop(journal, providers)
        assert serving.current(journal, providers).status.state is EndpointState.STOPPED
    current = journal.current()
    assert current is not None
    assert current.state == journals.STOPPED
    assert journal.observed(deployment.id, "stop") is not None


def test_stop_with_nothing_set_up(journal: Journal, providers: dict[EngineKind, Fake]) -> None:
    serving.stop(journal, providers)


@pytest.mark.parametrize("models", [False, True])
def test_remove_takes_all_and_says_what_stays(
    journal: Journal,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
    models: bool,
) -> None:
    receipt = serving.remove(journal, providers, models=models)
    assert "receipt.engine_removed" in [note.code for note in receipt.removed]
    assert journal.open() == ()
    assert not Path(deployment.run_folder).exists()
    assert serving.current(journal, providers).deployment is None
    assert serving.remove(journal, providers, models=models).removed == ()


def file_of(plan: Plan) -> Path:
    """A model's file as a download leaves it."""
    target = sources.target(plan)
    target.parent.mkdir(parents=True)
    target.write_bytes(CONTENT)
    return target


@pytest.mark.parametrize("models", [False, True])
def test_remove_knows_the_files_of_earlier_models(
    journal: Journal,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
    plan: Plan,
    models: bool,
) -> None:
    earlier = replace(plan, id="earlier", model=replace(plan.model, id="earlier"))
    journal.close(journal.begin(earlier).id, "replaced")
    files = [file_of(earlier), file_of(plan)]
    receipt = serving.remove(journal, providers, models=models)
    assert [file.exists() for file in files] == [not models, not models]
    codes = [note.code for note in receipt.kept]
    assert codes.count("receipt.model_kept") == (0 if models else 2)
    assert receipt.freed_bytes >= (2 * len(CONTENT) if models else 0)
    # Asked for later, they are still found.
    assert serving.remove(journal, providers, models=True).freed_bytes == (
        0 if models else 2 * len(CONTENT)
    )


def test_a_file_of_two_set_ups_is_not_both_kept_and_removed(
    journal: Journal,
    providers: dict[EngineKind, Fake],
    deployment: journals.Deployment,
    plan: Plan,
) -> None:
    file = file_of(plan)
    journal.begin(replace(plan, id="longer", context=4096))
    receipt = serving.remove(journal, providers, models=True)
    assert not file.exists()
    assert "receipt.model_kept" not in [note.code for note in receipt.kept]
