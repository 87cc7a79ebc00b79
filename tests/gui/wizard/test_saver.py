"""Settings of the walk are written in order, and nobody else's change is undone."""

from __future__ import annotations

from dataclasses import replace

from pytestqt.qtbot import QtBot

from core.settings import load_settings
from gui.wizard.saver import Saver
from tests.gui.wizard.world import World


def test_the_last_one_wins_and_what_others_saved_stays(world: World, qtbot: QtBot) -> None:
    saver = Saver(world)
    world.save(replace(world.settings, theme="dark"))  # by another window
    for page in ("computer", "questions", "plan"):
        saver.save(replace(saver.latest, wizard_page=page))
    assert saver.latest.wizard_page == "plan"
    qtbot.waitUntil(lambda: not saver.busy)
    on_disk = load_settings(world.places.state / "settings.json").settings
    assert (on_disk.wizard_page, on_disk.theme) == ("plan", "dark")
    assert saver.latest == world.settings == on_disk


def test_a_full_disk_does_not_stop_the_walk(world: World, qtbot: QtBot) -> None:
    world.places.state.joinpath("settings.json").mkdir()  # cannot be replaced by a file
    saver = Saver(world)
    saver.save(replace(saver.latest, wizard_page="plan"))
    qtbot.waitUntil(lambda: not saver.busy)
    assert saver.latest.wizard_page == "welcome"
