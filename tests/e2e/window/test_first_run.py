"""From the first page to an answered question, in the real window, with the real engines."""

from __future__ import annotations

import re
from pathlib import Path

import psutil
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from core.assembly import assemble
from core.domain import EngineKind
from gui import language, tasks, theme
from gui.main_window import MainWindow
from tests.bench.bench import Bench
from tests.e2e.window.person import Person

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

QUESTION = "What is the capital of France?"
# Nothing listens there, so no download source answers: the starter model is the way to begin.
OFFLINE = {
    "HF_ENDPOINT": "http://127.0.0.1:9",
    "DEEPBERTH_MODELSCOPE_ENDPOINT": "http://127.0.0.1:9",
}
NO_DOCKER = {
    "DOCKER_HOST": "unix:///nonexistent/docker.sock",
    "DEEPBERTH_REGISTRY": "ghcr.io=127.0.0.1:9",
}
NOT_DEEPSEEK = {"en": "not DeepSeek", "zh_CN": "不是 DeepSeek"}


def walk(person: Person, spoken: str) -> None:
    """Welcome → computer → questions → plan → set-up → proof → chat, then an answer."""
    person.takes_picture("welcome")
    person.clicks("primary")
    person.waits_for("fact-disk")
    person.waits_for("primary")
    person.takes_picture("computer")
    person.clicks("primary")
    for choice in ("private", "nothing", "years"):
        person.clicks(f"choice-{choice}")
    person.takes_picture("questions")
    person.clicks("primary")
    person.waits_for("use-starter")
    person.takes_picture("plan")
    person.clicks("use-starter")
    person.clicks("primary")
    person.waits_until(lambda: "Paris" in person.reads(), timeout_s=90)  # the proof's own question
    assert NOT_DEEPSEEK[spoken] in person.reads()
    person.takes_picture("proof")
    person.clicks("primary")
    person.clicks("composer")
    person.takes_picture("first-chat")
    person.types(QUESTION)
    person.waits_for("send")
    person.presses_enter()
    person.waits_for("meta", timeout_s=30)
    assert "Paris" in person.reads()
    assert NOT_DEEPSEEK[spoken] in person.reads()
    person.takes_picture("answer")


def stop_and_start(person: Person) -> None:
    """Home says it runs; Stop stops it, Start brings it back."""
    person.clicks("nav-home")
    person.waits_for("stop-model")
    person.takes_picture("home-running")
    person.clicks("stop-model")
    person.waits_for("start-model", timeout_s=30)
    person.takes_picture("home-stopped")
    person.clicks("start-model")
    person.waits_for("open-chat", timeout_s=60)
    person.waits_for("stop-model")


@pytest.mark.docker
@pytest.mark.parametrize("spoken", ["en", "zh_CN"])
@pytest.mark.parametrize(
    "engine", [EngineKind.LLAMA_CPP, EngineKind.BUILTIN], ids=["container", "builtin"]
)
def test_from_the_first_page_to_an_answer(
    engine: EngineKind,
    spoken: str,
    real_bench: Bench,
    qapp: QApplication,
    qtbot: QtBot,
    pictures: Path,
    tmp_path: Path,
) -> None:
    parts = real_bench.environment if engine is EngineKind.LLAMA_CPP else NO_DOCKER
    assembly = assemble({"DEEPBERTH_HOME": str(tmp_path), **OFFLINE, **parts})
    theme.apply(qapp, "light")
    language.switch(spoken)
    window = MainWindow(assembly)
    window.show()
    qtbot.waitExposed(window)
    name = f"{'container' if engine is EngineKind.LLAMA_CPP else 'builtin'}-{spoken}"
    person = Person(window, qtbot, pictures, name)
    try:
        walk(person, spoken)
        deployment = assembly.journal.current()
        assert deployment is not None
        assert deployment.plan.engine is engine
        assert_really_runs(engine, deployment.id, real_bench)
        stop_and_start(person)
    finally:
        tasks.cancel_all(wait_s=5)
        provider = assembly.providers[engine]
        for handle in provider.find_ours(assembly.journal.install_id):
            provider.delete(handle)
        assembly.journal.close_file()
        window.hide()  # closing it would quit the application for the tests that follow
        window.deleteLater()


def assert_really_runs(engine: EngineKind, deployment_id: str, bench: Bench) -> None:
    """Looked at from outside: exactly one container, or exactly one engine process."""
    if engine is EngineKind.LLAMA_CPP:
        with bench.dockerd.client() as client:
            names = [name for one in client.containers() for name in one["Names"]]
        assert len([name for name in names if deployment_id in name]) == 1
        return
    engines = [
        process
        for process in psutil.process_iter(["cmdline"])
        if re.search(r"builtin_engine", " ".join(process.info["cmdline"] or []))
        and process.status() != psutil.STATUS_ZOMBIE
    ]
    assert len(engines) >= 1
