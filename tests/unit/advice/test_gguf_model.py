"""A model from the head of its file: true for every shape, and no crafted head gets through."""

from __future__ import annotations

import struct
import time
from functools import cache
from pathlib import Path
from typing import Any

import gguf as library
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.advice import gguf_model, memory
from core.advice.gguf_model import model_from_header, part_names, parts_of
from core.domain import Accelerator, Catalog, Model, Quant
from core.errors import AppError
from core.setup.gguf_check import read_header
from tests.benchmarks import header_files
from tests.benchmarks.catalogue_shapes import SHAPES
from tests.benchmarks.memory import read_catalogue
from tests.benchmarks.shapes import Shape


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    return read_catalogue()


PLAIN: dict[str, Any] = {
    "block_count": 2,
    "context_length": 4096,
    "embedding_length": 64,
    "feed_forward_length": 256,
    "attention.head_count": 4,
    "attention.head_count_kv": 2,
}


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value.encode())) + value.encode()


def pair(key: str, value: Any) -> bytes:
    if isinstance(value, bool):
        return text(key) + struct.pack("<I?", 7, value)
    if isinstance(value, int):
        return text(key) + struct.pack("<IQ", 10, value)
    if isinstance(value, float):
        return text(key) + struct.pack("<If", 6, value)
    if isinstance(value, str):
        return text(key) + struct.pack("<I", 8) + text(value)
    if value and isinstance(value[0], str):
        return text(key) + struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    return text(key) + struct.pack(f"<IIQ{len(value)}q", 9, 11, len(value), *value)


def head(
    keys: dict[str, Any] | None = None,
    *,
    arch: str = "llama",
    tensors: dict[str, tuple[int, ...]] | None = None,
    kind: int = 0,
    **general: Any,
) -> bytes:
    """A head with these keys of the architecture; `general` keys have two _ for their point."""
    named = {f"{arch}.{key}": value for key, value in (keys or PLAIN).items() if value is not None}
    pairs = {"general.architecture": arch, **named}
    pairs |= {key.replace("__", "."): value for key, value in general.items()}
    found = {"token_embd.weight": (64, 1000)} if tensors is None else tensors
    data = b"GGUF" + struct.pack("<IQQ", 3, len(found), len(pairs))
    data += b"".join(pair(*each) for each in pairs.items())
    offset = 0
    for name, dims in found.items():
        data += text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, kind, offset)
        offset += -(-4 * int(numpy.prod(dims)) // 32) * 32
    return data


def code_of(data: bytes, *more: bytes) -> str:
    with pytest.raises(AppError) as failed:
        model_from_header(data, *more)
    return failed.value.code


# --- true for every shape -----------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.name)
def test_every_shape_is_read_as_the_catalogue_has_it(
    tmp_path: Path, catalogue: Catalog, shape: Shape
) -> None:
    path = tmp_path / "a.gguf"
    header_files.write(path, shape, {}, "F16")
    model, quant = model_from_header(read_header(path), name="a.gguf")
    known = [each for each in catalogue.models if each.id in shape.ids]
    assert {each.id for each in known} == set(shape.ids)
    for each in known:
        for name in ("arch", "layers", "hidden", "vocab", "heads", "attention", "experts"):
            assert getattr(model, name) == getattr(each, name), name
        assert each.ffn in (None, model.ffn)
        assert each.max_context <= model.max_context
    sizes = {
        name: int(numpy.prod(dims)) * (2 if kind == "F16" else 4)
        for name, dims, kind in shape.tensors()
        if not (name.startswith("blk.") and int(name.split(".")[1]) >= shape.layers)
    }
    assert quant.name == "F16"
    assert quant.size_bytes == path.stat().st_size
    assert quant.size_bytes - quant.unloaded_bytes == sum(sizes.values())
    assert quant.token_embd_bytes == sizes["token_embd.weight"]
    assert quant.expert_bytes == sum(size for name, size in sizes.items() if "_exps" in name)
    assert quant.full_heads is not shape.split_heads
    need = memory.need(model, quant, 4096, Accelerator.CUDA)
    assert need is not None
    assert need.weights_bytes == sum(sizes.values()) - quant.token_embd_bytes


def test_parameters_of_a_model_with_experts(tmp_path: Path) -> None:
    shape = next(each for each in SHAPES if each.name == "V3")
    path = tmp_path / "a.gguf"
    header_files.write(path, shape, {}, "F16")
    model, _ = model_from_header(read_header(path))
    assert model.params_total == 671_026_419_200  # the published 671B
    assert 37e9 < model.params_active < 38e9


@pytest.mark.slow
def test_the_real_seven_billion_model() -> None:
    from tests.bench import models

    model, quant = model_from_header(read_header(models.seven_b()))
    assert (model.name, model.arch, model.vocab) == (
        "DeepSeek R1 Distill Qwen 7B", "qwen2", 152_064,
    )  # fmt: skip
    assert model.params_total == model.params_active == 7_615_616_512
    assert (model.max_context, model.thinking, quant.name) == (131_072, "always", "Q4_K_M")
    assert quant.size_bytes == models.SEVEN_B_BYTES
    assert quant.unloaded_bytes == models.SEVEN_B_HEADER_BYTES
    assert quant.token_embd_bytes == 306_561_024


# --- what a head may say ------------------------------------------------------------------------


def test_the_least() -> None:
    model, quant = model_from_header(head(), name="mine.gguf")
    assert (model.id, model.name, quant.file) == ("own-file", "mine.gguf", "mine.gguf")
    assert (model.licence, model.release_date, model.thinking) == ("", None, "none")
    assert (model.vocab, model.params_total) == (1000, 64_000)
    assert model.attention is not None
    assert (model.attention.kv_heads, model.attention.key_dim) == (2, 16)
    assert model.quants == (quant,)


def test_names_and_licence() -> None:
    model, _ = model_from_header(head(general__name=" My Model ", general__license="mit"))
    assert (model.name, model.licence) == ("My Model", "mit")


def test_the_words_count_before_the_table() -> None:
    words = ["a", "b", "c"]
    assert model_from_header(head(tokenizer__ggml__tokens=words))[0].vocab == 3
    assert model_from_header(head(PLAIN | {"vocab_size": 7}))[0].vocab == 7
    assert model_from_header(head(tensors={}))[0].vocab is None


def test_without_an_output_of_its_own_the_embedding_is_on_the_card() -> None:
    assert model_from_header(head())[1].token_embd_bytes == 0
    both = {"token_embd.weight": (64, 1000), "output.weight": (64, 1000)}
    assert model_from_header(head(tensors=both))[1].token_embd_bytes == 64_000 * 4


@pytest.mark.parametrize(
    ("kind", "general", "name"),
    [
        (0, {"general__file_type": 15}, "Q4_K_M"),
        (0, {"general__file_type": 38}, "MXFP4"),
        (1, {"general__file_type": 1024}, "F16"),
        (0, {"general__file_type": "15"}, "F32"),
        (12, {}, "Q4_K"),
        (4711, {}, "?"),
    ],
)
def test_the_name_of_the_quantization(kind: int, general: dict[str, Any], name: str) -> None:
    tensors = {"token_embd.weight": (256, 1000)}
    assert model_from_header(head(tensors=tensors, kind=kind, **general))[1].name == name


def test_the_names_are_those_of_the_library() -> None:
    theirs = {int(each): each.name.removeprefix("MOSTLY_") for each in library.LlamaFileType}
    ours = gguf_model._FILE_TYPES | {38: "MXFP4_MOE", 0: "ALL_F32"}
    assert {kind: name for kind, name in ours.items() if kind in theirs} == {
        kind: name for kind, name in theirs.items() if kind in ours
    }
    types = {int(each): each.name for each in library.GGMLQuantizationType}
    assert {kind: types[kind] for kind in gguf_model._TENSOR_TYPES if kind in types} == {
        kind: name for kind, name in gguf_model._TENSOR_TYPES.items() if kind in types
    }


@pytest.mark.parametrize(
    ("template", "thinking"),
    [
        ("", "none"),
        ("{{ messages }}", "none"),
        ("{{ content.split('</think>')[-1] }}", "always"),
        ("{% if enable_thinking is false %}<think></think>{% endif %}", "hybrid"),
        ("{% if not thinking %}</think>{% endif %}", "hybrid"),
    ],
)
def test_thoughts_by_the_template(template: str, thinking: str) -> None:
    model, _ = model_from_header(head(tokenizer__chat_template=template))
    assert model.thinking == thinking


@pytest.mark.parametrize(
    ("arch", "changes"),
    [
        ("gemma2", {}),
        ("mamba", {}),
        ("qwen2", {"attention.sliding_window": 4096}),
        ("llama", {"attention.head_count_kv": [2, 0]}),
        ("llama", {"attention.head_count": None, "attention.head_count_kv": None}),
    ],
)
def test_a_cache_that_is_not_known(arch: str, changes: dict[str, Any]) -> None:
    model, quant = model_from_header(head(PLAIN | changes, arch=arch))
    assert model.attention is None
    assert memory.kv_bytes(model, quant, 4096) is None


def test_heads_that_are_the_same_in_every_layer() -> None:
    model, _ = model_from_header(head(PLAIN | {"attention.head_count_kv": [2, 2]}))
    assert model.attention is not None
    assert model.attention.kv_heads == 2


# --- several files ------------------------------------------------------------------------------


def test_a_model_in_parts() -> None:
    first = head(split__count=2, split__no=0)
    second = head({}, tensors={"output.weight": (64, 1000)}, split__count=2, split__no=1)
    assert parts_of(first) == parts_of(second) == 2
    model, quant = model_from_header(first, second)
    assert (model.params_total, quant.parts, quant.token_embd_bytes) == (128_000, 2, 256_000)
    assert quant.size_bytes - quant.unloaded_bytes == 512_000
    assert code_of(first) == "model_file_truncated"
    assert parts_of(head()) == parts_of(head(split__count=0)) == 1


def test_the_names_of_the_parts() -> None:
    assert part_names("https://a/m-00002-of-00003.gguf?x", 3) == (
        "https://a/m-00001-of-00003.gguf?x",
        "https://a/m-00002-of-00003.gguf?x",
        "https://a/m-00003-of-00003.gguf?x",
    )
    assert part_names("m.gguf", 3) == ("m.gguf",)
    assert part_names("m-00001-of-00003.gguf", 2) == ("m-00001-of-00003.gguf",)


# --- what is none -------------------------------------------------------------------------------


def test_what_is_cut_off_asks_for_more() -> None:
    data = head()
    for kept in range(4, len(data)):
        assert code_of(data[:kept]) == "model_file_truncated"
    model_from_header(data)
    model_from_header(data + bytes(1000))


@pytest.mark.parametrize("data", [b"", b"GG", b"<html>" * 10, b"GGUF" + bytes(60)])
def test_what_is_no_model_file(data: bytes) -> None:
    assert code_of(data) == "not_a_model_file"


@pytest.mark.parametrize(
    "changes",
    [
        {"block_count": None},
        {"block_count": 0},
        {"block_count": 100_000},
        {"block_count": "2"},
        {"block_count": 2.0},
        {"block_count": True},
        {"block_count": []},
        {"nextn_predict_layers": 2},
        {"embedding_length": 0},
        {"context_length": 2**62},
        {"attention.head_count": [-1]},
        {"expert_count": 4, "expert_used_count": 5},
    ],
)
def test_what_no_model_says(changes: dict[str, Any]) -> None:
    assert code_of(head(PLAIN | changes)) == "not_a_model_file"


@pytest.mark.parametrize("ratios", [None, [4], [4, 5], [4, -128], [4] * 2000])
def test_ratios_of_v4_that_cannot_be(ratios: list[int] | None) -> None:
    keys = PLAIN | {"attention.key_length": 512, "attention.compress_ratios": ratios}
    assert code_of(head(keys, arch="deepseek4")) == "not_a_model_file"


def test_sizes_that_cannot_be() -> None:
    huge = {"token_embd.weight": (1 << 40, 1 << 40)}
    assert code_of(head(tensors=huge, kind=4711)) == "not_a_model_file"


# --- any bytes ----------------------------------------------------------------------------------


@cache
def base() -> bytes:
    keys = PLAIN | {
        "expert_count": 8,
        "expert_used_count": 2,
        "attention.kv_lora_rank": 512,
        "attention.key_length_mla": 192,
    }
    tensors = {"token_embd.weight": (64, 1000), "blk.0.ffn_up_exps.weight": (64, 64, 8)}
    return head(keys, arch="deepseek2", tensors=tensors, tokenizer__ggml__tokens=["a", "b"])


def look(data: bytes) -> None:
    began, codes = time.monotonic(), []
    try:
        plausible(*model_from_header(data))
    except AppError as error:
        codes.append(error.code)
    assert set(codes) <= {"model_file_truncated", "not_a_model_file"}
    assert time.monotonic() - began < 2


def plausible(model: Model, quant: Quant) -> None:
    assert 1 <= model.layers <= 1024
    assert 0 <= model.params_active <= model.params_total
    assert 0 <= quant.unloaded_bytes <= quant.size_bytes < 1 << 51
    need = memory.need(model, quant, 4096, Accelerator.CPU)
    assert need is None or 0 <= need.total_bytes < 1 << 90


@given(content=st.binary(max_size=400))
@settings(max_examples=100)
def test_any_bytes(content: bytes) -> None:
    look(content)
    look(b"GGUF" + struct.pack("<I", 3) + content)


@given(at=st.integers(0, 900), value=st.binary(min_size=1, max_size=8), kept=st.integers(0, 2000))
@settings(max_examples=400)
def test_a_good_one_with_other_bytes_in_it(at: int, value: bytes, kept: int) -> None:
    data = base()
    look((data[:at] + value + data[at + len(value) :])[:kept])


@given(
    keys=st.dictionaries(
        st.sampled_from([*PLAIN, "expert_count", "expert_used_count", "nextn_predict_layers"]),
        st.one_of(
            st.integers(0, 2**64 - 1), st.floats(width=32), st.booleans(), st.text(max_size=5),
            st.lists(st.integers(-(2**63), 2**63 - 1), max_size=5),
        ),
    ),
    arch=st.sampled_from(["llama", "deepseek2", "deepseek32", "deepseek4", "unheard"]),
)  # fmt: skip
@settings(max_examples=400)
def test_any_values(keys: dict[str, Any], arch: str) -> None:
    look(head(PLAIN | keys, arch=arch))
