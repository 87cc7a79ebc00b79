"""The article's figures beside ours: worked out for each computer, never copied."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from decimal import Decimal
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.advice.article import claims, verdict_beside
from core.advice.cost_inputs import default_inputs
from core.advice.offers import parse_offers
from core.advice.profile import build_profile
from core.domain import (
    Cost,
    EngineKind,
    Fit,
    GpuKind,
    Kind,
    Missing,
    Money,
    Note,
    Purpose,
    Recommendation,
    Sensitivity,
    Speed,
    Tree,
    Unreadable,
    Verdict,
)
from core.text import LANGUAGES, Text
from tests.unit.advice.article_text import places_of, said_in_full, sentences
from tests.unit.advice.parts import (
    GIB,
    ROOT,
    answers,
    catalog,
    gpu,
    model,
    probe,
    profile,
    quant,
    shared_gpu,
)

RTX_4070 = gpu("NVIDIA GeForce RTX 4070", 12)
RTX_4090 = gpu()
EMPTY = replace(catalog(), models=(), cards=())


@cache
def offers():
    data = (ROOT / "assets" / "catalog" / "offers.toml").read_bytes()
    return parse_offers(data, "2026-11-25")


NO_OFFERS = replace(offers(), cloud=(), tokens=(), tariffs=(), rates=(), rents=())


def first(model_id="deepseek-r1-distill-qwen-14b", quant_name="Q4_K_M", **changes):
    facts = {
        "rank": 1,
        "kind": Kind.LOCAL,
        "model": model(model_id),
        "quant": quant(model_id, quant_name),
        "engine": EngineKind.LLAMA_CPP,
        "accelerator": None,
        "device_name": "A card",
        "image": None,
        "provider": "local",
        "context": 8192,
        "fit": Fit(verdict=Verdict.COMFORTABLE, needed_bytes=10 * GIB, available_bytes=11 * GIB),
        "speed": Speed(tokens_per_s=(20.0, 40.0), basis="estimate"),
        "cost": Cost(monthly=None, total=None, currency="USD"),
        "first_answer_minutes": None,
        "privacy": "stays_here",
        "reasons": (),
        "why_not": (),
    }
    return Recommendation(**{**facts, **changes})


STARTER = first("smollm2-135m-instruct", "Q4_1")
NOTHING = first(model=None, quant=None, fit=None, speed=None, why_not=(Note(code="why_not.x"),))
TOKENS = replace(
    NOTHING, kind=Kind.TOKENS, provider="deepseek", offer="deepseek-flash", privacy="third_party"
)
CLOUD = replace(first(), kind=Kind.CLOUD, privacy="own_account", why_not=NOTHING.why_not)
HYBRID = replace(first(), kind=Kind.HYBRID, privacy="mixed", why_not=NOTHING.why_not)
FIRSTS = (first(), STARTER, NOTHING, TOKENS, CLOUD, HYBRID, None)


def beside(found, line=None, *, known=None, prices=None, **inputs):
    """All claims by their id."""
    prices = prices or offers()
    wanted = replace(default_inputs(found.answers, prices), **inputs)
    return {c.id: c for c in claims(found, known or catalog(), prices, wanted, line)}


def of(claim):
    return dict(claim.ours.params)


# --- models -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cards", "purpose", "article", "line", "verdict"),
    [
        # Under 24 GB its table has 7B or a quantized one of the wanted size.
        ((RTX_4070,), Purpose.CHAT, "simple", first(), "differs"),
        ((RTX_4070,), Purpose.CODE, "under", first(), "differs"),
        ((RTX_4070,), Purpose.CODE, "under", first("deepseek-r1-distill-qwen-7b"), "same"),
        ((RTX_4070,), Purpose.CODE, "under", first("deepseek-r1-distill-qwen-32b"), "same"),
        ((RTX_4070,), Purpose.CHAT, "simple", first("deepseek-r1-0528-qwen3-8b"), "same"),
        ((RTX_4090,), Purpose.CODE, "over", first("deepseek-r1-distill-qwen-32b"), "same"),
        ((RTX_4090,), Purpose.CODE, "over", first("deepseek-r1-distill-qwen-7b"), "differs"),
        ((RTX_4090,), Purpose.IMAGES, "over", first("deepseek-r1-distill-qwen-32b"), "differs"),
        ((RTX_4090,), Purpose.IMAGES, "over", first("deepseek-r1-distill-llama-70b"), "same"),
        ((), Purpose.CODE, "no_card", first("deepseek-r1-distill-qwen-7b"), "same"),
    ],
)
def test_its_table_by_memory_and_purpose(cards, purpose, article, line, verdict):
    claim = beside(profile(*cards, said=answers(purpose=purpose)), line)["table"]
    assert claim.article.code == f"claim.table.article.{article}"
    assert claim.verdict == verdict
    assert of(claim)["model"] == line.model.name


def test_a_card_sold_with_24_gb_has_a_little_less_and_still_counts_as_one():
    card = gpu(gib=24564 / 1024, vram_free_bytes=20 * GIB)
    claim = beside(profile(card, said=answers(purpose=Purpose.CODE)), first())["table"]
    assert claim.article.code == "claim.table.article.over"


def test_a_small_chip_in_a_large_memory_is_no_graphics_card():
    """It shares 64 GB, and is no faster than the processor. Strix Halo is another matter."""
    small = profile(shared_gpu("intel", "Intel UHD Graphics 630"), ram_gib=64)
    large = profile(shared_gpu("amd", "AMD Radeon 8060S"), ram_gib=128)
    assert beside(small)["table"].article.code == "claim.table.article.no_card_simple"
    assert beside(large)["table"].article.code == "claim.table.article.simple"
    assert beside(small)["hardware"].ours.code == "claim.hardware.ours.list"
    assert beside(large)["hardware"].ours.code == "claim.hardware.ours.here"


def test_a_distill_is_called_one_and_where_none_answers_here_no_model_is_named():
    found = profile(RTX_4070)
    assert beside(found, first())["table"].ours.code.endswith(".distilled")
    full = first("deepseek-coder-v2-lite-instruct")
    assert beside(found, full)["table"].ours.code.endswith(".model")
    for line, code in ((STARTER, "starter"), (NOTHING, "nothing"), (None, "nothing")):
        assert beside(found, line)["table"].ours == Note(code=f"claim.table.ours.{code}")
    for line, code in ((TOKENS, "tokens"), (CLOUD, "cloud")):
        assert beside(found, line)["table"].ours == Note(code=f"claim.table.ours.{code}")


def test_the_67b_is_the_chat_model_of_2023_or_the_70b_distill():
    said = of(beside(profile(RTX_4070))["sixty_seven"])
    assert (said["chat"], said["tokens"]) == ("DeepSeek LLM 67B Chat", 4096)
    assert said["released"].startswith("2023")
    assert "70B" in said["distill"]
    # 42.3 GiB by llama.cpp's own probe, for this file and 8,192 tokens.
    assert said["needed_bytes"] / GIB == pytest.approx(42.3, abs=0.1)


def test_int4_costs_the_smallest_model_more():
    assert of(beside(profile(RTX_4070), first())["int4"])["loses"] == 3
    small = first("deepseek-r1-distill-qwen-1.5b", "Q8_0")
    claim = beside(profile(RTX_4070), small)["int4"]
    assert (of(claim)["loses"], claim.verdict, claim.source.date) == (6, "differs", "2025-02")


# --- money ------------------------------------------------------------------------------------


def test_the_hardware_for_a_32b_is_the_cheapest_card_that_holds_it():
    claim = beside(profile(RTX_4070))["hardware"]
    said = of(claim)
    assert said["needed_bytes"] / GIB == pytest.approx(20.9, abs=0.1)
    holds = [c for c in catalog().cards if c.kind == "discrete" and (c.vram_bytes or 0) > 23 * GIB]
    prices = [float(c.price.amount) for c in holds if c.price and c.vendor in ("nvidia", "amd")]
    assert said["price"] == min(prices)
    assert (claim.verdict, claim.source.date) == ("differs", said["date"])


def test_where_amd_cannot_be_reached_another_card_is_named():
    linux = of(beside(profile(RTX_4070))["hardware"])
    windows = of(beside(profile(RTX_4070, os="windows"))["hardware"])
    assert "Radeon" in linux["card"]
    assert "GeForce" in windows["card"]


def test_what_holds_it_already_need_not_be_bought():
    found = beside(profile(RTX_4090))
    assert found["hardware"].ours.code == "claim.hardware.ours.here"
    assert found["pays_back"].ours.code == "claim.pays_back.ours.here"
    assert found["saves"].ours.code == "claim.saves.ours.here"
    counted = beside(profile(RTX_4090), count_hardware=True)
    assert counted["saves"].ours.code == "claim.saves.ours.saves"
    assert of(counted["saves"])["low"] < of(found["saves"])["low"]


def test_a_card_that_is_full_does_not_hold_it():
    full = gpu(vram_free_bytes=10 * GIB)
    assert beside(profile(full))["hardware"].ours.code != "claim.hardware.ours.here"


def test_dearer_cards_move_the_figure():
    dear = Money(amount=Decimal(14_500), currency="USD")
    cards = tuple(replace(card, price=dear) if card.price else card for card in catalog().cards)
    claim = beside(profile(RTX_4070), known=replace(catalog(), cards=cards))["hardware"]
    assert (of(claim)["price"], claim.verdict) == (14_500.0, "same")


def test_an_hour_is_the_cheapest_machine_and_the_cheapest_card_that_hold_it():
    claim = beside(profile(RTX_4070))["hourly"]
    said = of(claim)
    assert (said["machine"], said["hourly"]) == ("ml.g6.xlarge", 1.127)
    assert (said["rented_card"], said["rent"]) == ("GeForce RTX 3090", 0.18)
    assert claim.verdict == "differs"
    only_rents = beside(profile(RTX_4070), prices=replace(offers(), cloud=()))["hourly"]
    assert only_rents.ours.code == "claim.hourly.ours.card"
    only_cloud = beside(profile(RTX_4070), prices=replace(offers(), rents=()))["hourly"]
    assert only_cloud.ours.code == "claim.hourly.ours.machine"
    assert beside(profile(RTX_4070), prices=NO_OFFERS)["hourly"].verdict == "unknown"


def test_spot_is_compared_for_the_same_card_at_the_same_place():
    """GCP: 1 - 6.57/10.98 = 40 %. Verda: 1 - 0.41/0.82 = 50 %."""
    claim = beside(profile())["spot"]
    assert (of(claim)["low"], of(claim)["high"], claim.verdict) == (40, 50, "differs")
    gcp = tuple(rent for rent in offers().rents if rent.where.startswith("GCP"))
    one = beside(profile(), prices=replace(offers(), rents=gcp))["spot"]
    assert (one.ours.code, of(one)["low"]) == ("claim.spot.ours.one", 40)
    alone = tuple(rent for rent in offers().rents if rent.spot)
    assert beside(profile(), prices=replace(offers(), rents=alone))["spot"].verdict == "unknown"


def test_the_more_hours_the_sooner_it_is_paid_back():
    months = []
    for hours in (1.0, 2.0, 8.0):
        claim = beside(profile(RTX_4070), hours_per_day=hours)["pays_back"]
        months.append(of(claim)["first"])
    assert months[0] > months[1] > months[2] > 0
    assert beside(profile(RTX_4070), hours_per_day=0.0)["pays_back"].ours.code.endswith(".no_use")


def test_two_hours_a_day_worked_out_by_hand():
    """RX 7900 XTX, 999 dollars, 315 W x 1.45 at the wall, 0.162 a kWh; 60.8 h a month at 1.127,
    or 76 h with 15 minutes after each of two sittings."""
    own_low, own_high = 315 * 1.45 / 1000 * 60.8 * 0.162 * 0.25, 315 * 1.45 / 1000 * 60.8 * 0.162
    rent_low, rent_high = 60.8 * 1.127, 76 * 1.127
    said = of(beside(profile(RTX_4070))["pays_back"])
    assert said["first"] == pytest.approx(999 / (rent_high - own_low), abs=0.6)
    assert said["last"] == pytest.approx(999 / (rent_low - own_high), abs=0.6)
    assert said["their_months"] == round(15_000 / 3 / 60.8)
    left_low, left_high = 999 * 0.25, 999 * (1 - 0.75 * 36 / 42)  # a quarter of it after 42 months
    saved = of(beside(profile(RTX_4070))["saves"])
    worst = 1 - (999 - left_low + 36 * own_high) / (36 * rent_low)
    best = 1 - (999 - left_high + 36 * own_low) / (36 * rent_high)
    assert saved["low"] == pytest.approx(worst * 100, abs=1.5)
    assert saved["high"] == pytest.approx(best * 100, abs=1.5)


def test_a_changed_assumption_changes_the_answer():
    dear = Money(amount=Decimal(15_000), currency="USD")
    claim = beside(profile(RTX_4070), hardware_price=dear)["pays_back"]
    assert (claim.ours.code, claim.verdict) == ("claim.pays_back.ours.never", "differs")
    assert beside(profile(RTX_4070), hardware_price=dear)["saves"].ours.code.endswith(".dearer")


def test_without_the_price_of_electricity_there_is_a_bound_and_no_guess():
    found = beside(profile(RTX_4070, said=answers(country="CN")))
    assert found["pays_back"].ours.code == "claim.pays_back.ours.at_least"
    assert found["saves"].ours.code == "claim.saves.ours.at_most"
    known = beside(profile(RTX_4070))
    assert of(found["pays_back"])["first"] <= of(known["pays_back"])["first"]
    assert of(found["saves"])["most"] >= of(known["saves"])["high"]


def test_prices_in_two_currencies_are_compared_by_a_rate_or_not_at_all():
    german = profile(RTX_4070, said=answers(country="DE"))
    assert beside(german)["pays_back"].ours.code == "claim.pays_back.ours.between"
    without = beside(german, prices=replace(offers(), rates=()))
    assert without["pays_back"].ours.code == "claim.pays_back.ours.at_least"


# --- speed ------------------------------------------------------------------------------------


def test_what_nobody_measured_is_unknown():
    found = beside(profile(RTX_4070), first())
    assert found["int8"].verdict == found["latency"].verdict == "unknown"
    assert of(found["int8"]) == {"most": 4, "real": 1.9}


def test_a_token_on_its_cards_takes_as_long_as_the_memory_needs():
    said = of(beside(profile(), first())["latency"])
    # 4.37 GB at 360 GB/s, 19.5 at 1,555, 42 at 3,350: a third more at most for what is around it.
    assert 12 < said["small"] < 18
    assert 12.5 < said["middle"] < 30
    assert 12.5 < said["large"] < 35
    assert (said["low"], said["high"]) == (25, 50)
    assert beside(profile(), TOKENS)["latency"].ours.code.endswith(".there")
    assert beside(profile(), CLOUD)["latency"].ours.code.endswith(".there")


def test_the_jetson_is_priced_by_the_list():
    claim = beside(profile())["jetson"]
    card = next(c for c in catalog().cards if c.name == "Jetson AGX Orin 64GB")
    assert of(claim)["price"] == float(card.price.amount)
    assert 10 < of(claim)["low"] < 17 < of(claim)["high"] < 30


# --- the tree beside ours ---------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("verdict", ["local", "hybrid", "cloud"])
@pytest.mark.parametrize("line", FIRSTS)
def test_every_meeting_of_the_tree_and_ours_is_said(verdict, line, language):
    note = verdict_beside(Tree(verdict=verdict, path=()), line)
    said_in_full(note, language)


def test_the_tree_and_ours_agree_or_say_why_not():
    def code(verdict, line):
        return verdict_beside(Tree(verdict=verdict, path=()), line).code

    assert code("local", first()) == "beside.local.local"
    assert code("cloud", first()) == "beside.cloud.local"
    assert code("local", NOTHING) == code("local", None) == "beside.local.nothing"
    assert code("hybrid", STARTER) == "beside.hybrid.starter"
    assert code("cloud", TOKENS) == "beside.cloud.tokens"
    # A model that cannot be set up yet answers nothing.
    assert code("cloud", first(why_not=NOTHING.why_not)) == "beside.cloud.nothing"


# --- all of it --------------------------------------------------------------------------------

SIZES = st.integers(min_value=-(2**40), max_value=2**50)
FACTS = st.one_of(SIZES, st.just(Unreadable("timeout")), st.just(Missing("not_there")))
CARDS = st.sampled_from([card.name for card in catalog().cards] + ["NVIDIA Unheard Of", ""])
NUMBERS = st.sampled_from([0.0, 0.01, 0.5, 2.0, 8.0, 24.0])


@st.composite
def gpus(draw):
    if draw(st.booleans()):
        return shared_gpu(draw(st.sampled_from(["apple", "amd", "intel", "nvidia"])), draw(CARDS))
    return gpu(
        draw(CARDS),
        vendor=draw(st.sampled_from(["nvidia", "amd", "intel", "unknown"])),
        kind=draw(st.sampled_from(GpuKind)),
        vram_bytes=draw(FACTS),
        vram_free_bytes=draw(FACTS),
    )


@st.composite
def profiles(draw):
    found = probe(
        os=draw(st.sampled_from(["linux", "windows", "macos"])),
        arch=draw(st.sampled_from(["x86_64", "arm64"])),
        ram_bytes=draw(FACTS),
        ram_free_bytes=draw(FACTS),
        gpus=draw(
            st.one_of(st.just(Unreadable("timeout")), st.lists(gpus(), max_size=3).map(tuple))
        ),
    )
    said = answers(
        sensitivity=draw(st.sampled_from(Sensitivity)),
        purpose=draw(st.sampled_from(Purpose)),
        horizon_months=draw(st.sampled_from([0, 1, 24, 600])),
        country=draw(st.sampled_from(["US", "CN", "DE", "GB", "XX", "", "de"])),
        budget=Money(
            amount=draw(st.sampled_from([Decimal(0), Decimal(10) ** 9])),
            currency=draw(st.sampled_from(["USD", "CNY", "EUR", "XYZ"])),
        ),
    )
    return build_profile(found, said)


PRICES = (
    offers(),
    NO_OFFERS,
    replace(offers(), rates=()),
    replace(offers(), rents=()),
    replace(offers(), cloud=()),
    replace(offers(), rents=tuple(r for r in offers().rents if r.where.startswith("GCP"))),
)


@given(
    profiles(),
    st.sampled_from(FIRSTS),
    st.sampled_from([catalog(), EMPTY, replace(catalog(), cards=())]),
    st.sampled_from(
        [offers(), NO_OFFERS, replace(offers(), rates=()), replace(offers(), rents=())]
    ),
    NUMBERS,
    st.booleans(),
    st.sampled_from([None, Decimal(0), Decimal(300), Decimal(10) ** 9]),
)
@settings(max_examples=250, deadline=None)
def test_every_claim_is_said_in_both_languages(found, line, known, prices, hours, count, price):
    own = None if price is None else Money(amount=price, currency="USD")
    all_claims = beside(
        found,
        line,
        known=known,
        prices=prices,
        hours_per_day=hours,
        count_hardware=count,
        hardware_price=own,
    )
    for claim in all_claims.values():
        assert claim.verdict in ("same", "differs", "unknown")
        assert claim.source.text
        for language in LANGUAGES:
            text = Text(language)
            assert text.has(f"claim.{claim.id}.title")
            said_in_full(claim.article, language)
            said_in_full(claim.ours, language)
        assert places_of(claim.ours.code, "en") == places_of(claim.ours.code, "zh_CN")
        if claim.ours.code.rpartition(".")[2] == "unknown":
            assert claim.verdict == "unknown"


def test_no_sentence_is_left_that_never_comes_out():
    dear, street, seeing, unpriced = _changed_catalogs()
    machines = (
        profile(),
        profile(said=answers(purpose=Purpose.WRITING)),
        profile(RTX_4070),
        profile(RTX_4070, said=answers(country="CN", purpose=Purpose.CODE)),
        profile(RTX_4090, said=answers(purpose=Purpose.CODE)),
    )
    wished = [{}, {"hours_per_day": 0.0}, {"hours_per_day": 0.7}, {"hours_per_day": 0.35}]
    wished += [{"hardware_price": Money(amount=Decimal(n), currency="USD")} for n in (0, 1600, 4e4)]
    small = first("deepseek-r1-distill-qwen-1.5b", "Q8_0")
    lines = (*FIRSTS, small, first("deepseek-coder-v2-lite-instruct"))
    seen = set()
    for known in (catalog(), EMPTY, dear, street, seeing, unpriced):
        cases = [*product(machines, PRICES, wished, (first(),))]
        cases += product(machines, (offers(),), ({},), lines)
        for found, prices, wish, line in cases:
            for claim in beside(found, line, known=known, prices=prices, **wish).values():
                seen |= {claim.article.code, claim.ours.code}
    said = {code for code in sentences("en") if re.match(r"claim\..*\.(article|ours)", code)}
    assert sorted(said - seen) == []


def _changed_catalogs():
    def cards(**changes):
        changed = tuple(
            replace(card, **changes) if card.price else card for card in catalog().cards
        )
        return replace(catalog(), cards=changed)

    usd = Money(amount=Decimal(14_500), currency="USD")
    seeing = replace(catalog(), models=tuple(replace(m, vision=True) for m in catalog().models))
    return cards(price=usd), cards(price_kind="street"), seeing, cards(price=None)


def test_it_takes_less_than_three_milliseconds():
    found, line = profile(RTX_4070), first()
    inputs = default_inputs(found.answers, offers())
    times = []
    for _ in range(20):
        start = time.perf_counter()
        claims(found, catalog(), offers(), inputs, line)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.003
