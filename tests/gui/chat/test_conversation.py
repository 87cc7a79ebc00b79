"""The conversation as data."""

from __future__ import annotations

from core.domain import ChatDelta, ChatDone
from gui.chat.conversation import (
    AnswerState,
    Conversation,
    rough_tokens,
    words_per_second,
)
from tests.gui.home.parts import done


def _answered(question: str, answer: str, talk: Conversation | None = None) -> Conversation:
    talk = (talk or Conversation()).ask(question, 0.0)
    return talk.receive([ChatDelta(text=answer)], 1.0).finish(done(), 2.0)


def _last(talk: Conversation) -> AnswerState:
    return talk.turns[-1].answer.state


def test_an_answer_waits_thinks_writes_and_ends() -> None:
    talk = Conversation().ask("q", 10.0)
    assert _last(talk) is AnswerState.WAITING
    talk = talk.receive([ChatDelta(reasoning="hm")], 11.0)
    assert _last(talk) is AnswerState.THINKING
    talk = talk.receive([ChatDelta(text="\n")], 12.0)
    assert _last(talk) is AnswerState.THINKING
    talk = talk.receive([ChatDelta(reasoning=" so"), ChatDelta(text="yes")], 16.0)
    assert _last(talk) is AnswerState.WRITING
    talk = talk.finish(done(), 20.0)
    answer = talk.turns[-1].answer
    assert (answer.state, answer.text, answer.reasoning, answer.thought_s) == (
        AnswerState.DONE, "\nyes", "hm so", 6.0,
    )  # fmt: skip
    assert not talk.running


def test_a_stop_keeps_the_text_and_later_pieces_are_ignored() -> None:
    talk = Conversation().ask("q", 0.0).receive([ChatDelta(text="half")], 1.0).stop(2.0)
    talk = talk.receive([ChatDelta(text=" more")], 3.0)
    assert talk.turns[-1].answer.text == "half"
    talk = talk.finish(done(finish_reason="stopped_by_you"), 3.0)
    assert _last(talk) is AnswerState.STOPPED
    assert isinstance(talk.turns[-1].answer.done, ChatDone)


def test_a_stopped_thought_says_how_long_it_thought() -> None:
    talk = Conversation().ask("q", 0.0).receive([ChatDelta(reasoning="hm")], 1.0).stop(5.0)
    assert talk.turns[-1].answer.thought_s == 5.0


def test_asking_again_replaces_the_last_answer() -> None:
    talk = _answered("a", "1")
    talk = _answered("b", "2", talk).again(9.0)
    assert [turn.question for turn in talk.turns] == ["a", "b"]
    assert talk.turns[-1].answer.text == ""
    assert talk.turns[0].answer.text == "1"


def test_a_failed_turn_without_a_word_makes_room_for_its_question() -> None:
    talk = _answered("a", "1").ask("b", 3.0).fail(4.0).ask("b", 5.0)
    assert [turn.question for turn in talk.turns] == ["a", "b"]


def test_a_failed_turn_with_words_stays_but_is_not_sent() -> None:
    talk = Conversation().ask("a", 0.0).receive([ChatDelta(text="half")], 1.0).fail(2.0)
    talk = talk.ask("a", 3.0)
    assert len(talk.turns) == 2
    assert [message.content for message in talk.messages(8192)] == ["a"]


def test_the_model_is_sent_answers_without_their_thoughts() -> None:
    talk = Conversation().ask("a", 0.0)
    talk = talk.receive([ChatDelta(reasoning="secret"), ChatDelta(text="1")], 1.0)
    talk = talk.finish(done(), 2.0).ask("b", 3.0)
    assert [(message.role, message.content) for message in talk.messages(8192)] == [
        ("user", "a"), ("assistant", "1"), ("user", "b"),
    ]  # fmt: skip


def test_what_does_not_fit_is_left_out_from_the_front_and_the_question_never() -> None:
    talk = Conversation()
    for number in range(20):
        talk = _answered(f"question {number} " * 20, "answer " * 60, talk)
    talk = talk.ask("the last one", 99.0)
    sent = talk.messages(1024)
    assert sent[-1].content == "the last one"
    assert 1 < len(sent) < 41
    assert sent[0].role == "user"
    assert sum(rough_tokens(message.content) for message in sent) <= 512
    long = Conversation().ask("x" * 100_000, 0.0)
    assert [message.content for message in long.messages(1024)] == ["x" * 100_000]


def test_an_endless_answer_is_bounded() -> None:
    talk = Conversation().ask("q", 0.0)
    for _ in range(5):
        talk = talk.receive([ChatDelta(text="a" * 100_000)], 1.0)
    assert len(talk.turns[-1].answer.text) == 400_000


def test_words_a_second_are_rounded_like_an_estimate() -> None:
    assert words_per_second(41, "en") == 30
    assert words_per_second(41, "zh_CN") == 60
    assert words_per_second(5, "en") == 4
    assert words_per_second(2, "en") == 1.5
