"""The speed ranges beside what other people measured on the same cards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.advice.speed import active_bytes, bandwidth_known, predict_speed
from core.domain import Accelerator, Cpu, Device
from tests.unit.advice.parts import GIB, catalog, gpu, model, quant, shared_gpu

CPU = Cpu(name="A processor", physical_cores=8)
SEVEN, EIGHT, FOURTEEN, SEVENTY = (
    f"deepseek-r1-distill-{name}" for name in ("qwen-7b", "llama-8b", "qwen-14b", "llama-70b")
)


def _device(card):
    accelerator = Accelerator.CPU if card is None else Accelerator.CUDA
    return Device(name="d", accelerator=accelerator, free_bytes=64 * GIB, gpu=card)


def _range(model_id, card, cpu=CPU, arch="x86_64"):
    entry = model(model_id)
    file = quant(model_id, "Q4_K_M")
    return predict_speed(entry, file, _device(card), catalog(), cpu, arch).tokens_per_s


# Published runs (llmfit community, geerlingguy/ai-benchmarks, XiongjieDai, llama.cpp threads).
MEASURED = [
    (SEVEN, gpu("NVIDIA GeForce RTX 2080", 8), 77.2),
    (EIGHT, gpu("NVIDIA GeForce RTX 2080", 8), 71.7),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 3060", 12), 29.8),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 3080 Ti", 12), 70.7),
    (EIGHT, gpu("NVIDIA GeForce RTX 3090", 24), 111.7),
    (EIGHT, gpu("NVIDIA GeForce RTX 4070 Ti", 12), 82.2),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 4070 Ti", 12), 49.7),
    (EIGHT, gpu("NVIDIA GeForce RTX 4090", 24), 128.0),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 4090", 24), 92.5),
    (SEVEN, gpu("NVIDIA GeForce RTX 5070", 12), 111.0),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 5070", 12), 56.4),
    (EIGHT, gpu("NVIDIA GeForce RTX 5090", 32), 224.0),
    (FOURTEEN, gpu("AMD Radeon RX 7900 XT", 20, vendor="amd"), 65.7),
    (EIGHT, gpu("NVIDIA L40S", 48), 114.0),
    (SEVENTY, gpu("NVIDIA A100-SXM4-80GB", 80), 24.3),
    (FOURTEEN, shared_gpu("nvidia", "NVIDIA GB10"), 23.9),
    (SEVENTY, shared_gpu("nvidia", "NVIDIA GB10"), 4.6),
    (SEVEN, shared_gpu("apple", "Apple M4 Pro"), 49.6),
    (FOURTEEN, shared_gpu("apple", "Apple M4 Pro"), 26.6),
]


@pytest.mark.parametrize(("model_id", "card", "measured"), MEASURED)
def test_the_range_holds_what_was_measured(model_id, card, measured):
    low, high = _range(model_id, card)
    assert low <= measured <= high
    assert high <= low * 1.7  # a range that says something


def test_a_processor_of_known_bandwidth():
    """Ryzen with two channels of DDR5: 12.3 tokens/s on an 8 B were measured."""
    known = replace(CPU, memory_bandwidth_gbs=89.6)
    low, high = _range(EIGHT, None, known)
    assert low <= 12.3 <= high
    assert bandwidth_known(_device(None), catalog(), known)


def test_a_raspberry_pi_is_known_by_its_name():
    pi = Cpu(name="Raspberry Pi 5 Model B Rev 1.0", physical_cores=4)
    low, high = _range(FOURTEEN, None, pi, "arm64")
    assert low <= 1.20 <= high
    assert high < 1.5


def test_an_unknown_processor_gets_a_wide_and_careful_range():
    low, high = _range(SEVEN, None)
    assert high > 4 * low
    assert low < 4
    assert _range(SEVEN, None, CPU, "arm64")[0] < low
    assert not bandwidth_known(_device(None), catalog(), CPU)


def test_an_unknown_card_is_never_taken_for_faster_than_a_known_one():
    strange = gpu("NVIDIA GeForce RTX 9999", 24)
    low, high = _range(SEVEN, strange)
    slowest = _range(SEVEN, gpu("NVIDIA GeForce GTX 1050 Ti", 4))
    assert low <= slowest[0]
    assert high > low * 5
    assert not bandwidth_known(_device(strange), catalog(), CPU)


def test_of_a_model_with_experts_only_a_share_is_read():
    coder = model("deepseek-coder-v2-lite-instruct")
    file = quant(coder.id, "Q4_K_M")
    read = active_bytes(coder, file) - coder.kv_bytes_per_token_f16 * 1024
    # 6 of 64 experts and all the rest, by the tensor sizes of that file: 1.61 GB.
    assert read == pytest.approx(1.61e9, rel=0.05)


def test_it_says_that_it_is_an_estimate():
    entry = model(SEVEN)
    speed = predict_speed(entry, entry.quants[0], _device(gpu()), catalog(), CPU, "x86_64")
    assert speed.basis == "estimate"
