"""What a container of ours is allowed: the request that creates it, as plain data.

Pure, so that a test can compare it, and what `docker inspect` makes of it, with a golden file.
The keys are those of the Engine API's "create a container" and "create a network" (v1.41).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core import __version__
from core.domain import Accelerator, Launch
from core.providers.llama_server import (
    KEY_FILE,
    PORT,
    TEMPLATE_FILE,
    WAITING,
    container_argv,
    model_targets,
)

INSTALL_LABEL = "deepberth.install"
DEPLOYMENT_LABEL = "deepberth.deployment"
MODEL_LABEL = "deepberth.model"
VERSION_LABEL = "deepberth.version"

MIB = 1024**2
# Beside the model's own need: the server, its threads' stacks and the file cache that it reads
# through. The kernel takes the cache back when it is short, so this need not be exact.
MEMORY_MARGIN = 0.15
MEMORY_FLOOR_BYTES = 1024 * MIB
MEMORY_EXTRA_BYTES = 512 * MIB
PIDS = 256
# Nobody answers here. On engines before 23.0.11 names are resolved even on an internal network
# (CVE-2024-29018), and a name that is looked up is a way out.
DEAD_DNS = "127.0.0.1"
# A number without a name: who starts us as root must not have the engine run as root.
NOBODY_OF_OURS = "10001:10001"

# What programs outside the container may be told to load by an image (CVE-2025-23266). The vendors'
# own images set LD_LIBRARY_PATH to folders like these, and only to these.
_LOADER_VARIABLE = re.compile(r"(LD_[A-Z0-9_]*|GLIBC_TUNABLES)=(.*)", re.DOTALL)
_VENDOR_FOLDERS = re.compile(
    r"(/usr/local/(nvidia|cuda(-[\d.]+)?)|/opt/(rocm(-[\d.]+)?|intel)|/usr/lib|/usr/local/lib|/app)"
    r"(/[\w.+-]+)*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What the container engine is like, as far as a container's form depends on it."""

    internal: bool  # this process can reach a container's own address, so nothing is published
    podman: bool
    user_namespaces: bool  # the engine runs as root, but shifts the users of containers
    selinux: bool
    user: str  # "1000:1000", as the container counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Devices:
    """What of the graphics hardware is handed in; nothing for a processor."""

    paths: tuple[str, ...] = ()  # /dev/dri
    groups: tuple[str, ...] = ()  # numbers of the groups that own them
    nvidia: str | None = None  # "nvidia" or "cdi": by which means


def loader_variables(environment: Iterable[str]) -> list[str]:
    """The names of an image's variables that steer the loader and are not a vendor's own."""
    names = []
    for entry in environment:
        match = _LOADER_VARIABLE.fullmatch(entry)
        if match is None:
            continue
        name, value = match.groups()
        folders = [folder for folder in value.split(":") if folder]
        vendors = all(
            _VENDOR_FOLDERS.fullmatch(folder) and ".." not in folder for folder in folders
        )
        if name != "LD_LIBRARY_PATH" or not vendors:
            names.append(name)
    return names


def memory_limit_bytes(expected_bytes: int) -> int:
    """The container's limit for an expected need."""
    wanted = int(expected_bytes * (1 + MEMORY_MARGIN)) + MEMORY_EXTRA_BYTES
    return max(MEMORY_FLOOR_BYTES, wanted)


def labels(launch: Launch) -> dict[str, str]:
    """By these we find again what is ours."""
    return {
        INSTALL_LABEL: launch.install_id,
        DEPLOYMENT_LABEL: launch.deployment_id,
        MODEL_LABEL: launch.plan.model.id,
        VERSION_LABEL: __version__,
    }


def network_request(name: str, launch: Launch, ground: Ground) -> dict[str, Any]:
    """A network for one container. Internal: no way out, and no way in but from this computer.

    What it does not shut: services of this computer itself that listen on all of its addresses.
    """
    options = {"com.docker.network.bridge.enable_icc": "false"}
    if not ground.internal:
        # So an answer to the container's own connections finds no way back from outside.
        options["com.docker.network.bridge.enable_ip_masquerade"] = "false"
    return {
        "Name": name,
        "Driver": "bridge",
        "CheckDuplicate": True,
        "Internal": ground.internal,
        "EnableIPv6": False,
        "Labels": labels(launch),
        "Options": {} if ground.podman else options,
    }


def container_request(
    launch: Launch, image: str, network: str, ground: Ground, devices: Devices
) -> dict[str, Any]:
    """One engine: no rights, no way to write, no way out, and only the files that it needs."""
    return {
        "Image": image,
        "Cmd": container_argv(launch),
        "Env": ["=".join(WAITING)],
        "User": ground.user,
        "Labels": labels(launch),
        "ExposedPorts": {f"{PORT}/tcp": {}},
        # We ask for its health ourselves; the image's own check would need curl and wake it up.
        "Healthcheck": {"Test": ["NONE"]},
        "HostConfig": _host_config(launch, network, ground, devices),
    }


def _host_config(launch: Launch, network: str, ground: Ground, devices: Devices) -> dict[str, Any]:
    memory = memory_limit_bytes(launch.plan.memory_bytes)
    security = ["no-new-privileges"]
    if ground.selinux:
        # The other way, relabelling, would change the person's own files.
        security.append("label=disable")
    if launch.plan.accelerator is Accelerator.ROCM:
        # ROCm maps memory with calls that the default filter refuses (as AMD's own guide says).
        security.append("seccomp=unconfined")
    config: dict[str, Any] = {
        "NetworkMode": network,
        "Dns": [DEAD_DNS],
        "ReadonlyRootfs": True,
        "Tmpfs": {"/tmp": "rw,noexec,nosuid,nodev,size=64m"},  # noqa: S108 - the container's own
        "CapDrop": ["ALL"],
        "SecurityOpt": security,
        "Privileged": False,
        "Memory": memory,
        "MemorySwap": memory,
        "PidsLimit": PIDS,
        "Init": True,
        "IpcMode": "private",
        "CgroupnsMode": "private",
        "RestartPolicy": {"Name": "no"},
        "LogConfig": _log_config(ground),
        "Mounts": _mounts(launch),
    }
    if not ground.internal:
        config["PortBindings"] = {f"{PORT}/tcp": [{"HostIp": "127.0.0.1", "HostPort": ""}]}
    if ground.user_namespaces:
        config["UsernsMode"] = "keep-id" if ground.podman else "host"
    return config | _device_config(devices)


def _device_config(devices: Devices) -> dict[str, Any]:
    config: dict[str, Any] = {}
    if devices.paths:
        config["Devices"] = [
            {"PathOnHost": path, "PathInContainer": path, "CgroupPermissions": "rwm"}
            for path in devices.paths
        ]
    if devices.groups:
        config["GroupAdd"] = list(devices.groups)
    if devices.nvidia == "cdi":
        config["DeviceRequests"] = [{"Driver": "cdi", "DeviceIDs": ["nvidia.com/gpu=all"]}]
    elif devices.nvidia:
        # "utility" is for nvidia-smi, by which it can be proven that the card is really seen.
        config["DeviceRequests"] = [
            {"Driver": "nvidia", "Count": -1, "Capabilities": [["gpu", "compute", "utility"]]}
        ]
    return config


def _log_config(ground: Ground) -> Mapping[str, Any]:
    if ground.podman:
        return {"Type": "k8s-file", "Config": {"max-size": "5m"}}
    return {"Type": "local", "Config": {"max-size": "5m", "max-file": "2"}}


def _mounts(launch: Launch) -> list[dict[str, Any]]:
    """File by file, so that nothing else of the folder can be seen from inside."""
    folder = Path(launch.model_path).parent
    pairs = [(str(folder / name), target) for name, target in model_targets(launch.model_path)]
    pairs.append((launch.key_path, KEY_FILE))
    if launch.template_path is not None:
        pairs.append((launch.template_path, TEMPLATE_FILE))
    return [
        {"Type": "bind", "Source": source, "Target": target, "ReadOnly": True}
        for source, target in pairs
    ]
