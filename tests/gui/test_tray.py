"""The tray's menu says the state and only signals what is wanted. Offscreen there is no tray."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtGui import QAction
from pytestqt.qtbot import QtBot

from gui import language
from gui.language import say
from gui.tray import Tray, TrayState

RUNNING = TrayState(
    kind="running-local", line="Running", detail="R1 7B", can_stop=True, can_chat=True
)
STOPPED = TrayState(kind="stopped", line="Not running", can_start=True)


class State:
    def __init__(self, state: TrayState) -> None:
        self.now = state

    def __call__(self) -> TrayState:
        return self.now


def _action(tray: Tray, code: str) -> QAction:
    return next(action for action in tray.menu.actions() if action.text() == say(code))


def _texts(tray: Tray) -> list[str]:
    return [action.text() for action in tray.menu.actions() if action.text()]


def test_the_menu_while_it_runs(qtbot: QtBot) -> None:
    tray = Tray(State(RUNNING))
    assert _texts(tray)[:2] == ["Running", "R1 7B"]
    assert not tray.menu.actions()[0].isEnabled()
    assert say("shell.tray.start") not in _texts(tray)
    assert _action(tray, "shell.tray.new_chat").isEnabled()
    assert _texts(tray)[-1] == say("shell.tray.quit")


def test_the_menu_is_rebuilt_when_it_is_shown(qtbot: QtBot) -> None:
    state = State(RUNNING)
    tray = Tray(state)
    state.now = STOPPED
    tray.menu.aboutToShow.emit()
    assert _action(tray, "shell.tray.start").isEnabled()
    assert not _action(tray, "shell.tray.new_chat").isEnabled()
    state.now = replace(STOPPED, can_start=False)
    tray.update()
    assert not _action(tray, "shell.tray.start").isEnabled()


@pytest.mark.parametrize(
    ("state", "code", "name"),
    [
        (STOPPED, "start", "start_wanted"),
        (RUNNING, "stop", "stop_wanted"),
        (RUNNING, "new_chat", "new_chat_wanted"),
        (STOPPED, "open", "open_wanted"),
        (STOPPED, "quit", "quit_wanted"),
    ],
)
def test_each_entry_signals_what_is_wanted(
    qtbot: QtBot, state: TrayState, code: str, name: str
) -> None:
    tray = Tray(State(state))
    with qtbot.waitSignal(getattr(tray, name), timeout=500):
        _action(tray, f"shell.tray.{code}").trigger()


def test_it_changes_its_language(qtbot: QtBot) -> None:
    tray = Tray(State(STOPPED))
    language.switch("zh_CN")
    assert "退出" in _texts(tray)


def test_without_a_tray_nothing_breaks(qtbot: QtBot) -> None:
    tray = Tray(State(RUNNING))
    tray.show()
    assert not tray.there
    tray.tell("title", "sentence")
    tray.update()
    tray.hide()
