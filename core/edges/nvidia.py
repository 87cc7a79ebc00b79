"""NVIDIA's own library (NVML, through nvidia-ml-py): the cards it knows, or why it knows none.

The library comes with the driver, on Linux, Windows and in WSL; macOS has none.
"""

from __future__ import annotations

import contextlib
import importlib
import re
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from core.domain import Gpu, GpuKind, Missing, Unreadable

# Chips that share the computer's memory. NVML answers "not supported" for their memory
# (https://docs.nvidia.com/dgx/dgx-spark/known-issues.html), with some drivers the whole RAM.
# Only these names: a lost card or a slice of a card can answer "not supported" as well.
_UNIFIED = re.compile(r"\b(GB10|Orin|Xavier|Thor|Tegra|N1X?)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card, and its slot on the PCI bus ("0000:01:00.0") to find it again in other lists."""

    slot: str
    gpu: Gpu


def read_cards(nvml: ModuleType | Any = None) -> tuple[Card, ...] | Missing | Unreadable:
    """All cards that the driver shows. May block for as long as a sick driver does.

    Missing: no NVIDIA driver here. Unreadable: there is one, and it does not work.
    """
    if nvml is None:
        nvml = importlib.import_module("pynvml")
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return _why_not(nvml, error)
    try:
        driver = _text(nvml.nvmlSystemGetDriverVersion())
        return tuple(
            card
            for index in range(nvml.nvmlDeviceGetCount())
            if (card := _card(nvml, index, driver)) is not None
        )
    except nvml.NVMLError as error:
        return _why_not(nvml, error)
    finally:
        with contextlib.suppress(nvml.NVMLError):
            nvml.nvmlShutdown()


def _why_not(nvml: Any, error: Any) -> Missing | Unreadable:
    if error.value == nvml.NVML_ERROR_LIBRARY_NOT_FOUND:
        return Missing("driver_not_installed")
    return Unreadable(_code(nvml, error))


def _code(nvml: Any, error: Any) -> str:
    return {
        nvml.NVML_ERROR_DRIVER_NOT_LOADED: "driver_not_loaded",
        # After an update of the driver, until the next restart of the computer.
        nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "driver_needs_restart",
        nvml.NVML_ERROR_NO_PERMISSION: "no_permission",
        nvml.NVML_ERROR_GPU_IS_LOST: "card_lost",
        nvml.NVML_ERROR_RESET_REQUIRED: "card_lost",
        nvml.NVML_ERROR_TIMEOUT: "timeout",
        nvml.NVML_ERROR_NOT_SUPPORTED: "not_reported",
    }.get(error.value, "driver_broken")


def _card(nvml: Any, index: int, driver: str) -> Card | None:
    """One card; None for one that this person may not use (NVML counts those too)."""
    try:
        handle = nvml.nvmlDeviceGetHandleByIndex(index)
    except nvml.NVMLError as error:
        if error.value == nvml.NVML_ERROR_NO_PERMISSION:
            return None
        return Card(slot="", gpu=_lost(_code(nvml, error), driver))
    slot = ""
    with contextlib.suppress(nvml.NVMLError):
        slot = short_slot(_text(nvml.nvmlDeviceGetPciInfo(handle).busId))
    try:
        name = _named(_text(nvml.nvmlDeviceGetName(handle)))
    except nvml.NVMLError as error:
        return Card(slot=slot, gpu=_lost(_code(nvml, error), driver))
    unified = _UNIFIED.search(name) is not None
    total, free = _memory(nvml, handle, unified)
    kind = GpuKind.INTEGRATED if unified else GpuKind.DISCRETE
    return Card(
        slot=slot,
        gpu=Gpu(
            vendor="nvidia",
            name=name,
            kind=kind,
            vram_bytes=total,
            vram_free_bytes=free,
            driver=driver,
            compute_capability=_capability(nvml, handle),
            unified_memory=unified,
        ),
    )


def _memory(
    nvml: Any, handle: Any, unified: bool
) -> tuple[int | Missing | Unreadable, int | Missing | Unreadable]:
    """Bytes in all and bytes free."""
    if unified:
        return Missing("shared_memory"), Missing("shared_memory")
    try:
        memory = nvml.nvmlDeviceGetMemoryInfo(handle)
    except nvml.NVMLError as error:
        why = Unreadable(_code(nvml, error))
        return why, why
    if not memory.total:  # a driver that knows nothing says zero
        return Unreadable("not_reported"), Unreadable("not_reported")
    return int(memory.total), int(memory.free)


def _capability(nvml: Any, handle: Any) -> str | Unreadable:
    try:
        major, minor = nvml.nvmlDeviceGetCudaComputeCapability(handle)
    except nvml.NVMLError as error:
        return Unreadable(_code(nvml, error))
    return f"{major}.{minor}"


def _lost(code: str, driver: str) -> Gpu:
    why = Unreadable(code)
    return Gpu(
        vendor="nvidia",
        name="NVIDIA",
        kind=GpuKind.DISCRETE,
        vram_bytes=why,
        vram_free_bytes=why,
        driver=driver,
        compute_capability=why,
        unified_memory=False,
    )


def _named(name: str) -> str:
    """Older drivers leave the maker out of the name."""
    return name if name.upper().startswith("NVIDIA") else f"NVIDIA {name}"


def _text(value: str | bytes) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def short_slot(slot: str) -> str:
    """NVML writes a PCI domain with eight digits, Linux with four: 0000:01:00.0."""
    domain, _, rest = slot.strip("\0").lower().partition(":")
    return f"{domain[-4:].rjust(4, '0')}:{rest}" if rest else ""
