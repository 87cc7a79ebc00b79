"""Every record that travels along the main path, in the order of the path.

All of them are frozen, so change means `dataclasses.replace`. Units stand in the names. A fact
about the computer is the value itself, or says why there is none (`Missing`, `Unreadable`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


# --- look -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Missing:
    """The thing is not there, and the code says which kind of not (`not_installed`, …)."""

    code: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The thing may be there, but could not be read (`timeout`, `no_permission`, …)."""

    code: str


def known(fact: T | Missing | Unreadable) -> T | None:
    """The value of a fact, or None where there is none to work with."""
    return None if isinstance(fact, Missing | Unreadable) else fact


class GpuKind(StrEnum):
    DISCRETE = "discrete"
    INTEGRATED = "integrated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cpu:
    name: str | Missing | Unreadable
    physical_cores: int | Missing | Unreadable
    memory_bandwidth_gbs: float | None = None  # GB/s (10^9 bytes); None: not known


@dataclass(frozen=True, slots=True, kw_only=True)
class Gpu:
    vendor: str  # nvidia | amd | intel | apple | unknown
    name: str
    kind: GpuKind
    vram_bytes: int | Missing | Unreadable
    vram_free_bytes: int | Missing | Unreadable
    driver: str | Missing | Unreadable
    compute_capability: str | Missing | Unreadable  # NVIDIA "8.9", AMD "gfx1100"
    unified_memory: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    path: str
    free_bytes: int | Missing | Unreadable
    holds: tuple[str, ...]  # "models", "engine" (where the container engine keeps images)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerEngine:
    kind: str  # docker | podman
    version: str | Missing | Unreadable
    rootless: bool
    gpu_runtime: str | None  # "nvidia", "cdi", or None
    problem: str | None  # why it cannot be used: an error code, or None


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    hub: str  # "ok" or a code
    registry: str  # "ok" or a code
    proxy: str | None  # without user and password


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    os: str  # linux | windows | macos
    os_version: str
    arch: str  # x86_64 | arm64
    wsl: bool
    cpu: Cpu
    ram_bytes: int | Missing | Unreadable
    ram_free_bytes: int | Missing | Unreadable
    gpus: tuple[Gpu, ...] | Missing | Unreadable  # discrete before integrated
    disks: tuple[Disk, ...]
    engine: ContainerEngine | Missing | Unreadable
    network: Network


# --- decide -----------------------------------------------------------------------------------


class Sensitivity(StrEnum):
    PUBLIC = "public"
    PRIVATE = "private"
    REGULATED = "regulated"


class Purpose(StrEnum):
    CHAT = "chat"
    WRITING = "writing"
    CODE = "code"
    REASONING = "reasoning"
    IMAGES = "images"


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    amount: Decimal
    currency: str  # ISO 4217


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """The three questions, then what has a shown default. The budget is for the whole horizon."""

    sensitivity: Sensitivity
    budget: Money
    horizon_months: int
    purpose: Purpose = Purpose.CHAT
    hours_per_day: float = 2.0
    country: str = "US"


class Accelerator(StrEnum):
    """What computes, and with it which flavour of the engine is needed."""

    CPU = "cpu"
    CUDA = "cuda"
    CUDA13 = "cuda13"
    ROCM = "rocm"
    VULKAN = "vulkan"
    INTEL = "intel"
    METAL = "metal"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One place that can hold weights: a card, or the processor with the computer's memory."""

    name: str
    accelerator: Accelerator
    free_bytes: int  # what may be used now, our margin not yet taken off
    gpu: Gpu | None  # None: the processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What can really be used: free memory, not total."""

    probe: Probe
    answers: Answers
    devices: tuple[Device, ...]  # best first; the processor is always the last
    ram_free_bytes: int
    disk_free_bytes: int | None  # on the volume that holds the models
    containers: bool
    containers_why_not: str | None  # error code
    online: bool  # the hub answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a figure comes from. `date` is ISO 8601, or None where the source gives none."""

    text: str
    date: str | None = None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """Recommended sampling values; None leaves that value to the engine's default."""

    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    system_prompt_allowed: bool = True


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
    kv_bytes_per_token_f16: int | None  # bytes, all layers
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


@dataclass(frozen=True, slots=True, kw_only=True)
class CardFacts:
    """What the catalogue knows of one graphics card or chip."""

    name: str
    aliases: tuple[str, ...]
    vram_bytes: int | None
    memory_bandwidth_gbs: float | None
    tdp_w: float | None
    source: Source
    efficiency: float | None = None  # share of the bandwidth a model gets; None: as most cards


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineImage:
    accelerator: Accelerator
    reference: str  # ghcr.io/ggml-org/llama.cpp:server
    size_bytes: int | None
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    models: tuple[Model, ...]
    cards: tuple[CardFacts, ...]
    images: tuple[EngineImage, ...]
    made_on: str  # ISO date


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A sentence by its code: a reason, a why-not, an assumption."""

    code: str
    params: tuple[tuple[str, str | int | float], ...] = ()


class Kind(StrEnum):
    LOCAL = "local"
    HYBRID = "hybrid"
    TOKENS = "tokens"
    CLOUD = "cloud"


class Verdict(StrEnum):
    COMFORTABLE = "comfortable"
    TIGHT = "tight"
    SPILLS = "spills"
    NO = "no"


class EngineKind(StrEnum):
    LLAMA_CPP = "llama.cpp"  # in a container
    BUILTIN = "builtin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    verdict: Verdict
    needed_bytes: int
    available_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    tokens_per_s: tuple[float, float]  # low, high
    basis: str  # estimate | measured


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    monthly: tuple[Decimal, Decimal] | None  # None: not known, and shown so
    total: tuple[Decimal, Decimal] | None
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    rank: int
    kind: Kind
    model: Model | None  # None for kinds that are not worked out in this version
    quant: Quant | None
    engine: EngineKind | None
    accelerator: Accelerator | None
    device_name: str
    image: str | None
    provider: str  # local | aws | tencent | alibaba | …
    context: int
    fit: Fit | None
    speed: Speed | None
    cost: Cost
    first_answer_minutes: tuple[float, float] | None
    privacy: str  # stays_here | own_account | third_party | mixed
    reasons: tuple[Note, ...]
    why_not: tuple[Note, ...]

    @property
    def can_set_up(self) -> bool:
        """Whether this version can carry it out: a local plan with a model that fits."""
        return self.kind is Kind.LOCAL and self.model is not None and not self.why_not


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """What the article's decision tree says, shown beside our own ranking."""

    verdict: str  # local | hybrid | cloud
    path: tuple[str, ...]  # ("sensitive:yes",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    tree: Tree
    recommendations: tuple[Recommendation, ...]
    assumptions: tuple[tuple[str, str | int | float], ...]


# --- make it so -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do. What it does is looked up by `id` in setup/deploy."""

    id: str
    weight: float  # share of the whole time, any unit
    total_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the person may settle on the plan page, all with defaults."""

    context: int | None = None  # None: what the recommendation says
    model_folder: str | None = None
    local_file: str | None = None  # use this GGUF file instead of a download
    engine: EngineKind | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that will be done. Nothing is asked after this."""

    id: str  # equal plans have equal ids, so that running one twice finds its first run
    model: Model
    quant: Quant
    engine: EngineKind
    accelerator: Accelerator
    image: str | None
    context: int
    threads: int | None
    repack: bool  # False: keep one copy of the weights in memory on a processor
    model_folder: str
    local_file: str | None
    download_bytes: int
    memory_bytes: int  # expected need; also the container's memory limit is made from it
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """What a provider needs to find its thing again. Opaque to everybody else."""

    provider: str
    ref: str
    deployment_id: str


class EndpointState(StrEnum):
    STOPPED = "stopped"
    STARTING = "starting"
    LOADING = "loading"
    RUNNING = "running"
    FAILED = "failed"
    GONE = "gone"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """What a provider sees when it looks once. `note` is a text code for FAILED and UNKNOWN."""

    state: EndpointState
    url: str | None = None  # http://127.0.0.1:PORT, only while something may answer there
    note: str | None = None
    note_params: tuple[tuple[str, str | int | float], ...] = ()
    detail: str = ""  # last line of the engine's log, free of secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Launch:
    """What a provider is given to start an engine. The key is a file, never a value."""

    deployment_id: str
    install_id: str
    plan: Plan
    model_path: str
    template_path: str | None
    key_path: str
    run_folder: str  # a folder of this deployment alone, for ready files and logs


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What was measured on the first answer."""

    first_token_s: float
    tokens_per_s: float
    answer: str
    on_gpu: bool | None  # None: could not be told


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A model that answers. `key_path` is where the key stands; the value is read at the edge."""

    handle: Handle
    url: str
    key_path: str
    model: Model
    quant_name: str
    engine: EngineKind
    context: int
    where: str = "this_computer"
    proof: Proof | None = None


# --- use --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    role: str  # system | user | assistant
    content: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDelta:
    text: str = ""
    reasoning: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatDone:
    """The end of one answer. Speeds are the engine's own timings, else measured here."""

    finish_reason: str  # stop | length | stopped_by_you
    prompt_tokens: int
    completion_tokens: int
    first_token_s: float
    tokens_per_s: float | None
    model: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What an undo or a removal took away, and what it left and why."""

    removed: tuple[Note, ...] = field(default=())
    kept: tuple[Note, ...] = field(default=())
    freed_bytes: int = 0
