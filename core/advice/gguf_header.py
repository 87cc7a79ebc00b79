"""The head of a model file in the format GGUF: what it says of itself, and which tensors it has.

Pure, and bounded in every count and in what is kept, so that a crafted file costs nothing but a
refusal. The layout is described in the GGUF specification of the ggml project (versions 2 and 3).
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import BinaryIO

MAGIC = b"GGUF"
MOST_BYTES = 512 * 1024 * 1024  # of a head; the longest known have about 20 MB
_MAX_TENSORS = 200_000
_MAX_PAIRS = 20_000
_MAX_NAME = 65_535
_MAX_STRING = 32 * 1024 * 1024
_MAX_ITEMS = 8_000_000
_MAX_STRINGS = 2_000_000  # of one array: the longest vocabularies have about 500,000
_MAX_DIMS = 4
_MAX_DEPTH = 2
# What is kept of it. Keys and names of tensors have at most 64 characters in llama.cpp.
_KEPT_NAME = 128
_KEPT_STRING = 128 * 1024  # a chat template
_KEPT_STRINGS = 1024 * 1024  # together
_KEPT_ITEMS = 1024  # of one array: one for each layer
_KEPT_NUMBERS = 64 * 1024  # together
_UNSIGNED, _STRING, _ARRAY = 4, 8, 9
_SCALARS = {
    0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d",
}  # fmt: skip
_ARCHITECTURE = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_.-")

# Weights per block and bytes per block of each ggml type (ggml.c, type_traits).
BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    16: (256, 66), 17: (256, 74), 18: (256, 98), 19: (256, 50), 20: (32, 18),
    21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2), 26: (1, 4),
    27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
    40: (64, 36), 41: (128, 18),
}  # fmt: skip


class NotOneError(Exception):
    """This is no such file. The text says why, for the folded part of an error."""


class EndsEarlyError(Exception):
    """The bytes end before the head does."""

    def __init__(self, *, magic_seen: bool) -> None:
        super().__init__("ends early")
        self.magic_seen = magic_seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Items:
    """An array of the metadata. The values are kept where they are few numbers."""

    count: int
    values: tuple[int | float, ...] | None = None


Value = int | float | str | Items


@dataclass(frozen=True, slots=True, kw_only=True)
class Tensor:
    name: str
    dims: tuple[int, ...]
    weights: int  # how many numbers
    kind: int  # ggml's number for the type
    offset: int  # from the start of all data
    size_bytes: int  # 0 where the type came later than this program


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    architecture: str
    pairs: Mapping[str, Value]
    tensors: tuple[Tensor, ...]
    header_bytes: int
    data_start: int  # where the weights begin
    needed_bytes: int  # the file is at least this long


def parse(file: BinaryIO, limit: int) -> Header:
    """The head of `file`, of which at most `limit` bytes are read.

    Raises: NotOneError, EndsEarlyError, and what the file itself raises.
    """
    reader = _Reader(file, limit)
    if reader.take(4) != MAGIC:
        raise NotOneError("magic")
    if (version := reader.u32()) not in (2, 3):
        raise NotOneError(f"version {version}")
    tensors = reader.u64(_MAX_TENSORS, "tensors")
    pairs = _pairs(reader, reader.u64(_MAX_PAIRS, "pairs"))
    architecture, alignment = pairs.get("general.architecture"), pairs.get("general.alignment", 32)
    if not isinstance(architecture, str) or not _is_architecture(architecture):
        raise NotOneError("architecture")
    if not isinstance(alignment, int) or not 1 <= alignment <= 1 << 20 or alignment & alignment - 1:
        raise NotOneError("alignment")
    table = tuple(_tensor(reader, alignment) for _ in range(tensors))
    start = -(-reader.at // alignment) * alignment
    return Header(
        architecture=architecture,
        pairs=pairs,
        tensors=table,
        header_bytes=reader.at,
        data_start=start,
        needed_bytes=start + max((one.offset + one.size_bytes for one in table), default=0),
    )


def _is_architecture(text: str) -> bool:
    return 0 < len(text) <= 64 and text[0].isalnum() and set(text) <= _ARCHITECTURE


class _Reader:
    """Reads little-endian values and never past `limit`."""

    def __init__(self, file: BinaryIO, limit: int) -> None:
        self.file, self.limit, self.at = file, limit, 0
        self.kept_strings = self.kept_numbers = 0

    def take(self, count: int) -> bytes:
        data = self.file.read(count) if self.at + count <= self.limit else b""
        if len(data) != count:
            raise EndsEarlyError(magic_seen=self.at >= len(MAGIC))
        self.at += count
        return data

    def skip(self, count: int) -> None:
        if self.at + count > self.limit:
            raise EndsEarlyError(magic_seen=True)
        self.at += count
        self.file.seek(self.at)

    def scalar(self, kind: int) -> int | float:
        form = "<" + _SCALARS[kind]
        value: int | float = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def u32(self) -> int:
        return int(self.scalar(_UNSIGNED))

    def u64(self, most: int, what: str) -> int:
        value = int(struct.unpack("<Q", self.take(8))[0])
        if value > most:
            raise NotOneError(f"{what}: {value}")
        return value

    def name(self, what: str) -> str:
        return self.take(self.u64(_MAX_NAME, what))[:_KEPT_NAME].decode("utf-8", "replace")

    def string(self) -> str | None:
        """The text, or None where it is too long to be kept."""
        length = self.u64(_MAX_STRING, "string")
        if length > _KEPT_STRING or self.kept_strings + length > _KEPT_STRINGS:
            self.skip(length)
            return None
        self.kept_strings += length
        return self.take(length).decode("utf-8", "replace")


def _pairs(reader: _Reader, count: int) -> dict[str, Value]:
    kept: dict[str, Value] = {}
    for _ in range(count):
        key = reader.name("key")
        value = _value(reader, reader.u32(), 0)
        if value is not None:
            kept[key] = value
    return kept


def _value(reader: _Reader, kind: int, depth: int) -> Value | None:
    if kind in _SCALARS:
        return reader.scalar(kind)
    if kind == _STRING:
        return reader.string()
    if kind != _ARRAY or depth >= _MAX_DEPTH:
        raise NotOneError(f"type {kind}")
    item = reader.u32()
    if item in _SCALARS:
        count = reader.u64(_MAX_ITEMS, "array")
        if count <= _KEPT_ITEMS and reader.kept_numbers + count <= _KEPT_NUMBERS:
            reader.kept_numbers += count
            return Items(count=count, values=tuple(reader.scalar(item) for _ in range(count)))
        reader.skip(struct.calcsize("<" + _SCALARS[item]) * count)
        return Items(count=count)
    count = reader.u64(_MAX_STRINGS, "array")
    for _ in range(count):
        if item == _STRING:
            reader.skip(reader.u64(_MAX_STRING, "string"))
        else:
            _value(reader, item, depth + 1)
    return Items(count=count)


def _tensor(reader: _Reader, alignment: int) -> Tensor:
    name = reader.name("tensor name")
    if (count := reader.u32()) > _MAX_DIMS:
        raise NotOneError(f"dimensions {count}")
    dims = tuple(reader.u64(1 << 48, "dimension") for _ in range(count))
    kind, offset = reader.u32(), reader.u64(1 << 50, "offset")
    if offset % alignment:
        raise NotOneError(f"offset {offset}")
    weights = 1
    for one in dims:
        weights *= one
    size = 0  # of a type that came later: the engine knows better
    if kind in BLOCKS:
        each, block = BLOCKS[kind]
        if weights % each:
            raise NotOneError(f"{weights} weights in blocks of {each}")
        size = weights // each * block
    return Tensor(name=name, dims=dims, weights=weights, kind=kind, offset=offset, size_bytes=size)
