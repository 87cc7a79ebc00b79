"""What is asked of the engine."""

from __future__ import annotations

from dataclasses import replace

from core.domain import Message, Sampling
from core.edges.engine_request import completion_body, prepared
from tests.contract.launches import STARTER

MODEL = replace(
    STARTER, starter=False, sampling=Sampling(temperature=0.6, top_p=0.95, max_tokens=99)
)


def said(role: str, content: str) -> Message:
    return Message(role=role, content=content)


def test_the_models_own_values_are_sent() -> None:
    body = completion_body(MODEL, [said("user", "hi")])
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.6, 0.95, 99)
    assert (body["top_k"], body["min_p"]) == (0, 0.0)
    assert body["model"] == MODEL.id


def test_what_the_model_does_not_say_is_left_out() -> None:
    body = completion_body(replace(MODEL, sampling=Sampling()), [said("user", "hi")])
    assert set(body) == {"model", "messages"}


def test_a_system_prompt_opens_the_first_question_where_none_is_allowed() -> None:
    messages = [said("system", "Be kind."), said("user", "hi"), said("assistant", "ho")]
    assert prepared(messages, system_allowed=False) == (
        said("user", "Be kind.\n\nhi"),
        said("assistant", "ho"),
    )
    assert prepared(messages, system_allowed=True) == tuple(messages)


def test_earlier_thoughts_are_not_sent_back() -> None:
    messages = [
        said("user", "1"),
        said("assistant", "<think>long\nthought</think>\n\none"),
        said("user", "2"),
        said("assistant", "<think>cut off"),
        said("user", "3"),
    ]
    assert prepared(messages, system_allowed=True) == (
        said("user", "1"),
        said("assistant", "one"),
        said("user", "2\n\n3"),  # the answer that never came leaves no gap
    )


def test_what_a_person_writes_is_sent_as_it_is() -> None:
    question = [said("user", "What does <think>x</think> mean?")]
    assert prepared(question, system_allowed=True) == tuple(question)


def test_only_the_starter_gets_a_system_prompt_of_ours() -> None:
    question = [said("user", "hi")]
    starter = completion_body(STARTER, question)
    assert [message["role"] for message in starter["messages"]] == ["system", "user"]
    own = completion_body(STARTER, [said("system", "mine"), *question])
    assert own["messages"][0]["content"] == "mine"
    assert len(completion_body(MODEL, question)["messages"]) == 1
