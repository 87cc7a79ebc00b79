"""The ways that cost money: which are offered to whom, and which offer is taken."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from core.advice.cost_inputs import default_inputs
from core.advice.paid import by_quality, paid_ways, parallel_speed
from core.advice.profile import build_profile
from core.advice.quality import quality_step
from core.advice.recommend import recommend
from core.domain import Kind, Money, Offers, Profile, Recommendation, Sensitivity, Source, Verdict
from tests.unit.advice.money_parts import provider
from tests.unit.advice.parts import GIB, answers, catalog, gpu, offers, probe, profile


def usd(amount: str | int, currency: str = "USD") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def seen(**said: Any) -> Profile:
    return profile(gpu(), said=answers(**said))


def ways(at: Profile, prices: Offers | None = None) -> dict[Kind, Recommendation]:
    prices = prices or offers()
    local = recommend(at, catalog(), prices).recommendations[0]
    inputs = default_inputs(at.answers, prices)
    return {way.kind: way for way in paid_ways(at, catalog(), prices, inputs, local)}


@pytest.mark.parametrize(
    ("sensitivity", "kinds"),
    [
        (Sensitivity.REGULATED, set()),
        (Sensitivity.PRIVATE, {Kind.HYBRID}),
        (Sensitivity.PUBLIC, {Kind.HYBRID, Kind.TOKENS, Kind.CLOUD}),
    ],
)
def test_what_may_leave_decides_what_is_offered(sensitivity: Sensitivity, kinds: set[Kind]) -> None:
    assert set(ways(seen(sensitivity=sensitivity))) == kinds


def test_without_a_model_here_there_is_nothing_to_mix() -> None:
    at = profile(ram_gib=0.2, free_gib=0.1)
    assert Kind.HYBRID not in ways(at)


def test_who_has_a_full_model_here_sends_nothing_away_for_nothing() -> None:
    card = gpu("NVIDIA H100 80GB HBM3", 80, compute_capability="9.0")
    at = build_profile(probe(*[card] * 8, ram_gib=512, disk_bytes=4000 * GIB), answers())
    found = ways(at)
    assert recommend(at, catalog(), offers()).recommendations[0].model is not None
    assert Kind.HYBRID not in found
    assert Kind.TOKENS in found


def test_the_cheapest_full_model_for_this_use() -> None:
    found = ways(seen())[Kind.TOKENS]
    assert "distill" not in found.offer.lower()
    cheap = provider(model="deepseek-cheap", region="world", input_price=Decimal("0.0001"))
    cheap = replace(cheap, output_price=Decimal("0.0001"), cached_price=None)
    tiny = replace(cheap, model="deepseek-r1-distill-qwen-1.5b", input_price=Decimal("0.00001"))
    more = replace(offers(), tokens=(*offers().tokens, cheap, tiny))
    assert ways(seen(), more)[Kind.TOKENS].offer == "deepseek-cheap"


def test_a_provider_that_can_be_asked_where_the_person_is() -> None:
    regions = {(offer.provider, offer.model): offer.region for offer in offers().tokens}

    def region(country: str) -> set[str]:
        found = ways(seen(country=country))[Kind.TOKENS]
        return {at for key, at in regions.items() if key == (found.provider, found.offer)}

    assert region("CN") == {"cn"}
    assert "cn" not in region("US")
    assert "cn" not in region("DE")


def test_a_price_that_is_too_old_does_not_win_by_being_low() -> None:
    """A provider may have stopped to offer the model since."""
    old = provider(provider="bygone", region="world", output_price=Decimal("0.0001"))
    old = replace(old, input_price=Decimal("0.0001"), source=Source(text="?", date="2026-01"))
    fresh = provider(region="world")
    for both in ((old, fresh), (fresh, old)):
        found = ways(seen(), replace(offers(), tokens=both))[Kind.TOKENS]
        assert found.provider == fresh.provider
    only = ways(seen(), replace(offers(), tokens=(old,)))[Kind.TOKENS]
    assert only.provider == "bygone"
    assert "limit.price_old" in [note.code for note in only.reasons]


def test_a_provider_far_away_is_better_than_none() -> None:
    only = replace(offers(), tokens=(provider(region="cn"),))
    assert ways(seen(country="US"), only)[Kind.TOKENS].provider == "deepseek"


def test_without_prices_nothing_is_offered_by_the_token() -> None:
    none = replace(offers(), tokens=())
    assert Kind.TOKENS not in ways(seen(), none)


@pytest.mark.parametrize("amount", [0, 300, 2000, 10**6])
@pytest.mark.parametrize("country", ["US", "CN"])
def test_nobody_rents_for_what_a_laptop_runs(amount: int, country: str) -> None:
    found = ways(seen(budget=usd(amount), country=country))[Kind.CLOUD]
    assert found.model is not None
    assert found.model.params_total > 7e9


def test_more_money_rents_a_better_model() -> None:
    def step(amount: int) -> int:
        model = ways(seen(budget=usd(amount)))[Kind.CLOUD].model
        assert model is not None
        return quality_step(model, catalog(), answers().purpose)

    assert step(300) <= step(2000) <= step(10**6)
    assert step(300) < step(10**6)


def test_where_everything_is_over_the_budget_what_is_least_over_it() -> None:
    found = ways(seen(budget=usd(1)))[Kind.CLOUD]
    assert "limit.over_your_budget" in [note.code for note in found.reasons]
    dear = replace(
        offers(), cloud=tuple(o for o in offers().cloud if o.name != found.offer and o.hourly)
    )
    other = ways(seen(budget=usd(1)), dear)[Kind.CLOUD]
    assert other.cost.total is not None
    assert found.cost.total is not None
    assert other.cost.total[1] >= found.cost.total[1]


def test_a_price_that_nobody_publishes_is_said_to_be_unknown() -> None:
    found = ways(seen(country="CN"))[Kind.CLOUD]
    assert found.provider in ("alibaba", "tencent")
    assert found.cost.total is None
    assert "limit.price_unknown" in [note.code for note in found.reasons]


def test_an_old_price_is_said_to_be_old() -> None:
    later = replace(offers(), today="2029-01-01")
    for kind, way in ways(seen(), later).items():
        assert "limit.price_old" in [note.code for note in way.reasons], kind


def test_each_rented_card_holds_its_share() -> None:
    for amount in (300, 2000, 10**6):
        fit = ways(seen(budget=usd(amount)))[Kind.CLOUD].fit
        assert fit is not None
        assert fit.verdict in (Verdict.COMFORTABLE, Verdict.TIGHT)
        for part in fit.parts:
            assert part.needed_bytes <= part.available_bytes


def test_the_mixed_way_is_the_local_one_and_the_provider() -> None:
    at = seen()
    found = ways(at)
    local = recommend(at, catalog(), offers()).recommendations[0]
    mixed, tokens = found[Kind.HYBRID], found[Kind.TOKENS]
    assert (mixed.model, mixed.fit, mixed.speed) == (local.model, local.fit, local.speed)
    assert (mixed.provider, mixed.offer) == (tokens.provider, tokens.offer)
    assert mixed.privacy == "mixed"


def test_models_to_rent_for_are_current_and_ordered_by_quality() -> None:
    models = by_quality(seen(), catalog())
    steps = [quality_step(model, catalog(), answers().purpose) for model in models]
    assert steps == sorted(steps, reverse=True)
    assert not any(m.starter or m.legacy or m.superseded_by for m in models)


def test_more_cards_raise_the_hope_and_never_the_least() -> None:
    at = seen(budget=usd(10**7))
    found = ways(at)[Kind.CLOUD]
    assert found.fit is not None
    assert found.model is not None
    assert found.quant is not None
    one = replace(found.fit, parts=found.fit.parts[:1])
    single = parallel_speed(found.model, found.quant, one, catalog(), at).tokens_per_s
    four = replace(found.fit, parts=found.fit.parts[:1] * 4)
    several = parallel_speed(found.model, found.quant, four, catalog(), at).tokens_per_s
    assert several[0] == single[0]
    assert several[1] > 2 * single[1]
