"""The advice for people: the numbers are there, nothing is too wide, nothing lacks its sentence."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from core.cli.advice_lines import Lines
from core.cli.all_lines import all_lines
from core.cli.columns import MOST, width
from core.domain import CostCurve, CostLine, Device, EngineKind, Kind, Verdict
from core.text import LANGUAGES, Text
from tests.unit.advice import parts
from tests.unit.advice.whole_advice import OLD, TODAY, advice, fit, nothing, part, span, way


def lines_in(language: str = "en", *, everything: bool = False) -> Lines:
    return Lines(
        say=Text(language), answers=parts.answers(horizon_months=12), everything=everything
    )


def shown(language: str = "en", *, everything: bool = False) -> list[str]:
    lines = lines_in(language, everything=everything)
    return [*lines.advice(advice()), *all_lines(advice(), lines, TODAY)]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("everything", [False, True])
def test_nothing_is_too_wide_and_every_code_has_its_sentence(
    language: str, everything: bool
) -> None:
    for line in shown(language, everything=everything):
        assert width(line) <= MOST, line
        assert not set("[]{}") & set(line), line
        assert line == line.rstrip()


def test_a_card_has_its_numbers() -> None:
    text = "\n".join(lines_in().card(way()))
    for words in (
        "needs 10.5 GB, 24.7 GB available",
        "21.6–33.7 word pieces (tokens) a second, predicted",
        "first word after 0.3–0.7 s",
        "takes 1.7–2.6 min",
        "€1.25 – €5.00 a month",
        "315–660 EUR in 12 months",
        "of it 300–600 EUR at the start",
        "Stays here",
        "llama.cpp in a container",
    ):
        assert words in text, words


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_values_line_up(language: str) -> None:
    say, card = Text(language), lines_in(language).card(way())
    values = {
        "privacy": say("privacy.stays_here"),
        "set_up": say("cli.card.set_up.within", time=""),
    }
    begins = set()
    for name, value in values.items():
        label = say(f"cli.card.{name}")
        line = next(line for line in card if line.startswith(f"   {label} "))
        begins.add(width(line[: line.index(value[:2])]))
    assert len(begins) == 1
    assert begins.pop() > 3 + max(width(say(f"cli.card.{name}")) for name in values)


def test_several_devices_are_told_one_by_one_and_equal_ones_together() -> None:
    memory = Device(
        name="A processor", accelerator=parts.profile().devices[-1].accelerator,
        free_bytes=64 * parts.GIB, gpu=None,
    )  # fmt: skip
    held = fit(part(8), part(8), part(4, layers=0, device=memory))
    found = list(lines_in().memory(replace(held, verdict=Verdict.SPILLS)))
    assert found[0] == "Does not fit on the card alone"
    assert found[1].startswith("2 × NVIDIA GeForce RTX 4090, each · needs 10.5 GB")
    assert found[2].startswith("A processor · needs ")
    assert "layers" not in found[2]
    assert len(found) == 3


def test_all_says_what_takes_the_memory_and_the_money() -> None:
    text = " ".join(" ".join(lines_in(everything=True).card(way())).split())
    for words in (
        "model 7.52 GB · its experts 1.07 GB · memory of the chat 1.07 GB",
        "Electricity: €1.25 – €5.00 a month",
        "Hardware to buy: 600 EUR",
        "What selling it would bring in the end: 150–300 EUR",
        "Not known and left out",
    ):
        assert words in text, words


def test_what_is_not_known_is_said() -> None:
    text = "\n".join(lines_in().card(nothing()))
    assert "not known: we cannot tell “The rented machine”" in text
    assert "Pay per token: deepseek-chat" in text
    assert "a month" not in text
    bare = replace(nothing().cost, lines=())
    assert list(lines_in().cost(bare)) == ["not known"]


def test_a_price_of_hardware_that_is_not_known_is_not_left_out() -> None:
    known = way().cost
    line = CostLine(code="hardware_here", monthly=None)
    cost = replace(known, total=None, once=None, lines=(*known.lines, line))
    said = list(lines_in().cost(cost))
    assert len(said) == 2
    assert "a month" in said[0]
    assert "not known" in said[1]


def test_a_table_does_not_go_on_after_the_curves_end() -> None:
    lines = replace(lines_in(), answers=parts.answers(horizon_months=96))
    table = "\n".join(all_lines(advice(), lines, TODAY))
    assert "60 months" in table
    assert "96 months" not in table


def test_why_another_one_is_first_and_why_it_cannot_be_set_up() -> None:
    card = lines_in().card(nothing())
    say = Text("en")
    assert card[-2:] == [
        f"   - {say('limit.over_budget')}",
        f"   - {say('why_not.not_in_this_version')}",
    ]


@pytest.mark.parametrize(
    ("first", "word"),
    [(Kind.CLOUD, "We agree"), (Kind.TOKENS, "We agree"), (Kind.LOCAL, "We differ")],
)
def test_the_tree_beside_ours(first: Kind, word: str) -> None:
    """The article's "cloud on demand" is a rented card or a provider's model."""
    distill = parts.model("deepseek-r1-distill-qwen-7b")
    told = replace(advice(), recommendations=(way(kind=first, model=distill, why_not=()),))
    assert any(word in line for line in lines_in().beside(told))


def test_a_price_has_its_age_and_an_old_one_says_so() -> None:
    old = replace(nothing(), cost=replace(nothing().cost, prices=(OLD,)))
    told = replace(advice(), recommendations=(way(), old))
    text = "\n".join(all_lines(told, lines_in(), TODAY))
    assert "A statistic of prices, 2026-11-15, 10 days old\n" in text
    assert "A list of prices, 2026-01-10, 10 months old · May be out of date" in text
    assert "Your own figure" in text
    assert text.count("0.384 EUR") == 1


def test_a_table_that_would_be_too_wide_shows_fewer_months() -> None:
    dear = tuple((Decimal(10**11 * month), Decimal(10**12 * month)) for month in range(61))
    curve = CostCurve(kind="cloud", currency="USD", by_month=dear)
    found = all_lines(replace(advice(), curves=(curve,)), lines_in(), TODAY)
    assert all(width(line) <= MOST for line in found)
    assert any("60 months" in line for line in found)


def test_paid_over_time_is_in_whole_units_and_unknown_is_a_question_mark() -> None:
    found = all_lines(advice(), lines_in(), TODAY)
    here, tokens = (
        next(x for x in found if x.strip().startswith(k)) for k in ("On this", "Pay per")
    )
    paid = ["300–600", "312–660", "336–780", "360–900"]
    assert here.split() == ["On", "this", "computer", "(EUR)", *paid]
    assert tokens.split()[-4:] == ["?"] * 4


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.31, 0.72, "0.3–0.7 s"),
        (41, 65, "41–65 s"),
        (102, 156, "1.7–2.6 min"),
        (6, 720, "6 s – 12 min"),
        (2160, 10800, "0.6–3 h"),
        (0, 0, "0.1 s"),
    ],
)
def test_time_as_people_say_it(low: float, high: float, said: str) -> None:
    assert lines_in().time(low, high) == said


def test_vllm_is_named_though_it_cannot_be_set_up() -> None:
    assert "vLLM in a container" in "\n".join(lines_in().card(way(engine=EngineKind.VLLM)))


def test_amounts_from_a_hundred_on_have_no_cents() -> None:
    lines = lines_in()
    assert lines.amounts(span("30.00", "120.40"), "USD") == "30–120 USD"
    assert lines.amounts(span("1.50", "1.50"), "USD") == "$1.50"
