"""The right volumes: the one of the models, the one of the engine, merged where they are one."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from core.domain import Disk, Unreadable
from core.edges.host import Host, Volume
from core.machine.disks import disks, engine_volume

MODELS = Path("/home/me/models")
HOME = Volume(mount="/home", device=1, free_bytes=200)
ROOT = Volume(mount="/", device=2, free_bytes=30)


def test_two_volumes_are_two_entries_the_models_first() -> None:
    assert disks(MODELS, HOME, ROOT) == (
        Disk(path="/home", free_bytes=200, holds=("models",)),
        Disk(path="/", free_bytes=30, holds=("engine",)),
    )


def test_one_volume_is_one_entry() -> None:
    assert disks(MODELS, HOME, HOME) == (
        Disk(path="/home", free_bytes=200, holds=("models", "engine")),
    )


def test_without_an_engine_only_the_models_count() -> None:
    alone = (Disk(path="/home", free_bytes=200, holds=("models",)),)
    assert disks(MODELS, HOME, None) == alone
    assert disks(MODELS, HOME, Unreadable("timeout")) == alone


def test_a_volume_that_hangs_is_still_the_one_of_the_models() -> None:
    assert disks(MODELS, Unreadable("timeout"), ROOT) == (
        Disk(path=str(MODELS), free_bytes=Unreadable("timeout"), holds=("models",)),
        Disk(path="/", free_bytes=30, holds=("engine",)),
    )
    assert disks(MODELS, None, None)[0].free_bytes == Unreadable("not_reported")


def test_a_folder_that_is_not_there_yet_lies_on_its_nearest_parents_volume(tmp_path: Path) -> None:
    volume = Host().volume(tmp_path / "not" / "yet" / "there")
    assert volume is not None
    assert volume.device == tmp_path.stat().st_dev
    assert volume.free_bytes == pytest.approx(shutil.disk_usage(tmp_path).free, rel=0.05)
    assert tmp_path.is_relative_to(volume.mount)
    assert not (tmp_path / "not").exists()


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second file system")
def test_another_volume_is_another_device_and_its_mount_is_named(tmp_path: Path) -> None:
    other = Host().volume(Path("/dev/shm/deepberth/models"))
    here = Host().volume(tmp_path)
    assert other is not None
    assert here is not None
    assert other.mount == "/dev/shm"
    assert other.device != here.device


def test_a_link_to_another_volume_counts_where_it_leads(tmp_path: Path) -> None:
    if not Path("/dev/shm").is_dir():
        pytest.skip("needs a second file system")
    (tmp_path / "models").symlink_to("/dev/shm")
    volume = Host().volume(tmp_path / "models" / "new")
    assert volume is not None
    assert volume.mount == "/dev/shm"


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeAt(Host):
    place: Path

    def home(self) -> Path:
        return self.place


def test_the_engines_root_is_taken_as_the_engine_names_it(tmp_path: Path) -> None:
    root = engine_volume(HomeAt(place=tmp_path), str(tmp_path))
    assert root is not None
    assert root.device == tmp_path.stat().st_dev


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("darwin", "Library/Containers/com.docker.docker/Data"),
        ("win32", "AppData/Local/Docker/wsl"),
        ("linux", ".docker/desktop/vms"),
    ],
)
def test_docker_desktop_grows_in_the_persons_folder(
    platform: str, folder: str, tmp_path: Path
) -> None:
    host = HomeAt(place=tmp_path, platform=platform)
    assert engine_volume(host, None) is None
    (tmp_path / folder).mkdir(parents=True)
    assert engine_volume(host, None) is not None
