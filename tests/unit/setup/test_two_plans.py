"""Two plans under way at once: the chosen model is fetched while the starter is set up and used."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from core.domain import Endpoint, EngineKind, Plan
from core.edges import files
from core.errors import AppError
from core.progress import Cancelled, CancelToken
from core.setup import locks
from core.setup.deploy import deploy, undo
from core.setup.journal import READY, SETTING_UP, Journal, open_journal
from tests.stand_ins.file_server import Behaviour
from tests.unit.setup.plans import make_places
from tests.unit.setup.test_deploy import CONTENT, World, world

__all__ = ["world"]  # the fixture


@pytest.fixture
def small(world: World) -> Plan:
    """The starter, whose file another path of the hub has."""
    plan = world.plan
    quant = replace(plan.quant, repo="somebody/small")
    world.hub.add_model(quant.repo, quant.revision, quant.file, CONTENT, quant.sha256 or "")
    return replace(
        plan, id="small", quant=quant, model=replace(plan.model, id="small", starter=True)
    )


class Fetching:
    """A plan that is carried out on a thread of its own, by a slow line."""

    def __init__(self, world: World, journal: Journal) -> None:
        self.world, self.journal = world, journal
        self.token = CancelToken()
        self.result: Endpoint | BaseException | None = None
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            self.result = deploy(
                self.world.plan,
                {EngineKind.BUILTIN: self.world.engine},
                self.journal,
                make_places(self.world.folder, self.world.hub.url),
                lambda _progress: None,
                self.token,
            )
        except BaseException as error:
            self.result = error

    def wait(self) -> None:
        self.thread.join(20)
        assert not self.thread.is_alive()


@contextmanager
def fetching(world: World, journal: Journal) -> Iterator[Fetching]:
    world.hub.behaviours[world.path] = Behaviour(bytes_per_s=80_000)
    it = Fetching(world, journal)
    it.thread.start()
    until = time.monotonic() + 10
    while world.hub.sent[world.path] < 20_000:
        assert time.monotonic() < until
        time.sleep(0.02)
    try:
        yield it
    finally:
        it.token.cancel()
        it.wait()


@pytest.mark.parametrize("one_journal", [True, False])
def test_the_starter_answers_until_the_chosen_one_takes_its_place(
    world: World, small: Plan, one_journal: bool
) -> None:
    journal = world.journal()
    other = journal if one_journal else open_journal(journal.path)
    with fetching(world, journal) as chosen:
        starter = world.deploy(small, other)
        assert chosen.result is None, "the download did not go on"
        current, pending = journal.current(), journal.pending()
        assert current is not None
        assert (current.plan.id, current.state) == ("small", READY)
        assert pending is not None
        assert (pending.plan.id, pending.state) == (world.plan.id, SETTING_UP)
        assert world.things(journal) == [starter.handle.deployment_id]
        chosen.wait()
        assert isinstance(chosen.result, Endpoint), chosen.result
    assert world.things(journal) == [chosen.result.handle.deployment_id]
    assert [(one.plan.id, one.state) for one in journal.open()] == [(world.plan.id, READY)]
    assert world.hub.sent[world.path] == len(CONTENT)


def test_what_was_abandoned_does_not_stay_pending(world: World, small: Plan) -> None:
    journal = world.journal()
    with fetching(world, journal) as chosen:
        chosen.token.cancel()
        chosen.wait()
        assert isinstance(chosen.result, Cancelled)
    assert journal.pending() is not None
    world.deploy(small, journal)
    assert journal.pending() is None
    with fetching(world, journal) as chosen:
        chosen.token.cancel()
        chosen.wait()
    world.deploy(small, journal)  # nothing is made this time, and the other one goes all the same
    assert [one.plan.id for one in journal.open()] == ["small"]


def test_the_same_plan_twice_at_once(world: World) -> None:
    journal = world.journal()
    with fetching(world, journal) as chosen:
        for act in (
            lambda: world.deploy(journal=open_journal(journal.path)),
            lambda: undo(journal.open()[0].id, {EngineKind.BUILTIN: world.engine}, journal),
        ):
            with pytest.raises(AppError) as failed:
                act()
            assert failed.value.code == "busy_elsewhere"
        assert chosen.result is None


def test_a_starter_that_comes_too_late_gives_way(
    world: World, small: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = world.journal()
    fetch = world.engine.fetch_engine

    def slowly(plan: Plan, *rest: object) -> object:
        if plan.id == small.id:
            world.deploy(journal=journal)  # the chosen one is ready in the meantime
        return fetch(plan, *rest)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(world.engine, "fetch_engine", slowly)
    with pytest.raises(AppError) as failed:
        world.deploy(small, journal)
    assert failed.value.code == "busy_elsewhere"
    assert [(one.plan.id, one.state) for one in journal.open()] == [(world.plan.id, READY)]
    assert len(world.things(journal)) == 1
    monkeypatch.undo()
    world.deploy(small, journal)  # asked for now, it may replace what was there before
    assert [one.plan.id for one in journal.open()] == ["small"]


def test_one_whose_place_was_taken_makes_no_second_engine(
    world: World, small: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = world.journal()
    world.deploy(journal=journal)  # so that it has an engine, which the other one takes away
    fetch = world.engine.fetch_engine
    for handle in world.engine.find_ours(journal.install_id):
        world.engine.stop(handle)

    def slowly(plan: Plan, *rest: object) -> object:
        if plan.id == world.plan.id:
            world.deploy(small, journal)
        return fetch(plan, *rest)  # type: ignore[no-untyped-call]

    monkeypatch.setattr(world.engine, "fetch_engine", slowly)
    with pytest.raises(AppError) as failed:
        world.deploy(journal=journal)
    assert failed.value.code == "busy_elsewhere"
    assert [one.plan.id for one in journal.open()] == ["small"]
    assert len(world.things(journal)) == 1


def test_waiting_for_the_other_one_s_engine_can_be_called_off(world: World) -> None:
    journal, token = world.journal(), CancelToken()
    with files.writer_lock(world.folder / "writer.lock"):
        threading.Timer(0.3, token.cancel).start()
        begun = time.monotonic()
        with pytest.raises(Cancelled), locks.changing(journal, token):
            pass
        assert time.monotonic() - begun < 5
        with pytest.raises(AppError) as failed, locks.changing(journal, CancelToken(), wait_s=0.3):
            pass
    assert failed.value.code == "busy_elsewhere"


def test_the_one_that_is_coming_is_the_chosen_one(world: World, small: Plan) -> None:
    journal = world.journal()
    journal.begin(world.plan)
    journal.begin(small)
    pending = journal.pending()
    assert pending is not None
    assert pending.plan.id == world.plan.id
    journal.close(pending.id, "test")
    pending = journal.pending()
    assert pending is not None
    assert pending.plan.id == small.id
