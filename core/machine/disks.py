"""The two volumes that matter: where models will be kept, and where the engine keeps images."""

from __future__ import annotations

from pathlib import Path

from core.domain import Disk, Unreadable
from core.edges.host import Host, Volume
from core.machine.system import os_name

MODELS = "models"
ENGINE = "engine"

# Docker Desktop keeps everything in the disk of a virtual machine, one file in these folders.
# https://docs.docker.com/desktop/ (where the disk image is, for each system)
_DESKTOP = {
    "macos": ("Library", "Containers", "com.docker.docker", "Data"),
    "windows": ("AppData", "Local", "Docker", "wsl"),
    "linux": (".docker", "desktop", "vms"),
}


def engine_volume(host: Host, data_root: str | None) -> Volume | None:
    """The volume of the engine's data root, or of the disk file of the engine's virtual machine.

    None: there is no engine whose images would take space on a disk of this computer.
    """
    if data_root is not None:
        return host.volume(Path(data_root))
    desktop = host.home().joinpath(*_DESKTOP[os_name(host.platform)])
    return host.volume(desktop) if desktop.exists() else None


def disks(
    models_folder: Path, models: Volume | Unreadable | None, engine: Volume | Unreadable | None
) -> tuple[Disk, ...]:
    """One entry for each volume. The volume of the models is always first, known or not."""
    if not isinstance(models, Volume):
        why = models if isinstance(models, Unreadable) else Unreadable("not_reported")
        first = Disk(path=str(models_folder), free_bytes=why, holds=(MODELS,))
        return (first, _disk(engine, ENGINE)) if isinstance(engine, Volume) else (first,)
    if isinstance(engine, Volume) and engine.device == models.device:
        return (_disk(models, MODELS, ENGINE),)
    both = [_disk(models, MODELS)]
    if isinstance(engine, Volume):
        both.append(_disk(engine, ENGINE))
    return tuple(both)


def _disk(volume: Volume, *holds: str) -> Disk:
    free = Unreadable("not_reported") if volume.free_bytes is None else volume.free_bytes
    return Disk(path=volume.mount, free_bytes=free, holds=holds)
