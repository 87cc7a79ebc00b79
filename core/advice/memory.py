"""How much memory one model needs at one context, and how much of a device may be used for it.

Formulas: llama.cpp at build b11434, read in its source and checked against llama-fit-params on
153 rows (median error 0.08 %) and against the server's resident size.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.domain import Accelerator, Device, Model, Quant

MIB = 2**20

UBATCH = 512  # llama-server's default; the compute buffer grows with it
CONTEXT_STEP = 256  # llama.cpp pads the context to this
# Not reported by llama.cpp: the driver's own context on the card (Ollama reserves 457 MiB), and
# the process with its buffers on a processor (gguf-parser assumes 150 MiB).
GPU_OVERHEAD_BYTES = 450 * MIB
CPU_OVERHEAD_BYTES = 150 * MIB
# What llama.cpp's own `--fit-target` leaves free on each card.
GPU_MARGIN_BYTES = 1024 * MIB
# What is left to the rest of the computer where the model sits in its memory.
RAM_MARGIN_BYTES = 1024 * MIB
RAM_MARGIN_SHARE = 0.1
# A model on a card still needs the computer's memory: the input embedding stays there, and the
# container works with 1 to 2 GB.
HOST_BYTES = 1024 * MIB
# Below this share of the usable memory a plan is comfortable, above it tight.
COMFORTABLE_SHARE = 0.95

# On a processor llama.cpp may keep a second, rearranged copy of some tensors ("repacking").
# Measured for Q4_K_M (7B: 2,977 of 4,460 MiB); elsewhere the whole file is assumed.
_REPACKED_SHARE = {"Q4_K_M": 0.7}


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


def need(
    model: Model, quant: Quant, context: int, accelerator: Accelerator, *, repack: bool = True
) -> Need | None:
    """What this takes on a device of this kind, or None where the catalogue lacks a figure."""
    if model.kv_bytes_per_token_f16 is None or model.ffn is None or model.vocab is None:
        return None
    padded = -(-context // CONTEXT_STEP) * CONTEXT_STEP
    on_processor = accelerator is Accelerator.CPU
    share = _REPACKED_SHARE.get(quant.name, 1.0) if on_processor and repack else 0.0
    return Need(
        weights_bytes=quant.size_bytes - (0 if on_processor else quant.token_embd_bytes),
        repacked_bytes=int(quant.size_bytes * share),
        kv_bytes=model.kv_bytes_per_token_f16 * padded,
        # Dense models with flash attention; 59 to 249 MiB above what the server really plans.
        compute_bytes=UBATCH * 4 * (model.vocab + model.ffn) + UBATCH * padded * 2,
        overhead_bytes=CPU_OVERHEAD_BYTES if on_processor else GPU_OVERHEAD_BYTES,
        host_bytes=0 if on_processor else quant.token_embd_bytes + HOST_BYTES,
    )


def usable_bytes(device: Device) -> int:
    """What of the device's free memory a model may take: the margin is off."""
    if device.gpu is None:
        margin = max(RAM_MARGIN_BYTES, int(device.free_bytes * RAM_MARGIN_SHARE))
    else:
        margin = GPU_MARGIN_BYTES
    return max(0, device.free_bytes - margin)
