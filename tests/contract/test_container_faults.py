"""What goes wrong around a container, on real parts: each ends in time, with a remedy."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from core.domain import (
    ContainerEngine,
    EndpointState,
    EngineKind,
    Handle,
    Launch,
    Missing,
    Plan,
    Status,
)
from core.edges.docker_engine import Daemon, data_root, describe
from core.edges.places import Places, read_places
from core.errors import AppError
from core.progress import Cancelled, CancelToken, Progress, silent
from core.providers import local_container
from core.providers.local_container import LocalContainer
from tests.bench import images
from tests.bench.bench import Bench
from tests.bench.dockerd import Dockerd
from tests.bench.registry import Registry
from tests.bench.slow_door import SlowDoor
from tests.contract.launches import make_launch, make_plan, until

pytestmark = [pytest.mark.docker, pytest.mark.engine]


@pytest.fixture
def places(real_bench: Bench, tmp_path: Path) -> Places:
    return read_places({**real_bench.environment, "DEEPBERTH_HOME": str(tmp_path)})


@pytest.fixture
def provider(places: Places) -> LocalContainer:
    return LocalContainer(places)


@pytest.fixture
def plan() -> Plan:
    return make_plan(EngineKind.LLAMA_CPP)


@pytest.fixture
def launch(tmp_path: Path, starter_model: Path, plan: Plan) -> Launch:
    return make_launch(tmp_path, starter_model, plan)


def started(provider: LocalContainer, launch: Launch) -> Handle:
    provider.fetch_engine(launch.plan, silent, CancelToken())
    return provider.start(launch)


def the_error(provider: LocalContainer, launch: Launch) -> AppError:
    with pytest.raises(AppError) as caught:
        started(provider, launch)
    return caught.value


# --- the engine goes away ---------------------------------------------------------------------


@pytest.fixture
def own(tmp_path: Path) -> Iterator[tuple[Dockerd, LocalContainer]]:
    """An engine that a test may end."""
    with Dockerd(live_restore=True) as dockerd:
        with dockerd.client() as client:
            images.import_engine(client, "localhost/engine")
        places = Places(
            state=tmp_path,
            models=tmp_path,
            logs=tmp_path,
            engine_image="localhost/engine:server",
            docker_host=dockerd.host,
        )
        yield dockerd, LocalContainer(places)


def test_a_killed_engine_is_unknown_not_stopped_and_comes_back(
    own: tuple[Dockerd, LocalContainer], launch: Launch
) -> None:
    dockerd, provider = own
    handle = started(provider, launch)
    until(provider, handle, EndpointState.RUNNING)
    dockerd.kill()
    status = provider.poll(handle)
    assert (status.state, status.note) == (EndpointState.UNKNOWN, "docker_not_running")
    with pytest.raises(AppError) as caught:
        provider.check()
    assert (caught.value.code, caught.value.remedy) == ("docker_not_running", "start_docker")
    dockerd.start()
    assert provider.start(launch) == handle
    assert provider.find_ours(launch.install_id) == (handle,)
    until(provider, handle, EndpointState.RUNNING)


def test_after_a_power_cut_it_is_stopped_and_starts_again(
    own: tuple[Dockerd, LocalContainer], launch: Launch
) -> None:
    dockerd, provider = own
    handle = started(provider, launch)
    until(provider, handle, EndpointState.RUNNING)
    with dockerd.client() as client:
        inside = psutil.Process(client.inspect_container(handle.ref)["State"]["Pid"])
    keeper = inside.parent()
    assert keeper is not None
    dockerd.kill()
    for process in (keeper, inside):
        process.kill()
        psutil.wait_procs([process], timeout=10)
    shutil.rmtree(dockerd.folder / "exec", ignore_errors=True)  # as /run is new after a start
    dockerd.start()
    assert provider.poll(handle).state is EndpointState.STOPPED
    provider.resume(handle)
    until(provider, handle, EndpointState.RUNNING)


def test_a_frozen_engine_holds_nobody_up(
    own: tuple[Dockerd, LocalContainer], launch: Launch
) -> None:
    dockerd, provider = own
    handle = started(provider, launch)
    dockerd.freeze()
    before = time.monotonic()
    status = provider.poll(handle)
    assert time.monotonic() - before < 3
    assert (status.state, status.note) == (EndpointState.UNKNOWN, "docker_hung")
    before = time.monotonic()
    seen = describe(dockerd.host)
    assert time.monotonic() - before < 3
    assert isinstance(seen, ContainerEngine)
    assert seen.problem == "docker_hung"
    before = time.monotonic()
    assert data_root(dockerd.host) is None
    assert time.monotonic() - before < 3
    before = time.monotonic()
    with pytest.raises(AppError) as caught:
        provider.check()
    assert time.monotonic() - before < 10
    assert (caught.value.code, caught.value.remedy) == ("docker_hung", "restart_docker")
    dockerd.carry_on()
    after = describe(dockerd.host)
    assert isinstance(after, ContainerEngine)
    assert after.problem is None
    until(provider, handle, EndpointState.RUNNING)


def test_the_engine_is_described(real_bench: Bench) -> None:
    seen = describe(real_bench.dockerd.host)
    assert isinstance(seen, ContainerEngine)
    assert (seen.kind, seen.rootless, seen.gpu_runtime, seen.problem) == (
        "docker",
        False,
        None,
        None,
    )
    assert isinstance(seen.version, str)
    assert data_root(real_bench.dockerd.host) == f"{real_bench.dockerd.folder}/data"


# --- the image --------------------------------------------------------------------------------


def test_an_image_that_the_registry_does_not_have(provider: LocalContainer, launch: Launch) -> None:
    missing = replace(launch.plan, image="ghcr.io/ggml-org/llama.cpp:server-nowhere")
    error = the_error(provider, replace(launch, plan=missing))
    assert (error.code, error.remedy) == ("image_missing", "use_builtin")
    assert "server-nowhere" in str(error.params["image"])


def test_a_registry_that_does_not_answer(places: Places, launch: Launch) -> None:
    nobody = replace(places, registries={"ghcr.io": "127.0.0.1:9"})
    error = the_error(LocalContainer(nobody), launch)
    assert (error.code, error.remedy) == ("registry_unreachable", "check_internet")


@pytest.mark.parametrize("variable", ["LD_PRELOAD=/app/x.so", "LD_LIBRARY_PATH=/app:/tmp/x"])
def test_an_image_that_steers_the_loader_is_refused(
    variable: str, real_bench: Bench, places: Places, launch: Launch
) -> None:
    with real_bench.dockerd.client() as client:
        files = {"app/llama-server": b"#!"}
        changes = [f"ENV {variable}", 'ENTRYPOINT ["/app/llama-server"]']
        reference = images.import_files(client, "localhost/steering", "1", files, changes)
    error = the_error(LocalContainer(replace(places, engine_image=reference)), launch)
    assert (error.code, error.remedy) == ("image_refused", "use_builtin")
    assert error.params["names"] == variable.partition("=")[0]


def test_an_image_that_was_removed_meanwhile(
    real_bench: Bench, provider: LocalContainer, launch: Launch
) -> None:
    provider.fetch_engine(launch.plan, silent, CancelToken())
    with real_bench.dockerd.client() as client:
        for image in client.images():
            client.remove_image(image["Id"], force=True)
    with pytest.raises(AppError) as caught:
        provider.start(launch)
    assert (caught.value.code, caught.value.remedy) == ("image_gone", "try_again")
    assert provider.find_ours(launch.install_id) == ()


@pytest.fixture
def layers(real_bench: Bench) -> Iterator[str]:
    """An image of three layers in the registry, none of them in the engine."""
    reference = f"{real_bench.registry.address}/layers:1"
    with real_bench.dockerd.client() as client:
        images.build_layers(client, reference, [os.urandom(size) for size in (10**5, 10**6, 10**7)])
        images.push(client, reference)
        client.remove_image(reference, force=True)
        yield reference.partition("/")[2]
        for image in client.images():
            client.remove_image(image["Id"], force=True)


def test_the_layers_of_an_image_are_one_progress(
    places: Places, plan: Plan, real_bench: Bench, layers: str
) -> None:
    provider = LocalContainer(
        replace(places, engine_image=f"{real_bench.registry.address}/{layers}")
    )
    seen: list[Progress] = []
    provider.fetch_engine(plan, seen.append, CancelToken())
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)
    assert all(progress.total is None or progress.done <= progress.total for progress in seen)
    assert seen[-1].done == seen[-1].total
    assert (seen[-1].total or 0) >= 10**7
    assert len(seen) > 5


def test_a_cancelled_pull_ends_at_once_and_can_be_repeated(
    places: Places, plan: Plan, real_bench: Bench, layers: str
) -> None:
    token = CancelToken()
    with SlowDoor(real_bench.registry.address, 2_500_000) as door:
        image = f"{door.address}/{layers}"
        provider = LocalContainer(replace(places, engine_image=image))
        cancelled: list[float] = []

        def watch(progress: Progress) -> None:
            if progress.done > 3_000_000 and not cancelled:
                cancelled.append(time.monotonic())
                token.cancel()

        with pytest.raises(Cancelled):
            provider.fetch_engine(plan, watch, token)
        assert time.monotonic() - cancelled[0] < 2
        time.sleep(0.5)  # what is on its way
        passed = door.from_server
        time.sleep(1)
        assert door.from_server == passed, "the engine goes on fetching"
        assert provider.fetch_engine(plan, silent, CancelToken())


def test_a_layer_that_was_changed_on_its_way_is_thrown_away(
    places: Places, plan: Plan, real_bench: Bench
) -> None:
    with Registry() as registry:
        reference = f"{registry.address}/layers:1"
        with real_bench.dockerd.client() as client:
            images.build_layers(client, reference, [os.urandom(10**6)])
            images.push(client, reference)
            for image in client.images():
                client.remove_image(image["Id"], force=True)
        registry.spoil(at_least_bytes=10**6)
        provider = LocalContainer(replace(places, engine_image=reference))
        with pytest.raises(AppError) as caught:
            provider.fetch_engine(plan, silent, CancelToken())
    assert (caught.value.code, caught.value.remedy) == ("image_damaged", "try_again")
    with real_bench.dockerd.client() as client:
        assert client.images() == []


def test_a_full_disk_under_the_engine(places: Places, plan: Plan, real_bench: Bench) -> None:
    reference = f"{real_bench.registry.address}/large:1"
    with real_bench.dockerd.client() as client:
        images.build_layers(client, reference, [os.urandom(4 * 10**7)])
        images.push(client, reference)
        client.remove_image(reference, force=True)
    with Dockerd(disk_bytes=3 * 10**7) as small:
        narrow = replace(places, docker_host=small.host, engine_image=reference)
        with pytest.raises(AppError) as caught:
            LocalContainer(narrow).fetch_engine(plan, silent, CancelToken())
    assert (caught.value.code, caught.value.remedy) == ("image_disk_full", "free_disk")


def test_cancel_wakes_a_pull_that_says_nothing(places: Places, plan: Plan) -> None:
    token = CancelToken()
    with socket.create_server(("127.0.0.1", 0)) as silent_registry:
        port = silent_registry.getsockname()[1]
        provider = LocalContainer(replace(places, engine_image=f"127.0.0.1:{port}/x:1"))
        threading.Timer(0.5, token.cancel).start()
        before = time.monotonic()
        with pytest.raises(Cancelled):
            provider.fetch_engine(plan, silent, token)
        assert time.monotonic() - before < 2.5


# --- the model --------------------------------------------------------------------------------


def test_a_file_that_is_no_model(provider: LocalContainer, plan: Plan, tmp_path: Path) -> None:
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"<html>not found</html>" * 1000)
    launch = make_launch(tmp_path, broken, plan)
    handle = started(provider, launch)
    status = until(provider, handle, EndpointState.FAILED, EndpointState.RUNNING)
    assert (status.state, status.note) == (EndpointState.FAILED, "model_file_broken")
    assert status.detail
    provider.delete(handle)


def test_a_model_file_that_is_gone(provider: LocalContainer, plan: Plan, tmp_path: Path) -> None:
    error = the_error(provider, make_launch(tmp_path, tmp_path / "gone.gguf", plan))
    assert (error.code, error.remedy) == ("model_file_missing", "set_up_again")


def test_more_memory_than_it_may_have(
    provider: LocalContainer, tmp_path: Path, starter_model: Path
) -> None:
    # So long a conversation takes 2.8 GB; the limit that is made from this plan is 1 GiB.
    plan = make_plan(EngineKind.LLAMA_CPP, context=120_000, memory_bytes=1)
    handle = started(provider, make_launch(tmp_path, starter_model, plan))
    status = until(provider, handle, EndpointState.FAILED, EndpointState.RUNNING)
    assert (status.state, status.note) == (EndpointState.FAILED, "engine_out_of_memory")
    provider.delete(handle)


# --- others, and ourselves cut short ----------------------------------------------------------


def test_a_stranger_with_our_name_is_left_alone(
    real_bench: Bench, provider: LocalContainer, launch: Launch
) -> None:
    reference = provider.fetch_engine(launch.plan, silent, CancelToken())
    name = f"deepberth-{launch.deployment_id}"
    with real_bench.dockerd.client() as client:
        stranger = client.create_container(reference, "--help", name=name)["Id"]
        handle = provider.start(launch)
        assert handle.ref != stranger
        assert client.inspect_container(handle.ref)["Name"] == f"/{name}-2"
        provider.delete(handle)
        provider.delete(replace(handle, ref=stranger))
        assert client.inspect_container(stranger)["Name"] == f"/{name}"
        assert provider.find_ours(launch.install_id) == ()
        client.remove_container(stranger)


def test_a_start_cut_short_is_taken_up_again(
    real_bench: Bench, provider: LocalContainer, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.fetch_engine(launch.plan, silent, CancelToken())
    for point in ("create_container", "start_container"):
        with monkeypatch.context() as cut:
            cut.setattr(Daemon, point, _end_here)
            with pytest.raises(KeyboardInterrupt):
                provider.start(launch)
    (left,) = provider.find_ours(launch.install_id)
    assert provider.poll(left).state is EndpointState.STOPPED
    assert provider.start(launch) == left
    until(provider, left, EndpointState.RUNNING)
    provider.delete(left)
    with real_bench.dockerd.client() as client:
        names = [network["Name"] for network in client.networks()]
    assert not [name for name in names if name.startswith("deepberth-")]


def test_a_network_that_was_left_alone_is_found_and_taken_away(
    real_bench: Bench, provider: LocalContainer, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    provider.fetch_engine(launch.plan, silent, CancelToken())
    monkeypatch.setattr(Daemon, "create_container", _end_here)
    with pytest.raises(KeyboardInterrupt):
        provider.start(launch)
    (left,) = provider.find_ours(launch.install_id)
    assert left.deployment_id == launch.deployment_id
    assert provider.poll(left).state is EndpointState.GONE
    provider.delete(left)
    assert provider.find_ours(launch.install_id) == ()
    with real_bench.dockerd.client() as client:
        assert client.networks(filters={"label": f"deepberth.install={launch.install_id}"}) == []


def _end_here(*_args: object) -> str:
    raise KeyboardInterrupt


def test_a_paused_one_runs_again(
    real_bench: Bench, provider: LocalContainer, launch: Launch
) -> None:
    handle = started(provider, launch)
    until(provider, handle, EndpointState.RUNNING)
    with real_bench.dockerd.client() as client:
        client.pause(handle.ref)
    assert provider.poll(handle).state is EndpointState.STOPPED
    provider.resume(handle)
    until(provider, handle, EndpointState.RUNNING)
    with real_bench.dockerd.client() as client:
        client.pause(handle.ref)
    assert provider.start(launch) == handle
    until(provider, handle, EndpointState.RUNNING)
    provider.delete(handle)


def test_one_that_was_killed_from_outside_was_not_short_of_memory(
    real_bench: Bench, provider: LocalContainer, launch: Launch
) -> None:
    handle = started(provider, launch)
    until(provider, handle, EndpointState.RUNNING)
    with real_bench.dockerd.client() as client:
        client.kill(handle.ref)
        client.wait(handle.ref, timeout=30)
        assert client.inspect_container(handle.ref)["State"]["ExitCode"] == 137
    assert provider.poll(handle) == Status(state=EndpointState.STOPPED)
    provider.delete(handle)


def test_where_a_port_is_published_it_is_on_loopback_alone(
    real_bench: Bench, provider: LocalContainer, launch: Launch, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = local_container._ground
    monkeypatch.setattr(
        local_container, "_ground", lambda facts: replace(ground(facts), internal=False)
    )
    handle = started(provider, launch)
    status = until(provider, handle, EndpointState.RUNNING)
    assert (status.url or "").startswith("http://127.0.0.1:")
    with real_bench.dockerd.client() as client:
        ports = client.inspect_container(handle.ref)["NetworkSettings"]["Ports"]
    assert [door["HostIp"] for door in ports["8080/tcp"]] == ["127.0.0.1"]
    provider.delete(handle)


def test_nothing_there_is_said_by_its_kind(tmp_path: Path) -> None:
    seen = describe(f"unix://{tmp_path}/nothing.sock")
    assert isinstance(seen, ContainerEngine | Missing)
