"""What is recommended for real machines, and that it stays within what they have."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cache

import pytest

from core.advice.cost_inputs import default_inputs
from core.advice.profile import build_profile
from core.advice.recommend import recommend, starter
from core.domain import (
    Accelerator,
    EngineKind,
    Kind,
    Missing,
    Money,
    Network,
    Purpose,
    Sensitivity,
    Verdict,
)
from core.edges.travel_files import decode_probe
from core.errors import AppError
from tests.unit.advice.honest import check_advice
from tests.unit.advice.parts import (
    DOCKER,
    GIB,
    MACHINES,
    answers,
    catalog,
    gpu,
    offers,
    profile,
    shared_gpu,
)

MAC = {"os": "macos", "arch": "arm64", "engine": Missing("not_installed")}
ALL_FILES = sorted(path.name for path in MACHINES.glob("*.json"))


def _advice(*gpus, **changes):
    return recommend(profile(*gpus, **changes), catalog(), offers())


def _first(*gpus, **changes):
    return _advice(*gpus, **changes).recommendations[0]


def _usd(amount, currency="USD"):
    return Money(amount=Decimal(amount), currency=currency)


def _codes(notes):
    return [note.code for note in notes]


@cache
def _machine(name, sensitivity=Sensitivity.PUBLIC):
    found = decode_probe((MACHINES / name).read_bytes())
    return build_profile(found, answers(sensitivity=sensitivity))


# Model, quantization and accelerator of the first line: the reading of the memory and speed tables.
# The whole of what is told on each machine is in the golden table.
EXPECTED = {
    "rtx4070-12gb.json": ("qwen-14b", "Q4_K_M", Accelerator.CUDA13),
    "rtx3060-12gb.json": ("qwen-14b", "Q4_K_M", Accelerator.CUDA),
    "rtx4090-24gb.json": ("qwen-32b", "Q4_K_M", Accelerator.CUDA13),
    # Two cards are used together where one holds only a coarser file.
    "two-rtx3090.json": ("qwen-32b", "Q6_K", Accelerator.CUDA13),
    "rtx5090-32gb.json": ("qwen-32b", "Q5_K_M", Accelerator.CUDA13),
    "rtx5060ti-16gb.json": ("qwen-14b", "Q5_K_M", Accelerator.CUDA13),
    "rtx4060-8gb.json": ("qwen-7b", "Q5_K_M", Accelerator.CUDA13),
    "arc-a770-16gb.json": ("qwen-14b", "Q4_K_M", Accelerator.INTEL),
    "windows-rtx4060-laptop.json": ("qwen-7b", "Q4_K_M", Accelerator.CUDA13),
    "dgx-spark-128gb.json": ("qwen-32b", "Q4_K_M", Accelerator.CUDA13),
    "apple-m4-16gb.json": ("qwen-7b", "Q5_K_M", Accelerator.METAL),
    "apple-m2-16gb.json": ("qwen-7b", "Q4_K_M", Accelerator.METAL),
    # The smallest in its fine file, whose hash the download takes from its source.
    "laptop-8gb-no-gpu.json": ("qwen-1.5b", "Q8_0", Accelerator.CPU),
    "raspberry-pi-5.json": ("qwen-1.5b", "Q8_0", Accelerator.CPU),
    "unknown-gpu.json": ("qwen-1.5b", "Q8_0", Accelerator.CPU),
    # And in a coarser one where that does not fit.
    "container-4gb.json": ("qwen-1.5b", "Q5_K_M", Accelerator.CPU),
}


@pytest.mark.parametrize("name", EXPECTED)
def test_a_real_machine_gets_what_suits_it(name):
    found = recommend(_machine(name), catalog(), offers()).recommendations[0]
    model, quant, accelerator = EXPECTED[name]
    assert found.model.id == f"deepseek-r1-distill-{model}"
    assert (found.quant.name, found.accelerator) == (quant, accelerator)
    assert found.can_set_up


@pytest.mark.parametrize("name", ALL_FILES)
@pytest.mark.parametrize("sensitivity", Sensitivity)
def test_every_machine_gets_honest_advice(name, sensitivity):
    seen = _machine(name, sensitivity)
    check_advice(recommend(seen, catalog(), offers()), seen, catalog())
    assert starter(seen, catalog(), offers()).model.starter


@pytest.mark.parametrize(
    ("card", "gib", "model", "quant"),
    [
        ("NVIDIA GeForce GTX 1050 Ti", 4, "qwen-1.5b", "Q8_0"),
        ("NVIDIA GeForce RTX 4060", 8, "qwen-7b", "Q5_K_M"),
        ("NVIDIA GeForce RTX 4070", 12, "qwen-14b", "Q4_K_M"),
        ("NVIDIA GeForce RTX 5080", 16, "qwen-14b", "Q5_K_M"),
        ("NVIDIA GeForce RTX 3090", 24, "qwen-32b", "Q4_K_M"),
        # Finer than Q6_K is slower for a gain that nobody notices.
        ("NVIDIA RTX A6000", 48, "qwen-32b", "Q6_K"),
        # The 70B scores hardly more at twice the size.
        ("NVIDIA A100-SXM4-80GB", 80, "qwen-32b", "Q6_K"),
    ],
)
def test_the_size_of_the_card_decides(card, gib, model, quant):
    found = _first(gpu(card, gib), ram_gib=64)
    assert found.model.id == f"deepseek-r1-distill-{model}"
    assert found.quant.name == quant
    assert found.fit.verdict in (Verdict.COMFORTABLE, Verdict.TIGHT)


def test_what_is_free_decides_not_what_is_built_in():
    game = gpu(gib=24, vram_free_bytes=7 * GIB)
    assert _first(game, ram_gib=64).model.id == "deepseek-r1-distill-qwen-7b"


def test_the_context_shrinks_before_the_better_model_is_given_up():
    found = _first(gpu("NVIDIA GeForce RTX 4070", 12, vram_free_bytes=11 * GIB))
    assert found.model.id == "deepseek-r1-distill-qwen-14b"
    assert 4096 <= found.context < 8192
    assert found.fit.verdict is Verdict.TIGHT
    assert "limit.tight" in _codes(found.reasons)
    assert _first(gpu(gib=24)).context == 8192


def test_a_model_that_would_crawl_is_not_first():
    """On an unknown processor nothing is sure to be pleasant: then the time that one waits for an
    answer decides, and a model that reads little for each word and does not think first wins."""
    lines = _advice(ram_gib=64).recommendations
    assert lines[0].model.id == "deepseek-v2-lite-chat"
    assert "limit.speed_unknown_processor" in _codes(lines[0].reasons)
    private = answers(sensitivity=Sensitivity.PRIVATE)
    lines = _advice(ram_gib=64, said=private).recommendations
    seven = next(line for line in lines if line.model and line.model.id.endswith("qwen-7b"))
    assert "limit.maybe_slow" in _codes(seven.reasons)
    assert _codes(seven.not_first) == ["not_first.slower"]


def test_a_fast_processor_may_run_the_seven_b():
    fast = replace(profile(ram_gib=64).probe.cpu, memory_bandwidth_gbs=307.2)
    assert _first(ram_gib=64, cpu=fast).model.params_total > 7e9


def test_legacy_and_starter_models_are_never_ranked():
    lines = _advice(gpu(gib=80), ram_gib=128).recommendations
    assert not any(line.model and (line.model.legacy or line.model.starter) for line in lines)


def test_regulated_data_get_local_lines_only_and_private_never_a_provider():
    rich = Money(amount=Decimal(10_000), currency="USD")
    for sensitivity, kinds in (
        (Sensitivity.REGULATED, {Kind.LOCAL}),
        (Sensitivity.PRIVATE, {Kind.LOCAL, Kind.HYBRID}),
        (Sensitivity.PUBLIC, set(Kind)),
    ):
        said = answers(sensitivity=sensitivity, budget=rich)
        lines = _advice(gpu(), said=said).recommendations
        assert {line.kind for line in lines} == kinds
        assert lines[0].kind is Kind.LOCAL


def test_what_costs_money_has_a_price_with_its_date_and_cannot_be_set_up_yet():
    ways = _advice(gpu()).recommendations
    assert {way.kind for way in ways} == set(Kind)
    for way in ways:
        if way.kind is not Kind.LOCAL:
            assert _codes(way.why_not) == ["why_not.not_in_this_version"]
            assert way.cost.monthly[0] > 0
            assert all(note.price.source.date for note in way.cost.prices)
            assert not way.can_set_up


def test_without_money_what_costs_is_named_as_over_the_budget_and_never_first():
    """It was left out before: then nobody saw what it would take."""
    ways = _advice(gpu(), said=answers(budget=_usd(0))).recommendations
    assert ways[0].kind is Kind.LOCAL
    for way in ways:
        if way.kind is not Kind.LOCAL:
            assert "limit.over_your_budget" in _codes(way.reasons)
            assert _codes(way.not_first) == ["not_first.over_budget"]


def test_without_containers_the_built_in_engine_takes_the_processor():
    found = _first(ram_gib=16, engine=Missing("not_installed"))
    assert (found.engine, found.accelerator) == (EngineKind.BUILTIN, Accelerator.CPU)
    assert found.image is None


def test_on_a_mac_the_built_in_engine_takes_metal_even_beside_docker():
    chip = shared_gpu("apple", "Apple M4 Pro")
    for engine in (Missing("not_installed"), DOCKER):
        found = _first(chip, ram_gib=48, **{**MAC, "engine": engine})
        assert (found.engine, found.accelerator) == (EngineKind.BUILTIN, Accelerator.METAL)
        assert found.image is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"engine": Missing("not_installed")}, "needs_containers"),
        ({"engine": replace(DOCKER, gpu_runtime=None)}, "gpu_runtime_missing"),
        ({"engine": replace(DOCKER, kind="podman", gpu_runtime="cdi")}, "podman_gpu"),
    ],
)
def test_a_card_behind_an_obstacle_is_named_with_what_it_could_do(changes, why):
    lines = _advice(gpu(gib=24), ram_gib=64, **changes).recommendations
    assert lines[0].can_set_up
    assert lines[0].accelerator is Accelerator.CPU
    assert f"limit.card.{why}" in _codes(lines[0].reasons)
    blocked = [line for line in lines if line.kind is Kind.LOCAL and line.why_not]
    assert [line.model.id for line in blocked] == ["deepseek-r1-distill-qwen-32b"]
    assert _codes(blocked[0].why_not) == [f"why_not.card.{why}"]
    assert not blocked[0].can_set_up


def test_an_unknown_card_falls_back_to_the_processor_and_says_so():
    found = _first(gpu("Moore Threads S80", vendor="unknown"), ram_gib=32)
    assert found.accelerator is Accelerator.CPU
    assert "limit.card.unknown_card" in _codes(found.reasons)


def test_a_boards_own_graphics_are_said_to_need_their_engine():
    """Not that they would bring nothing, as it is said of small chips in laptops."""
    board = shared_gpu("nvidia", "Orin (nvgpu)", compute_capability="8.7", driver="540.4.0")
    found = _first(board, ram_gib=64, arch="arm64")
    assert found.accelerator is Accelerator.CPU
    assert "limit.card.needs_own_image" in _codes(found.reasons)


def test_a_small_shared_chip_is_passed_over_and_named():
    found = _first(shared_gpu("intel", "Intel UHD Graphics 770"), ram_gib=32)
    assert found.accelerator is Accelerator.CPU
    assert "limit.card.shares_memory" in _codes(found.reasons)


@pytest.mark.parametrize("ram_gib", [0.5, 1, 2])
def test_where_nothing_fits_it_is_said_plainly(ram_gib):
    lines = _advice(ram_gib=ram_gib).recommendations
    local = [line for line in lines if line.kind is Kind.LOCAL]
    if local[0].model is not None:
        assert local[0].model.starter
        assert "limit.starter_not_deepseek" in _codes(local[0].reasons)
    assert local[-1].model is None
    assert _codes(local[-1].why_not) == ["why_not.nothing_fits"]
    params = dict(local[-1].why_not[0].params)
    assert params["needed_bytes"] > params["available_bytes"]


def test_a_full_disk_is_named_as_the_reason():
    lines = _advice(gpu(), disk_bytes=GIB // 2).recommendations
    assert lines[0].model.starter
    assert _codes(lines[1].why_not) == ["why_not.disk_full"]
    assert dict(lines[1].why_not[0].params)["free_bytes"] == GIB // 2


def test_an_unknown_disk_is_said_and_no_reason_to_refuse():
    found = _first(gpu(), disks=())
    assert found.can_set_up
    assert "limit.disk_unknown" in _codes(found.reasons)


def test_no_internet_is_said():
    away = Network(hub="no_route", registry="no_route", proxy=None)
    assert "limit.offline" in _codes(_first(gpu(), network=away).reasons)


def test_the_purpose_counts():
    """By LiveCodeBench the Llama 8B is ahead of the Qwen 7B, by the mean of all scores behind."""
    card = gpu("NVIDIA GeForce RTX 4060", 8)
    code = _first(card, said=answers(purpose=Purpose.CODE))
    assert code.model.id == "deepseek-r1-distill-llama-8b"
    assert _first(card).model.id == "deepseek-r1-distill-qwen-7b"
    pictures = _first(gpu(), said=answers(purpose=Purpose.IMAGES))
    assert "limit.no_images" in _codes(pictures.reasons)


def test_a_catalogue_of_one_model_can_be_asked():
    """As the command line does for a model that was asked for by name."""
    one = next(m for m in catalog().models if m.id.endswith("llama-70b"))
    narrow = replace(catalog(), models=(one,))
    assert (
        recommend(profile(gpu(gib=80), ram_gib=128), narrow, offers()).recommendations[0].model
        is one
    )
    lines = recommend(profile(ram_gib=8), narrow, offers()).recommendations
    assert not any(line.can_set_up for line in lines)
    with pytest.raises(AppError) as caught:
        starter(profile(), narrow, offers())
    assert caught.value.code == "catalog_invalid"


def test_the_starter_runs_on_the_processor_and_says_what_it_is():
    found = starter(profile(gpu(), ram_gib=8), catalog(), offers())
    assert found.can_set_up
    assert found.accelerator is Accelerator.CPU
    assert found.quant.size_bytes == 98362432
    assert found.first_answer_minutes[1] <= 2
    assert "limit.starter_not_deepseek" in _codes(found.reasons)
    assert "limit.distilled" not in _codes(found.reasons)


def test_the_starter_takes_metal_and_else_the_processor():
    chip = shared_gpu("apple", "Apple M2")
    assert (
        starter(profile(chip, ram_gib=16, **MAC), catalog(), offers()).accelerator
        is Accelerator.METAL
    )
    tight = starter(profile(chip, ram_gib=8, free_gib=2.2, **MAC), catalog(), offers())
    assert tight.accelerator is Accelerator.CPU


def test_the_starter_that_does_not_fit_says_so():
    found = starter(profile(ram_gib=1), catalog(), offers())
    assert not found.can_set_up
    assert _codes(found.why_not) == ["why_not.nothing_fits"]


def test_electricity_over_the_budget_is_said():
    said = answers(budget=Money(amount=Decimal(1), currency="USD"), country="US")
    assert "limit.over_budget" in _codes(_first(gpu(), said=said).reasons)


@pytest.mark.parametrize("amount", [0, 100])
def test_hardware_over_the_budget_is_not_called_electricity(amount):
    seen = profile(gpu(), said=answers(budget=_usd(amount)))
    inputs = replace(default_inputs(seen.answers, offers()), hardware_price=_usd(1500))
    advice = recommend(seen, catalog(), offers(), inputs)
    codes = _codes(advice.recommendations[0].reasons)
    assert "limit.over_your_budget" in codes
    assert "limit.over_budget" not in codes
    said = dict(advice.assumptions)
    assert said["hardware_yours"] == "1500 USD"
    assert "hardware_price" not in said  # which says that nothing has to be bought


def test_what_a_cost_rests_on_is_among_the_assumptions():
    seen = profile(gpu(), said=answers())
    inputs = replace(
        default_inputs(seen.answers, offers()),
        busy_share=(0.1, 0.4),
        off_peak_share=0.3,
        idle_minutes=7,
        kwh_price=Money(amount=Decimal("0.3"), currency="EUR"),
    )
    said = dict(recommend(seen, catalog(), offers(), inputs).assumptions)
    assert said["busy_percent"] == "10–40"
    assert said["off_peak_percent"] == 30
    assert said["idle_minutes"] == 7
    assert "EUR" in str(said["usd_rate"])
    strict = profile(gpu(), said=answers(sensitivity=Sensitivity.REGULATED))
    assert "stay_percent" not in dict(recommend(strict, catalog(), offers()).assumptions)


@pytest.mark.parametrize("amount", [0, 1, 10**9])
def test_any_budget_gets_advice(amount):
    seen = profile(gpu(), said=answers(budget=_usd(amount)))
    check_advice(recommend(seen, catalog(), offers()), seen, catalog())


@pytest.mark.parametrize("changes", [{"country": "ZZ"}, {"budget": _usd(600, "XTS")}])
def test_a_country_or_a_currency_that_nobody_knows_is_said_and_nothing_is_guessed(changes):
    seen = profile(gpu(), said=answers(**changes))
    advice = recommend(seen, catalog(), offers())
    check_advice(advice, seen, catalog())
    code = "tariff_unknown" if "country" in changes else "currency_unknown"
    assert code in dict(advice.assumptions)
    if code == "tariff_unknown":
        assert advice.recommendations[0].cost.monthly is None
    # Not to be placed beside the budget is not to be over it.
    said = [note.code for way in advice.recommendations for note in way.reasons]
    assert code == "tariff_unknown" or "limit.over_your_budget" not in said


def test_inputs_that_nobody_can_mean_are_refused():
    wrong = replace(default_inputs(answers(), offers()), hours_per_day=float("nan"))
    with pytest.raises(AppError) as caught:
        recommend(profile(), catalog(), offers(), wrong)
    assert (caught.value.code, caught.value.field) == ("cost_inputs_invalid", "hours_per_day")


def test_a_changed_assumption_changes_the_cost_and_nothing_of_the_fit():
    seen = profile(gpu())
    usual = recommend(seen, catalog(), offers())
    inputs = replace(usual.inputs, hours_per_day=8.0)
    more = recommend(seen, catalog(), offers(), inputs)
    assert more.inputs == inputs
    assert more.recommendations[0].cost.monthly[1] > usual.recommendations[0].cost.monthly[1]
    assert more.recommendations[0].fit == usual.recommendations[0].fit


def test_what_is_said_twice_and_differs_is_named_and_the_smaller_counts():
    seen = _machine("contradictory-facts.json")
    advice = recommend(seen, catalog(), offers())
    said = [value for code, value in advice.assumptions if code == "two_answers"]
    assert said == ["memory", "NVIDIA GeForce RTX 3060"]
    assert seen.ram_free_bytes == 16 * GIB
    assert seen.devices[0].free_bytes == 12 * GIB


def test_every_way_that_is_not_first_says_why():
    ways = _advice(gpu()).recommendations
    assert ways[0].not_first == ()
    assert all(len(way.not_first) == 1 for way in ways[1:])


def test_the_first_says_where_another_answers_better():
    assert "limit.stronger.tokens" in _codes(_first(gpu()).reasons)
    private = answers(sensitivity=Sensitivity.PRIVATE)
    assert "limit.stronger.tokens" not in _codes(_first(gpu(), said=private).reasons)


def test_nobody_is_shown_a_much_weaker_model_beside_a_quick_better_one():
    private = answers(sensitivity=Sensitivity.PRIVATE)
    ways = _advice(gpu("NVIDIA RTX A6000", 48), ram_gib=64, said=private).recommendations
    names = [way.model.id.rsplit("-", 1)[1] for way in ways if way.kind is Kind.LOCAL]
    assert "1.5b" not in names
    assert names[:2] == ["32b", "14b"]


def test_what_most_likely_crawls_is_passed_over():
    advice = _advice(gpu("NVIDIA GeForce RTX 4060", 8), ram_gib=32)
    assert not any(
        way.model and way.model.id.endswith("32b")
        for way in advice.recommendations
        if way.kind is Kind.LOCAL
    )
    passed = {one.model.id: one.note.code for one in advice.passed_over}
    assert passed["deepseek-r1-distill-qwen-32b"] in ("passed.slow", "passed.crawls")


def test_where_the_hub_is_silent_a_file_with_our_own_checksum_comes_first():
    """A mirror may bring it, but is not asked which bytes are right."""
    silent = Network(hub="timeout", registry="ok", proxy=None)
    for ram_gib in (8, 16, 64):
        online = _advice(ram_gib=ram_gib).recommendations
        offline = _advice(ram_gib=ram_gib, network=silent).recommendations
        assert offline[0].can_set_up
        assert offline[0].quant.sha256, ram_gib
        assert any(line.can_set_up and not line.quant.sha256 for line in online), ram_gib
        unvouched = [line for line in offline[1:] if line.can_set_up and not line.quant.sha256]
        assert all(_codes(line.not_first) == ["not_first.no_checksum"] for line in unvouched)
