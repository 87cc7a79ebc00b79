"""What vLLM would need on data-centre cards, here or rented. It reads folders of weights, no GGUF.

vLLM takes a share of a card's whole memory at the start (`gpu_memory_utilization`, 0.9), and
shares one model out over cards by tensor parallelism: a power of two that divides the heads.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from core.advice.memory import COMFORTABLE_SHARE, kv_bytes
from core.domain import Device, Fit, FitPart, Model, Quant, Verdict, WeightSet, known

GIB = 2**30
MEMORY_SHARE = 0.9
# GPUStack's rule for vLLM: weights, a fifth more for activations and CUDA graphs, 2 GiB beside.
WEIGHTS_FACTOR = 1.2
BESIDE_BYTES = 2 * GIB
# NVIDIA compute capability: below the first the image has no code (CUDA 13), below the second the
# fast kernels for 8- and 4-bit weights are missing.
LEAST_CAPABILITY, LEAST_CAPABILITY_ROUNDED = 7.5, 8.0
CONTEXTS = (32768, 16384, 8192)
# What a data-centre card gains when several work on each layer together; never the full number.
PARALLEL_GAIN = 0.7


def weights_bytes(model: Model, weights: WeightSet) -> int | None:
    """Bytes of one set of weights; None where only its maker's total is known."""
    return None if weights.bits is None else int(model.params_total * weights.bits / 8)


def as_quant(model: Model, weights: WeightSet) -> Quant:
    """The same weights as one file, for the model of speed."""
    size = weights_bytes(model, weights) or weights.memory_bytes or 0
    experts = 0
    if model.experts is not None:
        moe = model.layers - model.experts.dense_layers
        one = 3 * model.hidden * model.experts.ffn
        share = min(1.0, moe * model.experts.count * one / model.params_total)
        experts = int(size * share)
    return Quant(
        name=weights.format,
        file="",
        repo=weights.repo,
        revision="main",
        size_bytes=size,
        size_exact=False,
        sha256=None,
        sha256_source=None,
        token_embd_bytes=0,
        expert_bytes=experts,
    )


def suits(weights: WeightSet, devices: Sequence[Device]) -> bool:
    """Whether every card can compute with weights of this format. Unknown counts as no."""
    rounded = weights.bits is None or weights.bits < 16
    least = LEAST_CAPABILITY_ROUNDED if rounded else LEAST_CAPABILITY
    least = max(least, weights.least_capability or 0.0)
    return all((capability_of(device) or 0.0) >= least for device in devices)


def capability_of(device: Device) -> float | None:
    """NVIDIA compute capability, or None where it is not one."""
    text = known(device.gpu.compute_capability) if device.gpu is not None else None
    try:
        return float(text) if text else None
    except ValueError:
        return None


def vllm_fits(
    model: Model, weights: WeightSet, devices: Sequence[Device]
) -> Iterator[tuple[int, Fit]]:
    """Context and layout on 1, 2, 4 or 8 equal cards, the fewest cards first."""
    count = 1 if suits(weights, devices) else len(devices) + 1
    least = sum((_needs(model, weights, CONTEXTS[-1]) or (0,))[:-1])
    room = max((_available(device) for device in devices), default=0)
    while count <= len(devices):
        group = devices[:count]
        count *= 2
        if least > room * len(group) or (model.heads or 0) % len(group):
            continue
        for context in CONTEXTS:
            if context <= model.max_context and (fit := _fit(model, weights, context, group)):
                yield context, fit
                break


def _fit(model: Model, weights: WeightSet, context: int, group: Sequence[Device]) -> Fit | None:
    needs = _needs(model, weights, context)
    if needs is None:
        return None
    count = len(group)
    own, beside = needs[0] // count, needs[1] // count
    cache = needs[2] // min(count, _cache_shares(model))
    if any(own + beside + cache > _available(device) for device in group):
        return None
    parts = tuple(
        FitPart(
            device=device,
            layers=model.layers,  # each card holds its share of every layer
            weights_bytes=own,
            expert_bytes=0,
            repacked_bytes=0,
            kv_bytes=cache,
            compute_bytes=beside,
            overhead_bytes=0,
            available_bytes=_available(device),
        )
        for device in group
    )
    roomy = all(part.needed_bytes <= part.available_bytes * COMFORTABLE_SHARE for part in parts)
    return Fit(
        verdict=Verdict.COMFORTABLE if roomy else Verdict.TIGHT,
        needed_bytes=sum(part.needed_bytes for part in parts),
        available_bytes=sum(part.available_bytes for part in parts),
        parts=parts,
    )


def _cache_shares(model: Model) -> int:
    """Among how many cards the cache is divided: at most by its heads. What is compressed into one
    vector each of them keeps whole."""
    attention = model.attention
    return attention.kv_heads if attention is not None and attention.kind == "gqa" else 1


def _needs(model: Model, weights: WeightSet, context: int) -> tuple[int, int, int] | None:
    """Weights, what vLLM takes beside them, and the cache of one conversation. In bytes; None where
    one of them is not known."""
    size = weights_bytes(model, weights)
    cache = kv_bytes(model, as_quant(model, weights), context)
    if cache is None:
        return None
    if weights.memory_bytes is not None:
        return weights.memory_bytes, 0, cache
    if size is None:
        return None
    return size, int(size * (WEIGHTS_FACTOR - 1)) + BESIDE_BYTES, cache


def _available(device: Device) -> int:
    total = known(device.gpu.vram_bytes) if device.gpu is not None else None
    return min(device.free_bytes, int((total or device.free_bytes) * MEMORY_SHARE))
