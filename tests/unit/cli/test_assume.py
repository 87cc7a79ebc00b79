"""One's own figures on the command line: read as they are meant, or refused with an example."""

from __future__ import annotations

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.assume import READERS, assume, kebab
from core.domain import CostInputs, Money
from core.errors import AppError

GIVEN = CostInputs(hours_per_day=2.0)


def refused(wish: str) -> AppError:
    with pytest.raises(AppError) as caught:
        assume(GIVEN, [wish])
    assert caught.value.field == "assume"
    assert caught.value.remedy == "name_an_assumption"
    return caught.value


def test_every_figure_of_a_cost_can_be_said() -> None:
    assert set(READERS) == {field.name for field in fields(CostInputs)}


@pytest.mark.parametrize("name", READERS)
def test_the_example_in_an_error_works(name: str) -> None:
    _, example = READERS[name]
    assume(GIVEN, [f"{kebab(name)}={example.strip(chr(34))}"])


@pytest.mark.parametrize(
    ("wish", "name", "value"),
    [
        ("hours-per-day=6", "hours_per_day", 6.0),
        ("hours-per-day = 0.5 ", "hours_per_day", 0.5),
        ("input-tokens=4000", "input_tokens", 4000),
        ("busy-share=0.25-1", "busy_share", (0.25, 1.0)),
        ("busy-share=0.2..0.4", "busy_share", (0.2, 0.4)),
        ("busy-share=0.5", "busy_share", (0.5, 0.5)),
        ("count-hardware=yes", "count_hardware", True),
        ("count-hardware=NO", "count_hardware", False),
        ("kwh-price=0.31 EUR", "kwh_price", Money(amount=Decimal("0.31"), currency="EUR")),
        ("kwh-price=eur 0.31", "kwh_price", Money(amount=Decimal("0.31"), currency="EUR")),
        ("kwh-price=0.31EUR", "kwh_price", Money(amount=Decimal("0.31"), currency="EUR")),
        ("hardware-price=0 USD", "hardware_price", Money(amount=Decimal(0), currency="USD")),
    ],
)
def test_it_is_read_as_it_is_meant(wish: str, name: str, value: object) -> None:
    found = assume(GIVEN, [wish])
    assert getattr(found, name) == value
    assert {f.name for f in fields(found) if getattr(found, f.name) != getattr(GIVEN, f.name)} <= {
        name
    }


def test_the_last_of_two_holds_and_none_changes_nothing() -> None:
    assert assume(GIVEN, ["hours-per-day=3", "hours-per-day=4"]).hours_per_day == 4
    assert assume(GIVEN, []) == GIVEN


@pytest.mark.parametrize(
    "wish", ["", "=", "foo=1", "hours_per_day=2x=3", "Hours-Per-Day=2", "__class__=1"]
)
def test_what_is_no_assumption_names_those_there_are(wish: str) -> None:
    with pytest.raises(AppError) as caught:
        assume(GIVEN, [wish])
    if caught.value.code == "assumption_unknown":
        assert "hours-per-day" in str(caught.value.params["known"])
    else:
        assert caught.value.code == "assumption_unreadable"


@pytest.mark.parametrize(
    "wish",
    [
        "hours-per-day",
        "hours-per-day=",
        "hours-per-day=two",
        "input-tokens=1.5",
        "input-tokens=" + "9" * 5000,
        "kwh-price=0.31",
        "kwh-price=EUR",
        "kwh-price=0,31 EUR",
        "kwh-price=EUR 0.31 USD",
        "kwh-price=0.31 EURO",
        "count-hardware=perhaps",
        "busy-share=0.1-0.2-0.3",
    ],
)
def test_what_cannot_be_read_shows_how_it_is_written(wish: str) -> None:
    error = refused(wish)
    assert error.code == "assumption_unreadable"
    assert str(error.params["example"]).startswith(str(error.params["key"]) + "=")


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ("hours-per-day=25", "hours-per-day"),
        ("hours-per-day=-1", "hours-per-day"),
        ("hours-per-day=nan", "hours-per-day"),
        ("hours-per-day=inf", "hours-per-day"),
        ("stay-share=1.1", "stay-share"),
        ("busy-share=0.9..0.1", "busy-share"),
        ("kwh-price=-0.1 EUR", "kwh-price"),
        ("kwh-price=1e99 EUR", "kwh-price"),
        ("kwh-price=USD nan", "kwh-price"),
        ("lifetime-months=0", "lifetime-months"),
    ],
)
def test_what_no_person_can_mean_names_its_range(wish: str, field: str) -> None:
    error = refused(wish)
    assert (error.code, error.params["field"]) == ("cost_inputs_invalid", field)
    assert error.params["low"] < error.params["high"]  # type: ignore[operator]


@given(st.sampled_from(sorted(map(kebab, READERS))), st.text(max_size=30))
def test_any_nonsense_is_an_error_of_ours(key: str, value: str) -> None:
    try:
        found = assume(GIVEN, [f"{key}={value}"])
    except AppError as error:
        assert error.code in {"assumption_unreadable", "cost_inputs_invalid"}  # noqa: PT017
    else:
        assert isinstance(found, CostInputs)
