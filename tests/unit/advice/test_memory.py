"""The memory formulas beside what llama.cpp's own tools reported for the same models."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.advice.memory import (
    BYTES_PER_ELEMENT,
    CACHE_RAM_MIB,
    GPU_MARGIN_BYTES,
    RAM_MARGIN_BYTES,
    RAM_MARGIN_SHARE,
    compute_bytes,
    kv_bytes,
    need,
    usable_bytes,
)
from core.domain import Accelerator, Attention, Device
from core.providers import llama_server
from tests.unit.advice.parts import GIB, MIB, gpu, model, quant

SEVEN = "deepseek-r1-distill-qwen-7b"
CODER = "deepseek-coder-v2-lite-instruct"
FLASH, PRO = "deepseek-v4-flash-0731", "deepseek-v4-pro-0813"

QUANTS = ("Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")
# Smallest free graphics memory in GiB at 8,192 and 32,768 tokens, all layers on the card, 0.45
# overhead and no margin: from llama-fit-params, llama.cpp b11434.
REPORTED = {
    "deepseek-r1-distill-qwen-1.5b": ((1.9, 2.6), (2.0, 2.7), (2.2, 2.8), (2.5, 3.2)),
    "deepseek-r1-distill-qwen-7b": ((5.3, 6.6), (5.9, 7.3), (6.6, 8.0), (8.2, 9.6)),
    "deepseek-r1-distill-llama-8b": ((6.0, 9.1), (6.7, 9.8), (7.5, 10.5), (9.2, 12.2)),
    "deepseek-r1-0528-qwen3-8b": ((6.3, 9.7), (7.0, 10.4), (7.7, 11.1), (9.4, 12.8)),
    "deepseek-r1-distill-qwen-14b": ((10.3, 14.8), (11.6, 16.1), (13.0, 17.5), (16.2, 20.7)),
    "deepseek-coder-v2-lite-instruct": ((10.5, 11.2), (11.8, 12.5), (13.9, 14.6), (16.3, 17.0)),
    "deepseek-r1-distill-qwen-32b": ((20.9, 26.9), (24.0, 30.0), (27.2, 33.3), (34.5, 40.5)),
    "deepseek-r1-distill-llama-70b": ((42.3, 49.9), (49.1, 56.7), (56.4, 63.9), (72.1, 79.6)),
}

# Cache and buffer in MiB, rounded down, as llama-fit-params of the same build prints them for
# files of these shapes (flash attention, batches of 512, cache in f16).
PRINTED = [
    ("deepseek-r1-distill-qwen-1.5b", 4096, 112, 315),
    ("deepseek-r1-distill-qwen-1.5b", 131072, 3584, 439),
    (SEVEN, 8192, 448, 340),
    (SEVEN, 32768, 1792, 371),
    ("deepseek-r1-distill-llama-8b", 4096, 512, 294),
    ("deepseek-r1-distill-llama-8b", 32768, 4096, 330),
    ("deepseek-r1-0528-qwen3-8b", 8192, 1152, 352),
    ("deepseek-r1-distill-qwen-14b", 4096, 768, 351),
    ("deepseek-r1-distill-qwen-14b", 131072, 24576, 475),
    ("deepseek-r1-distill-qwen-32b", 32768, 8192, 379),
    ("deepseek-r1-distill-llama-70b", 8192, 2560, 338),
    ("deepseek-r1-distill-llama-70b", 32768, 10240, 378),
    ("deepseek-llm-7b-chat", 4096, 1920, 244),
    ("deepseek-llm-67b-chat", 4096, 1520, 284),
    (CODER, 4096, 121, 224),
    (CODER, 131072, 3888, 348),
    ("deepseek-v3", 4096, 274, 410),
    ("deepseek-r1-0528", 131072, 8784, 534),
    ("deepseek-v3.2", 4096, 335, 658),
    ("deepseek-v3.2", 32768, 2684, 826),
    ("deepseek-v3.2", 131072, 10736, 1162),
    (FLASH, 4096, 75, 268),
    (FLASH, 32768, 258, 300),
    (FLASH, 131072, 903, 413),
    (FLASH, 1048576, 6923, 1780),
    (PRO, 4096, 108, 484),
    (PRO, 32768, 371, 498),
    (PRO, 131072, 1294, 618),
    (PRO, 1048576, 9911, 1971),
]


def file_of(model_id, name="Q4_K_M"):
    """The file as made since mid-2025: the one published for Coder-V2-Lite is older."""
    return replace(quant(model_id, name), full_heads=False)


@pytest.mark.parametrize("model_id", REPORTED)
@pytest.mark.parametrize("name", QUANTS)
@pytest.mark.parametrize("which", [0, 1])
def test_it_agrees_with_the_reported_need(model_id, name, which):
    context = (8192, 32768)[which]
    what = need(model(model_id), file_of(model_id, name), context, Accelerator.CUDA)
    reported = REPORTED[model_id][QUANTS.index(name)][which]
    # The table is rounded to a tenth, and gaps between tensors are up to 16 MiB of it.
    assert what.total_bytes / GIB == pytest.approx(reported, abs=0.07)


@pytest.mark.parametrize(("model_id", "context", "kv_mib", "compute_mib"), PRINTED)
def test_cache_and_buffer_are_the_printed_ones(model_id, context, kv_mib, compute_mib):
    cache = kv_bytes(model(model_id), file_of(SEVEN), context)
    buffer = compute_bytes(model(model_id), context)
    assert int(cache / MIB) == kv_mib
    # Gaps between tensors come and go with the context; fitted where the indexers are.
    below, above = (17, 1) if model_id not in (FLASH, PRO, "deepseek-v3.2") else (50, 50)
    assert compute_mib - below <= buffer / MIB <= compute_mib + 1 + above


@pytest.mark.parametrize("ubatch", [128, 256, 1024])
def test_the_buffer_grows_with_the_batch(ubatch):
    """Printed for a million tokens of V4-Flash: 637, 1,018 and 3,307 MiB."""
    printed = {128: 637, 256: 1018, 1024: 3307}[ubatch]
    assert compute_bytes(model(FLASH), 1048576, ubatch) / MIB == pytest.approx(printed, abs=5)
    one, two = (compute_bytes(model("deepseek-v3"), 8192, size) for size in (ubatch, 2 * ubatch))
    assert two == 2 * one


def test_the_parts_of_the_seven_b_are_the_measured_ones():
    """llama-fit-params on the real header at 8,192 tokens: 4,460 MiB, of which 292 on the host."""
    what = need(model(SEVEN), quant(SEVEN, "Q4_K_M"), 8192, Accelerator.CUDA)
    on_host = what.host_bytes / MIB - 1024 - CACHE_RAM_MIB
    assert on_host == pytest.approx(292, abs=1)
    assert what.weights_bytes / MIB + on_host == pytest.approx(4460, abs=1)
    assert what.kv_bytes == 448 * MIB
    assert what.compute_bytes == 340 * MIB


@pytest.mark.parametrize(("repack", "resident_mib"), [(True, 7913), (False, 4974)])
def test_on_a_processor_it_is_never_below_what_was_measured(repack, resident_mib):
    """Resident size of the real 7B at 8,192 tokens before any answer was kept; the estimate may be
    a tenth above it."""
    what = need(model(SEVEN), quant(SEVEN, "Q4_K_M"), 8192, Accelerator.CPU, repack=repack)
    got = what.total_bytes / MIB - CACHE_RAM_MIB
    assert resident_mib <= got <= resident_mib * 1.1


def test_the_kept_answers_are_counted_as_the_server_is_told():
    assert CACHE_RAM_MIB == llama_server.CACHE_RAM_MIB


@pytest.mark.parametrize(("cache_type", "mib"), [("f16", 1792), ("q8_0", 952), ("q4_0", 504)])
def test_a_coarser_cache_is_smaller_by_what_was_read(cache_type, mib):
    assert kv_bytes(model(SEVEN), quant(SEVEN, "Q4_K_M"), 32768, cache_type) == mib * MIB


def test_every_cache_type_is_between_a_quarter_and_twice_f16():
    plain = kv_bytes(model(SEVEN), quant(SEVEN, "Q4_K_M"), 4096)
    for name in BYTES_PER_ELEMENT:
        size = kv_bytes(model(SEVEN), quant(SEVEN, "Q4_K_M"), 4096, name)
        assert plain / 4 < size <= plain * 2, name
    assert kv_bytes(model(SEVEN), quant(SEVEN, "Q4_K_M"), 4096, "q3_7") is None


def test_a_file_from_before_the_split_of_the_heads_has_the_large_cache():
    new, old = file_of(CODER), quant(CODER, "Q4_K_M")
    assert old.full_heads, "the published file is of 2024"
    assert kv_bytes(model(CODER), new, 32768) == 972 * MIB
    assert kv_bytes(model(CODER), old, 32768) == 8640 * MIB


def test_several_conversations_divide_the_context():
    file = quant(SEVEN, "Q4_K_M")
    alone = kv_bytes(model(SEVEN), file, 8192)
    assert kv_bytes(model(SEVEN), file, 8192, parallel=4) == alone
    # What cannot be divided is rounded up for each: 8,192 / 3 is 2,730, so 2,816 tokens.
    assert kv_bytes(model(SEVEN), file, 8192, parallel=3) == alone * 3 * 2816 // 8192
    # Only the windows of V4 are there once for each.
    window = 43 * 768 * 512 * 2
    four = kv_bytes(model(FLASH), file, 32768, parallel=4)
    assert four > kv_bytes(model(FLASH), file, 32768) + 3 * window


@given(st.integers(1, 1_100_000), st.integers(1, 4096))
def test_more_context_never_needs_less(context, more):
    for model_id in (SEVEN, CODER, "deepseek-v3.2", FLASH):
        here, there = (
            need(model(model_id), quant(SEVEN, "Q4_K_M"), size, Accelerator.CUDA)
            for size in (context, context + more)
        )
        assert here.kv_bytes <= there.kv_bytes
        assert here.compute_bytes <= there.compute_bytes


def test_the_context_is_padded_as_llama_cpp_does_it():
    file = quant(SEVEN, "Q4_K_M")
    assert kv_bytes(model(SEVEN), file, 8000) == kv_bytes(model(SEVEN), file, 8192)
    assert kv_bytes(model(SEVEN), file, 1) == kv_bytes(model(SEVEN), file, 256)
    assert kv_bytes(model(SEVEN), file, 257) == kv_bytes(model(SEVEN), file, 512)


def test_what_the_engine_does_not_load_needs_no_memory():
    file = quant(SEVEN, "Q4_K_M")
    with_more = replace(
        file,
        size_bytes=file.size_bytes + GIB,
        unloaded_bytes=file.unloaded_bytes + GIB,
    )
    for accelerator in (Accelerator.CUDA, Accelerator.CPU):
        same = (need(model(SEVEN), one, 8192, accelerator) for one in (file, with_more))
        assert len({what.total_bytes for what in same}) == 1


@pytest.mark.parametrize(
    "gap",
    [{"attention": None}, {"ffn": None}, {"vocab": None}, {"attention": Attention(kind="gqa")}],
)
def test_an_unknown_figure_gives_no_estimate(gap):
    thing = replace(model(SEVEN), **gap)
    assert need(thing, quant(SEVEN, "Q4_K_M"), 8192, Accelerator.CUDA) is None


def test_what_only_some_models_need_to_say():
    file = quant(SEVEN, "Q4_K_M")
    assert model(FLASH).ffn is None, "it has experts only"
    assert need(model(FLASH), file, 8192, Accelerator.CUDA) is not None
    assert need(replace(model(SEVEN), heads=None), file, 8192, Accelerator.CUDA) is not None
    for model_id in (CODER, "deepseek-v3.2", FLASH):
        assert need(replace(model(model_id), heads=None), file, 8192, Accelerator.CUDA) is None


WEIRD = st.sampled_from([-(2**70), -1, 0, 1, 3, 2**70])


@given(
    context=WEIRD,
    parallel=WEIRD,
    of_model=st.dictionaries(
        st.sampled_from(["layers", "hidden", "ffn", "vocab", "heads"]), WEIRD, max_size=3
    ),
    of_file=st.dictionaries(
        st.sampled_from(["size_bytes", "token_embd_bytes", "expert_bytes", "unloaded_bytes"]),
        WEIRD,
        max_size=3,
    ),
    of_attention=st.dictionaries(
        st.sampled_from(
            [
                "kv_heads",
                "key_dim",
                "value_dim",
                "kv_lora_rank",
                "rope_dim",
                "indexer_dim",
                "csa_layers",
                "hca_layers",
                "csa_ratio",
                "hca_ratio",
                "window",
            ]
        ),
        WEIRD,
        max_size=3,
    ),
    model_id=st.sampled_from([SEVEN, CODER, "deepseek-v3.2", FLASH]),
)
def test_absurd_figures_give_none_or_a_positive_need(
    context, parallel, of_model, of_file, of_attention, model_id
):
    thing = model(model_id)
    thing = replace(thing, attention=replace(thing.attention, **of_attention), **of_model)
    file = replace(quant(SEVEN, "Q4_K_M"), **of_file)
    for accelerator in (Accelerator.CPU, Accelerator.CUDA):
        what = need(thing, file, context, accelerator, parallel=parallel)
        if what is not None:
            parts = (what.weights_bytes, what.repacked_bytes, what.kv_bytes, what.compute_bytes)
            assert min(parts) >= 0
            assert what.kv_bytes > 0


def test_the_margin_stays_free():
    card = Device(name="c", accelerator=Accelerator.CUDA, free_bytes=8 * GIB, gpu=gpu())
    assert usable_bytes(card) == 8 * GIB - GPU_MARGIN_BYTES
    assert usable_bytes(replace(card, free_bytes=GIB // 2)) == 0
    assert usable_bytes(replace(card, free_bytes=-GIB)) == 0
    small = Device(name="p", accelerator=Accelerator.CPU, free_bytes=4 * GIB, gpu=None)
    assert usable_bytes(small) == 4 * GIB - RAM_MARGIN_BYTES
    large = replace(small, free_bytes=100 * GIB)
    assert usable_bytes(large) == pytest.approx(100 * GIB * (1 - RAM_MARGIN_SHARE))
