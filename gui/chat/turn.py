"""One question and its answer in the chat."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from core.domain import ChatDone
from core.errors import AppError
from gui.chat.browser import SafeBrowser
from gui.chat.conversation import Answer, AnswerState, Turn, words_per_second
from gui.chat.pieces import Bubble, MarkTile, ThinkRow
from gui.chat.render import Growing
from gui.language import current, say, text
from gui.widgets.buttons import IconButton
from gui.widgets.error_card import ErrorCard
from gui.widgets.labels import Chip, Label

_SHARE = 5  # drawing an answer again while it grows may take one part in five of the time
_SLOWEST_MS = 1_000


class TurnWidget(QWidget):
    """Shows a Turn as it is, and again whenever it has changed."""

    copy_wanted = Signal(str)
    again_wanted = Signal()
    link_chosen = Signal(str)
    remedy_chosen = Signal(str)

    def __init__(self, turn: Turn, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("turn")
        self._turn = turn
        self._last = True
        self._error: AppError | None = None
        self._drawn: tuple[str, str] | None = None
        self._draw_timer = QTimer(self, singleShot=True)
        self._draw_timer.timeout.connect(self._draw)
        self._cost_ms = 0.0
        self._growing = Growing()
        self.bubble = Bubble()
        self.think = ThinkRow()
        self.body = SafeBrowser()
        self.body.setObjectName("answer")
        self.error_card = ErrorCard()
        self._stopped, self._meta, self._made = Label("caption"), Label("caption"), Label("caption")
        self._cut = Label("caption")
        self._where = Chip(tone="success", icon="computer")
        self._copy, self._again = IconButton("copy"), IconButton("restart")
        self._lay_out()
        self._copy.setObjectName("copy")
        self._again.setObjectName("regenerate")
        self._meta.setObjectName("meta")
        self._copy.clicked.connect(lambda: self.copy_wanted.emit(self._turn.answer.text))
        self._again.clicked.connect(self.again_wanted)
        self.body.link_chosen.connect(self.link_chosen)
        self.body.copy_wanted.connect(self.copy_wanted)
        self.error_card.remedy_chosen.connect(self.remedy_chosen)
        self.bubble.say(turn.question)
        self.render_texts()

    def _lay_out(self) -> None:
        self._foot = QWidget()
        foot = QHBoxLayout(self._foot)
        foot.setContentsMargins(0, 2, 0, 0)
        foot.setSpacing(12)
        foot.addWidget(self._where)
        foot.addWidget(self._meta, 1)
        foot.addWidget(self._copy)
        foot.addWidget(self._again)
        answer = QVBoxLayout()
        answer.setSpacing(8)
        parts: tuple[QWidget, ...] = (self.think, self.body, self._cut, self._stopped)
        for part in (*parts, self._foot, self._made, self.error_card):
            answer.addWidget(part)
        self._sign = MarkTile(30)
        row = QHBoxLayout()
        row.setSpacing(12)
        row.addWidget(self._sign, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(answer, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(18)
        # A stretch, not an alignment: that would measure the bubble's height at the full width.
        above = QHBoxLayout()
        above.addStretch(1)
        above.addWidget(self.bubble)
        column.addLayout(above)
        column.addLayout(row)

    # --- what is shown ----------------------------------------------------------------------------

    def show_turn(self, turn: Turn, *, last: bool) -> None:
        self._turn, self._last = turn, last
        self._show()

    def show_error(self, error: AppError | None) -> None:
        """In place of the answer, below what had come of it."""
        self._error = error
        self._show()

    def render_texts(self) -> None:
        self._drawn = None
        self._where.setText(say("chat.where.this_computer"))
        self._made.setText(say("chat.made_by_ai"))
        self._cut.setText(say("chat.cut"))
        for button, key in ((self._copy, "chat.copy"), (self._again, "chat.again")):
            button.setAccessibleName(say(key))
            button.setToolTip(say(key))
        self.bubble.update()
        if self._error:
            self.error_card.show_error(self._error)
        self._show()

    def tick(self) -> None:
        """Once a second while the answer is awaited: the timer of the think row runs."""
        self._show_think(self._turn.answer)

    def _show(self) -> None:
        answer = self._turn.answer
        ended = answer.state in (AnswerState.DONE, AnswerState.STOPPED)
        self._show_think(answer)
        if self._error and self.error_card.isHidden():
            self.error_card.show_error(self._error)
        self.error_card.setVisible(self._error is not None and self._last)
        self.body.setVisible(bool(answer.text.strip()))
        ending = _ending(answer)
        self._stopped.setText(say(ending) if ending else "")
        self._stopped.setVisible(bool(ending))
        self._foot.setVisible(ended)
        self._made.setVisible(bool(answer.text.strip()) and not answer.running)
        self._again.setVisible(self._last and ended)
        self._copy.setVisible(bool(answer.text.strip()))
        self._meta.setText(meta_line(answer.done) if answer.done else "")
        if answer.running and self._drawn is not None:
            if not self._draw_timer.isActive():
                self._draw_timer.start(min(_SLOWEST_MS, int(self._cost_ms * _SHARE)))
        else:
            self._draw()

    def _show_think(self, answer: Answer) -> None:
        spent = max(0, round(time.monotonic() - answer.started_s))
        if answer.state is AnswerState.WAITING:
            words = say("chat.waiting", seconds=spent)
        elif answer.state is AnswerState.THINKING:
            words = say("chat.thinking", seconds=spent)
        elif answer.thought_s is not None:
            words = say("chat.thought", seconds=max(1, round(answer.thought_s)))
        else:
            words = ""
        self.think.setVisible(bool(words) and self._error is None)
        if words:
            self.think.show_state(words, answer.reasoning)

    def _draw(self) -> None:
        self._draw_timer.stop()
        answer = self._turn.answer
        now = (answer.text, current())
        # A selection would be lost by drawing again, so it waits for the end.
        if self._drawn == now or (answer.running and self.body.has_selection()):
            return
        started = time.perf_counter()
        rendered = self._growing.render(answer.text, copy_label=say("chat.copy"))
        self.body.show_rendered(rendered)
        self._cut.setVisible(rendered.cut)
        self._cost_ms = (time.perf_counter() - started) * 1000
        self._drawn = now


def _ending(answer: Answer) -> str:
    """The text code for an answer that did not end by itself, or ""."""
    if answer.state is AnswerState.STOPPED:
        return "chat.stopped"
    if answer.state is AnswerState.FAILED and answer.text.strip():
        return "chat.broke_off"
    too_long = answer.done is not None and answer.done.finish_reason == "length"
    return "chat.too_long" if too_long else ""


def meta_line(done: ChatDone) -> str:
    """Speed in tokens and in words a person reads, and how long the first word took."""
    parts = []
    if done.tokens_per_s:
        words = words_per_second(done.tokens_per_s, current())
        parts.append(
            say(
                "chat.speed",
                tokens=text().number(done.tokens_per_s),
                words=text().number(words),
            )
        )
    parts.append(say("chat.first_word", seconds=text().number(done.first_token_s)))
    return " · ".join(parts)
