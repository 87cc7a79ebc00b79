"""The questions as data, the article's tree, and what electricity costs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.advice.cost import electricity, over_budget, tariff_for, unknown_cost
from core.advice.questions import (
    BUDGET,
    HORIZON,
    QUESTIONS,
    SENSITIVITY,
    budget_for,
    country_for,
    currency_for,
)
from core.advice.tree import article_tree
from core.domain import Money, Sensitivity
from core.text import LANGUAGES, Text
from tests.unit.advice.parts import answers, catalog


def _card(name):
    return next(card for card in catalog().cards if card.name == name)


def _usd(amount):
    return Money(amount=Decimal(amount), currency="USD")


def test_three_questions_with_words_in_both_languages():
    assert [question.id for question in QUESTIONS] == ["sensitivity", "budget", "horizon"]
    for language in LANGUAGES:
        text = Text(language)
        for question in QUESTIONS:
            assert text.has(f"question.{question.id}.title")
            assert text.has(f"question.{question.id}.hint")
            for choice in question.choices:
                for part in ("title", "caption"):
                    assert text.has(f"question.{question.id}.{choice.id}.{part}")


def test_each_choice_is_an_answer():
    assert {choice.sensitivity for choice in SENSITIVITY.choices} == set(Sensitivity)
    assert [choice.monthly for choice in BUDGET.choices] == [0, 50, 200, None]
    assert [choice.months for choice in HORIZON.choices] == [1, 6, 24]


def test_a_monthly_amount_becomes_the_budget_of_the_whole_time():
    assert budget_for(Decimal("19.9"), "CNY", 6) == Money(amount=Decimal("119.4"), currency="CNY")


@pytest.mark.parametrize(
    ("country", "currency"),
    [("CN", "CNY"), ("cn", "CNY"), ("DE", "EUR"), ("GB", "GBP"), ("US", "USD"), ("BR", "USD")],
)
def test_currency_by_country(country, currency):
    assert currency_for(country) == currency


def test_the_country_follows_the_language():
    assert [country_for(language) for language in ("zh_CN", "en")] == ["CN", "US"]


@pytest.mark.parametrize(
    ("said", "verdict", "path"),
    [
        ({"sensitivity": Sensitivity.REGULATED}, "local", ("sensitive:yes",)),
        ({"sensitivity": Sensitivity.PRIVATE}, "local", ("sensitive:yes",)),
        ({"budget": _usd(499)}, "cloud", ("sensitive:no", "budget_under_500:yes")),
        (
            {"budget": _usd(500), "horizon_months": 24},
            "local",
            ("sensitive:no", "budget_under_500:no", "over_a_year:yes"),
        ),
        (
            {"budget": _usd(500), "horizon_months": 12},
            "hybrid",
            ("sensitive:no", "budget_under_500:no", "over_a_year:no"),
        ),
        (
            {"budget": Money(amount=Decimal(3000), currency="CNY")},
            "cloud",
            ("sensitive:no", "budget_under_500:yes"),
        ),
        (
            {"budget": Money(amount=Decimal(4000), currency="CNY")},
            "hybrid",
            ("sensitive:no", "budget_under_500:no", "over_a_year:no"),
        ),
        (
            {"budget": Money(amount=Decimal(10**6), currency="XYZ")},
            "cloud",
            ("sensitive:no", "budget_under_500:yes"),
        ),
    ],
)
def test_the_tree_of_the_article(said, verdict, path):
    tree = article_tree(answers(**said))
    assert (tree.verdict, tree.path) == (verdict, path)
    for language in LANGUAGES:
        assert Text(language).has(f"tree.verdict.{tree.verdict}")
        assert all(Text(language).has("tree." + step.replace(":", ".")) for step in tree.path)


def test_electricity_is_power_times_hours_times_tariff():
    """RTX 4090, 2 hours a day in the US: at most 0.6525 kW x 60.8 h x 0.162."""
    cost = electricity(answers(country="US", horizon_months=6), _card("GeForce RTX 4090"))
    assert cost.currency == "USD"
    assert cost.monthly == (Decimal("1.61"), Decimal("6.43"))
    assert cost.total == (Decimal("9.66"), Decimal("38.58"))


def test_a_member_of_the_eu_gets_the_mean_and_every_tariff_its_source():
    assert tariff_for("FR") == tariff_for("EU")
    assert tariff_for("DE") != tariff_for("FR")
    for code in ("US", "DE", "EU"):
        assert tariff_for(code).source.text
        assert tariff_for(code).source.date


@pytest.mark.parametrize("country", ["CN", "BR", ""])
def test_without_a_tariff_the_cost_is_unknown_not_nothing(country):
    said = answers(country=country)
    cost = electricity(said, _card("GeForce RTX 4090"))
    assert cost == unknown_cost(said)
    assert cost.monthly is None


def test_without_a_card_the_cost_is_unknown():
    assert electricity(answers(), None).monthly is None


def test_over_budget_only_where_it_can_be_compared():
    card = _card("GeForce RTX 4090")
    poor = answers(budget=_usd(5))
    assert over_budget(electricity(poor, card), poor)
    only_electricity = answers(budget=_usd(0))
    assert not over_budget(electricity(only_electricity, card), only_electricity)
    rich = answers(budget=_usd(500))
    assert not over_budget(electricity(rich, card), rich)
    other = answers(budget=Money(amount=Decimal(0), currency="EUR"))
    assert not over_budget(electricity(other, card), other)
    assert not over_budget(unknown_cost(poor), poor)
