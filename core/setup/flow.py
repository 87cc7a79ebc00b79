"""The first-run wizard as data: which page comes next, and what an answer makes out of date.

Pure and without windows, so that the whole walk can be tested as a table. The window shows
`state.page` and calls the functions here; it decides nothing by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum

from core.advice.questions import budget_for
from core.domain import (
    Advice,
    Answers,
    Choices,
    Endpoint,
    Money,
    Plan,
    Probe,
    Profile,
    Purpose,
    Recommendation,
    Sensitivity,
)


class WizardPage(StrEnum):
    """The pages in their order. DONE is the home window with its chat."""

    WELCOME = "welcome"
    COMPUTER = "computer"
    QUESTIONS = "questions"
    PLAN = "plan"
    SETUP = "setup"
    PROOF = "proof"
    DONE = "done"


PAGES = tuple(WizardPage)
RAIL = (
    WizardPage.COMPUTER,
    WizardPage.QUESTIONS,
    WizardPage.PLAN,
    WizardPage.SETUP,
    WizardPage.PROOF,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The three answers while they are being given; None is "not answered yet".

    The question asks what each month may cost, so the budget of the whole horizon is known only
    with the third answer.
    """

    sensitivity: Sensitivity | None = None
    monthly: Money | None = None
    horizon_months: int | None = None
    purpose: Purpose = Purpose.CHAT
    hours_per_day: float = 2.0
    country: str = "US"

    @property
    def answers(self) -> Answers | None:
        """All three with their defaults, or None while one is missing."""
        if self.sensitivity is None or self.monthly is None or self.horizon_months is None:
            return None
        return Answers(
            sensitivity=self.sensitivity,
            budget=budget_for(self.monthly.amount, self.monthly.currency, self.horizon_months),
            horizon_months=self.horizon_months,
            purpose=self.purpose,
            hours_per_day=self.hours_per_day,
            country=self.country,
        )


def draft_of(answers: Answers) -> Draft:
    """The draft that gives these answers again. Raises nothing: an odd horizon counts as one."""
    months = max(1, answers.horizon_months)
    return Draft(
        sensitivity=answers.sensitivity,
        monthly=replace(answers.budget, amount=answers.budget.amount / months),
        horizon_months=months,
        purpose=answers.purpose,
        hours_per_day=answers.hours_per_day,
        country=answers.country,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WizardState:
    """All that the wizard knows. Change it only with the functions of this module."""

    page: WizardPage = WizardPage.WELCOME
    probe: Probe | None = None
    draft: Draft = Draft()
    profile: Profile | None = None
    advice: Advice | None = None
    small: Recommendation | None = None  # the starter, worked out for this computer
    chosen: int = 0  # index into advice.recommendations
    starter: bool = False  # the small model was taken instead of the chosen plan
    choices: Choices = field(default_factory=Choices)
    plan: Plan | None = None
    begun: bool = False  # something may have been changed on this computer
    endpoint: Endpoint | None = None
    resume_to: WizardPage | None = None  # where the person left last time
    pending: Plan | None = None  # a set-up that was begun and then cut off

    @property
    def answers(self) -> Answers | None:
        return self.draft.answers

    @property
    def recommendation(self) -> Recommendation | None:
        """What would be set up now: the starter, or the chosen line of the advice."""
        if self.starter:
            return self.small
        if self.advice is None or not self.advice.recommendations:
            return None
        return self.advice.recommendations[self.chosen]


@dataclass(frozen=True, slots=True, kw_only=True)
class RailStep:
    """One line of the rail."""

    page: WizardPage
    state: str  # done | current | later
    can_go: bool  # a button back


def can_continue(state: WizardState) -> bool:
    """Whether the page has what the next one needs."""
    needs = {
        WizardPage.COMPUTER: state.probe,
        WizardPage.QUESTIONS: state.answers,
        WizardPage.PLAN: state.plan,
        WizardPage.SETUP: state.endpoint,
        WizardPage.PROOF: state.endpoint,
        WizardPage.DONE: None,
    }
    return state.page is WizardPage.WELCOME or needs[state.page] is not None


def next_page(state: WizardState) -> WizardState:
    """One page on, or the same state where `can_continue` is False.

    Leaving the plan page is the consent: from there on things change on this computer.
    """
    if not can_continue(state):
        return state
    page = PAGES[PAGES.index(state.page) + 1]
    return replace(state, page=page, begun=state.begun or page is WizardPage.SETUP, resume_to=None)


def back_page(state: WizardState) -> WizardState:
    """One page back. Once set-up has begun the way back is `undone`, so nothing is forgotten."""
    if state.begun or state.page in (WizardPage.WELCOME, WizardPage.DONE):
        return state
    return replace(state, page=PAGES[PAGES.index(state.page) - 1], resume_to=None)


def rail(state: WizardState) -> tuple[RailStep, ...]:
    """The five lines of the rail. On the welcome page all of them are still to come."""
    return tuple(_rail_step(state, page) for page in RAIL)


def _rail_step(state: WizardState, page: WizardPage) -> RailStep:
    if page is state.page:
        return RailStep(page=page, state="current", can_go=False)
    if PAGES.index(page) > PAGES.index(state.page):
        return RailStep(page=page, state="later", can_go=False)
    return RailStep(page=page, state="done", can_go=not state.begun)


def go_to(state: WizardState, page: WizardPage) -> WizardState:
    """Back to a page of the rail that is a button now; any other page changes nothing."""
    if any(step.page is page and step.can_go for step in rail(state)):
        return replace(state, page=page, resume_to=None)
    return state


# --- what was found and answered: each clears what was worked out from the one before ----------


def look_again(state: WizardState) -> WizardState:
    """Forgets what was found, with all that rests on it. The answers stay."""
    return _without_advice(replace(state, probe=None, profile=None, small=None))


def with_probe(state: WizardState, probe: Probe, pending: Plan | None = None) -> WizardState:
    """Takes what was found; `pending` is the set-up that an earlier start was cut off from."""
    return replace(look_again(state), probe=probe, pending=pending)


def with_draft(state: WizardState, draft: Draft) -> WizardState:
    """Takes an answer. The same answers again keep the advice."""
    if draft == state.draft:
        return state
    return _without_advice(replace(state, draft=draft, profile=None))


def with_advice(
    state: WizardState, profile: Profile, advice: Advice, small: Recommendation | None
) -> WizardState:
    """Takes the advice. The first line stands in the main place, even if it cannot be set up."""
    return replace(_without_advice(state), profile=profile, advice=advice, small=small)


def choose(state: WizardState, index: int) -> WizardState:
    """Swaps another line of the advice into the main place."""
    lines = state.advice.recommendations if state.advice else ()
    if not 0 <= index < len(lines):
        return state
    return replace(state, chosen=index, starter=False, plan=None)


def choose_starter(state: WizardState) -> WizardState:
    """Takes the small starter model; it is never called DeepSeek."""
    return replace(state, starter=state.small is not None, plan=None)


def with_choices(state: WizardState, choices: Choices) -> WizardState:
    return replace(state, choices=choices, plan=None)


def with_plan(state: WizardState, plan: Plan | None) -> WizardState:
    return replace(state, plan=plan, endpoint=None)


# --- set-up -----------------------------------------------------------------------------------


def with_endpoint(state: WizardState, endpoint: Endpoint) -> WizardState:
    return replace(state, endpoint=endpoint)


def undone(state: WizardState) -> WizardState:
    """Back on the plan page with a free choice: everything was taken away, or nothing was made."""
    return replace(state, page=WizardPage.PLAN, begun=False, endpoint=None)


# --- leaving and coming back ------------------------------------------------------------------


def resume(page: str | None, answers: Answers | None) -> WizardState:
    """The state of somebody who left on `page`.

    The computer is looked at again, because free memory changes; `catch_up` then walks on.
    Unknown names, from an older or newer version, begin at the beginning.
    """
    draft = Draft() if answers is None else draft_of(answers)
    if page not in RAIL:
        return WizardState(draft=draft)
    return WizardState(page=WizardPage.COMPUTER, draft=draft, resume_to=WizardPage(page))


def catch_up(state: WizardState) -> WizardState:
    """Walks towards the page the person left, as far as the plan page; `take_up` goes further."""
    goal = state.resume_to
    if goal is None or state.page is not WizardPage.COMPUTER or state.probe is None:
        return state
    if goal is WizardPage.COMPUTER:
        return replace(state, resume_to=None)
    questions_only = goal is WizardPage.QUESTIONS or state.answers is None
    page = WizardPage.QUESTIONS if questions_only else WizardPage.PLAN
    further = goal if page is WizardPage.PLAN and goal is not WizardPage.PLAN else None
    return replace(state, page=page, resume_to=further)


def take_up(state: WizardState) -> WizardState:
    """From the plan page on with a set-up that was cut off: the consent was given back then.

    Needs the advice, so that other ways can be offered if it fails again.
    """
    plan, wanted = state.pending, state.resume_to is not None
    state = replace(state, resume_to=None) if wanted else state
    if not wanted or plan is None or state.page is not WizardPage.PLAN or state.advice is None:
        return state
    lines = enumerate(state.advice.recommendations)
    chosen = next((i for i, line in lines if line.model and line.model.id == plan.model.id), 0)
    return replace(
        state,
        page=WizardPage.SETUP,
        chosen=chosen,
        starter=plan.model.starter and state.small is not None,
        plan=plan,
        pending=None,
        begun=True,
    )


def _without_advice(state: WizardState) -> WizardState:
    return replace(state, advice=None, chosen=0, starter=False, plan=None, endpoint=None)
