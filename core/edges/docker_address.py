"""Where a container engine listens on this computer. Looks at sockets; connects to none.

`DOCKER_HOST` wins, then the context that Docker's own command line uses, then the usual places.
Only engines of this computer count: one elsewhere could neither see the model's file nor be
reached at its container's address, and the words would leave this computer.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
from pathlib import Path

from core.errors import AppError

_LOCAL = ("unix://", "http+unix://", "npipe://")
_PIPES = ("docker_engine", "dockerDesktopLinuxEngine", "podman-machine-default")


def find_address(docker_host: str | None, context: str | None = None) -> str:
    """The address of the engine to use, as the SDK wants it.

    `context` is the one that Docker's own command line would use, where it names one.
    Raises: AppError (docker_remote, docker_not_running, docker_not_installed).
    """
    named = docker_host or context
    if named and not named.startswith(_LOCAL):
        raise AppError("docker_remote", {"address": _without_user(named)}, remedy="local_docker")
    if docker_host:
        return docker_host
    for address in ([named] if named else []) + _usual_addresses():
        if _is_there(address):
            return address
    if _installed():
        raise AppError("docker_not_running", remedy="start_docker", retryable=True)
    raise AppError("docker_not_installed", remedy="use_builtin")


def knock(address: str, timeout_s: float) -> None:
    """Returns if something listens there. A pipe is not tried.

    Raises: OSError saying why not. (The SDK would leave its socket open then.)
    """
    if sys.platform == "win32" or address.startswith("npipe://"):
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as door:
        door.settimeout(timeout_s)
        door.connect(str(_path(address)))


def _path(address: str) -> Path:
    return Path("/" + address.partition("://")[2].lstrip("/"))


def _usual_addresses() -> list[str]:
    if sys.platform == "win32":
        return [f"npipe:////./pipe/{name}" for name in _PIPES]
    home = Path.home()
    runtime = Path(f"/run/user/{os.getuid()}")
    sockets = [
        Path("/var/run/docker.sock"),
        runtime / "docker.sock",
        home / ".docker/run/docker.sock",
        home / ".docker/desktop/docker.sock",
        runtime / "podman/podman.sock",
        Path("/run/podman/podman.sock"),
        home / ".local/share/containers/podman/machine/podman.sock",
    ]
    return [f"unix://{socket}" for socket in sockets]


def _is_there(address: str) -> bool:
    if address.startswith("npipe://"):
        pipe = address.rpartition("/")[2]
        try:
            return pipe in os.listdir(r"\\.\pipe")  # noqa: PTH208 - pathlib cannot list pipes
        except OSError:
            return False
    try:
        return _path(address).exists()
    except PermissionError:
        return True  # then opening it says so


def _installed() -> bool:
    if shutil.which("docker") or shutil.which("dockerd") or shutil.which("podman"):
        return True
    if sys.platform == "darwin":
        return Path("/Applications/Docker.app").exists()
    if sys.platform == "win32":
        return Path(r"C:\Program Files\Docker\Docker\Docker Desktop.exe").exists()
    return Path("/usr/sbin/dockerd").exists() or Path("/opt/docker-desktop").exists()


def _without_user(address: str) -> str:
    """The address as it may be shown: no user name, no password."""
    scheme, separator, rest = address.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}" if separator else "?"
