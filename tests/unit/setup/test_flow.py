"""The wizard's walk as tables: where each page leads, and what an answer makes out of date."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from core.domain import (
    Accelerator,
    Advice,
    Answers,
    ContainerEngine,
    Cost,
    Cpu,
    Device,
    Endpoint,
    EngineKind,
    Handle,
    Kind,
    Missing,
    Money,
    Network,
    Plan,
    Probe,
    Profile,
    Recommendation,
    Sensitivity,
    Tree,
)
from core.setup import flow
from core.setup.flow import Draft, WizardPage, WizardState
from tests.unit.setup.plans import make_plan

PLAN = make_plan(Path("/"), b"x")
MODEL, QUANT = PLAN.model, PLAN.quant
PROBE = Probe(
    os="linux",
    os_version="Debian 12",
    arch="x86_64",
    wsl=False,
    cpu=Cpu(name="A processor", physical_cores=4),
    ram_bytes=16_000_000_000,
    ram_free_bytes=12_000_000_000,
    gpus=Missing("none"),
    disks=(),
    engine=ContainerEngine(
        kind="docker", version="29", rootless=False, gpu_runtime=None, problem=None
    ),
    network=Network(hub="ok", registry="ok", proxy=None),
)
DRAFT = Draft(
    sensitivity=Sensitivity.PRIVATE,
    monthly=Money(amount=Decimal(50), currency="CNY"),
    horizon_months=12,
    country="CN",
)


def recommendation(rank: int, kind: Kind = Kind.LOCAL) -> Recommendation:
    return Recommendation(
        rank=rank,
        kind=kind,
        model=MODEL,
        quant=QUANT,
        engine=EngineKind.BUILTIN,
        accelerator=Accelerator.CPU,
        device_name="A processor",
        image=None,
        provider="local",
        context=4096,
        fit=None,
        speed=None,
        cost=Cost(monthly=None, total=None, currency="USD"),
        first_answer_minutes=None,
        privacy="stays_here",
        reasons=(),
        why_not=(),
    )


ADVICE = Advice(
    tree=Tree(verdict="local", path=("sensitive:yes",)),
    recommendations=(recommendation(1), recommendation(2), recommendation(3, Kind.HYBRID)),
    assumptions=(),
)
SMALL = recommendation(9)
ENDPOINT = Endpoint(
    handle=Handle(provider="fake", ref="1", deployment_id="d"),
    url="http://127.0.0.1:1",
    key_path="/key",
    model=MODEL,
    quant_name="Q4_K_M",
    engine=EngineKind.BUILTIN,
    context=4096,
)


def answers() -> Answers:
    given = DRAFT.answers
    assert given is not None
    return given


def profile() -> Profile:
    return Profile(
        probe=PROBE,
        answers=answers(),
        devices=(Device(name="A processor", accelerator=Accelerator.CPU, free_bytes=1, gpu=None),),
        ram_free_bytes=1,
        disk_free_bytes=1,
        containers=True,
        containers_why_not=None,
        online=True,
    )


def full(page: WizardPage) -> WizardState:
    """A state on `page` with everything known that the pages before it give."""
    at = flow.PAGES.index(page)
    state = WizardState(page=page, begun=at >= flow.PAGES.index(WizardPage.SETUP))
    if at >= flow.PAGES.index(WizardPage.QUESTIONS):
        state = replace(state, probe=PROBE)
    if at >= flow.PAGES.index(WizardPage.PLAN):
        state = replace(state, draft=DRAFT, profile=profile(), advice=ADVICE, small=SMALL)
    if at >= flow.PAGES.index(WizardPage.SETUP):
        state = replace(state, plan=PLAN)
    if at >= flow.PAGES.index(WizardPage.PROOF):
        state = replace(state, endpoint=ENDPOINT)
    return state


FORWARD = [
    # page, what the page itself adds, the next page
    ("welcome", {}, "computer"),
    ("computer", {"probe": PROBE}, "questions"),
    ("questions", {"draft": DRAFT}, "plan"),
    ("plan", {"plan": PLAN}, "setup"),
    ("setup", {"endpoint": ENDPOINT}, "proof"),
    ("proof", {}, "done"),
]


@pytest.mark.parametrize(("page", "adds", "leads_to"), FORWARD)
def test_a_page_leads_on_when_it_has_what_the_next_one_needs(page, adds, leads_to):
    state = replace(full(WizardPage(page)), **adds)
    assert flow.can_continue(state)
    assert flow.next_page(state).page == leads_to


@pytest.mark.parametrize("page", ["computer", "questions", "plan", "setup"])
def test_a_page_without_its_answer_holds(page):
    state = full(WizardPage(page))
    assert not flow.can_continue(state)
    assert flow.next_page(state) is state


def test_done_is_the_end():
    state = full(WizardPage.DONE)
    assert flow.next_page(state) is state
    assert flow.back_page(state) is state


@pytest.mark.parametrize(
    ("page", "leads_to"),
    [
        ("welcome", "welcome"),
        ("computer", "welcome"),
        ("questions", "computer"),
        ("plan", "questions"),
        ("setup", "setup"),
        ("proof", "proof"),
    ],
)
def test_back_leads_one_page_back_until_set_up_has_begun(page, leads_to):
    state = full(WizardPage(page))
    assert flow.back_page(state).page == leads_to


def test_leaving_the_plan_page_is_the_consent():
    assert not full(WizardPage.PLAN).begun
    assert flow.next_page(replace(full(WizardPage.PLAN), plan=PLAN)).begun


@pytest.mark.parametrize("page", list(WizardPage))
def test_the_rail_shows_one_current_step_and_only_earlier_ones_done(page):
    steps = flow.rail(full(page))
    assert [step.page for step in steps] == list(flow.RAIL)
    order = [("done", "current", "later").index(step.state) for step in steps]
    assert order == sorted(order)
    assert [step.page for step in steps if step.state == "current"] == (
        [page] if page in flow.RAIL else []
    )


def test_done_steps_are_buttons_until_set_up_has_begun():
    at_plan = full(WizardPage.PLAN)
    assert [s.can_go for s in flow.rail(at_plan)] == [True, True, False, False, False]
    assert flow.go_to(at_plan, WizardPage.COMPUTER).page is WizardPage.COMPUTER
    assert flow.go_to(at_plan, WizardPage.SETUP) is at_plan

    setting_up = full(WizardPage.SETUP)
    assert not any(step.can_go for step in flow.rail(setting_up))
    assert flow.go_to(setting_up, WizardPage.COMPUTER) is setting_up


LATER = ("advice", "plan", "endpoint")


def test_looking_again_clears_what_rests_on_the_computer_and_keeps_the_answers():
    state = flow.look_again(full(WizardPage.PROOF))
    assert (state.probe, state.profile, state.small) == (None, None, None)
    assert [getattr(state, name) for name in LATER] == [None, None, None]
    assert state.draft == DRAFT


def test_another_answer_clears_the_advice_and_keeps_the_computer():
    before = replace(full(WizardPage.PLAN), plan=PLAN, chosen=2)
    after = flow.with_draft(before, replace(DRAFT, horizon_months=1))
    assert [getattr(after, name) for name in LATER] == [None, None, None]
    assert (after.chosen, after.probe) == (0, PROBE)


def test_the_same_answers_again_keep_everything():
    before = replace(full(WizardPage.PLAN), plan=PLAN, chosen=1)
    assert flow.with_draft(before, replace(DRAFT)) is before


@pytest.mark.parametrize(
    "draft",
    [
        replace(DRAFT, sensitivity=None),
        replace(DRAFT, monthly=None),
        replace(DRAFT, horizon_months=None),
        Draft(),
    ],
)
def test_two_answers_are_no_answers(draft):
    assert draft.answers is None
    assert not flow.can_continue(replace(full(WizardPage.QUESTIONS), draft=draft))


def test_the_budget_is_for_the_whole_horizon_and_comes_back_as_it_was_asked():
    assert answers().budget == Money(amount=Decimal(600), currency="CNY")
    assert flow.draft_of(answers()) == DRAFT
    assert flow.draft_of(replace(answers(), horizon_months=0)).horizon_months == 1


def test_advice_begins_with_its_first_line():
    before = replace(full(WizardPage.PLAN), chosen=2, starter=True, plan=PLAN)
    after = flow.with_advice(before, profile(), ADVICE, SMALL)
    assert (after.chosen, after.starter, after.plan) == (0, False, None)
    assert after.recommendation is ADVICE.recommendations[0]
    assert after.small is SMALL


@pytest.mark.parametrize(("index", "chosen"), [(0, 0), (2, 2), (3, 1), (-1, 1)])
def test_choosing_another_line_needs_a_new_plan(index, chosen):
    before = replace(full(WizardPage.PLAN), chosen=1, plan=PLAN)
    after = flow.choose(before, index)
    assert after.chosen == chosen
    assert (after.plan is None) == (index == chosen)


def test_the_starter_takes_the_place_of_the_chosen_line_until_another_is_chosen():
    before = replace(full(WizardPage.PLAN), plan=PLAN)
    taken = flow.choose_starter(before)
    assert (taken.recommendation, taken.plan) == (SMALL, None)
    assert flow.choose(taken, 1).recommendation is ADVICE.recommendations[1]
    assert not flow.choose_starter(replace(before, small=None)).starter


def test_other_choices_need_a_new_plan():
    before = replace(full(WizardPage.PLAN), plan=PLAN)
    after = flow.with_choices(before, replace(before.choices, engine=EngineKind.BUILTIN))
    assert after.plan is None
    assert flow.with_plan(after, PLAN).plan is PLAN


def test_no_advice_recommends_nothing():
    assert WizardState().recommendation is None
    assert replace(WizardState(), advice=replace(ADVICE, recommendations=())).recommendation is None


def test_after_an_undo_the_plan_may_be_chosen_again():
    state = flow.undone(flow.with_endpoint(full(WizardPage.SETUP), ENDPOINT))
    assert (state.page, state.begun, state.endpoint) == (WizardPage.PLAN, False, None)
    assert flow.back_page(state).page is WizardPage.QUESTIONS
    assert state.advice is ADVICE


RESUMED = [
    # left on, with answers, begins on, and after the look stands on
    (None, False, "welcome", "welcome"),
    ("welcome", True, "welcome", "welcome"),
    ("done", True, "welcome", "welcome"),
    ("a page of the future", True, "welcome", "welcome"),
    ("computer", False, "computer", "computer"),
    ("questions", False, "computer", "questions"),
    ("questions", True, "computer", "questions"),
    ("plan", True, "computer", "plan"),
    ("plan", False, "computer", "questions"),
    ("setup", True, "computer", "plan"),
    ("proof", True, "computer", "plan"),
]


@pytest.mark.parametrize(("left", "answered", "begins", "stands"), RESUMED)
def test_coming_back_looks_first_and_then_walks_to_where_the_person_was(
    left, answered, begins, stands
):
    state = flow.resume(left, answers() if answered else None)
    assert state.page == begins
    assert (state.answers is not None) == answered
    looked = flow.catch_up(flow.with_probe(state, PROBE))
    assert looked.page == stands
    assert flow.take_up(looked).resume_to is None
    assert flow.take_up(looked).page == stands


def unfinished(plan: Plan) -> WizardState:
    """Somebody whose set-up was cut off is back on the plan page with the advice worked out."""
    state = flow.catch_up(flow.with_probe(flow.resume("setup", answers()), PROBE, plan))
    return flow.with_advice(state, profile(), ADVICE, SMALL)


def test_a_set_up_that_was_cut_off_goes_on_without_asking_again():
    state = flow.take_up(unfinished(PLAN))
    assert (state.page, state.plan, state.begun) == (WizardPage.SETUP, PLAN, True)
    assert state.recommendation is ADVICE.recommendations[0]
    assert flow.take_up(state) is state


def test_a_starter_that_was_cut_off_is_still_a_starter():
    small_model = replace(MODEL, id="small", starter=True)
    state = flow.take_up(unfinished(replace(PLAN, model=small_model)))
    assert state.recommendation is SMALL


def test_nothing_is_taken_up_without_being_asked_for_or_without_advice():
    cut_off = unfinished(PLAN)
    by_hand = replace(cut_off, resume_to=None)
    assert flow.take_up(by_hand) is by_hand
    assert flow.take_up(replace(cut_off, advice=None)).page is WizardPage.PLAN
    assert flow.take_up(replace(cut_off, pending=None)).page is WizardPage.PLAN


def test_nothing_is_caught_up_before_the_look_or_after_a_step_by_hand():
    state = flow.resume("plan", answers())
    assert flow.catch_up(state) is state
    by_hand = flow.next_page(flow.with_probe(state, PROBE))
    assert flow.catch_up(by_hand) is by_hand
