"""System, processor and memory, read from recorded computers and from this one."""

from __future__ import annotations

import sys

import psutil
import pytest

from core.domain import Unreadable
from core.edges.host import Host, without_login
from core.machine.system import cores_from_cpuinfo, read_cpu, read_memory, read_system
from tests.unit.machine.recorded_host import recorded

SYSTEMS = {
    "linux-rtx4070": ("linux", "Ubuntu 24.04", "x86_64", False),
    "linux-radeon-7900xtx": ("linux", "Arch Linux", "x86_64", False),
    "linux-amd-laptop": ("linux", "Fedora Linux 42", "x86_64", False),
    "linux-raspberry-pi-5": ("linux", "Debian GNU/Linux 12", "arm64", False),
    "wsl-ubuntu": ("linux", "Ubuntu 24.04", "x86_64", True),
    "macos-m2": ("macos", "macOS 15.6.1", "arm64", False),
    "macos-intel": ("macos", "macOS 14.7.2", "x86_64", False),
    "windows-laptop": ("windows", "Windows 11 24H2 (26100)", "x86_64", False),
}

PROCESSORS = {
    "linux-rtx4070": ("AMD Ryzen 7 7700X 8-Core Processor", 8),  # 16 threads
    "linux-intel-laptop": ("13th Gen Intel Core i7-1360P", 12),
    "linux-raspberry-pi-5": ("Raspberry Pi 5 Model B Rev 1.0", 4),
    "linux-container-cgroup1": ("AMD EPYC", 2),
    "macos-m2": ("Apple M2", 8),
    "windows-laptop": ("12th Gen Intel Core i7-12700H", Unreadable("not_reported")),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_systems(name: str) -> None:
    system = read_system(recorded(name))
    assert (system.os, system.version, system.arch, system.wsl) == SYSTEMS[name]


def test_a_kernel_of_ones_own_in_wsl_is_still_wsl() -> None:
    host = recorded("wsl-ubuntu")
    host.files["/proc/sys/kernel/osrelease"] = b"6.12.0-mine\n"
    assert read_system(host).wsl
    del host.files["/proc/sys/fs/binfmt_misc/WSLInterop"]
    assert not read_system(host).wsl
    for release in (b"4.4.0-19041-Microsoft\n", b"5.15.167.4-microsoft-standard-WSL2\n"):
        host.files["/proc/sys/kernel/osrelease"] = release
        assert read_system(host).wsl


@pytest.mark.parametrize("name", PROCESSORS)
def test_processors(name: str) -> None:
    cpu = read_cpu(recorded(name))
    assert (cpu.name, cpu.physical_cores) == PROCESSORS[name]
    assert cpu.memory_bandwidth_gbs is None


def test_a_computer_that_says_nothing_is_unreadable_and_never_zero() -> None:
    host = recorded("linux-rtx4070")
    host.files.clear()
    cpu = read_cpu(host)
    assert (cpu.name, cpu.physical_cores) == (Unreadable("not_reported"),) * 2
    assert read_system(host).version == "Linux"


def test_two_processors_in_one_computer_are_counted_both() -> None:
    block = "processor\t: {}\nphysical id\t: {}\ncore id\t\t: {}\n"
    blocks = [block.format(n, n // 4, n % 4 // 2) for n in range(8)]  # 2 × 2 cores × 2 threads
    assert cores_from_cpuinfo("\n".join(blocks)) == 4


def test_a_memory_limit_of_a_group_above_counts_and_its_file_cache_does_not() -> None:
    memory = read_memory(recorded("linux-rtx4070"))
    assert memory.total_bytes == 25769803776
    # limit − (current − inactive_file), and that is less than what the system has available
    assert memory.free_bytes == 25769803776 - (9663676416 - 3221225472)


def test_a_container_sees_its_own_limit_at_the_top_of_the_mount() -> None:
    memory = read_memory(recorded("linux-container-cgroup1"))
    assert memory.total_bytes == 4294967296
    assert memory.free_bytes == 4294967296 - (1073741824 - 268435456)


def test_without_a_limit_memory_is_the_systems() -> None:
    memory = read_memory(recorded("linux-radeon-7900xtx"))
    assert (memory.total_bytes, memory.free_bytes) == (66571993088, 55834574848)


def test_a_group_over_its_limit_has_nothing_free() -> None:
    host = recorded("linux-container-cgroup1")
    host.files["/sys/fs/cgroup/memory/memory.usage_in_bytes"] = b"9999999999\n"
    assert read_memory(host).free_bytes == 0


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (None, None),
        ("", None),
        ("http://me:secret@proxy.example:3128", "http://proxy.example:3128"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("socks5h://me@[::1]:1080", "socks5h://[::1]:1080"),
        ("http://me:s@cret@proxy.example", "http://proxy.example"),
        ("http://proxy.example:port", None),
    ],
)
def test_a_proxy_is_shown_without_its_login(address: str | None, shown: str | None) -> None:
    assert without_login(address) == shown


def test_a_proxy_of_the_environment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:secret@127.0.0.1:3128")
    monkeypatch.setenv("https_proxy", "http://me:secret@127.0.0.1:3128")
    assert Host().proxy() == "http://127.0.0.1:3128"


# --- this computer ----------------------------------------------------------------------------


def test_this_computer_agrees_with_psutil() -> None:
    memory = read_memory(Host())
    assert isinstance(memory.total_bytes, int)
    assert isinstance(memory.free_bytes, int)
    assert 0 < memory.free_bytes <= memory.total_bytes <= psutil.virtual_memory().total
    assert read_system(Host()).arch in ("x86_64", "arm64")


def test_reading_what_is_not_there_is_none() -> None:
    host = Host()
    assert host.read("/no/such/file") is None
    assert host.read_int("/no/such/file") is None
    assert host.names("/no/such/folder") == ()
    assert host.run(("no-such-tool",)) is None
    assert host.run((sys.executable, "-c", "raise SystemExit(3)")) is None
    assert host.run((sys.executable, "-c", "import time; time.sleep(30)"), 0.2) is None
