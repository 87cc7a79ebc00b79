"""A first answer from the starter while the chosen model is still on its way, on real parts."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import replace
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


@pytest.mark.parametrize("spoken", ["en", "zh_CN"])
def test_the_starter_answers_while_the_chosen_model_downloads(
    spoken: str,
    line: tuple[FileServer, Behaviour],
    starter_model: Path,
    qapp: QApplication,
    qtbot: QtBot,
    pictures: Path,
    tmp_path: Path,
) -> None:
    hub, speed = line
    assembly = an_assembly(tmp_path, hub, speed, starter_model)
    theme.apply(qapp, "light")
    language.switch(spoken)
    window = MainWindow(assembly)
    window.show()
    qtbot.waitExposed(window)
    person = Person(window, qtbot, pictures, f"meanwhile-{spoken}")
    try:
        begun = consents(person)
        person.clicks("chat-now")
        asks(person)
        assert time.monotonic() - begun < ANSWER_WITHIN_S
        assert "Paris" in person.reads()
        assert NOT_DEEPSEEK[spoken] in person.reads()
        person.takes_picture("starter-answers")
        assert_both(assembly)
        person.clicks("see-progress")
        person.waits_for("chat-now")
        person.takes_picture("progress")
        person.clicks("chat-now")
        person.waits_for("see-progress", 30)
        speed.bytes_per_s = None  # the rest comes at once
        person.waits_until(lambda: READY_SAYS[spoken] in person.reads(), timeout_s=60)
        person.waits_until(lambda: person.sees("starter-chip") is False)
        person.clicks("new-chat", 30)
        asks(person)
        assert NOT_DEEPSEEK[spoken] not in person.reads()
        person.takes_picture("chosen-answers")
        opened = assembly.journal.open()
        assert [(one.plan.model.id, one.state) for one in opened] == [(CHOSEN, READY)]
        assert len(engines(assembly)) == 1
        person.waits_until(lambda: assembly.settings.wizard_done)
        person.clicks("see-progress")
        person.takes_picture("result")
        person.clicks("primary")
        person.waits_for("composer")
        assert not person.sees("see-progress")
    finally:
        tasks.cancel_all(wait_s=5)
        for handle in engines(assembly):
            assembly.providers[EngineKind.BUILTIN].delete(handle)
        assembly.journal.close_file()
        window.hide()  # closing it would quit the application for the tests that follow
        window.deleteLater()


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


def engines(assembly: Assembly) -> tuple[Handle, ...]:
    return assembly.providers[EngineKind.BUILTIN].find_ours(assembly.journal.install_id)


def assert_both(assembly: Assembly) -> None:
    """The starter is whole and runs, the chosen one comes, and nothing is called done."""
    current, pending = assembly.journal.current(), assembly.journal.pending()
    assert current is not None
    assert pending is not None
    assert (current.plan.model.starter, current.state) == (True, READY)
    assert pending.plan.model.id == CHOSEN
    assert len(engines(assembly)) == 1
    assert not assembly.settings.wizard_done
