"""The home page: how the model is, and what can be done about it."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from core.domain import ChatDone, Receipt
from core.errors import AppError
from core.progress import Progress
from gui.chat.fit import FitHeight
from gui.home.health import FactsCard, HealthCard
from gui.home.hero import Hero, Measured
from gui.home.state import Look, Mood
from gui.language import say, text
from gui.page import HOME_WIDTH, ScrollPage
from gui.widgets.cards import Note
from gui.widgets.error_card import ErrorCard
from gui.widgets.labels import Label
from gui.wizard.receipt_words import receipt_words


class HomePage(ScrollPage):
    """Shows a Look. `act_failed` is an error of a start or stop; it stays until the next act."""

    start_wanted = Signal()
    stop_wanted = Signal()
    chat_wanted = Signal()
    setup_wanted = Signal()
    remedy_chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, width=HOME_WIDTH, margins=(32, 28, 32, 24))
        self.setObjectName("home")
        self._look = Look(mood=Mood.LOOKING)
        self._measured = Measured()
        self._looked_at = ""
        self._act_error: AppError | None = None
        self._greeting, self._day = Label("title"), Label("muted")
        self.hero = Hero()
        self.error_card = ErrorCard()
        self._health, self._facts = HealthCard(), FactsCard()
        self._quiet = Note("success")
        self._receipt = Note("success")
        self._receipt.setVisible(False)
        self._removed: Receipt | None = None
        FitHeight(self.scroll)
        pair = QHBoxLayout()
        pair.setSpacing(12)
        pair.addWidget(self._facts, 1)
        pair.addWidget(self._health, 1)
        self.body.addWidget(self._greeting)
        self.body.addWidget(self._day)
        self.body.addSpacing(8)
        for part in (self.hero, self.error_card, self._receipt):
            self.body.addWidget(part)
        self.body.addLayout(pair)
        self.body.addWidget(self._quiet)
        self.body.addStretch(1)
        self.hero.start_pressed.connect(self.start_wanted)
        self.hero.stop_pressed.connect(self.stop_wanted)
        self.hero.chat_pressed.connect(self.chat_wanted)
        self.hero.setup_pressed.connect(self.setup_wanted)
        self.error_card.remedy_chosen.connect(self.remedy_chosen)
        self.render()

    def title(self) -> str:
        return say("home.title")

    @property
    def measured(self) -> Measured:
        return self._measured

    def show_look(self, look: Look, looked_at: datetime) -> None:
        """`looked_at` is local time."""
        if look.busy:
            self._act_error = None
            self._removed = None
        self._look = look
        self._looked_at = text().clock(looked_at)
        self.render()

    def show_time(self, looked_at: datetime) -> None:
        """When the model was looked at last; local time."""
        self._looked_at = text().clock(looked_at)
        self._health.show_time(self._looked_at)

    def show_error(self, error: AppError) -> None:
        """Of an act that went wrong."""
        self._act_error = error
        self.render()

    def clear_error(self) -> None:
        self._act_error = None
        self.render()

    def show_receipt(self, receipt: Receipt) -> None:
        """What a removal took away and what it left."""
        self._removed = receipt
        self.render()

    def show_progress(self, progress: Progress) -> None:
        if self._look.mood is Mood.STARTING:
            self.hero.show_progress(progress)

    def add_answer(self, done: ChatDone) -> None:
        self._measured = self._measured.after(done)
        self.render()

    def render(self) -> None:  # type: ignore[override]
        now = datetime.now().astimezone()
        part = "morning" if now.hour < 12 else "afternoon" if now.hour < 18 else "evening"
        self._greeting.setText(say(f"home.greeting.{part}"))
        self._day.setText(text().day(now.date()))
        look = self._look
        self.hero.render_look(look, self._measured)
        self._health.render_look(look, self._looked_at)
        self._facts.render_look(look)
        self._facts.setVisible(look.plan is not None and look.mood is not Mood.REMOVING)
        self._health.setVisible(look.mood is Mood.RUNNING)
        self._quiet.setVisible(look.mood in (Mood.EMPTY, Mood.HALF))
        self._quiet.say(say("home.quiet"))
        self._show_error()
        self._receipt.setVisible(self._removed is not None)
        if self._removed is not None:
            self._receipt.say(receipt_words(self._removed))

    def _show_error(self) -> None:
        error = self._act_error
        if error is None and self._look.mood is Mood.TROUBLE and self._look.status is not None:
            error = trouble(self._look)
        if error is None:
            self.error_card.clear()
        elif self.error_card.error is None or self.error_card.error.code != error.code:
            self.error_card.show_error(error)


def trouble(look: Look) -> AppError:
    """The error of what a look has found."""
    from core.domain import EndpointState, Status
    from core.providers.engine_failures import failure

    if look.error is not None:
        return look.error
    status = look.status or Status(state=EndpointState.UNKNOWN)
    if status.state is EndpointState.GONE:
        return AppError("engine_gone", {}, remedy="set_up_again", detail=status.detail)
    if status.state is EndpointState.UNKNOWN and status.note is None:
        return AppError("engine_unknown", {}, remedy="look_again", detail=status.detail)
    return failure(status)
