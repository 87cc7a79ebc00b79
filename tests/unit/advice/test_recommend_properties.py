"""What must hold for any computer: never over memory, more is never worse, always the same."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from core.advice.advice_json import advice_json
from core.advice.candidates import quality
from core.advice.profile import build_profile
from core.advice.recommend import POINTS_THAT_COUNT, recommend, starter
from core.domain import (
    Accelerator,
    Choices,
    GpuKind,
    Kind,
    Missing,
    Purpose,
    Sensitivity,
    Unreadable,
)
from core.setup.plan import make_plan
from tests.unit.advice.parts import DOCKER, GIB, answers, catalog, gpu, probe

UNREAD = Unreadable("timeout")
SIZES = st.integers(min_value=0, max_value=200 * GIB)
FACTS = st.one_of(SIZES, st.just(UNREAD), st.just(Missing("not_there")))
NAMES = st.sampled_from([card.name for card in catalog().cards] + ["NVIDIA Unheard Of", ""])

# Cards with memory of their own: a chip with shared memory has no size to vary.
CARDS = st.sampled_from(
    [card.name for card in catalog().cards if card.efficiency in (None, 0.4)] + ["Unheard Of"]
)


@st.composite
def gpus(draw):
    shared = draw(st.booleans())
    return gpu(
        draw(NAMES),
        vendor=draw(st.sampled_from(["nvidia", "amd", "intel", "apple", "unknown"])),
        kind=GpuKind.INTEGRATED if shared else draw(st.sampled_from(GpuKind)),
        vram_bytes=draw(FACTS),
        vram_free_bytes=draw(FACTS),
        driver=draw(st.sampled_from(["580.95", "550.1", "470.0", "?", UNREAD])),
        compute_capability=draw(st.sampled_from(["8.9", "12.1", "8.7", "6.1", "gfx1100", UNREAD])),
        unified_memory=shared,
    )


ENGINES = st.sampled_from(
    [DOCKER, replace(DOCKER, gpu_runtime=None), replace(DOCKER, problem="docker_denied"), UNREAD]
)


@st.composite
def probes(draw):
    return probe(
        os=draw(st.sampled_from(["linux", "windows", "macos"])),
        arch=draw(st.sampled_from(["x86_64", "arm64"])),
        wsl=draw(st.booleans()),
        ram_bytes=draw(FACTS),
        ram_free_bytes=draw(FACTS),
        gpus=draw(st.one_of(st.just(UNREAD), st.lists(gpus(), max_size=3).map(tuple))),
        engine=draw(ENGINES),
        disk_bytes=draw(FACTS),
    )


SAID = st.builds(
    answers,
    sensitivity=st.sampled_from(Sensitivity),
    purpose=st.sampled_from(Purpose),
    horizon_months=st.sampled_from([1, 6, 24]),
    country=st.sampled_from(["US", "CN", "DE"]),
)


@given(probes(), SAID)
@settings(max_examples=100, deadline=None)
def test_nothing_is_ever_recommended_above_what_may_be_used(found, said):
    profile = build_profile(found, said)
    for line in (*recommend(profile, catalog()).recommendations, starter(profile, catalog())):
        if line.fit is not None:
            assert line.fit.needed_bytes <= line.fit.available_bytes
        if not line.can_set_up:
            continue
        free = max(
            device.free_bytes
            for device in profile.devices
            if (device.name, device.accelerator) == (line.device_name, line.accelerator)
        )
        assert line.fit.available_bytes <= free
        if line.accelerator is Accelerator.CPU:
            assert free <= profile.ram_free_bytes
        room = profile.disk_free_bytes
        assert room is None or line.quant.size_bytes <= room
        assert line.quant.sha256
        plan_fits(line, profile)


def plan_fits(line, profile):
    """What is recommended can be planned, with the same need."""
    plan = make_plan(line, Choices(), profile, model_folder="/models")
    assert plan.memory_bytes == line.fit.needed_bytes


@given(probes(), SAID)
@settings(max_examples=50, deadline=None)
def test_what_must_stay_never_gets_a_way_out(found, said):
    lines = recommend(build_profile(found, said), catalog()).recommendations
    kinds = {line.kind for line in lines}
    if said.sensitivity is Sensitivity.REGULATED:
        assert kinds <= {Kind.LOCAL}
    if said.sensitivity is Sensitivity.PRIVATE:
        assert kinds <= {Kind.LOCAL, Kind.HYBRID}


@given(probes(), SAID)
@settings(max_examples=40, deadline=None)
def test_the_same_question_gets_the_same_answer_in_plain_types(found, said):
    one = advice_json(recommend(build_profile(found, said), catalog()))
    turned = replace(catalog(), models=tuple(reversed(catalog().models)))
    two = advice_json(recommend(build_profile(found, said), turned))
    assert one == two
    assert json.loads(json.dumps(one)) == one


def _worth(profile, purpose):
    """How good the first line is: a pleasant speed, then the points for the purpose."""
    first = recommend(profile, catalog()).recommendations[0]
    if first.model is None or first.model.starter:
        return (0, 0.0)
    pleasant = "reason.pleasant_speed" in [note.code for note in first.reasons]
    points = round(quality(first.model, catalog(), purpose) / POINTS_THAT_COUNT)
    return (2, points) if pleasant else (1, first.speed.tokens_per_s[0])


@given(
    CARDS,
    st.integers(min_value=1, max_value=99),
    st.integers(min_value=0, max_value=99),
    st.integers(min_value=4, max_value=128),
    st.sampled_from(Purpose),
)
@settings(max_examples=100, deadline=None)
def test_more_graphics_memory_never_makes_it_worse(name, gib, more, ram_gib, purpose):
    said = answers(purpose=purpose)
    small, large = (
        build_profile(probe(gpu(name, size, vram_free_bytes=size * GIB), ram_gib=ram_gib), said)
        for size in (gib, gib + more)
    )
    assert _worth(small, purpose) <= _worth(large, purpose)


@given(st.integers(min_value=1, max_value=128), st.integers(min_value=0, max_value=128))
@settings(max_examples=40, deadline=None)
def test_more_memory_never_makes_it_worse(gib, more):
    small, large = (
        build_profile(probe(ram_gib=size, free_gib=size), answers()) for size in (gib, gib + more)
    )
    assert _worth(small, Purpose.CHAT) <= _worth(large, Purpose.CHAT)
