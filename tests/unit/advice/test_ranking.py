"""Which way comes first, rule by rule."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.advice.cost import unknown_cost
from core.advice.ranking import is_slow, merit, not_first, strength
from core.domain import Cost, CostLine, Kind, Money, Note, Purpose, Recommendation, Speed
from core.text import LANGUAGES, Text
from tests.unit.advice.parts import answers, catalog, model, offers, profile
from tests.unit.advice.whole_advice import way

SMALL = model("deepseek-r1-distill-qwen-1.5b")
SEVEN = model("deepseek-r1-distill-qwen-7b")
FOURTEEN = model("deepseek-r1-distill-qwen-14b")
SEEN = profile()
LATER = (Note(code="why_not.not_in_this_version"),)


def speed(low: float) -> Speed:
    return Speed(tokens_per_s=(low, low * 1.5), basis="estimate", answer_s=(2000 / low, 3340 / low))


def cost(total: str | None, currency: str = "USD") -> Cost:
    if total is None:
        return unknown_cost(answers())
    monthly, amount = Decimal(total) / 6, Decimal(total)  # for the six months of the answers
    line = CostLine(code="tokens", monthly=(monthly, monthly), currency=currency)
    both = (amount, amount)
    return Cost(monthly=line.monthly, total=both, currency=currency, lines=(line,))


def here(**changes: Any) -> Recommendation:
    """A plan on this computer."""
    facts: dict[str, Any] = {
        "model": SEVEN,
        "speed": speed(30),
        "cost": cost("10"),
        "privacy": "stays_here",
        "not_first": (),
        "offer": "",
    }
    return way(**{**facts, **changes})


def elsewhere(kind: Kind = Kind.TOKENS, **changes: Any) -> Recommendation:
    privacy = {Kind.TOKENS: "third_party", Kind.HYBRID: "mixed"}.get(kind, "own_account")
    facts: dict[str, Any] = {
        "kind": kind,
        "model": None if kind is Kind.TOKENS else SEVEN,
        "speed": None if kind is Kind.TOKENS else speed(30),
        "privacy": privacy,
        "why_not": LATER,
        "provider": "deepseek",
    }
    return here(**{**facts, **changes})


def key(found: Recommendation, **said: Any) -> Any:
    seen = replace(SEEN, answers=answers(**said))
    return merit(found, seen, catalog(), offers()).key


def why(found: Recommendation, first: Recommendation, **said: Any) -> str:
    seen = replace(SEEN, answers=answers(**said))
    (note,) = not_first(found, first, seen, catalog(), offers())
    for language in LANGUAGES:
        assert "?" not in Text(language).note(note).replace("？", "")
    return note.code


@pytest.mark.parametrize(
    ("first", "second", "code"),
    [
        (here(), elsewhere(), "not_first.leaves"),
        (here(), here(model=FOURTEEN, why_not=LATER), "not_first.not_yet"),
        (here(), here(model=FOURTEEN, speed=speed(5)), "not_first.slow"),
        (here(model=FOURTEEN), here(), "not_first.weaker"),
        (here(), here(model=replace(SEVEN, params_total=10**10)), "not_first.larger"),
        # Where nothing is pleasant, the one that answers sooner.
        (here(speed=speed(6)), here(model=FOURTEEN, speed=speed(3)), "not_first.slower"),
        (elsewhere(), elsewhere(cost=cost("999")), "not_first.over_budget"),
        (elsewhere(), elsewhere(cost=cost("20")), "not_first.dearer"),
        (elsewhere(), elsewhere(cost=cost(None)), "not_first.no_price"),
        (elsewhere(Kind.HYBRID), elsewhere(Kind.TOKENS), "not_first.leaves"),
    ],
)
def test_each_rule_and_the_word_for_it(
    first: Recommendation, second: Recommendation, code: str
) -> None:
    assert key(first) < key(second)
    assert why(second, first) == code


def test_the_model_for_the_purpose_first_among_equals() -> None:
    coder = replace(SEVEN, id="deepseek-coder-seven", scores=SEVEN.scores)
    plain, special = here(), here(model=coder)
    assert key(plain, purpose=Purpose.CHAT) < key(special, purpose=Purpose.CHAT)
    assert key(special, purpose=Purpose.CODE) < key(plain, purpose=Purpose.CODE)
    assert why(special, plain, purpose=Purpose.CHAT) == "not_first.off_purpose"


def test_electricity_decides_nothing_between_models() -> None:
    assert key(here(model=FOURTEEN, cost=cost("900"))) < key(here(cost=cost("1")))
    poor = Money(amount=Decimal(0), currency="USD")
    assert key(here(cost=cost("900")), budget=poor) < key(elsewhere(), budget=poor)


def test_a_price_in_another_currency_is_compared_by_the_rate() -> None:
    """At about 7 yuan for a dollar 100 USD are more than 500 CNY."""
    dollars, yuan = elsewhere(cost=cost("100")), elsewhere(cost=cost("500", "CNY"))
    assert key(yuan) < key(dollars)
    assert why(dollars, yuan) == "not_first.dearer"


def test_what_cannot_be_compared_is_neither_over_nor_within_the_budget() -> None:
    odd = elsewhere(cost=cost("9999999", "XTS"))
    assert not merit(odd, SEEN, catalog(), offers()).over_budget
    assert key(elsewhere()) < key(odd)


def test_a_provider_answers_with_a_full_model() -> None:
    assert strength(elsewhere(), catalog(), SEEN) > strength(here(model=FOURTEEN), catalog(), SEEN)
    assert strength(elsewhere(Kind.HYBRID), catalog(), SEEN) == strength(
        elsewhere(), catalog(), SEEN
    )
    assert strength(here(model=SMALL), catalog(), SEEN) > 0
    trial = next(found for found in catalog().models if found.starter)
    assert strength(here(model=trial), catalog(), SEEN) == 0


def test_a_providers_speed_is_not_held_against_it() -> None:
    assert not is_slow(elsewhere())
    assert is_slow(here(speed=speed(7.9)))
    assert not is_slow(here(speed=speed(8)))


def test_equal_ways_have_an_order_that_does_not_depend_on_where_they_stood() -> None:
    one, two = here(provider="a"), here(provider="b")
    assert key(one) < key(two)
    assert why(two, one) == "not_first.same"
