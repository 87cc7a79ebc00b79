"""Shapes of the DeepSeek models as llama.cpp reads them: metadata and tensors, without weights.

The numbers are those of each model's published configuration, written down here a second time on
purpose: a slip in the catalogue is to show as an error of the estimate, not to cancel out. The
names of the keys and tensors are llama.cpp's at build b11434 (src/models/).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

Value = int | float | str | bool | list[int] | list[float]
Tensor = tuple[str, tuple[int, ...], str]  # name, dimensions (the fastest first), F32 | F16 | I32
SMALL, LARGE = "F32", "F16"


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
    more: dict[str, Value] = field(default_factory=dict)
    q_lora: int = 0
    experts: int = 0
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
        }
        return keys | self.more

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


# Alike in V2, V3 and V3.2: the halves of a head with and without position, the compressed vector.
_NOPE, _ROPE, _VALUE, _RANK = 128, 64, 128, 512


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
        wide = int(shape.more["attention.indexer.key_length"])  # type: ignore[arg-type]
        count = int(shape.more["attention.indexer.head_count"])  # type: ignore[arg-type]
        yield "indexer.k_norm.weight", (wide,), SMALL
        yield "indexer.k_norm.bias", (wide,), SMALL
        yield "indexer.proj.weight", (hidden, count), LARGE
        yield "indexer.attn_k.weight", (hidden, wide), LARGE
        yield "indexer.attn_q_b.weight", (shape.q_lora, count * wide), LARGE


def _experts(shape: Shape, layer: int) -> Iterator[Tensor]:
    hidden, wide, count = shape.hidden, shape.expert_ffn, shape.experts
    yield "ffn_gate_inp.weight", (hidden, count), SMALL
    if shape.ratios and layer < 3:
        yield "ffn_gate_tid2eid.weight", (6, shape.vocab), "I32"
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


_STREAMS = 4  # V4 keeps four streams between its layers
_INDEXER, _INDEXER_HEADS = 128, 64


def _v4_head(shape: Shape) -> Iterator[Tensor]:
    yield "output_hc_fn.weight", (_STREAMS * shape.hidden, _STREAMS), SMALL
    yield "output_hc_base.weight", (_STREAMS,), SMALL
    yield "output_hc_scale.weight", (1,), SMALL


def _v4_attention(shape: Shape, ratio: int) -> Iterator[Tensor]:
    hidden, head, heads = shape.hidden, shape.head, shape.heads
    mix = (2 + _STREAMS) * _STREAMS
    low = 1024  # rank of the output's first half
    yield "attn_sinks.weight", (heads,), SMALL
    yield "attn_q_a.weight", (hidden, shape.q_lora), LARGE
    yield "attn_q_a_norm.weight", (shape.q_lora,), SMALL
    yield "attn_q_b.weight", (shape.q_lora, heads * head), LARGE
    yield "attn_kv.weight", (hidden, head), LARGE
    yield "attn_kv_a_norm.weight", (head,), SMALL
    yield "attn_output_a.weight", (heads * head // shape.groups, low * shape.groups), LARGE
    yield "attn_output_b.weight", (shape.groups * low, hidden), LARGE
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


def _latent_keys(**more: Value) -> dict[str, Value]:
    return {
        "attention.key_length": _RANK + _ROPE,
        "attention.value_length": _RANK,
        "attention.key_length_mla": _NOPE + _ROPE,
        "attention.value_length_mla": _VALUE,
        "attention.kv_lora_rank": _RANK,
        "rope.dimension_count": _ROPE,
        **more,
    }


def _unsplit_keys(**more: Value) -> dict[str, Value]:
    return {
        "attention.key_length": _NOPE + _ROPE,
        "attention.value_length": _VALUE,
        "attention.kv_lora_rank": _RANK,
        "rope.dimension_count": _ROPE,
        **more,
    }


def _expert_keys(shape_of: str, layers: int = 0) -> dict[str, Value]:
    count, used, wide, shared, dense, gate = {
        "lite": (64, 6, 1408, 2, 1, 1),
        "v3": (256, 8, 2048, 1, 3, 2),
        "flash": (256, 6, 2048, 1, 0, 4),
        "pro": (384, 6, 3072, 1, 0, 4),
    }[shape_of]
    keys: dict[str, Value] = {
        "expert_count": count,
        "expert_used_count": used,
        "expert_feed_forward_length": wide,
        "expert_shared_count": shared,
        "expert_weights_scale": 2.5,
        "expert_weights_norm": shape_of != "lite",
        "expert_gating_func": gate,
    }
    return keys | ({"leading_dense_block_count": dense} if dense else {})


def _v4_keys(
    kind: str, q_lora: int, groups: int, ratios: tuple[int, ...], hidden: int
) -> dict[str, Value]:
    return {
        **_expert_keys(kind),
        "rope.dimension_count": _ROPE,
        "attention.q_lora_rank": q_lora,
        "attention.sliding_window": 128,
        "swiglu_clamp_exp": [10.0] * len(ratios),
        "swiglu_clamp_shexp": [10.0] * len(ratios),
        "attention.indexer.head_count": _INDEXER_HEADS,
        "attention.indexer.key_length": _INDEXER,
        "attention.indexer.top_k": 512,
        "attention.output_group_count": groups,
        "attention.output_lora_rank": 1024,
        "attention.compress_ratios": list(ratios),
        "attention.compress_rope_freq_base": 160000.0,
        "hyper_connection.count": _STREAMS,
        "hyper_connection.sinkhorn_iterations": 20,
        "hyper_connection.epsilon": 1e-6,
        "hash_layer_count": 3,
        "embedding_length_out": _STREAMS * hidden,
    }


_FLASH_RATIOS = (0, 0, *(4 if layer % 2 == 0 else 128 for layer in range(41)))
_PRO_RATIOS = (128, *(128 if layer % 2 == 0 else 4 for layer in range(60)))
_LITE = {
    "layers": 27, "hidden": 2048, "ffn": 10944, "heads": 16, "vocab": 102400, "context": 163840,
    "arch": "deepseek2", "experts": 64, "expert_ffn": 1408, "shared": 2, "dense": 1,
}  # fmt: skip
_V3 = {
    "layers": 61, "hidden": 7168, "ffn": 18432, "heads": 128, "vocab": 129280, "context": 163840,
    "experts": 256, "expert_ffn": 2048, "shared": 1, "dense": 3, "q_lora": 1536,
}  # fmt: skip
_V3_IDS = ("v3", "r1", "v3-0324", "r1-0528", "v3.1", "v3.1-terminus")


def _dense(
    name: str, ids: str, arch: str, sizes: tuple[int, ...], context: int = 131072, **more: bool
) -> Shape:
    layers, hidden, ffn, heads, kv_heads, vocab = sizes
    return Shape(
        name=name, ids=(f"deepseek-{ids}",), arch=arch, layers=layers, hidden=hidden, ffn=ffn,
        heads=heads, kv_heads=kv_heads, head=128, vocab=vocab, context=context,
        more={"rope.dimension_count": 128}, **more,
    )  # fmt: skip


def _v4(
    name: str, ids: tuple[str, ...], kind: str, sizes: tuple[int, ...], ratios: tuple[int, ...]
) -> Shape:
    hidden, heads, q_lora, groups, experts, wide = sizes
    return Shape(
        name=name, ids=tuple(f"deepseek-{one}" for one in ids), arch="deepseek4",
        layers=len(ratios), hidden=hidden, ffn=wide, heads=heads, kv_heads=1, head=512,
        vocab=129280, context=1048576, quants=("Q2_K", "Q4_K_M", "MXFP4_MOE"), q_lora=q_lora,
        experts=experts, expert_ffn=wide, shared=1, ratios=ratios, groups=groups,
        more=_v4_keys(kind, q_lora, groups, ratios, hidden),
    )  # fmt: skip


SHAPES = (
    _dense("1.5B", "r1-distill-qwen-1.5b", "qwen2", (28, 1536, 8960, 12, 2, 151936)),
    _dense("7B", "r1-distill-qwen-7b", "qwen2", (28, 3584, 18944, 28, 4, 152064)),
    _dense("Llama-8B", "r1-distill-llama-8b", "llama", (32, 4096, 14336, 32, 8, 128256), rope_factors=True),
    _dense("0528-8B", "r1-0528-qwen3-8b", "qwen3", (36, 4096, 12288, 32, 8, 151936)),
    _dense("14B", "r1-distill-qwen-14b", "qwen2", (48, 5120, 13824, 40, 8, 152064)),
    _dense("32B", "r1-distill-qwen-32b", "qwen2", (64, 5120, 27648, 40, 8, 152064)),
    _dense("70B", "r1-distill-llama-70b", "llama", (80, 8192, 28672, 64, 8, 128256), rope_factors=True),
    _dense("LLM 7B", "llm-7b-chat", "llama", (30, 4096, 11008, 32, 32, 102400), 4096),
    _dense("LLM 67B", "llm-67b-chat", "llama", (95, 8192, 22016, 64, 8, 102400), 4096),
    Shape(name="V2-Lite", ids=("deepseek-coder-v2-lite-instruct", "deepseek-v2-lite-chat"),
          kv_heads=1, head=_RANK + _ROPE, more=_expert_keys("lite") | _latent_keys(), **_LITE),
    Shape(name="V2-Lite, old file", ids=("deepseek-coder-v2-lite-instruct", "deepseek-v2-lite-chat"),
          kv_heads=16, head=_NOPE + _ROPE, split_heads=False,
          more=_expert_keys("lite") | _unsplit_keys(), **_LITE),
    Shape(name="V3", ids=tuple(f"deepseek-{one}" for one in _V3_IDS), arch="deepseek2",
          kv_heads=1, head=_RANK + _ROPE, quants=("Q2_K", "Q4_K_M", "Q8_0"),
          more=_expert_keys("v3") | _latent_keys(**{"attention.q_lora_rank": 1536}), **_V3),
    Shape(name="V3, old file", ids=tuple(f"deepseek-{one}" for one in _V3_IDS), arch="deepseek2",
          kv_heads=128, head=_NOPE + _ROPE, split_heads=False, quants=("Q2_K", "Q4_K_M", "Q8_0"),
          more=_expert_keys("v3") | _unsplit_keys(**{"attention.q_lora_rank": 1536}), **_V3),
    Shape(name="V3.2", ids=("deepseek-v3.2-exp", "deepseek-v3.2"), arch="deepseek32",
          kv_heads=1, head=_RANK + _ROPE, quants=("Q2_K", "Q4_K_M", "Q8_0"), extra_layers=1,
          more=_expert_keys("v3") | _latent_keys(**{
              "attention.q_lora_rank": 1536, "attention.indexer.head_count": 64,
              "attention.indexer.key_length": 128, "attention.indexer.top_k": 2048,
              "nextn_predict_layers": 1}), **_V3),
    _v4("V4-Flash", ("v4-flash", "v4-flash-0731", "v4-flash-vision-exp"), "flash",
        (4096, 64, 1024, 8, 256, 2048), _FLASH_RATIOS),
    _v4("V4-Pro", ("v4-pro", "v4-pro-0813"), "pro", (7168, 128, 1536, 16, 384, 3072), _PRO_RATIOS),
)  # fmt: skip
