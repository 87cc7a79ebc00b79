"""How much memory one model needs at one context, and how much of a device may be used for it.

Formulas: llama.cpp at build b11434, read in its source and checked against what its own
llama-fit-params reports for the same shapes (tests/benchmarks/memory.py). Flash attention is on.
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
from core.domain import Accelerator, Device, Model, Quant

__all__ = [
    "BYTES_PER_ELEMENT",
    "COMFORTABLE_SHARE",
    "CONTEXT_STEP",
    "UBATCH",
    "Need",
    "compute_bytes",
    "kv_bytes",
    "need",
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

    The largest moment of a batch is either its last, when every token has a number for every word
    of the vocabulary, or one of the feed-forward network or of the attention, whichever is wider.
    With it goes which tokens may look at which (f16). Equal to llama-fit-params within 3 %; up to
    249 MiB above what the server plans, which asks for fewer logits.
    """
    if model.vocab is None or model.vocab <= 0 or model.hidden <= 0:
        return None
    if model.ffn is None and model.experts is None:
        return None
    if context <= 0 or ubatch <= 0:
        return None
    widest = max(model.vocab, 3 * (model.ffn or 0), _attention_width(model)) + 5 * model.hidden
    return ubatch * (widest * _F32 + padded(context) * _F16)


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
    share = _REPACKED_SHARE.get(quant.name, 1.0) if on_processor and repack else 0.0
    kept = CACHE_RAM_MIB * MIB
    return Need(
        weights_bytes=quant.size_bytes - (0 if on_processor else quant.token_embd_bytes),
        repacked_bytes=int(quant.size_bytes * share),
        kv_bytes=cache,
        compute_bytes=compute,
        overhead_bytes=CPU_OVERHEAD_BYTES + kept if on_processor else GPU_OVERHEAD_BYTES,
        host_bytes=0 if on_processor else quant.token_embd_bytes + HOST_BYTES + kept,
    )


def usable_bytes(device: Device) -> int:
    """What of the device's free memory a model may take: the margin is off."""
    if device.gpu is None:
        margin = max(RAM_MARGIN_BYTES, int(device.free_bytes * RAM_MARGIN_SHARE))
    else:
        margin = GPU_MARGIN_BYTES
    return max(0, device.free_bytes - margin)


def possible_sizes(quant: Quant) -> bool:
    """Whether the parts of a file can be parts of it: a catalogue or a header may say anything."""
    parts = (quant.token_embd_bytes, quant.expert_bytes)
    return quant.size_bytes > 0 and min(parts) >= 0 and sum(parts) <= quant.size_bytes


def _attention_width(model: Model) -> int:
    """Numbers per token while the compressed vectors are looked at, twice, beside the queries."""
    attention = model.attention
    if attention is None or attention.kind not in ("mla", "dsa") or model.heads is None:
        return 0
    compressed = attention.kv_lora_rank + attention.rope_dim
    return model.heads * (2 * compressed + attention.key_dim)
