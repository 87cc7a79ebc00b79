"""The wizard in a world of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.progress import CancelToken, Progress, Reporter
from core.setup import waiting
from gui.wizard import computer
from gui.wizard.window import WizardWindow
from tests.gui.wizard.person import Person
from tests.gui.wizard.world import ANSWER, World, machine
from tests.stand_ins.engine import StandInEngine
from tests.stand_ins.file_server import FileServer


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(waiting, "POLL_S", 0.01)
    with FileServer() as hub, StandInEngine() as server:
        server.chat = ANSWER
        world = World(tmp_path, hub, server)
        yield world
        if "journal" in world.__dict__:
            world.journal.close_file()


@pytest.fixture
def stands_on(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Makes a recorded computer the one that is looked at."""

    def stand_on(name: str) -> None:
        def recorded(report: Reporter, token: CancelToken, *, places: object) -> object:
            for step in ("cpu", "memory", "disk", "gpu", "engine", "network"):
                token.check()
                report(Progress(step=step, finished=True))
            return machine(name)

        monkeypatch.setattr(computer, "detect", recorded)

    stand_on("laptop-16gb-integrated")
    return stand_on


@pytest.fixture
def open_wizard(
    world: World, stands_on: Callable[[str], None], qtbot: QtBot
) -> Callable[[], Person]:
    """Opens the wizard; again after that it is the next start of the app."""

    def open_it() -> Person:
        window = WizardWindow(world)
        qtbot.addWidget(window)
        window.resize(1080, 720)
        with qtbot.waitExposed(window):
            window.show()
        window.activateWindow()
        return Person(window, qtbot)

    return open_it


@pytest.fixture
def person(open_wizard: Callable[[], Person]) -> Person:
    return open_wizard()
