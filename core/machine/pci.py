"""The graphics cards that Linux lists on its PCI bus, with what their drivers tell in sysfs.

The bus and not /sys/class/drm: a card without a driver, the very case that needs a word to the
person, is only on the bus. A driver's files are in the same folder of both.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.domain import Gpu, GpuKind, Missing, Unreadable
from core.edges.host import Host
from core.edges.nvidia import Card

_BUS = "/sys/bus/pci/devices"
_AMD_NAMES = "/usr/share/libdrm/amdgpu.ids"
_ALL_NAMES = ("/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids")

VENDORS = {0x10DE: "nvidia", 0x1002: "amd", 0x8086: "intel"}
_MAKERS = {"nvidia": "NVIDIA", "amd": "AMD", "intel": "Intel"}

# Screens of virtual machines, of remote control and of servers: nothing there can compute.
_SCREENS_ONLY = {
    0x1013,  # Cirrus
    0x102B,  # Matrox, in servers
    0x1234,  # QEMU and Bochs
    0x1414,  # Microsoft: Hyper-V, and the stand-in that WSL shows for the true card
    0x15AD,  # VMware
    0x1A03,  # ASPEED, in servers
    0x1AF4,  # virtio
    0x1B36,  # QXL
    0x80EE,  # VirtualBox
}

# A part of the memory this large was set aside for graphics by the owner of the computer, and is
# no longer in the system's total. Below it is what makers set, and the rest is shared anyway.
_SET_ASIDE_BYTES = 8 * 2**30

_INTEL_CARD = re.compile(
    r"\bArc\b.*\b[AB]\d{2,3}\b|\bDG[12]\b|Battlemage|Data Center GPU|\bIris Xe MAX\b",
    re.IGNORECASE,
)
_AMD_CARD = re.compile(r"\bRX\b|\bPro\b.*\b[WV]\d{4}|Instinct|\bMI\d{2,3}\w?\b|Radeon VII|FirePro")
_AMD_CHIP = re.compile(r"\bGraphics\b|\b\d{3}M\b|\b80[456]0S\b|\bVega \d{1,2}\b|\bMI300A\b")


def read_pci_cards(host: Host) -> tuple[Card, ...]:
    """Every graphics card and chip on the bus. NVML knows more about the NVIDIA ones."""
    cards = []
    for slot in host.names(_BUS):
        folder = f"{_BUS}/{slot}"
        kind = host.read_int(f"{folder}/class") or 0
        vendor = host.read_int(f"{folder}/vendor") or 0
        if vendor not in _SCREENS_ONLY and _is_graphics(kind, vendor):
            cards.append(Card(slot=slot, gpu=_gpu(host, folder, slot, vendor)))
    return tuple(cards)


def _is_graphics(kind: int, vendor: int) -> bool:
    """Class 3 is display; AMD's MI cards are class 12 (so are Intel's NPUs, which are none)."""
    return kind >> 16 == 0x03 or (kind >> 16 == 0x12 and vendor == 0x1002)


def _gpu(host: Host, folder: str, slot: str, vendor_id: int) -> Gpu:
    vendor = VENDORS.get(vendor_id, "unknown")
    name = _name(host, folder, slot, vendor, vendor_id)
    driver = _driver(host, folder)
    if vendor == "amd":
        chip = _is_amd_chip(host, folder, name)
        total, free = _amd_memory(host, folder, chip)
    elif vendor == "intel":
        chip = is_intel_chip(name, slot)
        total, free = _intel_memory(host, folder, chip)
    else:
        chip = False
        total = free = Unreadable("not_reported")
    if isinstance(driver, Missing) and not chip:
        total = free = Unreadable(driver.code)
    return Gpu(
        vendor=vendor,
        name=name,
        kind=GpuKind.INTEGRATED if chip else GpuKind.DISCRETE,
        vram_bytes=total,
        vram_free_bytes=free,
        driver=driver,
        compute_capability=_capability(host, slot, vendor),
        unified_memory=chip,
    )


def _driver(host: Host, folder: str) -> str | Missing:
    """The kernel's driver, with its version where it is not a part of the kernel."""
    found = re.search(r"^DRIVER=(\S+)", host.read(f"{folder}/uevent") or "", re.MULTILINE)
    if not found or found[1] == "nouveau":  # nouveau draws, but cannot compute
        return Missing("driver_not_installed")
    if found[1] == "vfio-pci":
        return Missing("given_to_virtual_machine")
    version = host.read(f"/sys/module/{found[1]}/version")
    return f"{found[1]} {version}" if version else found[1]


def _capability(host: Host, slot: str, vendor: str) -> str | Missing | Unreadable:
    """AMD's target, "gfx1100", by which a ROCm build either has code for the card or has none.

    The compute driver writes 11.0.0 as 110000, and numbers the slot 03:00.0 as 0x0300
    (kernel, drivers/gpu/drm/amd/amdkfd/kfd_topology.c).
    """
    if vendor == "nvidia":
        return Unreadable("not_reported")  # only NVIDIA's own library knows
    if vendor != "amd":
        return Missing("not_used")
    nodes = "/sys/class/kfd/kfd/topology/nodes"
    for node in host.names(nodes):
        lines = (host.read(f"{nodes}/{node}/properties") or "").splitlines()
        values = dict(line.split(" ", 1) for line in lines if " " in line)
        version = values.get("gfx_target_version", "0")
        if _slot_of(values) == slot and version.isdecimal() and int(version):
            major, minor, step = (
                int(version) // 10000,
                int(version) // 100 % 100,
                int(version) % 100,
            )
            return f"gfx{major}{minor:x}{step:x}"
    return Unreadable("not_reported")


def _slot_of(node: Mapping[str, str]) -> str:
    domain, location = node.get("domain", "0"), node.get("location_id", "")
    if not (domain.isdecimal() and location.isdecimal()):
        return ""
    place = int(location)
    return f"{int(domain):04x}:{place >> 8:02x}:{place >> 3 & 31:02x}.{place & 7}"


# --- memory -----------------------------------------------------------------------------------

_Fact = int | Missing | Unreadable


def _amd_memory(host: Host, folder: str, chip: bool) -> tuple[_Fact, _Fact]:
    """Bytes in all and bytes free.

    https://docs.kernel.org/gpu/amdgpu/driver-misc.html (mem_info_vram_total, …_used)
    """
    total = host.read_int(f"{folder}/mem_info_vram_total")
    used = host.read_int(f"{folder}/mem_info_vram_used")
    if chip and (total or 0) < _SET_ASIDE_BYTES:
        return Missing("shared_memory"), Missing("shared_memory")
    if not total:
        return Unreadable("not_reported"), Unreadable("not_reported")
    return total, Unreadable("not_reported") if used is None else max(0, total - used)


def _intel_memory(host: Host, folder: str, chip: bool) -> tuple[_Fact, _Fact]:
    """The driver xe tells the bytes per tile, some builds of i915 in one file; none what is free.

    https://gitlab.freedesktop.org/drm/igt-gpu-tools (tests/intel/xe_sysfs_tile.c)
    """
    if chip:
        return Missing("shared_memory"), Missing("shared_memory")
    tiles = [name for name in host.names(folder) if re.fullmatch(r"tile\d+", name)]
    total = sum(
        host.read_int(f"{folder}/{tile}/physical_vram_size_bytes")
        or host.read_int(f"{folder}/{tile}/memory/physical_vram_size_bytes")
        or 0
        for tile in tiles
    )
    for card in host.names(f"{folder}/drm"):
        total = total or host.read_int(f"{folder}/drm/{card}/lmem_total_bytes") or 0
    return total or Unreadable("not_reported"), Unreadable("not_reported")


# --- chip or card -----------------------------------------------------------------------------


def _is_amd_chip(host: Host, folder: str, name: str) -> bool:
    """True where processor and graphics are one part.

    amdgpu's gpu_metrics starts with its size (2 bytes) and the revision of its format: 1 for
    cards, 2 and 3 for chips (kernel, drivers/gpu/drm/amd/include/kgd_pp_interface.h).
    """
    header = host.read_bytes(f"{folder}/gpu_metrics", 4)
    if header and len(header) == 4 and header[2] in (1, 2, 3):
        return header[2] != 1
    return is_amd_chip_by_name(name)


def is_amd_chip_by_name(name: str) -> bool:
    """A card says RX, Pro or Instinct; a chip is "Radeon Graphics", "780M", "Vega 8"."""
    return _AMD_CARD.search(name) is None and _AMD_CHIP.search(name) is not None


def is_intel_chip(name: str, slot: str = "") -> bool:
    """Intel's own graphics is always in the same place on the bus; cards carry a letter."""
    if _INTEL_CARD.search(name):
        return False
    return slot in ("", "0000:00:02.0")


# --- names ------------------------------------------------------------------------------------


def _name(host: Host, folder: str, slot: str, vendor: str, vendor_id: int) -> str:
    """The name people know: the driver's, AMD's own list, the list of all; else the numbers."""
    device = host.read_int(f"{folder}/device") or 0
    if vendor == "nvidia":
        told = host.read(f"/proc/driver/nvidia/gpus/{slot}/information") or ""
        found = re.search(r"^Model:\s*(\S.*)$", told, re.MULTILINE)
        if found and not found[1].startswith("Unknown"):
            return found[1] if found[1].startswith("NVIDIA") else f"NVIDIA {found[1]}"
    if vendor == "amd":
        revision = host.read_int(f"{folder}/revision") or 0
        if name := _amd_name(host.read(_AMD_NAMES) or "", device, revision):
            return name
        if name := host.read(f"{folder}/product_name"):
            return name if name.startswith("AMD") else f"AMD {name}"
    maker = _MAKERS.get(vendor, "")
    for path in _ALL_NAMES:
        if name := name_in_pci_ids(host.read(path) or "", vendor_id, device):
            return f"{maker} {name}".strip()
    return f"{maker} [{vendor_id:04x}:{device:04x}]".strip()


def _amd_name(ids: str, device: int, revision: int) -> str | None:
    """amdgpu.ids of libdrm: "744C,<tab>C8,<tab>AMD Radeon RX 7900 XTX"."""
    found = re.search(rf"^{device:04X},\s*{revision:02X},\s*(\S.*)$", ids, re.MULTILINE)
    return found[1].strip() if found else None


def name_in_pci_ids(ids: str, vendor: int, device: int) -> str | None:
    """The name of a device in pci.ids: the part in brackets, which is what the box says."""
    inside = False
    for line in ids.splitlines():
        if line.startswith("#") or not line.strip():
            continue
        if not line.startswith("\t"):
            if inside:
                return None
            inside = line.lower().startswith(f"{vendor:04x} ")
        elif inside and line.lower().startswith(f"\t{device:04x} "):
            name = line[5:].strip()
            bracket = re.search(r"\[([^\]]+)\]", name)
            return bracket[1] if bracket else name
    return None
