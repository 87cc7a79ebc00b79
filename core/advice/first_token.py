"""How long a question is read before the first word of the answer comes.

Reading a question is bound by how fast a device computes, which no data sheet in the catalogue
says. Within one kind of hardware it goes with the bandwidth, so it is taken from that, widely.
"""

from __future__ import annotations

from collections.abc import Sequence

from core.advice.bandwidth import Hardware, Reading
from core.domain import Model

PROMPT_TOKENS = 500  # a question with some text to it

# Tokens of a question per second, for each GB/s of bandwidth and a model of 8 billion parameters.
# Lowest and highest of published runs of llama-bench with 512 tokens (GPU-Benchmarks-on-LLM-
# Inference, May 2024: seven GeForce cards, A100, H100, four Apple chips; llama.cpp's own DGX
# Spark page, November 2025; strix-halo-llm-perf, February 2026), rounded outwards. Cards without
# tensor cores and processors: no run of that kind was found, so wider still.
_RATES = {
    Hardware.DISCRETE: (1.0, 4.0),
    Hardware.DATACENTRE: (1.0, 4.0),
    Hardware.UNIFIED: (1.0, 5.0),
    Hardware.APPLE: (0.9, 2.0),
    Hardware.PROCESSOR: (0.2, 1.2),
}
_TENSOR_RATES = {
    Hardware.DISCRETE: (3.5, 9.0),
    Hardware.DATACENTRE: (1.4, 6.0),
    Hardware.UNIFIED: (3.0, 9.0),
}
_RATE_PARAMS = 8e9
# A batch of 512 tokens calls nearly all experts: two to three times as slow as a dense model
# with as many active parameters (DGX Spark, Strix Halo with Qwen3-30B-A3B).
_EXPERTS = (0.33, 0.7)


def prompt_s(model: Model, shares: Sequence[tuple[Reading, float]]) -> tuple[float, float] | None:
    """Seconds for PROMPT_TOKENS, of readings each with its number of layers.

    None where the bandwidth of a device is not known. What lies in the computer's memory may be
    computed on the card all the same, so the quick end takes all for lying on the quickest.
    """
    if not all(reading.known for reading, _ in shares) or not shares:
        return None
    total = sum(layers for _, layers in shares)
    slow = [1 / _rate(model, reading)[0] for reading, _ in shares]
    fast = [1 / _rate(model, reading)[1] for reading, _ in shares]
    weights = [layers / total if total > 0 else 1 / len(shares) for _, layers in shares]
    slowest = sum(s * weight for s, weight in zip(slow, weights, strict=True))
    return PROMPT_TOKENS * min(fast), PROMPT_TOKENS * slowest


def _rate(model: Model, reading: Reading) -> tuple[float, float]:
    """Tokens per second, at the slow and at the quick end."""
    rates = _TENSOR_RATES if reading.tensor_cores else _RATES
    low, high = rates.get(reading.hardware, _RATES[reading.hardware])
    active = min(max(model.params_active, 10**6), 10**14)
    per = reading.gbs[0] * _RATE_PARAMS / active
    if model.experts is not None:
        low, high = low * _EXPERTS[0], high * _EXPERTS[1]
    return low * per, high * per
