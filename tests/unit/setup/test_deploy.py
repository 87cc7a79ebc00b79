"""Carrying out a plan: once, twice, cut at every instruction, and taken back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from core.domain import EndpointState, EngineKind, Handle, Launch, Plan, Status
from core.edges import files, keys
from core.errors import AppError
from core.progress import Cancelled, CancelToken, Progress, silent
from core.providers.base import Provider
from core.providers.fake import Fake
from core.setup import acts, waiting
from core.setup.deploy import deploy, undo
from core.setup.journal import READY, SETTING_UP, Journal, open_journal
from core.text import LANGUAGES, Text
from tests.stand_ins.engine import StandInEngine, event, words
from tests.stand_ins.file_server import Behaviour, FileServer
from tests.unit.setup.plans import STEPS, gguf, make_places, make_plan

CONTENT = gguf(200_000)
ANSWER = (
    words("Paris"),
    words(" is it.", finish="stop"),
    event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 4}),
    b"data: [DONE]\n\n",
)


class Engine(Fake):
    """The fake, in front of a server that answers; it counts what it was asked for."""

    def __init__(self, server: StandInEngine, **options: object) -> None:
        super().__init__(url=server.url, polls_to_run=1, **options)  # type: ignore[arg-type]
        self.server = server
        self.calls: list[str] = []

    def start(self, launch: Launch) -> Handle:
        self.calls.append("start")
        assert Path(launch.model_path).read_bytes() == CONTENT
        self.server.keys.append(keys.read_key(Path(launch.key_path)))
        return super().start(launch)

    def fetch_engine(self, plan, report, token):  # type: ignore[no-untyped-def]
        self.calls.append("fetch_engine")
        return super().fetch_engine(plan, report, token)

    def delete(self, handle: Handle) -> None:
        self.calls.append(f"delete {handle.deployment_id}")
        super().delete(handle)


@dataclass
class World:
    folder: Path
    hub: FileServer
    engine: Engine
    plan: Plan
    path: str

    def journal(self) -> Journal:
        return open_journal(self.folder / "journal.db")

    def deploy(self, plan: Plan | None = None, journal: Journal | None = None, report=silent):  # type: ignore[no-untyped-def]
        return deploy(
            plan or self.plan,
            {EngineKind.BUILTIN: self.engine},
            journal or self.journal(),
            make_places(self.folder, self.hub.url),
            report,
            CancelToken(),
        )

    def things(self, journal: Journal) -> list[str]:
        return [handle.deployment_id for handle in self.engine.find_ours(journal.install_id)]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(waiting, "POLL_S", 0.01)
    with FileServer() as hub, StandInEngine() as server:
        server.chat = ANSWER
        plan = make_plan(tmp_path, CONTENT)
        path = hub.add_model(
            plan.quant.repo, plan.quant.revision, plan.quant.file, CONTENT, plan.quant.sha256 or ""
        )
        yield World(tmp_path, hub, Engine(server), plan, path)


def test_it_answers_and_a_second_run_does_nothing(world: World) -> None:
    seen: list[Progress] = []
    journal = world.journal()
    endpoint = world.deploy(journal=journal, report=seen.append)
    assert endpoint.url == world.engine.server.url
    assert endpoint.proof is not None
    assert endpoint.proof.answer == "Paris is it."
    assert endpoint.proof.tokens_per_s > 0
    assert endpoint.proof.on_gpu is False
    assert [p.step for p in seen if p.finished and p.step != "fetch_engine"] == [
        name for name in STEPS if name != "fetch_engine"
    ]
    current = journal.current()
    assert current is not None
    assert current.state == READY
    assert current.proof == endpoint.proof
    calls, requests = list(world.engine.calls), len(world.hub.requests)
    assert world.deploy(journal=journal) == endpoint
    assert world.engine.calls == calls
    assert len(world.hub.requests) == requests
    assert len(world.engine.server.seen) == 1
    asked = world.engine.server.seen[0]
    assert (asked["temperature"], asked["top_p"]) == (0.6, 0.95)
    assert asked["max_tokens"] <= 64


def test_what_starts_is_the_image_that_was_fetched(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(world.engine, "fetch_engine", lambda *_args: "sha256:0123")
    started: list[Launch] = []
    start = world.engine.start
    monkeypatch.setattr(world.engine, "start", lambda what: started.append(what) or start(what))
    world.deploy()
    assert [launch.plan.image for launch in started] == ["sha256:0123"]


class Cut(BaseException):
    """As if the process were gone: nothing catches it."""


def cut_at(monkeypatch: pytest.MonkeyPatch, number: int) -> list[int]:
    """Cuts before the N-th act that leaves a trace, counted over journal, disk and provider."""
    left = [number]

    def wrap(owner: object, name: str) -> None:
        whole = getattr(owner, name)

        def cutting(*args: object, **kwargs: object) -> object:
            left[0] -= 1
            if left[0] == 0:
                raise Cut
            result = whole(*args, **kwargs)
            left[0] -= 1
            if left[0] == 0:
                raise Cut
            return result

        monkeypatch.setattr(owner, name, cutting)

    for name in ("intend", "observe", "set_handle", "set_proof", "mark", "close", "begin"):
        wrap(Journal, name)
    for name in ("start", "stop", "delete", "fetch_engine", "poll"):
        wrap(Engine, name)
    wrap(files, "replace_durably")
    wrap(files, "make_private_folder")
    return left


@pytest.mark.parametrize("replacing", [False, True])
def test_cut_at_every_act_the_next_run_finishes_with_one_engine(
    world: World, replacing: bool
) -> None:
    """N = 1, 2, 3, … until a run goes through uncut."""
    number = 0
    while True:
        number += 1
        journal = world.journal()
        if replacing:
            world.deploy(replace(world.plan, id=f"old-{number}"), journal)
        plan = replace(world.plan, id=f"new-{number}")
        with pytest.MonkeyPatch.context() as patch:
            left = cut_at(patch, number)
            try:
                world.deploy(plan, journal)
                through = left[0] > 0
            except Cut:
                through = False
        journal.close_file()
        journal = world.journal()
        endpoint = world.deploy(plan, journal)
        current = journal.current()
        assert current is not None
        assert current.plan.id == plan.id
        assert world.things(journal) == [current.id] == [endpoint.handle.deployment_id]
        assert journal.open() == (current,)
        assert [path.name for path in (world.folder / "run").iterdir()] == [current.id]
        undo(current.id, {EngineKind.BUILTIN: world.engine}, journal)
        assert world.things(journal) == []
        journal.close_file()
        if through:
            break
    assert number > 30
    assert world.hub.sent[world.path] == len(CONTENT)


def test_another_plan_replaces_the_engine_and_keeps_the_file(world: World) -> None:
    journal = world.journal()
    first = world.deploy(journal=journal).handle.deployment_id
    second = world.deploy(replace(world.plan, id="plan-b", context=512), journal)
    assert world.things(journal) == [second.handle.deployment_id]
    assert f"delete {first}" in world.engine.calls
    assert world.hub.sent[world.path] == len(CONTENT)
    assert not journal.run_folder(first).exists()


def both_engines(world: World) -> tuple[Engine, dict[EngineKind, Provider]]:
    container = Engine(world.engine.server, engine=EngineKind.LLAMA_CPP)
    return container, {EngineKind.BUILTIN: world.engine, EngineKind.LLAMA_CPP: container}


def test_the_other_engine_is_taken_away_when_it_is_replaced(world: World) -> None:
    journal, (container, providers) = world.journal(), both_engines(world)
    places = make_places(world.folder, world.hub.url)
    plan = replace(world.plan, id="in-a-container", engine=EngineKind.LLAMA_CPP)
    deploy(plan, providers, journal, places, silent, CancelToken())
    deploy(world.plan, providers, journal, places, silent, CancelToken())
    assert container.find_ours(journal.install_id) == ()
    assert len(world.things(journal)) == 1
    assert len(journal.open()) == 1


def test_another_engine_that_is_down_does_not_stand_in_the_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal, (container, providers) = world.journal(), both_engines(world)
    places = make_places(world.folder, world.hub.url)
    plan = replace(world.plan, id="in-a-container", engine=EngineKind.LLAMA_CPP)
    first = deploy(plan, providers, journal, places, silent, CancelToken())

    def down(*_arguments: object) -> None:
        raise AppError("engine_not_running", remedy="start_docker")

    with monkeypatch.context() as patch:
        for name in ("stop", "delete", "find_ours", "check"):
            patch.setattr(container, name, down)
        deploy(world.plan, providers, journal, places, silent, CancelToken())
    assert len(journal.open()) == 1
    # Once it is back and asked for, what was left there goes.
    last = deploy(
        replace(plan, id="in-a-container-again"), providers, journal, places, silent, CancelToken()
    )
    assert container.find_ours(journal.install_id) == (last.handle,)
    assert first.handle != last.handle


def test_a_plan_for_an_engine_that_this_version_lacks(world: World) -> None:
    with pytest.raises(AppError) as failed:
        world.deploy(replace(world.plan, engine=EngineKind.LLAMA_CPP))
    assert failed.value.code == "provider_missing"


def test_a_model_that_another_one_uses_stays(world: World) -> None:
    journal = world.journal()
    providers = {EngineKind.BUILTIN: world.engine}
    world.deploy(journal=journal)
    other = journal.begin(replace(world.plan, id="plan-b")).id
    receipt = undo(other, providers, journal, model=True)
    assert [note.code for note in receipt.kept] == ["receipt.model_kept"]
    assert Path(world.plan.model_folder, world.plan.model.id, "tiny.gguf").exists()


def test_an_engine_that_is_stopped_while_it_loads(world: World) -> None:
    world.engine._polls_to_run = 10**9
    journal = world.journal()

    def report(progress: Progress) -> None:
        if progress.step == "load":
            for handle in world.engine.find_ours(journal.install_id):
                world.engine.stop(handle)

    with pytest.raises(AppError) as failed:
        world.deploy(journal=journal, report=report)
    assert failed.value.code == "engine_ended"


def test_a_missing_template_is_told_before_anything_starts(world: World) -> None:
    plan = replace(world.plan, model=replace(world.plan.model, chat_template="none.jinja"))
    with pytest.raises(AppError) as failed:
        world.deploy(plan)
    assert failed.value.code == "asset_missing"
    assert "start" not in world.engine.calls


def test_the_old_model_stays_current_while_the_new_one_is_fetched(world: World) -> None:
    journal = world.journal()
    first = world.deploy(journal=journal).handle.deployment_id
    other = gguf(100_000)
    plan = make_plan(world.folder, other, id="plan-b")
    plan = replace(plan, quant=replace(plan.quant, file="other.gguf", repo="somebody/none"))
    with pytest.raises(AppError) as failed:
        world.deploy(plan, journal)
    assert failed.value.code == "http_status"
    current, pending = journal.current(), journal.pending()
    assert current is not None
    assert current.id == first
    assert pending is not None
    assert pending.plan.id == "plan-b"
    assert pending.state == SETTING_UP
    assert world.things(journal) == [first]


def test_what_no_line_of_the_journal_names_is_deleted(world: World) -> None:
    journal = world.journal()
    before = world.deploy(journal=journal).handle
    journal.close_file()
    (world.folder / "journal.db").write_bytes(b"not a journal at all" * 100)
    journal = world.journal()
    assert journal.set_aside is not None
    endpoint = world.deploy(journal=journal)
    assert endpoint.handle != before
    assert world.things(journal) == [endpoint.handle.deployment_id]


def test_a_stopped_one_is_started_again_and_asked_again(world: World) -> None:
    journal = world.journal()
    handle = world.deploy(journal=journal).handle
    world.engine.stop(handle)
    endpoint = world.deploy(journal=journal)
    assert endpoint.handle == handle
    assert world.engine.poll(handle).state is EndpointState.RUNNING
    assert len(world.engine.server.seen) == 2


def test_one_that_was_deleted_outside_is_made_again(world: World) -> None:
    journal = world.journal()
    handle = world.deploy(journal=journal).handle
    world.engine.delete(handle)
    world.deploy(journal=journal)
    assert world.things(journal) == [handle.deployment_id]


@pytest.mark.parametrize(
    ("note", "code", "remedy"),
    [
        ("engine_out_of_memory", "engine_out_of_memory", "choose_smaller"),
        ("engine_crashed", "engine_crashed", "restart_engine"),
    ],
)
def test_an_engine_that_fails_says_why_and_can_be_tried_again(
    world: World, note: str, code: str, remedy: str
) -> None:
    journal = world.journal()
    world.engine._failure = note
    with pytest.raises(AppError) as failed:
        world.deploy(journal=journal)
    assert (failed.value.code, failed.value.remedy) == (code, remedy)
    current = journal.current()
    assert current is not None
    assert current.state == SETTING_UP
    world.engine._failure = None
    assert world.deploy(journal=journal).handle.deployment_id == current.id


def test_an_engine_that_never_loads_has_an_end(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "LEAST_S", 0.1)
    world.engine._polls_to_run = 10**9
    with pytest.raises(AppError) as failed:
        world.deploy()
    assert failed.value.code == "engine_start_timeout"


def test_an_engine_out_of_sight_has_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "UNKNOWN_S", 0.1)
    blind = Status(state=EndpointState.UNKNOWN, note="engine_silent")
    monkeypatch.setattr(world.engine, "poll", lambda _handle: blind)
    with pytest.raises(AppError) as failed:
        world.deploy()
    assert failed.value.code == "engine_silent"


def test_no_answer_is_not_called_ready(world: World) -> None:
    world.engine.server.chat = (words("", finish="stop"), b"data: [DONE]\n\n")
    journal = world.journal()
    with pytest.raises(AppError) as failed:
        world.deploy(journal=journal)
    assert failed.value.code == "answer_empty"
    current = journal.current()
    assert current is not None
    assert current.state == SETTING_UP
    world.engine.server.chat = ANSWER
    assert world.deploy(journal=journal).proof is not None


def test_cancel_while_it_loads_leaves_it_to_be_taken_up(world: World) -> None:
    world.engine._polls_to_run = 10**9
    journal, token = world.journal(), CancelToken()

    def report(progress: Progress) -> None:
        if progress.step == "load":
            token.cancel()

    with pytest.raises(Cancelled):
        deploy(
            world.plan,
            {EngineKind.BUILTIN: world.engine},
            journal,
            make_places(world.folder, world.hub.url),
            report,
            token,
        )
    world.engine._polls_to_run = 1
    world.deploy(journal=journal)
    assert world.engine.calls.count("start") == 1


def test_a_second_window_is_told_to_wait(world: World) -> None:
    with (
        files.writer_lock(world.folder / "locks" / f"{world.plan.id}.lock"),
        pytest.raises(AppError) as failed,
    ):
        world.deploy()
    assert failed.value.code == "busy_elsewhere"


def test_a_provider_that_cannot_be_used_ends_it_at_once(world: World) -> None:
    world.engine._problem = AppError("engine_not_running", remedy="start_docker")
    with pytest.raises(AppError) as failed:
        world.deploy()
    assert failed.value.code == "engine_not_running"
    assert not world.hub.requests


def test_own_file_is_used_where_it_is(world: World, tmp_path: Path) -> None:
    own = tmp_path / "mine" / "my model.gguf"
    own.parent.mkdir()
    own.write_bytes(CONTENT)
    journal = world.journal()
    plan = replace(world.plan, local_file=str(own))
    world.deploy(plan, journal)
    current = journal.current()
    assert current is not None
    known = journal.observed(current.id, "fetch_model")
    assert known is not None
    assert (known["path"], known["origin"], known["checked"]) == (str(own), "own_file", True)
    assert not world.hub.requests
    receipt = undo(current.id, {EngineKind.BUILTIN: world.engine}, journal, model=True)
    assert own.read_bytes() == CONTENT
    assert [note.code for note in receipt.kept] == ["receipt.own_file_kept"]


def test_own_file_that_is_none(world: World, tmp_path: Path) -> None:
    own = tmp_path / "page.gguf"
    for content, code in ((b"<html>", "not_a_model_file"), (CONTENT[:-9], "model_file_truncated")):
        own.write_bytes(content)
        with pytest.raises(AppError) as failed:
            world.deploy(replace(world.plan, local_file=str(own)))
        assert failed.value.code == code
    with pytest.raises(AppError) as failed:
        world.deploy(replace(world.plan, local_file=str(tmp_path / "none")))
    assert failed.value.code == "own_file_missing"


def test_undo_gives_a_receipt_and_can_be_repeated(world: World) -> None:
    journal = world.journal()
    providers = {EngineKind.BUILTIN: world.engine}
    identity = world.deploy(journal=journal).handle.deployment_id
    receipt = undo(identity, providers, journal)
    assert [note.code for note in receipt.removed] == ["receipt.engine_removed"]
    assert [note.code for note in receipt.kept] == ["receipt.model_kept"]
    assert journal.current() is None
    assert world.things(journal) == []
    assert not journal.run_folder(identity).exists()
    again = world.deploy(journal=journal).handle.deployment_id
    assert again != identity
    receipt = undo(again, providers, journal, model=True)
    assert receipt.freed_bytes >= len(CONTENT)
    assert not Path(world.plan.model_folder, world.plan.model.id).exists()
    assert undo(again, providers, journal, model=True).removed == ()
    assert undo("unknown", providers, journal).removed == ()


def test_a_wrong_file_never_reaches_the_engine(world: World) -> None:
    world.hub.behaviours[world.path] = Behaviour(flip_at=150_000)
    with pytest.raises(AppError) as failed:
        world.deploy()
    assert failed.value.code == "hash_wrong"
    assert "start" not in world.engine.calls


def test_undo_says_what_is_left_of_a_half_download(world: World) -> None:
    world.hub.behaviours[world.path] = Behaviour(stall_after=120_000)
    journal, token = world.journal(), CancelToken()

    def report(progress: Progress) -> None:
        if progress.done >= 60_000:
            token.cancel()

    providers = {EngineKind.BUILTIN: world.engine}
    places = make_places(world.folder, world.hub.url)
    with pytest.raises(Cancelled):
        deploy(world.plan, providers, journal, places, report, token)
    pending = journal.pending()
    assert pending is not None
    receipt = undo(pending.id, providers, journal)
    assert [note.code for note in receipt.kept] == ["receipt.part_kept"]
    assert receipt.removed == ()
    assert undo(pending.id, providers, journal, model=True).freed_bytes > 60_000


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_note_of_setting_up_is_a_sentence(language: str) -> None:
    text, room = Text(language), Path(acts.__file__).parent
    codes = {f"step.{name}" for name in STEPS}
    for path in room.glob("*.py"):
        codes |= set(re.findall(r'"((?:receipt|download)\.[a-z_]+)"', path.read_text("utf-8")))
    assert len(codes) > len(STEPS) + 6
    assert [code for code in codes if not text.has(code)] == []


def test_a_name_that_stood_in_a_label_leads_nowhere_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = world.journal()
    world.deploy(journal=journal)
    for name in ("", "..", "../..", "a/../.."):
        strange = Handle(provider="fake", ref="fake-x", deployment_id=name)
        monkeypatch.setattr(world.engine, "find_ours", lambda _id, found=strange: (found,))
        assert world.deploy(journal=journal).proof is not None
    current = journal.current()
    assert current is not None
    assert Path(current.key_path).is_file()


def test_what_cannot_be_reached_any_more_holds_up_nothing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = world.journal()
    identity = world.deploy(journal=journal).handle.deployment_id
    code = ["docker_not_running"]

    def away(*_args: object) -> tuple[Handle, ...]:
        raise AppError(code[0], remedy="start_docker")

    for name in ("find_ours", "stop", "delete"):
        monkeypatch.setattr(world.engine, name, away)
    providers = {EngineKind.BUILTIN: world.engine}
    with pytest.raises(AppError):  # it may come back
        undo(identity, providers, journal, model=True)
    code[0] = "docker_not_installed"
    receipt = undo(identity, providers, journal, model=True)
    assert [note.code for note in receipt.kept] == ["receipt.container_left"]
    assert receipt.freed_bytes >= len(CONTENT)
    assert journal.open() == ()
