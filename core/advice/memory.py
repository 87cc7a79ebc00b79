"""How much memory one model needs at one context, and how much of a device may be used for it.

Formulas: llama.cpp at build b11434, read in its source and checked against what its own
llama-fit-params reports for the same shapes: the sum of weights, cache and buffer is within 0.2 %
of it on every row (tests/benchmarks/memory.py). Flash attention is on.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.advice.attention import (
    BYTES_PER_ELEMENT,
    CONTEXT_STEP,
    UBATCH,
    cache_bytes,
    padded,
)
from core.domain import Accelerator, Attention, Device, GpuKind, Model, Quant

__all__ = [
    "BYTES_PER_ELEMENT",
    "COMFORTABLE_SHARE",
    "CONTEXT_STEP",
    "UBATCH",
    "Need",
    "compute_bytes",
    "kv_bytes",
    "need",
    "repacked_bytes",
    "usable_bytes",
]

MIB = 2**20

# Not reported by llama.cpp: the driver's own context on the card (Ollama reserves 457 MiB), and
# the process with its buffers on a processor (gguf-parser assumes 150 MiB).
GPU_OVERHEAD_BYTES = 450 * MIB
CPU_OVERHEAD_BYTES = 150 * MIB
# What llama.cpp's own `--fit-target` leaves free on each card.
GPU_MARGIN_BYTES = 1024 * MIB
# What is left to the rest of the computer where the model sits in its memory.
RAM_MARGIN_BYTES = 1024 * MIB
RAM_MARGIN_SHARE = 0.1
# The server keeps answered prompts in the computer's memory, up to what it is told: must be the
# `CACHE_RAM_MIB` of core/providers/llama_server.py.
CACHE_RAM_MIB = 128
# A model on a card still needs the computer's memory: the input embedding stays there, and the
# container works with 1 to 2 GB.
HOST_BYTES = 1024 * MIB
# Below this share of the usable memory a plan is comfortable, above it tight.
COMFORTABLE_SHARE = 0.95

# On a processor llama.cpp may keep a second, rearranged copy of some tensors ("repacking").
# Measured for Q4_K_M (7B: 2,977 of 4,460 MiB); elsewhere the whole file is assumed.
_REPACKED_SHARE = {"Q4_K_M": 0.7}

_F32, _F16 = 4, 2
# Numbers per token that are alike in every model of its kind: entries that the indexer of V3.2
# picks (`index_topk`), and what the one of V4 works with, fitted.
_DSA_PICKED = 2048
_V4_INDEXER = 26_624


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One estimate, part by part. All in bytes."""

    weights_bytes: int
    repacked_bytes: int  # the second copy on a processor
    kv_bytes: int
    compute_bytes: int
    overhead_bytes: int
    host_bytes: int  # needed besides in the computer's memory, for a model on a card

    @property
    def total_bytes(self) -> int:
        return (
            self.weights_bytes
            + self.repacked_bytes
            + self.kv_bytes
            + self.compute_bytes
            + self.overhead_bytes
        )


def kv_bytes(
    model: Model, quant: Quant, context: int, cache_type: str = "f16", parallel: int = 1
) -> int | None:
    """Bytes of the cache for a conversation of `context` tokens; None where a figure is missing.

    `parallel` conversations divide the context between them, they do not multiply it.
    """
    per_element = BYTES_PER_ELEMENT.get(cache_type)
    if model.attention is None or per_element is None or model.layers <= 0:
        return None
    if context <= 0 or not 0 < parallel <= context:
        return None
    one = cache_bytes(
        model.attention,
        model.layers,
        padded(context, parallel),
        per_element,
        full_heads=quant.full_heads,
    )
    return None if one is None else one * parallel


def compute_bytes(model: Model, context: int, ubatch: int = UBATCH) -> int | None:
    """Bytes of the buffer for one batch of `ubatch` tokens; None where a figure is missing.

    A buffer is as large as the fullest moment of a batch. Most often that is its end, when every
    token has a number for every word of the vocabulary. Fitted to llama-fit-params of build b11434
    (all shapes of the catalogue, 2,048 to 1,048,576 tokens): exact but for gaps between tensors,
    16 MiB at most; for V4 and V3.2 at most 48 MiB below and 133 above, and 84 above for V3 files
    with full heads. llama-server asks for fewer logits and plans 59 to 249 MiB less.
    """
    if (model.vocab or 0) <= 0 or model.hidden <= 0 or context <= 0 or ubatch <= 0:
        return None
    attention = model.attention
    if attention is None or (model.ffn is None and model.experts is None):
        return None
    if attention.kind == "gqa":
        return _plain_buffer(model, padded(context), ubatch, 0)
    if not model.heads or model.heads < 0:
        return None
    if attention.kind == "csa_hca":
        return _v4_buffer(model, attention, model.heads, padded(context), ubatch)
    # The queries, and what they become beside the compressed vectors, twice.
    compressed = attention.kv_lora_rank + attention.rope_dim
    width = model.heads * (2 * compressed + attention.key_dim)
    buffer = _plain_buffer(model, padded(context), ubatch, width)
    if attention.kind == "dsa":
        # A mask and scores of the indexer, and what it picked in every layer.
        picked = model.layers * _DSA_PICKED
        buffer += ubatch * (padded(context) * (_F16 + _F32) + picked * _F32)
    return buffer


def _plain_buffer(model: Model, cells: int, ubatch: int, attention_width: int) -> int:
    """Logits, feed-forward network or attention, with which token may look at which (f16)."""
    widest = max(model.vocab or 0, 3 * (model.ffn or 0), attention_width)
    return ubatch * ((widest + 5 * model.hidden) * _F32 + cells * _F16)


def _v4_buffer(
    model: Model, attention: Attention, heads: int, cells: int, ubatch: int
) -> int | None:
    if attention.csa_ratio <= 0:
        return None
    entries = cells // attention.csa_ratio
    queries = 3 * heads * attention.key_dim
    at_the_end = ubatch * ((model.vocab or 0) + 2 * model.hidden) * _F32
    between = ubatch * ((queries + 7 * model.hidden) * _F32 + entries * 2 * _F16)
    # Five masks of all entries, and the entries themselves laid beside the window.
    looking = ubatch * ((queries + _V4_INDEXER) * _F32 + entries * 5 * _F16)
    return max(at_the_end, between, looking + entries * attention.key_dim * _F16)


def need(
    model: Model,
    quant: Quant,
    context: int,
    accelerator: Accelerator,
    *,
    repack: bool = True,
    cache_type: str = "f16",
    parallel: int = 1,
) -> Need | None:
    """What this takes on a device of this kind, or None where the catalogue lacks a figure."""
    cache = kv_bytes(model, quant, context, cache_type, parallel)
    compute = compute_bytes(model, context)
    if cache is None or compute is None or not possible_sizes(quant):
        return None
    on_processor = accelerator is Accelerator.CPU
    loaded = quant.size_bytes - quant.unloaded_bytes
    kept = CACHE_RAM_MIB * MIB
    return Need(
        weights_bytes=loaded - (0 if on_processor else quant.token_embd_bytes),
        repacked_bytes=repacked_bytes(quant) if on_processor and repack else 0,
        kv_bytes=cache,
        compute_bytes=compute,
        overhead_bytes=CPU_OVERHEAD_BYTES + kept if on_processor else GPU_OVERHEAD_BYTES,
        host_bytes=0 if on_processor else quant.token_embd_bytes + HOST_BYTES + kept,
    )


def repacked_bytes(quant: Quant) -> int:
    """Bytes of the second copy on a processor."""
    loaded = quant.size_bytes - quant.unloaded_bytes
    return int(loaded * _REPACKED_SHARE.get(quant.name, 1.0))


def usable_bytes(device: Device) -> int:
    """What of the device's free memory a model may take: the margin is off."""
    if device.gpu is None:
        margin = max(RAM_MARGIN_BYTES, int(device.free_bytes * RAM_MARGIN_SHARE))
    elif device.gpu.unified_memory or device.gpu.kind is GpuKind.INTEGRATED:
        margin = 0  # taken off with the share of the computer's memory that a profile counts
    else:
        margin = GPU_MARGIN_BYTES
    return max(0, device.free_bytes - margin)


def possible_sizes(quant: Quant) -> bool:
    """Whether the parts of a file can be parts of it: a catalogue or a header may say anything."""
    parts = (quant.token_embd_bytes, quant.expert_bytes, quant.unloaded_bytes)
    return quant.size_bytes > 0 and min(parts) >= 0 and sum(parts) <= quant.size_bytes
