"""What `up` sets up: a table over computers and wishes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

import pytest

from core.advice.offers import parse_offers
from core.advice.recommend import recommend
from core.cli.choosing import Chosen, Wishes, choose
from core.domain import Disk, EngineKind, Missing, Network, Profile
from core.errors import AppError
from tests.unit.advice.parts import GIB, ROOT, catalog, gpu, model, probe, profile, quant

STARTER = "smollm2-135m-instruct"
STARTER_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SEVEN, SEVENTY = "deepseek-r1-distill-qwen-7b", "deepseek-r1-distill-llama-70b"
NOTHING: frozenset[str] = frozenset()
OFFERS = parse_offers((ROOT / "assets/catalog/offers.toml").read_bytes(), "2026-11-25")
OFFLINE = Network(hub="cannot_reach", registry="cannot_reach", proxy=None)

ROOMY = profile(gpu())  # 24 GB of graphics memory, 32 GB of memory
PLAIN = profile(ram_gib=16)
TINY = profile(ram_gib=3, free_gib=1.8)
OFF = profile(gpu(), network=OFFLINE)
FULL = profile(gpu(), disk_bytes=10**6)


def decide(at: Profile, here: frozenset[str] = NOTHING, **wishes: Any) -> Chosen:
    return choose(at, catalog(), OFFERS, Wishes(**wishes), here)


def model_of(chosen: Chosen) -> str:
    assert chosen.recommendation.model is not None
    return chosen.recommendation.model.id


@pytest.mark.parametrize("at", [ROOMY, PLAIN])
def test_nothing_asked_for_is_the_first_of_the_advice(at: Profile) -> None:
    chosen = decide(at)
    first = next(r for r in recommend(at, catalog(), OFFERS).recommendations if r.can_set_up)
    assert chosen.recommendation == first
    assert not first.model or not first.model.starter
    assert (chosen.pending, chosen.recommended) == (None, None)


def test_where_nothing_fits_the_starter_stands_in() -> None:
    chosen = decide(TINY)
    assert model_of(chosen) == STARTER
    assert chosen.pending is not None
    assert chosen.pending.code == "pending.nothing_fits"


def test_offline_the_starter_stands_in_for_what_cannot_be_fetched() -> None:
    chosen = decide(OFF)
    assert model_of(chosen) == STARTER
    assert chosen.pending is not None
    assert chosen.pending.code == "pending.no_source"
    assert chosen.recommended is not None
    assert chosen.recommended.model == decide(ROOMY).recommendation.model


def test_offline_a_file_that_is_here_is_taken() -> None:
    best = decide(ROOMY).recommendation
    assert best.quant is not None
    chosen = decide(OFF, frozenset({best.quant.file}))
    assert (model_of(chosen), chosen.pending) == (best.model.id if best.model else "", None)


def test_what_was_asked_for_is_tried_offline_too() -> None:
    """The download says what is wrong; nothing else is set up in its place."""
    assert model_of(decide(OFF, model=SEVEN)) == SEVEN


@pytest.mark.parametrize(
    ("wishes", "expected"),
    [
        ({"starter": True}, STARTER),
        ({"starter": True, "model": SEVEN}, STARTER),
        ({"model": STARTER}, STARTER),
        ({"model": SEVEN}, SEVEN),
        ({"model": SEVEN, "quant": "Q4_K_M"}, SEVEN),
        ({"file": "/data/DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf"}, SEVEN),
        ({"file": f"/data/{STARTER_FILE}"}, STARTER),
        ({"file": "/data/renamed.gguf", "model": SEVEN}, SEVEN),
    ],
    ids=str,
)
def test_wishes(wishes: dict[str, Any], expected: str) -> None:
    chosen = decide(ROOMY, **wishes)
    assert model_of(chosen) == expected
    assert chosen.choices.local_file == wishes.get("file")
    assert chosen.pending is None


def test_memory_is_reckoned_by_the_file_that_is_really_used() -> None:
    """The advice alone would take another file of the model than the one on the disk."""
    best = decide(ROOMY, model=SEVEN).recommendation.quant
    assert best is not None
    for own in model(SEVEN).quants:
        by_name = decide(ROOMY, model=SEVEN, file=f"/data/{own.file}").recommendation.quant
        assert by_name == own
        size = own.size_bytes + 1000
        by_size = decide(ROOMY, model=SEVEN, file="/data/x.gguf", file_bytes=size)
        assert by_size.recommendation.quant == replace(own, size_bytes=size)
    with pytest.raises(AppError) as failed:
        decide(PLAIN, model=SEVEN, file="/data/x.gguf", file_bytes=28 * GIB)
    assert failed.value.code == "model_too_large"


def test_of_a_model_in_parts_too_the_file_in_one_part_is_taken() -> None:
    """Though one in parts would run faster beside this card: this version does not fetch it."""
    chosen = decide(profile(gpu(gib=80), ram_gib=256), model="deepseek-v4-flash-0731")
    assert chosen.recommendation.quant is not None
    assert chosen.recommendation.quant.parts == 1


def test_the_quant_that_was_asked_for() -> None:
    for name in ("Q4_K_M", "Q4_0"):
        found = decide(PLAIN, model=SEVEN, quant=name).recommendation.quant
        if quant(SEVEN, name).sha256:
            assert found is not None
            assert found.name == name


def test_other_choices_are_passed_on() -> None:
    chosen = decide(
        ROOMY, starter=True, context=512, engine=EngineKind.BUILTIN, model_folder="/big"
    )
    choices = chosen.choices
    assert (choices.context, choices.engine, choices.model_folder) == (
        512,
        EngineKind.BUILTIN,
        "/big",
    )


@pytest.mark.parametrize(
    ("at", "wishes", "code"),
    [
        (ROOMY, {"model": "gpt-5"}, "model_unknown"),
        (ROOMY, {"quant": "Q9_X"}, "model_unknown"),
        (ROOMY, {"model": SEVEN, "quant": "Q9_X"}, "model_unknown"),
        (ROOMY, {"file": "/data/somebody-elses.gguf"}, "model_unknown"),
        (PLAIN, {"model": SEVENTY}, "model_too_large"),
        (TINY, {"model": SEVEN}, "model_too_large"),
        # Its memory would do, but it comes in several files.
        (profile(ram_gib=1024), {"model": "deepseek-r1-0528"}, "cannot_set_up"),
        (PLAIN, {"model": "deepseek-r1-0528"}, "model_too_large"),
        # In the list, but without a file, or too new for the engine.
        (ROOMY, {"model": "deepseek-v3.2"}, "cannot_set_up"),
        (ROOMY, {"model": "deepseek-v4.1-flash-1017"}, "cannot_set_up"),
        (FULL, {"model": SEVEN}, "disk_full"),
        (FULL, {"starter": True}, "disk_full"),
        (profile(ram_gib=0.1, free_gib=0.05), {"starter": True}, "model_too_large"),
    ],
    ids=str,
)
def test_what_stands_in_the_way(at: Profile, wishes: dict[str, Any], code: str) -> None:
    with pytest.raises(AppError) as failed:
        decide(at, **wishes)
    assert failed.value.code == code
    if code == "disk_full":
        assert failed.value.params["path"] == "/"
        assert int(failed.value.params["need_bytes"]) > 10**8 - 10**7


def test_a_file_whose_checksum_only_its_source_knows_can_be_asked_for() -> None:
    chosen = decide(ROOMY, model="deepseek-r1-distill-qwen-1.5b", quant="Q5_K_M")
    assert chosen.recommendation.quant is not None
    assert chosen.recommendation.quant.name == "Q5_K_M"


def test_a_full_disk_is_no_matter_for_a_file_that_is_here() -> None:
    here = frozenset({STARTER_FILE})
    assert model_of(decide(FULL, here, starter=True)) == STARTER
    assert model_of(decide(FULL, here)) == STARTER
    own = "/elsewhere/DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf"
    assert model_of(decide(FULL, file=own)) == SEVEN
    fetched = frozenset({PurePosixPath(own).name})
    assert model_of(decide(FULL, fetched, model=SEVEN)) == SEVEN


def test_ones_own_file_need_not_be_one_that_we_can_check() -> None:
    small = model("deepseek-r1-distill-qwen-1.5b")
    unknown = next(quant for quant in small.quants if not quant.sha256)
    found = decide(ROOMY, file=f"/data/{unknown.file}").recommendation
    assert found.quant is not None
    assert (found.model.id if found.model else "", found.quant.name) == (small.id, unknown.name)


def test_without_containers_everything_is_built_in() -> None:
    at = profile(engine=Missing("not_installed"), ram_gib=16)
    for wishes in ({}, {"starter": True}, {"model": SEVEN}):
        chosen = decide(at, **wishes)
        assert chosen.recommendation.engine is EngineKind.BUILTIN


def test_a_disk_that_nobody_names() -> None:
    there = replace(
        probe(gpu()), disks=(Disk(path="/models", free_bytes=GIB // 1000, holds=("models",)),)
    )
    at = replace(FULL, probe=there)
    with pytest.raises(AppError) as failed:
        decide(at, model=SEVEN)
    assert failed.value.params["path"] == "/models"
