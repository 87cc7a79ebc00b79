"""Decide: from what was seen and answered to ranked ways, each with reasons."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain.catalog import (
    Accelerator,
    CardFacts,
    EngineKind,
    Model,
    Money,
    Note,
    Quant,
    Source,
)
from core.domain.look import Gpu, Probe
from core.domain.money import BreakEven, Cost, CostCurve, CostInputs


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
class Answers:
    """The three questions, then what has a shown default. The budget is for the whole horizon."""

    sensitivity: Sensitivity
    budget: Money
    horizon_months: int
    purpose: Purpose = Purpose.CHAT
    hours_per_day: float = 2.0
    country: str = "US"


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One place that can hold weights: a card, or the processor with the computer's memory."""

    name: str
    accelerator: Accelerator
    free_bytes: int  # what may be used now, our margin not yet taken off
    gpu: Gpu | None  # None: the processor


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What an answer on this very computer really took."""

    model_id: str
    quant_name: str
    accelerator: Accelerator
    tokens_per_s: float
    first_token_s: float


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
    measured: tuple[Measured, ...] = ()  # newest first


class Kind(StrEnum):
    LOCAL = "local"
    HYBRID = "hybrid"
    TOKENS = "tokens"
    CLOUD = "cloud"


class Verdict(StrEnum):
    COMFORTABLE = "comfortable"
    TIGHT = "tight"
    SPILLS = "spills"  # part of it is in the computer's memory beside the card
    NO = "no"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitPart:
    """What one device holds, in bytes. Nothing is ever added up over devices to decide a fit."""

    device: Device
    layers: int  # whole layers of the model on it
    weights_bytes: int
    expert_bytes: int  # of the weights, the experts
    repacked_bytes: int  # a processor's second copy of the weights
    kv_bytes: int
    compute_bytes: int
    overhead_bytes: int
    available_bytes: int  # what may be used of it, the margin off

    @property
    def needed_bytes(self) -> int:
        return (
            self.weights_bytes
            + self.repacked_bytes
            + self.kv_bytes
            + self.compute_bytes
            + self.overhead_bytes
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How a model lies in memory. The two sums are for showing only."""

    verdict: Verdict
    needed_bytes: int
    available_bytes: int
    parts: tuple[FitPart, ...] = ()  # cards first, the processor last where it holds layers


@dataclass(frozen=True, slots=True, kw_only=True)
class Speed:
    tokens_per_s: tuple[float, float]  # low, high
    basis: str  # estimate | measured
    first_token_s: tuple[float, float] | None = None  # for a typical question
    answer_s: tuple[float, float] | None = None  # a typical answer, with its thoughts


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    rank: int
    kind: Kind
    cost: Cost
    provider: str  # local | aws | tencent | alibaba | …
    privacy: str  # stays_here | own_account | third_party | mixed
    model: Model | None = None  # None where a provider's own model answers, or nothing fits
    quant: Quant | None = None
    engine: EngineKind | None = None
    accelerator: Accelerator | None = None
    device_name: str = ""  # "2 × NVIDIA GeForce RTX 3090" where a model is shared out
    image: str | None = None
    context: int = 0
    fit: Fit | None = None
    speed: Speed | None = None
    first_answer_minutes: tuple[float, float] | None = None
    reasons: tuple[Note, ...] = ()
    why_not: tuple[Note, ...] = ()  # why it cannot be set up
    not_first: tuple[Note, ...] = ()  # why another one comes before it
    offer: str = ""  # what would be rented or asked: an instance's or a provider's model name

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
class PassedOver:
    """A model of the catalogue that is not among the cards, and why."""

    model: Model
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Upgrade:
    """What would have to be bought or changed for the next better model."""

    note: Note
    model: Model
    quant: Quant
    card: CardFacts | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A figure of the article, and what we work out in its place."""

    id: str
    article: Note
    ours: Note
    verdict: str  # same | differs | unknown
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One of the article's warnings, looked at for these answers and this plan."""

    id: str
    state: str  # ok | watch | todo
    note: Note


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    tree: Tree
    recommendations: tuple[Recommendation, ...]
    assumptions: tuple[tuple[str, str | int | float], ...]
    inputs: CostInputs | None = None  # what the costs were worked out from
    curves: tuple[CostCurve, ...] = ()
    break_even: tuple[BreakEven, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()
    upgrades: tuple[Upgrade, ...] = ()
    claims: tuple[Claim, ...] = ()
    checks: tuple[Check, ...] = ()
    checklist: tuple[Note, ...] = ()  # what the law may ask for, as plain to-dos
