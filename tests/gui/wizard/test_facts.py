"""What is said about each recorded computer, without a window."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest

from core.advice.profile import build_profile
from core.advice.recommend import recommend
from core.assembly import Assembly
from core.domain import Answers, Catalog, Money, Sensitivity
from core.edges.places import read_places
from core.text import LANGUAGES, Text
from gui import language
from gui.wizard.capacity import Capacity, capacity
from gui.wizard.facts import Fact, facts
from gui.wizard.plan_words import tree_line
from tests.gui.wizard.world import MACHINES, machine

Told = tuple[Capacity, dict[str, Fact]]
NAMES = sorted(path.stem for path in MACHINES.glob("*.json"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Assembly(read_places({})).catalog


@pytest.fixture
def told(catalog: Catalog) -> Callable[[str], Told]:
    def of(name: str) -> Told:
        probe = machine(name)
        can = capacity(probe, catalog)
        return can, facts(probe, Text("en"), can.gpu)

    return of


@pytest.mark.parametrize("words", LANGUAGES)
@pytest.mark.parametrize("name", NAMES)
def test_every_computer_is_told_in_whole_sentences(catalog: Catalog, name: str, words: str) -> None:
    text, probe = Text(words), machine(name)
    can = capacity(probe, catalog)
    found = facts(probe, text, can.gpu)
    said = [part for fact in found.values() for part in (fact.value, fact.more, fact.chip)]
    said += [text(f"page.computer.{can.verdict}"), text(f"page.computer.{can.verdict}.lead")]
    assert all(said)
    assert [part for part in said if re.match(r"\[[a-z_]+\.", part)] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_card_is_praised_only_where_it_does_the_work(
    told: Callable[[str], Told], name: str
) -> None:
    can, found = told(name)
    praised = found["gpu"].tone == "success"
    assert not praised or can.gpu is not None
    assert (can.verdict == "good") <= (can.gpu is not None)
    assert not (can.gpu and "processor does the work" in found["gpu"].more)


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("rtx3070-driver-broken", "unused_card", "Restart the computer to finish."),
        ("rtx2080-old-driver", "unused_card", "driver is too old"),
        ("docker-not-running", "unused_card", "once Docker is ready"),
        ("wsl-no-toolkit", "unused_card", "Container Toolkit"),
        ("dgx-spark-128gb", "good", "works in the computer’s own memory"),
        ("apple-m2-16gb", "good", "works in the computer’s own memory"),
        ("laptop-16gb-integrated", "processor", "No memory of its own"),
        ("everything-hangs", "unknown", "did not answer within three seconds"),
        ("full-disk", "full_disk", "decides which models fit"),
    ],
)
def test_why_a_card_does_not_work_is_said(
    told: Callable[[str], Told], name: str, verdict: str, words: str
) -> None:
    can, found = told(name)
    assert can.verdict == verdict
    assert words in found["gpu"].more


def test_why_docker_cannot_be_used_is_said(told: Callable[[str], Told]) -> None:
    assert told("docker-denied")[1]["engine"].value == "You may not use Docker yet"
    assert told("docker-not-running")[1]["engine"].value == "Docker is not running"


@pytest.mark.parametrize("words", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "sensitivity", "months", "beside"),
    [
        ("rtx4070-12gb", Sensitivity.PRIVATE, 24, "local.local"),
        ("rtx4070-12gb", Sensitivity.PUBLIC, 6, "cloud.local"),
    ],
)
def test_the_rule_of_thumb_is_named_and_compared(
    catalog: Catalog, words: str, name: str, sensitivity: Sensitivity, months: int, beside: str
) -> None:
    language.switch(words)
    budget = Money(amount=Decimal(20), currency="USD")
    answers = Answers(sensitivity=sensitivity, budget=budget, horizon_months=months)
    advice = recommend(
        build_profile(machine(name), answers), catalog, Assembly(read_places({})).offers
    )
    line = tree_line(advice)
    first = advice.recommendations[0].model
    assert first is not None
    assert line.endswith(Text(words)(f"beside.{beside}", model=first.name))
    assert "2025" in line
    assert "article" not in line
    assert "文章" not in line
