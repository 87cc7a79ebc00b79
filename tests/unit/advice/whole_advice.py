"""One advice by hand in which nothing is left out, and one in which everything is unknown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from core.domain import (
    Accelerator,
    Advice,
    BreakEven,
    CardFacts,
    Check,
    Claim,
    Cost,
    CostCurve,
    CostInputs,
    CostLine,
    Device,
    EngineKind,
    Fit,
    FitPart,
    Kind,
    Money,
    Note,
    PassedOver,
    Price,
    PriceNote,
    Recommendation,
    Source,
    Speed,
    Tree,
    Upgrade,
    Verdict,
)
from tests.contract.launches import STARTER, STARTER_QUANT
from tests.unit.advice import parts

TODAY = "2026-11-25"
MODEL = STARTER


def span(low: str, high: str) -> tuple[Decimal, Decimal]:
    return Decimal(low), Decimal(high)


def part(gib: int = 8, **changes: Any) -> FitPart:
    gpu = parts.gpu()
    facts: dict[str, Any] = {
        "device": Device(
            name=gpu.name, accelerator=Accelerator.CUDA13, free_bytes=24 * parts.GIB, gpu=gpu
        ),
        "layers": 24,
        "weights_bytes": gib * parts.GIB,
        "expert_bytes": parts.GIB,
        "repacked_bytes": 0,
        "kv_bytes": parts.GIB,
        "compute_bytes": 300 * parts.MIB,
        "overhead_bytes": 450 * parts.MIB,
        "available_bytes": 23 * parts.GIB,
    }
    return FitPart(**{**facts, **changes})


def fit(*held: FitPart) -> Fit:
    held = held or (part(),)
    return Fit(
        verdict=Verdict.COMFORTABLE,
        needed_bytes=sum(one.needed_bytes for one in held),
        available_bytes=sum(one.available_bytes for one in held),
        parts=held,
    )


SPEED = Speed(
    tokens_per_s=(21.6, 33.7), basis="estimate", first_token_s=(0.31, 0.72), answer_s=(102, 156)
)
KWH = PriceNote(
    name="DE",
    unit="kwh",
    price=Price(
        money=Money(amount=Decimal("0.384"), currency="EUR"),
        source=Source(text="A statistic of prices", date="2026-11-15"),
    ),
    stale=False,
)
OLD = PriceNote(
    name="a-model",
    unit="million_output",
    price=Price(
        money=Money(amount=Decimal("1.1"), currency="USD"),
        source=Source(text="A list of prices", date="2026-01-10"),
    ),
    stale=True,
)
OWN = PriceNote(
    name="GeForce RTX 4090",
    unit="card",
    price=Price(
        money=Money(amount=Decimal(1500), currency="USD"), source=Source(text="", date=TODAY)
    ),
    stale=False,
    own=True,
)
COST = Cost(
    monthly=span("1.25", "5.00"),
    total=span("315.00", "660.00"),
    currency="EUR",
    once=span("300", "600"),
    lines=(
        CostLine(code="electricity", monthly=span("1.25", "5.00"), currency="EUR"),
        CostLine(code="hardware", monthly=span("0", "0"), once=span("600", "600"), currency="EUR"),
        CostLine(code="resale", monthly=span("0", "0"), once=span("-300", "-150"), currency="EUR"),
        CostLine(code="storage", monthly=None, counted=False),
    ),
    prices=(KWH, OWN),
)
UNKNOWN = Cost(
    monthly=None,
    total=None,
    once=None,
    currency="USD",
    lines=(CostLine(code="endpoint", monthly=None),),
)


def way(**changes: Any) -> Recommendation:
    facts: dict[str, Any] = {
        "rank": 1,
        "kind": Kind.LOCAL,
        "model": MODEL,
        "quant": STARTER_QUANT,
        "engine": EngineKind.LLAMA_CPP,
        "accelerator": Accelerator.CUDA13,
        "device_name": "NVIDIA GeForce RTX 4090",
        "image": "an/image:tag",
        "provider": "local",
        "context": 8192,
        "fit": fit(),
        "speed": SPEED,
        "cost": COST,
        "first_answer_minutes": (12.0, 63.0),
        "privacy": "stays_here",
        "reasons": (Note(code="reason.stays_here"), Note(code="limit.tight")),
        "why_not": (),
    }
    return Recommendation(**{**facts, **changes})


def nothing(**changes: Any) -> Recommendation:
    """A way of which nothing is known."""
    facts: dict[str, Any] = {
        "rank": 2,
        "kind": Kind.TOKENS,
        "model": None,
        "quant": None,
        "engine": None,
        "accelerator": None,
        "device_name": "",
        "image": None,
        "provider": "deepseek",
        "context": 0,
        "fit": None,
        "speed": None,
        "cost": UNKNOWN,
        "first_answer_minutes": None,
        "privacy": "third_party",
        "reasons": (),
        "why_not": (Note(code="why_not.not_in_this_version"),),
        "not_first": (Note(code="limit.over_budget"),),
        "offer": "deepseek-chat",
    }
    return way(**{**facts, **changes})


def advice() -> Advice:
    card = CardFacts(
        name="GeForce RTX 3090",
        aliases=(),
        vram_bytes=24 * parts.GIB,
        memory_bandwidth_gbs=936,
        tdp_w=350,
        source=Source(text="the maker's page"),
        price=Money(amount=Decimal(1499), currency="USD"),
        price_kind="list",
        price_date="2020",
    )
    years = tuple(span(str(300 + month), str(600 + 5 * month)) for month in range(61))
    return Advice(
        tree=Tree(verdict="cloud", path=("sensitive:no", "budget_under_500:yes")),
        recommendations=(way(), nothing()),
        assumptions=(("hours_per_day", 2.0), ("card_margin_bytes", 1_070_000_000)),
        inputs=CostInputs(
            hours_per_day=2.0, kwh_price=Money(amount=Decimal("0.31"), currency="EUR")
        ),
        curves=(
            CostCurve(kind="local", currency="EUR", by_month=years),
            CostCurve(kind="tokens", currency="USD", by_month=None),
        ),
        break_even=(
            BreakEven(
                kind="tokens",
                month=(5, None),
                note=Note(
                    code="break_even.from",
                    params=(("hours_per_day", 2.0), ("years", 5), ("first", 5)),
                ),
            ),
            BreakEven(kind="cloud", month=None, note=Note(code="break_even.unknown")),
        ),
        passed_over=(PassedOver(model=MODEL, note=Note(code="limit.no_images")),),
        upgrades=(
            Upgrade(note=Note(code="limit.tight"), model=MODEL, quant=STARTER_QUANT, card=card),
            Upgrade(note=Note(code="limit.tight"), model=MODEL, quant=STARTER_QUANT),
        ),
        claims=(
            Claim(
                id="saves",
                article=Note(code="limit.slow"),
                ours=Note(code="limit.maybe_slow"),
                verdict="differs",
                source=Source(text="A source", date="2025-02"),
            ),
        ),
        checks=(Check(id="lock_in", state="watch", note=Note(code="limit.offline")),),
        checklist=(Note(code="limit.disk_unknown"),),
    )
