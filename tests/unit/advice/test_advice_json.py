"""The advice for programs: the promised shape, plain values, null for what is not known."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

from core.advice.advice_json import advice_json, recommendation_json
from core.domain import Advice, CostInputs, Fit, FitPart, Recommendation, Speed, Tree
from tests.unit.advice.whole_advice import advice, fit, nothing, part, way

# The promise of the first version; what came later only adds to it.
CARD = {
    "rank", "kind", "model", "quant", "engine", "image", "provider", "context", "fit", "speed",
    "cost", "first_answer_minutes", "privacy", "reasons", "why_not",
}  # fmt: skip


def written(found: Advice) -> dict[str, Any]:
    """As a program gets it: nothing that JSON cannot say gets through."""
    data: dict[str, Any] = json.loads(json.dumps(advice_json(found), allow_nan=False))
    return data


def test_the_promised_keys_are_there() -> None:
    data = written(advice())
    assert {"tree", "recommendations", "assumptions"} <= set(data)
    for card in data["recommendations"]:
        assert set(card) >= CARD
        assert {"monthly", "total", "currency"} <= set(card["cost"])
    first = data["recommendations"][0]
    assert {"verdict", "needed_bytes", "available_bytes"} <= set(first["fit"])
    assert {"tokens_per_s", "basis"} <= set(first["speed"])
    assert data["tree"] == {"verdict": "cloud", "path": ["sensitive:no", "budget_under_500:yes"]}
    assert data["assumptions"] == {"hours_per_day": 2.0, "card_margin_bytes": 1_070_000_000}


def test_nothing_of_a_record_is_left_out() -> None:
    """A field that is added to a record shows here until it is written too."""
    data = written(advice())
    first = data["recommendations"][0]
    names = {"device_name": "device"}
    for kind, there in (
        (Advice, data),
        (Recommendation, first),
        (Fit, first["fit"]),
        (FitPart, first["fit"]["parts"][0]),
        (Speed, first["speed"]),
        (CostInputs, data["inputs"]),
        (Tree, data["tree"]),
    ):
        wanted = {names.get(field.name, field.name) for field in fields(kind)}
        assert wanted <= set(there), kind


def test_each_device_tells_what_takes_its_memory() -> None:
    found = recommendation_json(way(fit=fit(part(8), part(4, layers=12))))
    one, other = found["fit"]["parts"]
    assert (one["device"], one["accelerator"]) == ("NVIDIA GeForce RTX 4090", "cuda13")
    assert (one["layers"], other["layers"]) == (24, 12)
    names = ("weights_bytes", "repacked_bytes", "kv_bytes", "compute_bytes", "overhead_bytes")
    assert one["needed_bytes"] == sum(one[name] for name in names)
    assert one["needed_bytes"] < one["available_bytes"]


def test_money_is_numbers_beside_a_currency_and_a_price_has_its_age() -> None:
    cost = written(advice())["recommendations"][0]["cost"]
    assert (cost["monthly"], cost["total"], cost["once"]) == ([1.25, 5], [315, 660], [300, 600])
    assert [line["code"] for line in cost["lines"]] == [
        "electricity", "hardware", "resale", "storage",
    ]  # fmt: skip
    assert cost["lines"][2]["once"] == [-300, -150]
    storage = cost["lines"][3]
    assert (storage["monthly"], storage["counted"], storage["currency"]) == (None, False, "EUR")
    kwh, own = cost["prices"]
    assert kwh == {
        "name": "DE",
        "unit": "kwh",
        "amount": 0.384,
        "currency": "EUR",
        "source": "A statistic of prices",
        "date": "2026-11-15",
        "stale": False,
        "own": False,
    }
    assert (own["own"], own["source"]) == (True, None)


def test_what_is_not_known_is_null() -> None:
    card = recommendation_json(nothing())
    empty = ("model", "quant", "engine", "accelerator", "device", "image", "context", "fit",
             "speed", "first_answer_minutes", "distilled")  # fmt: skip
    assert [card[name] for name in empty] == [None] * len(empty)
    assert (card["cost"]["monthly"], card["cost"]["total"], card["cost"]["once"]) == (None,) * 3
    assert (card["provider"], card["offer"]) == ("deepseek", "deepseek-chat")
    assert card["not_first"] == [{"code": "limit.over_budget"}]
    unsure = replace(way(), speed=Speed(tokens_per_s=(1.0, 2.0), basis="measured"))
    speed = recommendation_json(unsure)["speed"]
    assert (speed["first_token_s"], speed["answer_s"]) == (None, None)
    assert advice_json(replace(advice(), inputs=None))["inputs"] is None


def test_what_stands_beside_the_cards() -> None:
    data = written(advice())
    assert data["inputs"]["kwh_price"] == {"amount": 0.31, "currency": "EUR"}
    assert data["inputs"]["hardware_price"] is None
    assert data["inputs"]["busy_share"] == [0.25, 1.0]
    here, tokens = data["curves"]
    assert (len(here["by_month"]), here["by_month"][60]) == (61, [360, 900])
    assert (tokens["kind"], tokens["by_month"]) == ("tokens", None)
    first, unknown = data["break_even"]
    assert first["month"] == [5, None]
    assert first["note"]["params"] == {"hours_per_day": 2.0, "years": 5, "first": 5}
    assert (unknown["month"], unknown["note"]) == (None, {"code": "break_even.unknown"})
    assert data["upgrades"][0]["card"]["price"]["kind"] == "list"
    assert data["upgrades"][1]["card"] is None
    assert data["claims"][0]["source"] == {"text": "A source", "date": "2025-02"}
    assert data["checks"] == [
        {"id": "lock_in", "state": "watch", "note": {"code": "limit.offline"}}
    ]
    assert data["checklist"] == [{"code": "limit.disk_unknown"}]
    assert data["passed_over"][0]["note"] == {"code": "limit.no_images"}
