"""Make it so: the plan, what a provider is given, and what it made of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.catalog import Accelerator, EngineKind, Model, Quant


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
