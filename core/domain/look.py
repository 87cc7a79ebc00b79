"""What was seen of this computer. A fact is the value itself, or says why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Missing:
    """The thing is not there, and the code says which kind of not (`not_installed`, …)."""

    code: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The thing may be there, but could not be read (`timeout`, `no_permission`, …)."""

    code: str


def known(fact: T | Missing | Unreadable) -> T | None:
    """The value of a fact, or None where there is none to work with."""
    return None if isinstance(fact, Missing | Unreadable) else fact


class GpuKind(StrEnum):
    DISCRETE = "discrete"
    INTEGRATED = "integrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    name: str | Missing | Unreadable
    physical_cores: int | Missing | Unreadable
    memory_bandwidth_gbs: float | None = None  # GB/s (10^9 bytes); None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    vendor: str  # nvidia | amd | intel | apple | unknown
    name: str
    kind: GpuKind
    vram_bytes: int | Missing | Unreadable
    vram_free_bytes: int | Missing | Unreadable
    driver: str | Missing | Unreadable
    compute_capability: str | Missing | Unreadable  # NVIDIA "8.9", AMD "gfx1100"
    unified_memory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    path: str
    free_bytes: int | Missing | Unreadable
    holds: tuple[str, ...]  # "models", "engine" (where the container engine keeps images)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEngine:
    kind: str  # docker | podman
    version: str | Missing | Unreadable
    rootless: bool
    gpu_runtime: str | None  # "nvidia", "cdi", or None
    problem: str | None  # why it cannot be used: an error code, or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    hub: str  # "ok" or a code
    registry: str  # "ok" or a code
    proxy: str | None  # without user and password


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    os: str  # linux | windows | macos
    os_version: str
    arch: str  # x86_64 | arm64
    wsl: bool
    cpu: Cpu
    ram_bytes: int | Missing | Unreadable
    ram_free_bytes: int | Missing | Unreadable
    gpus: tuple[Gpu, ...] | Missing | Unreadable  # discrete before integrated
    disks: tuple[Disk, ...]
    engine: ContainerEngine | Missing | Unreadable
    network: Network
