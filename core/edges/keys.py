"""The engine's key: 256 random bits in a file that only its owner may read."""

from __future__ import annotations

import secrets
from pathlib import Path

from core.edges import files
from core.errors import AppError

_HEX_DIGITS = 64  # 256 bits


def ensure_key(path: Path) -> None:
    """After this a key stands in `path` (mode 0400). One that is there already is kept.

    Raises: AppError (disk_full, disk_fault, folder_not_writable).
    """
    if _read(path):
        return
    with files.disk_errors(path):
        if path.exists():
            path.chmod(0o600)  # Windows does not replace a read-only file
    files.write_atomic(path, secrets.token_hex(_HEX_DIGITS // 2).encode("ascii"), mode=0o400)


def read_key(path: Path) -> str:
    """The key. It goes into a request header and nowhere else.

    Raises: AppError("key_unreadable").
    """
    key = _read(path)
    if not key:
        raise AppError("key_unreadable", {"path": str(path)}, remedy="set_up_again")
    return key


def _read(path: Path) -> str:
    """The key, or "" when there is none that is whole."""
    try:
        key = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
    return key if len(key) == _HEX_DIGITS and set(key) <= set("0123456789abcdef") else ""
