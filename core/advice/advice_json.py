"""The advice in the shape the command line promises: plain types, ready for any JSON encoder.

What is not known is null. Money is a number beside its currency.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from core.domain import (
    Advice,
    BreakEven,
    CardFacts,
    Claim,
    Cost,
    CostCurve,
    CostInputs,
    CostLine,
    Fit,
    FitPart,
    Money,
    Note,
    PriceNote,
    Recommendation,
    Source,
    Speed,
    Upgrade,
)


def advice_json(advice: Advice) -> dict[str, Any]:
    """`recommend --json`."""
    return {
        "tree": {"verdict": advice.tree.verdict, "path": list(advice.tree.path)},
        "recommendations": [recommendation_json(found) for found in advice.recommendations],
        "assumptions": dict(advice.assumptions),
        "inputs": None if advice.inputs is None else _inputs(advice.inputs),
        "curves": [_curve(curve) for curve in advice.curves],
        "break_even": [_break_even(found) for found in advice.break_even],
        "passed_over": [
            {"model": passed.model.id, "note": _note(passed.note)} for passed in advice.passed_over
        ],
        "upgrades": [_upgrade(upgrade) for upgrade in advice.upgrades],
        "claims": [_claim(claim) for claim in advice.claims],
        "checks": [
            {"id": check.id, "state": check.state, "note": _note(check.note)}
            for check in advice.checks
        ],
        "checklist": _notes(advice.checklist),
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
        "fit": fit_json(found.fit),
        "speed": speed_json(found.speed),
        "cost": _cost(found.cost),
        "first_answer_minutes": _pair(found.first_answer_minutes),
        "privacy": found.privacy,
        "reasons": _notes(found.reasons),
        "why_not": _notes(found.why_not),
        "not_first": _notes(found.not_first),
        "offer": found.offer or None,
        "distilled": found.model.distilled if found.model else None,
    }


def fit_json(fit: Fit | None) -> dict[str, Any] | None:
    """How a model lies in memory; `parts` has one entry for each device that holds some of it."""
    if fit is None:
        return None
    return {
        "verdict": fit.verdict.value,
        "needed_bytes": fit.needed_bytes,
        "available_bytes": fit.available_bytes,
        "parts": [_part(part) for part in fit.parts],
    }


def speed_json(speed: Speed | None) -> dict[str, Any] | None:
    """How fast it answers. Seconds and tokens a second are ranges, low and high."""
    if speed is None:
        return None
    return {
        "tokens_per_s": list(speed.tokens_per_s),
        "basis": speed.basis,
        "first_token_s": _pair(speed.first_token_s),
        "answer_s": _pair(speed.answer_s),
    }


def _part(part: FitPart) -> dict[str, Any]:
    return {
        "device": part.device.name,
        "accelerator": part.device.accelerator.value,
        "layers": part.layers,
        "weights_bytes": part.weights_bytes,
        "expert_bytes": part.expert_bytes,
        "repacked_bytes": part.repacked_bytes,
        "kv_bytes": part.kv_bytes,
        "compute_bytes": part.compute_bytes,
        "overhead_bytes": part.overhead_bytes,
        "needed_bytes": part.needed_bytes,
        "available_bytes": part.available_bytes,
    }


# --- money ------------------------------------------------------------------------------------


def _cost(cost: Cost) -> dict[str, Any]:
    return {
        "monthly": _pair(cost.monthly),
        "total": _pair(cost.total),
        "currency": cost.currency,
        "once": _pair(cost.once),
        "lines": [_line(line, cost) for line in cost.lines],
        "prices": [_price(note) for note in cost.prices],
    }


def _line(line: CostLine, cost: Cost) -> dict[str, Any]:
    return {
        "code": line.code,
        "monthly": _pair(line.monthly),
        "once": _pair(line.once),
        "currency": line.currency or cost.currency,
        "counted": line.counted,
    }


def _price(note: PriceNote) -> dict[str, Any]:
    return {
        "name": note.name or None,
        "unit": note.unit,
        **_money(note.price.money),
        "source": note.price.source.text or None,
        "date": note.price.source.date,
        "stale": note.stale,
        "own": note.own,
    }


def _money(money: Money) -> dict[str, Any]:
    return {"amount": float(money.amount), "currency": money.currency}


def _inputs(inputs: CostInputs) -> dict[str, Any]:
    return {
        "hours_per_day": inputs.hours_per_day,
        "questions_per_hour": inputs.questions_per_hour,
        "input_tokens": inputs.input_tokens,
        "output_tokens": inputs.output_tokens,
        "cached_share": inputs.cached_share,
        "off_peak_share": inputs.off_peak_share,
        "stay_share": inputs.stay_share,
        "busy_share": _pair(inputs.busy_share),
        "idle_minutes": inputs.idle_minutes,
        "sittings_per_day": inputs.sittings_per_day,
        "kwh_price": None if inputs.kwh_price is None else _money(inputs.kwh_price),
        "hardware_price": None if inputs.hardware_price is None else _money(inputs.hardware_price),
        "count_hardware": inputs.count_hardware,
        "lifetime_months": inputs.lifetime_months,
        "resale_share": inputs.resale_share,
    }


def _curve(curve: CostCurve) -> dict[str, Any]:
    months = curve.by_month
    return {
        "kind": curve.kind,
        "currency": curve.currency,
        "by_month": None if months is None else [_pair(month) for month in months],
    }


def _break_even(found: BreakEven) -> dict[str, Any]:
    month = None if found.month is None else list(found.month)
    return {"kind": found.kind, "month": month, "note": _note(found.note)}


# --- beside the cards -------------------------------------------------------------------------


def _upgrade(upgrade: Upgrade) -> dict[str, Any]:
    return {
        "model": upgrade.model.id,
        "quant": upgrade.quant.name,
        "card": None if upgrade.card is None else _card(upgrade.card),
        "note": _note(upgrade.note),
    }


def _card(card: CardFacts) -> dict[str, Any]:
    price = None
    if card.price is not None:
        price = {
            **_money(card.price),
            "kind": card.price_kind or None,
            "date": card.price_date,
            "source": card.source.text,
        }
    return {"name": card.name, "memory_bytes": card.vram_bytes, "price": price}


def _claim(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "verdict": claim.verdict,
        "article": _note(claim.article),
        "ours": _note(claim.ours),
        "source": _source(claim.source),
    }


def _source(source: Source) -> dict[str, Any]:
    return {"text": source.text, "date": source.date}


def _pair(values: Sequence[Decimal | float] | None) -> list[float] | None:
    return None if values is None else [float(value) for value in values]


def _notes(notes: Iterable[Note]) -> list[dict[str, Any]]:
    return [_note(note) for note in notes]


def _note(note: Note) -> dict[str, Any]:
    return {"code": note.code, "params": dict(note.params)} if note.params else {"code": note.code}
