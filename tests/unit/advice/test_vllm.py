"""What vLLM would need on data-centre cards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.advice.memory import kv_bytes
from core.advice.vllm import as_quant, capability_of, suits, vllm_fits, weights_bytes
from core.domain import Accelerator, Device, Model, Unreadable, Verdict, WeightSet
from tests.unit.advice.parts import GIB, gpu, model

FLASH = "deepseek-v4-flash-0731"
SEVEN = "deepseek-r1-distill-qwen-7b"
THIRTY_TWO = "deepseek-r1-distill-qwen-32b"


def card(gib: float = 80, capability: object = "9.0", free_gib: float | None = None) -> Device:
    found = gpu("NVIDIA H100 80GB HBM3", gib, compute_capability=capability)
    free = gib * 0.98 if free_gib is None else free_gib
    return Device(
        name=found.name, accelerator=Accelerator.CUDA13, free_bytes=int(free * GIB), gpu=found
    )


def sets(model_id: str) -> dict[str, WeightSet]:
    return {weights.format: weights for weights in model(model_id).weight_sets}


def by_bits(model_id: str, bits: float) -> WeightSet:
    return next(found for found in model(model_id).weight_sets if found.bits == bits)


def fits(model_id: str, weights: WeightSet, *cards: Device) -> list[tuple[int, int]]:
    """Context and number of cards of each way."""
    found = vllm_fits(model(model_id), weights, cards)
    return [(context, len(fit.parts)) for context, fit in found]


def test_the_full_r1_does_not_fit_eight_cards_of_80_gb() -> None:
    """In FP8 it asks for 805 GB, and eight times 80 are 640: the article's error."""
    eight = (card(),) * 8
    for model_id in ("deepseek-r1", "deepseek-r1-0528", "deepseek-v3", "deepseek-v3-0324"):
        for name, weights in sets(model_id).items():
            if "FP8" in name:
                assert not fits(model_id, weights, *eight), (model_id, name)


def test_the_new_flash_does() -> None:
    eight = (card(),) * 8
    assert any(fits(FLASH, weights, *eight) for weights in model(FLASH).weight_sets)


def test_the_fewest_cards_come_first_and_only_powers_of_two() -> None:
    whole = by_bits(THIRTY_TWO, 16.0)
    found = fits(THIRTY_TWO, whole, *(card(),) * 7)
    assert [count for _context, count in found] == [2, 4]


def test_every_card_holds_its_share_within_what_vllm_takes() -> None:
    for weights in model(THIRTY_TWO).weight_sets:
        for _context, fit in vllm_fits(model(THIRTY_TWO), weights, (card(),) * 4):
            assert fit.verdict in (Verdict.COMFORTABLE, Verdict.TIGHT)
            for part in fit.parts:
                assert part.needed_bytes <= part.available_bytes <= 0.9 * 80 * GIB


def test_a_card_in_use_has_less() -> None:
    eight_bits = by_bits(THIRTY_TWO, 8.0)
    assert fits(THIRTY_TWO, eight_bits, card())
    assert not fits(THIRTY_TWO, eight_bits, card(free_gib=30))


def test_rounded_weights_want_a_newer_card_and_unknown_counts_as_no() -> None:
    rounded, whole = by_bits(SEVEN, 8.0), by_bits(SEVEN, 16.0)
    assert [suits(weights, (card(capability="7.5"),)) for weights in (rounded, whole)] == [
        False,
        True,
    ]
    assert not suits(whole, (card(capability=Unreadable("timeout")),))
    assert not suits(whole, (card(), card(capability="7.0")))


@pytest.mark.parametrize(
    ("said", "expected"),
    [("9.0", 9.0), ("gfx942", None), ("", None), (Unreadable("timeout"), None)],
)
def test_the_capability_is_a_number_or_nothing(said: object, expected: float | None) -> None:
    assert capability_of(card(capability=said)) == expected


def test_weights_are_parameters_times_bits() -> None:
    seven = model(SEVEN)
    assert weights_bytes(seven, by_bits(SEVEN, 16.0)) == seven.params_total * 2
    unknown = replace(by_bits(SEVEN, 16.0), bits=None, memory_bytes=None)
    assert weights_bytes(seven, unknown) is None
    assert not fits(SEVEN, unknown, card())  # nothing is guessed


def test_experts_are_part_of_the_file() -> None:
    flash: Model = model(FLASH)
    for weights in flash.weight_sets:
        file = as_quant(flash, weights)
        assert 0.8 * file.size_bytes < file.expert_bytes <= file.size_bytes


@pytest.mark.parametrize(
    ("model_id", "divided"),
    [("deepseek-r1-distill-llama-70b", 4), ("deepseek-r1-distill-qwen-1.5b", 2)],
)
def test_the_cache_is_divided_by_its_heads_at_most(model_id: str, divided: int) -> None:
    found = model(model_id)
    for weights in found.weight_sets:
        for context, fit in vllm_fits(found, weights, (card(),) * 4):
            if len(fit.parts) == 4:
                whole = kv_bytes(found, as_quant(found, weights), context)
                assert whole is not None
                assert fit.parts[0].kv_bytes == whole // divided


def test_a_compressed_cache_stands_whole_on_each_card() -> None:
    found = model("deepseek-v4-flash-0731")
    for weights in found.weight_sets:
        for context, fit in vllm_fits(found, weights, (card(),) * 8):
            whole = kv_bytes(found, as_quant(found, weights), context)
            assert {part.kv_bytes for part in fit.parts} == {whole}


def test_the_cards_divide_the_heads() -> None:
    """The 7B has 28 heads, which eight cards cannot share evenly: vLLM refuses that."""
    found = model("deepseek-r1-distill-qwen-7b")
    counts = {
        len(fit.parts)
        for weights in found.weight_sets
        for _, fit in vllm_fits(found, weights, (card(),) * 8)
    }
    assert counts
    assert 8 not in counts


def test_a_cache_that_is_not_known_fits_nowhere() -> None:
    found = replace(model("deepseek-r1-distill-qwen-7b"), attention=None)
    assert not [fit for w in found.weight_sets for fit in vllm_fits(found, w, (card(),) * 8)]
