"""A look at the head of a model file before an engine gets it: is it one, and is it whole?

Pure Python and bounded in every count, so that a crafted file costs nothing but a refusal. The
layout is described in the GGUF specification of the ggml project (versions 2 and 3).
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.edges import files
from core.errors import AppError

MAGIC = b"GGUF"
_MAX_HEADER = 512 * 1024 * 1024
_MAX_TENSORS = 200_000
_MAX_PAIRS = 20_000
_MAX_NAME = 65_535
_MAX_STRING = 32 * 1024 * 1024
_MAX_ITEMS = 8_000_000
_MAX_STRINGS = 2_000_000  # of one array: the longest vocabularies have about 500,000
_MAX_DIMS = 4
_MAX_DEPTH = 2
_STRING, _ARRAY = 8, 9
_SCALARS = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}  # bytes
_ARCHITECTURE = re.compile(rb"[a-z0-9][a-z0-9_.-]{0,63}")

# Weights per block and bytes per block of each ggml type (ggml.c, type_traits).
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4),
    27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
    40: (64, 36), 41: (128, 18),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class GgufFacts:
    """What the head of a model file says."""

    architecture: str
    tensors: int
    header_bytes: int
    needed_bytes: int  # the file is at least this long


def check_gguf(path: Path) -> GgufFacts:
    """What the file is. Takes less than a second and reads only its head.

    Raises: AppError("not_a_model_file"), AppError("model_file_truncated"), and the disk's own.
    """
    with files.disk_errors(path, reading=True):
        if not path.is_file():
            raise _not_one(path, "no file")
        size = path.stat().st_size
        with path.open("rb", buffering=1024 * 1024) as file:
            try:
                facts = _read(_Reader(file, min(size, _MAX_HEADER)))
            except _EndOfFileError as error:
                if size < _MAX_HEADER and error.magic_seen:
                    raise _truncated(path, 0, size) from error
                raise _not_one(path, "ends early") from error
            except _NotOneError as error:
                raise _not_one(path, str(error)) from error
    if facts.needed_bytes > size:
        raise _truncated(path, facts.needed_bytes, size)
    return facts


def _truncated(path: Path, needed: int, size: int) -> AppError:
    return AppError(
        "model_file_truncated",
        {"file": path.name, "size_bytes": size},
        remedy="try_again",
        detail=f"{size} of {needed or 'more'} bytes",
    )


def _not_one(path: Path, why: str) -> AppError:
    return AppError("not_a_model_file", {"file": path.name}, remedy="try_again", detail=why)


class _NotOneError(Exception):
    pass


class _EndOfFileError(Exception):
    def __init__(self, *, magic_seen: bool) -> None:
        self.magic_seen = magic_seen


class _Reader:
    """Reads little-endian values and never past `limit`."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.file, self.limit, self.at = file, limit, 0

    def take(self, count: int) -> bytes:
        data = self.file.read(count) if self.at + count <= self.limit else b""
        if len(data) != count:
            raise _EndOfFileError(magic_seen=self.at >= len(MAGIC))
        self.at += count
        return data

    def skip(self, count: int) -> None:
        if self.at + count > self.limit:
            raise _EndOfFileError(magic_seen=True)
        self.at += count
        self.file.seek(self.at)

    def u32(self) -> int:
        return int(struct.unpack("<I", self.take(4))[0])

    def u64(self, most: int, what: str) -> int:
        value = int(struct.unpack("<Q", self.take(8))[0])
        if value > most:
            raise _NotOneError(f"{what}: {value}")
        return value

    def string(self, most: int, what: str) -> bytes:
        return self.take(self.u64(most, what))


def _read(reader: _Reader) -> GgufFacts:
    if reader.take(4) != MAGIC:
        raise _NotOneError("magic")
    if (version := reader.u32()) not in (2, 3):
        raise _NotOneError(f"version {version}")
    tensors = reader.u64(_MAX_TENSORS, "tensors")
    pairs = reader.u64(_MAX_PAIRS, "pairs")
    architecture, alignment = b"", 32
    for _ in range(pairs):
        key, kind = reader.string(_MAX_NAME, "key"), reader.u32()
        if key == b"general.architecture" and kind == _STRING:
            architecture = reader.string(_MAX_NAME, "architecture")
        elif key == b"general.alignment" and kind == 4:
            alignment = reader.u32()
        else:
            _skip_value(reader, kind, 0)
    if not _ARCHITECTURE.fullmatch(architecture):
        raise _NotOneError("architecture")
    if not 1 <= alignment <= 1 << 20 or alignment & (alignment - 1):
        raise _NotOneError(f"alignment {alignment}")
    ends = [_tensor_end(reader, alignment) for _ in range(tensors)]
    start = -(-reader.at // alignment) * alignment
    return GgufFacts(
        architecture=architecture.decode("ascii"),
        tensors=tensors,
        header_bytes=reader.at,
        needed_bytes=start + max(ends, default=0),
    )


def _skip_value(reader: _Reader, kind: int, depth: int) -> None:
    if kind in _SCALARS:
        reader.skip(_SCALARS[kind])
    elif kind == _STRING:
        reader.skip(reader.u64(_MAX_STRING, "string"))
    elif kind == _ARRAY and depth < _MAX_DEPTH:
        item = reader.u32()
        if item in _SCALARS:
            reader.skip(_SCALARS[item] * reader.u64(_MAX_ITEMS, "array"))
            return
        for _ in range(reader.u64(_MAX_STRINGS, "array")):
            _skip_value(reader, item, depth + 1)
    else:
        raise _NotOneError(f"type {kind}")


def _tensor_end(reader: _Reader, alignment: int) -> int:
    """Where the data of the next tensor ends, in bytes from the start of all data."""
    reader.string(_MAX_NAME, "tensor name")
    if (dims := reader.u32()) > _MAX_DIMS:
        raise _NotOneError(f"dimensions {dims}")
    count = 1
    for _ in range(dims):
        count *= reader.u64(1 << 48, "dimension")
    kind, offset = reader.u32(), reader.u64(1 << 50, "offset")
    if offset % alignment:
        raise _NotOneError(f"offset {offset}")
    if kind not in _BLOCKS:
        return offset  # a type that came later: the engine knows better
    weights, size = _BLOCKS[kind]
    if count % weights:
        raise _NotOneError(f"{count} weights in blocks of {weights}")
    return offset + count // weights * size
