"""Which operating system and which processor this is."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from core.domain import Cpu, Missing, Unreadable
from core.edges.host import Host

_WINDOWS = r"SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_WINDOWS_CPU = r"HARDWARE\DESCRIPTION\System\CentralProcessor\0"
_ARCH = {"amd64": "x86_64", "x64": "x86_64", "aarch64": "arm64", "arm64e": "arm64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class System:
    os: str  # linux | windows | macos
    version: str  # "Ubuntu 24.04"; empty: not known
    arch: str  # x86_64 | arm64
    wsl: bool


def read_system(host: Host) -> System:
    """The system, its version as people say it, and the processor's architecture."""
    name = os_name(host.platform)
    machine = host.machine().lower()
    version = {"windows": _windows_version, "macos": _macos_version}.get(name, _linux_version)(host)
    return System(
        os=name,
        version=version,
        arch=_ARCH.get(machine, machine),
        wsl=name == "linux" and is_wsl(host),
    )


def os_name(platform: str) -> str:
    return {"win32": "windows", "darwin": "macos"}.get(platform, "linux")


def is_wsl(host: Host) -> bool:
    """Microsoft's kernels carry its name; a kernel of one's own still has the Windows bridge."""
    release = host.read("/proc/sys/kernel/osrelease") or ""
    return (
        "microsoft" in release.lower()
        or host.exists("/proc/sys/fs/binfmt_misc/WSLInterop")
        or host.exists("/run/WSL")
    )


def _linux_version(host: Host) -> str:
    """Name and number from os-release: "Ubuntu 24.04", "Arch Linux" (which has no number)."""
    text = host.read("/etc/os-release") or host.read("/usr/lib/os-release") or ""
    values: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition("=")
        try:
            values[key.strip()] = " ".join(shlex.split(value))
        except ValueError:  # an odd quote: better no value than a broken one
            continue
    return f"{values.get('NAME', 'Linux')} {values.get('VERSION_ID', '')}".strip()


def _windows_version(host: Host) -> str:
    """Build 22000 and later are Windows 11, though ProductName still says 10."""
    values = host.registry(_WINDOWS)
    build = str(values.get("CurrentBuildNumber", ""))
    if not build.isdecimal():
        return "Windows"
    product = str(values.get("ProductName", ""))
    name = product if "Server" in product else f"Windows {11 if int(build) >= 22000 else 10}"
    return f"{name} {values.get('DisplayVersion', '')} ({build})".replace("  ", " ")


def _macos_version(host: Host) -> str:
    return f"macOS {host.sysctl('kern.osproductversion') or ''}".strip()


# --- the processor ----------------------------------------------------------------------------


def read_cpu(host: Host) -> Cpu:
    """The processor's name and its physical cores (two threads of one core count once)."""
    system = os_name(host.platform)
    cores: int | None
    if system == "linux":
        info = host.read("/proc/cpuinfo") or ""
        name = cpu_name(info)
        cores = cores_from_cpuinfo(info) or _cores_from_sysfs(host) or host.physical_cores()
    elif system == "macos":
        name = host.sysctl("machdep.cpu.brand_string")
        cores = _number(host.sysctl("hw.physicalcpu")) or host.physical_cores()
    else:
        name = _clean(str(host.registry(_WINDOWS_CPU).get("ProcessorNameString", "")))
        cores = host.physical_cores()
    return Cpu(
        name=name or Unreadable("not_reported"),
        physical_cores=cores or Unreadable("not_reported"),
    )


def cpu_name(cpuinfo: str) -> str | None:
    """The name in /proc/cpuinfo; small ARM boards have only the board's name there."""
    for key in ("model name", "Model", "Hardware"):
        found = re.search(rf"^{key}\s*:\s*(\S.*)$", cpuinfo, re.MULTILINE)
        if found:
            return _clean(found[1])
    return None


def cores_from_cpuinfo(cpuinfo: str) -> int | None:
    """Counts each pair of physical id and core id once; ARM kernels write neither."""
    cores = set()
    for block in cpuinfo.split("\n\n"):
        core = re.search(r"^core id\s*:\s*(\d+)", block, re.MULTILINE)
        package = re.search(r"^physical id\s*:\s*(\d+)", block, re.MULTILINE)
        if core:
            cores.add((package[1] if package else "0", core[1]))
    return len(cores) or None


def _cores_from_sysfs(host: Host) -> int | None:
    folder = "/sys/devices/system/cpu"
    siblings = set()
    for name in host.names(folder):
        if re.fullmatch(r"cpu\d+", name):
            topology = f"{folder}/{name}/topology"
            # The second name is the one that kernels before 5.3 use.
            siblings.add(
                host.read(f"{topology}/core_cpus_list")
                or host.read(f"{topology}/thread_siblings_list")
            )
    siblings.discard(None)
    return len(siblings) or None


def _clean(name: str) -> str:
    """Drops the marks and the runs of blanks that makers put into names."""
    name = re.sub(r"\((R|TM)\)", "", name, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", name).strip()


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


# --- memory -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    total_bytes: int | Missing | Unreadable
    free_bytes: int | Missing | Unreadable


def read_memory(host: Host) -> Memory:
    """Memory in all and free now, both under the limit of the group this program runs in."""
    total, free = host.memory()
    if os_name(host.platform) == "linux":
        for limit, used in _group_limits(host):
            total = min(total, limit)
            free = min(free, max(0, limit - used))
    return Memory(total_bytes=total, free_bytes=free)


def _group_limits(host: Host) -> list[tuple[int, int]]:
    """Limit and use in bytes of each control group above this program that has a limit.

    Memory that only caches files is given back on demand, so it does not count as used.
    https://docs.kernel.org/admin-guide/cgroup-v2.html (memory.max, memory.current, memory.stat)
    """
    limits = []
    for line in (host.read("/proc/self/cgroup") or "").splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            mount, names = "/sys/fs/cgroup", ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            mount = "/sys/fs/cgroup/memory"
            names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
        else:
            continue
        for folder in _with_parents(path):
            limit = host.read_int(f"{mount}{folder}/{names[0]}")  # "max" is no number: None
            used = host.read_int(f"{mount}{folder}/{names[1]}")
            if limit is not None and used is not None:
                stat = host.read(f"{mount}{folder}/memory.stat") or ""
                cache = re.search(rf"^{names[2]} (\d+)$", stat, re.MULTILINE)
                limits.append((limit, max(0, used - (int(cache[1]) if cache else 0))))
    return limits


def _with_parents(path: str) -> list[str]:
    """ "/a/b" → "/a/b", "/a", "": a container sees its own group at the top of the mount."""
    parts = [part for part in path.split("/") if part and part != ".."]
    return ["/" + "/".join(parts[:n]) if n else "" for n in range(len(parts), -1, -1)]
