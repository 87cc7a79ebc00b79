"""The wizard in the real window: the keyboard works from the first moment on."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from gui.home.state import Mood
from gui.main_window import MainWindow
from gui.opening import Frame
from tests.gui.wizard.world import World


def test_who_opened_it_from_home_can_go_back_to_home(
    stands_on: object, world: World, qtbot: QtBot
) -> None:
    world.save(replace(world.settings, wizard_done=True))
    window = MainWindow(world)
    qtbot.addWidget(window, before_close_func=lambda _widget: setattr(app(), "leaving", True))
    window.show()
    home = window.home
    qtbot.waitUntil(lambda: home.look.mood is Mood.EMPTY)
    home.setup_wanted.emit()
    assert window.stack.currentWidget() is window.wizard
    window.wizard.welcome.home.click()
    assert window.stack.currentWidget() is home


def app() -> QApplication:
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


def test_enter_begins_in_the_window_as_it_is_started(
    stands_on: object, world: World, qtbot: QtBot
) -> None:
    frame = Frame("light")
    qtbot.addWidget(frame, before_close_func=lambda widget: setattr(widget, "inside", None))
    with qtbot.waitActive(frame):
        frame.show()
        frame.activateWindow()
    window = MainWindow(world)
    frame.hold(window)
    qtbot.waitUntil(lambda: QApplication.focusWidget() is not None)
    focus = QApplication.focusWidget()
    assert focus is not None
    assert focus.objectName() == "primary"
    QTest.keyClick(focus, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: window.wizard.state.probe is not None)
