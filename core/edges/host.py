"""What the operating system says about this computer, raw. core/machine makes facts of it.

`Host` is the only door: give it another `root` and it reads a recorded system instead of this
one. Nothing here raises: None (or an empty tuple) is "the system does not say".
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

_LONGEST_READ = 4_000_000  # bytes; the longest file read here (pci.ids) has 1.5 million


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One file system: where it is mounted, what tells it from others, and its free bytes."""

    mount: str
    device: int
    free_bytes: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """This computer, or a recorded one under `root`."""

    root: Path = Path("/")
    platform: str = sys.platform  # linux | darwin | win32

    # --- files that systems describe themselves in ---

    def read(self, path: str) -> str | None:
        """The text of a file like /proc/cpuinfo without its last line end."""
        data = self.read_bytes(path)
        return None if data is None else data.decode("utf-8", "replace").rstrip("\n\0")

    def read_bytes(self, path: str, longest: int = _LONGEST_READ) -> bytes | None:
        try:
            with self._at(path).open("rb") as file:
                return file.read(longest)
        except OSError:
            return None

    def read_int(self, path: str) -> int | None:
        """A number as sysfs writes it: decimal, or hexadecimal with 0x."""
        text = self.read(path)
        try:
            return None if text is None else int(text.strip(), 0)
        except ValueError:
            return None

    def names(self, folder: str) -> tuple[str, ...]:
        try:
            return tuple(sorted(entry.name for entry in self._at(folder).iterdir()))
        except OSError:
            return ()

    def exists(self, path: str) -> bool:
        try:
            return self._at(path).exists()
        except OSError:
            return False

    def _at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    # --- tools, the registry, sysctl ---

    def run(self, args: tuple[str, ...], timeout_s: float = 2.5) -> str | None:
        """What a system tool prints, or None when it is missing, fails or takes too long."""
        flags = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            done = subprocess.run(
                args,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=timeout_s,
                creationflags=flags,
            )
        except (OSError, subprocess.SubprocessError):
            return None
        return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None

    def sysctl(self, name: str) -> str | None:
        """One value of macOS's kernel, like machdep.cpu.brand_string."""
        text = self.run(("/usr/sbin/sysctl", "-n", name))
        return text.strip() or None if text is not None else None

    def registry(self, key: str) -> dict[str, object]:
        """The values of one key under HKEY_LOCAL_MACHINE; empty where there is none."""
        values: dict[str, object] = {}
        if sys.platform == "win32":
            import winreg

            with (
                contextlib.suppress(OSError),
                winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as handle,
            ):
                for index in range(winreg.QueryInfoKey(handle)[1]):
                    name, value, _ = winreg.EnumValue(handle, index)
                    values[name] = value
        return values

    def registry_keys(self, key: str) -> tuple[str, ...]:
        """The names of the keys below one key under HKEY_LOCAL_MACHINE."""
        names: list[str] = []
        if sys.platform == "win32":
            import winreg

            with (
                contextlib.suppress(OSError),
                winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as handle,
            ):
                for index in range(winreg.QueryInfoKey(handle)[0]):
                    names.append(winreg.EnumKey(handle, index))
        return tuple(names)

    def present_devices(self, device_class: str) -> tuple[str, ...] | None:
        """Windows' names of the devices of one class that are there now; None: not told.

        The registry also keeps those of cards that were taken out long ago.
        """
        if sys.platform == "win32":
            return _windows_devices(device_class)
        else:
            return None

    # --- numbers that every system has ---

    def machine(self) -> str:
        """The processor's own architecture, even where this program is translated for it."""
        if sys.platform == "win32":
            return _windows_machine()
        else:
            # Under Rosetta, uname says x86_64.
            rosetta = sys.platform == "darwin" and self.sysctl("hw.optional.arm64") == "1"
            return "arm64" if rosetta else os.uname().machine

    def memory(self) -> tuple[int, int]:
        """Bytes of memory: all of it, and what programs could take now without swapping."""
        import psutil

        memory = psutil.virtual_memory()
        return int(memory.total), int(memory.available)

    def physical_cores(self) -> int | None:
        import psutil

        return psutil.cpu_count(logical=False) or None

    def volume(self, path: Path) -> Volume | None:
        """The volume that holds `path`, or will: the nearest parent that exists decides."""
        try:
            place = path.expanduser().absolute()
            while not place.exists() and place != place.parent:
                place = place.parent
            place = place.resolve()
            device = place.stat().st_dev
        except OSError:
            return None
        mount = place
        with contextlib.suppress(OSError):
            while mount != mount.parent and mount.parent.stat().st_dev == device:
                mount = mount.parent
        free: int | None = None
        with contextlib.suppress(OSError):
            free = shutil.disk_usage(place).free
        return Volume(mount=str(mount), device=device, free_bytes=free)

    def home(self) -> Path:
        return Path.home()

    def proxy(self) -> str | None:
        """The proxy that downloads will go through, without user and password."""
        proxies = urllib.request.getproxies()
        return without_login(proxies.get("https") or proxies.get("all") or proxies.get("http"))


def without_login(url: str | None) -> str | None:
    """`http://host:port` of a proxy address; None for None and for what is no address."""
    if not url:
        return None
    try:
        parts = urllib.parse.urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host:
        return None
    host = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{host}" + (f":{port}" if port else "")


def _windows_machine() -> str:
    """IsWow64Process2 tells the true machine also to a program that Windows translates."""
    import ctypes

    native = ctypes.c_ushort(0)
    with contextlib.suppress(AttributeError, OSError):
        kernel32 = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
        kernel32.GetCurrentProcess.restype = ctypes.c_void_p
        kernel32.IsWow64Process2.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
        process = ctypes.c_ushort(0)
        kernel32.IsWow64Process2(
            kernel32.GetCurrentProcess(), ctypes.byref(process), ctypes.byref(native)
        )
    # IMAGE_FILE_MACHINE_ARM64
    return "arm64" if native.value == 0xAA64 else "x86_64"


def _windows_devices(device_class: str) -> tuple[str, ...] | None:
    """https://learn.microsoft.com/windows/win32/api/cfgmgr32/nf-cfgmgr32-cm_get_device_id_listw"""
    import ctypes

    present_of_class = ctypes.c_ulong(0x300)  # CM_GETIDLIST_FILTER_PRESENT | …_CLASS
    size = ctypes.c_ulong(0)
    try:
        api = ctypes.WinDLL("cfgmgr32")  # type: ignore[attr-defined,unused-ignore]
        guid = ctypes.c_wchar_p(device_class)
        if api.CM_Get_Device_ID_List_SizeW(ctypes.byref(size), guid, present_of_class):
            return None
        names = ctypes.create_unicode_buffer(size.value)
        if api.CM_Get_Device_ID_ListW(guid, names, size, present_of_class):
            return None
    except (AttributeError, OSError):
        return None
    return tuple(name for name in ctypes.wstring_at(names, size.value).split("\0") if name)
