"""Rather not wait: the starter answers while the chosen model is fetched beside it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication, QLineEdit, QStackedWidget
from pytestqt.qtbot import QtBot

from core.domain import Endpoint, EndpointState
from core.errors import AppError
from core.progress import CancelToken, silent
from core.setup.deploy import deploy
from core.setup.flow import WizardPage
from core.setup.journal import READY, SETTING_UP
from gui import language
from gui.coming import Coming
from gui.wizard import meanwhile
from gui.wizard.setup import Phase
from tests.gui.wizard.person import Person
from tests.gui.wizard.world import CONTENT, SMALLEST, World
from tests.stand_ins.file_server import Behaviour


@pytest.fixture
def slow(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """The chosen model comes slowly; the starter is fetched, as its file of a few bytes is."""
    monkeypatch.setattr("core.setup.sources._BUNDLED", Path("/nowhere"))
    path = next(path for path in world.hub.files if SMALLEST in path and path.endswith(".gguf"))
    world.hub.behaviours[path] = Behaviour(bytes_per_s=30_000)
    return path


class Watcher:
    """What the wizard tells those around it."""

    def __init__(self, person: Person) -> None:
        self.ready: list[Endpoint] = []
        self.coming: list[Coming | None] = []
        person.window.starter_ready.connect(self.ready.append)
        person.window.coming.connect(self.coming.append)

    @property
    def states(self) -> list[str]:
        """The turns it took, each once."""
        states = [coming.state if coming else "" for coming in self.coming]
        return [now for before, now in zip(["", *states], states, strict=False) if now != before]


def running(world: World) -> list[str]:
    """The deployments whose engine runs."""
    return [
        handle.deployment_id
        for engine in world.engines.values()
        for handle in engine.find_ours(world.journal.install_id)
        if engine.poll(handle).state is EndpointState.RUNNING
    ]


def fetching(person: Person, world: World, slow: str) -> Watcher:
    watcher = Watcher(person)
    person.to_setup()
    person.waits_until(lambda: world.hub.sent[slow] > 10_000)
    return watcher


def chats(person: Person, watcher: Watcher) -> None:
    count = len(watcher.ready)
    person.click("chat-now")
    person.waits_until(lambda: len(watcher.ready) > count)


def test_the_starter_is_ready_and_the_download_goes_on(
    person: Person, world: World, slow: str
) -> None:
    watcher = fetching(person, world, slow)
    for words in ("en", "zh_CN"):
        language.switch(words)
        assert {"en": "not DeepSeek", "zh_CN": "不是 DeepSeek"}[words] in person.reads()
        assert person.missing() == []
        person.waits_for_layout()
        assert person.cut_labels() == []
    language.switch("en")
    chats(person, watcher)
    assert watcher.ready[0].model.starter
    assert person.setup.phase is Phase.WORKING
    current, pending = world.journal.current(), world.journal.pending()
    assert current is not None
    assert pending is not None
    assert (current.plan.model.starter, current.state) == (True, READY)
    assert (pending.plan.model.id, pending.state) == (SMALLEST, SETTING_UP)
    assert running(world) == [current.id]
    assert not world.settings.wizard_done
    assert "Back to the chat" in person.find("chat-now").text()  # type: ignore[attr-defined]
    world.hub.behaviours[slow] = Behaviour()
    person.waits_for(WizardPage.PROOF)
    assert running(world) == [pending.id]
    assert [(one.plan.model.id, one.state) for one in world.journal.open()] == [(SMALLEST, READY)]
    assert watcher.states == ["fetching", "starting", "done"]
    assert world.hub.sent[slow] == len(CONTENT)


def test_a_pause_leaves_the_way_back_to_the_chat(person: Person, world: World, slow: str) -> None:
    watcher = fetching(person, world, slow)
    chats(person, watcher)
    person.click("secondary")
    person.waits_until(lambda: person.setup.phase is Phase.PAUSED)
    chats(person, watcher)
    assert world.journal.pending() is not None, "what is paused was given up"
    world.hub.behaviours.clear()
    person.click("secondary")
    person.waits_for(WizardPage.PROOF)
    assert world.hub.sent[slow] < 2 * len(CONTENT)
    assert watcher.states[-1] == "done"


def test_the_model_one_has_goes_on_answering(person: Person, world: World, slow: str) -> None:
    """Nobody who has a DeepSeek model gets the starter in its place while a new one comes."""
    watcher = Watcher(person)
    person.to_plan()
    plan = person.window.state.plan
    assert plan is not None
    line, world.hub.behaviours[slow] = world.hub.behaviours[slow], Behaviour()
    parts = (world.providers, world.journal, world.places, silent, CancelToken())
    had = deploy(replace(plan, id="of-before"), *parts).handle.deployment_id
    shutil.rmtree(world.model_folder)
    world.hub.behaviours[slow] = line
    person.click("primary")
    person.waits_until(lambda: "goes on answering" in person.reads())
    chats(person, watcher)
    assert running(world) == [had]
    assert not watcher.ready[0].model.starter
    pending = world.journal.pending()
    assert pending is not None
    assert pending.plan.id == plan.id


def test_what_goes_wrong_with_the_starter_has_its_card_in_place(
    person: Person, world: World, slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, errors = meanwhile.deploy, [AppError("unexpected", remedy="try_again")]

    def once(*given):  # type: ignore[no-untyped-def]
        if errors:
            raise errors.pop()
        return real(*given)

    monkeypatch.setattr(meanwhile, "deploy", once)
    watcher = fetching(person, world, slow)
    person.click("chat-now")
    person.waits_until(lambda: person.sees("error-card"))
    assert person.setup.phase is Phase.WORKING
    person.click("starter-remedy")
    person.waits_until(lambda: bool(watcher.ready))
    assert not person.sees("error-card")


def test_who_stays_with_the_starter_keeps_nothing_else_pending(
    person: Person, world: World, slow: str
) -> None:
    """After a failure of the chosen one the starter is the plan, and it is the only one."""
    chats(person, fetching(person, world, slow))
    world.hub.behaviours[slow] = Behaviour(status=404)
    person.click("secondary")
    person.waits_until(lambda: person.setup.phase is Phase.PAUSED)
    person.click("secondary")
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    person.click("way-small")
    person.waits_for(WizardPage.PROOF)
    assert person.window.state.endpoint is not None
    assert person.window.state.endpoint.model.starter
    assert "not DeepSeek" in person.reads()
    assert [(one.plan.model.starter, one.state) for one in world.journal.open()] == [(True, READY)]
    assert len(running(world)) == 1


@pytest.mark.parametrize("good", [True, False])
def test_who_writes_somewhere_else_is_not_interrupted(
    person: Person, world: World, slow: str, qtbot: QtBot, good: bool
) -> None:
    watcher = fetching(person, world, slow)
    place, line = QStackedWidget(), QLineEdit()
    qtbot.addWidget(place)
    place.addWidget(person.window)
    place.addWidget(line)
    place.setCurrentWidget(line)
    with qtbot.waitActive(place):
        place.show()
        place.activateWindow()
    line.setFocus()
    if not good:
        world.server.chat = (b"data: [DONE]\n\n",)
    world.hub.behaviours[slow].bytes_per_s = None
    ended = "done" if good else "failed"
    person.waits_until(lambda: watcher.states[-1:] == [ended])
    assert QApplication.focusWidget() is line
    place.setCurrentWidget(person.window)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert person.window.isAncestorOf(focus)
    if good:
        assert focus.objectName() == "primary"
    place.removeWidget(person.window)
    person.window.setParent(None)  # each goes by itself at the end


def test_undo_takes_the_starter_away_as_well(person: Person, world: World, slow: str) -> None:
    watcher = fetching(person, world, slow)
    chats(person, watcher)
    person.click("back")
    person.click("undo")
    person.waits_until(lambda: person.setup.phase is Phase.UNDONE)
    assert world.journal.open() == ()
    assert running(world) == []
    assert not list(Path(world.model_folder).rglob("*.gguf*"))
    assert watcher.coming[-1] is None


def test_undo_while_the_starter_is_being_set_up(person: Person, world: World, slow: str) -> None:
    """Both works end before anything is taken away."""
    for engine in world.engines.values():
        engine._polls_to_run = 10**9
    fetching(person, world, slow)
    person.click("chat-now")
    person.waits_until(lambda: any(engine.started for engine in world.engines.values()))
    person.click("back")
    person.click("undo")
    person.waits_until(lambda: person.setup.phase is Phase.UNDONE)
    assert world.journal.open() == ()


def test_the_next_start_goes_on_with_the_chosen_one(
    person: Person, open_wizard: Callable[[], Person], world: World, slow: str
) -> None:
    chats(person, fetching(person, world, slow))
    person.setup._task.cancel()  # as when the program ends
    person.waits_until(lambda: person.setup.phase is Phase.PAUSED)
    person.window.hide()
    again = open_wizard()
    watcher = Watcher(again)
    again.waits_for(WizardPage.SETUP)
    assert again.window.state.plan is not None
    assert again.window.state.plan.model.id == SMALLEST
    chats(again, watcher)  # the starter is there still
    world.hub.behaviours.clear()
    again.waits_for(WizardPage.PROOF)
    assert len(running(world)) == 1
