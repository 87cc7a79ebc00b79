"""The speed ranges beside what other people measured, and what a measurement changes."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.advice.placement import fit_across, fit_on, fit_spilled
from core.advice.speed import (
    ANSWER_TOKENS,
    THINKING_TOKENS,
    active_bytes,
    bandwidth_known,
    calibrated,
    calibration,
    measured_speed,
    predict_speed,
)
from core.advice.speeds import with_speeds
from core.advice.token_time import whole
from core.domain import (
    Accelerator,
    CardFacts,
    Catalog,
    Cpu,
    Device,
    Fit,
    FitPart,
    Measured,
    Source,
    Speed,
    Verdict,
)
from core.errors import AppError
from tests.unit.advice.parts import (
    GIB,
    ROOT,
    catalog,
    gpu,
    model,
    probe,
    profile,
    quant,
    shared_gpu,
)

CPU = Cpu(name="A processor", physical_cores=8)
SEVEN, EIGHT, FOURTEEN, THIRTYTWO, SEVENTY = (
    f"deepseek-r1-distill-{name}"
    for name in ("qwen-7b", "llama-8b", "qwen-14b", "qwen-32b", "llama-70b")
)
CODER, FLASH = "deepseek-coder-v2-lite-instruct", "deepseek-v4-flash-0731"
STARTER = "smollm2-135m-instruct"


@cache
def known() -> Catalog:
    data = (ROOT / "assets" / "catalog" / "speeds.toml").read_bytes()
    return with_speeds(catalog(), data)


def device(card, free_gib=64.0):
    accelerator = Accelerator.CPU if card is None else Accelerator.CUDA
    return Device(name="d", accelerator=accelerator, free_bytes=int(free_gib * GIB), gpu=card)


def lies_on(model_id, name, *devices):
    """All of it on these devices, in equal parts, whether it fits or not."""
    part = whole(model(model_id), quant(model_id, name), devices[0])
    parts = tuple(
        replace(
            part,
            device=where,
            layers=part.layers // len(devices),
            weights_bytes=part.weights_bytes // len(devices),
        )
        for where in devices
    )
    return Fit(verdict=Verdict.COMFORTABLE, needed_bytes=0, available_bytes=0, parts=parts)


def speed_on(model_id, card, cpu=CPU, *, name="Q4_K_M", arch="x86_64", context=1024, of=None):
    return predict_speed(
        model(model_id),
        quant(model_id, name),
        lies_on(model_id, name, device(card)),
        of or known(),
        probe(cpu=cpu, arch=arch),
        context=context,
    )


def tokens(*args, **more):
    return speed_on(*args, **more).tokens_per_s


# Published runs (llmfit community, geerlingguy/ai-benchmarks, XiongjieDai, llama.cpp threads).
RUNS = [
    (SEVEN, gpu("NVIDIA GeForce RTX 2080", 8), 77.2),
    (EIGHT, gpu("NVIDIA GeForce RTX 2080", 8), 71.7),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 3060", 12), 29.8),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 3080 Ti", 12), 70.7),
    (EIGHT, gpu("NVIDIA GeForce RTX 3090", 24), 111.7),
    (EIGHT, gpu("NVIDIA GeForce RTX 4070 Ti", 12), 82.2),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 4070 Ti", 12), 49.7),
    (EIGHT, gpu("NVIDIA GeForce RTX 4090", 24), 128.0),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 4090", 24), 92.5),
    (SEVEN, gpu("NVIDIA GeForce RTX 5070", 12), 111.0),
    (EIGHT, gpu("NVIDIA GeForce RTX 5070", 12), 105.0),
    (FOURTEEN, gpu("NVIDIA GeForce RTX 5070", 12), 56.4),
    (EIGHT, gpu("NVIDIA GeForce RTX 5090", 32), 224.0),
    (SEVEN, gpu("AMD Radeon RX 7900 XT", 20, vendor="amd"), 122.5),
    (FOURTEEN, gpu("AMD Radeon RX 7900 XT", 20, vendor="amd"), 65.7),
    (THIRTYTWO, gpu("AMD Radeon RX 7900 XT", 20, vendor="amd"), 30.9),
    (EIGHT, gpu("NVIDIA L40S", 48), 114.0),
    (SEVENTY, gpu("NVIDIA A100-SXM4-80GB", 80), 24.3),
    (FOURTEEN, shared_gpu("nvidia", "NVIDIA GB10"), 23.9),
    (SEVENTY, shared_gpu("nvidia", "NVIDIA GB10"), 4.6),
    (SEVEN, shared_gpu("apple", "Apple M4 Pro"), 49.6),
    (CODER, shared_gpu("apple", "Apple M4 Pro"), 91.0),
]


@pytest.mark.parametrize(("model_id", "card", "measured"), RUNS)
def test_the_range_holds_what_was_measured(model_id, card, measured):
    low, high = tokens(model_id, card)
    assert low <= measured <= high
    assert high <= low * (3.2 if model_id == CODER else 1.7)  # a range that says something


@pytest.mark.parametrize(("model_id", "card", "measured"), RUNS)
def test_without_other_runs_of_the_card_it_is_not_far_off(model_id, card, measured):
    low, high = tokens(model_id, card, of=catalog())
    assert low * 0.85 <= measured <= high * 1.15


def test_v4_flash_on_shared_memory():
    """Strix Halo with 128 GB: 16.2 and 12.9 tokens/s after 32 thousand tokens."""
    strix = shared_gpu("amd", "AMD Radeon 8060S")
    low, high = tokens(FLASH, strix, name="UD-IQ2_XXS")
    assert math.sqrt(low * high) == pytest.approx(16.2, rel=0.15)
    late_low, late_high = tokens(FLASH, strix, name="UD-IQ2_XXS", context=32768)
    assert math.sqrt(late_low * late_high) == pytest.approx(12.9, rel=0.15)


def spilled(model_id, card, free_gib, host_gbs):
    here = profile(card, ram_gib=64, cpu=replace(CPU, memory_bandwidth_gbs=host_gbs))
    file = quant(model_id, "Q4_K_M")
    found = fit_spilled(model(model_id), file, 4096, (device(card, free_gib), device(None)), here)
    assert found is not None
    assert found.verdict is Verdict.SPILLS
    return predict_speed(model(model_id), file, found, known(), here.probe)


def test_the_cliff_when_a_dense_model_spills():
    """14B on an RTX 2080 of 8 GB: 17.9; 32B on an RTX 5070 of 12 GB: 4.1 to 4.4 were measured."""
    low, high = spilled(FOURTEEN, gpu("NVIDIA GeForce RTX 2080", 8), 7.7, 94.0).tokens_per_s
    assert low <= 16.5 <= high
    assert low <= 17.9 <= high
    low, high = spilled(THIRTYTWO, gpu("NVIDIA GeForce RTX 5070", 12), 11.6, 77.0).tokens_per_s
    assert low <= 4.1 <= high
    assert high < 7
    whole_there = tokens(THIRTYTWO, gpu("NVIDIA GeForce RTX 5070", 12))
    assert high < whole_there[0] / 3


def test_what_a_slower_memory_beside_the_card_costs():
    card = gpu("NVIDIA GeForce RTX 2080", 8)
    quick, slow = (spilled(FOURTEEN, card, 7.7, gbs).tokens_per_s[1] for gbs in (94.0, 25.0))
    assert slow < quick / 2


def test_two_cards_work_one_after_the_other():
    """70B on two RTX 3090: 16.3; as fast as one such card with room for it would be, not twice."""
    card = gpu("NVIDIA GeForce RTX 3090", 24)
    here = profile(card, card, ram_gib=64)
    devices = (device(card, 23.6), device(card, 23.6))
    file = quant(SEVENTY, "Q4_K_M")
    found = fit_across(model(SEVENTY), file, 2048, devices, here)
    assert found is not None
    low, high = predict_speed(model(SEVENTY), file, found, known(), here.probe).tokens_per_s
    assert low <= 16.3 <= high
    alone = tokens(SEVENTY, card)
    assert (low, high) == pytest.approx(alone, rel=0.05)


def test_a_processor_of_known_bandwidth():
    """Ryzen with two channels of DDR5: 12.3 tokens/s on an 8 B were measured."""
    two_channels = replace(CPU, memory_bandwidth_gbs=89.6)
    low, high = tokens(EIGHT, None, two_channels)
    assert low <= 12.3 <= high
    assert bandwidth_known(device(None), known(), two_channels)


def test_a_raspberry_pi_is_known_by_its_name():
    pi = Cpu(name="Raspberry Pi 5 Model B Rev 1.0", physical_cores=4)
    low, high = tokens(FOURTEEN, None, pi, arch="arm64")
    assert low <= 1.20 <= high
    assert high < 1.6


def test_an_unknown_processor_gets_a_wide_and_careful_range():
    low, high = tokens(SEVEN, None)
    assert high > 4 * low
    assert low < 4
    assert tokens(SEVEN, None, arch="arm64")[0] < low
    assert not bandwidth_known(device(None), known(), CPU)


def test_an_unknown_card_is_never_taken_for_faster_than_a_known_one():
    strange = gpu("NVIDIA GeForce RTX 9999", 24)
    low, high = tokens(SEVEN, strange)
    slowest = tokens(SEVEN, gpu("NVIDIA GeForce GTX 1050 Ti", 4))
    assert low <= slowest[0]
    assert high > low * 5
    assert not bandwidth_known(device(strange), known(), CPU)


def bandwidths(gbs):
    card = CardFacts(
        name="Card",
        aliases=(),
        vram_bytes=None,
        memory_bandwidth_gbs=gbs,
        tdp_w=None,
        source=Source(text="made up"),
    )
    return Catalog(models=(), cards=(card,), images=(), made_on="2026-11-23")


def test_more_bandwidth_is_faster_and_more_bytes_are_slower():
    found = [tokens(FOURTEEN, gpu("Card", 24), of=bandwidths(gbs)) for gbs in (100, 300, 900, 2000)]
    assert found == sorted(found)
    sizes = [tokens(FOURTEEN, gpu(), name=name) for name in ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M")]
    assert sizes == sorted(sizes)
    models = [tokens(one, gpu()) for one in (SEVENTY, THIRTYTWO, FOURTEEN, SEVEN)]
    assert models == sorted(models)


def test_a_long_conversation_slows_it():
    """DGX Spark, 7B Q8_0: 29.4 at the start, 22.5 after 32 thousand tokens."""
    spark = shared_gpu("nvidia", "NVIDIA GB10")
    start = tokens(SEVEN, spark, name="Q8_0", context=0)
    late = tokens(SEVEN, spark, name="Q8_0", context=32768)
    assert late[0] / start[0] == pytest.approx(22.5 / 29.4, rel=0.05)


def test_of_a_model_with_experts_only_a_share_is_read():
    # 6 of 64 experts and all the rest, by the tensor sizes of that file: 1.61 GB.
    read = active_bytes(model(CODER), quant(CODER, "Q4_K_M"), 0)
    assert read == pytest.approx(1.61e9, rel=0.01)
    # V3 and R1: 37 of 671 billion parameters are active.
    huge = model("deepseek-r1")
    sizes = replace(
        quant(CODER, "Q4_K_M"),
        size_bytes=404_488_847_360,
        token_embd_bytes=521_256_960,
        expert_bytes=393_983_557_632,
    )
    assert active_bytes(huge, sizes, 0) == pytest.approx(404.5e9 * 37 / 671, rel=0.05)


def test_the_time_to_the_first_word():
    """llama-bench, 512 tokens: 4,030 per second for the 8B on an RTX 3090, 2,380 for the 7B in
    Q8_0 on a DGX Spark, 994 for the 8B on an M2 Ultra."""
    for model_id, card, name, rate in (
        (EIGHT, gpu("NVIDIA GeForce RTX 3090", 24), "Q4_K_M", 4030),
        (EIGHT, gpu("NVIDIA GeForce RTX 4090", 24), "Q4_K_M", 7139),
        (SEVEN, shared_gpu("nvidia", "NVIDIA GB10", compute_capability="12.1"), "Q8_0", 2380),
        (EIGHT, shared_gpu("apple", "Apple M2 Ultra"), "Q4_K_M", 994),
    ):
        low, high = speed_on(model_id, card, name=name).first_token_s
        assert low <= 500 / rate <= high
    on_card = speed_on(SEVEN, gpu()).first_token_s
    on_processor = speed_on(SEVEN, None, replace(CPU, memory_bandwidth_gbs=89.6)).first_token_s
    assert on_processor[0] > 5 * on_card[1]


def test_the_first_word_of_unknown_hardware_is_not_invented():
    assert speed_on(SEVEN, None).first_token_s is None
    assert speed_on(SEVEN, gpu("NVIDIA GeForce RTX 9999", 24)).first_token_s is None
    assert speed_on(SEVEN, None).answer_s is not None


def test_a_model_that_thinks_keeps_a_person_waiting():
    distill = speed_on(SEVEN, gpu())
    plain = speed_on(CODER, gpu())
    hybrid = speed_on(FLASH, shared_gpu("amd", "AMD Radeon 8060S"), name="UD-IQ2_XXS")
    written = THINKING_TOKENS + ANSWER_TOKENS
    first, rate = distill.first_token_s, distill.tokens_per_s
    assert distill.answer_s[0] == pytest.approx(first[0] + written / rate[1], rel=0.02)
    assert distill.answer_s[1] == pytest.approx(first[1] + written / rate[0], rel=0.02)
    assert plain.answer_s[1] < distill.answer_s[1]
    # Such a model thinks or not: from the quick end without to the slow end with it.
    assert hybrid.answer_s[0] < written / hybrid.tokens_per_s[1]
    assert hybrid.answer_s[1] > written / hybrid.tokens_per_s[0]


def test_it_says_that_it_is_an_estimate():
    assert speed_on(SEVEN, gpu()).basis == "estimate"


def run(model_id=SEVEN, rate=80.0, first=0.4, on=Accelerator.CUDA, name="Q4_K_M"):
    return Measured(
        model_id=model_id,
        quant_name=name,
        accelerator=on,
        tokens_per_s=rate,
        first_token_s=first,
    )


def measured_profile(*runs, card=None):
    here = profile(card or gpu(), ram_gib=64)
    return replace(here, measured=runs)


def on_first(here):
    return here.devices[0].accelerator


def test_what_was_measured_here_stands_in_place_of_the_estimate():
    here = measured_profile(run(rate=80.0), run(rate=20.0))
    found = measured_speed(here, model(SEVEN), quant(SEVEN, "Q4_K_M"), Accelerator.CUDA)
    assert found is not None
    assert found.basis == "measured"
    assert found.tokens_per_s == pytest.approx((72.0, 88.0))
    assert found.first_token_s == pytest.approx((0.36, 0.44))
    assert found.answer_s[0] == pytest.approx(
        (THINKING_TOKENS + ANSWER_TOKENS) / 88 + 0.36, rel=0.01
    )
    other = [
        measured_speed(here, model(EIGHT), quant(EIGHT, "Q4_K_M"), Accelerator.CUDA),
        measured_speed(here, model(SEVEN), quant(SEVEN, "Q8_0"), Accelerator.CUDA),
        measured_speed(here, model(SEVEN), quant(SEVEN, "Q4_K_M"), Accelerator.CPU),
    ]
    assert other == [None, None, None]


def test_a_measurement_moves_the_estimates_of_other_models():
    usual = math.sqrt(math.prod(tokens(SEVEN, gpu())))
    here = measured_profile()
    runs = (run(rate=usual * 0.8, on=on_first(here)), run(rate=usual * 2, on=on_first(here)))
    factors = calibration(replace(here, measured=runs), known())
    assert factors[on_first(here)] == pytest.approx(0.8, rel=0.02)
    before = speed_on(FOURTEEN, gpu())
    after = calibrated(before, model(FOURTEEN), 0.8)
    assert after.tokens_per_s == pytest.approx([end * 0.8 for end in before.tokens_per_s], rel=0.01)
    assert after.answer_s[1] > before.answer_s[1] * 1.2
    assert after.basis == "estimate"


@pytest.mark.parametrize(("rate", "factor"), [(1e-6, 0.25), (9_999.0, 2.0)])
def test_a_measurement_moves_nothing_out_of_reason(rate, factor):
    here = measured_profile()
    accelerator = on_first(here)
    factors = calibration(replace(here, measured=(run(rate=rate, on=accelerator),)), known())
    assert factors == {accelerator: factor}


def test_the_starter_says_nothing_of_large_models():
    here = measured_profile()
    tiny = next(one for one in catalog().models if one.starter)
    small = run(tiny.id, 400.0, on=on_first(here), name=tiny.quants[0].name)
    assert calibration(replace(here, measured=(small,)), known()) == {}
    assert (
        measured_speed(replace(here, measured=(small,)), tiny, tiny.quants[0], on_first(here)).basis
        == "measured"
    )


def test_what_does_not_fit_whole_says_nothing_of_the_card():
    here = measured_profile(card=gpu("NVIDIA GeForce RTX 2080", 8))
    slow = run(THIRTYTWO, 3.0, on=on_first(here))
    assert calibration(replace(here, measured=(slow,)), known()) == {}


def test_a_measurement_stands_in_for_an_unknown_bandwidth():
    before = speed_on(FOURTEEN, None)
    here = replace(profile(ram_gib=64), measured=(run(rate=9.0, on=Accelerator.CPU),))
    factor = calibration(here, known())[Accelerator.CPU]
    low, high = calibrated(before, model(FOURTEEN), factor).tokens_per_s
    assert low < 9.0 * 4.68 / 8.98 < high
    assert high < low * 1.7 < before.tokens_per_s[1] / before.tokens_per_s[0] * low


SPEED = Speed(tokens_per_s=(1.0, 2.0), basis="estimate")


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf])
def test_an_impossible_factor_moves_nothing(factor):
    assert calibrated(SPEED, model(SEVEN), factor) == SPEED


@pytest.mark.parametrize("rate", [math.nan, math.inf, 0.0, -3.0, 1e300])
def test_an_impossible_measurement_is_none(rate):
    here = measured_profile(run(rate=rate))
    file = quant(SEVEN, "Q4_K_M")
    assert measured_speed(here, model(SEVEN), file, Accelerator.CUDA) is None
    assert calibration(here, known()) == {}


whole_numbers = st.one_of(st.integers(-(10**30), 10**30), st.sampled_from([0, 1, -1, 10**400]))
numbers = st.one_of(st.floats(allow_nan=True, allow_infinity=True), st.none())


@given(
    sizes=st.tuples(*[whole_numbers] * 8),
    gbs=numbers,
    host_gbs=numbers,
    model_id=st.sampled_from([SEVEN, CODER, FLASH, "deepseek-v3.2"]),
    context=whole_numbers,
    no_parts=st.booleans(),
)
def test_whatever_is_put_in_a_speed_comes_out(sizes, gbs, host_gbs, model_id, context, no_parts):
    entry = replace(model(model_id), layers=sizes[0], params_active=sizes[1], params_total=sizes[2])
    file = replace(
        quant(CODER, "Q4_K_M"),
        size_bytes=sizes[3],
        token_embd_bytes=sizes[4],
        expert_bytes=sizes[5],
    )
    parts = tuple(
        FitPart(
            device=device(where),
            layers=sizes[6],
            weights_bytes=sizes[7],
            expert_bytes=sizes[5],
            repacked_bytes=0,
            kv_bytes=sizes[6],
            compute_bytes=0,
            overhead_bytes=0,
            available_bytes=0,
        )
        for where in (gpu("Card", 24), None)
    )
    fit = Fit(
        verdict=Verdict.SPILLS,
        needed_bytes=0,
        available_bytes=0,
        parts=() if no_parts else parts,
    )
    here = probe(cpu=replace(CPU, memory_bandwidth_gbs=host_gbs))
    found = predict_speed(entry, file, fit, bandwidths(gbs), here, context=context)
    ranges = [found.tokens_per_s, found.answer_s, found.first_token_s or (1.0, 1.0)]
    for low, high in ranges:
        assert math.isfinite(low)
        assert math.isfinite(high)
        assert 0 < low <= high


SPEEDS = (
    'format = 2\nmade_on = "2026-11-23"\n[[speeds]]\ncard = "GeForce RTX 3090"\n'
    'dense = 0.9\ndense_runs = 1\nsource = {text = "a run"}\n'
)


def test_runs_of_one_card_are_read():
    speeds = with_speeds(catalog(), SPEEDS.encode()).speeds
    assert [(one.card, one.dense, one.experts) for one in speeds] == [
        ("GeForce RTX 3090", 0.9, 1.0)
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("RTX 3090", "RTX 30900"),
        ("0.9", "0.0"),
        ("0.9", "nan"),
        ("0.9", "50.0"),
        ("dense_runs = 1", "dense_runs = -1"),
        ("dense =", "dence ="),
        ("a run", " "),
    ],
)
def test_a_slip_in_the_runs_stops_at_the_start(old, new):
    with pytest.raises(AppError) as caught:
        with_speeds(catalog(), SPEEDS.replace(old, new).encode())
    assert caught.value.code == "catalog_invalid"


def test_one_card_twice_is_a_slip():
    card = SPEEDS[SPEEDS.index("[[") :]
    with pytest.raises(AppError):
        with_speeds(catalog(), (SPEEDS + card).encode())


def test_fits_by_the_rules_of_memory_are_predicted_too():
    card = gpu("NVIDIA GeForce RTX 4090", 24)
    here = profile(card)
    file = quant(FOURTEEN, "Q4_K_M")
    found = fit_on(model(FOURTEEN), file, 8192, here.devices[0], here)
    assert found is not None
    by_rules = predict_speed(model(FOURTEEN), file, found, known(), here.probe).tokens_per_s
    assert by_rules == pytest.approx(tokens(FOURTEEN, card), rel=0.01)
