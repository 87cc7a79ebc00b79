"""Carries the plan out, one bar and one row per step; can be paused, undone and mended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from enum import StrEnum

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from core.assembly import Assembly
from core.domain import Choices, Endpoint, EngineKind, Receipt
from core.errors import AppError
from core.progress import CancelToken, Progress, Reporter
from core.setup import flow
from core.setup.deploy import deploy, undo
from core.setup.flow import WizardState
from core.setup.plan import make_plan
from gui.coming import Coming
from gui.language import say, text
from gui.remedies import Ask, Way, ask_file, ask_folder, way
from gui.tasks import Task, Work
from gui.widgets.cards import Card, Note, line
from gui.widgets.error_card import ErrorCard
from gui.widgets.labels import Label
from gui.widgets.meters import MeterBar
from gui.widgets.steps import StepList
from gui.wizard.meanwhile import Meanwhile
from gui.wizard.mini_steps import MiniSteps
from gui.wizard.overall import Overall
from gui.wizard.receipt_words import receipt_words, together
from gui.wizard.step import Act, Footer, Safety, StepPage
from gui.wizard.undo_question import UndoQuestion
from gui.wizard.ways_out import WaysOut


class Phase(StrEnum):
    """What the page is doing. `LEAVING` ends the work because something else comes next."""

    WORKING = "working"
    PAUSING = "pausing"
    PAUSED = "paused"
    FAILED = "failed"
    LEAVING = "leaving"
    UNDOING = "undoing"
    UNDONE = "undone"
    DONE = "done"


_ENGINE_STEPS = ("create", "load", "rehearse")
_COMING = {  # what a phase is to those who look at something else
    Phase.WORKING: "fetching",
    Phase.PAUSING: "paused",
    Phase.PAUSED: "paused",
    Phase.LEAVING: "paused",
    Phase.FAILED: "failed",
    Phase.DONE: "done",
}


class SetupPage(StepPage):
    """Begins by itself when it comes up: the person agreed on the page before."""

    model_folder_chosen = Signal(str)
    starter_ready = Signal(object)  # Endpoint: it answers until the chosen model takes its place
    coming = Signal(object)  # Coming | None, every second and at every turn

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(assembly, parent)
        self.phase = Phase.PAUSED
        self._again: Callable[[], None] = self._start  # what "Try again" repeats
        self.ask_folder: Ask = ask_folder
        self.ask_file: Ask = ask_file
        self.acts: dict[Way, Callable[[], None]] = {
            Way.REPORT: lambda: None,
            Way.RETRY: self._retry,
            Way.START: self._retry,
            Way.SETUP: self._retry,
            Way.CHAT: self._retry,
            Way.PLAN: lambda: self._end_work("plan"),
            Way.BUILTIN: lambda: self._end_work("builtin"),
            Way.FOLDER: self._other_folder,
            Way.FILE: self._other_file,
        }
        self._task: Task | None = None
        self._then: str = ""  # what comes after LEAVING: undo, small, plan or builtin
        self._overall = Overall((), 0.0)
        self._plan_id = ""
        self._receipt: Receipt | None = None
        self._title, self._lead = Label("title"), Label("muted")
        self._make_progress_card()
        self.error = ErrorCard()
        self.error.remedy_chosen.connect(self._remedy)
        self._mini = MiniSteps()
        self.ways = WaysOut()
        self.ways.chosen.connect(self._way_out)
        self.meanwhile = Meanwhile(assembly)
        self.meanwhile.ready.connect(self.starter_ready)
        self.meanwhile.ended.connect(self._meanwhile_ended)
        self._gone = Note("success")
        order = (self._title, self._lead, self._mini, self.error, self.ways)
        for widget in (*order, self._card, self.meanwhile, self._gone):
            self.body.addWidget(widget)
        self._tick = QTimer(self, interval=1000)
        self._tick.timeout.connect(self._show_overall)
        self._tick.timeout.connect(self._tell)
        self.render()

    def title(self) -> str:
        return self._title.text()

    def render(self) -> None:  # type: ignore[override]
        failed = self.phase is Phase.FAILED
        undone = self.phase is Phase.UNDONE
        plan = self.state.plan
        model = plan.model.name if plan else ""
        self._title.setText(say(f"page.setup.title.{self.phase.value}", model=model))
        self._lead.setText(self._lead_text())
        ids = tuple(step.id for step in plan.steps) if plan else ()
        self._mini.setVisible(failed)
        if failed:
            self._mini.show_steps(ids, self._overall.working)
        self.ways.show_ways(self._ways() if failed else ())
        self._card.setVisible(not failed and not undone)
        self.meanwhile.show_state(self.state, offered=self._offers_starter())
        self._gone.setVisible(undone)
        if undone and self._receipt is not None:
            self._gone.say(receipt_words(self._receipt))
        self._checked.setText(say("page.setup.checked"))
        self._show_overall()

    def footer(self) -> Footer:
        working = self.phase in (Phase.WORKING, Phase.PAUSING)
        busy = self.phase in (Phase.UNDOING, Phase.LEAVING)
        if self.phase is Phase.UNDONE:
            return Footer(primary=Act(say("page.setup.to_plan"), icon="arrow-right"))
        secondary = None
        if working:
            pausing = self.phase is Phase.PAUSING
            secondary = Act(
                say("page.setup.pause"), enabled=not pausing, icon="pause", busy=pausing
            )
        elif self.phase is Phase.PAUSED:
            secondary = Act(say("page.setup.resume"), icon="resume")
        return Footer(
            back=Act(say("page.setup.cancel"), enabled=not busy, icon="close", busy=busy),
            secondary=secondary,
            primary=Act(
                say("wizard.continue"), enabled=self.phase is Phase.DONE, icon="arrow-right"
            ),
        )

    def safety(self) -> Safety:
        if self.phase is Phase.UNDONE:
            return Safety(say("wizard.safe"))
        if self.phase in (Phase.PAUSED, Phase.FAILED):
            return Safety(say("page.setup.safety.paused"), "pause", "text-muted")
        return Safety(say("page.setup.safety.working"), "info", "info")

    def entered(self) -> None:
        plan = self.state.plan
        if plan is None or self._task is not None:
            return
        self._receipt = None
        self._start()

    def press_primary(self) -> bool:
        if self.phase is Phase.UNDONE:
            self.changed.emit(flow.undone(self.state))
            return False
        return self.phase is Phase.DONE

    def press_secondary(self) -> None:
        if self.phase is Phase.WORKING and self._task is not None:
            self._set_phase(Phase.PAUSING)
            self.meanwhile.cancel()  # it would take the paused one for given up
            self._task.cancel()
        elif self.phase is Phase.PAUSED:
            self._start()

    def press_back(self) -> bool:
        """Cancel and undo asks once."""
        question = UndoQuestion(self.window())
        question.accepted.connect(self._undo_asked)
        question.open()
        return False

    # --- the work --------------------------------------------------------------------------

    def _start(self) -> None:
        plan, parts = self.state.plan, self.assembly
        if plan is None or self._task is not None:
            return
        if plan.id != self._plan_id or self.phase is not Phase.PAUSED:
            self._steps.set_steps(step.id for step in plan.steps)
        self._plan_id = plan.id
        self._overall = Overall(plan.steps, time.monotonic())
        self.error.clear()

        def work(report: Reporter, token: CancelToken) -> Endpoint:
            return deploy(plan, parts.providers, parts.journal, parts.places, report, token)

        self._run(work, Phase.WORKING)
        self._tick.start()

    def _run(self, work: Work, phase: Phase) -> None:
        self._task = Task(work, self)
        self._task.progressed.connect(self._progressed)
        self._task.succeeded.connect(self._succeeded)
        self._task.failed.connect(self._failed)
        self._task.cancelled.connect(self._cancelled)
        self._task.start()
        self._set_phase(phase)

    def _set_phase(self, phase: Phase) -> None:
        self.phase = phase
        if phase is not Phase.WORKING:
            self._tick.stop()
        self.render()
        self.footer_changed.emit()
        self._tell()

    def _progressed(self, progress: Progress) -> None:
        offered = self._offers_starter()
        self._overall.take(progress)
        self._steps.show_progress(progress)
        self._show_overall()
        if offered and not self._offers_starter():  # its own engine comes now
            self.meanwhile.cancel()
            self.render()
            self._tell()

    def _succeeded(self, result: object) -> None:
        self._task = None
        if isinstance(result, Receipt):
            self._receipt = result
            self.meanwhile.forget()
            self._set_phase(Phase.UNDONE)
        elif isinstance(result, Endpoint):
            if self.phase is Phase.LEAVING:  # it was done before it could be stopped
                self._leave()
                return
            self._set_phase(Phase.DONE)
            self.changed.emit(flow.next_page(flow.with_endpoint(self.state, result)))

    def _failed(self, error: AppError) -> None:
        self._task = None
        if self.phase is Phase.LEAVING:
            self._leave()
            return
        self._again = self._undo if self.phase is Phase.UNDOING else self._start
        self.error.show_error(error)
        if stuck := self._overall.working:
            self._steps.set_state(stuck, "needs_you")
        self._set_phase(Phase.FAILED)
        if self.isVisible():  # else somebody is writing somewhere else
            self.error.button.setFocus()

    def _cancelled(self) -> None:
        self._task = None
        if self.phase is Phase.LEAVING:
            self._leave()
            return
        if working := self._overall.working:
            self._steps.set_state(working, "later")
        self._set_phase(Phase.PAUSED)

    # --- ways out --------------------------------------------------------------------------

    def _undo_asked(self) -> None:
        self._end_work("undo")

    def _end_work(self, then: str) -> None:
        """Stops what runs, then goes where `then` says."""
        self._then = then
        self.meanwhile.cancel()
        if self._task is None and not self.meanwhile.busy:
            self._leave()
            return
        self._set_phase(Phase.LEAVING)
        if self._task is not None:
            self._task.cancel()

    def _meanwhile_ended(self) -> None:
        if self.phase is Phase.LEAVING and self._task is None:
            self._leave()

    def _leave(self) -> None:
        if self.meanwhile.busy:
            return  # its end comes here again
        self.error.clear()
        match self._then:
            case "undo":
                self._undo()
            case "small":
                self._set_up_instead(flow.choose_starter(self.state))
            case "builtin":
                self._choose(replace(self.state.choices, engine=EngineKind.BUILTIN))
            case _:
                self._set_phase(Phase.PAUSED)
                self.changed.emit(flow.undone(self.state))

    def _undo(self) -> None:
        parts = self.assembly

        def work(_report: Reporter, token: CancelToken) -> Receipt:
            """Everything this first run has begun, the newest first, with the files it fetched."""
            receipts = []
            for deployment in reversed(parts.journal.open()):
                token.check()
                receipts.append(undo(deployment.id, parts.providers, parts.journal, model=True))
            return together(receipts)

        self._run(work, Phase.UNDOING)

    def _set_up_instead(self, state: WizardState) -> None:
        """Another plan in the place of this one. What was fetched stays on the disk."""
        chosen, profile = state.recommendation, state.profile
        if chosen is None or profile is None:
            self.changed.emit(flow.undone(state))
            return
        try:
            plan = make_plan(
                chosen, state.choices, profile, model_folder=self.assembly.model_folder
            )
        except AppError as error:
            self.error.show_error(error)
            self._set_phase(Phase.FAILED)
            return
        self.changed.emit(flow.with_plan(state, plan))
        self._start()

    def _remedy(self, remedy: str) -> None:
        self.acts[way(remedy)]()

    def _retry(self) -> None:
        self.error.clear()
        self._again()

    def _other_folder(self) -> None:
        """For this plan and for all that come."""
        folder = self.ask_folder(self.window(), self.assembly.model_folder)
        if folder:
            self.model_folder_chosen.emit(folder)
            self._choose(replace(self.state.choices, model_folder=folder))

    def _other_file(self) -> None:
        begin = self.state.plan.local_file if self.state.plan else None
        if name := self.ask_file(self.window(), begin or ""):
            self._choose(replace(self.state.choices, local_file=name))

    def _choose(self, choices: Choices) -> None:
        self.error.clear()
        self._set_up_instead(flow.with_choices(self.state, choices))

    def _way_out(self, way: str) -> None:
        self._end_work(way)

    def _ways(self) -> tuple[str, ...]:
        """What else can be done than the error's own button."""
        remedy = self.error.error.remedy if self.error.error else ""
        plan = self.state.plan
        ways = []
        if plan and plan.engine is EngineKind.LLAMA_CPP and way(remedy) is not Way.BUILTIN:
            ways.append("builtin")
        if plan and not plan.model.starter and self._can_small():
            ways.append("small")
        if way(remedy) is not Way.PLAN:
            ways.append("plan")
        return tuple(ways[:2])

    def _can_small(self) -> bool:
        return self.state.small is not None and self.state.small.can_set_up

    def _offers_starter(self) -> bool:
        """As long as the chosen model is not here; while it waits, only as a way back."""
        plan = self.state.plan
        if plan is None or plan.model.starter or self._overall.working in _ENGINE_STEPS:
            return False
        waits = self.phase in (Phase.PAUSING, Phase.PAUSED, Phase.FAILED)
        back = waits and self.meanwhile.answers
        return (back or self.phase is Phase.WORKING) and self._can_small()

    # --- what is shown ---------------------------------------------------------------------

    def _tell(self) -> None:
        """For those who look at something else meanwhile."""
        plan, state = self.state.plan, _COMING.get(self.phase)
        if plan is None or plan.model.starter or state is None:
            self.coming.emit(None)
            return
        if state == "fetching" and self._overall.working in _ENGINE_STEPS:
            state = "starting"
        left_s = self._overall.left_s(time.monotonic()) if state == "fetching" else None
        share = self._overall.share
        self.coming.emit(Coming(model=plan.model.name, state=state, share=share, left_s=left_s))

    def _make_progress_card(self) -> None:
        self._left, self._amount = Label("heading"), Label("caption", wrap=False)
        self._bar = MeterBar()
        self._bar.setObjectName("overall")
        self._steps = StepList()
        self._checked = Label("caption")
        head = QHBoxLayout()
        head.addWidget(self._left, 1)
        head.addWidget(self._amount)
        self._card = Card(main=True)
        self._card.body.setSpacing(10)
        self._card.body.addLayout(head)
        self._card.body.addWidget(self._bar)
        self._card.body.addWidget(line())
        self._card.body.addWidget(self._steps)
        self._card.body.addWidget(line())
        self._card.body.addWidget(self._checked)

    def _show_overall(self) -> None:
        left = self._overall.left_s(time.monotonic()) if self.phase is Phase.WORKING else None
        if left is None:
            self._left.setText(say(f"page.setup.left.{self.phase.value}"))
        else:
            self._left.setText(say("page.setup.left", time=text().seconds(left)))
        self._bar.set_value(self._overall.share, self._left.text())
        fetched = self._overall.bytes_done
        if fetched is not None:
            done, total = (text().size(value) for value in fetched)
            self._amount.setText(say("shell.done_of", done=done, total=total))
        self._amount.setVisible(fetched is not None)

    def _lead_text(self) -> str:
        plan, stuck = self.state.plan, self._overall.working
        if self.phase is Phase.FAILED and plan is not None and stuck is not None:
            ids = [step.id for step in plan.steps]
            return say("page.setup.lead.failed", n=ids.index(stuck) + 1, of=len(ids))
        if plan is not None and plan.model.starter and self.phase is not Phase.UNDONE:
            return say("page.setup.lead.starter")
        return say(f"page.setup.lead.{'undone' if self.phase is Phase.UNDONE else 'working'}")
