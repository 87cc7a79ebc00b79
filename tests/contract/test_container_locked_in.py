"""What a container of ours can do, and who can reach it: looked at from outside, on real parts."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from core.domain import EndpointState, EngineKind, Handle, Launch, Status
from core.edges.places import Places, read_places
from core.progress import CancelToken, silent
from core.providers import local_container
from core.providers.local_container import LocalContainer
from tests.bench import images, namespaces, processes
from tests.bench.bench import Bench
from tests.bench.dockerd import Dockerd
from tests.bench.namespaces import Neighbourhood
from tests.contract.launches import make_launch, make_plan, until

pytestmark = [pytest.mark.docker, pytest.mark.engine]

GOLDEN = Path(__file__).parent / "golden" / "container.json"


def run_to_end(provider: LocalContainer, launch: Launch) -> tuple[Handle, Status]:
    """Starts it and polls until it runs or fails, for at most a minute."""
    provider.fetch_engine(launch.plan, silent, CancelToken())
    handle = provider.start(launch)
    return handle, until(provider, handle, EndpointState.RUNNING, EndpointState.FAILED)


@pytest.fixture
def launch(tmp_path: Path, starter_model: Path) -> Launch:
    return make_launch(tmp_path, starter_model, make_plan(EngineKind.LLAMA_CPP))


@pytest.fixture
def provider(real_bench: Bench, tmp_path: Path) -> LocalContainer:
    return LocalContainer(read_places({**real_bench.environment, "DEEPBERTH_HOME": str(tmp_path)}))


@pytest.fixture
def running(provider: LocalContainer, launch: Launch) -> Iterator[Handle]:
    handle, status = run_to_end(provider, launch)
    assert status.state is EndpointState.RUNNING, status
    yield handle
    provider.delete(handle)


# --- what is written of it --------------------------------------------------------------------


def test_inspect_equals_the_golden_file(real_bench: Bench, running: Handle, launch: Launch) -> None:
    with real_bench.dockerd.client() as client:
        found = client.inspect_container(running.ref)
        network = client.inspect_network(found["HostConfig"]["NetworkMode"])
    seen = _normalised({"container": _chosen(found), "network": _of_network(network)}, launch)
    seen["container"]["Config"]["Image"] = _digest_hidden(seen["container"]["Config"]["Image"])
    assert seen == json.loads(GOLDEN.read_text(encoding="utf-8"))


def _chosen(found: dict[str, Any]) -> dict[str, Any]:
    """All that says what it may do. Values that are nothing are left out, so that engines of
    different age give the same; a right that is added shows as a new entry."""
    host = {name: value for name, value in found["HostConfig"].items() if value}
    # What only describes the engine: the terminal's size, the default runtime, paths always masked.
    for name in ("ConsoleSize", "Runtime", "MaskedPaths", "ReadonlyPaths", "ShmSize"):
        host.pop(name, None)
    host["NetworkMode"] = "ID"
    config = {name: found["Config"].get(name) for name in ("Cmd", "Entrypoint", "Env", "User")}
    config |= {name: found["Config"].get(name) for name in ("Image", "Labels", "Healthcheck")}
    mounts = [
        {name: mount[name] for name in ("Type", "Source", "Destination", "RW", "Propagation")}
        for mount in found["Mounts"]
    ]
    networks = len(found["NetworkSettings"]["Networks"])
    return {
        "Name": found["Name"],
        "Config": config,
        "HostConfig": host,
        "Mounts": sorted(mounts, key=lambda mount: str(mount["Destination"])),
        "Networks": networks,
        "Ports": found["NetworkSettings"]["Ports"],
    }


def _of_network(network: dict[str, Any]) -> dict[str, Any]:
    wanted = ("Name", "Driver", "Internal", "EnableIPv6", "Attachable", "Options", "Labels")
    return {name: network[name] for name in wanted}


def _normalised(seen: dict[str, Any], launch: Launch) -> dict[str, Any]:
    text = json.dumps(seen)
    for value, name in (
        (launch.model_path, "MODEL"),
        (launch.key_path, "KEY"),
        (launch.deployment_id, "DEPLOYMENT"),
        (launch.install_id, "INSTALL"),
    ):
        text = text.replace(value, name)
    return dict(json.loads(text))


def _digest_hidden(image: str) -> str:
    head, separator, digest = image.partition("@sha256:")
    assert separator, f"not pinned: {image}"
    assert len(digest) == 64
    return f"REGISTRY/{head.partition('/')[2]}@sha256:DIGEST"


# --- what it can do ---------------------------------------------------------------------------


def test_its_process_has_no_rights(real_bench: Bench, running: Handle) -> None:
    pid = _pid(real_bench, running)
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for number in [str(pid), *children]:  # the first process is the one that waits for it
        lines = Path(f"/proc/{number}/status").read_text().splitlines()
        status = {name: value.split() for name, _, value in (line.partition(":") for line in lines)}
        for sort in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(status[sort][0], 16) == 0, sort
        assert status["NoNewPrivs"] == ["1"]
        assert status["Seccomp"] == ["2"]
        assert "0" not in status["Uid"]
        assert "0" not in status["Gid"]
        assert "0" not in status["Groups"]


def test_it_cannot_write_anywhere_but_in_its_own_small_place(
    real_bench: Bench, running: Handle
) -> None:
    pid = _pid(real_bench, running)
    # The kernel's own pseudo file systems are shut by rights and masks, not by this flag.
    ours = {"/", "/tmp", "/models/model.gguf", "/run/deepberth/key"}
    for line in Path(f"/proc/{pid}/mountinfo").read_text().splitlines():
        _, _, _, _, place, options, *_ = line.split()
        if place == "/tmp":
            assert {"rw", "noexec", "nosuid", "nodev"} <= set(options.split(","))
        elif place in ours:
            assert "ro" in options.split(","), line
            ours.discard(place)
    assert ours == {"/tmp"}


# --- who can reach it, and whom it can reach --------------------------------------------------


@pytest.fixture
def near() -> Iterator[Neighbourhood]:
    with Neighbourhood() as near:
        yield near


@pytest.fixture
def apart(near: Neighbourhood) -> Iterator[Dockerd]:
    """An engine in a network of its own: the firewall there is nobody else's."""
    with Dockerd(near.ours) as dockerd:
        with dockerd.client() as client:
            images.import_engine(client, "localhost/engine")
        yield dockerd


@pytest.fixture
def apart_provider(apart: Dockerd, tmp_path: Path) -> LocalContainer:
    places = Places(
        state=tmp_path,
        models=tmp_path,
        logs=tmp_path,
        engine_image="localhost/engine:server",
        docker_host=apart.host,
    )
    return LocalContainer(places)


def test_a_neighbour_with_a_route_finds_the_door_shut(
    near: Neighbourhood, apart: Dockerd, apart_provider: LocalContainer, launch: Launch
) -> None:
    handle = apart_provider.start(launch)
    address = _address(apart, handle)
    _until_connects(namespaces.named(near.ours), address)
    assert not namespaces.connects(namespaces.named(near.neighbour), address, 8080)
    apart_provider.delete(handle)


def test_the_neighbour_would_get_in_by_the_other_way(
    near: Neighbourhood,
    apart: Dockerd,
    apart_provider: LocalContainer,
    launch: Launch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Shows that the test above can fail, and why a port is not published where there is a choice:
    engines before 28 let a routed neighbour through to a port published on loopback alone."""
    _publish(monkeypatch)
    handle = apart_provider.start(launch)
    address = _address(apart, handle)
    _until_connects(namespaces.named(near.ours), address)
    assert namespaces.connects(namespaces.named(near.neighbour), address, 8080)
    apart_provider.delete(handle)


def test_it_finds_no_way_out(
    near: Neighbourhood, apart: Dockerd, apart_provider: LocalContainer, launch: Launch
) -> None:
    outside = namespaces.named(near.neighbour)
    server = namespaces.listen(outside, 7777)
    try:
        handle = apart_provider.start(launch)
        container = namespaces.of_process(_pid_in(apart, handle))
        assert namespaces.connects(namespaces.named(near.ours), namespaces.NEIGHBOUR_ADDRESS, 7777)
        assert not namespaces.connects(container, namespaces.NEIGHBOUR_ADDRESS, 7777)
        apart_provider.delete(handle)
    finally:
        processes.end(server)


def test_where_a_port_is_published_no_answer_finds_the_way_back(
    near: Neighbourhood,
    apart: Dockerd,
    apart_provider: LocalContainer,
    launch: Launch,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _publish(monkeypatch)
    near.forget_the_way()  # like all of the internet, which knows nothing of our networks
    server = namespaces.listen(namespaces.named(near.neighbour), 7777)
    try:
        handle = apart_provider.start(launch)
        container = namespaces.of_process(_pid_in(apart, handle))
        assert namespaces.connects(namespaces.named(near.ours), namespaces.NEIGHBOUR_ADDRESS, 7777)
        assert not namespaces.connects(container, namespaces.NEIGHBOUR_ADDRESS, 7777)
        apart_provider.delete(handle)
    finally:
        processes.end(server)


# Asks the container's own resolver for a name, and says what came back.
_ASK = """
import socket
query = bytes.fromhex("abcd01000001000000000000") + b"\\x06canary\\x04test\\x00\\x00\\x01\\x00\\x01"
asking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asking.settimeout(3)
for resolver in ("127.0.0.11", "127.0.0.1"):
    try:
        asking.sendto(query, (resolver, 53))
        print(resolver, asking.recv(512).hex())
    except OSError as error:
        print(resolver, error)
"""
# A resolver where the computer's own would be. Says each question that it gets.
_RESOLVER = """
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("127.0.0.1", 53))
print("ready", flush=True)
while True:
    print(server.recv(512).hex(), flush=True)
"""


def test_no_name_that_it_looks_up_gets_out(
    near: Neighbourhood, apart: Dockerd, apart_provider: LocalContainer, launch: Launch
) -> None:
    home = namespaces.named(near.ours)
    resolver = subprocess.Popen(namespaces.inside(home, _RESOLVER), stdout=subprocess.PIPE)
    assert resolver.stdout is not None
    try:
        assert resolver.stdout.readline() == b"ready\n"
        handle = apart_provider.start(launch)
        container = namespaces.of_process(_pid_in(apart, handle))
        subprocess.run(namespaces.inside(container, _ASK), check=True, timeout=30)
        subprocess.run(namespaces.inside(home, _ASK), check=True, timeout=30)  # it does listen
        processes.end(resolver)
        questions = resolver.stdout.read().split()
        assert len(questions) == 1, questions
        apart_provider.delete(handle)
    finally:
        processes.end(resolver)
        resolver.stdout.close()


# --- secrets ----------------------------------------------------------------------------------


def test_the_key_is_in_its_file_and_nowhere_else(
    real_bench: Bench, provider: LocalContainer, running: Handle, launch: Launch
) -> None:
    key = Path(launch.key_path).read_text(encoding="ascii").strip()
    assert oct(os.stat(launch.key_path).st_mode & 0o777) == "0o400"  # noqa: PTH116
    _ask(provider.poll(running).url or "", key)
    with real_bench.dockerd.client() as client:
        inspected = json.dumps(client.inspect_container(running.ref)).encode()
        logged = bytes(client.logs(running.ref))
    haystacks = {"inspect": inspected, "log of the engine": logged}
    haystacks["log of the daemon"] = real_bench.dockerd.log.read_bytes()
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            for name in ("cmdline", "environ"):
                haystacks[f"{name} of {process.name}"] = _read(process / name)
    assert _where(key, haystacks) == []
    assert _where(key, {"planted": f"--api-key={key}".encode()}) == ["planted"]
    assert _where(key, {"planted": base64.b64encode(key.encode())}) == ["planted"]


def _where(key: str, haystacks: dict[str, bytes]) -> list[str]:
    """In which of them the key, half of it, or another spelling of it stands."""
    raw = key.encode()
    needles = [raw[:32], raw[32:], base64.b64encode(raw)[:40], raw.hex().encode(), raw[::-1]]
    needles += [key.encode("utf-16-le"), bytes.fromhex(key), raw.upper()]
    return [name for name, hay in haystacks.items() if any(needle in hay for needle in needles)]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""  # it ended while we looked


def _ask(url: str, key: str) -> None:
    """One answer, so that there is something to log."""
    import http.client

    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=30)
    body = json.dumps({"messages": [{"role": "user", "content": "Hi"}], "max_tokens": 2})
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    assert connection.getresponse().read()
    connection.close()


# --- small things -----------------------------------------------------------------------------


def _publish(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where this computer cannot reach a container's own address."""
    ground = local_container._ground
    monkeypatch.setattr(
        local_container, "_ground", lambda facts: replace(ground(facts), internal=False)
    )


def _pid(bench: Bench, handle: Handle) -> int:
    return _pid_in(bench.dockerd, handle)


def _pid_in(dockerd: Dockerd, handle: Handle) -> int:
    with dockerd.client() as client:
        return int(client.inspect_container(handle.ref)["State"]["Pid"])


def _address(dockerd: Dockerd, handle: Handle) -> str:
    with dockerd.client() as client:
        networks = client.inspect_container(handle.ref)["NetworkSettings"]["Networks"]
    return str(next(iter(networks.values()))["IPAddress"])


def _until_connects(network: str, address: str) -> None:
    deadline = time.monotonic() + 30
    while not namespaces.connects(network, address, 8080):
        assert time.monotonic() < deadline, "the engine does not listen at all"
        time.sleep(0.2)
