"""The form of a container on all kinds of ground, without an engine."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.domain import Accelerator, EndpointState, EngineKind
from core.edges.docker_engine import Facts, Image
from core.edges.places import Places
from core.errors import AppError
from core.providers import local_container
from core.providers.hardening import (
    MEMORY_FLOOR_BYTES,
    Devices,
    Ground,
    container_request,
    loader_variables,
    memory_limit_bytes,
    network_request,
)
from core.providers.local_container import LocalContainer
from tests.contract.launches import make_plan
from tests.unit.providers.test_llama_server import launch

FACTS = Facts(
    kind="docker",
    version="28.1.1",
    system="Ubuntu 24.04 LTS",
    data_root="/var/lib/docker",
    rootless=False,
    user_namespaces=False,
    selinux=False,
    gpu_runtime=None,
)
GROUND = Ground(
    internal=True,
    podman=False,
    user_namespaces=False,
    selinux=False,
    user="1000:1000",
)


def host_config(ground: Ground = GROUND, devices: Devices | None = None, **plan: Any) -> Any:
    what = launch(plan=make_plan(EngineKind.LLAMA_CPP, **plan))
    request = container_request(what, "image@sha256:0", "net", ground, devices or Devices())
    return request["HostConfig"]


@pytest.mark.parametrize("internal", [True, False])
@pytest.mark.parametrize("podman", [True, False])
@pytest.mark.parametrize("accelerator", list(Accelerator))
def test_what_holds_on_every_ground(internal: bool, podman: bool, accelerator: Accelerator) -> None:
    config = host_config(replace(GROUND, internal=internal, podman=podman), accelerator=accelerator)
    assert config["CapDrop"] == ["ALL"]
    assert "no-new-privileges" in config["SecurityOpt"]
    assert config["ReadonlyRootfs"] is True
    assert config["Privileged"] is False
    assert config["Memory"] == config["MemorySwap"] > 0
    assert config["PidsLimit"] == 256
    assert config["RestartPolicy"] == {"Name": "no"}
    assert all(mount["ReadOnly"] for mount in config["Mounts"])
    doors = config.get("PortBindings", {}).get("8080/tcp", [])
    assert all(door["HostIp"] == "127.0.0.1" for door in doors)
    assert bool(doors) is not internal


def test_only_the_files_that_it_needs_are_handed_in() -> None:
    mounts = host_config()["Mounts"]
    assert [(mount["Source"], mount["Target"]) for mount in mounts] == [
        ("/m/model.gguf", "/models/model.gguf"),
        ("/run/key", "/run/deepberth/key"),
    ]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (FACTS, {"internal": True, "user_namespaces": False}),
        (replace(FACTS, system="Docker Desktop"), {"internal": False}),
        (replace(FACTS, rootless=True), {"internal": False, "user": "0:0"}),
        (replace(FACTS, kind="podman"), {"internal": False, "podman": True}),
        (
            replace(FACTS, kind="podman", rootless=True),
            {"internal": False, "user_namespaces": True, "user": "1000:1000"},
        ),
        (replace(FACTS, user_namespaces=True), {"internal": True, "user_namespaces": True}),
        (replace(FACTS, selinux=True), {"selinux": True}),
    ],
)
def test_the_ground_is_read_from_what_the_engine_says(
    facts: Facts, expected: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 1000, raising=False)
    monkeypatch.setattr(os, "getgid", lambda: 1000, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    ground = local_container._ground(facts)
    assert {name: getattr(ground, name) for name in expected} == expected


def test_root_does_not_pass_its_number_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0, raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert local_container._ground(FACTS).user == "10001:10001"


def test_shifted_users_and_selinux() -> None:
    assert host_config(replace(GROUND, user_namespaces=True))["UsernsMode"] == "host"
    podman = replace(GROUND, user_namespaces=True, podman=True)
    assert host_config(podman)["UsernsMode"] == "keep-id"
    assert "label=disable" in host_config(replace(GROUND, selinux=True))["SecurityOpt"]
    assert network_request("n", launch(), GROUND)["Internal"] is True
    assert network_request("n", launch(), replace(GROUND, internal=False))["Internal"] is False


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root hands files on")
def test_a_key_that_is_gone_is_not_dockers_fault(tmp_path: Path) -> None:
    gone = replace(launch(), key_path=str(tmp_path / "key"))
    with pytest.raises(AppError) as caught:
        local_container._make_readable(gone, replace(GROUND, user=local_container.NOBODY_OF_OURS))
    assert (caught.value.code, caught.value.params["path"]) == ("disk_fault", gone.key_path)


# --- graphics cards ---------------------------------------------------------------------------


def test_an_nvidia_card_by_the_means_that_there_is() -> None:
    by_runtime = local_container._devices(Accelerator.CUDA, replace(FACTS, gpu_runtime="nvidia"))
    (wish,) = host_config(devices=by_runtime)["DeviceRequests"]
    assert (wish["Driver"], wish["Count"]) == ("nvidia", -1)
    by_cdi = local_container._devices(Accelerator.CUDA13, replace(FACTS, gpu_runtime="cdi"))
    (wish,) = host_config(devices=by_cdi)["DeviceRequests"]
    assert (wish["Driver"], wish["DeviceIDs"]) == ("cdi", ["nvidia.com/gpu=all"])


@pytest.mark.parametrize(
    ("facts", "code"),
    [(FACTS, "gpu_runtime_missing"), (replace(FACTS, kind="podman"), "podman_gpu")],
)
def test_a_card_that_would_silently_not_be_used(facts: Facts, code: str) -> None:
    with pytest.raises(AppError) as caught:
        local_container._devices(Accelerator.CUDA, facts)
    assert caught.value.code == code


def test_other_cards_by_their_files_and_the_numbers_of_their_groups(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dri = tmp_path / "dri"
    dri.mkdir()
    for number, name in enumerate(("card0", "renderD128")):
        (dri / name).touch()
        os.chown(dri / name, -1, 44 + number) if os.geteuid() == 0 else None
    devices = local_container._drm((str(dri),))
    assert devices.paths == (str(dri),)
    own = {str((dri / name).stat().st_gid) for name in ("card0", "renderD128")} - {"0"}
    assert set(devices.groups) == own
    config = host_config(devices=devices)
    assert config["Devices"][0]["PathOnHost"] == str(dri)
    assert config["GroupAdd"] == list(devices.groups)


def test_a_card_whose_files_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        local_container._drm((str(tmp_path / "kfd"),))
    assert (caught.value.code, caught.value.remedy) == ("gpu_device_missing", "use_builtin")


def test_a_processor_gets_no_device() -> None:
    assert local_container._devices(Accelerator.CPU, FACTS) == Devices()


# --- image ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "refused"),
    [
        ("PATH=/usr/bin", False),
        ("LLAMA_ARG_HOST=0.0.0.0", False),
        ("LD_LIBRARY_PATH=/usr/local/nvidia/lib:/usr/local/nvidia/lib64", False),
        ("LD_LIBRARY_PATH=/usr/local/cuda-12.8/compat", False),
        ("LD_LIBRARY_PATH=/usr/local/cuda/lib64:/opt/rocm/lib:/app", False),
        ("LD_LIBRARY_PATH=", False),
        ("LD_LIBRARY_PATH=/tmp", True),
        ("LD_LIBRARY_PATH=/app/../tmp", True),
        ("LD_LIBRARY_PATH=lib", True),
        ("LD_PRELOAD=/usr/local/cuda/x.so", True),
        ("LD_AUDIT=", True),
        ("GLIBC_TUNABLES=x", True),
    ],
)
def test_variables_that_steer_the_loader(entry: str, refused: bool) -> None:
    assert bool(loader_variables([entry])) is refused


@pytest.mark.parametrize(
    ("reference", "digests", "pinned"),
    [
        ("r.io/a/b:server", ("r.io/a/b@sha256:1",), "r.io/a/b@sha256:1"),
        ("127.0.0.1:5000/a/b", ("127.0.0.1:5000/a/b@sha256:1",), "127.0.0.1:5000/a/b@sha256:1"),
        ("r.io/a/b:x", ("mirror.io/a/b@sha256:1",), "sha256:id"),
        ("local:1", (), "sha256:id"),
    ],
)
def test_what_runs_is_pinned(reference: str, digests: tuple[str, ...], pinned: str) -> None:
    image = Image(id="sha256:id", digests=digests, environment=())
    assert local_container._pinned(image, reference) == pinned


def test_an_image_without_a_tag_is_not_all_of_them(tmp_path: Path) -> None:
    places = Places(state=tmp_path, models=tmp_path, logs=tmp_path, engine_image="host:5000/mine")
    plan = make_plan(EngineKind.LLAMA_CPP)
    assert LocalContainer(places)._reference(plan) == "host:5000/mine:latest"


# --- memory, and how it ended -----------------------------------------------------------------


def test_the_limit_leaves_room_and_has_a_floor() -> None:
    assert memory_limit_bytes(0) == MEMORY_FLOOR_BYTES
    assert memory_limit_bytes(10**10) > 1.1 * 10**10


@pytest.mark.parametrize(
    ("state", "log", "expected"),
    [
        ({"Status": "created"}, "", (EndpointState.STOPPED, None)),
        ({"ExitCode": 0}, "", (EndpointState.STOPPED, None)),
        ({"ExitCode": 143}, "", (EndpointState.STOPPED, None)),
        ({"ExitCode": 1, "OOMKilled": True}, "", (EndpointState.FAILED, "engine_out_of_memory")),
        ({"ExitCode": 137, "OOMKilled": True}, "", (EndpointState.FAILED, "engine_out_of_memory")),
        # A forced stop ends like this as well, and nobody was short of memory.
        ({"ExitCode": 137, "OOMKilled": False}, "", (EndpointState.STOPPED, None)),
        ({"ExitCode": 139}, "a line", (EndpointState.FAILED, "engine_crashed")),
        ({"ExitCode": 1}, "a line", (EndpointState.FAILED, "engine_failed")),
        (
            {"ExitCode": 1},
            "0.00.1 E llama_model_load: error loading model: invalid magic",
            (EndpointState.FAILED, "model_file_broken"),
        ),
    ],
)
def test_how_it_ended(state: dict[str, Any], log: str, expected: tuple[Any, Any]) -> None:
    status = local_container._ended({"State": state}, log)
    assert (status.state, status.note) == expected


def test_a_mount_that_is_gone_is_what_is_said() -> None:
    state = {"ExitCode": 127, "Error": "error while creating mount source path"}
    status = local_container._ended({"State": state}, "an old line")
    assert status.state is EndpointState.FAILED
    assert status.detail == "error while creating mount source path"
