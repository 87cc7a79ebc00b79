"""The questions as data, and the answers they become."""

from __future__ import annotations

from decimal import Decimal

import pytest

from core.advice.questions import (
    BUDGET,
    HORIZON,
    QUESTIONS,
    SENSITIVITY,
    budget_for,
    country_for,
    currency_for,
)
from core.domain import Money, Sensitivity
from core.text import LANGUAGES, Text


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
