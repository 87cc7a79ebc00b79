"""The main card of the home page: the state in words, its buttons, and four figures."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.domain import ChatDone, Model
from core.progress import Progress
from gui.chat.conversation import words_per_second
from gui.chat.pieces import Elided
from gui.home.state import Look, Mood, short_name
from gui.icons import pixmap
from gui.language import current, say, text
from gui.theme import color
from gui.widgets.buttons import Button
from gui.widgets.cards import Card, line
from gui.widgets.labels import Label

_FIGURES = ("speed", "first_word", "answers", "context")
_LOOKS = {
    Mood.RUNNING: ("computer", "success"),
    Mood.TROUBLE: ("warning", "warning"),
    Mood.STARTING: ("berth", "accent"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What was really measured: the last answer's speeds, and how many answers there were."""

    tokens_per_s: float | None = None
    first_token_s: float | None = None
    answers: int = 0

    def after(self, done: ChatDone) -> Measured:
        return Measured(
            tokens_per_s=done.tokens_per_s or self.tokens_per_s,
            first_token_s=done.first_token_s,
            answers=self.answers + 1,
        )


class Figure(QWidget):
    """A caption, a number with its unit, and a sentence about it."""

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._caption, self._more = Label("caption"), Label("caption")
        self._number = Label("figure", wrap=False)
        self._number.setObjectName(f"figure-{name}")
        self._unit = Label("muted", wrap=False)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self._number, 0, Qt.AlignmentFlag.AlignBottom)
        row.addWidget(self._unit, 1, Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self._caption)
        column.addLayout(row)
        column.addWidget(self._more)
        column.addStretch(1)

    def show_value(self, number: str, unit: str, more: str) -> None:
        """An empty number is shown as not measured yet."""
        self._caption.setText(say(f"home.figure.{self._name}"))
        self._number.setText(number or "–")
        self._unit.setText(unit if number else "")
        self._more.setText(more if number else say("home.figure.unknown"))


class StateTile(QLabel):
    """The 48 px picture of the state."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFixedSize(48, 48)
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def show_state(self, picture: str, tone: str) -> None:
        back = color("surface-sunken" if tone == "neutral" else f"{tone}-soft").name()
        self.setStyleSheet(f"QLabel {{ background: {back}; border-radius: 12px; }}")
        self.setPixmap(pixmap(picture, "text-muted" if tone == "neutral" else tone, 24))


class Hero(Card):
    """`render_look` shows everything; the buttons only say what was pressed."""

    start_pressed = Signal()
    stop_pressed = Signal()
    chat_pressed = Signal()
    setup_pressed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", True, parent)
        self._tile = StateTile()
        self._state = Label("heading")
        self._state.setObjectName("state")
        self._model = Label("muted")
        self.stop = Button("secondary", "normal", "stop")
        self.start = Button("primary", "large", "play")
        self.chat = Button("primary", "normal", "chat")
        self.setup = Button("primary", "large", "arrow-right")
        names = (
            (self.stop, "stop-model"),
            (self.start, "start-model"),
            (self.chat, "open-chat"),
            (self.setup, "set-up"),
        )
        for button, name in names:
            button.setObjectName(name)
        self._line = line()
        self._figures = {name: Figure(name) for name in _FIGURES}
        self._figure_row = QWidget()
        self._live = Elided("caption")
        self._lay_out()
        self.stop.clicked.connect(self.stop_pressed)
        self.start.clicked.connect(self.start_pressed)
        self.chat.clicked.connect(self.chat_pressed)
        self.setup.clicked.connect(self.setup_pressed)

    def _lay_out(self) -> None:
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(self._state)
        words.addWidget(self._model)
        words.addStretch(1)
        head = QHBoxLayout()
        head.setSpacing(16)
        head.addWidget(self._tile, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(words, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        for button in (self.stop, self.chat, self.start, self.setup):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignTop)
        head.addLayout(buttons)
        row = QHBoxLayout(self._figure_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(20)
        for number, figure in enumerate(self._figures.values()):
            if number:
                row.addWidget(line(vertical=True))
            row.addWidget(figure, 1)
        self.body.setSpacing(16)
        self.body.addLayout(head)
        self.body.addWidget(self._live)
        self.body.addWidget(self._line)
        self.body.addWidget(self._figure_row)

    def render_look(self, look: Look, measured: Measured) -> None:
        picture, tone = _LOOKS.get(look.mood, ("berth", "neutral"))
        self._tile.show_state(picture, tone)
        self._state.setText(say(f"home.state.{look.mood}"))
        model = look.plan.model if look.plan else None
        more = say(f"home.more.{look.mood}") if look.mood in _WITH_MORE else ""
        about = text().model(model) if model and look.mood not in _WITHOUT_MODEL else ""
        self._model.setText(say("home.about", model=about, more=more) if about and more else
                            about or more)  # fmt: skip
        self._show_buttons(look, model)
        running = look.mood is Mood.RUNNING
        self._line.setVisible(running)
        self._figure_row.setVisible(running)
        if look.mood is not Mood.STARTING:
            self._live.setVisible(False)
        if running:
            self._show_figures(look, measured)

    def focus_first(self) -> bool:
        """Puts the focus on the main button, if there is one."""
        for button in (self.chat, self.start, self.setup, self.stop):
            if not button.isHidden():
                button.setFocus()
                return True
        return False

    def show_progress(self, progress: Progress) -> None:
        """What a start is doing now."""
        self._live.set_whole(say("home.live", seconds=progress.done))
        self._live.setVisible(True)

    def _show_buttons(self, look: Look, model: Model | None) -> None:
        mood = look.mood
        self.stop.setText(say("home.stop"))
        self.chat.setText(say("home.open_chat"))
        name = short_name(model) if model else ""
        self.start.setText(say("home.start", model=name))
        self.setup.setText(say("home.finish_set_up" if mood is Mood.HALF else "home.set_up"))
        self.stop.setVisible(mood in (Mood.RUNNING, Mood.STARTING, Mood.STOPPING, Mood.TROUBLE))
        self.stop.set_busy(mood is Mood.STOPPING)
        self.chat.setVisible(mood is Mood.RUNNING)
        self.start.setVisible(mood is Mood.STOPPED)
        self.setup.setVisible(mood in (Mood.EMPTY, Mood.HALF))

    def _show_figures(self, look: Look, measured: Measured) -> None:
        proof = look.endpoint.proof if look.endpoint else None
        speed = measured.tokens_per_s or (proof.tokens_per_s if proof else None)
        first = measured.first_token_s or (proof.first_token_s if proof else None)
        number = text().number
        self._figures["speed"].show_value(
            number(speed) if speed else "",
            say("home.unit.tokens"),
            say("home.figure.words", words=number(words_per_second(speed or 0, current()))),
        )
        since = "home.figure.last_answer" if measured.answers else "home.figure.at_set_up"
        self._figures["first_word"].show_value(
            number(first) if first else "", say("home.unit.seconds"), say(since)
        )
        self._figures["answers"].show_value(str(measured.answers), "", say("home.figure.all_here"))
        context = look.endpoint.context if look.endpoint else 0
        per_token = 1 if current() == "zh_CN" else 0.75
        words = text().number(round(context * per_token, -2))
        self._figures["context"].show_value(
            number(context) if context else "",
            say("home.unit.context"),
            say("home.figure.context_words", words=words),
        )


_WITH_MORE = (Mood.STOPPED, Mood.EMPTY, Mood.HALF, Mood.STARTING, Mood.TROUBLE, Mood.LOOKING)
_WITHOUT_MODEL = (Mood.EMPTY, Mood.STOPPED)
