"""Where a model lies: each device holds its own part, and nothing is decided by a sum."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from core.advice.layout import lay_out
from core.advice.memory import (
    CACHE_RAM_MIB,
    COMFORTABLE_SHARE,
    CPU_OVERHEAD_BYTES,
    GPU_MARGIN_BYTES,
    GPU_OVERHEAD_BYTES,
    HOST_BYTES,
    need,
    usable_bytes,
)
from core.advice.placement import fit_across, fit_on, fit_spilled, fits, repacks
from core.domain import Accelerator, Device, Fit, GpuKind, Unreadable, Verdict
from tests.unit.advice.parts import GIB, MIB, gpu, model, profile, quant, shared_gpu

SEVEN = "deepseek-r1-distill-qwen-7b"
FOURTEEN = "deepseek-r1-distill-qwen-14b"
THIRTY_TWO = "deepseek-r1-distill-qwen-32b"
SEVENTY = "deepseek-r1-distill-llama-70b"
CODER = "deepseek-coder-v2-lite-instruct"
FLASH = "deepseek-v4-flash-0731"


def card(gib: float, name: str = "card", accelerator: Accelerator = Accelerator.CUDA) -> Device:
    """A card with so much free memory."""
    return Device(name=name, accelerator=accelerator, free_bytes=int(gib * GIB), gpu=gpu(name))


def processor(gib: float) -> Device:
    return Device(
        name="A processor", accelerator=Accelerator.CPU, free_bytes=int(gib * GIB), gpu=None
    )


def machine(*cards: Device, ram_gib: float = 64):
    devices = (*cards, processor(ram_gib))
    return replace(
        profile(ram_gib=4096, free_gib=ram_gib), devices=devices, ram_free_bytes=int(ram_gib * GIB)
    )


def ways(model_id: str, name: str, context: int, *cards: Device, ram_gib: float = 64) -> list[Fit]:
    here = machine(*cards, ram_gib=ram_gib)
    return list(fits(model(model_id), quant(model_id, name), context, here, here.devices))


def check(fit: Fit, model_id: str, file) -> None:
    """What is true of every way of lying in memory."""
    assert sum(part.layers for part in fit.parts) == model(model_id).layers
    for part in fit.parts:
        assert 0 < part.needed_bytes <= part.available_bytes
        assert part.available_bytes == usable_bytes(part.device)
        assert 0 <= part.expert_bytes <= part.weights_bytes
        assert min(part.layers, part.kv_bytes, part.repacked_bytes) >= 0
        assert part.repacked_bytes == 0 or part.device.gpu is None
        assert part.overhead_bytes > 0
    assert fit.needed_bytes == sum(part.needed_bytes for part in fit.parts)
    assert fit.available_bytes == sum(part.available_bytes for part in fit.parts)
    # Every weight lies in exactly one place; the input embedding is with the processor, if it
    # has a part, and is left out otherwise.
    loaded = file.size_bytes - file.unloaded_bytes
    beside = 0 if fit.parts[-1].device.gpu is None else file.token_embd_bytes
    assert sum(part.weights_bytes for part in fit.parts) == loaded - beside
    assert sum(part.expert_bytes for part in fit.parts) == file.expert_bytes
    roomy = all(part.needed_bytes <= part.available_bytes * COMFORTABLE_SHARE for part in fit.parts)
    if fit.verdict is not Verdict.SPILLS:
        assert fit.verdict is (Verdict.COMFORTABLE if roomy else Verdict.TIGHT)


# --- one device ---------------------------------------------------------------------------------


def test_one_card_needs_what_the_formulas_say():
    here = machine(card(24))
    fit = fit_on(model(THIRTY_TWO), quant(THIRTY_TWO, "Q4_K_M"), 8192, here.devices[0], here)
    what = need(model(THIRTY_TWO), quant(THIRTY_TWO, "Q4_K_M"), 8192, Accelerator.CUDA)
    assert fit.needed_bytes == what.total_bytes
    part = fit.parts[0]
    assert (part.kv_bytes, part.compute_bytes) == (what.kv_bytes, what.compute_bytes)
    assert (part.weights_bytes, part.layers) == (what.weights_bytes, 64)
    check(fit, THIRTY_TWO, quant(THIRTY_TWO, "Q4_K_M"))


def test_the_processor_needs_what_the_formulas_say_with_and_without_the_second_copy():
    file = quant(SEVEN, "Q4_K_M")
    for gib, repack in ((24, True), (8, False)):
        here = machine(ram_gib=gib)
        fit = fit_on(model(SEVEN), file, 8192, here.devices[0], here)
        what = need(model(SEVEN), file, 8192, Accelerator.CPU, repack=repack)
        assert fit.needed_bytes == what.total_bytes
        assert repacks(fit) is repack
        assert fit.parts[0].overhead_bytes == CPU_OVERHEAD_BYTES + CACHE_RAM_MIB * MIB
        check(fit, SEVEN, file)


def test_the_edge_of_a_card_is_the_margin():
    file = quant(SEVEN, "Q4_K_M")
    what = need(model(SEVEN), file, 8192, Accelerator.CUDA).total_bytes + GPU_MARGIN_BYTES
    for spare, verdict in ((-1, None), (0, Verdict.TIGHT), (what, Verdict.COMFORTABLE)):
        place = replace(card(1), free_bytes=what + spare)
        here = machine(place)
        fit = fit_on(model(SEVEN), file, 8192, place, here)
        assert (fit.verdict if fit else None) is verdict


def test_a_card_needs_the_computers_memory_beside_it():
    file = quant(SEVEN, "Q4_K_M")
    beside = file.token_embd_bytes + HOST_BYTES + CACHE_RAM_MIB * MIB
    place = card(24)
    for spare, there in ((-1, False), (0, True)):
        here = machine(place)
        short = replace(
            here,
            devices=(place, replace(processor(1), free_bytes=beside + spare)),
            ram_free_bytes=beside + spare,
        )
        assert (fit_on(model(SEVEN), file, 8192, place, short) is not None) is there
        both = fit_across(model(SEVEN), file, 8192, (place, place), short)
        assert (both is not None) is there


def test_where_containers_get_half_of_the_memory_that_half_counts():
    """As on Windows: the processor's share is smaller than what is free."""
    place = card(24)
    here = replace(machine(place), devices=(place, processor(0.5)), ram_free_bytes=32 * GIB)
    assert fit_on(model(SEVEN), quant(SEVEN, "Q4_K_M"), 8192, place, here) is None


def test_where_no_memory_could_be_read_the_card_decides():
    unread = Unreadable("timeout")
    here = profile(gpu(gib=24), ram_gib=1)
    here = replace(here, probe=replace(here.probe, ram_bytes=unread, ram_free_bytes=unread))
    assert fit_on(model(SEVEN), quant(SEVEN, "Q4_K_M"), 8192, here.devices[0], here) is not None


def test_memory_that_is_shared_counts_once():
    """An integrated chip of a computer with 16 GB: both parts lie in the same memory, and there is
    no processor to spill to."""
    chip = shared_gpu("apple", "Apple M2", kind=GpuKind.INTEGRATED)
    file = quant(SEVEN, "Q4_K_M")
    what = need(model(SEVEN), file, 8192, Accelerator.METAL)
    enough = what.total_bytes + what.host_bytes
    for spare, there in ((-1, False), (0, True)):
        place = Device(
            name="M2", accelerator=Accelerator.METAL, free_bytes=enough + spare, gpu=chip
        )
        here = replace(machine(ram_gib=16), devices=(place, processor(16)))
        found = fit_on(model(SEVEN), file, 8192, place, here)
        assert (found is not None) is there
        assert fit_across(model(SEVEN), file, 8192, (place, place), here) is None
        assert fit_spilled(model(SEVEN), file, 8192, (place, processor(64)), here) is None
        assert all(
            len(fit.parts) == 1 for fit in fits(model(SEVEN), file, 8192, here, here.devices)
        )
    check(found, SEVEN, file)


@pytest.mark.parametrize(("name", "full_heads"), [("Q4_K_M", True), ("Q4_K_M", False)])
def test_an_older_file_of_coder_v2_lite_needs_another_card(name, full_heads):
    """At 32,768 tokens: 8,640 MiB of cache or 972."""
    file = replace(quant(CODER, name), full_heads=full_heads)
    here = machine(card(16))
    fit = fit_on(model(CODER), file, 32768, here.devices[0], here)
    assert (fit is None) is full_heads


# --- several cards ------------------------------------------------------------------------------


def test_two_cards_do_not_hold_what_one_of_their_size_would():
    """32B at 8,192 tokens needs 20.9 GiB. Two cards of 12 GiB with 11.6 free have 21.2 without the
    margins, but each needs its own working memory, and layers are not cut."""
    file = quant(THIRTY_TWO, "Q4_K_M")
    one, two = machine(card(24)), machine(card(11.6), card(11.6))
    alone = fit_on(model(THIRTY_TWO), file, 8192, one.devices[0], one)
    assert alone.needed_bytes < sum(usable_bytes(place) for place in two.devices[:2])
    assert fit_across(model(THIRTY_TWO), file, 8192, two.devices[:2], two) is None


def test_two_cards_share_a_model_about_evenly():
    file = quant(SEVENTY, "Q4_K_M")
    here = machine(card(24), card(24))
    assert fit_on(model(SEVENTY), file, 4096, here.devices[0], here) is None
    fit = fit_across(model(SEVENTY), file, 4096, here.devices[:2], here)
    check(fit, SEVENTY, file)
    first, second = fit.parts
    assert abs(first.layers - second.layers) <= 8
    # Each has its own of what is not shared out, and the inputs three times more.
    laid = lay_out(model(SEVENTY), file, 4096)
    assert first.compute_bytes == second.compute_bytes == laid.compute_bytes + laid.copies_bytes
    assert laid.copies_bytes == 3 * 512 * (4096 * 2 + 8192 * 4)
    assert first.overhead_bytes == second.overhead_bytes == GPU_OVERHEAD_BYTES
    # The last one holds the output head: more weight on fewer layers.
    assert second.weights_bytes / second.layers > first.weights_bytes / first.layers


def test_three_unequal_cards_hold_as_much_as_each_can():
    file = quant(SEVENTY, "Q4_K_M")
    here = machine(card(24), card(16), card(12))
    fit = fit_across(model(SEVENTY), file, 4096, here.devices[:3], here)
    check(fit, SEVENTY, file)
    layers = [part.layers for part in fit.parts]
    assert layers == sorted(layers, reverse=True)
    assert min(layers) > 0


def test_a_card_too_small_for_a_layer_takes_no_part():
    file = quant(THIRTY_TWO, "Q4_K_M")
    here = machine(card(16), card(16), card(2))
    fit = fit_across(model(THIRTY_TWO), file, 8192, here.devices[:3], here)
    check(fit, THIRTY_TWO, file)
    assert [part.device for part in fit.parts] == list(here.devices[:2])


def test_cards_of_another_kind_are_not_pooled():
    file = quant(SEVENTY, "Q4_K_M")
    mixed = (card(40), card(40, "other", Accelerator.ROCM))
    here = machine(*mixed)
    assert fit_across(model(SEVENTY), file, 8192, mixed, here) is None
    assert fit_across(model(SEVENTY), file, 8192, (card(40), card(40)), here) is not None
    assert fit_across(model(SEVENTY), file, 8192, (card(80), processor(64)), here) is None
    assert fit_across(model(SEVENTY), file, 8192, (), here) is None
    assert fit_spilled(model(SEVENTY), file, 8192, (*mixed, processor(64)), here) is None
    # But each kind may spill by itself.
    kinds = {fit.parts[0].device.accelerator for fit in ways(SEVENTY, "Q4_K_M", 8192, *mixed)}
    assert kinds == {Accelerator.CUDA, Accelerator.ROCM, Accelerator.CPU}


def test_more_cards_are_taken_only_for_room():
    roomy = ways(SEVEN, "Q4_K_M", 8192, card(24), card(24))
    assert [len(fit.parts) for fit in roomy] == [1, 1]
    found = ways(THIRTY_TWO, "Q4_K_M", 8192, card(22.5), card(22.5), card(22.5))
    assert [(len(fit.parts), fit.verdict) for fit in found] == [
        (1, Verdict.TIGHT),
        (2, Verdict.COMFORTABLE),
        (1, Verdict.COMFORTABLE),  # the processor
    ]


# --- cards and the processor --------------------------------------------------------------------


def test_a_dense_model_spills_by_whole_layers():
    """14B on a card of 8 GiB: the last layers there, the first ones with the processor."""
    file = quant(FOURTEEN, "Q4_K_M")
    here = machine(card(8))
    fit = fit_spilled(model(FOURTEEN), file, 8192, here.devices, here)
    check(fit, FOURTEEN, file)
    assert fit.verdict is Verdict.SPILLS
    on_card, rest = fit.parts
    assert rest.device.gpu is None
    assert 0 < rest.layers < on_card.layers
    # One more layer would not go on the card.
    each = (on_card.weights_bytes + on_card.kv_bytes) / on_card.layers
    assert on_card.available_bytes - on_card.needed_bytes < each
    # The cache goes with its layer; the host's parts are counted there.
    assert on_card.kv_bytes + rest.kv_bytes == 8192 * 196_608
    assert rest.overhead_bytes == HOST_BYTES + CACHE_RAM_MIB * MIB
    assert rest.weights_bytes > file.token_embd_bytes
    assert not repacks(fit)


def test_experts_go_to_the_processor_before_layers():
    """V4-Flash in 2 bits: 85 GiB, 24 on the card, all that every token needs among them."""
    file = quant(FLASH, "UD-IQ2_XXS")
    assert file.expert_bytes > 70 * GIB
    here = machine(card(24), ram_gib=128)
    fit = fit_spilled(model(FLASH), file, 32768, here.devices, here)
    check(fit, FLASH, file)
    on_card, rest = fit.parts
    assert (on_card.layers, rest.layers) == (43, 0)
    assert (rest.kv_bytes, rest.weights_bytes) == (0, rest.expert_bytes + file.token_embd_bytes)
    # The card is filled up with experts, layer by layer.
    each = file.expert_bytes / 43
    assert on_card.expert_bytes > each
    assert on_card.available_bytes - on_card.needed_bytes < each + 1


def test_experts_of_more_than_the_memory_fit_where_the_card_takes_some():
    file = quant(FLASH, "UD-IQ2_XXS")
    for gib, there in ((24, True), (12, False)):
        here = machine(card(gib), ram_gib=84)
        fit = fit_spilled(model(FLASH), file, 8192, here.devices, here)
        assert (fit is not None) is there
    check_here = machine(card(24), ram_gib=84)
    check(fit_spilled(model(FLASH), file, 8192, check_here.devices, check_here), FLASH, file)


def test_experts_fill_every_card():
    file = quant(FLASH, "UD-IQ2_XXS")
    here = machine(card(12), card(16), ram_gib=128)
    fit = fit_spilled(model(FLASH), file, 8192, here.devices, here)
    check(fit, FLASH, file)
    each = file.expert_bytes / 43
    assert len(fit.parts) == 3
    spare = [part.available_bytes - part.needed_bytes for part in fit.parts[:2]]
    assert max(spare) < each + fit.parts[0].weights_bytes / fit.parts[0].layers
    alone = machine(card(16), ram_gib=128)
    one = fit_spilled(model(FLASH), file, 8192, alone.devices, alone)
    assert fit.parts[-1].expert_bytes < one.parts[-1].expert_bytes


def test_where_even_the_rest_is_too_much_for_a_card_it_takes_the_last_layers():
    file = replace(quant("deepseek-r1", "Q4_K_M"), full_heads=False)
    here = machine(card(8), ram_gib=512)
    fit = fit_spilled(model("deepseek-r1"), file, 8192, here.devices, here)
    check(fit, "deepseek-r1", file)
    on_card, rest = fit.parts
    assert on_card.layers > 0 < rest.layers
    assert (on_card.expert_bytes, rest.expert_bytes) == (0, file.expert_bytes)
    # A card has room for one tensor of what lies elsewhere, or prompts would not be read.
    assert on_card.compute_bytes > file.expert_bytes / 58 / 3


def test_dense_layers_in_front_have_no_experts():
    file = quant("deepseek-r1", "Q4_K_M")
    laid = lay_out(model("deepseek-r1"), file, 8192)
    assert laid.experts(0, 3) == 0
    assert laid.experts(0, 61) == laid.experts(3, 61) == file.expert_bytes > 0
    assert laid.common(0, 61) + laid.expert_bytes == laid.weights_bytes
    # The head is with the last layer alone.
    assert laid.common(60, 61) - laid.common(59, 60) >= laid.head_bytes - 1


def test_spilling_is_the_last_of_the_ways_on_cards():
    found = ways(FOURTEEN, "Q4_K_M", 8192, card(8))
    assert [fit.verdict for fit in found] == [Verdict.SPILLS, Verdict.COMFORTABLE]
    assert [len(fit.parts) for fit in found] == [2, 1]
    assert all(fit.verdict is not Verdict.SPILLS for fit in ways(SEVEN, "Q4_K_M", 8192, card(8)))


def test_two_cards_spill_together():
    file = quant(SEVENTY, "Q4_K_M")
    found = ways(SEVENTY, "Q4_K_M", 8192, card(12), card(12), ram_gib=48)
    assert found[0].verdict is Verdict.SPILLS
    check(found[0], SEVENTY, file)
    assert len(found[0].parts) == 3


def test_without_memory_beside_nothing_spills():
    assert ways(SEVENTY, "Q4_K_M", 8192, card(24), ram_gib=8) == []


# --- whatever there is --------------------------------------------------------------------------

# So that a fast machine of any size is among them, and the edges come up often.
_SIZES = st.one_of(st.integers(0, 96 * GIB), st.sampled_from([0, GIB, 12 * GIB, 24 * GIB]))
_FILES = st.sampled_from(
    [
        (SEVEN, "Q4_K_M"),
        (FOURTEEN, "Q8_0"),
        (SEVENTY, "Q4_K_M"),
        (CODER, "Q4_K_M"),
        (FLASH, "UD-IQ2_XXS"),
    ]
)
_CONTEXTS = st.sampled_from([4096, 8192, 32768])


def _machine(sizes: list[int], ram: int):
    cards = [replace(card(1), free_bytes=size) for size in sizes]
    here = machine(*cards, ram_gib=ram / GIB)
    return here, cards


@settings(max_examples=150, deadline=None)
@given(_FILES, _CONTEXTS, st.lists(_SIZES, max_size=4), st.integers(0, 160 * GIB))
def test_no_part_is_over_what_there_is_and_the_layers_are_the_models(which, context, sizes, ram):
    here, cards = _machine(sizes, ram)
    thing, file = model(which[0]), quant(*which)
    found = list(fits(thing, file, context, here, here.devices))
    found += filter(
        None,
        [
            fit_across(thing, file, context, cards, here),
            fit_spilled(thing, file, context, here.devices, here),
            *(fit_on(thing, file, context, place, here) for place in here.devices),
        ],
    )
    for fit in found:
        check(fit, which[0], file)


@settings(max_examples=150, deadline=None)
@given(
    _FILES,
    _CONTEXTS,
    st.lists(_SIZES, min_size=1, max_size=3),
    st.integers(0, 160 * GIB),
    st.integers(0, 8 * GIB),
    st.integers(0, 3),
)
def test_more_memory_never_takes_a_way_away(which, context, sizes, ram, more, where):
    here, cards = _machine(sizes, ram)
    larger = [size + (more if where == number else 0) for number, size in enumerate(sizes)]
    after, more_cards = _machine(larger, ram + (more if where >= len(sizes) else 0))
    thing, file = model(which[0]), quant(*which)
    assert len(sizes) == len(larger)

    def found(ours, place, others):
        return {
            "any": next(fits(thing, file, context, ours, ours.devices), None),
            "one": fit_on(thing, file, context, place, ours),
            "across": fit_across(thing, file, context, others, ours),
            "spilled": fit_spilled(thing, file, context, ours.devices, ours),
            "processor": fit_on(thing, file, context, ours.devices[-1], ours),
        }

    before = found(here, cards[0], cards)
    then = found(after, more_cards[0], more_cards)
    for way, fit in before.items():
        if fit is None:
            continue
        assert then[way] is not None, way
        if way in ("one", "across", "processor") and fit.verdict is Verdict.COMFORTABLE:
            assert then[way].verdict is Verdict.COMFORTABLE, way
        if way == "spilled":
            assert fit.parts[-1].layers >= then[way].parts[-1].layers


# Most random cards hold nothing of it, and that is not what is asked.
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.filter_too_much])
@given(_FILES, _CONTEXTS, st.lists(_SIZES, min_size=2, max_size=3))
def test_a_sum_never_decides(which, context, sizes):
    """What fits on several cards would fit on one with all their memory, and not the other way."""
    here, cards = _machine(sizes, 32 * GIB)
    thing, file = model(which[0]), quant(*which)
    assume(fit_across(thing, file, context, cards, here) is not None)
    whole = replace(card(1), free_bytes=sum(sizes))
    assert fit_on(thing, file, context, whole, here) is not None


@given(
    st.dictionaries(
        st.sampled_from(["size_bytes", "token_embd_bytes", "expert_bytes", "unloaded_bytes"]),
        st.sampled_from([-(2**70), -1, 0, 1, 2**70]),
        min_size=1,
    ),
    st.sampled_from([-1, 0, 1, 8192, 2**70]),
    st.sampled_from([-(2**70), -1, 0, 1, 40 * GIB, 2**80]),
)
def test_absurd_sizes_give_none_or_a_true_fit(of_file, context, free):
    here, cards = _machine([free, free], 64 * GIB)
    file = replace(quant(SEVEN, "Q4_K_M"), **of_file)
    for fit in (
        *fits(model(SEVEN), file, context, here, here.devices),
        *filter(None, [fit_across(model(SEVEN), file, context, cards, here)]),
        *filter(None, [fit_spilled(model(SEVEN), file, context, here.devices, here)]),
    ):
        check(fit, SEVEN, file)
    if file.size_bytes <= 0 or context <= 0:
        assert fit_on(model(SEVEN), file, context, cards[0], here) is None


def test_what_the_catalogue_does_not_know_fits_nowhere():
    here = machine(card(80), card(80), ram_gib=1024)
    unknown = replace(model(SEVEN), attention=None)
    file = quant(SEVEN, "Q4_K_M")
    assert list(fits(unknown, file, 8192, here, here.devices)) == []
    assert fit_on(unknown, file, 8192, here.devices[0], here) is None
    assert fit_across(unknown, file, 8192, here.devices[:2], here) is None
    assert fit_spilled(unknown, file, 8192, here.devices, here) is None
    experts = replace(
        model(CODER), experts=replace(model(CODER).experts, dense_layers=model(CODER).layers)
    )
    assert fit_on(experts, quant(CODER, "Q4_K_M"), 8192, here.devices[0], here) is None
