"""What a conversation leaves in memory: the key-value cache, attention by attention.

Read in the source of llama.cpp, build b11434 (llama-kv-cache*.cpp), and equal to what its own
llama-fit-params reports. One sequence has the whole context: several of them (`-np`) divide it
between them and never multiply it, but for V4's windows and states, which each of them has.
"""

from __future__ import annotations

from core.domain import Attention

CONTEXT_STEP = 256  # llama.cpp pads the context to this, and the caches of V4 as well
UBATCH = 512  # llama-server's default

# Bytes per element of a cache, by the names that `-ctk` takes.
BYTES_PER_ELEMENT = {
    "f32": 4.0,
    "f16": 2.0,
    "bf16": 2.0,
    "q8_0": 1.0625,
    "q5_1": 0.75,
    "q5_0": 0.6875,
    "q4_1": 0.625,
    "q4_0": 0.5625,
    "iq4_nl": 0.5625,
}

_F32 = 4  # the compressors of V4 keep their state in full precision, whatever the cache is
_CSA_OVERLAP = 2  # and those of its CSA layers look at two blocks at once, twice as wide


def padded(context: int, parallel: int = 1) -> int:
    """Tokens that one of `parallel` conversations really gets of this context."""
    share = context // parallel
    return -(-share // CONTEXT_STEP) * CONTEXT_STEP


def cache_bytes(
    attention: Attention, layers: int, cells: int, per_element: float, *, full_heads: bool
) -> int | None:
    """Bytes for one conversation of `cells` tokens; None for an attention that is not known."""
    if attention.kind == "csa_hca":
        return _compressed(attention, layers, cells, per_element)
    elements = elements_per_token(attention, full_heads=full_heads)
    return None if elements is None else int(layers * cells * elements * per_element)


def elements_per_token(attention: Attention, *, full_heads: bool) -> int | None:
    """Elements of one token in one layer, for every attention that grows with each token."""
    heads = attention.kv_heads * (attention.key_dim + attention.value_dim)
    one = attention.kv_lora_rank + attention.rope_dim
    known_kinds = {
        "gqa": heads,
        # One compressed vector stands for keys and values, unless the file is from before mid-2025.
        "mla": heads if full_heads else one,
        "dsa": one + attention.indexer_dim,  # a key of the indexer beside it
    }
    elements = known_kinds.get(attention.kind, 0)
    return elements if elements > 0 else None


def _compressed(attention: Attention, layers: int, cells: int, per_element: float) -> int | None:
    """V4: every layer keeps a window, and then one entry for 4 (CSA) or 128 (HCA) tokens."""
    width, indexer = attention.key_dim, attention.indexer_dim
    csa, hca = attention.csa_layers, attention.hca_layers
    if min(csa, hca, indexer, attention.window) < 0 or not 0 < csa + hca <= layers:
        return None
    if min(width, attention.csa_ratio, attention.hca_ratio) <= 0:
        return None
    window = _step(min(cells, attention.window + UBATCH))
    elements = (
        layers * window * width
        + csa * _step(-(-cells // attention.csa_ratio)) * (width + indexer)
        + hca * _step(-(-cells // attention.hca_ratio)) * width
    )
    # What the compressors gather until an entry is full: values and scores.
    of_csa = csa * _CSA_OVERLAP * attention.csa_ratio * _CSA_OVERLAP * (width + indexer)
    of_hca = hca * attention.hca_ratio * width
    return int(elements * per_element) + 2 * _F32 * (of_csa + of_hca)


def _step(cells: int) -> int:
    return -(-cells // CONTEXT_STEP) * CONTEXT_STEP
