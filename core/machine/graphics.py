"""All graphics of this computer in one list: what the system lists, and what NVIDIA's driver says.

Memory that a chip shares with the processor never counts as graphics memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace

from core.domain import Gpu, GpuKind, Missing, Unreadable
from core.edges.host import Host
from core.edges.nvidia import Card
from core.machine.pci import VENDORS, is_amd_chip_by_name, is_intel_chip, read_pci_cards
from core.machine.system import is_wsl, os_name

Listed = tuple[Card, ...] | Unreadable
Nvidia = tuple[Card, ...] | Missing | Unreadable

_DISPLAY_CLASS = "{4d36e968-e325-11ce-bfc1-08002be10318}"
_DISPLAYS = rf"SYSTEM\CurrentControlSet\Control\Class\{_DISPLAY_CLASS}"
_DEVICES = r"SYSTEM\CurrentControlSet\Enum"


def read_listed(host: Host) -> Listed:
    """The graphics that the operating system lists, without NVIDIA's own library."""
    system = os_name(host.platform)
    if system == "windows":
        adapters = (windows_card(host.registry(rf"{_DISPLAYS}\{key}")) for key in _adapters(host))
        return tuple(card for card in adapters if card is not None)
    if system == "macos":
        told = host.run(("/usr/sbin/system_profiler", "-json", "SPDisplaysDataType"))
        cards = macos_cards(told or "")
        chip = host.sysctl("machdep.cpu.brand_string") or ""
        if not cards and chip.startswith("Apple"):
            cards = [_apple(chip, Unreadable("not_reported"))]
        return tuple(cards) if cards else Unreadable("not_reported")
    on_bus = read_pci_cards(host)
    # WSL shows one stand-in for whatever card Windows has; only NVIDIA's library sees behind it.
    if not on_bus and is_wsl(host) and host.exists("/dev/dxg"):
        return Unreadable("hidden_by_wsl")
    return on_bus


def merge(listed: Listed, nvidia: Nvidia) -> tuple[Gpu, ...] | Unreadable:
    """One list, cards before chips and the most memory first."""
    found = [card.gpu for card in nvidia] if isinstance(nvidia, tuple) else []
    for card in listed if isinstance(listed, tuple) else ():
        if card.gpu.vendor != "nvidia":
            found.append(card.gpu)
        elif not isinstance(nvidia, tuple):
            found.append(_without_library(card, nvidia))
        elif _not_among(card, nvidia):
            found.append(_without_library(card, Unreadable("driver_broken")))
    if not found and isinstance(listed, Unreadable):
        return nvidia if isinstance(nvidia, Unreadable) else listed
    return tuple(sorted(found, key=_order))


def _not_among(card: Card, nvidia: tuple[Card, ...]) -> bool:
    """True when NVIDIA's driver does not know a card that the system lists.

    Without slots (Windows) that cannot be told, and the driver's list is taken for complete.
    """
    slots = {known.slot for known in nvidia}
    return not nvidia or ("" not in slots and card.slot != "" and card.slot not in slots)


def _without_library(card: Card, why: Missing | Unreadable) -> Gpu:
    """An NVIDIA card whose library does not work: it is there, and its driver says why not."""
    driver = card.gpu.driver
    if isinstance(why, Unreadable) and driver != Missing("given_to_virtual_machine"):
        driver = why
    elif isinstance(driver, str) and card.slot:
        driver = Unreadable("driver_broken")  # Linux: the kernel's half is there, the other not
    total = card.gpu.vram_bytes
    not_told = Unreadable(driver.code if isinstance(driver, Missing | Unreadable) else why.code)
    return replace(
        card.gpu,
        driver=driver,
        vram_bytes=total if isinstance(total, int) else not_told,
        vram_free_bytes=not_told,
        compute_capability=not_told,
    )


def _order(gpu: Gpu) -> tuple[bool, int]:
    size = gpu.vram_bytes if isinstance(gpu.vram_bytes, int) else 0
    return gpu.kind is GpuKind.INTEGRATED, -size


# --- Windows ----------------------------------------------------------------------------------


def _adapters(host: Host) -> list[str]:
    """The display keys ("0001") of the devices that are there now, or all where that is not told.

    Each device names its key as "{class}\\0001" in its own value `Driver`.
    """
    keys = [key for key in host.registry_keys(_DISPLAYS) if re.fullmatch(r"\d{4}", key)]
    present = host.present_devices(_DISPLAY_CLASS)
    if present is None:
        return keys
    drivers = (str(host.registry(rf"{_DEVICES}\{name}").get("Driver", "")) for name in present)
    used = {driver.rpartition("\\")[2] for driver in drivers}
    return [key for key in keys if key in used]


def windows_card(values: Mapping[str, object]) -> Card | None:
    """One display adapter of the registry; None for screens that are no PCI device.

    qwMemorySize is the true size; MemorySize beside it (and WMI's AdapterRAM) have 32 bits and
    are wrong from 4 GB on, so they are not read.
    """
    found = re.search(r"ven_([0-9a-f]{4})", str(values.get("MatchingDeviceId", "")).lower())
    name = str(values.get("DriverDesc", "")).strip()
    vendor = VENDORS.get(int(found[1], 16), "unknown") if found else "unknown"
    if not found or not name or (vendor == "unknown" and found[1] in ("1414", "15ad", "1af4")):
        return None
    chip = (vendor == "intel" and is_intel_chip(_plain(name))) or (
        vendor == "amd" and is_amd_chip_by_name(_plain(name))
    )
    size = _qword(values.get("HardwareInformation.qwMemorySize"))
    not_told = Unreadable("not_reported")
    shared = Missing("shared_memory")
    version = str(values.get("DriverVersion", "")).strip()
    if vendor == "nvidia":
        version = _nvidia_version(version)
    gpu = Gpu(
        vendor=vendor,
        name=_plain(name),
        kind=GpuKind.INTEGRATED if chip else GpuKind.DISCRETE,
        vram_bytes=shared if chip else size or not_told,
        vram_free_bytes=shared if chip else not_told,
        driver=version or not_told,
        compute_capability=not_told if vendor == "nvidia" else Missing("not_used"),
        unified_memory=chip,
    )
    return Card(slot="", gpu=gpu)


def _qword(value: object) -> int:
    """Bytes in a registry value, which some drivers write as a number and some as raw bytes."""
    if isinstance(value, bytes):
        return int.from_bytes(value[:8], "little")
    return value if isinstance(value, int) else 0


def _nvidia_version(version: str) -> str:
    """Windows numbers NVIDIA's drivers its own way: 32.0.15.6614 is the driver 566.14."""
    digits = version.replace(".", "")[-5:]
    return f"{int(digits[:3])}.{digits[3:]}" if digits.isdecimal() and len(digits) == 5 else version


def _plain(name: str) -> str:
    return re.sub(r"\((R|TM)\)", "", name, flags=re.IGNORECASE).replace("  ", " ").strip()


# --- macOS ------------------------------------------------------------------------------------


def macos_cards(told: str) -> list[Card]:
    """The graphics in what `system_profiler -json SPDisplaysDataType` prints."""
    try:
        entries = json.loads(told)["SPDisplaysDataType"]
    except (ValueError, KeyError, TypeError):
        return []
    if not isinstance(entries, list):
        return []
    return [_macos_card(entry) for entry in entries if isinstance(entry, dict)]


def _macos_card(entry: Mapping[str, object]) -> Card:
    name = str(entry.get("sppci_model") or entry.get("_name") or "")
    maker = str(entry.get("spdisplays_vendor", "")).lower()
    metal = re.fullmatch(
        r"spdisplays_metal(\d+)?", str(entry.get("spdisplays_mtlgpufamilysupport", ""))
    )
    not_told = Unreadable("not_reported")
    driver = f"Metal {metal[1] or ''}".strip() if metal else not_told
    if "apple" in maker or name.startswith("Apple"):
        return _apple(name, driver)
    words = f"{maker} {name}".lower().replace("radeon", "amd")
    vendor = next((vendor for vendor in ("nvidia", "amd", "intel") if vendor in words), None)
    size = _written_size(str(entry.get("spdisplays_vram", "")))
    chip = size is None and ("spdisplays_vram_shared" in entry or vendor == "intel")
    shared = Missing("shared_memory")
    gpu = Gpu(
        vendor=vendor or "unknown",
        name=name or "?",
        kind=GpuKind.INTEGRATED if chip else GpuKind.DISCRETE,
        vram_bytes=shared if chip else size or not_told,
        vram_free_bytes=shared if chip else not_told,
        driver=driver,
        compute_capability=not_told if vendor == "nvidia" else Missing("not_used"),
        unified_memory=chip,
    )
    return Card(slot="", gpu=gpu)


def _apple(name: str, driver: str | Unreadable) -> Card:
    """Apple's chips: the graphics uses the computer's own memory, all of it in one piece."""
    gpu = Gpu(
        vendor="apple",
        name=name,
        kind=GpuKind.INTEGRATED,
        vram_bytes=Missing("shared_memory"),
        vram_free_bytes=Missing("shared_memory"),
        driver=driver,
        compute_capability=Missing("not_used"),
        unified_memory=True,
    )
    return Card(slot="", gpu=gpu)


def _written_size(text: str) -> int | None:
    """ "8 GB" and "1536 MB" as macOS writes them, in powers of 1024."""
    found = re.fullmatch(r"(\d+)\s*(MB|GB)", text.strip())
    return int(found[1]) * 2 ** (30 if found[2] == "GB" else 20) if found else None
