"""What was paid month by month, and from when what is owned is cheaper."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.advice.cost import cloud_cost, local_cost, token_cost, unknown_cost
from core.advice.over_time import MONTHS, break_even, curve
from core.domain import Cost
from core.text import LANGUAGES, Text
from tests.unit.advice.money_parts import (
    answers,
    card,
    inputs,
    machine,
    offers,
    price,
    provider,
    usd,
)


def cost(monthly: tuple[int, int], once: tuple[int, int] = (0, 0), currency: str = "USD") -> Cost:
    low, high = (Decimal(end) for end in monthly)
    start = (Decimal(once[0]), Decimal(once[1]))
    return Cost(monthly=(low, high), total=None, currency=currency, once=start)


@pytest.mark.parametrize(("hours_per_month", "months"), [("729.6", 7), ("176", 30)])
def test_the_case_of_the_article(hours_per_month: str, months: int) -> None:
    """15,000 for the hardware against 3 an hour, with 1 kW at 0.17: "pays back in 18 months" is
    one point on a curve, 7 months around the clock and 30 months of office hours."""
    used = inputs(
        hours_per_day=float(Decimal(hours_per_month) / Decimal("30.4")),
        busy_share=(1.0, 1.0),
        sittings_per_day=1.0,
        idle_minutes=0.0,
        kwh_price=usd("0.17"),
        hardware_price=usd(15_000),
    )
    one_kilowatt = card(tdp_w=1000 / 1.45)
    owned = local_cost(answers(), used, offers(), one_kilowatt)
    rented = cloud_cost(answers(), used, offers(), machine(hourly=price(3)), 0)
    found = break_even(owned, "cloud", rented, used, offers())
    assert found.month == (months, months)
    assert found.note.code == "break_even.after"
    mine, theirs = (
        curve(kind, way).by_month for kind, way in (("local", owned), ("cloud", rented))
    )
    assert mine is not None
    assert theirs is not None
    assert mine[months - 1] > theirs[months - 1]
    assert mine[months + 1] < theirs[months + 1]


def test_a_curve_begins_with_what_is_paid_at_the_start() -> None:
    found = curve("local", cost((1, 2), once=(10, 20)), 3)
    assert found.by_month == ((10, 20), (11, 22), (12, 24), (13, 26))
    assert (found.kind, found.currency) == ("local", "USD")
    assert len(curve("local", cost((1, 2))).by_month or ()) == MONTHS + 1


def test_what_is_not_known_has_no_curve() -> None:
    assert curve("cloud", unknown_cost(answers())).by_month is None
    here = local_cost(answers(), inputs(count_hardware=True), offers(), card())
    assert here.monthly is not None
    assert curve("local", here).by_month is None


@pytest.mark.parametrize(
    ("owned", "other", "month", "code"),
    [
        (cost((10, 20), once=(100, 100)), cost((30, 60)), (2, 10), "between"),
        (cost((10, 10), once=(100, 100)), cost((30, 30)), (5, 5), "after"),
        (cost((10, 30), once=(100, 100)), cost((30, 30)), (5, None), "from"),
        (cost((10, 10), once=(100, 100)), cost((11, 30)), (5, None), "from"),  # 100 months
        (cost((1, 2)), cost((3, 4)), (0, 0), "at_once"),
        (cost((10, 10), once=(100, 100)), cost((5, 10)), None, "never"),
        (cost((10, 10), once=(9000, 9000)), cost((20, 20)), None, "never"),
        (cost((5, 5)), cost((5, 5)), None, "never"),
    ],
)
def test_when_what_is_owned_is_cheaper(
    owned: Cost, other: Cost, month: tuple[int, int | None] | None, code: str
) -> None:
    found = break_even(owned, "tokens", other, inputs(), offers())
    assert (found.kind, found.month, found.note.code) == ("tokens", month, f"break_even.{code}")
    for language in LANGUAGES:
        told = Text(language).note(found.note)
        assert "?" not in told
        assert "[" not in told


def test_two_currencies_are_compared_by_the_rate_or_not_at_all() -> None:
    owned = cost((8, 8), once=(80, 80), currency="EUR")
    found = break_even(owned, "tokens", cost((20, 20)), inputs(), offers())  # 16 EUR
    assert found.month == (10, 10)
    found = break_even(owned, "tokens", cost((20, 20)), inputs(), offers(rates=()))
    assert (found.month, found.note.code) == (None, "break_even.no_rate")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_unknown_price_is_said(language: str) -> None:
    nobody_knows = unknown_cost(answers())
    for owned, other in ((cost((1, 2)), nobody_knows), (nobody_knows, cost((1, 2)))):
        found = break_even(owned, "cloud", other, inputs(), offers())
        assert (found.month, found.note.code) == (None, "break_even.unknown")
    assert Text(language).has("break_even.unknown")
    assert Text(language).has("break_even.no_rate")


def test_electricity_alone_is_no_bargain_against_a_provider() -> None:
    """A 14B here against a far stronger model: with hardware to buy it never pays."""
    used = inputs(hardware_price=usd(1500))
    owned = local_cost(answers(), used, offers(), card())
    paid = token_cost(answers(), used, offers(), provider())
    assert break_even(owned, "tokens", paid, used, offers()).note.code == "break_even.never"


def _spans(top: int) -> st.SearchStrategy[tuple[int, int]]:
    return st.tuples(st.integers(0, top), st.integers(0, top)).map(
        lambda ends: (min(ends), max(ends))
    )


@given(_spans(5000), _spans(300), _spans(300))
def test_a_break_even_agrees_with_the_curves(
    once: tuple[int, int], mine: tuple[int, int], theirs: tuple[int, int]
) -> None:
    owned, other = cost(mine, once), cost(theirs)
    found = break_even(owned, "cloud", other, inputs(), offers())
    paid, rented = curve("local", owned).by_month, curve("cloud", other).by_month
    assert paid is not None
    assert rented is not None
    if found.month is None:
        assert paid[MONTHS][0] >= rented[MONTHS][1] or mine[0] >= theirs[1]
        return
    earliest, latest = found.month
    assert all(paid[n][0] > rented[n][1] for n in range(max(earliest - 1, 0)))
    assert all(paid[n][0] < rented[n][1] for n in range(earliest + 1, MONTHS + 1))
    if latest is None:
        assert paid[MONTHS][1] >= rented[MONTHS][0] or mine[1] >= theirs[0]
    else:
        assert latest >= earliest
        assert all(paid[n][1] < rented[n][0] for n in range(latest + 1, MONTHS + 1))


@given(_spans(5000), _spans(300), _spans(300), st.integers(1, 1000))
def test_dearer_hardware_never_pays_earlier(
    once: tuple[int, int], mine: tuple[int, int], theirs: tuple[int, int], more: int
) -> None:
    dearer = (once[0] + more, once[1] + more)
    found, later = (
        break_even(cost(mine, start), "cloud", cost(theirs), inputs(), offers()).month
        for start in (once, dearer)
    )
    never = (MONTHS + 1, None)
    assert (found or never)[0] <= (later or never)[0]
