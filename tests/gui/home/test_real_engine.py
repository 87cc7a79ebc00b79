"""The home window on the real built-in engine with the real starter model, driven by hand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialog, QLabel, QPushButton, QWidget
from pytestqt.qtbot import QtBot

from core.assembly import Assembly, assemble
from core.domain import EngineKind, Sampling, Step
from core.progress import CancelToken, silent
from core.serve import endpoint as serving
from core.setup.deploy import deploy
from gui.chat.conversation import AnswerState
from gui.home.state import Mood
from gui.home.window import HomeWindow
from tests.contract.launches import STARTER, make_plan

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(240)]

_STEPS = ("check_engine", "fetch_engine", "fetch_model", "create", "load", "rehearse")


@pytest.fixture
def assembly(tmp_path: Path, starter_model: Path) -> Iterator[Assembly]:
    """The real parts, with the starter model set up and running."""
    parts = assemble({"DEEPBERTH_HOME": str(tmp_path)})
    steady = Sampling(temperature=0.0, max_tokens=200)  # the same answer each time, never endless
    plan = make_plan(
        EngineKind.BUILTIN,
        model=replace(STARTER, sampling=steady),
        model_folder=str(tmp_path / "models"),
        local_file=str(starter_model),
        steps=tuple(Step(id=name, weight=1.0) for name in _STEPS),
    )
    deploy(plan, parts.providers, parts.journal, parts.places, silent, CancelToken())
    yield parts
    serving.remove(parts.journal, parts.providers, models=False)
    parts.journal.close_file()


def _button(window: QWidget, name: str) -> QPushButton:
    return next(one for one in window.findChildren(QPushButton, name) if one.isVisible())


def _settled(qtbot: QtBot, window: HomeWindow, mood: Mood) -> None:
    qtbot.waitUntil(lambda: window.look.mood is mood, timeout=60_000)


def test_ask_stop_start_ask_again_and_remove(qtbot: QtBot, assembly: Assembly) -> None:
    window = HomeWindow(assembly)
    qtbot.addWidget(window)
    window.show()
    _settled(qtbot, window, Mood.RUNNING)
    assert float(window.findChild(QLabel, "figure-speed").text().replace(",", "")) > 0

    _ask(qtbot, window, "What is the capital of France?")
    answer = window.chat.conversation.turns[-1].answer
    assert answer.state is AnswerState.DONE
    assert "Paris" in answer.text
    assert answer.done is not None
    assert answer.done.where == "this_computer"

    window.chat.composer.put("Write a long story about a lighthouse keeper and his boat.")
    QTest.keyClick(window.chat.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: len(window.chat.conversation.turns[-1].answer.text) > 20, timeout=30_000
    )
    QTest.keyClick(window.chat.composer.editor, Qt.Key.Key_Escape)
    assert window.chat.conversation.turns[-1].answer.state is AnswerState.STOPPED

    _button(window, "status-act").click()
    _settled(qtbot, window, Mood.STOPPED)
    assert not window.chat.composer._ready
    _button(window, "status-act").click()
    _settled(qtbot, window, Mood.RUNNING)
    _ask(qtbot, window, "What is the capital of France?")
    assert "Paris" in window.chat.conversation.turns[-1].answer.text

    window.show_page("settings")
    _button(window, "remove-model").click()
    _button(window.findChild(QDialog, "remove-dialog"), "remove-go").click()
    _settled(qtbot, window, Mood.EMPTY)
    words = [one.text() for one in window.findChildren(QLabel) if one.isVisible()]
    assert any("were removed." in one for one in words)
    assert not any("[" in one for one in words), words


def _ask(qtbot: QtBot, window: HomeWindow, question: str) -> None:
    window.show_page("chat")
    _button(window.chat, "new-chat").click()
    QTest.keyClicks(window.chat.composer.editor, question)
    QTest.keyClick(window.chat.composer.editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not window.chat.conversation.running, timeout=60_000)
