"""Drives the wizard as a person would: by what is visible, with the mouse or the keyboard."""

from __future__ import annotations

import contextlib
import re

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QWidget
from pytestqt.exceptions import TimeoutError as QtTimeout
from pytestqt.qtbot import QtBot

from core.setup.flow import WizardPage
from gui.widgets.labels import Label
from gui.wizard.plan import PlanPage
from gui.wizard.setup import SetupPage
from gui.wizard.window import WizardWindow


class Person:
    def __init__(self, window: WizardWindow, qtbot: QtBot) -> None:
        self.window, self.qtbot = window, qtbot

    @property
    def setup(self) -> SetupPage:
        self.window.prepare(WizardPage.SETUP)
        page = self.window.pages[WizardPage.SETUP]
        assert isinstance(page, SetupPage)
        return page

    def find(self, name: str) -> QWidget:
        """The one visible widget of this name, also in a dialog."""
        seen = [
            widget
            for top in [self.window, *QApplication.topLevelWidgets()]
            for widget in top.findChildren(QWidget, name)
            if widget.isVisible()
        ]
        assert seen, f"nothing called {name} is on the screen"
        return seen[0]

    def sees(self, name: str) -> bool:
        return any(widget.isVisible() for widget in self.window.findChildren(QWidget, name))

    def click(self, name: str) -> None:
        widget = self.find(name)
        assert widget.isEnabled(), f"{name} is off"
        QTest.mouseClick(widget, Qt.MouseButton.LeftButton)

    def key(self, key: Qt.Key) -> None:
        focus = QApplication.focusWidget()
        assert focus is not None, "nothing has the focus"
        QTest.keyClick(focus, key)

    def waits_for(self, page: WizardPage) -> None:
        self.qtbot.waitUntil(lambda: self.window.state.page is page, timeout=20_000)

    def waits_until(self, what, timeout: int = 20_000) -> None:  # type: ignore[no-untyped-def]
        self.qtbot.waitUntil(what, timeout=timeout)

    def looks(self) -> None:
        """From the welcome page to the verdict about this computer."""
        self.click("primary")
        self.waits_until(lambda: self.window.state.probe is not None)

    def answers(self, private: str = "private", cost: str = "nothing", long: str = "years") -> None:
        for choice in (private, cost, long):
            self.click(f"choice-{choice}")

    def to_plan(self, *choices: str) -> None:
        self.looks()
        self.click("primary")
        self.answers(*choices)
        self.click("primary")
        self.waits_for_advice()

    def waits_for_advice(self) -> None:
        """The plan page comes up first, what it advises a moment later."""
        assert self.window.state.page is WizardPage.PLAN
        self.waits_until(lambda: self.window.state.advice is not None)
        self.waits_for_the_page()

    def waits_for_the_page(self) -> None:
        """The plan page shows its pictures a few events after its words."""
        page = self.window.page
        if isinstance(page, PlanPage):
            self.waits_until(lambda: page.whole)
        QTest.qWait(10)

    def to_setup(self) -> None:
        self.to_plan()
        self.click("primary")

    def reads(self) -> str:
        """Every text on the screen."""
        labels = [label for label in self.window.findChildren(QLabel) if label.isVisible()]
        return "\n".join(label.text() for label in labels if label.text())

    def missing(self) -> list[str]:
        """Sentences that are not there: they show as their code in brackets."""
        return re.findall(r"\[[a-z_]+\.[a-z_.0-9]+\]", self.reads())

    def waits_for_layout(self) -> None:
        """Labels get their height a few events after their width; a second is a very long time."""
        with contextlib.suppress(QtTimeout):
            self.waits_until(lambda: not self.cut_labels(), timeout=1000)

    def cut_labels(self) -> list[str]:
        """Texts on the screen that have less room than they need."""
        cut = []
        for label in self.window.findChildren(Label):
            if not label.isVisible() or not label.text():
                continue
            room = label.contentsRect()
            needs = label.heightForWidth(label.width()) if label.wordWrap() else 0
            if needs > label.height() or (
                not label.wordWrap() and label.sizeHint().width() > label.width()
            ):
                cut.append(f"{label.text()!r}: needs {needs}, has {room.height()}")
        return cut
