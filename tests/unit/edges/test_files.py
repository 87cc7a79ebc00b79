"""The disk: atomic writing, setting aside, locks, and what each failure is called."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.edges import files
from core.errors import AppError

posix = pytest.mark.skipif(os.name != "posix", reason="modes of POSIX")


def test_written_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.json"
    files.write_atomic(path, b"one")
    files.write_atomic(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(path.parent.iterdir()) == [path]


@posix
def test_modes(tmp_path: Path) -> None:
    files.write_atomic(tmp_path / "a", b"x")
    files.write_atomic(tmp_path / "b", b"x", mode=0o400)
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o400
    (tmp_path / "open").mkdir(mode=0o755)
    for name in ("open", "new/inner"):
        files.make_private_folder(tmp_path / name)
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o700


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a"
    files.write_atomic(path, b"old")

    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AppError) as failed:
        files.write_atomic(path, b"newer")
    assert failed.value.code == "disk_full"
    assert failed.value.params == {"need_bytes": 5, "path": str(path)}
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EIO, "disk_fault"),
        (errno.EROFS, "folder_not_writable"),
        (errno.EACCES, "folder_not_writable"),
        (errno.EPERM, "folder_not_writable"),
        (errno.ENAMETOOLONG, "disk_fault"),
    ],
)
def test_each_failure_has_its_name(number: int, code: str) -> None:
    error = files.disk_error(OSError(number, os.strerror(number)), Path("/x"))
    assert error.code == code
    assert error.params["path"] == str(Path("/x"))


def test_set_aside_never_overwrites(tmp_path: Path) -> None:
    path, names = tmp_path / "a.db", set()
    for content in (b"1", b"2", b"3"):
        path.write_bytes(content)
        aside = files.set_aside(path)
        assert aside.read_bytes() == content
        assert aside.name.startswith("a.db.damaged-")
        names.add(aside)
    assert len(names) == 3
    assert not path.exists()


def test_free_bytes_of_what_is_not_there_yet(tmp_path: Path) -> None:
    assert files.free_bytes(tmp_path / "a" / "b" / "c") > 0


_HOLD = """
import sys, time
from pathlib import Path
from core.edges.files import writer_lock
with writer_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_let_go_of_by_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "state" / "writer.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(AppError) as failed, files.writer_lock(path):
            pass
        assert failed.value.code == "busy_elsewhere"
        assert failed.value.retryable
        started = time.monotonic()
        with pytest.raises(AppError), files.writer_lock(path, wait_s=0.3):
            pass
        assert 0.2 < time.monotonic() - started < 2
    finally:
        holder.kill()
        holder.wait()
        assert holder.stdout is not None
        holder.stdout.close()
    with files.writer_lock(path, wait_s=5):
        pass


def test_two_in_one_process_are_two(tmp_path: Path) -> None:
    path = tmp_path / "writer.lock"
    with (
        files.writer_lock(path),
        pytest.raises(AppError),
        files.writer_lock(path),
    ):
        pass
    with files.writer_lock(path):
        pass


@posix
def test_a_lock_file_is_its_owners_alone(tmp_path: Path) -> None:
    with files.writer_lock(tmp_path / "writer.lock"):
        assert (tmp_path / "writer.lock").stat().st_mode & 0o777 == 0o600


def test_what_may_not_be_looked_at_is_not_called_unwritable() -> None:
    path = Path("/x")
    with pytest.raises(AppError) as failed, files.disk_errors(path, reading=True):
        raise PermissionError(errno.EACCES, "Permission denied")
    assert (failed.value.code, failed.value.remedy) == ("file_not_readable", "choose_file")


def test_on_windows_a_reader_delays_a_new_version_and_prevents_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, refusals = Path.replace, [PermissionError(errno.EACCES, "in use")] * 3

    def refuse(self: Path, target: Path) -> Path:
        if refusals:
            raise refusals.pop()
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    monkeypatch.setattr(files, "_WINDOWS", True)
    files.write_atomic(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    monkeypatch.setattr(files, "_WINDOWS", False)
    refusals.append(PermissionError(errno.EACCES, "not yours"))
    with pytest.raises(AppError) as failed:
        files.write_atomic(tmp_path / "a", b"newer")
    assert failed.value.code == "folder_not_writable"
