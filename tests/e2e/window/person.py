"""Drives the real window as a person would: looks for what is on the screen, clicks and types."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QTextBrowser, QWidget
from pytestqt.exceptions import TimeoutError as QtTimeout
from pytestqt.qtbot import QtBot

from gui.main_window import MainWindow


class Person:
    """Everything is found by what is visible; nothing inside the program is called."""

    def __init__(self, window: MainWindow, qtbot: QtBot, pictures: Path, name: str) -> None:
        self.window, self.qtbot = window, qtbot
        self._pictures, self._name, self._taken = pictures, name, 0

    def sees(self, name: str) -> bool:
        return self._visible(name) is not None

    def waits_for(self, name: str, timeout_s: float = 20) -> QWidget:
        """The widget of this name, once it is on the screen and can be used."""
        self.waits_until(lambda: self._usable(name) is not None, timeout_s)
        widget = self._usable(name)
        assert widget is not None
        return widget

    def waits_until(self, what: Callable[[], bool], timeout_s: float = 20) -> None:
        try:
            self.qtbot.waitUntil(what, timeout=int(timeout_s * 1000))
        except QtTimeout:
            self.window.grab().save(str(self._pictures / f"{self._name}-failed.png"))
            raise

    def clicks(self, name: str, timeout_s: float = 20) -> None:
        QTest.mouseClick(self.waits_for(name, timeout_s), Qt.MouseButton.LeftButton)

    def types(self, words: str) -> None:
        """Into whatever has the focus."""
        QTest.keyClicks(self._focus(), words)

    def presses_enter(self) -> None:
        QTest.keyClick(self._focus(), Qt.Key.Key_Return)

    @staticmethod
    def _focus() -> QWidget:
        focus = QApplication.focusWidget()
        assert focus is not None, "nothing has the focus"
        return focus

    def reads(self) -> str:
        """Every word on the screen."""
        labels = [w.text() for w in self.window.findChildren(QLabel) if w.isVisible()]
        answers = [w.toPlainText() for w in self.window.findChildren(QTextBrowser) if w.isVisible()]
        return "\n".join([*labels, *answers])

    def takes_picture(self, what: str) -> None:
        """Keeps a picture, and fails on a sentence that is missing in this language."""
        self._taken += 1
        picture = self._pictures / f"{self._name}-{self._taken:02}-{what}.png"
        self._settles()
        assert self.window.grab().save(str(picture))
        missing = re.findall(r"\[[a-z_]+\.[a-z_.0-9]+\]", self.reads())
        assert not missing, f"sentences that do not exist: {missing}"

    def _settles(self) -> None:
        """Waits until two looks in a row show the same, at most two seconds."""
        before = self.window.grab().toImage()
        for _ in range(20):
            self.qtbot.wait(100)
            now = self.window.grab().toImage()
            if now == before:
                return
            before = now

    def _visible(self, name: str) -> QWidget | None:
        tops = [self.window, *QApplication.topLevelWidgets()]
        for top in tops:
            for widget in top.findChildren(QWidget, name):
                if widget.isVisible():
                    return widget
        return None

    def _usable(self, name: str) -> QWidget | None:
        widget = self._visible(name)
        return widget if widget is not None and widget.isEnabled() else None
