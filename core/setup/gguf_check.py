"""A look at the head of a model file before an engine gets it: is it one, and is it whole?"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.advice import gguf_header
from core.advice.gguf_header import Header
from core.edges import files
from core.errors import AppError

MAGIC = gguf_header.MAGIC
_MOST_READ = 64 * 1024 * 1024


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
    with _opened(path) as (_file, header):
        return GgufFacts(
            architecture=header.architecture,
            tensors=len(header.tensors),
            header_bytes=header.header_bytes,
            needed_bytes=header.needed_bytes,
        )


def read_header(path: Path) -> bytes:
    """The head of the file, for `core.advice.gguf_model.model_from_header`.

    Raises: as `check_gguf`.
    """
    with _opened(path) as (file, header):
        if header.header_bytes > _MOST_READ:
            raise _not_one(path, f"a head of {header.header_bytes} bytes")
        file.seek(0)
        return file.read(header.header_bytes)


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, Header]]:
    with files.disk_errors(path, reading=True):
        if not path.is_file():
            raise _not_one(path, "no file")
        size = path.stat().st_size
        with path.open("rb", buffering=1024 * 1024) as file:
            header = _parsed(path, file, size)
            if header.needed_bytes > size:
                raise _truncated(path, header.needed_bytes, size)
            yield file, header


def _parsed(path: Path, file: BinaryIO, size: int) -> Header:
    try:
        return gguf_header.parse(file, min(size, gguf_header.MOST_BYTES))
    except gguf_header.EndsEarlyError as error:
        if size < gguf_header.MOST_BYTES and error.magic_seen:
            raise _truncated(path, 0, size) from error
        raise _not_one(path, str(error)) from error
    except gguf_header.NotOneError as error:
        raise _not_one(path, str(error)) from error


def _truncated(path: Path, needed: int, size: int) -> AppError:
    return AppError(
        "model_file_truncated",
        {"file": path.name, "size_bytes": size},
        remedy="try_again",
        detail=f"{size} of {needed or 'more'} bytes",
    )


def _not_one(path: Path, why: str) -> AppError:
    return AppError("not_a_model_file", {"file": path.name}, remedy="try_again", detail=why)
