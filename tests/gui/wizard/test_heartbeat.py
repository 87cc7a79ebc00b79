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

# Of this thread's own time, so that a computer busy with other things makes no difference. The
# promise is 0.05 s; a computer that runs tests may be slower than a person's.
LONGEST_S = 0.1
# The style sheet is asked again for every widget there is. Somebody does that once.
LONGEST_LANGUAGE_S = 0.6


@pytest.mark.parametrize("words", ["en", "zh_CN"])
def test_the_walk_never_holds_the_window_up(
    stands_on: Callable[[str], None], world: World, open_wizard: Callable[[], Person], words: str
) -> None:
    stands_on("rtx4070-12gb")
    everything = Assembly(world.places).catalog
    served = {model.id: model for model in world.catalog.models}
    models = tuple(served.get(model.id, model) for model in everything.models)
    world.__dict__["catalog"] = replace(everything, models=models)
    person = open_wizard()
    language.switch(words)
    QTest.qWait(1500)  # the person reads; the next pages are made meanwhile
    heart = Heartbeat()

    def on(where: str, act: Callable[[], None]) -> None:
        heart.enter(where)
        act()
        QTest.qWait(200)
        heart.enter("")

    on("look", person.looks)
    on("to questions", lambda: person.click("primary"))
    for choice in ("private", "nothing", "years"):
        on(f"answer {choice}", lambda name=choice: person.click(f"choice-{name}"))  # type: ignore[misc]
    on("to plan", lambda: person.click("primary"))
    advice = person.window.state.advice
    assert advice is not None
    lines = [line.model.id if line.model else "" for line in advice.recommendations]
    if person.sees("show-all"):
        on("show all", lambda: person.click("show-all"))
    on("other plan", lambda: person.click(f"other-{lines.index(SMALLEST)}"))
    on("back", lambda: person.click("back"))
    on("forward", lambda: person.click("primary"))
    on("language", lambda: language.switch("en" if words == "zh_CN" else "zh_CN"))
    if person.sees("show-all"):
        on("show all", lambda: person.click("show-all"))
    if (chosen := person.window.state.recommendation) and chosen.model.id != SMALLEST:
        on("again", lambda: person.click(f"other-{lines.index(SMALLEST)}"))
    on("begin", lambda: person.click("primary"))
    on("set up", lambda: person.waits_for(WizardPage.PROOF))
    on("proof", lambda: None)
    told = {name: round(gap * 1000) for name, gap in heart.worst.items() if name}
    assert told.pop("language") < LONGEST_LANGUAGE_S * 1000
    slow = {name: gap for name, gap in told.items() if gap > LONGEST_S * 1000}
    assert slow == {}
