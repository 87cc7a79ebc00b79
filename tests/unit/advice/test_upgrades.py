"""What would have to be bought or changed, and why each model that is not shown was passed over."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from core.advice.candidates import least_speed
from core.advice.recommend import recommend
from core.advice.upgrades import models_to_weigh
from core.domain import Cpu, Disk, Gpu, Measured, Missing, PassedOver, Profile, Unreadable, Upgrade
from tests.unit.advice.parts import DOCKER, GIB, answers, catalog, gpu, offers, profile, shared_gpu

NO_CONTAINERS = {"engine": Missing("not_installed")}


def upgrades(seen: Profile) -> dict[str, Upgrade]:
    found = recommend(seen, catalog(), offers()).upgrades
    return {upgrade.note.code: upgrade for upgrade in found}


def card(seen: Profile) -> Upgrade | None:
    return next((found for found in upgrades(seen).values() if found.card), None)


def passed(seen: Profile) -> dict[str, PassedOver]:
    return {one.model.id: one for one in recommend(seen, catalog(), offers()).passed_over}


@pytest.mark.parametrize(
    ("here", "gib", "model", "least_gib"),
    [
        (None, 0, "qwen-7b", 8),
        ("NVIDIA GeForce RTX 4060", 8, "qwen-14b", 12),
        ("NVIDIA GeForce RTX 4070", 12, "qwen-32b", 24),
    ],
)
def test_the_next_better_model_and_the_card_that_brings_it(
    here: str | None, gib: float, model: str, least_gib: int
) -> None:
    cards = (gpu(here, gib),) if here else ()
    found = card(profile(*cards, ram_gib=12 if not here else 32))
    assert found is not None
    assert found.model.id == f"deepseek-r1-distill-{model}"
    assert found.card is not None
    assert (found.card.vram_bytes or 0) >= least_gib * GIB * 0.95
    params = dict(found.note.params)
    assert params["card"] == found.card.name
    assert params["date"] != "?"


def test_what_was_measured_on_the_card_that_is_here_is_not_promised_of_another() -> None:
    here = profile(gpu("NVIDIA GeForce RTX 4070", 12), ram_gib=32)
    wanted = card(here)
    assert wanted is not None
    # The same model, spilled over into the computer's memory.
    crawled = Measured(
        model_id=wanted.model.id,
        quant_name=wanted.quant.name,
        accelerator=here.devices[0].accelerator,
        tokens_per_s=2.0,
        first_token_s=5.0,
    )
    assert card(replace(here, measured=(crawled,))) == wanted


def test_who_has_the_best_that_one_card_runs_is_sold_nothing() -> None:
    assert card(profile(gpu(gib=24), ram_gib=64)) is None


@pytest.mark.parametrize(
    ("cards", "changes"),
    [
        ((shared_gpu("apple", "Apple M2"),), {"os": "macos", "arch": "arm64"}),
        ((), {"arch": "arm64"}),
        ((shared_gpu("intel", "Intel Iris Xe Graphics"),), {}),
        ((gpu("NVIDIA GeForce RTX 4060 Laptop GPU", 8),), {}),
        ((), {"cpu": Cpu(name="Intel Core i5-7200U CPU @ 2.50GHz", physical_cores=2)}),
        ((), {"cpu": Cpu(name="AMD Ryzen 7 PRO 7840U w/ Radeon 780M", physical_cores=8)}),
        ((), {"cpu": Cpu(name="Intel(R) N100", physical_cores=4)}),
    ],
)
def test_no_card_is_advised_where_none_can_be_put_in(
    cards: tuple[Gpu, ...], changes: dict[str, Any]
) -> None:
    assert card(profile(*cards, ram_gib=8, **changes)) is None


@pytest.mark.parametrize(
    "name",
    ["13th Gen Intel Core i5-13400F", "AMD Ryzen 5 5600X 6-Core Processor", "AMD EPYC 9354P"],
)
def test_desktops_take_a_card(name: str) -> None:
    assert card(profile(ram_gib=8, cpu=Cpu(name=name, physical_cores=6))) is not None


def test_no_card_is_advised_where_one_is_in_it_that_only_has_to_be_made_usable() -> None:
    broken = gpu(
        "NVIDIA GeForce RTX 3070",
        vram_bytes=Unreadable("driver_broken"),
        vram_free_bytes=Unreadable("driver_broken"),
        driver=Unreadable("driver_broken"),
    )
    assert card(profile(broken, ram_gib=16)) is None
    assert card(profile(gpu("NVIDIA GeForce RTX 4060", 8), ram_gib=16, **NO_CONTAINERS)) is None
    no_toolkit = replace(DOCKER, gpu_runtime=None)
    assert card(profile(gpu(gib=8), ram_gib=16, engine=no_toolkit)) is None
    old = gpu("NVIDIA GeForce GT 710", 2, compute_capability="3.5")
    assert card(profile(old, ram_gib=16)) is not None


def test_no_card_is_advised_where_it_is_not_known_what_is_there() -> None:
    assert card(profile(ram_gib=8, gpus=Unreadable("no_permission"))) is None


def test_a_card_of_the_same_size_is_not_bought() -> None:
    busy = gpu("NVIDIA GeForce RTX 4070", 12, vram_free_bytes=6 * GIB)
    found = card(profile(busy, ram_gib=16))
    assert found is None or found.card is None or (found.card.vram_bytes or 0) > 13 * GIB


def test_where_the_disk_is_too_small_a_card_would_not_help() -> None:
    assert card(profile(gpu(gib=12), disk_bytes=GIB // 4)) is None


def test_a_dearer_card_that_brings_no_more_is_never_advised() -> None:
    found = card(profile(ram_gib=12))
    assert found is not None
    assert found.card is not None
    assert found.card.price is not None
    cheaper = [
        other
        for other in catalog().cards
        if other.price
        and other.kind == "discrete"
        and other.vendor == "nvidia"
        and (other.year or 0) >= 2021
        and (other.vram_bytes or 0) >= (found.card.vram_bytes or 0)
    ]
    assert min(other.price.amount for other in cheaper if other.price) == found.card.price.amount


def test_closing_programs_is_advised_only_for_a_pleasant_speed() -> None:
    fast = Cpu(name="A server", physical_cores=32, memory_bandwidth_gbs=300.0)
    found = upgrades(profile(ram_gib=32, free_gib=4, cpu=fast)).get("upgrade.close_programs")
    assert found is not None
    assert found.model.params_total > 7e9
    slow = Cpu(name="A board", physical_cores=4, memory_bandwidth_gbs=10.0)
    assert "upgrade.close_programs" not in upgrades(profile(ram_gib=32, free_gib=4, cpu=slow))


def test_with_most_of_the_memory_free_nothing_need_be_closed() -> None:
    assert "upgrade.close_programs" not in upgrades(profile(ram_gib=16, free_gib=14))


def test_every_model_has_its_reason() -> None:
    found = {key: one.note.code for key, one in passed(profile(gpu(), ram_gib=64)).items()}
    assert found["deepseek-llm-7b-chat"] == "passed.legacy"
    assert found["deepseek-r1"] == "passed.superseded"
    assert found["deepseek-v4.1-flash-1017"] == "passed.engine"
    assert found["deepseek-v4-pro-0813"] == "passed.no_file"
    assert found["deepseek-v3-0324"] == "passed.too_large"
    assert found["deepseek-r1-distill-qwen-7b"] == "passed.weaker"


def test_equally_good_but_larger_is_a_reason() -> None:
    found = passed(profile(gpu("NVIDIA A100-SXM4-80GB", 80), ram_gib=128))
    assert found["deepseek-r1-distill-llama-70b"].note.code == "passed.larger"


def test_what_is_better_but_slow_is_not_called_larger() -> None:
    found = passed(profile(ram_gib=12))
    code = found["deepseek-r1-distill-qwen-14b"].note.code
    assert code in ("passed.slow", "passed.crawls", "passed.too_large")


def test_a_model_that_only_the_disk_keeps_out_says_the_disk() -> None:
    disk = (Disk(path="/", free_bytes=3 * GIB, holds=("models",)),)
    found = passed(profile(gpu(), ram_gib=64, disks=disk))
    note = found["deepseek-r1-distill-qwen-14b"].note
    assert note.code == "passed.disk"
    assert dict(note.params)["free_bytes"] == 3 * GIB


def test_only_current_models_that_the_engine_reads_are_weighed() -> None:
    models = models_to_weigh(catalog())
    assert models
    assert not any(m.starter or m.legacy or m.superseded_by or not m.llama_cpp for m in models)
    newest = replace(models[0], llama_cpp=False)
    assert models_to_weigh(replace(catalog(), models=(newest,))) == []


def test_private_people_get_the_same_advice_about_hardware() -> None:
    seen = profile(gpu("NVIDIA GeForce RTX 4060", 8))
    said = replace(seen, answers=answers(country="CN"))
    assert [u.model for u in upgrades(seen).values()] == [u.model for u in upgrades(said).values()]


def test_a_speed_that_may_be_pleasant_is_not_called_slow() -> None:
    for found in passed(profile(gpu(gib=24), ram_gib=64)).values():
        params = dict(found.note.params)
        if found.note.code == "passed.slow":
            assert float(params["tokens"]) < least_speed(found.model)
        if found.note.code == "passed.maybe_slow":
            assert float(params["low"]) < least_speed(found.model) <= float(params["tokens"])


@pytest.mark.parametrize(
    "seen",
    [
        profile(gpu(gib=24), ram_gib=64),
        profile(gpu(gib=24), ram_gib=64, free_gib=1),
        profile(gpu(gib=24), gpu(gib=24), ram_gib=64, disk_bytes=10**9),
        profile(shared_gpu("apple", "Apple M2"), ram_gib=8, free_gib=6, os="macos", arch="arm64"),
        profile(ram_gib=3, free_gib=1.8),
    ],
    ids=("card", "no-memory-beside-it", "no-disk", "apple", "tiny"),
)
def test_what_is_needed_is_more_than_what_there_is(seen: Profile) -> None:
    advice = recommend(seen, catalog(), offers())
    notes = [one.note for one in advice.passed_over]
    notes += [note for way in advice.recommendations for note in way.why_not]
    for note in notes:
        params = dict(note.params)
        there = params.get("available_bytes", params.get("free_bytes"))
        if there is not None:
            assert float(params["needed_bytes"]) > float(there), note


def test_memory_that_is_missing_beside_a_card_is_said() -> None:
    seen = profile(gpu(gib=24), ram_gib=64, free_gib=1)
    codes = {one.note.code for one in passed(seen).values()}
    codes |= {
        n.code for r in recommend(seen, catalog(), offers()).recommendations for n in r.why_not
    }
    assert {"passed.beside_card", "why_not.beside_card"} <= codes


def test_a_model_that_two_cards_would_hold_is_not_called_too_large_for_the_disk() -> None:
    found = passed(profile(gpu(gib=16), gpu(gib=16), ram_gib=16, disk_bytes=10**10))
    assert found["deepseek-r1-distill-qwen-32b"].note.code == "passed.disk"
