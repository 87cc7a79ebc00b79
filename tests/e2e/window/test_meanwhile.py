"""A first answer from the starter while the chosen model is still on its way, on real parts."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.assembly import Assembly, assemble
from core.domain import EngineKind, Handle
from core.setup.journal import READY
from gui import language, tasks, theme
from gui.main_window import MainWindow
from tests.e2e.window.person import Person
from tests.e2e.window.test_first_run import NO_DOCKER, NOT_DEEPSEEK, QUESTION
from tests.stand_ins.file_server import Behaviour, FileServer

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

CHOSEN = "deepseek-r1-distill-qwen-1.5b"
ANSWER_WITHIN_S = 120  # from the consent to a word of the starter
READY_SAYS = {"en": "is ready and answers from now on", "zh_CN": "从现在起由它回答"}


@pytest.fixture
def line(starter_model: Path) -> Iterator[tuple[FileServer, Behaviour]]:
    """A hub behind a slow line, and the line, which may become faster."""
    with FileServer() as hub:
        yield hub, Behaviour(bytes_per_s=1.5e6)


def an_assembly(home: Path, hub: FileServer, line: Behaviour, model_file: Path) -> Assembly:
    """The real one; what has to be downloaded for the chosen model are the starter's bytes."""
    assembly = assemble({"DEEPBERTH_HOME": str(home), "HF_ENDPOINT": hub.url, **NO_DOCKER})
    catalog = assembly.catalog
    chosen = next(model for model in catalog.models if model.id == CHOSEN)
    starter = next(model for model in catalog.models if model.starter)
    digest = hashlib.sha256(model_file.read_bytes()).hexdigest()
    quant = replace(
        next(quant for quant in chosen.quants if quant.sha256),
        repo="somebody/chosen",
        revision="0" * 40,
        size_bytes=model_file.stat().st_size,
        size_exact=True,
        sha256=digest,
        token_embd_bytes=0,
    )
    hub.add_model(quant.repo, quant.revision, quant.file, model_file, digest, line)
    # It is the small model that answers, so it is asked the way that one wants it.
    chosen = replace(
        starter,
        id=chosen.id,
        name=chosen.name,
        starter=False,
        distilled=True,
        quants=(quant,),
        scores=chosen.scores,
        sampling=replace(starter.sampling, max_tokens=60),
    )
    assembly.__dict__["catalog"] = replace(catalog, models=(chosen, starter))
    return assembly


@dataclass(frozen=True)
class Desk:
    """One person's computer: the program can be opened there more than once."""

    assembly: Assembly
    speed: Behaviour
    qtbot: QtBot
    pictures: Path

    @contextmanager
    def opens(self, name: str) -> Iterator[Person]:
        window = MainWindow(self.assembly)
        window.show()
        self.qtbot.waitExposed(window)
        try:
            yield Person(window, self.qtbot, self.pictures, f"meanwhile-{name}")
        finally:
            tasks.cancel_all(wait_s=5)
            window.hide()  # closing it would quit the application for the tests that follow
            window.deleteLater()

    def engines(self) -> tuple[Handle, ...]:
        provider = self.assembly.providers[EngineKind.BUILTIN]
        return provider.find_ours(self.assembly.journal.install_id)

    def has_both(self) -> bool:
        """The starter is whole and runs, the chosen one comes, and nothing is called done."""
        current, pending = self.assembly.journal.current(), self.assembly.journal.pending()
        assert current is not None
        assert pending is not None
        assert (current.plan.model.starter, current.state) == (True, READY)
        assert pending.plan.model.id == CHOSEN
        return len(self.engines()) == 1 and not self.assembly.settings.wizard_done

    def has_the_chosen_one(self) -> bool:
        opened = self.assembly.journal.open()
        assert [(one.plan.model.id, one.state) for one in opened] == [(CHOSEN, READY)]
        return len(self.engines()) == 1


@pytest.fixture
def desk(
    line: tuple[FileServer, Behaviour],
    starter_model: Path,
    qapp: QApplication,
    qtbot: QtBot,
    pictures: Path,
    tmp_path: Path,
) -> Iterator[Desk]:
    theme.apply(qapp, "light")
    assembly = an_assembly(tmp_path, *line, starter_model)
    desk = Desk(assembly, line[1], qtbot, pictures)
    yield desk
    for handle in desk.engines():
        assembly.providers[EngineKind.BUILTIN].delete(handle)
    assembly.journal.close_file()


@pytest.mark.parametrize("spoken", ["en", "zh_CN"])
def test_the_starter_answers_while_the_chosen_model_downloads(spoken: str, desk: Desk) -> None:
    language.switch(spoken)
    with desk.opens(spoken) as person:
        begun = consents(person)
        person.clicks("chat-now")
        asks(person)
        assert time.monotonic() - begun < ANSWER_WITHIN_S
        assert "Paris" in person.reads()
        assert NOT_DEEPSEEK[spoken] in person.reads()
        person.takes_picture("starter-answers")
        assert desk.has_both()
        person.clicks("see-progress")
        person.waits_for("chat-now")
        person.takes_picture("progress")
        person.clicks("chat-now")
        person.waits_for("see-progress", 30)
        desk.speed.bytes_per_s = None  # the rest comes at once
        person.waits_until(lambda: READY_SAYS[spoken] in person.reads(), timeout_s=60)
        person.waits_until(lambda: not person.sees("starter-chip"))
        person.clicks("new-chat", 30)
        asks(person)
        assert NOT_DEEPSEEK[spoken] not in person.reads()
        person.takes_picture("chosen-answers")
        assert desk.has_the_chosen_one()
        person.waits_until(lambda: desk.assembly.settings.wizard_done)
        person.clicks("see-progress")
        person.takes_picture("result")
        person.clicks("primary")
        person.waits_for("composer")
        assert not person.sees("see-progress")


def test_closed_and_opened_again_meanwhile(desk: Desk) -> None:
    """The set-up goes on by itself, and the starter still answers."""
    language.switch("en")
    with desk.opens("before") as person:
        consents(person)
        person.clicks("chat-now")
        person.clicks("composer", 60)
    assert desk.has_both()
    with desk.opens("after") as person:
        person.clicks("chat-now", 60)
        asks(person)
        person.takes_picture("starter-answers")
        assert desk.has_both()
        person.clicks("see-progress")
        desk.speed.bytes_per_s = None
        person.clicks("primary", 60)  # the proof, then its chat
        person.waits_for("composer")
        assert desk.has_the_chosen_one()
        person.waits_until(lambda: desk.assembly.settings.wizard_done)


def consents(person: Person) -> float:
    """From the first page to the set-up. Returns when it began."""
    person.clicks("primary")
    person.waits_for("fact-disk")
    person.clicks("primary")
    for choice in ("private", "nothing", "years"):
        person.clicks(f"choice-{choice}")
    person.clicks("primary")
    person.clicks("primary")
    begun = time.monotonic()
    person.waits_for("chat-now")
    person.takes_picture("offer")
    return begun


def asks(person: Person) -> None:
    person.clicks("composer", 60)
    person.waits_until(lambda: person.sees("see-progress"))
    person.types(QUESTION)
    person.waits_for("send")
    person.presses_enter()
    person.waits_for("meta", timeout_s=60)


def test_an_answer_in_the_making_keeps_what_it_has(desk: Desk) -> None:
    """The line at home says so beforehand; the next question goes to the chosen model."""
    language.switch("en")
    with desk.opens("cut") as person:
        consents(person)
        person.clicks("chat-now")
        person.clicks("composer", 60)
        assert "ends early" in person.reads()
        person.types("Write a very long story about a fox, with many chapters.")
        person.waits_for("send")
        person.presses_enter()
        person.waits_until(lambda: person.reads().count(" ") > 120)
        desk.speed.bytes_per_s = None
        person.waits_until(lambda: READY_SAYS["en"] in person.reads(), timeout_s=60)
        person.waits_until(lambda: not person.sees("starter-chip"))
        person.takes_picture("cut")
        assert person.reads().count(" ") > 120
        assert "broke off here" in person.reads()
        assert not person.sees("error-card")
        person.clicks("new-chat")
        asks(person)
        assert desk.has_the_chosen_one()
