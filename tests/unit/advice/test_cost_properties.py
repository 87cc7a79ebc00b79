"""What must hold for all prices and all ways of using a model."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from core.advice.cost import (
    cloud_cost,
    default_inputs,
    hybrid_cost,
    local_cost,
    over_budget,
    token_cost,
)
from core.advice.cost_inputs import BOUNDS, check_inputs
from core.advice.currency import cost_in
from core.domain import Answers, Cost, CostInputs, Money, Offers, Range
from tests.unit.advice.money_parts import (
    answers,
    card,
    inputs,
    machine,
    offers,
    price,
    provider,
    rate,
)

_LIKELY = {  # the bounds that a test would otherwise spend its time at
    "questions_per_hour": (0.0, 100.0),
    "idle_minutes": (0.0, 120.0),
    "sittings_per_day": (0.1, 20.0),
}
_WHOLE = {"input_tokens", "output_tokens", "lifetime_months"}
_CURRENCIES = st.sampled_from(["USD", "EUR", "CNY", "XYZ"])
_PRICES = st.decimals(0, 10_000, places=4)


def _number(name: str) -> st.SearchStrategy[float]:
    low, high = _LIKELY.get(name, BOUNDS[name])
    if name in _WHOLE:
        return st.integers(int(low), int(high))
    return st.floats(low, high, allow_subnormal=False)


_SHARES = st.floats(0, 1, allow_subnormal=False)
_MONEY = st.builds(
    lambda amount, currency: Money(amount=amount, currency=currency), _PRICES, _CURRENCIES
)
_INPUTS = st.fixed_dictionaries(
    {
        **{
            name: _number(name)
            for name in BOUNDS
            if name not in ("kwh_price", "hardware_price", "busy_share")
        },
        "off_peak_share": st.none() | _SHARES,
        "busy_share": st.tuples(_SHARES, _SHARES).map(lambda ends: (min(ends), max(ends))),
        "kwh_price": st.none() | _MONEY,
        "hardware_price": st.none() | _MONEY,
        "count_hardware": st.booleans(),
    }
).map(lambda values: CostInputs(**values))
_ANSWERS = st.builds(
    lambda months, country, budget: answers(horizon_months=months, country=country, budget=budget),
    st.integers(1, 120),
    st.sampled_from(["US", "DE", "FR", "CN", ""]),
    _MONEY,
)


def _offers(kwh: Decimal, token: Decimal, hourly: Decimal, currency: str) -> Offers:
    """One price for each kind of way; the two abroad in another currency."""
    found = offers()
    tariffs = tuple(
        replace(t, price=price(str(kwh), t.price.money.currency)) for t in found.tariffs
    )
    asked = provider(
        currency=currency, input_price=token, cached_price=token / 2, output_price=token
    )
    rented = machine(hourly=price(str(hourly), currency), grain_minutes=60)
    storage = price(str(token), currency)
    return replace(
        found, tariffs=tariffs, tokens=(asked,), cloud=(rented,), storage_gb_month=storage
    )


_OFFERS = st.builds(_offers, _PRICES, _PRICES, _PRICES, _CURRENCIES)


def _all(said: Answers, made: CostInputs, known: Offers, dollars: int = 1500) -> dict[str, Cost]:
    priced = card(price=Money(amount=Decimal(dollars), currency="USD"))
    local = local_cost(said, made, known, priced)
    tokens = token_cost(said, made, known, known.tokens[0])
    return {
        "local": local,
        "tokens": tokens,
        "cloud": cloud_cost(said, made, known, known.cloud[0], 20_000_000_000),
        "hybrid": hybrid_cost(said, made, known, local, tokens),
    }


def _ends(amounts: Range | None) -> tuple[Decimal, Decimal]:
    return amounts if amounts is not None else (Decimal(0), Decimal(0))


@given(_ANSWERS, _INPUTS, _OFFERS)
def test_sums_are_ordered_in_cents_and_made_of_their_parts(
    said: Answers, made: CostInputs, known: Offers
) -> None:
    check_inputs(made)
    for cost in _all(said, made, known).values():
        for amounts in (cost.monthly, cost.once, cost.total):
            if amounts is None:
                continue
            assert amounts[0] <= amounts[1]
            assert all(isinstance(end, Decimal) for end in amounts)
            assert all(end == end.quantize(Decimal("0.01")) for end in amounts)
        counted = [line for line in cost.lines if line.counted]
        if cost.total is not None:
            assert all(line.monthly is not None for line in counted)
            assert min(_ends(cost.monthly)) >= 0
        currencies = {line.currency for line in counted if line.monthly is not None}
        if len(currencies) == 1:
            assert {cost.currency} == currencies
            parts = [_ends(line.monthly)[0] for line in counted]
            assert cost.monthly is None or cost.monthly[0] == sum(parts)
        elif currencies:
            assert cost.currency == said.budget.currency
            shown = {note.name for note in cost.prices if note.unit == "usd"} | {"USD"}
            assert cost.monthly is None or currencies | {cost.currency} <= shown


@given(
    _ANSWERS,
    _INPUTS,
    st.tuples(_PRICES, _PRICES, _PRICES),
    st.tuples(_PRICES, _PRICES, _PRICES),
    _CURRENCIES,
)
def test_a_dearer_price_never_lowers_a_cost(
    said: Answers,
    made: CostInputs,
    prices: tuple[Decimal, ...],
    more: tuple[Decimal, ...],
    currency: str,
) -> None:
    cheap = _all(said, made, _offers(*prices, currency))
    dearer = [low + high for low, high in zip(prices, more, strict=True)]
    dear = _all(said, made, _offers(*dearer, currency), 2500)
    for kind, cost in cheap.items():
        for name in ("monthly", "once", "total"):
            less, most = getattr(cost, name), getattr(dear[kind], name)
            assert (less is None) == (most is None)
            assert less is None or all(a <= b for a, b in zip(less, most, strict=True)), kind


@given(
    _ANSWERS,
    _INPUTS,
    _OFFERS,
    st.floats(0, 24),
    st.sampled_from(["hours_per_day", "questions_per_hour"]),
)
def test_more_use_never_costs_less(
    said: Answers, made: CostInputs, known: Offers, other: float, name: str
) -> None:
    few, many = sorted((getattr(made, name), other))
    less = _all(said, replace(made, **{name: few}), known)
    most = _all(said, replace(made, **{name: many}), known)
    for kind, cost in less.items():
        assert all(a <= b for a, b in zip(_ends(cost.total), _ends(most[kind].total), strict=True))


@given(_ANSWERS, _INPUTS, _OFFERS)
def test_an_unknown_part_makes_the_whole_unknown(
    said: Answers, made: CostInputs, known: Offers
) -> None:
    local = local_cost(said, made, known, None)
    assert (local.monthly, local.total) == (None, None)
    asked = cloud_cost(said, made, known, machine(hourly=None), 1)
    assert (asked.monthly, asked.total) == (None, None)
    tokens = token_cost(said, made, known, known.tokens[0])
    both = hybrid_cost(said, made, known, local, tokens)
    assert (both.monthly, both.total) == (None, None)
    for cost in (local, asked, both):
        if said.budget.amount > 0 and over_budget(cost, said, known):
            # Then what is known is over it by itself: something to buy, or the tokens.
            assert any(_ends(line.monthly)[0] or line.once for line in cost.lines)


@given(_ANSWERS, _OFFERS, st.decimals("0.01", 1000, places=4))
def test_there_and_back_again_is_the_same_to_the_cent(
    said: Answers, known: Offers, per_usd: Decimal
) -> None:
    known = replace(known, rates=(rate("EUR", str(per_usd)),))
    cost = local_cost(answers(country="US"), default_inputs(said, known), known, card())
    there = cost_in(cost, "EUR", known)
    assert there is not None
    back = cost_in(there, "USD", known)
    assert back is not None
    for first, last in zip(_ends(cost.monthly), _ends(back.monthly), strict=True):
        assert abs(first - last) <= Decimal("0.005") / per_usd + Decimal("0.01")


@settings(max_examples=50)
@given(st.decimals(0, 10**9, places=2), _CURRENCIES)
def test_any_budget_gets_an_answer(amount: Decimal, currency: str) -> None:
    said = answers(budget=Money(amount=amount, currency=currency))
    for cost in _all(said, inputs(), offers()).values():
        assert over_budget(cost, said, offers()) in (True, False, None)
