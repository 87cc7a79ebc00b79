"""The article's tree, as it stands: three questions in their order."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.advice.tree import article_tree
from core.domain import Money, Sensitivity
from core.text import LANGUAGES, Text
from tests.unit.advice.money_parts import answers, offers, rate, usd


def tree(**said):
    return article_tree(answers(**said), offers())


@pytest.mark.parametrize("sensitivity", [Sensitivity.PRIVATE, Sensitivity.REGULATED])
def test_sensitive_data_end_the_questions_at_once(sensitivity):
    found = tree(sensitivity=sensitivity, budget=usd(0), horizon_months=1)
    assert (found.verdict, found.path) == ("local", ("sensitive:yes",))


@pytest.mark.parametrize(
    ("budget", "months", "verdict", "path"),
    [
        ("0", 24, "cloud", ("sensitive:no", "budget_under_500:yes")),
        ("499.99", 24, "cloud", ("sensitive:no", "budget_under_500:yes")),
        ("500", 12, "hybrid", ("sensitive:no", "budget_under_500:no", "over_a_year:no")),
        ("500", 13, "local", ("sensitive:no", "budget_under_500:no", "over_a_year:yes")),
        ("1e9", 1, "hybrid", ("sensitive:no", "budget_under_500:no", "over_a_year:no")),
    ],
)
def test_then_the_budget_then_the_time(budget, months, verdict, path):
    found = tree(budget=usd(budget), horizon_months=months)
    assert (found.verdict, found.path) == (verdict, path)
    for language in LANGUAGES:
        text = Text(language)
        assert text.has(f"tree.verdict.{found.verdict}")
        assert all(text.has("tree." + step.replace(":", ".")) for step in found.path)


@pytest.mark.parametrize(
    ("amount", "currency", "verdict"),
    [
        ("3499", "CNY", "cloud"),  # at 7 for a dollar the threshold is 3,500
        ("3500", "CNY", "hybrid"),
        ("399", "EUR", "cloud"),  # and 400 at 0.80
        ("400", "EUR", "hybrid"),
        ("1000000", "XYZ", "cloud"),  # no rate: the smaller promise
        ("NaN", "USD", "cloud"),
        ("Infinity", "USD", "cloud"),
        ("-5", "USD", "cloud"),
    ],
)
def test_the_threshold_is_in_dollars_by_the_rate_of_the_offers(amount, currency, verdict):
    assert tree(budget=Money(amount=Decimal(amount), currency=currency)).verdict == verdict


def test_another_rate_moves_the_threshold():
    said = answers(budget=usd(3600, "CNY"))
    assert article_tree(said, offers()).verdict == "hybrid"
    assert article_tree(said, offers(rates=(rate("CNY", "7.3"),))).verdict == "cloud"
