"""How good the answers are taken to be."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.advice.quality import (
    bits,
    coarsest_bits,
    grade,
    is_full,
    mean_score,
    quality,
    quality_step,
    suits,
    wasteful,
)
from core.domain import Purpose
from tests.unit.advice.parts import catalog, model, quant

DISTILLS = ("qwen-1.5b", "qwen-7b", "llama-8b", "qwen-14b", "qwen-32b", "llama-70b")


def distill(name: str):  # type: ignore[no-untyped-def]
    return model(f"deepseek-r1-distill-{name}")


def step(name: str, purpose: Purpose = Purpose.CHAT) -> int:
    return quality_step(distill(name), catalog(), purpose)


def test_the_ladder_is_the_published_one() -> None:
    """Scores of the R1 README: 14B is the knee, and the 70B is hardly better than the 32B."""
    assert step("qwen-1.5b") < step("llama-8b") <= step("qwen-7b") < step("qwen-14b")
    assert step("qwen-14b") < step("qwen-32b") == step("llama-70b")


def test_the_purpose_picks_the_scores() -> None:
    """By LiveCodeBench the Llama 8B is ahead of the Qwen 7B, by the mean of all behind."""
    assert step("llama-8b", Purpose.CODE) > step("qwen-7b", Purpose.CODE)
    assert quality(distill("llama-8b"), catalog(), Purpose.CHAT) < quality(
        distill("qwen-7b"), catalog(), Purpose.CHAT
    )
    assert mean_score(distill("qwen-7b"), Purpose.CODE) == pytest.approx(37.6)
    assert mean_score(distill("qwen-7b"), Purpose.REASONING) == pytest.approx((55.5 + 49.1) / 2)


def test_a_full_model_counts_above_all_that_it_taught() -> None:
    flash = model("deepseek-v4-flash-0731")
    assert is_full(flash)
    assert not is_full(distill("llama-70b"))
    for name in DISTILLS:
        assert quality_step(flash, catalog(), Purpose.CHAT) > step(name)


def test_without_scores_the_next_smaller_one_counts_and_newer_is_not_better() -> None:
    newer = model("deepseek-r1-0528-qwen3-8b")
    if mean_score(newer, Purpose.CHAT) is None:
        assert quality_step(newer, catalog(), Purpose.CHAT) <= step("qwen-7b")
    lite = model("deepseek-v2-lite-chat")  # 2.4 B of it are active
    assert quality_step(lite, catalog(), Purpose.CHAT) == step("qwen-1.5b")


def test_a_missing_score_makes_the_mean_unknown_and_never_higher() -> None:
    seven = distill("qwen-7b")
    assert mean_score(replace(seven, scores=seven.scores[:-1]), Purpose.CHAT) is None


def test_another_catalogue_is_not_answered_from_the_last_one() -> None:
    """The steps are kept for the catalogue that was asked last."""
    before = step("qwen-7b")
    seven = distill("qwen-7b")
    best = replace(seven, scores=tuple((name, 100.0) for name, _score in seven.scores))
    other = replace(catalog(), models=(best,))
    assert quality_step(best, other, Purpose.CHAT) == 50
    assert step("qwen-7b") == before


@pytest.mark.parametrize(
    ("model_id", "name", "expected"),
    [
        ("deepseek-r1-distill-qwen-14b", "Q6_K", 3),
        ("deepseek-r1-distill-qwen-14b", "Q5_K_M", 3),
        ("deepseek-r1-distill-qwen-14b", "Q4_K_M", 2),
        ("deepseek-r1-distill-qwen-32b", "Q3_K_M", 1),
        ("deepseek-v4-flash-0731", "UD-IQ2_XXS", 2),  # the largest take it well
    ],
)
def test_what_rounding_costs(model_id: str, name: str, expected: int) -> None:
    assert grade(quant(model_id, name), model(model_id)) == expected


def test_only_what_is_noticed_is_worth_the_room() -> None:
    assert wasteful(quant("deepseek-r1-distill-qwen-7b", "Q8_0"), distill("qwen-7b"))
    assert not wasteful(quant("deepseek-r1-distill-qwen-1.5b", "Q8_0"), distill("qwen-1.5b"))


def test_an_unknown_name_of_a_file_counts_as_the_coarsest() -> None:
    odd = replace(quant("deepseek-r1-distill-qwen-7b", "Q4_K_M"), name="Q9_Z")
    assert bits(odd) == 0
    assert bits(odd) < coarsest_bits(distill("qwen-7b"))


def test_a_model_trained_for_code_suits_code_only() -> None:
    coder = model("deepseek-coder-v2-lite-instruct")
    assert [suits(coder, purpose) for purpose in (Purpose.CODE, Purpose.CHAT)] == [True, False]
    assert suits(distill("qwen-7b"), Purpose.CHAT)
