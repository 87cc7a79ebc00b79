"""Graphics cards and chips: from NVML, from the PCI bus, from Windows and macOS, and all merged."""

from __future__ import annotations

from dataclasses import replace

import pynvml
import pytest

from core.domain import Gpu, GpuKind, Missing, Unreadable
from core.edges.nvidia import Card, read_cards, short_slot
from core.machine.graphics import macos_cards, merge, read_listed, windows_card
from core.machine.pci import is_amd_chip_by_name, is_intel_chip, name_in_pci_ids
from tests.unit.machine.nvml_stand_in import RTX4070, Nvml
from tests.unit.machine.recorded_host import recorded

NO_DRIVER = Missing("driver_not_installed")
SHARED = Missing("shared_memory")


def seen(name: str, nvidia: tuple[Card, ...] | Missing | Unreadable = NO_DRIVER) -> tuple[Gpu, ...]:
    gpus = merge(read_listed(recorded(name)), nvidia)
    assert isinstance(gpus, tuple)
    return gpus


# --- NVML -------------------------------------------------------------------------------------


def test_a_card_as_nvml_tells_it() -> None:
    nvml = Nvml(RTX4070)
    assert read_cards(nvml) == (
        Card(
            slot="0000:01:00.0",
            gpu=Gpu(
                vendor="nvidia",
                name="NVIDIA GeForce RTX 4070",
                kind=GpuKind.DISCRETE,
                vram_bytes=12878610432,
                vram_free_bytes=11811160064,
                driver="580.95.05",
                compute_capability="8.9",
                unified_memory=False,
            ),
        ),
    )
    assert nvml.open == 0


def test_old_drivers_answer_in_bytes_and_without_the_maker() -> None:
    (card,) = read_cards(Nvml({**RTX4070, "name": b"GeForce GTX 1080", "bus": b"00000000:0A:00.0"}))  # type: ignore[misc]
    assert (card.gpu.name, card.slot) == ("NVIDIA GeForce GTX 1080", "0000:0a:00.0")


@pytest.mark.parametrize(
    ("error", "answer"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, Missing("driver_not_installed")),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, Unreadable("driver_not_loaded")),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, Unreadable("driver_needs_restart")),
        (pynvml.NVML_ERROR_NO_PERMISSION, Unreadable("no_permission")),
        (pynvml.NVML_ERROR_UNKNOWN, Unreadable("driver_broken")),
    ],
)
def test_a_driver_that_does_not_work_says_why(error: int, answer: Missing | Unreadable) -> None:
    assert read_cards(Nvml(fails=error)) == answer


def test_the_true_library_answers_something() -> None:
    assert isinstance(read_cards(), tuple | Missing | Unreadable)


@pytest.mark.parametrize("name", ["NVIDIA GB10", "Orin (nvgpu)", "NVIDIA Thor"])
def test_a_chip_that_shares_memory_has_none_of_its_own(name: str) -> None:
    not_supported = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
    for total in (not_supported, 130663165952):  # some drivers answer with all of the memory
        (card,) = read_cards(Nvml({**RTX4070, "name": name, "total": total}))  # type: ignore[misc]
        assert card.gpu.kind is GpuKind.INTEGRATED
        assert card.gpu.unified_memory
        assert (card.gpu.vram_bytes, card.gpu.vram_free_bytes) == (SHARED, SHARED)


def test_a_card_whose_memory_is_not_told_is_no_chip() -> None:
    not_supported = pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
    for total in (not_supported, 0):
        (card,) = read_cards(Nvml({**RTX4070, "total": total}))  # type: ignore[misc]
        assert card.gpu.kind is GpuKind.DISCRETE
        assert card.gpu.vram_bytes == Unreadable("not_reported")


def test_one_lost_card_does_not_hide_the_other() -> None:
    lost = pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
    cards = read_cards(Nvml({"handle": lost}, RTX4070))
    assert isinstance(cards, tuple)
    assert [card.gpu.vram_bytes for card in cards] == [Unreadable("card_lost"), 12878610432]


def test_a_card_of_somebody_else_is_not_ours() -> None:
    denied = pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)
    cards = read_cards(Nvml({"handle": denied}, RTX4070))
    assert isinstance(cards, tuple)
    assert len(cards) == 1


def test_slots_are_written_as_linux_writes_them() -> None:
    assert short_slot("00000000:01:00.0") == "0000:01:00.0"
    assert short_slot("0000000F:01:00.0\0\0") == "000f:01:00.0"
    assert short_slot("") == ""


# --- the PCI bus ------------------------------------------------------------------------------


def test_a_radeon_card() -> None:
    assert seen("linux-radeon-7900xtx") == (
        Gpu(
            vendor="amd",
            name="AMD Radeon RX 7900 XTX",
            kind=GpuKind.DISCRETE,
            vram_bytes=25753026560,
            vram_free_bytes=25753026560 - 1610612736,
            driver="amdgpu",
            compute_capability="gfx1100",
            unified_memory=False,
        ),
    )


@pytest.mark.parametrize(
    ("location", "version", "told"),
    [
        (b"768", b"90010", "gfx90a"),
        (b"768", b"0", Unreadable("not_reported")),
        (b"776", b"110000", Unreadable("not_reported")),  # 03:01.0, another card
        (b"769", b"110000", Unreadable("not_reported")),  # 03:00.1
    ],
)
def test_a_radeons_target_is_that_of_its_own_slot(
    location: bytes, version: bytes, told: object
) -> None:
    host = recorded("linux-radeon-7900xtx")
    node = "/sys/class/kfd/kfd/topology/nodes/1/properties"
    text = host.files[node].replace(b"location_id 768", b"location_id " + location)
    host.files[node] = text.replace(b"_version 110000", b"_version " + version)
    gpus = merge(read_listed(host), NO_DRIVER)
    assert isinstance(gpus, tuple)
    assert gpus[0].compute_capability == told


def test_a_slot_is_found_by_its_number() -> None:
    host = recorded("linux-radeon-7900xtx")
    node = "/sys/class/kfd/kfd/topology/nodes/1/properties"
    host.files[node] = host.files[node].replace(b"location_id 768", b"location_id 776")
    for path in [path for path in host.files if "0000:03:00.0" in path]:
        host.files[path.replace("0000:03:00.0", "0000:03:01.0")] = host.files.pop(path)
    gpus = merge(read_listed(host), NO_DRIVER)
    assert isinstance(gpus, tuple)
    assert gpus[0].compute_capability == "gfx1100"


def test_the_chip_of_a_laptop_has_no_memory_of_its_own() -> None:
    (amd,) = seen("linux-amd-laptop")
    assert (amd.name, amd.kind) == ("AMD Radeon 780M Graphics", GpuKind.INTEGRATED)
    assert (amd.vram_bytes, amd.unified_memory) == (SHARED, True)
    (intel,) = seen("linux-intel-laptop")  # and the NPU beside it is no graphics
    assert (intel.name, intel.kind) == ("Intel Iris Xe Graphics", GpuKind.INTEGRATED)
    assert (intel.vram_bytes, intel.driver) == (SHARED, "i915")


def test_memory_that_the_owner_set_aside_is_told() -> None:
    host = recorded("linux-amd-laptop")
    folder = "/sys/bus/pci/devices/0000:c4:00.0"
    host.files[f"{folder}/mem_info_vram_total"] = b"103079215104\n"
    gpus = merge(read_listed(host), NO_DRIVER)
    assert isinstance(gpus, tuple)
    assert (gpus[0].kind, gpus[0].vram_bytes) == (GpuKind.INTEGRATED, 103079215104)


def test_without_the_drivers_table_the_name_tells_card_from_chip() -> None:
    for name, kind in (
        ("linux-radeon-7900xtx", GpuKind.DISCRETE),
        ("linux-amd-laptop", GpuKind.INTEGRATED),
    ):
        host = recorded(name)
        for path in [path for path in host.files if path.endswith("gpu_metrics")]:
            del host.files[path]
        gpus = merge(read_listed(host), NO_DRIVER)
        assert isinstance(gpus, tuple)
        assert gpus[0].kind is kind


def test_an_arc_a_card_without_driver_and_one_for_a_virtual_machine() -> None:
    arc, nouveau, vfio = seen("linux-arc-and-nouveau")
    assert (arc.name, arc.vram_bytes) == ("Intel Arc A770", 0x3FC000000)
    assert (arc.kind, arc.vram_free_bytes) == (GpuKind.DISCRETE, Unreadable("not_reported"))
    assert nouveau.name == "NVIDIA GeForce RTX 3060 Lite Hash Rate"
    assert nouveau.driver == NO_DRIVER
    assert nouveau.vram_bytes == Unreadable("driver_not_installed")
    assert vfio.driver == Missing("given_to_virtual_machine")


def test_a_virtual_machine_has_no_graphics() -> None:
    assert seen("linux-container-cgroup1") == ()
    assert seen("linux-raspberry-pi-5") == ()


def test_an_unknown_card_is_there_and_nothing_is_known_of_it() -> None:
    host = recorded("linux-intel-laptop")
    host.files["/sys/bus/pci/devices/0000:05:00.0/class"] = b"0x030000\n"
    host.files["/sys/bus/pci/devices/0000:05:00.0/vendor"] = b"0x1ed5\n"
    host.files["/sys/bus/pci/devices/0000:05:00.0/device"] = b"0x0222\n"
    gpus = merge(read_listed(host), NO_DRIVER)
    assert isinstance(gpus, tuple)
    unknown = gpus[0]
    assert (unknown.vendor, unknown.name) == ("unknown", "[1ed5:0222]")
    assert unknown.vram_bytes == Unreadable("driver_not_installed")


def test_names_of_the_list_of_all() -> None:
    ids = recorded("linux-arc-and-nouveau").read("/usr/share/misc/pci.ids") or ""
    assert name_in_pci_ids(ids, 0x10DE, 0x2786) == "GeForce RTX 4070"
    assert name_in_pci_ids(ids, 0x1002, 0x164E) == "Raphael"
    assert name_in_pci_ids(ids, 0x1002, 0x2786) is None  # another maker's number
    assert name_in_pci_ids(ids, 0xFFFF, 0x0001) is None


@pytest.mark.parametrize(
    ("name", "chip"),
    [
        ("AMD Radeon RX 7900 XTX", False),
        ("AMD Radeon RX 6700M", False),
        ("AMD Radeon Pro W7900", False),
        ("AMD Instinct MI300X", False),
        ("AMD Radeon VII", False),
        ("AMD Radeon Graphics", True),
        ("AMD Radeon 780M Graphics", True),
        ("AMD Radeon 890M", True),
        ("AMD Radeon 8060S", True),
        ("AMD Radeon Vega 8 Graphics", True),
    ],
)
def test_amd_names(name: str, chip: bool) -> None:
    assert is_amd_chip_by_name(name) is chip


@pytest.mark.parametrize(
    ("name", "slot", "chip"),
    [
        ("Intel Arc A770 Graphics", "", False),
        ("Intel Arc B580 Graphics", "0000:03:00.0", False),
        ("Intel Arc Graphics", "0000:00:02.0", True),
        ("Intel Arc 140V GPU (16GB)", "", True),
        ("Intel UHD Graphics 770", "0000:00:02.0", True),
        ("Intel [8086:e20b]", "0000:03:00.0", False),
    ],
)
def test_intel_names(name: str, slot: str, chip: bool) -> None:
    assert is_intel_chip(name, slot) is chip


# --- merged -----------------------------------------------------------------------------------


def test_cards_come_before_chips_and_the_largest_first() -> None:
    small = {**RTX4070, "total": 8 * 2**30, "free": 7 * 2**30, "bus": "00000000:02:00.0"}
    cards = read_cards(Nvml(small, RTX4070))
    gpus = seen("linux-rtx4070", cards)
    assert [gpu.name for gpu in gpus] == [
        "NVIDIA GeForce RTX 4070", "NVIDIA GeForce RTX 4070", "AMD Radeon Graphics",
    ]  # fmt: skip
    assert [gpu.vram_bytes for gpu in gpus] == [12878610432, 8 * 2**30, SHARED]


@pytest.mark.parametrize("code", ["driver_needs_restart", "timeout"])
def test_a_broken_driver_leaves_the_card_in_the_list(code: str) -> None:
    card, chip = seen("linux-rtx4070", Unreadable(code))
    assert card.name == "NVIDIA GeForce RTX 4070"
    assert card.driver == card.vram_bytes == card.vram_free_bytes == Unreadable(code)
    assert chip.vendor == "amd"


def test_the_kernels_half_of_a_driver_alone_is_a_broken_driver() -> None:
    card, _ = seen("linux-rtx4070", NO_DRIVER)
    assert card.driver == Unreadable("driver_broken")


def test_a_card_that_the_driver_does_not_know_stays_in_the_list() -> None:
    cards = read_cards(Nvml({**RTX4070, "bus": "00000000:05:00.0"}))
    gpus = seen("linux-rtx4070", cards)
    assert [gpu.driver for gpu in gpus if gpu.vendor == "nvidia"] == [
        "580.95.05", Unreadable("driver_broken"),
    ]  # fmt: skip


def test_wsl_shows_nvidia_cards_and_hides_all_others() -> None:
    host = recorded("wsl-ubuntu")
    assert merge(read_listed(host), NO_DRIVER) == Unreadable("hidden_by_wsl")
    gpus = merge(read_listed(host), read_cards(Nvml(RTX4070)))
    assert isinstance(gpus, tuple)
    assert [gpu.name for gpu in gpus] == ["NVIDIA GeForce RTX 4070"]
    broken = merge(read_listed(host), Unreadable("driver_not_loaded"))
    assert broken == Unreadable("driver_not_loaded")


def test_a_list_that_hangs_still_leaves_nvidias_cards() -> None:
    gpus = merge(Unreadable("timeout"), read_cards(Nvml(RTX4070)))
    assert isinstance(gpus, tuple)
    assert len(gpus) == 1
    assert merge(Unreadable("timeout"), NO_DRIVER) == Unreadable("timeout")


# --- Windows and macOS ------------------------------------------------------------------------


def test_a_windows_laptop() -> None:
    card, chip = seen("windows-laptop")
    assert (card.name, card.vram_bytes) == ("NVIDIA GeForce RTX 4060 Laptop GPU", 8585740288)
    assert (card.driver, card.kind) == ("581.57", GpuKind.DISCRETE)
    assert card.vram_free_bytes == Unreadable("driver_not_installed")
    assert (chip.name, chip.kind) == ("Intel Iris Xe Graphics", GpuKind.INTEGRATED)
    assert (chip.vram_bytes, chip.unified_memory) == (SHARED, True)


def test_a_card_that_was_taken_out_is_not_listed() -> None:
    host = recorded("windows-laptop")
    names = [gpu.name for gpu in seen("windows-laptop")]
    assert "NVIDIA GeForce GTX 1650" not in names
    untold = merge(read_listed(replace(host, present=())), NO_DRIVER)  # an old Windows
    assert isinstance(untold, tuple)
    assert "NVIDIA GeForce GTX 1650" in [gpu.name for gpu in untold]


def test_on_windows_nvidias_own_list_replaces_the_registrys() -> None:
    told = {**RTX4070, "name": "NVIDIA GeForce RTX 4060 Laptop GPU", "total": 8585740288}
    card, chip = seen("windows-laptop", read_cards(Nvml(told, driver="581.57")))
    assert (card.vram_free_bytes, chip.vendor) == (11811160064, "intel")


def test_a_size_in_raw_bytes_is_read_and_a_32_bit_one_is_not() -> None:
    values = {"DriverDesc": "AMD Radeon RX 7800 XT", "MatchingDeviceId": r"PCI\VEN_1002&DEV_747E"}
    size = (16 * 2**30).to_bytes(8, "little")
    told = windows_card({**values, "HardwareInformation.qwMemorySize": size})
    assert told is not None
    assert told.gpu.vram_bytes == 16 * 2**30
    lying = windows_card({**values, "HardwareInformation.MemorySize": 0xFFF00000})
    assert lying is not None
    assert lying.gpu.vram_bytes == Unreadable("not_reported")
    assert windows_card({"DriverDesc": "Remote", "MatchingDeviceId": "rdpidd"}) is None
    assert windows_card({}) is None


def test_an_apple_chip() -> None:
    (chip,) = seen("macos-m2")
    assert (chip.vendor, chip.name, chip.driver) == ("apple", "Apple M2", "Metal 3")
    assert (chip.kind, chip.unified_memory) == (GpuKind.INTEGRATED, True)
    assert (chip.vram_bytes, chip.vram_free_bytes) == (SHARED, SHARED)


def test_a_slow_profiler_still_leaves_the_apple_chip() -> None:
    host = recorded("macos-m2")
    del host.tools["/usr/sbin/system_profiler -json SPDisplaysDataType"]
    gpus = merge(read_listed(host), NO_DRIVER)
    assert isinstance(gpus, tuple)
    assert gpus[0].name == "Apple M2"


def test_an_intel_mac() -> None:
    card, chip = seen("macos-intel")
    assert (card.name, card.vram_bytes) == ("AMD Radeon Pro 5500M", 4 * 2**30)
    assert (chip.vendor, chip.vram_bytes) == ("intel", SHARED)


@pytest.mark.parametrize("told", ["", "{", "[]", "{}", '{"SPDisplaysDataType": 3}'])
def test_a_profiler_that_prints_something_else(told: str) -> None:
    assert macos_cards(told) == []
