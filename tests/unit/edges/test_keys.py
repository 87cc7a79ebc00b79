"""The engine's key file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.edges import keys
from core.errors import AppError


def test_a_key_is_made_once_and_kept(tmp_path: Path) -> None:
    path = tmp_path / "run" / "engine.key"
    keys.ensure_key(path)
    key = keys.read_key(path)
    assert len(bytes.fromhex(key)) == 32
    keys.ensure_key(path)
    assert keys.read_key(path) == key
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o400
    keys.ensure_key(tmp_path / "other")
    assert keys.read_key(tmp_path / "other") != key


@pytest.mark.parametrize("content", [b"", b"\0" * 64, b"abc", b"g" * 64, b"\xff" * 64])
def test_a_damaged_key_is_told_and_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "engine.key"
    path.write_bytes(content)
    path.chmod(0o400)
    with pytest.raises(AppError) as failed:
        keys.read_key(path)
    assert failed.value.code == "key_unreadable"
    keys.ensure_key(path)
    assert keys.read_key(path)


def test_no_key(tmp_path: Path) -> None:
    with pytest.raises(AppError) as failed:
        keys.read_key(tmp_path / "none")
    assert failed.value.code == "key_unreadable"
