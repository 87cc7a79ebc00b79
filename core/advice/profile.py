"""From what was seen to what can really be used: free memory, and devices an engine can reach."""

from __future__ import annotations

from dataclasses import replace

from core.domain import (
    Accelerator,
    Answers,
    Device,
    Gpu,
    GpuKind,
    Measured,
    Probe,
    Profile,
    known,
)

# Where free memory could not be read we work with a careful share of the total, never with all of
# it: programs and the desktop hold the rest. Every such guess is named among the assumptions.
RAM_SHARE_IF_UNREAD = 0.5
VRAM_SHARE_IF_UNREAD = 0.75
# Where not even the total could be read: enough for the starter model, for nothing larger.
RAM_FREE_IF_UNKNOWN_BYTES = 2 * 2**30

# A chip that shares memory with the processor: counted once, less this (reference figures of
# llama.cpp on such chips say 10 to 20 %).
UNIFIED_SHARE = 0.85
# Metal lets programs have about three quarters of an Apple computer's memory.
METAL_SHARE_OF_TOTAL = 0.75

# NVIDIA compatibility guide and the llama.cpp build matrix (build b11434): CUDA 13 wants driver 580
# and compute capability 7.5; the CUDA 12.8 image wants driver 525 and 5.0.
CUDA13_DRIVER, CUDA13_CAPABILITY = 580, 7.5
CUDA12_DRIVER, CUDA12_CAPABILITY = 525, 5.0
JETSON_ORIN = "8.7"
GB10 = "12.1"  # no code for it in the CUDA 12.8 image
ROCM_TARGETS = frozenset(
    [
        "gfx908",
        "gfx90a",
        "gfx942",
        "gfx1030",
        "gfx1100",
        "gfx1101",
        "gfx1102",
        "gfx1150",
        "gfx1151",
        "gfx1200",
        "gfx1201",
    ]
)


def build_profile(probe: Probe, answers: Answers, measured: tuple[Measured, ...] = ()) -> Profile:
    """What this computer can use right now, for these answers. Never more than is free.

    `measured` is what answers on this very computer took, newest first.
    """
    why_not = containers_problem(probe)
    ram_free = _ram_free(probe)
    return Profile(
        probe=probe,
        answers=answers,
        devices=(*_gpu_devices(probe), _processor(probe, ram_free)),
        ram_free_bytes=ram_free,
        disk_free_bytes=_disk_free(probe),
        containers=why_not is None,
        containers_why_not=why_not,
        online=probe.network.hub == "ok",
        measured=measured,
    )


def containers_problem(probe: Probe) -> str | None:
    """Why no container can be started here, or None."""
    engine = known(probe.engine)
    if engine is None:
        return getattr(probe.engine, "code", "not_installed")
    return engine.problem


def gpu_problem(probe: Probe, gpu: Gpu) -> str | None:
    """Why no engine of ours can use this card now: the end of a text code, or None."""
    if probe.os == "macos":
        # Containers get no graphics card on macOS; the built-in engine has Metal on Apple chips.
        return None if gpu.vendor == "apple" and probe.arch == "arm64" else "other_system"
    if gpu.vendor not in ("nvidia", "amd", "intel"):
        return "unknown_card"
    if gpu.vendor != "nvidia" and (probe.os == "windows" or probe.wsl):
        return "other_system"
    if not shares_memory(gpu) and _vram_unread(gpu):
        silent = gpu.vendor == "nvidia" and known(gpu.driver) is None
        return "driver_silent" if silent else "memory_unknown"
    if containers_problem(probe) is not None:
        return "needs_containers"
    return _nvidia_problem(probe, gpu) if gpu.vendor == "nvidia" else None


def unusable_gpus(probe: Probe) -> tuple[tuple[Gpu, str], ...]:
    """The cards that are here but cannot be used, each with the reason."""
    gpus = known(probe.gpus) or ()
    return tuple((gpu, why) for gpu in gpus if (why := gpu_problem(probe, gpu)) is not None)


def disagreeing(probe: Probe) -> tuple[str, ...]:
    """What is said to be more free than there is: the smaller of the two answers is used."""
    found = []
    free, total = known(probe.ram_free_bytes), known(probe.ram_bytes)
    if free is not None and total is not None and free > total:
        found.append("memory")
    for gpu in known(probe.gpus) or ():
        free, total = known(gpu.vram_free_bytes), known(gpu.vram_bytes)
        if free is not None and total is not None and free > total:
            found.append(gpu.name)
    return tuple(found)


def memory_unread(profile: Profile) -> bool:
    """Whether not even the size of the computer's memory could be read."""
    probe = profile.probe
    return known(probe.ram_free_bytes) is None and known(probe.ram_bytes) is None


def gpu_free_bytes(probe: Probe, gpu: Gpu) -> int:
    """Memory of this card that is free now; for shared memory the part of it that may be used."""
    if shares_memory(gpu):
        free = int(_ram_free(probe) * UNIFIED_SHARE)
        total = known(probe.ram_bytes)
        if gpu.vendor == "apple" and total is not None:
            free = min(free, int(total * METAL_SHARE_OF_TOTAL))
        return free
    free_now, total = known(gpu.vram_free_bytes), known(gpu.vram_bytes)
    if free_now is None:
        return max(0, int((total or 0) * VRAM_SHARE_IF_UNREAD))
    return max(0, free_now if total is None else min(free_now, total))


def accelerator_for(probe: Probe, gpu: Gpu) -> Accelerator:
    """Which flavour of the engine this card needs. Unknown facts lead to the more general one."""
    if gpu.vendor == "apple":
        return Accelerator.METAL
    if gpu.vendor == "nvidia":
        return _cuda_flavour(gpu)
    if probe.arch != "x86_64":
        return Accelerator.VULKAN  # the ROCm and oneAPI images are built for x86_64 only
    if gpu.vendor == "amd":
        target = known(gpu.compute_capability)
        listed = target in ROCM_TARGETS or "instinct" in gpu.name.lower()
        return Accelerator.ROCM if listed else Accelerator.VULKAN
    discrete_intel = gpu.vendor == "intel" and gpu.kind is GpuKind.DISCRETE
    return Accelerator.INTEL if discrete_intel else Accelerator.VULKAN


def shares_memory(gpu: Gpu) -> bool:
    """Whether this chip works in the computer's own memory, which then counts only once."""
    return gpu.unified_memory or gpu.kind is GpuKind.INTEGRATED


def _gpu_devices(probe: Probe) -> tuple[Device, ...]:
    usable = [gpu for gpu in known(probe.gpus) or () if gpu_problem(probe, gpu) is None]
    usable.sort(key=lambda gpu: (shares_memory(gpu), -gpu_free_bytes(probe, gpu)))
    devices = tuple(
        Device(
            name=gpu.name,
            accelerator=accelerator_for(probe, gpu),
            free_bytes=gpu_free_bytes(probe, gpu),
            gpu=gpu,
        )
        for gpu in usable
    )
    flavours = {device.accelerator for device in devices}
    if not flavours >= {Accelerator.CUDA, Accelerator.CUDA13}:
        return devices
    # A container is handed all NVIDIA cards, so its engine has to have code for the oldest.
    return tuple(
        replace(device, accelerator=Accelerator.CUDA)
        if device.accelerator is Accelerator.CUDA13
        else device
        for device in devices
    )


def _processor(probe: Probe, ram_free: int) -> Device:
    free = ram_free
    total = known(probe.ram_bytes)
    if probe.os == "windows" and containers_problem(probe) is None and total is not None:
        # Containers live in a virtual machine there, which gets half of the memory by default.
        free = min(free, max(0, total) // 2)
    return Device(
        name=known(probe.cpu.name) or "CPU",
        accelerator=Accelerator.CPU,
        free_bytes=free,
        gpu=None,
    )


def _ram_free(probe: Probe) -> int:
    free, total = known(probe.ram_free_bytes), known(probe.ram_bytes)
    if free is None and total is None:
        return RAM_FREE_IF_UNKNOWN_BYTES
    if free is None:
        return max(0, int((total or 0) * RAM_SHARE_IF_UNREAD))
    return max(0, free if total is None else min(free, total))


def _disk_free(probe: Probe) -> int | None:
    for disk in probe.disks:
        if "models" in disk.holds:
            return known(disk.free_bytes)
    return None


def _vram_unread(gpu: Gpu) -> bool:
    return known(gpu.vram_bytes) is None and known(gpu.vram_free_bytes) is None


def _nvidia_problem(probe: Probe, gpu: Gpu) -> str | None:
    engine = known(probe.engine)
    if engine is not None and engine.kind == "podman":
        return "podman_gpu"  # its compatible socket drops the wish for a card without a word
    if engine is None or engine.gpu_runtime is None:
        return "gpu_runtime_missing"
    if known(gpu.compute_capability) == JETSON_ORIN:
        return "needs_own_image"
    capability, driver = _number(known(gpu.compute_capability)), _number(known(gpu.driver))
    if capability is not None and capability < CUDA12_CAPABILITY:
        return "card_too_old"
    if driver is not None and driver < CUDA12_DRIVER:
        return "driver_too_old"
    return None


def _cuda_flavour(gpu: Gpu) -> Accelerator:
    capability, driver = _number(known(gpu.compute_capability)), _number(known(gpu.driver))
    if known(gpu.compute_capability) == GB10:
        return Accelerator.CUDA13
    if driver is None or capability is None:
        return Accelerator.CUDA
    new = driver >= CUDA13_DRIVER and capability >= CUDA13_CAPABILITY
    return Accelerator.CUDA13 if new else Accelerator.CUDA


def _number(text: str | None) -> float | None:
    """The leading "major.minor" of a version, or None where it is not one."""
    if text is None:
        return None
    try:
        return float(".".join(text.split(".")[:2]))
    except ValueError:
        return None
