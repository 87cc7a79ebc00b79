"""The six things that were looked at, in words a person reads. Pure: a Probe goes in."""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import (
    ContainerEngine,
    Disk,
    Gpu,
    GpuKind,
    Missing,
    Probe,
    Unreadable,
    known,
)
from core.text import Text

# The order of the rows while looking; the cards afterwards put what decides first.
LOOKED_AT = ("cpu", "memory", "disk", "gpu", "engine", "network")  # as detect reports them
CARDS = ("gpu", "memory", "disk", "engine", "cpu", "network")
ICONS = {
    "cpu": "cpu",
    "memory": "memory",
    "disk": "disk",
    "gpu": "gpu",
    "engine": "container",
    "network": "network",
}
# Free bytes from which we call it plenty or enough. A 7B model needs about 5 GB, a 14B one 9 GB.
_PLENTY = {"memory": 8e9, "disk": 20e9, "gpu": 9e9}
_ENOUGH = {"memory": 3e9, "disk": 6e9, "gpu": 4e9}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One thing that was looked at: what it is, what it means, and a word with its tone."""

    id: str
    name: str
    value: str
    more: str
    chip: str
    tone: str  # success | neutral | warning


def facts(probe: Probe, text: Text) -> dict[str, Fact]:
    """All six by id."""
    return {
        "cpu": _cpu(probe, text),
        "memory": _memory(probe, text),
        "disk": _disks(probe, text),
        "gpu": _gpus(probe, text),
        "engine": _engine(probe.engine, text),
        "network": _network(probe, text),
    }


def own_memory_card(probe: Probe) -> Gpu | None:
    """The first card with memory of its own, which can hold a model by itself."""
    gpus = known(probe.gpus) or ()
    return next((gpu for gpu in gpus if gpu.kind is GpuKind.DISCRETE), None)


def model_disk(probe: Probe) -> Disk | None:
    """The disk that models would be kept on."""
    return next((disk for disk in probe.disks if "models" in disk.holds), None)


def _fact(text: Text, which: str, value: str, more: str, chip: str, tone: str) -> Fact:
    return Fact(
        id=which,
        name=text(f"page.computer.{which}"),
        value=value,
        more=more,
        chip=text(f"wizard.chip.{chip}"),
        tone=tone,
    )


def _could_not_tell(text: Text, which: str) -> Fact:
    return _fact(
        text,
        which,
        text("page.computer.unknown"),
        text(f"page.computer.{which}.unknown"),
        "unknown",
        "neutral",
    )


def _enough(which: str, free_bytes: int) -> tuple[str, str]:
    """A word for how much is free, and its tone."""
    if free_bytes >= _PLENTY[which]:
        return "plenty", "success"
    if free_bytes >= _ENOUGH[which]:
        return "enough", "success"
    return "little", "warning"


def _cpu(probe: Probe, text: Text) -> Fact:
    name, cores = known(probe.cpu.name), known(probe.cpu.physical_cores)
    if name is None and cores is None:
        return _could_not_tell(text, "cpu")
    value = name or text("page.computer.cpu.unnamed")
    if cores is not None:
        value = text("page.computer.cpu.value", name=value, cores=cores)
    return _fact(text, "cpu", value, text("page.computer.cpu.more"), "fine", "success")


def _memory(probe: Probe, text: Text) -> Fact:
    total, free = known(probe.ram_bytes), known(probe.ram_free_bytes)
    if total is None or free is None:
        return _could_not_tell(text, "memory")
    value = text("page.computer.memory.value", total=text.size(total), free=text.size(free))
    chip, tone = _enough("memory", free)
    return _fact(text, "memory", value, text("page.computer.memory.more"), chip, tone)


def _disks(probe: Probe, text: Text) -> Fact:
    disk = model_disk(probe)
    free = known(disk.free_bytes) if disk else None
    if disk is None or free is None:
        return _could_not_tell(text, "disk")
    value = text("page.computer.disk.value", free=text.size(free))
    more = text("page.computer.disk.more", path=disk.path)
    chip, tone = _enough("disk", free)
    return _fact(text, "disk", value, more, chip, tone)


def _gpus(probe: Probe, text: Text) -> Fact:
    if isinstance(probe.gpus, Unreadable):
        return _could_not_tell(text, "gpu")
    card = own_memory_card(probe)
    if card is None:
        return _no_card(probe, text)
    total, free = known(card.vram_bytes), known(card.vram_free_bytes)
    if total is None or free is None:
        more = text("page.computer.gpu.memory_unknown")
        return _fact(text, "gpu", card.name, more, "unknown", "neutral")
    more = text("page.computer.gpu.more", total=text.size(total), free=text.size(free))
    chip, tone = _enough("gpu", free)
    return _fact(text, "gpu", card.name, more, "great" if chip == "plenty" else chip, tone)


def _no_card(probe: Probe, text: Text) -> Fact:
    gpus = known(probe.gpus) or ()
    unified = any(gpu.vendor == "apple" for gpu in gpus)
    value = gpus[0].name if gpus else text("page.computer.gpu.none")
    more = text("page.computer.gpu.unified" if unified else "page.computer.gpu.shared")
    chip, tone = ("fine", "success") if unified else ("shared" if gpus else "not_needed", "neutral")
    return _fact(text, "gpu", value, more, chip, tone)


def _engine(engine: ContainerEngine | Missing | Unreadable, text: Text) -> Fact:
    if isinstance(engine, Unreadable):
        return _could_not_tell(text, "engine")
    if isinstance(engine, Missing):
        value = text("page.computer.engine.missing")
        more = text("page.computer.engine.builtin")
        return _fact(text, "engine", value, more, "not_needed", "neutral")
    name = "Podman" if engine.kind == "podman" else "Docker"
    if engine.problem:
        value = text("page.computer.engine.problem", name=name)
        more = text("page.computer.engine.builtin")
        return _fact(text, "engine", value, more, "not_needed", "neutral")
    version = known(engine.version) or ""
    value = text("page.computer.engine.value", name=f"{name} {version}".strip())
    return _fact(text, "engine", value, text("page.computer.engine.more"), "ready", "success")


def _network(probe: Probe, text: Text) -> Fact:
    if probe.network.hub == "ok":
        value = text("page.computer.network.value")
        return _fact(text, "network", value, text("page.computer.network.more"), "ready", "success")
    value = text("page.computer.network.offline")
    more = text("page.computer.network.offline.more")
    return _fact(text, "network", value, more, "offline", "warning")
