"""Kill -9 at every stage of setting up, on real parts: the next start goes on where it was."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec
import psutil
import pytest
from docker.errors import APIError

from core.domain import Endpoint, EngineKind, Plan, Step
from core.edges import files
from core.edges.places import read_places
from core.providers.hardening import INSTALL_LABEL
from core.providers.local_builtin import LocalBuiltin
from core.providers.local_container import LocalContainer
from core.setup.deploy import undo
from core.setup.journal import READY, open_journal
from tests.bench.bench import Bench
from tests.bench.slow_door import SlowDoor
from tests.contract.launches import make_plan
from tests.stand_ins.file_server import Behaviour, FileServer

pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.timeout(300)]

STEPS = ("check_engine", "fetch_engine", "fetch_model", "create", "load", "rehearse")
REDONE = 8 * 1024 * 1024  # bytes that one kill may cost
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"

# In this order on one deployment: each start takes up what the killed one left.
DOWNLOAD = ("fetch_model:30000000", "fetch_model:60000000", "after:rename.tiny.gguf")
ENGINE = (
    "after:intend.create",
    "before:set_handle",
    "after:observe.create",
    "load",
    "rehearse",
    "before:mark",
)


@dataclass(frozen=True)
class Stage:
    home: Path
    hub: FileServer
    path: str
    plan: Plan
    environment: dict[str, str]

    def run(self, moment: str = "") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            self._command(moment),
            env={**os.environ, **self.environment},
            capture_output=True,
            timeout=120,
            check=False,
        )

    @contextmanager
    def going(self) -> Iterator[subprocess.Popen[bytes]]:
        """The same while the block runs."""
        process = subprocess.Popen(self._command(""), env={**os.environ, **self.environment})
        try:
            yield process
        finally:
            process.kill()
            process.wait(10)

    def _command(self, moment: str) -> list[str]:
        plan_file = self.home / f"plan-{self.plan.id}.json"
        files.write_atomic(plan_file, msgspec.json.encode(self.plan))
        return [sys.executable, "-m", "tests.e2e.drive_setup", str(plan_file), moment]


@pytest.fixture
def hub(starter_model: Path) -> Iterator[FileServer]:
    with FileServer() as server:
        server.add("/model", starter_model)
        yield server


def stage(tmp_path: Path, hub: FileServer, model: Path, engine: EngineKind, **env: str) -> Stage:
    """The starter model as if it were one that has to be downloaded."""
    plan = make_plan(engine, model_folder=str(tmp_path / "models"))
    quant = replace(
        plan.quant, file="tiny.gguf", repo="somebody/tiny", revision="0" * 40, sha256=SHA256
    )
    steps = tuple(Step(id=name, weight=1.0) for name in STEPS)
    plan = replace(
        plan, model=replace(plan.model, starter=False), quant=quant, steps=steps, threads=2
    )
    # As fast as a good connection, and not so fast that much of it waits in buffers.
    behaviour = Behaviour(bytes_per_s=60e6)
    path = hub.add_model(quant.repo, quant.revision, quant.file, model, SHA256, behaviour)
    environment = {"DEEPBERTH_HOME": str(tmp_path), "HF_ENDPOINT": hub.url, **env}
    return Stage(tmp_path, hub, path, plan, environment)


def killed(stage: Stage, moments: tuple[str, ...]) -> None:
    for moment in moments:
        done = stage.run(moment)
        assert done.returncode == -9, (moment, done.stdout, done.stderr)


def wait_for(what: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not what():
        assert time.monotonic() < until
        time.sleep(0.05)


def engines_of(home: Path) -> list[int]:
    """Processes that have a file of this home open: the engines, as nobody else lives long."""
    found = []
    for process in psutil.process_iter():
        try:
            paths = [file.path for file in process.open_files()]
        except psutil.Error:
            continue
        if any(path.startswith(str(home / "run")) for path in paths):
            found.append(process.pid)
    return found


def test_built_in(tmp_path: Path, hub: FileServer, starter_model: Path) -> None:
    it = stage(tmp_path, hub, starter_model, EngineKind.BUILTIN)
    target = tmp_path / "models" / it.plan.model.id / "tiny.gguf"
    killed(it, DOWNLOAD[:2])
    assert not target.exists()
    killed(it, DOWNLOAD[2:])
    assert target.exists()
    size = it.plan.quant.size_bytes
    assert hub.sent[it.path] <= size + 2 * REDONE
    killed(it, ENGINE)
    done = it.run()
    assert done.returncode == 0, done.stderr.decode()
    endpoint = msgspec.json.decode(done.stdout, type=Endpoint)
    assert endpoint.proof is not None
    assert endpoint.proof.tokens_per_s > 0
    assert hub.sent[it.path] <= size + 2 * REDONE
    journal = open_journal(tmp_path / "journal.db")
    try:
        assert [(one.id, one.state) for one in journal.open()] == [
            (endpoint.handle.deployment_id, READY)
        ]
        assert len(engines_of(tmp_path)) == 1
        again = it.run()
        assert msgspec.json.decode(again.stdout, type=Endpoint) == endpoint
        assert len(engines_of(tmp_path)) == 1
        provider = LocalBuiltin(read_places(it.environment))
        receipt = undo(
            endpoint.handle.deployment_id, {EngineKind.BUILTIN: provider}, journal, model=True
        )
        assert receipt.freed_bytes >= size
        assert engines_of(tmp_path) == []
        assert list((tmp_path / "run").iterdir()) == []
    finally:
        journal.close_file()


def test_one_kill_in_a_download_costs_eight_mebibytes_at_most(
    tmp_path: Path, hub: FileServer, starter_model: Path
) -> None:
    it = stage(tmp_path, hub, starter_model, EngineKind.BUILTIN)
    killed(it, ("fetch_model:50000000", "after:observe.fetch_model"))
    assert hub.sent[it.path] <= it.plan.quant.size_bytes + REDONE
    assert len(hub.asked(it.path)) == 2


def test_killed_while_the_starter_answers(
    tmp_path: Path, hub: FileServer, starter_model: Path
) -> None:
    """The chosen model's process dies in its download; the starter goes on."""
    it = stage(tmp_path, hub, starter_model, EngineKind.BUILTIN)
    hub.behaviours[it.path] = Behaviour(bytes_per_s=10e6)
    small = replace(
        it.plan,
        id="small",
        model=replace(it.plan.model, id="small", starter=True),
        quant=replace(it.plan.quant, file="SmolLM2-135M-Instruct.Q4_1.gguf"),  # it is packaged
    )
    starter = replace(it, plan=small)
    with it.going() as process:
        wait_for(lambda: hub.sent[it.path] > 1_000_000)
        made = starter.run()
        assert made.returncode == 0, made.stderr.decode()
        assert process.poll() is None, "the download was over too soon"
        assert len(engines_of(tmp_path)) == 1
        process.kill()
        process.wait(10)
    journal = open_journal(tmp_path / "journal.db")
    try:
        current, pending = journal.current(), journal.pending()
        assert current is not None
        assert (current.plan.id, current.state) == ("small", READY)
        assert pending is not None
        assert pending.plan.id == it.plan.id
        assert len(engines_of(tmp_path)) == 1
        hub.behaviours[it.path] = Behaviour()
        done = it.run()
        assert done.returncode == 0, done.stderr.decode()
        assert hub.sent[it.path] <= it.plan.quant.size_bytes + REDONE
        assert [(one.plan.id, one.state) for one in journal.open()] == [(it.plan.id, READY)]
        assert len(engines_of(tmp_path)) == 1
        provider = LocalBuiltin(read_places(it.environment))
        undo(pending.id, {EngineKind.BUILTIN: provider}, journal)
        assert engines_of(tmp_path) == []
    finally:
        journal.close_file()


@pytest.mark.docker
def test_container(tmp_path: Path, hub: FileServer, starter_model: Path, real_bench: Bench) -> None:
    with real_bench.dockerd.client() as client:
        for image in client.images(quiet=True):  # another test may have fetched it already
            with contextlib.suppress(APIError):
                client.remove_image(image, force=True)
    with SlowDoor(real_bench.registry.address, 8_000_000) as door:
        environment = {**real_bench.environment, "DEEPBERTH_REGISTRY": f"ghcr.io={door.address}"}
        it = stage(tmp_path, hub, starter_model, EngineKind.LLAMA_CPP, **environment)
        killed(it, ("fetch_engine:3000000", "before:observe.fetch_engine"))
        killed(it, DOWNLOAD + ENGINE)
        done = it.run()
    assert done.returncode == 0, done.stderr.decode()
    endpoint = msgspec.json.decode(done.stdout, type=Endpoint)
    assert endpoint.proof is not None
    assert hub.sent[it.path] <= it.plan.quant.size_bytes + 2 * REDONE
    journal = open_journal(tmp_path / "journal.db")
    label = {"label": f"{INSTALL_LABEL}={journal.install_id}"}
    try:
        with real_bench.dockerd.client() as client:
            assert [one["Id"] for one in client.containers(all=True, filters=label)] == [
                endpoint.handle.ref
            ]
            provider = LocalContainer(read_places(it.environment))
            undo(endpoint.handle.deployment_id, {EngineKind.LLAMA_CPP: provider}, journal)
            assert client.containers(all=True, filters=label) == []
            assert client.networks(filters=label) == []
    finally:
        journal.close_file()
