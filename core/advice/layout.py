"""A model cut into what can lie apart: its layers, each with its part of the cache, and its ends.

llama.cpp gives whole layers to devices. Where a card holds only some of them, it holds the last
ones, with the output head; the input embedding always stays in the computer's memory.
"""

from __future__ import annotations

from typing import NamedTuple

from core.advice.attention import UBATCH
from core.advice.memory import compute_bytes, kv_bytes, possible_sizes
from core.domain import Model, Quant

# Bits per weight of the output head, which llama-quantize keeps finer than the layers (build
# b11434: Q6_K in all but the finest). Other makers choose up to Q8_0.
_HEAD_BITS = {"Q8_0": 8.5, "F16": 16.0, "BF16": 16.0, "F32": 32.0, "MXFP4": 8.5}
_HEAD_BITS_MOST, _HEAD_BITS_ELSE = 8.5, 6.5625

# When a prompt is read, a card borrows what lies in the computer's memory one tensor at a time
# (ggml's scheduler, `op_offload`): of the three equal ones of a feed-forward network the finest
# makes 0.42 of them in a Q4_K_M file.
_LARGEST_TENSOR = 0.45
# With several cards at work at once every input exists four times (GGML_SCHED_MAX_COPIES): the
# mask (f16) and what one card hands on to the next (f32).
_MORE_COPIES = 3


class Layout(NamedTuple):
    """One file at one context, in bytes. Layers count from 0; ranges leave out their end.

    A tuple because hundreds of them are made for one computer.
    """

    layers: int
    dense_layers: int  # the first ones, without experts
    embedding_bytes: int
    head_bytes: int  # estimated: no catalogue says how large a file's last tensor is
    common_bytes: int  # of all layers together, the experts and the head left out
    expert_bytes: int
    kv_bytes: int
    compute_bytes: int
    copies_bytes: int  # more of it on each of several cards
    borrowed_bytes: int  # more of it on a card while a part lies in the computer's memory

    @property
    def layer_bytes(self) -> int:
        """All that lies in layers, the head with them."""
        return self.weights_bytes + self.kv_bytes

    @property
    def weights_bytes(self) -> int:
        """All weights but the input embedding."""
        return self.head_bytes + self.common_bytes + self.expert_bytes

    def common(self, first: int, last: int) -> int:
        """Weights of these layers without experts, the head with the last layer. Evenly shared:
        what one layer weighs more than another is less than the margin of a card."""
        own = self.common_bytes * last // self.layers - self.common_bytes * first // self.layers
        return own + (self.head_bytes if first < last == self.layers else 0)

    def experts(self, first: int, last: int) -> int:
        having = self.layers - self.dense_layers
        upto, before = max(0, last - self.dense_layers), max(0, first - self.dense_layers)
        return self.expert_bytes * upto // having - self.expert_bytes * before // having

    def cache(self, first: int, last: int) -> int:
        """Evenly shared too, though V4's layers of two kinds take turns."""
        return self.kv_bytes * last // self.layers - self.kv_bytes * first // self.layers

    def taken(self, first: int, last: int, experts_from: int) -> int:
        """All that these layers need, with experts in those from `experts_from` on."""
        size = self.common(first, last) + self.cache(first, last)
        return size + self.experts(max(first, min(experts_from, last)), last)

    def fill(self, last: int, room: int, experts_from: int) -> int:
        """The start of the longest range up to `last` that needs no more than `room` bytes."""
        low, high = 0, last
        while low < high:
            middle = (low + high) // 2
            if self.taken(middle, last, experts_from) <= room:
                high = middle
            else:
                low = middle + 1
        return low


def lay_out(model: Model, quant: Quant, context: int) -> Layout | None:
    """The layout, or None where the catalogue lacks a figure or its figures contradict."""
    cache, compute = kv_bytes(model, quant, context), compute_bytes(model, context)
    if cache is None or compute is None or not possible_sizes(quant):
        return None
    dense = model.experts.dense_layers if model.experts is not None else 0
    if not 0 <= dense < model.layers:
        return None
    beside = quant.unloaded_bytes + quant.token_embd_bytes + quant.expert_bytes
    rest = quant.size_bytes - beside
    head = min(rest // 2, _head_bytes(model, quant))
    of_layers = rest - head
    largest = max(of_layers // model.layers, quant.expert_bytes // (model.layers - dense))
    return Layout(
        layers=model.layers,
        dense_layers=dense,
        embedding_bytes=quant.token_embd_bytes,
        head_bytes=head,
        common_bytes=of_layers,
        expert_bytes=quant.expert_bytes,
        kv_bytes=cache,
        compute_bytes=compute,
        copies_bytes=_MORE_COPIES * UBATCH * (context * 2 + model.hidden * 4),
        borrowed_bytes=int(largest * _LARGEST_TENSOR),
    )


def _head_bytes(model: Model, quant: Quant) -> int:
    other = _HEAD_BITS_MOST if quant.name.startswith("UD-") else _HEAD_BITS_ELSE
    return int((model.vocab or 0) * model.hidden * _HEAD_BITS.get(quant.name, other) / 8)
