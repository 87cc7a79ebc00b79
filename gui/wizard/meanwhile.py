"""A first answer while the chosen model is fetched: the starter, set up beside it, or what was
there before."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from core.assembly import Assembly
from core.domain import Endpoint, Plan, Recommendation
from core.errors import AppError
from core.progress import CancelToken, Reporter
from core.serve.endpoint import start
from core.setup.deploy import deploy
from core.setup.flow import WizardState
from core.setup.journal import SETTING_UP, Deployment
from core.setup.plan import make_plan
from core.setup.sources import packaged_file
from gui.language import say, text
from gui.remedies import Way, way
from gui.tasks import Task
from gui.widgets.error_card import ErrorCard
from gui.wizard.quiet_note import Offer

_STARTER, _OTHER = "starter", "other"


class Meanwhile(QWidget):
    """The offer, the work behind its button and what went wrong with it.

    `ready` carries the starter's Endpoint. `ended` comes after every end of the work.
    """

    ready = Signal(object)
    ended = Signal()

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._assembly = assembly
        self._state = WizardState()
        self._offered = False
        self._here = ""  # what is set up already: the starter, or another model of before
        self._look_task: Task | None = None
        self._task: Task | None = None
        self.offer = Offer("chat", "chat-now")
        self.offer.pressed.connect(self._begin)
        self.error = ErrorCard()
        self.error.button.setObjectName("starter-remedy")
        self.error.remedy_chosen.connect(self._remedy)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.offer)
        column.addWidget(self.error)
        self.hide()

    @property
    def answers(self) -> bool:
        """Whether a model is set up already, so that there is a chat to go to."""
        return bool(self._here)

    @property
    def busy(self) -> bool:
        return self._task is not None

    def show_state(self, state: WizardState, *, offered: bool) -> None:
        """`offered`: the chosen model is not here yet. Later there is no more use in it."""
        self._state = state
        if self._offered and not offered:
            self.error.clear()
        if offered and not self._offered:
            self._look()
        self._offered = offered
        small, plan = state.small, state.plan
        self.setVisible(small is not None and plan is not None and (offered or self.busy))
        if small is None or plan is None:
            return
        self.offer.say(*self._words(small, plan))
        self.offer.button.set_busy(self.busy)

    def forget(self) -> None:
        """The starter was taken away."""
        self._here = ""

    def cancel(self) -> None:
        """Ends the work; `ended` follows if there is any."""
        self.error.clear()
        if self._task is not None:
            self._task.cancel()

    def _words(self, small: Recommendation, plan: Plan) -> tuple[str, str, str]:
        """Title, more, button: one answers already, it came with the app, or it is fetched."""
        model = plan.model.name
        more, go = say("page.setup.small.more", model=model), say("page.setup.small.button")
        if self._here:
            code, back = f"page.setup.meanwhile.{self._here}", say("page.setup.meanwhile.back")
            return say(code), say(f"{code}.more", model=model), back
        if _is_here(small):
            return say("page.setup.small"), more, go
        size = text().size(small.quant.size_bytes if small.quant else 0)
        more = say("page.setup.small.fetched.more", model=model, size=size)
        return say("page.setup.small.fetched"), more, go

    def _look(self) -> None:
        """Whether something answers already, from an earlier start or from before this set-up."""
        if self._look_task is not None:
            return

        def look(_report: Reporter, _token: CancelToken) -> Deployment | None:
            return self._assembly.journal.current()

        self._look_task = Task(look, self)
        self._look_task.succeeded.connect(self._seen)
        self._look_task.finished.connect(self._looked)
        self._look_task.start()

    def _seen(self, here: Deployment | None) -> None:
        whole = here is not None and here.state != SETTING_UP
        if here is not None and whole:
            self._here = _STARTER if here.plan.model.starter else _OTHER
            self.show_state(self._state, offered=self._offered)

    def _looked(self) -> None:
        self._look_task = None

    def _begin(self) -> None:
        """What is set up already is only started, if that is needed: the rest stays as it is."""
        state, parts = self._state, self._assembly
        small, profile = state.small, state.profile
        if self._task is not None or small is None or profile is None:
            return
        self.error.clear()
        choices = replace(state.choices, context=None, local_file=None)  # those were for the other

        def work(report: Reporter, token: CancelToken) -> Endpoint:
            here = parts.journal.current()
            if here is not None and here.state != SETTING_UP:
                return start(parts.journal, parts.providers, report, token)
            plan = make_plan(small, choices, profile, model_folder=parts.model_folder)
            return deploy(plan, parts.providers, parts.journal, parts.places, report, token)

        self._task = Task(work, self)
        self._task.succeeded.connect(self._succeeded)
        self._task.failed.connect(self._failed)
        self._task.cancelled.connect(self._over)
        self._task.start()
        self.show_state(state, offered=self._offered)

    def _succeeded(self, endpoint: Endpoint) -> None:
        self._here = _STARTER if endpoint.model.starter else _OTHER
        self._over()
        self.ready.emit(endpoint)

    def _failed(self, error: AppError) -> None:
        if self._offered:  # else the chosen model was quicker, and this is no news
            self.error.show_error(error)
        self._over()

    def _over(self) -> None:
        self._task = None
        self.show_state(self._state, offered=self._offered)
        self.ended.emit()

    def _remedy(self, remedy: str) -> None:
        if way(remedy) is not Way.REPORT:
            self._begin()


def _is_here(small: Recommendation) -> bool:
    """Whether its file came with the app, so that nothing has to be fetched."""
    if small.model is None or small.quant is None:
        return False
    return packaged_file(small.model, small.quant) is not None
