"""The window stays alive: the GUI thread is never held up for long while a person walks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtTest import QTest

from core.assembly import Assembly
from core.setup.flow import WizardPage
from gui import language
from tests.gui.heartbeat import Heartbeat
from tests.gui.wizard.person import Person
from tests.gui.wizard.world import SMALLEST, World

# Of this thread's own time, so that a computer busy with other things makes little difference.
LONGEST_S = 0.05
# The style sheet is asked again for every widget there is. Somebody does that once.
LONGEST_LANGUAGE_S = 0.6


@pytest.mark.parametrize("words", ["en", "zh_CN"])
def test_the_walk_never_holds_the_window_up(
    stands_on: Callable[[str], None], world: World, open_wizard: Callable[[], Person], words: str
) -> None:
    stands_on("laptop-16gb-integrated")  # where the smallest comes first
    person = open_wizard()
    language.switch(words)
    QTest.qWait(1500)  # the person reads; the next pages are made meanwhile
    heart = Heartbeat()
    on = heart.during
    on("look", person.looks)
    on("to questions", lambda: person.click("primary"))
    for choice in ("private", "nothing", "years"):
        on(f"answer {choice}", lambda name=choice: person.click(f"choice-{name}"))  # type: ignore[misc]
    on("to plan", lambda: person.click("primary"))
    advice = person.window.state.advice
    assert advice is not None
    first = advice.recommendations[0].model
    assert first is not None
    assert first.id == SMALLEST
    on("other plan", lambda: person.click("other-1"))
    on("back", lambda: person.click("back"))
    on("forward", lambda: person.click("primary"))
    on("language", lambda: language.switch("en" if words == "zh_CN" else "zh_CN"))
    if person.window.state.chosen:
        on("again", lambda: person.click("other-0"))
    on("begin", lambda: person.click("primary"))
    on("set up", lambda: person.waits_for(WizardPage.PROOF))
    on("proof", lambda: None)
    assert heart.worst.pop("language") < LONGEST_LANGUAGE_S
    assert heart.slow(LONGEST_S) == {}


@pytest.mark.parametrize("words", ["en", "zh_CN"])
def test_a_changed_figure_never_holds_the_window_up(
    stands_on: Callable[[str], None], world: World, open_wizard: Callable[[], Person], words: str
) -> None:
    stands_on("rtx4070-12gb")
    _all_models(world)
    language.switch(words)
    person = open_wizard()
    QTest.qWait(1500)
    person.looks()
    person.click("primary")
    person.answers("public", "more", "years")
    heart = Heartbeat()
    on = heart.during
    on("to plan", lambda: person.click("primary"))
    on("count the card", lambda: person.click("count-card"))
    on("open the sheet", lambda: person.click("link"))
    field = person.find("figure-hours_per_day")
    field.setFocus()
    on("select", field.selectAll)  # type: ignore[attr-defined]
    on("a figure", lambda: QTest.keyClicks(field, "5"), 400)
    for section in ("prices", "others", "guide", "checks", "figures"):
        on(section, lambda name=section: person.click(f"section-{name}"))  # type: ignore[misc]
    on("close", lambda: person.click("close"))
    advice = person.window.state.advice
    assert advice is not None
    assert advice.inputs is not None
    assert (advice.inputs.hours_per_day, advice.inputs.count_hardware) == (5.0, True)
    assert heart.slow(LONGEST_S) == {}


def _all_models(world: World) -> None:
    """The whole catalogue, of which the small files of this world can be fetched."""
    everything = Assembly(world.places).catalog
    served = {model.id: model for model in world.catalog.models}
    models = tuple(served.get(model.id, model) for model in everything.models)
    world.__dict__["catalog"] = replace(everything, models=models)
