"""One question to the model: with which key, and what comes back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import Endpoint, EngineKind, Handle, Message, Sampling
from core.edges import keys
from core.errors import AppError
from core.serve import chat
from tests.contract.launches import STARTER, ask
from tests.stand_ins.engine import DONE, StandInEngine, words

MODEL = replace(
    STARTER, starter=False, sampling=Sampling(temperature=0.6, top_p=0.95, max_tokens=99)
)


def said(role: str, content: str) -> Message:
    return Message(role=role, content=content)


@pytest.fixture
def engine() -> Iterator[StandInEngine]:
    with StandInEngine() as server:
        yield server


@pytest.fixture
def endpoint(engine: StandInEngine, tmp_path: Path) -> Endpoint:
    keys.ensure_key(tmp_path / "key")
    engine.keys = [keys.read_key(tmp_path / "key")]
    return Endpoint(
        handle=Handle(provider="x", ref="x", deployment_id="d1"),
        url=engine.url,
        key_path=str(tmp_path / "key"),
        model=MODEL,
        quant_name="Q4_1",
        engine=EngineKind.BUILTIN,
        context=2048,
    )


def test_an_answer_as_a_whole(engine: StandInEngine, endpoint: Endpoint) -> None:
    engine.chat = (words(reasoning="hm"), words("4"), words("2", finish="stop"), DONE)
    text, reasoning, done = ask(endpoint, "6 * 7?")
    assert (text, reasoning) == ("42", "hm")
    assert (done.model, done.where) == (MODEL.id, "this_computer")
    assert engine.seen[0]["messages"] == [{"role": "user", "content": "6 * 7?"}]
    assert engine.seen[0]["temperature"] == 0.6


def test_a_key_that_was_changed_meanwhile_is_read_again(
    engine: StandInEngine, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = iter(["0" * 64, engine.keys[0], engine.keys[0]])
    monkeypatch.setattr(chat.keys, "read_key", lambda _path: next(read))
    assert ask(endpoint, "hi")[0] == "hello"


def test_a_wrong_key_is_tried_once(engine: StandInEngine, endpoint: Endpoint) -> None:
    engine.keys = ["another"]
    with pytest.raises(AppError) as caught:
        ask(endpoint, "hi")
    assert caught.value.code == "key_refused"


def test_no_key_no_question(engine: StandInEngine, endpoint: Endpoint, tmp_path: Path) -> None:
    missing = replace(endpoint, key_path=str(tmp_path / "none"))
    with pytest.raises(AppError) as caught:
        ask(missing, "hi")
    assert caught.value.code == "key_unreadable"
    assert engine.seen == []


def test_a_key_that_is_gone_hides_no_other_trouble(
    engine: StandInEngine, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = chat.keys.read_key

    def once(path: Path) -> str:
        key = read(path)
        path.unlink()
        return key

    monkeypatch.setattr(chat.keys, "read_key", once)
    engine.chat = (words("half"),)
    with pytest.raises(AppError) as caught:
        ask(endpoint, "hi")
    assert caught.value.code == "answer_cut"
