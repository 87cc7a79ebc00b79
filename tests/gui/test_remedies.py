"""Every button that an error card can have does something, in the wizard and at home."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from core.assembly import ASSETS, Assembly
from core.edges.places import Places
from core.errors import AppError
from core.text import LANGUAGES
from gui.home.window import HomeWindow
from gui.remedies import WAYS, Way
from gui.widgets.error_dialog import ErrorDialog
from gui.wizard.setup import SetupPage
from tests.gui.home.parts import Serve, an_assembly

_BUTTON = re.compile(r'^msgid "remedy\.([a-z_0-9]+)\.button"$', re.MULTILINE)


def _with_a_button() -> set[str]:
    rooms = [room for one in LANGUAGES for room in (ASSETS / "text" / one).glob("*.po")]
    return {code for room in rooms for code in _BUTTON.findall(room.read_text("utf-8"))}


def test_every_remedy_with_a_button_has_its_way() -> None:
    found = _with_a_button()
    assert len(found) > 10
    assert found == set(WAYS)


def test_the_wizard_and_home_know_every_way(qtbot: QtBot, tmp_path: Path) -> None:
    folder = tmp_path / "state"
    setup = SetupPage(Assembly(Places(state=folder, models=folder, logs=folder)))
    home = HomeWindow(an_assembly(tmp_path), serve=Serve())
    for widget in (setup, home):
        qtbot.addWidget(widget)
        assert set(widget.acts) == set(Way)
    with qtbot.waitSignal(home.watch.looked):
        home.watch.look()


@pytest.mark.parametrize("remedy", sorted(WAYS))
def test_a_card_that_no_page_was_there_for_keeps_its_promise(qtbot: QtBot, remedy: str) -> None:
    dialog, done = ErrorDialog(), []
    qtbot.addWidget(dialog)
    dialog.show_error(AppError("unexpected", remedy=remedy), lambda: done.append(remedy))
    dialog.show()
    dialog.card.button.click()
    report = WAYS[remedy] is Way.REPORT
    assert dialog.isVisible() is report
    assert done == ([] if report else [remedy])
