"""The bytes of a download that have arrived, on the disk beside the file they will become."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import msgspec

from core.edges import files
from core.errors import AppError
from core.progress import CancelToken, Reporter
from core.setup.verify import feed

SYNC_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The file that must be there in the end."""

    target: Path
    size_bytes: int
    sha256: str
    magic: bytes = b""  # what it begins with

    def beside(self, suffix: str) -> Path:
        return self.target.with_name(self.target.name + suffix)

    @property
    def stamp(self) -> Path:
        return self.beside(".stamp")


class Note(msgspec.Struct):
    """What is known of a part. `clean_bytes`: that many stood on the disk at an orderly end."""

    sha256: str = ""
    clean_bytes: int = 0
    url: str = ""
    etag: str = ""


class Part:
    """The bytes that have arrived, and the hash of exactly those."""

    def __init__(self, wanted: Wanted) -> None:
        self.wanted = wanted
        self.path = wanted.beside(".part")
        self.done = 0
        self.hasher = hashlib.sha256()
        self.mixed = False  # not all of it came from the server we read now
        self.note = self._read_note()
        self._file: BinaryIO | None = None

    def __enter__(self) -> Part:
        return self

    def __exit__(self, *_exception: object) -> None:
        """The orderly end of a cancel or an error: what is here is put on the disk and counted."""
        if self._file is None:
            return
        with contextlib.suppress(OSError, AppError):
            self._file.truncate(self.done)
            os.fsync(self._file.fileno())
            self.note.clean_bytes = self.done
            self._write_note()
        self._file.close()

    def take_up(self, report: Reporter, token: CancelToken, step: str) -> None:
        """Opens the part and hashes what is there."""
        with files.disk_errors(self.path):
            handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
            self._file = os.fdopen(handle, "r+b", buffering=0)
            size = os.fstat(handle).st_size
            keep = self._trustworthy(size)
            if keep < size:
                self._file.truncate(keep)
            if keep:
                feed(self.hasher, self.path, report, token, step=step, total=self.wanted.size_bytes)
            self.done, self.mixed = keep, keep > 0
            self._file.seek(keep)

    def _trustworthy(self, size: int) -> int:
        """How many bytes of the part certainly are what was received.

        After a power cut the system may show bytes that never reached the disk; those up to the
        last full 8 MiB did, because writing went on only after a sync. An orderly end counts all.
        """
        if self.note.sha256 != self.wanted.sha256 or size > self.wanted.size_bytes:
            return 0
        if size == self.note.clean_bytes:
            return size
        return max(0, size - 1) // SYNC_BYTES * SYNC_BYTES

    def begin(self, url: str, etag: str) -> None:
        """Notes whose bytes come now, before the first of them is written."""
        self.note = Note(sha256=self.wanted.sha256, url=url, etag=etag)
        self._write_note()

    def etag_of(self, url: str) -> str:
        return self.note.etag if self.note.url == url else ""

    def write(self, data: bytes) -> None:
        """Appends; syncs at each full 8 MiB. Hash and count follow what really was written."""
        view = memoryview(data)
        while view:
            room = SYNC_BYTES - self.done % SYNC_BYTES
            with files.disk_errors(self.path, need_bytes=self.wanted.size_bytes - self.done):
                count = self._open.write(view[:room]) or 0
            self.hasher.update(view[:count])
            self.done += count
            view = view[count:]
            if self.done % SYNC_BYTES == 0:
                self.sync()

    def sync(self) -> None:
        with files.disk_errors(self.path, need_bytes=self.wanted.size_bytes - self.done):
            os.fsync(self._open.fileno())

    def empty(self) -> None:
        """Throws away what has arrived."""
        with files.disk_errors(self.path):
            self._open.truncate(0)
            self._open.seek(0)
        self.done, self.mixed, self.hasher = 0, False, hashlib.sha256()

    def finish(self) -> None:
        """The whole file becomes the target."""
        self.sync()
        self._open.close()
        self._file = None
        with files.disk_errors(self.path):
            files.replace_durably(self.path, self.wanted.target)
            self.wanted.beside(".part.note").unlink(missing_ok=True)

    @property
    def _open(self) -> BinaryIO:
        assert self._file is not None  # noqa: S101 - take_up comes first
        return self._file

    def _read_note(self) -> Note:
        try:
            data = self.wanted.beside(".part.note").read_bytes()
            return msgspec.json.decode(data, type=Note)
        except (OSError, msgspec.MsgspecError):
            return Note()

    def _write_note(self) -> None:
        files.write_atomic(self.wanted.beside(".part.note"), msgspec.json.encode(self.note))
