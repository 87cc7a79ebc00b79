"""The prices that ship, and that a slip in them is refused with its place."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest

from core.advice.offers import parse_offers
from core.assembly import Assembly
from core.domain import Offers
from core.edges.clock import now
from core.edges.places import read_places
from core.errors import AppError
from core.text import LANGUAGES, Text
from tests.unit.advice.parts import GIB, ROOT, catalog

FILE = ROOT / "assets" / "catalog" / "offers.toml"
TODAY = "2026-11-25"
# Sold by one provider only, and nowhere described with a bandwidth that could be checked.
UNKNOWN_CARDS = {"GU30", "L20"}


@cache
def offers() -> Offers:
    return parse_offers(FILE.read_bytes(), TODAY)


def _sources():
    found = offers()
    yield from (offer.hourly.source for offer in found.cloud if offer.hourly)
    yield from (offer.source for offer in found.tokens)
    yield from (tariff.price.source for tariff in found.tariffs)
    yield from (rate.source for rate in found.rates)
    yield from (rent.hourly.source for rent in found.rents)


def test_every_price_has_a_source_and_a_day_that_is_past():
    sources = list(_sources())
    assert len(sources) > 70
    for source in sources:
        assert source.text
        assert re.fullmatch(r"20\d\d(-\d\d){0,2}", source.date)
        assert source.date <= TODAY


def test_prices_are_exact_and_in_their_own_currency():
    machine = next(offer for offer in offers().cloud if offer.name == "ml.g6.2xlarge")
    assert machine.hourly.money.amount == Decimal("1.222")
    assert machine.hourly.money.currency == "USD"
    assert machine.memory_bytes == 24 * GIB
    ark = next(offer for offer in offers().tokens if offer.provider == "ark")
    assert (ark.currency, ark.input_price, ark.cached_price, ark.output_price) == (
        "CNY", Decimal(9), Decimal("0.3"), Decimal(27),
    )  # fmt: skip


def test_a_provider_that_names_no_price_has_none():
    for offer in offers().cloud:
        assert (offer.hourly is not None) == (offer.provider == "aws"), offer.name
    grains = {(offer.provider, offer.grain_minutes) for offer in offers().cloud}
    assert grains == {("aws", 1), ("tencent", 60), ("alibaba", 1)}


def test_storage_has_no_price_until_somebody_finds_one():
    assert offers().storage_gb_month is None
    row = b'\n[storage]\ngb_month = 0.02\nsource = {text = "a list", date = "2026-01-02"}\n'
    price = parse_offers(FILE.read_bytes() + row, TODAY).storage_gb_month
    assert price.money.amount == Decimal("0.02")


def test_the_cards_of_the_machines_are_those_of_the_catalogue():
    known = {card.name: card for card in catalog().cards}
    for offer in (*offers().cloud, *offers().rents):
        assert offer.card in known or offer.card in UNKNOWN_CARDS, offer.card
    for offer in offers().cloud:
        if offer.card in known:
            assert offer.memory_bytes == known[offer.card].vram_bytes


def test_more_of_the_same_machine_is_never_cheaper():
    priced = [offer for offer in offers().cloud if offer.hourly]
    for one in priced:
        for other in priced:
            if one.card == other.card and one.cards < other.cards:
                assert one.hourly.money.amount < other.hourly.money.amount


def test_reading_is_cheaper_than_writing_and_again_cheaper_still():
    for offer in offers().tokens:
        assert offer.input_price <= offer.output_price
        assert offer.cached_price is None or offer.cached_price < offer.input_price
        assert offer.off_peak_share in (None, Decimal("0.5"))


def test_the_spot_pair_behind_the_claim_is_there():
    pair = {r.spot: r.hourly.money.amount for r in offers().rents if r.where.startswith("GCP")}
    assert pair == {True: Decimal("6.57"), False: Decimal("10.98")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_provider_and_region_has_a_name(language):
    text = Text(language)
    for offer in (*offers().cloud, *offers().tokens):
        assert text.has(f"provider.name.{offer.provider}")
    for region in {offer.region for offer in offers().tokens} | {"eu"}:
        assert text.has(f"provider.region.{region}")


def test_the_program_reads_them_with_the_day_of_today(tmp_path):
    places = read_places({"HOME": str(tmp_path), "DEEPBERTH_HOME": str(tmp_path)})
    found = Assembly(places).offers
    assert replace(found, today=TODAY) == offers()
    assert found.today == now().date().isoformat()


def test_it_loads_fast():
    data = FILE.read_bytes()

    def took() -> float:
        started = time.perf_counter()
        parse_offers(data, TODAY)
        return time.perf_counter() - started

    assert min(took() for _ in range(5)) < 0.02


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"hourly = 1.222", b"hourly = 0"),
        (b"hourly = 1.222", b"hourly = -1.222"),
        (b"hourly = 1.222", b"hourly = nan"),
        (b"hourly = 1.222", b"hourly = inf"),
        (b"hourly = 1.222", b"hourly = 1222000"),
        (b"hourly = 1.222", b'hourly = "1,222"'),
        (b"hourly = 1.222", b"hourley = 1.222"),
        (b'name = "ml.g6.2xlarge"', b'name = "ml.g6.xlarge"'),
        (b"cards = 8", b"cards = 0"),
        (b"memory_gib = 24", b"memory_gib = -24"),
        (b"grain_minutes = 60", b"grain_minutes = 0"),
        (b"input = 0.30", b"input = nan"),
        (b"output = 1.20", b"output = -1"),
        (b"output = 1.20", b""),
        (b"cached = 0.006", b"cached = 6"),  # more than what is new
        (b"off_peak_share = 0.5", b"off_peak_share = 1.5"),
        (b'region = "cn"', b'region = "mars"'),
        (b'currency = "CNY"', b'currency = "yuan"'),
        (b'country = "DE"', b'country = "Germany"'),
        (b'country = "DE"', b'country = "US"'),
        (b"per_usd = 7.1", b"per_usd = 0"),
        (b'date = "2026-07"', b'date = "July"'),
        (b'date = "2026-07"', b'date = "2026-13"'),
        (b', date = "2026-07"', b""),
        (b', date = "2025"', b""),
        (b"[[cloud]]", b"[[cloud]"),
        (b"# Prices", b"\xff\xfe"),
        (b"[[rents]]", b"[[rent]]"),
    ],
)
def test_a_slip_is_refused_and_named(old, new):
    data = FILE.read_bytes()
    assert old in data
    with pytest.raises(AppError) as caught:
        parse_offers(data.replace(old, new, 1), TODAY)
    assert caught.value.code == "catalog_invalid"
    assert caught.value.params["file"] == "offers.toml"
    assert caught.value.detail


def test_prices_of_another_version_are_not_read():
    data = FILE.read_bytes().replace(b"format = 2", b"format = 7", 1)
    with pytest.raises(AppError) as caught:
        parse_offers(data, TODAY)
    assert caught.value.code == "catalog_other_version"
    assert caught.value.params == {"file": "offers.toml", "found": 7, "wanted": 2}
    for language in LANGUAGES:
        card = Text(language).error(caught.value)
        assert "offers.toml" in card["happened"]
        assert "7" in card["happened"]
        assert card["remedy"]


def test_nothing_in_it_names_a_folder_of_a_computer():
    assert not re.search(rb"(/home/|/work|/tmp|/root|[A-Z]:\\)", FILE.read_bytes())
