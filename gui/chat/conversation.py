"""A conversation as data: questions, answers and how far each answer is. No window, no clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from core.domain import ChatDelta, ChatDone, Message

MAX_ANSWER_CHARS = 400_000  # memory: an answer that never ends is not kept without bound
WORDS_PER_TOKEN = 0.75  # English
HANZI_PER_TOKEN = 1.5  # Chinese; both from the vocabulary's usual yield, shown as "about"
_SHARE_FOR_ANSWER = 0.5  # of the context; the rest holds what was said before


class AnswerState(StrEnum):
    WAITING = "waiting"  # nothing has come yet
    THINKING = "thinking"
    WRITING = "writing"
    DONE = "done"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """`started_s` and `thought_s` are in seconds of one steady clock, the caller's."""

    started_s: float
    state: AnswerState = AnswerState.WAITING
    text: str = ""
    reasoning: str = ""
    thought_s: float | None = None  # how long it thought, once it writes
    done: ChatDone | None = None

    @property
    def running(self) -> bool:
        return self.state in (AnswerState.WAITING, AnswerState.THINKING, AnswerState.WRITING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    question: str
    answer: Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Each method gives a new conversation. Only the last answer can be running."""

    turns: tuple[Turn, ...] = ()

    @property
    def running(self) -> bool:
        return bool(self.turns) and self.turns[-1].answer.running

    def ask(self, question: str, now_s: float) -> Conversation:
        """A new last turn. One before it that failed without a word goes: it is asked again now."""
        kept = self.turns
        if kept and kept[-1].answer.state is AnswerState.FAILED and not kept[-1].answer.text:
            kept = kept[:-1]
        return Conversation(turns=(*kept, Turn(question=question, answer=Answer(started_s=now_s))))

    def again(self, now_s: float) -> Conversation:
        """The last question once more, its old answer gone."""
        return Conversation(turns=self.turns[:-1]).ask(self.turns[-1].question, now_s)

    def receive(self, deltas: Sequence[ChatDelta], now_s: float) -> Conversation:
        """What came of the running answer, in order. Ignored when none is running."""
        if not self.running:
            return self
        answer = self.turns[-1].answer
        text = answer.text + "".join(delta.text for delta in deltas)
        reasoning = answer.reasoning + "".join(delta.reasoning for delta in deltas)
        thought_s = answer.thought_s
        if text.strip():
            state = AnswerState.WRITING
            if thought_s is None and reasoning.strip():
                thought_s = now_s - answer.started_s
        elif reasoning.strip():
            state = AnswerState.THINKING
        else:
            state = answer.state
        return self._last(
            replace(
                answer,
                text=text[:MAX_ANSWER_CHARS],
                reasoning=reasoning[:MAX_ANSWER_CHARS],
                thought_s=thought_s,
                state=state,
            )
        )

    def finish(self, done: ChatDone, now_s: float) -> Conversation:
        """The end that the engine reported. After a stop it only adds what was measured."""
        if self.turns and self.turns[-1].answer.state is AnswerState.STOPPED:
            return self._last(replace(self.turns[-1].answer, done=done))
        stopped = done.finish_reason == "stopped_by_you"
        return self._end(AnswerState.STOPPED if stopped else AnswerState.DONE, now_s, done)

    def stop(self, now_s: float) -> Conversation:
        """Stopped by the person; the text that came stays."""
        return self._end(AnswerState.STOPPED, now_s, None)

    def fail(self, now_s: float) -> Conversation:
        return self._end(AnswerState.FAILED, now_s, None)

    def messages(self, context_tokens: int) -> tuple[Message, ...]:
        """What the model is sent: the last question, and of what was before as much as fits."""
        room = context_tokens * _SHARE_FOR_ANSWER
        chosen: list[Message] = []
        for turn in reversed(self.turns):
            answer = turn.answer
            pair = [Message(role="user", content=turn.question)]
            if turn is not self.turns[-1]:
                if not answer.text.strip() or answer.state is AnswerState.FAILED:
                    continue
                # Reasoning is never sent back: the models' makers ask for the answer alone.
                pair.append(Message(role="assistant", content=answer.text))
            room -= sum(rough_tokens(message.content) for message in pair)
            if chosen and room < 0:
                break
            chosen = [*pair, *chosen]
        return tuple(chosen)

    def _end(self, state: AnswerState, now_s: float, done: ChatDone | None) -> Conversation:
        if not self.running:
            return self
        answer = self.turns[-1].answer
        thought_s = answer.thought_s
        if thought_s is None and answer.reasoning.strip():
            thought_s = now_s - answer.started_s
        return self._last(replace(answer, state=state, thought_s=thought_s, done=done))

    def _last(self, answer: Answer) -> Conversation:
        return Conversation(turns=(*self.turns[:-1], replace(self.turns[-1], answer=answer)))


def rough_tokens(text: str) -> int:
    """About how many tokens a text is, on the high side: Chinese one a sign, else one per three."""
    wide = sum(1 for sign in text if ord(sign) > 0x2E7F)
    return wide + (len(text) - wide) // 3 + 8


def words_per_second(tokens_per_s: float, language: str) -> float:
    """Tokens in what a person reads: words, or Chinese signs. Rounded as an estimate should be."""
    per_token = HANZI_PER_TOKEN if language == "zh_CN" else WORDS_PER_TOKEN
    value = tokens_per_s * per_token
    return float(round(value / 5) * 5) if value >= 20 else round(value, 0 if value >= 3 else 1)
