"""Computers and answers to decide about, the real catalogue and the real prices."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from core.advice.catalog import parse_catalog
from core.advice.offers import parse_offers
from core.advice.profile import build_profile
from core.advice.speeds import with_speeds
from core.domain import (
    Answers,
    Catalog,
    ContainerEngine,
    Cpu,
    Disk,
    Gpu,
    GpuKind,
    Missing,
    Model,
    Money,
    Network,
    Offers,
    Probe,
    Profile,
    Quant,
    Sensitivity,
)

ROOT = Path(__file__).resolve().parents[3]
MACHINES = ROOT / "tests" / "machines"
GIB = 2**30
MIB = 2**20
FILES = ("models", "cards", "images")
TODAY = "2026-11-25"


@cache
def catalog() -> Catalog:
    """As the program itself reads it, see core/assembly.py."""
    folder = ROOT / "assets" / "catalog"
    plain = parse_catalog(*((folder / f"{name}.toml").read_bytes() for name in FILES))
    return with_speeds(plain, (folder / "speeds.toml").read_bytes())


@cache
def offers() -> Offers:
    """The real prices, as old as they are on this day."""
    return parse_offers((ROOT / "assets" / "catalog" / "offers.toml").read_bytes(), TODAY)


def model(model_id: str) -> Model:
    return next(found for found in catalog().models if found.id == model_id)


def quant(model_id: str, name: str) -> Quant:
    return next(found for found in model(model_id).quants if found.name == name)


def gpu(name: str = "NVIDIA GeForce RTX 4090", gib: float = 24, **changes: Any) -> Gpu:
    facts: dict[str, Any] = {
        "vendor": "nvidia",
        "name": name,
        "kind": GpuKind.DISCRETE,
        "vram_bytes": int(gib * GIB),
        "vram_free_bytes": int(gib * GIB * 0.97),
        "driver": "580.95",
        "compute_capability": "8.9",
        "unified_memory": False,
    }
    return Gpu(**{**facts, **changes})


def shared_gpu(vendor: str, name: str, **changes: Any) -> Gpu:
    """A chip in the computer's own memory."""
    facts: dict[str, Any] = {
        "vendor": vendor,
        "name": name,
        "kind": GpuKind.INTEGRATED,
        "unified_memory": True,
        "vram_bytes": Missing("shared"),
        "vram_free_bytes": Missing("shared"),
        "driver": Missing("not_known"),
        "compute_capability": Missing("not_known"),
    }
    return gpu(**{**facts, **changes})


DOCKER = ContainerEngine(
    kind="docker", version="28.1.1", rootless=False, gpu_runtime="nvidia", problem=None
)


def probe(*gpus: Gpu, ram_gib: float = 32, free_gib: float | None = None, **changes: Any) -> Probe:
    """A Linux desktop with Docker, unless something else is said."""
    free = ram_gib * 0.75 if free_gib is None else free_gib
    disk = changes.pop("disk_bytes", 500 * GIB)
    facts: dict[str, Any] = {
        "os": "linux",
        "os_version": "Ubuntu 24.04",
        "arch": "x86_64",
        "wsl": False,
        "cpu": Cpu(name="A processor", physical_cores=8),
        "ram_bytes": int(ram_gib * GIB),
        "ram_free_bytes": int(free * GIB),
        "gpus": gpus,
        "disks": (Disk(path="/", free_bytes=disk, holds=("models", "engine")),),
        "engine": DOCKER,
        "network": Network(hub="ok", registry="ok", proxy=None),
    }
    return Probe(**{**facts, **changes})


def answers(**changes: Any) -> Answers:
    facts: dict[str, Any] = {
        "sensitivity": Sensitivity.PUBLIC,
        "budget": Money(amount=Decimal(600), currency="USD"),
        "horizon_months": 6,
    }
    return Answers(**{**facts, **changes})


def profile(*gpus: Gpu, said: Answers | None = None, **changes: Any) -> Profile:
    return build_profile(probe(*gpus, **changes), said or answers())
