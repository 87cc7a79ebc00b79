"""The hard limits, and which way to run a model is taken."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.advice.candidates import (
    CONTEXTS,
    Candidate,
    best_for_model,
    device_name,
    fits_disk,
    offered_quants,
    stopgap_quants,
    usable_devices,
    waiting_s,
)
from core.domain import Accelerator, Measured, Missing, Model, Profile, Speed, Verdict
from tests.unit.advice.parts import GIB, catalog, gpu, model, profile, quant, shared_gpu

SMALL = "deepseek-r1-distill-qwen-1.5b"
SEVEN = "deepseek-r1-distill-qwen-7b"
FOURTEEN = "deepseek-r1-distill-qwen-14b"
THIRTY_TWO = "deepseek-r1-distill-qwen-32b"
SEVENTY = "deepseek-r1-distill-llama-70b"
FLASH = "deepseek-v4-flash-0731"


def best(model_id: str, seen: Profile) -> Candidate | None:
    return best_for_model(model(model_id), seen, catalog(), usable_devices(seen, catalog()))


def taken(model_id: str, seen: Profile) -> Candidate:
    found = best(model_id, seen)
    assert found is not None
    return found


def names(quants: tuple[object, ...]) -> list[str]:
    return [found.name for found in quants]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("model_id", "expected"),
    [
        # Q8_0 for the 1.5 B, Q4_K_M and finer up to 14 B, 3 bits from 30 B on, 2 for the largest.
        (SMALL, {"Q8_0"}),
        (SEVEN, {"Q4_K_M", "Q5_K_M", "Q6_K"}),
        (FOURTEEN, {"Q4_K_M", "Q5_K_M", "Q6_K"}),
    ],
)
def test_the_floor_of_each_size_and_nothing_finer_than_is_noticed(
    model_id: str, expected: set[str]
) -> None:
    offered = set(names(offered_quants(model(model_id))))
    assert expected <= offered
    assert not offered & {"Q2_K", "Q3_K_M", "IQ4_XS", "Q4_0", "Q4_K_S"}
    assert model_id == SMALL or "Q8_0" not in offered


def test_large_models_take_coarser_files() -> None:
    assert "Q3_K_M" in names(offered_quants(model(THIRTY_TWO)))
    assert "Q2_K" not in names(offered_quants(model(THIRTY_TWO)))
    assert "UD-IQ2_XXS" in names(offered_quants(model(FLASH)))


def test_a_file_without_a_hash_in_our_list_is_offered_too() -> None:
    """Its hash comes from the source it is fetched from."""
    assert quant(SMALL, "Q8_0").sha256 is None
    assert best(SMALL, profile(ram_gib=16)) is not None


def test_of_a_model_that_the_engine_cannot_read_nothing_is_offered() -> None:
    unread = replace(model(SEVEN), llama_cpp=False)
    assert offered_quants(unread) == ()
    assert best_for_model(unread, profile(gpu()), catalog(), profile(gpu()).devices) is None


def test_where_no_file_is_fine_enough_the_finest_stands_in() -> None:
    coarse = tuple(found for found in model(SEVEN).quants if found.name in ("Q4_0", "Q3_K_M"))
    assert names(offered_quants(replace(model(SEVEN), quants=coarse))) == ["Q4_0"]


def test_a_coarser_file_of_the_smallest_only_where_nothing_else_fits() -> None:
    stopgaps = names(stopgap_quants(model(SMALL)))
    assert "Q4_K_M" in stopgaps
    assert not {"Q8_0", "Q2_K", "Q3_K_M", "Q4_0"} & set(stopgaps)
    assert stopgap_quants(model(SEVEN)) == ()
    assert taken(SMALL, profile(ram_gib=16)).quant.name == "Q8_0"
    assert taken(SMALL, profile(ram_gib=4, free_gib=3.1)).quant.name in stopgaps
    assert taken(SMALL, profile(ram_gib=16, disk_bytes=int(1.5 * GIB))).quant.name in stopgaps


def test_the_download_has_to_have_room_and_more() -> None:
    file = quant(SEVEN, "Q4_K_M")
    assert not fits_disk(file, profile(disk_bytes=file.size_bytes))
    assert fits_disk(file, profile(disk_bytes=int(file.size_bytes * 1.1) + 1))
    assert fits_disk(file, profile(disks=()))  # not known is no reason to refuse


@pytest.mark.parametrize(
    ("card", "gib", "model_id", "expected", "context"),
    [
        # Between files whose loss nobody notices, the longer memory of a conversation.
        ("NVIDIA GeForce RTX 5090", 32, THIRTY_TWO, "Q5_K_M", 16384),
        ("NVIDIA GeForce RTX 4090", 24, THIRTY_TWO, "Q4_K_M", 8192),
        ("NVIDIA RTX A6000", 48, THIRTY_TWO, "Q6_K", 32768),
        ("NVIDIA GeForce RTX 4070", 12, SEVEN, "Q6_K", 32768),
    ],
)
def test_the_file_and_the_context(
    card: str, gib: float, model_id: str, expected: str, context: int
) -> None:
    found = taken(model_id, profile(gpu(card, gib), ram_gib=64))
    assert (found.quant.name, found.context) == (expected, context)


def test_a_card_comes_before_the_processor_though_a_finer_file_fits_there() -> None:
    chip = shared_gpu("apple", "Apple M4")
    mac = {"os": "macos", "arch": "arm64", "engine": Missing("not_installed")}
    found = taken(SEVEN, profile(chip, ram_gib=16, free_gib=8.4, **mac))
    assert found.device.accelerator is Accelerator.METAL
    assert found.quant.name == "Q4_K_M"


def test_the_conversation_shrinks_to_the_floor_and_no_further() -> None:
    for free_gib in (11.2, 10.9, 10.7, 10.5):
        card = gpu("NVIDIA GeForce RTX 4070", 12, vram_free_bytes=int(free_gib * GIB))
        found = best(FOURTEEN, profile(card))
        assert found is not None
        assert found.context in CONTEXTS
        assert found.fit.parts[0].needed_bytes <= found.fit.parts[0].available_bytes


def test_what_fits_nowhere_is_none() -> None:
    assert best(SEVENTY, profile(ram_gib=8)) is None
    assert best(SEVENTY, profile(gpu(gib=8), ram_gib=16)) is None


def test_a_whole_model_on_a_card_is_preferred_to_a_spilled_one() -> None:
    found = taken(FOURTEEN, profile(gpu("NVIDIA GeForce RTX 4070", 12), ram_gib=64))
    assert found.fit.verdict is not Verdict.SPILLS
    spilled = taken(THIRTY_TWO, profile(gpu("NVIDIA GeForce RTX 4070", 12), ram_gib=64))
    assert spilled.fit.verdict is Verdict.SPILLS
    assert [device.gpu is None for device in spilled.devices] == [False, True]


def test_what_was_measured_here_stands_in_place_of_the_estimate() -> None:
    seen = profile(gpu(), ram_gib=64)
    usual = taken(SEVEN, seen)
    run = Measured(
        model_id=SEVEN,
        quant_name=usual.quant.name,
        accelerator=Accelerator.CUDA13,
        tokens_per_s=33.0,
        first_token_s=0.2,
    )
    found = taken(SEVEN, replace(seen, measured=(run,)))
    assert found.speed.basis == "measured"
    low, high = found.speed.tokens_per_s
    assert low < 33.0 < high < usual.speed.tokens_per_s[0]


def test_small_chips_in_shared_memory_that_nobody_knows_are_not_used() -> None:
    seen = profile(shared_gpu("intel", "Intel UHD Graphics 770"), ram_gib=32)
    assert len(seen.devices) == 2
    assert [device.gpu for device in usable_devices(seen, catalog())] == [None]


def _candidate(which: Model, low: float, high: float) -> Candidate:
    found = taken(which.id, profile(gpu(), ram_gib=64))
    return replace(found, speed=Speed(tokens_per_s=(low, high), basis="estimate"))


@pytest.mark.parametrize(
    ("low", "high", "comfortable", "hopeless"),
    [(8.0, 8.0, True, False), (7.9, 60, False, False), (2, 30, False, False), (1, 9, False, True)],
)
def test_speed_is_judged_by_its_low_end_and_given_up_by_its_middle(
    low: float, high: float, comfortable: bool, hopeless: bool
) -> None:
    found = _candidate(model(SEVEN), low, high)
    assert (found.comfortable_speed, found.hopeless) == (comfortable, hopeless)


def test_a_model_that_answers_at_once_need_not_be_as_fast() -> None:
    plain = replace(_candidate(model(SEVEN), 6.0, 7.0), model=model("deepseek-v2-lite-chat"))
    assert plain.comfortable_speed
    assert not _candidate(model(SEVEN), 6.0, 7.0).comfortable_speed


def test_the_wait_is_for_the_whole_answer() -> None:
    assert waiting_s(Speed(tokens_per_s=(10, 20), basis="estimate")) == pytest.approx(34)
    thought = Speed(tokens_per_s=(10, 20), basis="estimate", answer_s=(200, 400))
    assert waiting_s(thought) == 400


def test_equal_devices_are_counted_in_the_name() -> None:
    seen = profile(gpu("B", 8), gpu("A", 12), gpu("A", 12), ram_gib=32)
    assert device_name(seen.devices) == "2 × A + B + A processor"


def test_a_file_in_parts_is_not_taken_where_one_in_one_part_is_pleasant() -> None:
    """It would be finer, but this version does not fetch it."""
    seven = model("deepseek-r1-distill-qwen-7b")
    fine, coarse = quant(seven.id, "Q6_K"), quant(seven.id, "Q4_K_M")
    here = profile(gpu(), ram_gib=64)
    for parts, expected in ((1, fine), (3, coarse)):
        both = replace(seven, quants=(replace(fine, parts=parts), coarse))
        found = best_for_model(both, here, catalog(), here.devices)
        assert found is not None
        assert found.quant == expected
