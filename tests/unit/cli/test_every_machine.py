"""Every machine and every kind of answers, as a person reads the advice: whole and not too wide."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from core.advice.advice_json import advice_json
from core.advice.offers import parse_offers
from core.advice.profile import build_profile
from core.advice.recommend import recommend
from core.cli.advice_lines import Lines
from core.cli.all_lines import all_lines
from core.cli.columns import MOST, width
from core.domain import Advice, Answers, Money, Purpose, Sensitivity
from core.edges.travel_files import decode_probe
from core.text import LANGUAGES, Text
from tests.unit.advice.parts import MACHINES, ROOT, catalog

TODAY = "2026-11-25"
BARE = re.compile(r"\[\w+(\.\w+)+\]|[{}]")  # a code without its sentence, a place without its value
OFFERS = parse_offers((ROOT / "assets/catalog/offers.toml").read_bytes(), TODAY)
FILES = sorted(MACHINES.glob("*.json"))
SAID = {
    "public and rich": Answers(
        sensitivity=Sensitivity.PUBLIC,
        budget=Money(amount=Decimal(10**9), currency="CNY"),
        horizon_months=120,
        country="CN",
        hours_per_day=24,
    ),
    "public and poor": Answers(
        sensitivity=Sensitivity.PUBLIC,
        budget=Money(amount=Decimal(0), currency="EUR"),
        horizon_months=1,
        country="DE",
        purpose=Purpose.IMAGES,
    ),
    "private": Answers(
        sensitivity=Sensitivity.PRIVATE,
        budget=Money(amount=Decimal(500), currency="XTS"),
        horizon_months=13,
        country="ZZ",
        hours_per_day=0,
    ),
    "regulated": Answers(
        sensitivity=Sensitivity.REGULATED,
        budget=Money(amount=Decimal(900), currency="USD"),
        horizon_months=36,
        purpose=Purpose.CODE,
    ),
}


@cache
def decided(machine: str, said: str) -> Advice:
    probe = decode_probe((MACHINES / machine).read_bytes())
    return recommend(build_profile(probe, SAID[said]), catalog(), OFFERS)


@pytest.mark.parametrize("said", SAID)
@pytest.mark.parametrize("machine", FILES, ids=lambda path: path.stem)
def test_the_advice_in_both_languages(machine: Path, said: str) -> None:
    advice = decided(machine.name, said)
    json.dumps(advice_json(advice), allow_nan=False)
    for language in LANGUAGES:
        lines = Lines(say=Text(language), answers=SAID[said], everything=True)
        for line in [*lines.advice(advice), *all_lines(advice, lines, TODAY)]:
            assert width(line) <= MOST, line
            assert not BARE.search(line), line
