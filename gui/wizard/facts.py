"""The six things that were looked at, in words a person reads. Pure: a Probe goes in.

What could not be read says why, in the `fact.` sentences of the machine room.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.advice.profile import gpu_problem, shares_memory
from core.domain import (
    ContainerEngine,
    Disk,
    Gpu,
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
# What a card's driver can say for itself; the rest is told by what stands in the way of its use.
_TELLING = ("driver_", "no_permission", "card_lost", "given_to_virtual_machine")
# A person can do something about these; a card that no engine knows stays as it is.
_MENDABLE = (
    "driver_silent",
    "driver_too_old",
    "gpu_runtime_missing",
    "memory_unknown",
    "needs_containers",
    "podman_gpu",
)
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


def facts(probe: Probe, text: Text, computes: Gpu | None) -> dict[str, Fact]:
    """All six by id. `computes` is the card that would do the work, if one would."""
    return {
        "cpu": _cpu(probe, text),
        "memory": _memory(probe, text),
        "disk": _disks(probe, text),
        "gpu": _gpus(probe, text, computes),
        "engine": _engine(probe.engine, text),
        "network": _network(probe, text),
    }


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


def _could_not_tell(text: Text, which: str, *found: object) -> Fact:
    """Says why, where one of what was `found` knows, and what we do without it."""
    codes = [fact.code for fact in found if isinstance(fact, Missing | Unreadable)]
    why = [text(f"fact.{code}") for code in codes[:1] if text.has(f"fact.{code}")]
    more = _sentences(text, *why, text(f"page.computer.{which}.unknown"))
    return _fact(text, which, text("page.computer.unknown"), more, "unknown", "neutral")


def _sentences(text: Text, *sentences: str) -> str:
    return ("" if text.language == "zh_CN" else " ").join(sentences)


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
        return _could_not_tell(text, "cpu", probe.cpu.name)
    value = name or text("page.computer.cpu.unnamed")
    if cores is not None:
        value = text("page.computer.cpu.value", name=value, cores=cores)
    return _fact(text, "cpu", value, text("page.computer.cpu.more"), "fine", "success")


def _memory(probe: Probe, text: Text) -> Fact:
    total, free = known(probe.ram_bytes), known(probe.ram_free_bytes)
    if total is None or free is None:
        return _could_not_tell(text, "memory", probe.ram_bytes, probe.ram_free_bytes)
    value = text("page.computer.memory.value", total=text.size(total), free=text.size(free))
    chip, tone = _enough("memory", free)
    return _fact(text, "memory", value, text("page.computer.memory.more"), chip, tone)


def _disks(probe: Probe, text: Text) -> Fact:
    disk = model_disk(probe)
    free = known(disk.free_bytes) if disk else None
    if disk is None or free is None:
        return _could_not_tell(text, "disk", disk.free_bytes if disk else None)
    value = text("page.computer.disk.value", free=text.size(free))
    more = text("page.computer.disk.more", path=disk.path)
    chip, tone = _enough("disk", free)
    return _fact(text, "disk", value, more, chip, tone)


def _gpus(probe: Probe, text: Text, computes: Gpu | None) -> Fact:
    if isinstance(probe.gpus, Unreadable):
        return _could_not_tell(text, "gpu", probe.gpus)
    cards = known(probe.gpus) or ()
    own = next((card for card in cards if not shares_memory(card)), None)
    card = computes or own or next(iter(cards), None)
    if card is None:
        more = text("page.computer.gpu.none.more")
        return _fact(text, "gpu", text("page.computer.gpu.none"), more, "not_needed", "neutral")
    if card != computes:
        return _unused(probe, card, text)
    if shares_memory(card):
        return _fact(text, "gpu", card.name, text("page.computer.gpu.unified"), "fine", "success")
    total, free = known(card.vram_bytes), known(card.vram_free_bytes)
    if total is None or free is None:
        more = text("page.computer.gpu.memory_unknown")
        return _fact(text, "gpu", card.name, more, "unknown", "neutral")
    more = text("page.computer.gpu.more", total=text.size(total), free=text.size(free))
    chip, tone = _enough("gpu", free)
    return _fact(text, "gpu", card.name, more, "great" if chip == "plenty" else chip, tone)


def _unused(probe: Probe, card: Gpu, text: Text) -> Fact:
    """A card that is here, and what keeps it from doing the work."""
    why = gpu_problem(probe, card)
    if shares_memory(card) and (why is None or card.vendor != "nvidia"):
        return _fact(text, "gpu", card.name, text("page.computer.gpu.shared"), "shared", "neutral")
    facts_ = (card.driver, card.vram_bytes, card.vram_free_bytes)
    codes = [fact.code for fact in facts_ if isinstance(fact, Missing | Unreadable)]
    told = next((code for code in codes if code.startswith(_TELLING)), None)
    more = text(f"fact.{told}" if told else f"page.computer.gpu.why.{why}")
    tone = "warning" if told or why in _MENDABLE else "neutral"
    return _fact(text, "gpu", card.name, more, "unused", tone)


def _engine(engine: ContainerEngine | Missing | Unreadable, text: Text) -> Fact:
    if isinstance(engine, Unreadable):
        return _could_not_tell(text, "engine", engine)
    if isinstance(engine, Missing):
        value = text("page.computer.engine.missing")
        more = text("page.computer.engine.builtin")
        return _fact(text, "engine", value, more, "not_needed", "neutral")
    name = "Podman" if engine.kind == "podman" else "Docker"
    if engine.problem:
        title = f"error.{engine.problem}.title"  # these speak of Docker
        told = engine.kind == "docker" and text.has(title)
        value = text(title) if told else text("page.computer.engine.problem", name=name)
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
