"""The advice in the shape the command line promises: plain types, ready for any JSON encoder."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from core.domain import Advice, Cost, Fit, Note, Recommendation, Speed


def advice_json(advice: Advice) -> dict[str, Any]:
    """`recommend --json`. What is not known is null."""
    return {
        "tree": {"verdict": advice.tree.verdict, "path": list(advice.tree.path)},
        "recommendations": [recommendation_json(found) for found in advice.recommendations],
        "assumptions": dict(advice.assumptions),
    }


def recommendation_json(found: Recommendation) -> dict[str, Any]:
    """One ranked way."""
    return {
        "rank": found.rank,
        "kind": found.kind.value,
        "model": found.model.id if found.model else None,
        "quant": found.quant.name if found.quant else None,
        "engine": found.engine.value if found.engine else None,
        "accelerator": found.accelerator.value if found.accelerator else None,
        "device": found.device_name or None,
        "image": found.image,
        "provider": found.provider or None,
        "context": found.context or None,
        "fit": _fit(found.fit),
        "speed": _speed(found.speed),
        "cost": _cost(found.cost),
        "first_answer_minutes": _pair(found.first_answer_minutes),
        "privacy": found.privacy,
        "reasons": _notes(found.reasons),
        "why_not": _notes(found.why_not),
    }


def _fit(fit: Fit | None) -> dict[str, Any] | None:
    if fit is None:
        return None
    return {
        "verdict": fit.verdict.value,
        "needed_bytes": fit.needed_bytes,
        "available_bytes": fit.available_bytes,
    }


def _speed(speed: Speed | None) -> dict[str, Any] | None:
    if speed is None:
        return None
    return {"tokens_per_s": list(speed.tokens_per_s), "basis": speed.basis}


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "monthly": _pair(cost.monthly),
        "total": _pair(cost.total),
        "currency": cost.currency,
    }


def _pair(values: Sequence[Decimal | float] | None) -> list[float] | None:
    return None if values is None else [float(value) for value in values]


def _notes(notes: Sequence[Note]) -> list[dict[str, Any]]:
    return [
        {"code": note.code, "params": dict(note.params)} if note.params else {"code": note.code}
        for note in notes
    ]
