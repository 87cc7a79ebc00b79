"""What must hold for any computer, any answers and any prices."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.advice.advice_json import advice_json
from core.advice.candidates import below_floor, waiting_s
from core.advice.profile import build_profile
from core.advice.quality import quality_step
from core.advice.ranking import is_slow
from core.advice.recommend import recommend, starter
from core.domain import (
    Accelerator,
    Answers,
    Choices,
    Cpu,
    Disk,
    GpuKind,
    Kind,
    Measured,
    Missing,
    Money,
    Network,
    Offers,
    Price,
    Probe,
    Profile,
    Purpose,
    Sensitivity,
    Unreadable,
)
from core.setup.plan import make_plan
from tests.unit.advice.honest import check_advice, check_fit
from tests.unit.advice.parts import DOCKER, GIB, answers, catalog, gpu, offers, probe

UNREAD = Unreadable("timeout")
ABSURD = st.sampled_from([0, 1, 2**31, 2**60, 2**63, -1, -(2**60)])
SIZES = st.one_of(st.integers(min_value=0, max_value=200 * GIB), ABSURD)
FACTS = st.one_of(SIZES, SIZES, st.just(UNREAD), st.just(Missing("not_there")))
NAMES = st.sampled_from([card.name for card in catalog().cards] + ["NVIDIA Unheard Of", "", "{?}"])
WORDS = st.one_of(st.text(max_size=20), st.just(UNREAD), st.just(Missing("not_known")))

# Cards with memory of their own: a chip with shared memory has no size to vary.
CARDS = st.sampled_from(
    [card.name for card in catalog().cards if card.kind in ("discrete", "datacentre")]
    + ["Unheard Of"]
)


@st.composite
def gpus(draw: st.DrawFn) -> Any:
    shared = draw(st.booleans())
    return gpu(
        draw(NAMES),
        vendor=draw(st.sampled_from(["nvidia", "amd", "intel", "apple", "unknown"])),
        kind=GpuKind.INTEGRATED if shared else draw(st.sampled_from(GpuKind)),
        vram_bytes=draw(FACTS),
        vram_free_bytes=draw(FACTS),
        driver=draw(st.one_of(st.sampled_from(["580.95", "550.1", "470.0"]), WORDS)),
        compute_capability=draw(
            st.one_of(st.sampled_from(["8.9", "12.1", "8.7", "6.1", "gfx1100"]), WORDS)
        ),
        unified_memory=shared,
    )


ENGINES = st.sampled_from(
    [
        DOCKER,
        replace(DOCKER, gpu_runtime=None),
        replace(DOCKER, kind="podman", gpu_runtime="cdi"),
        replace(DOCKER, problem="docker_denied"),
        UNREAD,
        Missing("not_installed"),
    ]
)


@st.composite
def probes(draw: st.DrawFn) -> Probe:
    disks = (Disk(path="/", free_bytes=draw(FACTS), holds=("models", "engine")),)
    hub = draw(st.sampled_from(["ok", "no_route", "timeout"]))
    return probe(
        os=draw(st.sampled_from(["linux", "windows", "macos"])),
        arch=draw(st.sampled_from(["x86_64", "arm64", "riscv64", ""])),
        wsl=draw(st.booleans()),
        cpu=Cpu(
            name=draw(st.one_of(NAMES, WORDS)),
            physical_cores=draw(st.sampled_from([0, 1, 8, 10**6, UNREAD])),
            memory_bandwidth_gbs=draw(
                st.sampled_from([None, 0.0, -1.0, 50.0, 1e300, float("inf"), float("nan")])
            ),
        ),
        ram_bytes=draw(FACTS),
        ram_free_bytes=draw(FACTS),
        gpus=draw(
            st.one_of(
                st.just(UNREAD), st.just(Missing("none")), st.lists(gpus(), max_size=3).map(tuple)
            )
        ),
        engine=draw(ENGINES),
        disks=draw(st.sampled_from([disks, disks, ()])),
        network=Network(hub=hub, registry=hub, proxy=None),
    )


MONEY = st.builds(
    Money,
    amount=st.sampled_from([Decimal(n) for n in ("0", "0.01", "40", "600", "20000", "1e9")]),
    currency=st.sampled_from(["USD", "EUR", "CNY", "JPY", "XTS"]),
)
SAID = st.builds(
    answers,
    sensitivity=st.sampled_from(Sensitivity),
    purpose=st.sampled_from(Purpose),
    horizon_months=st.sampled_from([1, 6, 24, 120]),
    country=st.sampled_from(["US", "CN", "DE", "FR", "JP", "ZZ", ""]),
    budget=MONEY,
    hours_per_day=st.sampled_from([0.0, 2.0, 24.0]),
)
MEASURED = st.lists(
    st.builds(
        Measured,
        model_id=st.sampled_from([model.id for model in catalog().models] + ["gone"]),
        quant_name=st.sampled_from(["Q4_K_M", "Q8_0", "?"]),
        accelerator=st.sampled_from(Accelerator),
        tokens_per_s=st.sampled_from([0.0, 0.1, 12.0, 900.0]),
        first_token_s=st.sampled_from([0.0, 0.4, 100.0]),
    ),
    max_size=2,
).map(tuple)


def asked(found: Probe, said: Answers, measured: tuple[Measured, ...] = ()) -> Profile:
    return build_profile(found, said, measured)


@given(probes(), SAID, MEASURED)
@settings(max_examples=120, deadline=None)
def test_any_computer_gets_honest_advice(
    found: Probe, said: Answers, measured: tuple[Measured, ...]
) -> None:
    """Never over the free memory of any device, nothing that must stay is offered a way out, no
    sentence is missing, whatever is missing, unreadable or absurd. See honest.py for all of it."""
    profile = asked(found, said, measured)
    advice = recommend(profile, catalog(), offers())
    check_advice(advice, profile, catalog())
    small = starter(profile, catalog(), offers())
    check_fit(small, profile)
    for way in (*advice.recommendations, small):
        if way.can_set_up:
            plan = make_plan(way, Choices(), profile, model_folder="/models")
            assert way.fit is not None
            assert plan.memory_bytes == way.fit.needed_bytes


@given(probes(), SAID)
@settings(max_examples=30, deadline=None)
def test_the_same_question_gets_the_same_answer(found: Probe, said: Answers) -> None:
    profile = asked(found, said)
    one = advice_json(recommend(profile, catalog(), offers()))
    turned = replace(
        catalog(),
        models=tuple(reversed(catalog().models)),
        cards=tuple(reversed(catalog().cards)),
    )
    prices = replace(
        offers(),
        cloud=tuple(reversed(offers().cloud)),
        tokens=tuple(reversed(offers().tokens)),
        tariffs=tuple(reversed(offers().tariffs)),
        rates=tuple(reversed(offers().rates)),
    )
    assert advice_json(recommend(profile, turned, prices)) == one


# --- more memory ------------------------------------------------------------------------------


def worth(profile: Profile) -> tuple[int, float]:
    """How good the way to take is: none, the trial model, a file that is too coarse for it, then a
    pleasant speed and the steps of quality. Where nothing is pleasant, the time that one waits."""
    best = next(
        (way for way in recommend(profile, catalog(), offers()).recommendations if way.can_set_up),
        None,
    )
    if best is None or best.model is None or best.quant is None or best.speed is None:
        return (0, 0.0)
    if best.model.starter:
        return (1, 0.0)
    if below_floor(best.model, best.quant):
        return (2, 0.0)
    if is_slow(best):
        return (3, -waiting_s(best.speed))
    return (4, float(quality_step(best.model, catalog(), profile.answers.purpose)))


@given(
    CARDS,
    st.integers(min_value=1, max_value=99),
    st.integers(min_value=0, max_value=99),
    st.integers(min_value=4, max_value=128),
    st.sampled_from(Purpose),
)
@settings(max_examples=60, deadline=None)
def test_more_graphics_memory_never_makes_it_worse(
    name: str, gib: int, more: int, ram_gib: int, purpose: Purpose
) -> None:
    said = answers(purpose=purpose)
    small, large = (
        asked(probe(gpu(name, size, vram_free_bytes=size * GIB), ram_gib=ram_gib), said)
        for size in (gib, gib + more)
    )
    # The bandwidth of a card is looked up by its memory too: hold it to what both are.
    assert worth(_as_one_card(small, large)) <= worth(large)


def _as_one_card(small: Profile, large: Profile) -> Profile:
    """The smaller one as the same card with less of it free."""
    card = large.devices[0].gpu
    assert card is not None
    return replace(
        small,
        devices=(
            replace(large.devices[0], free_bytes=small.devices[0].free_bytes),
            *small.devices[1:],
        ),
    )


@given(
    st.integers(min_value=1, max_value=128),
    st.integers(min_value=0, max_value=128),
    st.sampled_from(Purpose),
    st.sampled_from([None, 20.0, 60.0, 400.0]),
)
@settings(max_examples=40, deadline=None)
def test_more_memory_never_makes_it_worse(
    gib: int, more: int, purpose: Purpose, gbs: float | None
) -> None:
    cpu = replace(probe().cpu, memory_bandwidth_gbs=gbs)
    small, large = (
        asked(probe(ram_gib=size, free_gib=size, cpu=cpu), answers(purpose=purpose))
        for size in (gib, gib + more)
    )
    assert worth(small) <= worth(large)


@given(
    CARDS,
    st.integers(min_value=2, max_value=80),
    st.integers(min_value=1, max_value=3),
    st.integers(min_value=8, max_value=128),
    st.sampled_from(Purpose),
)
@settings(max_examples=40, deadline=None)
def test_another_equal_card_never_makes_it_worse(
    name: str, gib: int, count: int, ram_gib: int, purpose: Purpose
) -> None:
    card = gpu(name, gib)
    said = answers(purpose=purpose)
    few, many = (asked(probe(*[card] * n, ram_gib=ram_gib), said) for n in (count, count + 1))
    assert worth(few) <= worth(many)


# --- prices -----------------------------------------------------------------------------------


def dearer(prices: Offers, kind: Kind, factor: Decimal) -> Offers:
    """The same offers with every price of one kind multiplied."""
    if kind is Kind.CLOUD:
        cloud = tuple(
            replace(one, hourly=one.hourly and _times(one.hourly, factor)) for one in prices.cloud
        )
        return replace(prices, cloud=cloud)
    tokens = tuple(
        replace(
            one,
            input_price=one.input_price * factor,
            cached_price=one.cached_price and one.cached_price * factor,
            output_price=one.output_price * factor,
        )
        for one in prices.tokens
    )
    return replace(prices, tokens=tokens)


def _times(price: Price, factor: Decimal) -> Price:
    return replace(price, money=replace(price.money, amount=price.money.amount * factor))


def ranks(profile: Profile, prices: Offers) -> dict[Kind, int]:
    ways = recommend(profile, catalog(), prices).recommendations
    return {way.kind: way.rank for way in reversed(ways)}


MACHINES = (
    probe(gpu("NVIDIA GeForce RTX 4060", 8), ram_gib=32),
    probe(gpu(gib=24), ram_gib=64),
    probe(ram_gib=8, free_gib=1.0),
    probe(ram_gib=16),
)


@given(
    st.sampled_from(MACHINES),
    SAID,
    st.sampled_from([Kind.CLOUD, Kind.TOKENS]),
    st.sampled_from([Decimal(n) for n in ("1.1", "2", "10", "1000")]),
)
@settings(max_examples=60, deadline=None)
def test_a_dearer_price_never_raises_a_rank(
    found: Probe, said: Answers, kind: Kind, factor: Decimal
) -> None:
    profile = asked(found, said)
    before = ranks(profile, offers()).get(kind)
    after = ranks(profile, dearer(offers(), kind, factor)).get(kind)
    if before is not None and after is not None:
        assert after >= before
    else:
        assert after is None or before is not None


@pytest.mark.parametrize(
    ("kind", "budget"),
    [(Kind.CLOUD, 10**6), (Kind.TOKENS, 2000)],  # with the first, a full model is rented
)
def test_a_price_decides_at_all(kind: Kind, budget: int) -> None:
    """What is far over the budget comes after what is within it."""
    said = answers(budget=Money(amount=Decimal(budget), currency="USD"))
    card = gpu("NVIDIA GeForce RTX 4070", 12)
    found = probe(card, ram_gib=12, engine=Missing("not_installed"))
    profile = asked(found, said)
    cheap, dear = ranks(profile, offers()), ranks(profile, dearer(offers(), kind, Decimal(10**6)))
    assert dear[kind] > cheap[kind]
