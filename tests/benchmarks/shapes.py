"""The shape of a model as llama.cpp reads it: its metadata and the table of its tensors.

The names of the keys and tensors are llama.cpp's at build b11434 (src/models/).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

Value = int | float | str | bool | list[int] | list[float]
Tensor = tuple[str, tuple[int, ...], str]  # name, dimensions (the fastest first), F32 | F16 | I32
SMALL, LARGE = "F32", "F16"

# Alike in V2, V3 and V3.2: the halves of a head with and without position, the compressed vector.
_NOPE, _ROPE, _VALUE, _RANK = 128, 64, 128, 512
_INDEXER, _INDEXER_HEADS = 128, 64  # of V3.2 and V4
_STREAMS, _HASHED, _WINDOW = 4, 3, 128  # of V4: between its layers; layers routed by the token
_LOW = 1024  # rank of the first half of V4's output


@dataclass(frozen=True, kw_only=True)
class Shape:
    name: str
    ids: tuple[str, ...]  # the models of the catalogue that have this shape
    arch: str
    layers: int
    hidden: int
    ffn: int
    heads: int
    kv_heads: int
    head: int
    vocab: int
    context: int
    quants: tuple[str, ...] = ("Q4_K_M", "Q6_K", "Q8_0")
    q_lora: int = 0
    experts: int = 0
    used: int = 0  # of the experts, for one token
    expert_ffn: int = 0
    shared: int = 0
    dense: int = 0  # of the layers, the first ones without experts
    split_heads: bool = True  # False: a file made before llama.cpp split the MLA heads
    rope_factors: bool = False
    ratios: tuple[int, ...] = ()  # deepseek4: tokens to one entry, by layer; 0 is the window only
    groups: int = 0
    extra_layers: int = 0  # for guessing ahead, kept in the file and not loaded

    def metadata(self) -> dict[str, Value]:
        """Keys without the architecture before them."""
        keys: dict[str, Value] = {
            "context_length": self.context,
            "embedding_length": self.hidden,
            "block_count": self.layers + self.extra_layers,
            "feed_forward_length": self.ffn,
            "attention.head_count": self.heads,
            "attention.head_count_kv": self.kv_heads,
            "attention.key_length": self.head,
            "attention.value_length": self.head,
            "attention.layer_norm_rms_epsilon": 1e-6,
            "vocab_size": self.vocab,
            "rope.dimension_count": self.head,
        }
        if self.q_lora:
            keys["attention.q_lora_rank"] = self.q_lora
        if self.extra_layers:
            keys["nextn_predict_layers"] = self.extra_layers
        if self.experts:
            keys |= _expert_keys(self)
        if self.ratios:
            return keys | _v4_keys(self)
        if self.arch.startswith("deepseek"):
            keys |= _latent_keys(self)
        return keys

    def tensors(self) -> Iterator[Tensor]:
        yield "token_embd.weight", (self.hidden, self.vocab), LARGE
        yield "output_norm.weight", (self.hidden,), SMALL
        yield "output.weight", (self.hidden, self.vocab), LARGE
        if self.rope_factors:
            yield "rope_freqs.weight", (self.head // 2,), SMALL
        if self.ratios:
            yield from _v4_head(self)
        for layer in range(self.layers + self.extra_layers):
            for name, dims, kind in self._layer(layer):
                yield f"blk.{layer}.{name}", dims, kind

    def _layer(self, layer: int) -> Iterator[Tensor]:
        yield "attn_norm.weight", (self.hidden,), SMALL
        yield "ffn_norm.weight", (self.hidden,), SMALL
        if self.ratios:
            yield from _v4_attention(self, self.ratios[layer])
        elif self.arch.startswith("deepseek"):
            yield from _latent_attention(self)
        else:
            yield from _plain_attention(self)
        if layer >= self.layers:
            yield from _guessing(self)
        if self.experts and layer >= self.dense:
            yield from _experts(self, layer)
        else:
            yield "ffn_gate.weight", (self.hidden, self.ffn), LARGE
            yield "ffn_up.weight", (self.hidden, self.ffn), LARGE
            yield "ffn_down.weight", (self.ffn, self.hidden), LARGE


def _plain_attention(shape: Shape) -> Iterator[Tensor]:
    wide, narrow = shape.heads * shape.head, shape.kv_heads * shape.head
    yield "attn_q.weight", (shape.hidden, wide), LARGE
    yield "attn_k.weight", (shape.hidden, narrow), LARGE
    yield "attn_v.weight", (shape.hidden, narrow), LARGE
    yield "attn_output.weight", (wide, shape.hidden), LARGE
    if shape.arch == "qwen2":
        yield "attn_q.bias", (wide,), SMALL
        yield "attn_k.bias", (narrow,), SMALL
        yield "attn_v.bias", (narrow,), SMALL
    if shape.arch == "qwen3":
        yield "attn_q_norm.weight", (shape.head,), SMALL
        yield "attn_k_norm.weight", (shape.head,), SMALL


def _latent_attention(shape: Shape) -> Iterator[Tensor]:
    heads, hidden = shape.heads, shape.hidden
    if shape.q_lora:
        yield "attn_q_a.weight", (hidden, shape.q_lora), LARGE
        yield "attn_q_a_norm.weight", (shape.q_lora,), SMALL
    entry = "attn_q_b.weight" if shape.q_lora else "attn_q.weight"
    yield entry, (shape.q_lora or hidden, heads * (_NOPE + _ROPE)), LARGE
    yield "attn_kv_a_mqa.weight", (hidden, _RANK + _ROPE), LARGE
    yield "attn_kv_a_norm.weight", (_RANK,), SMALL
    if shape.split_heads:
        yield "attn_k_b.weight", (_NOPE, _RANK, heads), LARGE
        yield "attn_v_b.weight", (_RANK, _VALUE, heads), LARGE
    else:
        yield "attn_kv_b.weight", (_RANK, heads * (_NOPE + _VALUE)), LARGE
    yield "attn_output.weight", (heads * _VALUE, hidden), LARGE
    if shape.arch == "deepseek32":
        yield "indexer.k_norm.weight", (_INDEXER,), SMALL
        yield "indexer.k_norm.bias", (_INDEXER,), SMALL
        yield "indexer.proj.weight", (hidden, _INDEXER_HEADS), LARGE
        yield "indexer.attn_k.weight", (hidden, _INDEXER), LARGE
        yield "indexer.attn_q_b.weight", (shape.q_lora, _INDEXER_HEADS * _INDEXER), LARGE


def _experts(shape: Shape, layer: int) -> Iterator[Tensor]:
    hidden, wide, count = shape.hidden, shape.expert_ffn, shape.experts
    yield "ffn_gate_inp.weight", (hidden, count), SMALL
    if shape.ratios and layer < _HASHED:
        yield "ffn_gate_tid2eid.weight", (shape.used, shape.vocab), "I32"
    elif shape.q_lora:
        yield "exp_probs_b.bias", (count,), SMALL
    yield "ffn_gate_exps.weight", (hidden, wide, count), LARGE
    yield "ffn_up_exps.weight", (hidden, wide, count), LARGE
    yield "ffn_down_exps.weight", (wide, hidden, count), LARGE
    yield "ffn_gate_shexp.weight", (hidden, wide * shape.shared), LARGE
    yield "ffn_up_shexp.weight", (hidden, wide * shape.shared), LARGE
    yield "ffn_down_shexp.weight", (wide * shape.shared, hidden), LARGE


def _guessing(shape: Shape) -> Iterator[Tensor]:
    yield "nextn.eh_proj.weight", (2 * shape.hidden, shape.hidden), LARGE
    yield "nextn.enorm.weight", (shape.hidden,), SMALL
    yield "nextn.hnorm.weight", (shape.hidden,), SMALL


def _v4_head(shape: Shape) -> Iterator[Tensor]:
    yield "output_hc_fn.weight", (_STREAMS * shape.hidden, _STREAMS), SMALL
    yield "output_hc_base.weight", (_STREAMS,), SMALL
    yield "output_hc_scale.weight", (1,), SMALL


def _v4_attention(shape: Shape, ratio: int) -> Iterator[Tensor]:
    hidden, head, heads = shape.hidden, shape.head, shape.heads
    mix = (2 + _STREAMS) * _STREAMS
    yield "attn_sinks.weight", (heads,), SMALL
    yield "attn_q_a.weight", (hidden, shape.q_lora), LARGE
    yield "attn_q_a_norm.weight", (shape.q_lora,), SMALL
    yield "attn_q_b.weight", (shape.q_lora, heads * head), LARGE
    yield "attn_kv.weight", (hidden, head), LARGE
    yield "attn_kv_a_norm.weight", (head,), SMALL
    yield "attn_output_a.weight", (heads * head // shape.groups, _LOW * shape.groups), LARGE
    yield "attn_output_b.weight", (shape.groups * _LOW, hidden), LARGE
    for part in ("attn", "ffn"):
        yield f"hc_{part}_fn.weight", (_STREAMS * hidden, mix), SMALL
        yield f"hc_{part}_base.weight", (mix,), SMALL
        yield f"hc_{part}_scale.weight", (3,), SMALL
    if not ratio:
        return
    both = 2 if ratio == 4 else 1
    yield "attn_compressor_kv.weight", (hidden, both * head), LARGE
    yield "attn_compressor_gate.weight", (hidden, both * head), LARGE
    yield "attn_compressor_ape.weight", (both * head, ratio), SMALL
    yield "attn_compressor_norm.weight", (head,), SMALL
    if ratio == 4:
        yield "indexer.proj.weight", (hidden, _INDEXER_HEADS), LARGE
        yield "indexer.attn_q_b.weight", (shape.q_lora, _INDEXER_HEADS * _INDEXER), LARGE
        yield "indexer_compressor_kv.weight", (hidden, 2 * _INDEXER), LARGE
        yield "indexer_compressor_gate.weight", (hidden, 2 * _INDEXER), LARGE
        yield "indexer_compressor_ape.weight", (2 * _INDEXER, ratio), SMALL
        yield "indexer_compressor_norm.weight", (_INDEXER,), SMALL


# --- metadata -----------------------------------------------------------------------------------


def _latent_keys(shape: Shape) -> dict[str, Value]:
    keys: dict[str, Value] = {
        "attention.kv_lora_rank": _RANK,
        "rope.dimension_count": _ROPE,
        "attention.value_length": _VALUE,
    }
    if shape.split_heads:
        keys |= {
            "attention.value_length": _RANK,
            "attention.key_length_mla": _NOPE + _ROPE,
            "attention.value_length_mla": _VALUE,
        }
    if shape.arch == "deepseek32":
        keys |= _indexer_keys(2048)
    return keys


def _indexer_keys(best: int) -> dict[str, Value]:
    return {
        "attention.indexer.head_count": _INDEXER_HEADS,
        "attention.indexer.key_length": _INDEXER,
        "attention.indexer.top_k": best,
    }


def _expert_keys(shape: Shape) -> dict[str, Value]:
    # How the router weighs: 1 softmax (V2), 2 sigmoid (V3), 4 the root of softplus (V4).
    keys: dict[str, Value] = {
        "expert_count": shape.experts,
        "expert_used_count": shape.used,
        "expert_feed_forward_length": shape.expert_ffn,
        "expert_shared_count": shape.shared,
        "expert_weights_scale": 2.5,
        "expert_weights_norm": bool(shape.q_lora),
        "expert_gating_func": 4 if shape.ratios else 2 if shape.q_lora else 1,
    }
    return keys | ({"leading_dense_block_count": shape.dense} if shape.dense else {})


def _v4_keys(shape: Shape) -> dict[str, Value]:
    return {
        "rope.dimension_count": _ROPE,
        "attention.sliding_window": _WINDOW,
        "swiglu_clamp_exp": [10.0] * shape.layers,
        "swiglu_clamp_shexp": [10.0] * shape.layers,
        "attention.output_group_count": shape.groups,
        "attention.output_lora_rank": _LOW,
        "attention.compress_ratios": list(shape.ratios),
        "attention.compress_rope_freq_base": 160000.0,
        "hyper_connection.count": _STREAMS,
        "hyper_connection.sinkhorn_iterations": 20,
        "hyper_connection.epsilon": 1e-6,
        "hash_layer_count": _HASHED,
        "embedding_length_out": _STREAMS * shape.hidden,
        **_indexer_keys(512),
    }
