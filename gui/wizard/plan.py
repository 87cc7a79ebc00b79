"""The plan page: one recommendation large, the others below with why they are not the first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.advice.checks import checks
from core.advice.cost import default_inputs
from core.advice.profile import build_profile
from core.advice.recommend import recommend, starter
from core.assembly import Assembly
from core.domain import Advice, Answers, Check, CostInputs, Profile, Recommendation
from core.errors import AppError
from core.setup import flow
from core.setup.flow import WizardState
from core.setup.plan import make_plan
from gui.language import say, text
from gui.widgets.buttons import Button
from gui.widgets.labels import Label
from gui.wizard import plan_words as words
from gui.wizard.beside import Beside
from gui.wizard.figures import changed_fields
from gui.wizard.plan_card import MainCard, OtherRow
from gui.wizard.plan_chart import ChartCard
from gui.wizard.plan_detail import DetailCard
from gui.wizard.plan_notes import NotesCards
from gui.wizard.quiet_note import Offer, QuietNote
from gui.wizard.step import Act, Footer, StepPage
from gui.wizard.worked_out import WorkedOutDialog

_ROWS = 4  # alternatives shown before "Show all"; the advice has no more


class PlanPage(StepPage):
    """Works the advice out when it comes up. Leaving with "Set this up" is the consent."""

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(assembly, parent)
        self._all = False
        self._refused: AppError | None = None  # why there is no plan, where the core says so
        self._figures: dict[str, object] = {}  # what the person changed of what the costs rest on
        self._sheet: WorkedOutDialog | None = None
        self._title = Label("title")
        self._lead = Label("muted")
        self.main = MainCard()
        self._tree = QuietNote("policy")
        self._small = Offer("chat", "use-starter")
        self._small.pressed.connect(self._take_starter)
        self._others = Label("caption")
        self.rows: list[OtherRow] = []
        self.more = Button("quiet", "small", "chevron-down")
        self.more.setObjectName("show-all")
        self.more.clicked.connect(self._show_all)
        self.chart = ChartCard()
        self.chart.counted.connect(self._count_the_card)
        self.detail = DetailCard()
        self.notes = NotesCards()
        self.notes.wanted.connect(self._open_sheet)
        self._ways = QWidget()
        self._list = QVBoxLayout(self._ways)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(8)
        self._list.addWidget(self._others)
        self._list.addWidget(self.more)
        self._list.addStretch(1)
        self._lower = Beside(self._ways, self.chart, shares=(3, 2))
        self._make_rows(_ROWS)
        _ = self.assembly.offers  # read while the person reads, not when the page comes up
        self._advised: _Advised | None = None
        self._begin = self._in_a_turn(self._advise)
        self._hand_over = self._in_a_turn(self._show_advised)
        self._more = self._in_a_turn(self._go_on)
        self._parts: list[Callable[[Advice, Recommendation, Answers], None]] = []  # still to show
        # The offer first: where it shows, the plan below it cannot be carried out right now.
        for widget in (self._title, self._lead, self._small, self.main, self._lower):
            self.body.addWidget(widget)
        self.body.addWidget(self.detail)
        self.body.addWidget(self._tree)
        self.body.addWidget(self.notes)
        self.render()

    def _in_a_turn(self, act: Callable[[], None]) -> QTimer:
        """For work that gets a turn of the event loop alone: all at once would hold the window."""
        timer = QTimer(self, singleShot=True, interval=0)
        timer.timeout.connect(act)
        return timer

    def title(self) -> str:
        return say("page.plan.title")

    def render(self) -> None:  # type: ignore[override]
        advice, chosen = self.state.advice, self.state.recommendation
        answers = self.state.answers
        self._title.setText(say("page.plan.title"))
        for widget in (self.main, self._tree, self._lower, self.detail, self.notes):
            widget.setVisible(chosen is not None)
        if advice is None or chosen is None or answers is None:
            self._lead.setText(say("page.plan.working"))
            self._small.hide()
            self._show_rows(())
            return
        ways = len(advice.recommendations)
        self._lead.setText(say("page.plan.lead.one" if ways == 1 else "page.plan.lead", n=ways))
        inputs = advice.inputs or default_inputs(answers, self.assembly.offers)
        self.main.show_plan(chosen, inputs.hours_per_day)
        self._tree.say(words.tree_line(advice))
        self._offer_starter()
        self._make_rows(len(self._other_ways) if self._all else 0)
        self.detail.memory.make_room(len(chosen.fit.parts) if chosen.fit else 0)
        self._parts = [self._show_others, self._show_costs, self._show_detail, self._show_notes]
        self._more.start()

    @property
    def whole(self) -> bool:
        """Whether everything on the page shows the state."""
        return not self._parts

    def _go_on(self) -> None:
        """The next part of the page, so that the plan itself need not wait for what is below it."""
        advice, chosen = self.state.advice, self.state.recommendation
        answers = self.state.answers
        if not self._parts or advice is None or chosen is None or answers is None:
            self._parts = []
            return
        self._parts.pop(0)(advice, chosen, answers)
        if self._parts:
            self._more.start()

    @property
    def _other_ways(self) -> tuple[int, ...]:
        ways = len(self.state.advice.recommendations) if self.state.advice else 0
        return tuple(i for i in range(ways) if self.state.starter or i != self.state.chosen)

    def _show_others(self, _advice: Advice, _chosen: Recommendation, _said: Answers) -> None:
        others = self._other_ways
        self._others.setText(say("page.plan.others"))
        self._ways.setVisible(bool(others))  # alone, the chart takes their place as well
        self._show_rows(others)

    def _show_costs(self, advice: Advice, chosen: Recommendation, said: Answers) -> None:
        self.chart.show_costs(advice, chosen, said, self.assembly.offers)

    def _show_detail(self, _advice: Advice, chosen: Recommendation, _said: Answers) -> None:
        self.detail.show_plan(chosen)

    def _show_notes(self, advice: Advice, _chosen: Recommendation, _said: Answers) -> None:
        self.notes.show_notes(self._checks(), advice.upgrades)

    def _checks(self) -> tuple[Check, ...]:
        """Those of the plan that is shown large; the advice has those of its first one."""
        chosen, profile = self.state.recommendation, self.state.profile
        return checks(chosen, profile) if chosen is not None and profile is not None else ()

    def footer(self) -> Footer:
        plan = self.state.plan
        hint, icon = self._hint()
        return Footer(
            back=Act(say("wizard.back"), icon="arrow-left"),
            link=Act(say("page.plan.how")) if self.state.advice else None,
            primary=Act(say("page.plan.go"), enabled=plan is not None, icon="arrow-right"),
            hint=hint,
            hint_icon=icon,
        )

    def entered(self) -> None:
        self._all = False
        state = self.state
        if state.advice is not None or state.probe is None or state.answers is None:
            self._take(flow.take_up(state))
            if self._advised is not None and state.advice is not None:
                self._hand_over.start()  # left before it was shown
        else:
            self._begin.start()

    def _advise(self) -> None:
        state, answers = self.state, self.state.answers
        if state.probe is None or answers is None:
            return
        profile = build_profile(state.probe, answers, self.assembly.measured())
        catalog, offers = self.assembly.catalog, self.assembly.offers
        advice = recommend(profile, catalog, offers, self._inputs(answers))
        small = starter(profile, catalog, offers)
        self._advised = _Advised(profile=profile, advice=advice, small=small)
        self._hand_over.start()

    def left(self) -> None:
        self._begin.stop()
        self._hand_over.stop()

    def _show_advised(self) -> None:
        """What was worked out. A plan that was chosen before stays chosen."""
        found, state = self._advised, self.state
        if found is None:
            return
        self._advised = None
        again = flow.with_advice(state, found.profile, found.advice, found.small)
        if state.starter:
            again = flow.choose_starter(again)
        elif state.chosen and (before := state.recommendation) is not None:
            again = flow.choose(again, _place_of(before, found.advice))
        self._take(flow.take_up(again))
        if self._sheet is not None:
            self._sheet.show_advice(replace(found.advice, checks=self._checks()))

    def press_link(self) -> None:
        self._open_sheet("figures")

    def _open_sheet(self, section: str) -> None:
        advice, answers = self.state.advice, self.state.answers
        if advice is None or answers is None:
            return
        advice = replace(advice, checks=self._checks())
        self._sheet = WorkedOutDialog(advice, answers, self.window(), section=section)
        self._sheet.figures_changed.connect(self._work_out)
        self._sheet.destroyed.connect(self._sheet_is_gone)
        self._sheet.open()

    def _sheet_is_gone(self) -> None:
        self._sheet = None

    def _inputs(self, answers: Answers) -> CostInputs:
        """What the answers say, and over it what the person changed before answering again."""
        inputs = default_inputs(answers, self.assembly.offers)
        return replace(inputs, **self._figures)  # type: ignore[arg-type]

    def _count_the_card(self, count: bool) -> None:
        if (advice := self.state.advice) is not None and advice.inputs is not None:
            self._work_out(replace(advice.inputs, count_hardware=count))

    def _work_out(self, inputs: CostInputs) -> None:
        """The whole advice again, from other figures."""
        state, answers = self.state, self.state.answers
        if state.profile is None or state.advice is None or answers is None:
            return
        self._figures = dict(changed_fields(default_inputs(answers, self.assembly.offers), inputs))
        offers = self.assembly.offers
        advice = recommend(state.profile, self.assembly.catalog, offers, inputs)
        self._advised = _Advised(profile=state.profile, advice=advice, small=state.small)
        self._hand_over.start()

    def _take(self, state: WizardState) -> None:
        """Makes the plan for what is chosen, where it can be carried out."""
        self._refused = None
        chosen, profile = state.recommendation, state.profile
        if state.plan is None and chosen is not None and profile is not None and chosen.can_set_up:
            try:
                plan = make_plan(
                    chosen, state.choices, profile, model_folder=self.assembly.model_folder
                )
                state = flow.with_plan(state, plan)
            except AppError as error:
                self._refused = error
        self.changed.emit(state)

    def _choose(self, index: int) -> None:
        self._take(flow.choose(self.state, index))
        self.to_top()

    def _take_starter(self) -> None:
        self._small.button.clearFocus()  # it goes away; the window moves the focus on
        self._take(flow.choose_starter(self.state))
        self.to_top()

    def _show_all(self) -> None:
        self._all = True
        self.render()

    def _offer_starter(self) -> None:
        """Where nothing can be downloaded or nothing fits, the starter is the way to begin."""
        small, chosen, profile = self.state.small, self.state.recommendation, self.state.profile
        offline = profile is not None and not profile.online
        stuck = self.state.plan is None or offline
        is_small = chosen is not None and chosen.model is not None and chosen.model.starter
        offered = small is not None and small.can_set_up and stuck and not is_small
        self._small.setVisible(offered)
        if offered:
            reason = "offline" if offline else "stuck"
            self._small.say(
                say(f"page.plan.small.{reason}"),
                say("page.plan.small.more"),
                say("page.plan.small.button"),
            )

    def _hint(self) -> tuple[str, str | None]:
        """What the button will do, or why it is off."""
        chosen, plan = self.state.recommendation, self.state.plan
        if self._refused is not None:
            return text().error(self._refused)["title"], "warning"
        if chosen is None:
            return "", None
        if plan is None:
            why = chosen.why_not[0].code if chosen.why_not else ""
            reason = say("page.plan.later" if why.endswith("this_version") else "page.plan.cannot")
            return reason, "info"
        if not plan.download_bytes:
            return say("page.plan.no_download"), None
        size = text().size(plan.download_bytes)
        if plan.model.starter:  # where it came with the app, nothing is fetched
            return say("page.plan.at_most", size=size), None
        if chosen.first_answer_minutes is None:
            return say("page.plan.downloads", size=size), None
        minutes = text().span(*(max(1, round(m)) for m in chosen.first_answer_minutes))
        return say("page.plan.downloads_in", size=size, minutes=minutes), None

    def _make_rows(self, number: int) -> None:
        while len(self.rows) < number:
            row = OtherRow(len(self.rows))
            row.hide()
            row.pressed.connect(self._choose)
            self._list.insertWidget(self._list.indexOf(self.more), row)
            self.rows.append(row)

    def _show_rows(self, indices: tuple[int, ...]) -> None:
        advice = self.state.advice
        shown = indices if self._all else indices[:_ROWS]
        self._make_rows(len(shown))
        for row in self.rows[len(shown) :]:
            row.hide()
        for row, index in zip(self.rows, shown, strict=False):
            row.index = index
            row.setObjectName(f"other-{index}")
            if advice is not None:
                row.show_plan(advice.recommendations[index])
            row.show()
        self.more.setText(say("page.plan.more", n=len(indices) - len(shown)))
        self.more.setVisible(len(indices) > len(shown))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Advised:
    """What was worked out and is not shown yet."""

    profile: Profile
    advice: Advice
    small: Recommendation | None


def _place_of(before: Recommendation, advice: Advice) -> int:
    """Where the same way stands in another advice; the first place where it is gone."""
    lines = enumerate(advice.recommendations)
    return next((number for number, way in lines if _what(way) == _what(before)), 0)


def _what(way: Recommendation) -> tuple[object, ...]:
    return (way.kind, way.model and way.model.id, way.engine, way.provider, way.offer)
