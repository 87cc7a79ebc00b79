"""What can really be used, and with which flavour of the engine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.advice.profile import (
    METAL_SHARE_OF_TOTAL,
    RAM_FREE_IF_UNKNOWN_BYTES,
    RAM_SHARE_IF_UNREAD,
    UNIFIED_SHARE,
    VRAM_SHARE_IF_UNREAD,
    build_profile,
    disagreeing,
    gpu_problem,
    unusable_gpus,
)
from core.domain import Accelerator, ContainerEngine, Disk, Missing, Network, Unreadable
from core.text import LANGUAGES, Text
from tests.unit.advice.parts import DOCKER, GIB, answers, gpu, probe, profile, shared_gpu


def _first(*gpus, **changes):
    return profile(*gpus, **changes).devices[0]


def test_free_memory_counts_and_the_processor_is_last():
    found = profile(gpu(vram_free_bytes=9 * GIB), ram_gib=64, free_gib=20)
    assert [device.free_bytes for device in found.devices] == [9 * GIB, 20 * GIB]
    assert found.devices[-1].accelerator is Accelerator.CPU
    assert found.devices[-1].gpu is None
    assert found.ram_free_bytes == 20 * GIB


def test_the_larger_free_card_comes_first_and_shared_chips_after_all_cards():
    small, large = gpu("Small", 8), gpu("Large", 12)
    shared = shared_gpu("intel", "Intel Iris Xe")
    names = [device.name for device in profile(shared, small, large, ram_gib=64).devices]
    assert names == ["Large", "Small", "Intel Iris Xe", "A processor"]


@pytest.mark.parametrize(
    ("driver", "capability", "expected"),
    [
        ("580.95", "8.9", Accelerator.CUDA13),
        ("580", "7.5", Accelerator.CUDA13),
        ("579.99", "8.9", Accelerator.CUDA),
        ("580.95", "6.1", Accelerator.CUDA),
        (Unreadable("timeout"), "8.9", Accelerator.CUDA),
        ("590.1", Unreadable("timeout"), Accelerator.CUDA),
        (Unreadable("timeout"), "12.1", Accelerator.CUDA13),  # no code for it in CUDA 12.8
        ("not a version", "8.9", Accelerator.CUDA),
    ],
)
def test_the_cuda_flavour_follows_driver_and_capability(driver, capability, expected):
    card = gpu(driver=driver, compute_capability=capability)
    assert _first(card).accelerator is expected


def test_beside_an_older_card_a_new_one_takes_the_engine_that_has_code_for_both():
    old = gpu("NVIDIA GeForce GTX 1080 Ti", 11, compute_capability="6.1")
    found = profile(gpu(), old, ram_gib=64).devices
    assert [device.accelerator for device in found[:2]] == [Accelerator.CUDA] * 2


@pytest.mark.parametrize(
    ("card", "arch", "expected"),
    [
        (gpu("AMD Radeon RX 7900 XTX", vendor="amd"), "x86_64", Accelerator.VULKAN),
        (gpu("A", vendor="amd", compute_capability="gfx1100"), "x86_64", Accelerator.ROCM),
        (gpu("A", vendor="amd", compute_capability="gfx1031"), "x86_64", Accelerator.VULKAN),
        (gpu("A", vendor="amd", compute_capability="gfx1100"), "arm64", Accelerator.VULKAN),
        (gpu("AMD Instinct MI300X", vendor="amd"), "x86_64", Accelerator.ROCM),
        (gpu("Intel Arc A770", vendor="intel"), "x86_64", Accelerator.INTEL),
        (gpu("Intel Arc A770", vendor="intel"), "arm64", Accelerator.VULKAN),
        (shared_gpu("intel", "Intel Iris Xe"), "x86_64", Accelerator.VULKAN),
    ],
)
def test_other_makers_get_their_flavour(card, arch, expected):
    assert _first(card, arch=arch).accelerator is expected


NO_RUNTIME = replace(DOCKER, gpu_runtime=None)


@pytest.mark.parametrize(
    ("card", "changes", "why"),
    [
        (gpu(), {"engine": NO_RUNTIME}, "gpu_runtime_missing"),
        (gpu(), {"engine": replace(DOCKER, kind="podman")}, "podman_gpu"),
        (gpu(), {"engine": Missing("not_installed")}, "needs_containers"),
        (gpu(), {"engine": replace(DOCKER, problem="docker_denied")}, "needs_containers"),
        (gpu(driver="470.1"), {}, "driver_too_old"),
        (gpu(compute_capability="3.5"), {}, "card_too_old"),
        (gpu(compute_capability="8.7"), {}, "needs_own_image"),
        (gpu(vendor="unknown"), {}, "unknown_card"),
        (gpu(vendor="amd"), {"os": "windows"}, "other_system"),
        (gpu(vendor="intel"), {"wsl": True}, "other_system"),
        (gpu(vendor="amd"), {"os": "macos"}, "other_system"),
        (shared_gpu("apple", "Apple M2"), {"os": "macos"}, "other_system"),  # an Intel Mac
        (
            gpu(vram_bytes=Unreadable("timeout"), vram_free_bytes=Unreadable("timeout")),
            {},
            "memory_unknown",
        ),
        (
            gpu(
                vram_bytes=Unreadable("x"), vram_free_bytes=Unreadable("x"), driver=Unreadable("x")
            ),
            {},
            "driver_silent",
        ),
    ],
)
def test_a_card_that_cannot_be_reached_is_no_device_and_says_why(card, changes, why):
    found = probe(card, **changes)
    assert gpu_problem(found, card) == why
    assert unusable_gpus(found) == ((card, why),)
    devices = build_profile(found, answers()).devices
    assert [device.gpu for device in devices] == [None]
    for language in LANGUAGES:
        assert Text(language).has(f"limit.card.{why}")
        # A card we do not know is never promised anything.
        assert Text(language).has(f"why_not.card.{why}") is (why != "unknown_card")


def test_windows_reaches_nvidia_in_containers_and_gives_them_half_of_the_memory():
    found = profile(gpu(), os="windows", ram_gib=32, free_gib=28)
    assert found.devices[0].accelerator is Accelerator.CUDA13
    assert found.devices[-1].free_bytes == 16 * GIB
    builtin = profile(os="windows", ram_gib=32, free_gib=28, engine=Missing("not_installed"))
    assert builtin.devices[-1].free_bytes == 28 * GIB


def test_shared_memory_is_counted_once_and_less_a_part():
    chip = shared_gpu("nvidia", "NVIDIA GB10", driver="580.95", compute_capability="12.1")
    assert _first(chip, ram_gib=128, free_gib=100).free_bytes == int(100 * GIB * UNIFIED_SHARE)
    # What such a chip calls its own memory never counts.
    boasting = replace(chip, vram_bytes=128 * GIB, vram_free_bytes=128 * GIB)
    assert _first(boasting, ram_gib=128, free_gib=100).free_bytes == int(100 * GIB * UNIFIED_SHARE)


def test_metal_gets_no_more_than_its_share_of_all_memory():
    chip = shared_gpu("apple", "Apple M4 Pro")
    mac = {"os": "macos", "arch": "arm64", "engine": Missing("not_installed")}
    found = _first(chip, ram_gib=24, free_gib=23, **mac)
    assert found.accelerator is Accelerator.METAL
    assert found.free_bytes == int(24 * GIB * METAL_SHARE_OF_TOTAL)


def test_what_could_not_be_read_counts_carefully():
    unread = Unreadable("timeout")
    assert profile(ram_free_bytes=unread).ram_free_bytes == int(32 * GIB * RAM_SHARE_IF_UNREAD)
    nothing = profile(ram_free_bytes=unread, ram_bytes=unread)
    assert nothing.ram_free_bytes == RAM_FREE_IF_UNKNOWN_BYTES
    card = gpu(gib=8, vram_free_bytes=unread)
    assert _first(card).free_bytes == int(8 * GIB * VRAM_SHARE_IF_UNREAD)
    assert profile(gpus=unread).devices[0].gpu is None


def test_two_answers_about_one_memory_the_smaller_counts():
    assert _first(gpu(gib=8, vram_free_bytes=20 * GIB)).free_bytes == 8 * GIB
    assert profile(ram_gib=8, free_gib=20).ram_free_bytes == 8 * GIB


def test_the_disk_is_the_one_that_holds_the_models():
    disks = (
        Disk(path="/", free_bytes=5 * GIB, holds=("engine",)),
        Disk(path="/data", free_bytes=7 * GIB, holds=("models",)),
    )
    assert profile(disks=disks).disk_free_bytes == 7 * GIB
    assert profile(disks=()).disk_free_bytes is None
    unread = (replace(disks[1], free_bytes=Unreadable("timeout")),)
    assert profile(disks=unread).disk_free_bytes is None


@pytest.mark.parametrize(
    ("engine", "why"),
    [
        (DOCKER, None),
        (replace(DOCKER, problem="docker_not_running"), "docker_not_running"),
        (Missing("not_installed"), "not_installed"),
        (Unreadable("timeout"), "timeout"),
        (
            ContainerEngine(
                kind="podman", version="5.4", rootless=True, gpu_runtime=None, problem=None
            ),
            None,
        ),
    ],
)
def test_containers_or_the_reason_against_them(engine, why):
    found = profile(engine=engine)
    assert found.containers is (why is None)
    assert found.containers_why_not == why


@pytest.mark.parametrize(("hub", "online"), [("ok", True), ("no_route", False)])
def test_online_means_the_hub_answered(hub, online):
    assert profile(network=Network(hub=hub, registry="ok", proxy=None)).online is online


@pytest.mark.parametrize("os", ["linux", "windows", "macos"])
@pytest.mark.parametrize("size", [-1, -(2**60), 0])
def test_memory_below_nothing_is_nothing(os, size):
    card = gpu(vram_bytes=size, vram_free_bytes=size)
    found = profile(card, os=os, ram_bytes=size, ram_free_bytes=size)
    assert found.ram_free_bytes == 0
    assert [device.free_bytes for device in found.devices] == [0] * len(found.devices)
    mixed = profile(gpu(vram_free_bytes=size), os=os, ram_free_bytes=size)
    assert all(device.free_bytes >= 0 for device in mixed.devices)


def test_what_disagrees_is_named():
    found = probe(gpu("Boasting", 8, vram_free_bytes=20 * GIB), ram_gib=8, free_gib=20)
    assert disagreeing(found) == ("memory", "Boasting")
    assert disagreeing(probe(gpu(), ram_gib=8)) == ()
