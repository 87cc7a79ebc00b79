"""Programs of the system that the bench needs. A missing one is an error, never a skipped test."""

from __future__ import annotations

import os
import shutil
import sys

_PACKAGES = {
    "dockerd": "docker.io",
    "docker-registry": "docker-registry",
    "iptables": "iptables",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
    "cmake": "cmake",
    "c++": "g++",
    "make": "make",
}
_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"


class MissingToolError(RuntimeError):
    """Says which packages to install."""


def tool(name: str) -> str:
    """The path of a program. Raises: MissingToolError."""
    found = shutil.which(name, path=_PATH)
    if found is None:
        need(name)
        raise AssertionError
    return found


def need(*names: str) -> None:
    """Raises: MissingToolError with one line that installs all that is missing."""
    missing = [name for name in names if shutil.which(name, path=_PATH) is None]
    if missing:
        packages = " ".join(sorted({_PACKAGES[name] for name in missing}))
        raise MissingToolError(
            f"{', '.join(missing)} not found. On Debian or Ubuntu: "
            f"sudo apt-get install -y --no-install-recommends {packages}"
        )


def need_linux_root() -> None:
    if sys.platform != "linux":
        raise MissingToolError("The bench runs on Linux only; deselect with: -m 'not docker'")
    if os.geteuid() != 0:
        raise MissingToolError("The bench starts a container engine of its own, so it needs root")
