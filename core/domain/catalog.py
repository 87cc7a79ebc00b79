"""What is known beforehand: models, their files, cards, engine images. Each with its source."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    amount: Decimal
    currency: str  # ISO 4217


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a figure comes from. `date` is ISO 8601, or None where the source gives none."""

    text: str
    date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence by its code: a reason, a why-not, an assumption."""

    code: str
    params: tuple[tuple[str, str | int | float], ...] = ()


class Accelerator(StrEnum):
    """What computes, and with it which flavour of the engine is needed."""

    CPU = "cpu"
    CUDA = "cuda"
    CUDA13 = "cuda13"
    ROCM = "rocm"
    VULKAN = "vulkan"
    INTEL = "intel"
    METAL = "metal"


class EngineKind(StrEnum):
    LLAMA_CPP = "llama.cpp"  # in a container
    BUILTIN = "builtin"
    VLLM = "vllm"  # in a container; advised, but not set up by this version


@dataclass(frozen=True, slots=True, kw_only=True)
class Quant:
    """One file of one model in one quantization."""

    name: str  # Q4_K_M
    file: str  # a plain file name from our catalogue, never from a server
    repo: str
    revision: str
    size_bytes: int
    size_exact: bool  # False: the size is an estimate
    sha256: str | None
    sha256_source: str | None
    token_embd_bytes: int
    expert_bytes: int = 0  # of it, the experts a router picks from
    parts: int = 1  # files it comes in
    full_heads: bool = False  # made before llama.cpp split the MLA heads: a far larger cache
    unloaded_bytes: int = 0  # of it, the head of the file and layers the engine leaves out


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightSet:
    """A folder of weights for vLLM, which reads no GGUF."""

    repo: str
    format: str  # FP8, INT4 W4A16, FP4+FP8
    bits: float | None  # per weight; None: mixed
    memory_bytes: int | None  # graphics memory it asks for, by its maker; None: work it out
    least_capability: float | None  # NVIDIA compute capability
    least_engine: str | None  # vLLM version
    verified: bool  # False: named as published ones are, not seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Recommended sampling values; None leaves that value to the engine's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    system_prompt_allowed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """What one token leaves in the cache, layer by layer. Numbers of elements, not bytes.

    `gqa` also covers plain multi-head attention. `mla` keeps one compressed vector per layer,
    `dsa` (V3.2) that and an indexer's. `csa_hca` (V4) keeps one entry for several tokens.
    """

    kind: str  # gqa | mla | dsa | csa_hca
    kv_heads: int = 0
    key_dim: int = 0
    value_dim: int = 0
    kv_lora_rank: int = 0
    rope_dim: int = 0
    indexer_dim: int = 0
    csa_layers: int = 0  # one entry for `csa_ratio` tokens, with the indexer's
    csa_ratio: int = 4
    hca_layers: int = 0  # one entry for `hca_ratio` tokens
    hca_ratio: int = 128
    window: int = 0  # tokens that every layer keeps in full


@dataclass(frozen=True, slots=True, kw_only=True)
class Experts:
    """A model with experts reads only `used` of `count` for a token."""

    count: int
    used: int
    shared: int
    ffn: int  # width of one expert
    dense_layers: int  # the first layers have none


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    id: str
    name: str
    params_total: int
    params_active: int
    layers: int
    hidden: int
    ffn: int | None
    vocab: int | None
    max_context: int
    licence: str
    release_date: str | None
    distilled: bool
    starter: bool
    legacy: bool
    thinking: str  # always | hybrid | none
    sampling: Sampling
    chat_template: str | None  # file name in assets/templates, None: the one in the file
    quants: tuple[Quant, ...]
    scores: tuple[tuple[str, float], ...]
    source: Source
    arch: str = ""  # GGUF architecture
    heads: int | None = None
    attention: Attention | None = None  # None: not known
    experts: Experts | None = None
    vision: bool = False
    tools: bool = False  # reliably
    superseded_by: str | None = None  # id of the model that took its place
    llama_cpp: bool = True  # the engine of this version reads its architecture
    weight_sets: tuple[WeightSet, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What the catalogue knows of one graphics card or chip."""

    name: str
    aliases: tuple[str, ...]
    vram_bytes: int | None
    memory_bandwidth_gbs: float | None
    tdp_w: float | None
    source: Source
    vendor: str = ""
    kind: str = "discrete"  # discrete | datacentre | unified | cpu
    compute_capability: str | None = None
    year: int | None = None
    price: Money | None = None  # None: not known
    price_kind: str = ""  # street | list
    price_date: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CardSpeed:
    """Published runs on one card, beside what the formula for its kind says: 1.1 is a tenth
    faster. Fewer runs count for less; the factors are what is left of them."""

    card: str  # its name among the cards
    processor: bool  # the runs were on its processor, not on its graphics
    dense: float
    dense_runs: int
    experts: float  # the same for models with experts
    experts_runs: int
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineImage:
    accelerator: Accelerator
    reference: str  # ghcr.io/ggml-org/llama.cpp:server
    size_bytes: int | None
    source: Source
    engine: EngineKind = EngineKind.LLAMA_CPP
    least_driver: float | None = None  # NVIDIA driver on Linux
    least_capability: float | None = None  # NVIDIA compute capability


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    models: tuple[Model, ...]
    cards: tuple[CardFacts, ...]
    images: tuple[EngineImage, ...]
    made_on: str  # ISO date
    speeds: tuple[CardSpeed, ...] = ()
