"""Setting up: paused, undone, mended, and the starter in its place."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtGui import QGuiApplication

from core.domain import EngineKind
from core.errors import AppError
from core.setup.flow import WizardPage
from gui import language
from gui.wizard import setup
from gui.wizard.setup import Phase
from tests.gui.wizard.person import Person
from tests.gui.wizard.world import CONTENT, SMALLEST, World
from tests.stand_ins.file_server import Behaviour


def path_of(world: World, model_id: str = SMALLEST) -> str:
    """Where the hub serves the file of this model."""
    return next(path for path in world.hub.files if model_id in path and path.endswith(".gguf"))


@pytest.fixture
def slow(world: World) -> str:
    """The hub sends half of the model's file and then nothing more."""
    path = path_of(world)
    world.hub.behaviours[path] = Behaviour(bytes_per_s=60_000)
    return path


def test_a_pause_keeps_what_has_arrived(person: Person, world: World, slow: str) -> None:
    person.to_setup()
    person.waits_until(lambda: world.hub.sent[slow] > 20_000)
    assert not any(step.can_go for step in _rail(person))
    person.click("secondary")
    person.waits_until(lambda: person.setup.phase is Phase.PAUSED)
    world.hub.behaviours.clear()
    person.click("secondary")
    person.waits_for(WizardPage.PROOF)
    assert world.hub.sent[slow] < 2 * len(CONTENT)


def _rail(person: Person):  # type: ignore[no-untyped-def]
    from core.setup.flow import rail

    return rail(person.window.state)


def test_cancel_asks_once_and_takes_everything_away(
    person: Person, world: World, slow: str
) -> None:
    person.to_setup()
    person.waits_until(lambda: world.hub.sent[slow] > 20_000)
    person.click("back")
    person.click("stay")
    assert person.setup.phase is Phase.WORKING
    person.click("back")
    person.click("undo")
    person.waits_until(lambda: person.setup.phase is Phase.UNDONE)
    assert world.journal.open() == ()
    assert not list(Path(world.model_folder).rglob("*.gguf*"))
    person.click("primary")
    assert person.window.state.page is WizardPage.PLAN
    assert not person.window.state.begun
    world.hub.behaviours.clear()
    person.click("primary")
    person.waits_for(WizardPage.PROOF)


def test_an_error_has_a_card_and_trying_again_goes_on(person: Person, world: World) -> None:
    world.hub.behaviours[path_of(world)] = Behaviour(status=404)
    person.to_setup()
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    assert person.sees("error-card")
    assert person.sees("mini-steps")
    for words in ("en", "zh_CN"):
        language.switch(words)
        assert person.missing() == []
    world.hub.behaviours.clear()
    person.click("remedy")
    person.waits_for(WizardPage.PROOF)


@pytest.fixture
def fails(monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """Makes the set-up fail once with this error; then the real one runs."""
    real = setup.deploy
    plans = []

    def fail_with(error: AppError) -> list:  # type: ignore[type-arg]
        errors = [error]

        def once(plan, *rest):  # type: ignore[no-untyped-def]
            plans.append(plan)
            if errors:
                raise errors.pop()
            return real(plan, *rest)

        monkeypatch.setattr(setup, "deploy", once)
        return plans

    return fail_with


@pytest.mark.parametrize("remedy", ["try_again", "free_disk", "check_internet", "start_docker"])
def test_what_the_person_has_mended_is_tried_again(person: Person, fails, remedy: str) -> None:
    plans = fails(AppError("unexpected", remedy=remedy))
    person.to_setup()
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    person.click("remedy")
    person.waits_for(WizardPage.PROOF)
    assert plans[0] == plans[1]


@pytest.mark.parametrize("button", ["remedy", "way-builtin"])
def test_without_docker_the_built_in_engine_takes_over(
    person: Person, world: World, stands_on, fails, button: str
) -> None:
    stands_on("rtx2080-old-driver")
    remedy = "use_builtin" if button == "remedy" else "start_docker"
    plans = fails(AppError("unexpected", remedy=remedy))
    person.to_setup()
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    assert plans[0].engine is EngineKind.LLAMA_CPP
    person.click(button)
    person.waits_for(WizardPage.PROOF)
    assert plans[1].engine is EngineKind.BUILTIN
    assert world.engines[EngineKind.BUILTIN].started == [SMALLEST]
    assert world.engines[EngineKind.LLAMA_CPP].started == []


@pytest.mark.parametrize("button", ["remedy", "way-plan"])
def test_a_smaller_model_is_chosen_on_the_plan_page(person: Person, fails, button: str) -> None:
    remedy = "choose_smaller" if button == "remedy" else "try_again"
    fails(AppError("unexpected", remedy=remedy))
    person.to_setup()
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    person.click(button)
    assert person.window.state.page is WizardPage.PLAN
    assert not person.window.state.begun
    assert person.find("primary").isEnabled()


def test_a_report_is_copied(person: Person, fails) -> None:
    fails(AppError("unexpected", detail="the cause", remedy="save_report"))
    person.to_setup()
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    person.click("remedy")
    assert "the cause" in QGuiApplication.clipboard().text()
    assert person.setup.phase is Phase.FAILED


def test_another_folder_for_the_models_is_used_and_kept(
    person: Person, world: World, fails, tmp_path: Path
) -> None:
    plans = fails(AppError("unexpected", remedy="choose_folder"))
    person.to_setup()
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    person.setup.ask_folder = lambda _window, _begin: ""
    person.click("remedy")
    assert person.setup.phase is Phase.FAILED
    person.setup.ask_folder = lambda _window, _begin: str(tmp_path / "there")
    person.click("remedy")
    person.waits_until(lambda: len(plans) == 2)
    assert plans[1].model_folder == str(tmp_path / "there")
    person.waits_until(lambda: world.settings.model_folder == str(tmp_path / "there"))


def test_another_file_of_one_s_own_is_used(person: Person, fails, tmp_path: Path) -> None:
    plans = fails(AppError("unexpected", remedy="choose_file"))
    person.to_setup()
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    person.setup.ask_file = lambda _window, _begin: str(tmp_path / "mine.gguf")
    person.click("remedy")
    person.waits_until(lambda: len(plans) == 2)
    assert plans[1].local_file == str(tmp_path / "mine.gguf")


def test_an_undo_that_fails_can_be_repeated(
    person: Person, world: World, slow: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, errors = setup.undo, [AppError("unexpected", remedy="try_again")]

    def once(*given, **named):  # type: ignore[no-untyped-def]
        if errors:
            raise errors.pop()
        return real(*given, **named)

    monkeypatch.setattr(setup, "undo", once)
    person.to_setup()
    person.waits_until(lambda: world.hub.sent[slow] > 20_000)
    person.click("back")
    person.click("undo")
    person.waits_until(lambda: person.setup.phase is Phase.FAILED)
    person.click("remedy")
    person.waits_until(lambda: person.setup.phase is Phase.UNDONE)
    assert world.journal.open() == ()
