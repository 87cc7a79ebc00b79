"""A model that no catalogue knows, from the head of its GGUF file. Pure.

The keys are those that llama.cpp reads at build b11434 (src/llama-arch.cpp and src/models/); what
the file does not say stays unknown. Sizes are exact: they come from the table of tensors.
"""

from __future__ import annotations

import io
import re
from collections import Counter

from core.advice import gguf_header
from core.advice.gguf_header import Header, Items, Tensor
from core.domain import Attention, Experts, Model, Quant, Sampling, Source
from core.errors import AppError

ID = "own-file"
_MAX_LAYERS = 1024
_MAX_WIDTH = 1 << 24
_MAX_CONTEXT = 1 << 30
_MAX_BYTES = 1 << 50
_MAX_PARTS = 256

# Every layer of these keeps the whole context, each head its key and its value. Other
# architectures mix in layers with a window or a fixed state, so their cache stays unknown.
_PLAIN = {
    "llama", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "deepseek", "mistral3", "baichuan",
    "internlm2", "starcoder", "starcoder2", "stablelm", "olmo", "olmo2", "olmoe", "granite",
    "granitemoe", "command-r", "glm4", "glm4moe", "minicpm", "orion", "xverse", "phi2", "refact",
    "mpt", "bloom", "falcon", "gpt2", "gptneox", "nemotron", "exaone", "chatglm",
}  # fmt: skip

# llama.h, enum llama_ftype, by the names that the files carry.
_FILE_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K",
    11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S",
    17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS",
    23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M",
    30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4", 39: "NVFP4",
    40: "Q1_0", 41: "Q2_0",
}  # fmt: skip
# ggml.h, enum ggml_type: named after the largest share of the weights where the file says nothing.
_TENSOR_TYPES = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 6: "Q5_0", 7: "Q5_1", 8: "Q8_0", 10: "Q2_K",
    11: "Q3_K", 12: "Q4_K", 13: "Q5_K", 14: "Q6_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS",
    19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS", 29: "IQ1_M", 30: "BF16",
    34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4", 40: "NVFP4", 41: "Q1_0",
}  # fmt: skip
_LAYER = re.compile(r"blk\.(\d+)\.")
_EXPERTS = re.compile(r"\.ffn_\w+_exps\.")


class _NonsenseError(Exception):
    pass


def model_from_header(data: bytes, *more: bytes, name: str = "") -> tuple[Model, Quant]:
    """The model and its file. `data` holds the first bytes of the file, its head at least.

    A model in several files: the head of the first, then the heads of the others. `name` is the
    file's own, for the errors and for showing.
    Raises: AppError("model_file_truncated") where a head is cut off, so that more can be
    fetched, or the head of another part is missing; AppError("not_a_model_file").
    """
    name = name or "GGUF"
    heads = [_parsed(one, name) for one in (data, *more)]
    try:
        parts = _number(heads[0], "split.count", _MAX_PARTS, 1)
        if len(heads) < parts:
            raise AppError(
                "model_file_truncated",
                {"file": name, "size_bytes": sum(head.needed_bytes for head in heads)},
                remedy="try_again",
                detail=f"{len(heads)} of {parts} parts",
            )
        return _read(heads, name)
    except _NonsenseError as error:
        raise AppError(
            "not_a_model_file", {"file": name}, remedy="try_again", detail=str(error)
        ) from error


def part_names(name: str, parts: int) -> tuple[str, ...]:
    """The names (or addresses) of all files of a model of which one is `…-00001-of-00003.gguf`."""
    found = re.fullmatch(r"(.*-)(\d{5})-of-(\d{5})(\.gguf.*)", name)
    if found is None or int(found[3]) != parts:
        return (name,)
    return tuple(f"{found[1]}{one:05d}-of-{found[3]}{found[4]}" for one in range(1, parts + 1))


def parts_of(data: bytes) -> int:
    """How many files the model comes in, by the head of one. Raises: as `model_from_header`."""
    value = _parsed(data, "GGUF").pairs.get("split.count", 1)
    return value if isinstance(value, int) and 1 <= value <= _MAX_PARTS else 1


def _parsed(data: bytes, name: str) -> Header:
    try:
        return gguf_header.parse(io.BytesIO(data), len(data))
    except gguf_header.EndsEarlyError as error:
        code = "model_file_truncated" if error.magic_seen else "not_a_model_file"
        if code == "not_a_model_file":
            raise AppError("not_a_model_file", {"file": name}, remedy="try_again") from error
        raise AppError(
            "model_file_truncated",
            {"file": name, "size_bytes": len(data)},
            remedy="try_again",
            detail="the head goes on",
        ) from error
    except gguf_header.NotOneError as error:
        raise AppError(
            "not_a_model_file", {"file": name}, remedy="try_again", detail=str(error)
        ) from error


# --- the model --------------------------------------------------------------------------------


def _read(heads: list[Header], name: str) -> tuple[Model, Quant]:
    head = heads[0]
    tensors = [one for part in heads for one in part.tensors]
    blocks = _number(head, "block_count", _MAX_LAYERS)
    layers = blocks - _number(head, "nextn_predict_layers", _MAX_LAYERS, 0)
    hidden = _number(head, "embedding_length", _MAX_WIDTH)
    if layers < 1 or hidden < 1:
        raise _NonsenseError(f"{layers} layers of width {hidden}")
    loaded = [one for one in tensors if _layer(one) < layers]
    experts = _experts(head)
    quant = _quant(heads, tensors, loaded, name)
    total = sum(one.weights for one in loaded)
    asleep = sum(one.weights for one in loaded if _EXPERTS.search(one.name))
    awake_share = experts.used / experts.count if experts else 1.0
    model = Model(
        id=ID,
        name=_text(head, "general.name") or name,
        params_total=total,
        params_active=total - int(asleep * (1 - awake_share)),
        layers=layers,
        hidden=hidden,
        ffn=_number(head, "feed_forward_length", _MAX_WIDTH, 0) or None,
        vocab=_vocab(head, tensors),
        max_context=_number(head, "context_length", _MAX_CONTEXT, 0) or 4096,
        licence=_text(head, "general.license"),
        release_date=None,
        distilled=False,
        starter=False,
        legacy=False,
        thinking=_thinking(_text(head, "tokenizer.chat_template")),
        sampling=Sampling(),
        chat_template=None,
        quants=(quant,),
        scores=(),
        source=Source(text="GGUF"),
        arch=head.architecture,
        heads=_number(head, "attention.head_count", _MAX_WIDTH, 0) or None,
        attention=_attention(head, layers, hidden),
        experts=experts,
    )
    return model, quant


def _quant(heads: list[Header], tensors: list[Tensor], loaded: list[Tensor], name: str) -> Quant:
    size = sum(head.needed_bytes for head in heads)
    if size > _MAX_BYTES or any(one.weights > _MAX_BYTES for one in tensors):
        raise _NonsenseError(f"{size} bytes")
    by_name = {one.name: one.size_bytes for one in loaded}
    # Without an output of its own the engine uses the embedding as one, on the card as well.
    tied = "output.weight" not in by_name
    return Quant(
        name=_quant_name(heads[0], loaded),
        file=name,
        repo="",
        revision="",
        size_bytes=size,
        size_exact=True,
        sha256=None,
        sha256_source=None,
        token_embd_bytes=0 if tied else by_name.get("token_embd.weight", 0),
        expert_bytes=sum(one.size_bytes for one in loaded if _EXPERTS.search(one.name)),
        parts=len(heads),
        full_heads=_latent(heads[0]) and "attention.key_length_mla" not in _own_keys(heads[0]),
        unloaded_bytes=max(0, size - sum(one.size_bytes for one in loaded)),
    )


def _layer(tensor: Tensor) -> int:
    found = _LAYER.match(tensor.name)
    return int(found[1]) if found else -1


def _quant_name(head: Header, tensors: list[Tensor]) -> str:
    kind = head.pairs.get("general.file_type")
    if isinstance(kind, int) and kind in _FILE_TYPES:
        return _FILE_TYPES[kind]
    weights: Counter[int] = Counter()
    for one in tensors:
        weights[one.kind] += one.weights
    most = weights.most_common(1)
    return _TENSOR_TYPES.get(most[0][0], "?") if most else "?"


def _vocab(head: Header, tensors: list[Tensor]) -> int | None:
    tokens = head.pairs.get("tokenizer.ggml.tokens")
    if isinstance(tokens, Items) and tokens.count:
        return tokens.count
    if known := _number(head, "vocab_size", _MAX_WIDTH, 0):
        return known
    dims = next((one.dims for one in tensors if one.name == "token_embd.weight"), ())
    return dims[1] if len(dims) > 1 and 0 < dims[1] <= _MAX_WIDTH else None


def _thinking(template: str) -> str:
    """By the template alone: does it know thoughts, and can they be left out?"""
    if "think" not in template:
        return "none"
    return "hybrid" if re.search(r"enable_thinking|if[^%}]*\bthinking\b", template) else "always"


# --- attention and experts ----------------------------------------------------------------------


def _attention(head: Header, layers: int, hidden: int) -> Attention | None:
    if head.architecture == "deepseek4":
        return _compressed(head, layers)
    heads = _number(head, "attention.head_count", _MAX_WIDTH, 0)
    kv_heads = _alike(head, "attention.head_count_kv", layers, heads)
    if not heads or not kv_heads:
        return None
    per_head = hidden // heads
    key = _number(head, "attention.key_length", _MAX_WIDTH, per_head)
    value = _number(head, "attention.value_length", _MAX_WIDTH, per_head)
    if _latent(head):
        return Attention(
            kind="dsa" if head.architecture == "deepseek32" else "mla",
            kv_heads=heads,
            key_dim=_number(head, "attention.key_length_mla", _MAX_WIDTH, key),
            value_dim=_number(head, "attention.value_length_mla", _MAX_WIDTH, value),
            kv_lora_rank=_number(head, "attention.kv_lora_rank", _MAX_WIDTH),
            rope_dim=_number(head, "rope.dimension_count", _MAX_WIDTH, 0),
            indexer_dim=_number(head, "attention.indexer.key_length", _MAX_WIDTH, 0),
        )
    # Llama files may name a window, which llama.cpp does not use for them.
    window = _number(head, "attention.sliding_window", _MAX_CONTEXT, 0)
    if head.architecture not in _PLAIN or (window and head.architecture != "llama"):
        return None
    return Attention(kind="gqa", kv_heads=kv_heads, key_dim=key, value_dim=value)


def _latent(head: Header) -> bool:
    return head.architecture in ("deepseek2", "deepseek32")


def _compressed(head: Header, layers: int) -> Attention:
    ratios = head.pairs.get("deepseek4.attention.compress_ratios")
    values = ratios.values if isinstance(ratios, Items) else None
    if values is None or len(values) < layers or not set(values[:layers]) <= {0, 4, 128}:
        raise _NonsenseError("compress_ratios")
    return Attention(
        kind="csa_hca",
        kv_heads=_number(head, "attention.head_count_kv", _MAX_WIDTH, 1),
        key_dim=_number(head, "attention.key_length", _MAX_WIDTH),
        rope_dim=_number(head, "rope.dimension_count", _MAX_WIDTH, 0),
        indexer_dim=_number(head, "attention.indexer.key_length", _MAX_WIDTH),
        csa_layers=values[:layers].count(4),
        hca_layers=values[:layers].count(128),
        window=_number(head, "attention.sliding_window", _MAX_WIDTH),
    )


def _experts(head: Header) -> Experts | None:
    count = _number(head, "expert_count", _MAX_WIDTH, 0)
    used = _number(head, "expert_used_count", _MAX_WIDTH, 0)
    if not count or not used:
        return None
    if used > count:
        raise _NonsenseError(f"{used} of {count} experts")
    return Experts(
        count=count,
        used=used,
        shared=_number(head, "expert_shared_count", _MAX_WIDTH, 0),
        ffn=_number(head, "expert_feed_forward_length", _MAX_WIDTH, 0)
        or _number(head, "feed_forward_length", _MAX_WIDTH, 0),
        dense_layers=_number(head, "leading_dense_block_count", _MAX_LAYERS, 0),
    )


# --- values -------------------------------------------------------------------------------------


def _own_keys(head: Header) -> set[str]:
    start = head.architecture + "."
    return {key.removeprefix(start) for key in head.pairs if key.startswith(start)}


def _number(head: Header, key: str, most: int, default: int | None = None) -> int:
    """A whole number of the architecture's (or a general one's, as `split.count`); of an array
    with a value for each layer the largest. Without it the default, or it is no model."""
    whole = key if key.startswith("split.") else f"{head.architecture}.{key}"
    value = head.pairs.get(whole)
    if isinstance(value, Items):
        value = max(value.values, default=None) if value.values else None
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise _NonsenseError(f"{key}: {value!s:.40}")
    return value


def _alike(head: Header, key: str, layers: int, default: int) -> int:
    """As `_number`, but 0 where the layers differ."""
    value = head.pairs.get(f"{head.architecture}.{key}")
    if isinstance(value, Items) and (value.values is None or len(set(value.values[:layers])) != 1):
        return 0
    return _number(head, key, _MAX_WIDTH, default)


def _text(head: Header, key: str) -> str:
    value = head.pairs.get(key)
    return value.strip() if isinstance(value, str) else ""
