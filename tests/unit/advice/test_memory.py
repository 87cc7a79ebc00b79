"""The memory formula beside what llama.cpp's own tools reported for the same models."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.advice.memory import (
    GPU_MARGIN_BYTES,
    RAM_MARGIN_BYTES,
    RAM_MARGIN_SHARE,
    need,
    usable_bytes,
)
from core.domain import Accelerator, Device
from tests.unit.advice.parts import GIB, MIB, gpu, model, quant

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
MLA_KV = 31104  # of a file made after the split, as in the table above


@pytest.mark.parametrize("model_id", REPORTED)
@pytest.mark.parametrize("name", QUANTS)
@pytest.mark.parametrize("which", [0, 1])
def test_it_agrees_with_the_reported_need(model_id, name, which):
    entry = model(model_id)
    if "coder" in model_id:
        entry = replace(entry, kv_bytes_per_token_f16=MLA_KV)
    what = need(entry, quant(model_id, name), (8192, 32768)[which], Accelerator.CUDA)
    reported = REPORTED[model_id][QUANTS.index(name)][which]
    got = what.total_bytes / GIB
    # The table is rounded to 0.05; Coder's header counts 0.1 more, on the safe side.
    assert got == pytest.approx(reported, abs=0.11)


def test_the_parts_of_the_seven_b_are_the_measured_ones():
    """llama-fit-params on the real header at 8,192 tokens: 4,460 MiB, of which 292 on the host."""
    what = need(
        model("deepseek-r1-distill-qwen-7b"),
        quant("deepseek-r1-distill-qwen-7b", "Q4_K_M"),
        8192,
        Accelerator.CUDA,
    )
    assert (what.weights_bytes + what.host_bytes) / MIB - 1024 == pytest.approx(4466, abs=1)
    assert what.kv_bytes == 448 * MIB
    assert what.compute_bytes / MIB == pytest.approx(342, abs=1)


@pytest.mark.parametrize(("repack", "resident_mib"), [(True, 7913), (False, 4974)])
def test_on_a_processor_it_is_never_below_what_was_measured(repack, resident_mib):
    """Resident size of the real 7B at 8,192 tokens; the estimate may be a tenth above it."""
    seven = model("deepseek-r1-distill-qwen-7b")
    what = need(seven, quant(seven.id, "Q4_K_M"), 8192, Accelerator.CPU, repack=repack)
    assert resident_mib <= what.total_bytes / MIB <= resident_mib * 1.1


def test_more_context_never_needs_less():
    seven = model("deepseek-r1-distill-qwen-7b")
    sizes = [
        need(seven, quant(seven.id, "Q4_K_M"), context, Accelerator.CUDA).total_bytes
        for context in range(256, 40_000, 997)
    ]
    assert sizes == sorted(sizes)


def test_an_unknown_figure_gives_no_estimate():
    seven = model("deepseek-r1-distill-qwen-7b")
    file = quant(seven.id, "Q4_K_M")
    for gap in ({"kv_bytes_per_token_f16": None}, {"ffn": None}, {"vocab": None}):
        assert need(replace(seven, **gap), file, 8192, Accelerator.CUDA) is None


def test_the_margin_stays_free():
    card = Device(name="c", accelerator=Accelerator.CUDA, free_bytes=8 * GIB, gpu=gpu())
    assert usable_bytes(card) == 8 * GIB - GPU_MARGIN_BYTES
    assert usable_bytes(replace(card, free_bytes=GIB // 2)) == 0
    small = Device(name="p", accelerator=Accelerator.CPU, free_bytes=4 * GIB, gpu=None)
    assert usable_bytes(small) == 4 * GIB - RAM_MARGIN_BYTES
    large = replace(small, free_bytes=100 * GIB)
    assert usable_bytes(large) == pytest.approx(100 * GIB * (1 - RAM_MARGIN_SHARE))
