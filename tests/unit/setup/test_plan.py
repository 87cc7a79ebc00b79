"""From a recommendation and the person's choices to everything that will be done."""

from __future__ import annotations

from dataclasses import replace

import pytest

from core.advice.recommend import recommend, starter
from core.domain import Accelerator, Choices, EngineKind, Kind, Missing
from core.errors import AppError
from core.setup.plan import make_plan
from core.text import LANGUAGES, Text
from tests.unit.advice.parts import (
    GIB,
    catalog,
    gpu,
    model,
    offers,
    probe,
    profile,
    shared_gpu,
)

FOLDER = "/models"


def _plan(found, seen, **choices):
    return make_plan(found, Choices(**choices), seen, model_folder=FOLDER)


def _first(seen):
    return recommend(seen, catalog(), offers()).recommendations[0]


def _seven(seen):
    """The 7B, asked for by its name: beside a better model it is not among the cards."""
    only = replace(catalog(), models=(model("deepseek-r1-distill-qwen-7b"),))
    return recommend(seen, only, offers()).recommendations[0]


@pytest.fixture
def seen():
    return profile(gpu(), ram_gib=64)


@pytest.fixture
def best(seen):
    return _first(seen)


def _refused(code, found, seen, **choices):
    with pytest.raises(AppError) as caught:
        _plan(found, seen, **choices)
    error = caught.value
    assert error.code == code
    for language in LANGUAGES:
        card = Text(language).error(error)
        assert all(card[part] and "[" not in card[part] for part in card if part != "button")
    return error


def test_it_takes_over_what_was_recommended(best, seen):
    plan = _plan(best, seen)
    assert (plan.model, plan.quant, plan.image) == (best.model, best.quant, best.image)
    assert (plan.engine, plan.accelerator) == (EngineKind.LLAMA_CPP, Accelerator.CUDA13)
    assert plan.context == best.context
    assert plan.threads == 8
    assert plan.memory_bytes == best.fit.needed_bytes
    assert plan.download_bytes == best.quant.size_bytes
    assert plan.model_folder == FOLDER


def test_the_steps_stand_in_their_order(best, seen):
    steps = _plan(best, seen).steps
    ids = ["check_engine", "fetch_engine", "fetch_model", "create", "load", "rehearse"]
    assert [step.id for step in steps] == ids
    assert all(step.weight > 0 for step in steps)
    fetch = next(step for step in steps if step.id == "fetch_model")
    assert fetch.total_bytes == best.quant.size_bytes
    assert fetch.weight == max(step.weight for step in steps)


def test_the_built_in_engine_has_nothing_to_fetch_for_itself():
    seen = profile(ram_gib=32, engine=Missing("not_installed"))
    plan = _plan(_first(seen), seen)
    assert plan.engine is EngineKind.BUILTIN
    assert plan.image is None
    assert "fetch_engine" not in [step.id for step in plan.steps]


def test_equal_plans_have_equal_ids_and_others_have_not(best, seen):
    first = _plan(best, seen).id
    assert first == _plan(best, seen).id
    assert len(first) == 12
    assert int(first, 16) >= 0
    others = [
        _plan(best, seen, context=4096),
        _plan(best, seen, local_file="/elsewhere/model.gguf"),
        _plan(recommend(seen, catalog(), offers()).recommendations[1], seen),
        _plan(starter(seen, catalog(), offers()), seen),
    ]
    assert len({first, *(plan.id for plan in others)}) == 5


def test_a_file_that_is_here_is_not_downloaded(best, seen):
    plan = _plan(best, seen, local_file="/elsewhere/model.gguf")
    assert plan.download_bytes == 0
    assert plan.local_file == "/elsewhere/model.gguf"
    whole = _plan(best, seen)
    share = [next(s.weight for s in p.steps if s.id == "fetch_model") for p in (plan, whole)]
    assert share[0] < share[1] / 10


def test_the_chosen_folder_wins(best, seen):
    assert _plan(best, seen, model_folder="/other").model_folder == "/other"


def test_another_context_changes_the_need(best, seen):
    small, usual = _plan(best, seen, context=4096), _plan(best, seen)
    assert small.context == 4096
    assert small.memory_bytes < usual.memory_bytes


@pytest.mark.parametrize("context", [0, -1, 255, 131_073, 10**9])
def test_a_context_the_model_does_not_have_is_refused(best, seen, context):
    error = _refused("context_not_possible", best, seen, context=context)
    assert error.field == "context"
    assert error.params["most"] == 131_072


def test_a_context_that_does_not_fit_into_memory_is_refused(best, seen):
    error = _refused("model_too_large", best, seen, context=131_072)
    assert error.remedy == "choose_smaller"
    assert error.params["model"] == best.model.name


def test_memory_that_was_taken_meanwhile_is_noticed(best):
    later = profile(gpu(vram_free_bytes=3 * GIB), ram_gib=64)
    _refused("model_too_large", best, later)


def test_memory_that_changed_a_little_is_reckoned_anew(best):
    later = profile(gpu(vram_free_bytes=23 * GIB - 1), ram_gib=64)
    assert _plan(best, later).memory_bytes == best.fit.needed_bytes


def test_equal_cards_are_told_apart_by_their_order():
    card = gpu("NVIDIA GeForce RTX 3090", 24)
    two = profile(card, card, ram_gib=64)
    best = _first(two)
    assert len(best.fit.parts) == 2
    assert _plan(best, two).memory_bytes == best.fit.needed_bytes
    _refused("cannot_set_up", best, profile(card, ram_gib=64))


def test_the_built_in_engine_instead_computes_on_the_processor(seen):
    small = _seven(seen)
    plan = _plan(small, seen, engine=EngineKind.BUILTIN)
    assert (plan.engine, plan.accelerator) == (EngineKind.BUILTIN, Accelerator.CPU)
    assert plan.image is None
    assert plan.memory_bytes > small.fit.needed_bytes
    assert plan.id != _plan(small, seen).id


def test_the_built_in_engine_may_be_too_small_for_it(best):
    poor = profile(gpu(), ram_gib=16)
    _refused("model_too_large", best, poor, engine=EngineKind.BUILTIN)


def test_a_container_where_there_is_none_is_refused():
    seen = profile(ram_gib=32, engine=Missing("not_installed"))
    error = _refused("engine_not_here", _first(seen), seen, engine=EngineKind.LLAMA_CPP)
    assert error.remedy == "use_builtin"
    assert error.detail == "not_installed"


def test_on_a_mac_metal_stays_with_the_built_in_engine():
    chip = shared_gpu("apple", "Apple M4 Pro")
    seen = profile(chip, os="macos", arch="arm64", ram_gib=48)
    plan = _plan(_first(seen), seen, engine=EngineKind.BUILTIN)
    assert (plan.engine, plan.accelerator) == (EngineKind.BUILTIN, Accelerator.METAL)
    _refused("engine_not_here", _first(seen), seen, engine=EngineKind.LLAMA_CPP)


@pytest.mark.parametrize(("free_gib", "repack"), [(16, True), (6.5, False)])
def test_where_memory_is_tight_the_weights_stand_in_it_once(free_gib, repack):
    seen = profile(ram_gib=32, free_gib=free_gib)
    small = _seven(seen)
    plan = _plan(small, seen)
    assert plan.repack is repack
    assert plan.memory_bytes <= free_gib * GIB
    assert plan.memory_bytes == small.fit.needed_bytes


def test_unknown_cores_leave_the_threads_to_the_engine():
    cpu = replace(probe().cpu, physical_cores=Missing("not_known"))
    seen = profile(ram_gib=32, cpu=cpu)
    assert _plan(_first(seen), seen).threads is None


def test_what_cannot_be_set_up_is_refused(seen):
    lines = recommend(seen, catalog(), offers()).recommendations
    _refused("cannot_set_up", next(line for line in lines if line.kind is Kind.CLOUD), seen)
    blocked = profile(gpu(), ram_gib=64, engine=Missing("not_installed"))
    card = next(
        line
        for line in recommend(blocked, catalog(), offers()).recommendations
        if line.kind is Kind.LOCAL and line.why_not
    )
    _refused("cannot_set_up", card, blocked)


def test_advice_for_another_computer_is_refused(best):
    _refused("cannot_set_up", best, profile(ram_gib=64))


def test_the_starter_can_be_planned_anywhere():
    for seen in (profile(ram_gib=4), profile(gpu(), ram_gib=4, engine=Missing("not_installed"))):
        plan = _plan(starter(seen, catalog(), offers()), seen)
        assert plan.model.starter
        assert plan.accelerator is Accelerator.CPU
        assert plan.memory_bytes < GIB
