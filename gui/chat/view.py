"""The chat page: a conversation with the model that runs, streamed into the window."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import Qt, QTimer, QUrl, Signal
from PySide6.QtGui import QDesktopServices, QGuiApplication, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import QFrame, QHBoxLayout, QStackedWidget, QVBoxLayout, QWidget

from core.domain import ChatDelta, ChatDone, Endpoint, Message
from core.errors import AppError
from core.progress import CancelToken
from gui.chat.composer import Composer
from gui.chat.conversation import AnswerState, Conversation
from gui.chat.fit import FitHeight
from gui.chat.link_dialog import LinkDialog
from gui.chat.pieces import Elided
from gui.chat.render import clean
from gui.chat.suggestions import Suggestions
from gui.chat.turn import TurnWidget
from gui.language import say
from gui.page import Page, announce, scroll_column
from gui.remedies import Way, way
from gui.tasks import Task
from gui.widgets.buttons import Button
from gui.widgets.labels import Chip, Label

Stream = Callable[[Endpoint, Sequence[Message], CancelToken], Iterator[ChatDelta | ChatDone]]

COLUMN = 744  # px
_HEADER = 56
_JUST_S = 2.0  # how long after a failure its cause may still become known
_NEAR_END = 24  # px from the bottom that still count as "at the end"


class ChatView(Page):
    """`stream` is core.serve.chat.stream_chat; given one endpoint it asks only that one."""

    answered = Signal(object)  # ChatDone
    remedy_wanted = Signal(str)  # a remedy code that is not ours: start, choose_smaller, …

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        stream: Stream | None = None,
        open_link: Callable[[str], object] | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("chat")
        self._stream = stream or _real_stream
        self._open_link = open_link or (lambda target: QDesktopServices.openUrl(QUrl(target)))
        self._endpoint: Endpoint | None = None
        self._talk = Conversation()
        self._turns: list[TurnWidget] = []
        self._task: Task | None = None
        self._following = True
        self._known = False  # whether anybody has told yet what runs
        self._failed_at = -_JUST_S
        self._queued = False  # what stands in the composer is asked once a model answers
        self._copied_note = QTimer(self, singleShot=True, interval=2_000)
        self._second = QTimer(self, interval=1_000)
        self._make_parts()
        self._lay_out()
        self._connect()
        self.render()

    # --- building ---------------------------------------------------------------------------------

    def _make_parts(self) -> None:
        self._title = Elided("heading", most=240)
        self._where = Chip(tone="success", icon="computer")
        self._model = Elided("muted")
        self._starter = Chip(tone="warning", icon="info")
        self._starter.setObjectName("starter-chip")
        self._new = Button("secondary", "normal", "plus")
        self._new.setObjectName("new-chat")
        self._empty = Suggestions()
        self.composer = Composer()
        self._foot = Label("caption")
        self._foot.setObjectName("can-be-wrong")
        self._foot.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self.area, self._column = scroll_column(COLUMN, (32, 20, 32, 20))
        self._column.setSpacing(26)
        FitHeight(self.area)
        self._stack = QStackedWidget()

    def _lay_out(self) -> None:
        header = QWidget()
        header.setFixedHeight(_HEADER)
        row = QHBoxLayout(header)
        row.setContentsMargins(32, 0, 20, 0)
        row.setSpacing(12)
        row.addWidget(self._title)
        row.addWidget(self._where)
        row.addWidget(self._model, 1)
        row.addWidget(self._starter)
        row.addWidget(self._new)
        line = QFrame()
        line.setProperty("role", "line")
        empty, room = scroll_column(COLUMN, (32, 0, 32, 0))
        room.setAlignment(Qt.AlignmentFlag(0))
        room.addWidget(self._empty)
        self._stack.addWidget(empty)
        self._stack.addWidget(self.area)
        foot_row = QHBoxLayout()
        foot_row.setContentsMargins(27, 4, 27, 0)
        foot_row.addStretch(1)
        self.composer.setMaximumWidth(COLUMN + 10)
        foot_row.addWidget(self.composer, 1000)
        foot_row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 12)
        column.setSpacing(0)
        column.addWidget(header)
        column.addWidget(line)
        column.addWidget(self._stack, 1)
        column.addLayout(foot_row)
        column.addSpacing(6)
        column.addWidget(self._foot)

    def _connect(self) -> None:
        self._new.clicked.connect(self.new_chat)
        self._empty.chosen.connect(self._take_idea)
        self.composer.sent.connect(self._ask)
        self.composer.early.connect(self._queue)
        self.composer.edited.connect(self._unqueue)
        self.composer.stop_wanted.connect(self.stop)
        self._second.timeout.connect(self._tick)
        self._copied_note.timeout.connect(self._show_state)
        bar = self.area.verticalScrollBar()
        bar.rangeChanged.connect(self._follow)
        bar.actionTriggered.connect(self._look_where)  # wheel, keys or pointer, never ourselves
        for keys, slot in (
            (QKeySequence("Ctrl+N"), self.new_chat),
            (QKeySequence("Ctrl+L"), self.composer.setFocus),
        ):
            shortcut = QShortcut(keys, self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(slot)

    # --- what others call -------------------------------------------------------------------------

    def title(self) -> str:
        return say("chat.title")

    def set_endpoint(self, endpoint: Endpoint | None) -> None:
        """The model that answers from now on, or None while none runs."""
        if endpoint == self._endpoint and self._known:
            return
        self._known, self._endpoint = True, endpoint
        queued = self._queued and endpoint is not None
        self._show_state()
        if queued and (question := self.composer.question()):
            self._ask(question)

    @property
    def conversation(self) -> Conversation:
        return self._talk

    def focus_first(self) -> None:
        self.composer.setFocus()

    def new_chat(self) -> None:
        """Forgets this conversation; nothing of it is kept anywhere."""
        self.stop()
        self._drop_task()
        for turn in self._turns:
            turn.setParent(None)
            turn.deleteLater()
        self._turns.clear()
        self._talk = Conversation()
        self.composer.clear()
        self._show_state()
        self.composer.setFocus()

    def stop(self) -> None:
        """Stops the answer at once; what came stays."""
        if self._task and self._talk.running:
            self._task.cancel()
            self._talk = self._talk.stop(time.monotonic())
            self._ended("chat.stopped")

    def break_off(self) -> None:
        """Another model takes over: what came stays, and the question can be sent once more."""
        if self._task and self._talk.running:
            self._drop_task()
            self._broke_off("chat.broke_off")
        elif self._turns and time.monotonic() - self._failed_at < _JUST_S:
            self._turns[-1].show_error(None)  # its engine was quicker to go than the news
            self._show_last()

    def render(self) -> None:  # type: ignore[override]
        self._new.setText(say("chat.new"))
        self._new.setToolTip(say("chat.new.hint"))
        self._where.setText(say("chat.where.this_computer"))
        self._starter.setText(say("chat.starter"))
        self.composer.render_texts()
        self._empty.render_texts()
        for turn in self._turns:
            turn.render_texts()
        self._show_state()

    # --- a question and its answer ----------------------------------------------------------------

    def _take_idea(self, question: str) -> None:
        if self._endpoint and not self._talk.running:
            self._ask(question)
        else:
            self.composer.put(question)
        self.composer.setFocus()

    def _ask(self, question: str) -> None:
        if self._endpoint is None or self._talk.running:
            return
        self._queued = False
        before = len(self._talk.turns)
        self._talk = self._talk.ask(question, time.monotonic())
        if len(self._talk.turns) == before and self._turns:  # it takes a failed one's place
            self._remove_last()
        self.composer.clear()
        self._begin()

    def _queue(self) -> None:
        """Enter came before a model answers: nothing is lost, and it says so."""
        self._queued = True
        self._show_state()
        announce(self, say("chat.queued"))

    def _unqueue(self) -> None:
        """Who goes on writing has not finished the question."""
        if self._queued:
            self._queued = False
            self._show_state()

    def _again(self) -> None:
        if self._endpoint is None or self._talk.running or not self._talk.turns:
            return
        self._talk = self._talk.again(time.monotonic())
        self._remove_last()
        self._begin()

    def _begin(self) -> None:
        """Asks for the answer of the last turn."""
        endpoint = self._endpoint
        if endpoint is None:
            return
        messages = self._talk.messages(endpoint.context)
        self._drop_task()
        self._add_turn()
        self._following = True
        self._second.start()
        self._show_state()
        stream = self._stream

        def work(report: Callable[[object], None], token: CancelToken) -> ChatDone | None:
            done = None
            for part in stream(endpoint, messages, token):
                if isinstance(part, ChatDone):
                    done = part
                else:
                    report(part)
            return done

        task = Task(work, self)
        task.received.connect(self._receive)
        task.succeeded.connect(self._finish)
        task.failed.connect(self._fail)
        task.cancelled.connect(self.stop)
        self._task = task
        task.start()

    def _receive(self, deltas: Sequence[ChatDelta]) -> None:
        if self.sender() is self._task:
            self._talk = self._talk.receive(deltas, time.monotonic())
            self._show_last()

    def _finish(self, done: ChatDone | None) -> None:
        if self._task is None or self.sender() is not self._task:
            return
        self._drop_task()
        running = self._talk.running
        if done is None:
            self._talk = self._talk.stop(time.monotonic())
        else:  # also after a stop: then it brings the speeds
            self._talk = self._talk.finish(done, time.monotonic())
        if running:
            stopped = self._talk.turns[-1].answer.state is AnswerState.STOPPED
            self._ended("chat.stopped" if stopped else "chat.answer_done")
        else:
            self._show_last()
        if done is not None:
            self.answered.emit(done)

    def _fail(self, error: AppError) -> None:
        if self.sender() is not self._task or not self._talk.running:
            return
        self._drop_task()
        self._failed_at = time.monotonic()
        self._turns[-1].show_error(error)
        self._broke_off("chat.failed")

    def _broke_off(self, code: str) -> None:
        self._talk = self._talk.fail(time.monotonic())
        if not self.composer.question():
            self.composer.put(self._talk.turns[-1].question)
        self._ended(code)

    def _ended(self, code: str) -> None:
        self._second.stop()
        self._show_last()
        self._show_state()
        announce(self, say(code))

    def _drop_task(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task.deleteLater()
            self._task = None

    def _remedy(self, code: str) -> None:
        if way(code) is Way.RETRY:
            if question := self.composer.question() or self._talk.turns[-1].question:
                self._ask(question)
        elif way(code) is Way.CHAT:
            question = self.composer.question()
            self.new_chat()
            self.composer.put(question)
        else:
            self.remedy_wanted.emit(code)

    # --- showing ----------------------------------------------------------------------------------

    def _add_turn(self) -> None:
        if self._turns:
            self._turns[-1].show_turn(self._talk.turns[-2], last=False)
        turn = TurnWidget(self._talk.turns[-1])
        turn.copy_wanted.connect(self._copy)
        turn.again_wanted.connect(self._again)
        turn.link_chosen.connect(self._confirm_link)
        turn.remedy_chosen.connect(self._remedy)
        self._turns.append(turn)
        self._column.addWidget(turn)

    def _remove_last(self) -> None:
        turn = self._turns.pop()
        turn.setParent(None)
        turn.deleteLater()

    def _show_last(self) -> None:
        self._turns[-1].show_turn(self._talk.turns[-1], last=True)

    def _tick(self) -> None:
        if self._talk.running:
            self._turns[-1].tick()

    def _show_state(self) -> None:
        endpoint = self._endpoint
        starter = endpoint is not None and endpoint.model.starter
        asked = bool(self._talk.turns)
        self._stack.setCurrentIndex(1 if asked else 0)
        self._title.set_whole(self._talk.turns[0].question if asked else say("chat.new"))
        self._where.setVisible(endpoint is not None)
        self._starter.setVisible(starter)
        self._model.set_whole(endpoint.model.name if endpoint else "")
        if endpoint is None:
            state = "chat.empty.off" if self._known else "chat.empty.looking"
            self._empty.set_state(state, f"{state}.more")
            self._foot.setText(say("chat.queued" if self._queued else "chat.can_be_wrong_any"))
        else:
            thinks = endpoint.model.thinking == "always"
            more = "chat.empty.thinks" if thinks else "chat.empty.more"
            self._empty.set_state(
                "chat.empty.starter" if starter else "chat.empty",
                "chat.empty.starter.more" if starter else more,
            )
            self._foot.setText(say("chat.can_be_wrong", model=endpoint.model.name))
        self.composer.set_state(ready=endpoint is not None, running=self._talk.running)

    def _copy(self, words: str) -> None:
        """Plain text without hidden signs, and a word about it if there were any."""
        plain = clean(words)
        QGuiApplication.clipboard().setText(plain)
        hidden = plain != words.replace("\r\n", "\n")
        note = say("chat.copied_cleaned" if hidden else "chat.copied")
        self._foot.setText(note)
        announce(self, note)
        self._copied_note.start()

    def _confirm_link(self, target: str) -> None:
        dialog = LinkDialog(target, self)
        dialog.accepted.connect(lambda: self._open_link(target))
        dialog.open()

    def _look_where(self, _action: int) -> None:
        """Whether the person looks at the end, so that the view may follow."""
        bar = self.area.verticalScrollBar()
        self._following = bar.sliderPosition() >= bar.maximum() - _NEAR_END

    def _follow(self, _least: int, most: int) -> None:
        if self._following:
            self.area.verticalScrollBar().setValue(most)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self._talk.running:
            self.stop()
        else:
            super().keyPressEvent(event)


def _real_stream(
    endpoint: Endpoint, messages: Sequence[Message], token: CancelToken
) -> Iterator[ChatDelta | ChatDone]:
    from core.serve.chat import stream_chat

    return stream_chat(endpoint, tuple(messages), token)
