"""What the person has set, in one small file that is versioned and never lost.

A file that cannot be read, or that a later version wrote, is set aside and the defaults are used;
nothing is overwritten. To change the shape: raise VERSION and add one function to _MIGRATIONS.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from core.domain import Answers
from core.edges import files

VERSION = 1
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings with their defaults."""

    version: int = VERSION
    language: Literal["system", "en", "zh_CN"] = "system"
    theme: Literal["system", "light", "dark"] = "system"
    model_folder: str | None = None  # None: the folder in Places
    answers: Answers | None = None  # to the three questions; None: not asked yet
    wizard_done: bool = False
    wizard_page: str = "welcome"  # where the first run was left


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    settings: Settings
    set_aside: Path | None = None  # where a file that could not be used was put


_MIGRATIONS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}
"""From a version to the next one: each takes the decoded file and returns the next shape."""


def load_settings(path: Path) -> Loaded:
    """The settings in `path`, or the defaults where there are none that can be used.

    Raises: AppError when the disk cannot be read or the file cannot be set aside.
    """
    with files.disk_errors(path):
        try:
            size = path.stat().st_size
            data = path.read_bytes() if size <= _MAX_BYTES else b""
        except FileNotFoundError:
            return Loaded(settings=Settings())
    try:
        return Loaded(settings=_decode(data))
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, RecursionError):
        return Loaded(settings=Settings(), set_aside=files.set_aside(path))


def save_settings(path: Path, settings: Settings) -> None:
    """Raises: AppError (disk_full, disk_fault, folder_not_writable)."""
    files.make_private_folder(path.parent)
    data = msgspec.json.format(msgspec.json.encode(settings), indent=2)
    files.write_atomic(path, data + b"\n")


def _decode(data: bytes) -> Settings:
    """Raises ValueError (of msgspec or here) for anything but settings of a known version."""
    raw = msgspec.json.decode(data, type=dict[str, Any])
    version = raw.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 1 <= version <= VERSION:
        raise ValueError(f"version {version!r}")
    for step in range(version, VERSION):
        raw = _MIGRATIONS[step](raw)
    return msgspec.convert(raw, Settings)
