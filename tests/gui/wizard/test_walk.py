"""The whole walk: with the mouse, with the keyboard, left in the middle and taken up again."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from core.domain import Endpoint, Sensitivity
from core.settings import load_settings
from core.setup.flow import WizardPage
from gui import language, tasks
from tests.gui.wizard.person import Person
from tests.gui.wizard.world import CONTENT, SMALLEST, World
from tests.stand_ins.file_server import Behaviour


@pytest.mark.parametrize("words", ["en", "zh_CN"])
def test_from_the_welcome_to_a_model_that_answers(person: Person, world: World, words: str) -> None:
    language.switch(words)
    ended: list[Endpoint] = []
    person.window.finished.connect(ended.append)

    person.to_plan()
    recommended = person.window.state.recommendation
    assert recommended is not None
    assert recommended.model is not None
    assert recommended.model.id == SMALLEST
    assert "DeepSeek-R1-Distill-Qwen-1.5B" in person.reads()

    person.click("primary")
    person.waits_for(WizardPage.PROOF)
    assert "Paris it is." in person.reads()
    assert person.missing() == []

    assert not ended
    person.click("primary")
    (endpoint,) = ended
    assert endpoint.model.id == SMALLEST
    assert endpoint.proof is not None
    assert world.engines[endpoint.engine].started == [SMALLEST]


def test_with_the_keyboard_alone(person: Person, qapp: QApplication) -> None:
    ended: list[Endpoint] = []
    person.window.finished.connect(ended.append)
    person.key(Qt.Key.Key_Return)
    person.waits_until(lambda: person.window.state.probe is not None)
    person.waits_until(lambda: person.window.footer.primary.hasFocus())
    person.key(Qt.Key.Key_Return)
    assert person.window.state.page is WizardPage.QUESTIONS

    person.key(Qt.Key.Key_Space)  # the first choice of the first question
    person.key(Qt.Key.Key_Down)  # the second
    for _ in ("cost", "how long"):
        person.key(Qt.Key.Key_Tab)
        person.key(Qt.Key.Key_Space)
    assert person.window.state.answers is not None
    assert person.window.state.answers.sensitivity is Sensitivity.PRIVATE

    tab_to(person, "primary")
    person.key(Qt.Key.Key_Return)
    person.waits_for_advice()
    tab_to(person, "primary")
    person.key(Qt.Key.Key_Return)
    person.waits_for(WizardPage.PROOF)
    tab_to(person, "primary")
    person.key(Qt.Key.Key_Return)
    assert len(ended) == 1


def tab_to(person: Person, name: str) -> None:
    for _ in range(40):
        focus = QApplication.focusWidget()
        if focus is not None and focus.objectName() == name:
            return
        person.key(Qt.Key.Key_Tab)
    raise AssertionError(f"the Tab key does not reach {name}")


def test_back_and_the_rail_lead_back_and_keep_the_answers(person: Person) -> None:
    person.to_plan()
    plan = person.window.state.plan
    person.click("back")
    assert person.window.state.page is WizardPage.QUESTIONS
    assert person.window.state.plan is plan
    person.click("rail-computer")
    assert person.window.state.page is WizardPage.COMPUTER
    person.click("primary")
    person.click("primary")
    assert person.window.state.page is WizardPage.PLAN
    assert person.window.state.plan is plan


def test_another_answer_makes_another_plan(person: Person) -> None:
    person.to_plan()
    before = person.window.state.advice
    person.click("back")
    person.click("choice-public")
    assert person.window.state.advice is None
    person.click("primary")
    person.waits_for_advice()
    assert person.window.state.advice is not before
    assert person.window.state.plan is not None


def test_whoever_leaves_comes_back_to_the_same_page_with_the_same_answers(
    person: Person, world: World, open_wizard: Callable[[], Person]
) -> None:
    person.to_plan("private", "some", "months")
    person.waits_until(lambda: not person.window._saver.busy)
    person.window.close()
    on_disk = load_settings(world.places.state / "settings.json").settings
    assert on_disk.wizard_page == "plan"
    assert on_disk.answers is not None
    assert on_disk.answers.budget.amount == Decimal(300)

    again = open_wizard()
    again.waits_for(WizardPage.PLAN)
    again.waits_for_advice()
    assert again.window.state.answers == on_disk.answers
    assert again.window.state.plan is not None


def test_a_set_up_that_was_cut_off_goes_on_at_the_next_start(
    person: Person, world: World, open_wizard: Callable[[], Person]
) -> None:
    path = next(path for path in world.hub.files if SMALLEST in path and path.endswith(".gguf"))
    world.hub.behaviours[path] = Behaviour(bytes_per_s=60_000)
    person.to_setup()
    person.waits_until(lambda: world.hub.sent[path] > 20_000)
    person.waits_until(lambda: not person.window._saver.busy)
    tasks.cancel_all()  # as quitting does
    world.hub.behaviours.clear()

    again = open_wizard()
    again.waits_for(WizardPage.PROOF)
    assert again.window.state.endpoint is not None
    assert world.hub.sent[path] < 2 * len(CONTENT)


def test_the_language_is_kept_for_the_next_start(person: Person, world: World) -> None:
    person.looks()
    person.click("language")
    assert language.current() == "zh_CN"
    person.waits_until(lambda: not person.window._saver.busy)
    on_disk = load_settings(world.places.state / "settings.json").settings
    assert on_disk.language == "zh_CN"
    assert on_disk.wizard_page == "computer"
