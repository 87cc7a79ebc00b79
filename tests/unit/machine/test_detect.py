"""detect: the whole look, on recorded computers and on this one."""

from __future__ import annotations

import gc
import json
import os
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from core.domain import ContainerEngine, Cpu, Missing, Probe, Unreadable
from core.edges.host import Host, Volume
from core.edges.nvidia import read_cards
from core.edges.places import Places, read_places
from core.edges.travel_files import decode_probe, encode_probe
from core.machine.detect import STEPS, Readers, detect, registry_url
from core.progress import Cancelled, CancelToken, Progress, silent
from tests.unit.machine.nvml_stand_in import RTX4070, Nvml
from tests.unit.machine.recorded_host import recorded

NOWHERE = Places(state=Path("/s"), models=Path("/s/models"), logs=Path("/s/logs"))
DOCKER = ContainerEngine(
    kind="docker", version="28.5.1", rootless=False, gpu_runtime="nvidia", problem=None
)


def readers(host: Host) -> Readers:
    """Everybody answers, and nobody asks this computer."""
    return Readers(
        host=host,
        nvidia=lambda: Missing("driver_not_installed"),
        engine=lambda _address: DOCKER,
        engine_folder=lambda _address: None,
        reachable=lambda _url, _timeout_s: "ok",
    )


def look(ask: Readers, places: Places = NOWHERE, limit_s: float = 3.0) -> Probe:
    return detect(silent, CancelToken(), places=places, readers=ask, limit_s=limit_s)


# --- recorded computers -----------------------------------------------------------------------


def test_a_whole_computer() -> None:
    steps: list[Progress] = []
    ask = replace(readers(recorded("linux-rtx4070")), nvidia=lambda: read_cards(Nvml(RTX4070)))
    probe = detect(steps.append, CancelToken(), places=NOWHERE, readers=ask)
    assert (probe.os, probe.os_version, probe.arch) == ("linux", "Ubuntu 24.04", "x86_64")
    assert probe.cpu == Cpu(name="AMD Ryzen 7 7700X 8-Core Processor", physical_cores=8)
    assert isinstance(probe.gpus, tuple)
    assert [gpu.vendor for gpu in probe.gpus] == ["nvidia", "amd"]
    assert probe.engine == DOCKER
    assert (probe.network.hub, probe.network.registry) == ("ok", "ok")
    assert sorted(step.step for step in steps) == sorted(STEPS)
    assert all(step.finished for step in steps)


@pytest.mark.parametrize(
    "name",
    sorted(path.stem for path in (Path(__file__).parents[2] / "recordings/host").glob("*.txt")),
)
def test_every_recorded_computer_makes_a_file_that_can_be_read_again(name: str) -> None:
    probe = look(readers(recorded(name)))
    assert decode_probe(json.dumps(encode_probe(probe)).encode()) == probe


# --- what hangs -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class HangingHost(Host):
    """Every question to the system waits until the test lets go."""

    let_go: threading.Event

    def read_bytes(self, path: str, longest: int = 0) -> bytes | None:
        self.let_go.wait(30)
        return None

    def memory(self) -> tuple[int, int]:
        self.let_go.wait(30)
        return 1, 1

    def volume(self, path: Path) -> Volume | None:
        self.let_go.wait(30)
        return None

    def names(self, folder: str) -> tuple[str, ...]:
        self.let_go.wait(30)
        return ()


def test_a_computer_on_which_everything_hangs_is_looked_at_in_time() -> None:
    let_go = threading.Event()

    def hangs(*_: object) -> None:
        let_go.wait(30)

    ask = Readers(
        host=HangingHost(let_go=let_go, platform="linux"),
        nvidia=hangs,  # type: ignore[arg-type]
        engine=hangs,  # type: ignore[arg-type]
        engine_folder=hangs,
        reachable=hangs,  # type: ignore[arg-type]
    )
    started = time.monotonic()
    try:
        probe = look(ask)
    finally:
        let_go.set()
    assert time.monotonic() - started < 3.5
    slow = Unreadable("timeout")
    assert probe.os == "linux"
    assert probe.cpu == Cpu(name=slow, physical_cores=slow)
    assert probe.ram_bytes == probe.ram_free_bytes == probe.gpus == probe.engine == slow
    assert probe.disks[0].free_bytes == slow
    assert probe.disks[0].holds == ("models",)
    assert (probe.network.hub, probe.network.registry) == ("timeout", "timeout")
    assert decode_probe(json.dumps(encode_probe(probe)).encode()) == probe


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_file_that_never_ends_costs_its_own_fact_only(tmp_path: Path) -> None:
    """A pipe without a writer blocks its reader, as a dead network disk does."""
    (tmp_path / "proc").mkdir()
    os.mkfifo(tmp_path / "proc" / "cpuinfo")
    ask = readers(Host(root=tmp_path, platform="linux"))
    probe = look(ask, limit_s=0.5)
    assert probe.cpu.name == Unreadable("timeout")
    assert isinstance(probe.ram_bytes, int)
    assert probe.gpus == ()
    os.close(os.open(tmp_path / "proc" / "cpuinfo", os.O_WRONLY | os.O_NONBLOCK))  # let it go


def test_a_sick_nvidia_driver_does_not_hide_the_other_cards() -> None:
    let_go = threading.Event()

    def sick() -> Missing:
        let_go.wait(30)
        return Missing("driver_not_installed")

    probe = look(replace(readers(recorded("linux-rtx4070")), nvidia=sick), limit_s=0.5)
    let_go.set()
    assert isinstance(probe.gpus, tuple)
    assert [(gpu.vendor, gpu.driver) for gpu in probe.gpus] == [
        ("nvidia", Unreadable("timeout")), ("amd", "amdgpu"),
    ]  # fmt: skip


def test_cancel_ends_the_look_at_once() -> None:
    let_go, token = threading.Event(), CancelToken()
    ask = replace(readers(recorded("linux-rtx4070")), engine_folder=lambda _: str(let_go.wait(30)))
    threading.Timer(0.1, token.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        detect(silent, token, places=NOWHERE, readers=ask)
    assert time.monotonic() - started < 1.5
    let_go.set()


# --- where it looks ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registry", "url"),
    [
        ("", "https://ghcr.io/v2/"),
        ("ghcr.io=mirror.example", "https://mirror.example/v2/"),
        ("ghcr.io=mirror.example:5000", "https://mirror.example:5000/v2/"),
        ("ghcr.io=127.0.0.1:5000", "http://127.0.0.1:5000/v2/"),
        ("ghcr.io=localhost:5000", "http://localhost:5000/v2/"),
        ("ghcr.io=[::1]:5000", "http://[::1]:5000/v2/"),
    ],
)
def test_only_a_registry_on_this_computer_is_asked_without_encryption(
    registry: str, url: str
) -> None:
    assert registry_url(read_places({"DEEPBERTH_REGISTRY": registry})) == url


@pytest.mark.parametrize("image", ["mine:1", "somebody/llama.cpp:server"])
def test_an_image_without_a_registry_is_dockers_own(image: str) -> None:
    places = read_places({"DEEPBERTH_ENGINE_IMAGE": image})
    assert registry_url(places) == "https://registry-1.docker.io/v2/"


def test_it_asks_the_hub_and_the_registry_of_the_places() -> None:
    asked: list[str] = []

    def reachable(url: str, _timeout_s: float) -> str:
        asked.append(url)
        return "ok" if "hub" in url else "cannot_reach"

    places = read_places(
        {"HF_ENDPOINT": "https://hub.example/", "DEEPBERTH_REGISTRY": "ghcr.io=images.example"}
    )
    probe = look(replace(readers(recorded("linux-rtx4070")), reachable=reachable), places)
    assert sorted(asked) == ["https://hub.example/", "https://images.example/v2/"]
    assert (probe.network.hub, probe.network.registry) == ("ok", "cannot_reach")


# --- this computer ----------------------------------------------------------------------------


@pytest.fixture
def sockets_of_the_docker_sdk() -> Iterator[None]:
    """It leaves the socket of a failed connect to the garbage collector, which warns of it."""
    yield
    gc.collect()  # here, where the warning is expected, and not in some other test


ignoring_them = pytest.mark.filterwarnings("ignore:unclosed <socket:ResourceWarning")


class Answering(BaseHTTPRequestHandler):
    """The hub says 200, a registry without a login 401; both are there."""

    def do_HEAD(self) -> None:
        self.send_response(401 if self.path == "/v2/" else 200)
        self.end_headers()

    do_GET = do_HEAD  # noqa: N815

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.05,))
        thread.start()
        yield f"127.0.0.1:{http.server_address[1]}"
        http.shutdown()
        thread.join()


@ignoring_them
@pytest.mark.usefixtures("sockets_of_the_docker_sdk")
def test_this_computer(server: str, tmp_path: Path) -> None:
    places = read_places(
        {
            "DEEPBERTH_HOME": str(tmp_path / "not yet there"),
            "HF_ENDPOINT": f"http://{server}",
            "DEEPBERTH_REGISTRY": f"ghcr.io={server}",
            "DOCKER_HOST": f"unix://{tmp_path}/no.sock",
        }
    )
    steps: list[str] = []
    started = time.monotonic()
    probe = detect(lambda step: steps.append(step.step), CancelToken(), places=places)
    assert time.monotonic() - started < 3.5
    assert sorted(steps) == sorted(STEPS)
    assert isinstance(probe.cpu.physical_cores, int)
    assert 1 <= probe.cpu.physical_cores <= (os.cpu_count() or 1)
    assert isinstance(probe.ram_bytes, int)
    assert isinstance(probe.ram_free_bytes, int)
    assert "models" in probe.disks[0].holds
    assert isinstance(probe.disks[0].free_bytes, int)
    assert (probe.network.hub, probe.network.registry) == ("ok", "ok")
    assert not (tmp_path / "not yet there").exists(), "looking changes nothing"
    assert decode_probe(json.dumps(encode_probe(probe)).encode()) == probe


@ignoring_them
@pytest.mark.usefixtures("sockets_of_the_docker_sdk")
@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no sockets in files here")
def test_an_engine_that_takes_the_call_and_never_answers(server: str, tmp_path: Path) -> None:
    """As a daemon stopped with SIGSTOP does: the system accepts for it, nobody reads."""
    with socket.socket(socket.AF_UNIX) as mute:
        mute.bind(str(tmp_path / "mute.sock"))
        mute.listen(8)
        places = read_places(
            {
                "DEEPBERTH_HOME": str(tmp_path),
                "HF_ENDPOINT": f"http://{server}",
                "DEEPBERTH_REGISTRY": f"ghcr.io={server}",
                "DOCKER_HOST": f"unix://{tmp_path}/mute.sock",
            }
        )
        started = time.monotonic()
        probe = detect(silent, CancelToken(), places=places)
        assert time.monotonic() - started < 3.5
    assert isinstance(probe.engine, ContainerEngine)
    assert probe.engine.problem == "docker_hung"
    assert isinstance(probe.ram_bytes, int)
