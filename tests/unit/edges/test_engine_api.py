"""The engine's API against a server that behaves as badly as it is told to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import ChatDelta, ChatDone, EndpointState
from core.edges.engine_api import ThoughtSplitter, _Answer, health, stream_completion
from core.errors import AppError
from core.progress import CancelToken
from tests.stand_ins.engine import DONE, KEY, MODEL, StandInEngine, event, words

_FIELDS = st.sampled_from(
    [
        "choices",
        "delta",
        "content",
        "reasoning_content",
        "finish_reason",
        "error",
        "message",
        "type",
        "code",
        "usage",
        "completion_tokens",
        "prompt_tokens",
        "timings",
        "predicted_per_second",
        "n_ctx",
    ]
)


@pytest.fixture
def engine() -> Iterator[StandInEngine]:
    with StandInEngine() as server:
        yield server


def answer(engine: StandInEngine, token: CancelToken | None = None, **gaps: float) -> list[object]:
    body = {"messages": [{"role": "user", "content": "?"}]}
    return list(
        stream_completion(
            engine.url, KEY, body, token or CancelToken(), model=MODEL, where="here", **gaps
        )
    )


def _read_into(came: list[object], stream: Iterator[object]) -> None:
    for piece in stream:
        came.append(piece)


def text_of(pieces: list[object]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, ChatDelta))


def reasoning_of(pieces: list[object]) -> str:
    return "".join(piece.reasoning for piece in pieces if isinstance(piece, ChatDelta))


# --- health -----------------------------------------------------------------------------------


def test_an_engine_that_names_the_model_runs(engine: StandInEngine) -> None:
    status = health(engine.url, KEY, MODEL)
    assert status.state is EndpointState.RUNNING
    assert status.url == engine.url


def test_an_alias_counts_as_the_name(engine: StandInEngine) -> None:
    engine.models = (200, b'{"data": [{"id": "/models/x.gguf", "aliases": ["stand-in"]}]}')
    assert health(engine.url, KEY, MODEL).state is EndpointState.RUNNING


def test_503_is_loading(engine: StandInEngine) -> None:
    engine.health = (503, b'{"error":{"message":"Loading model","code":503}}')
    assert health(engine.url, KEY, MODEL).state is EndpointState.LOADING


@pytest.mark.parametrize(
    "models",
    [
        (200, b'{"data": [{"id": "another"}]}'),
        (200, b"<html>hello</html>"),
        (200, b"[1, 2]"),
        (200, b'{"data": "stand-in"}'),
        (200, b'{"data": ["stand-in", null, {"id": 3, "aliases": {}}]}'),
        (404, b"not here"),
    ],
)
def test_200_from_anything_else_is_not_healthy(
    engine: StandInEngine, models: tuple[int, bytes]
) -> None:
    engine.models = models
    status = health(engine.url, KEY, MODEL)
    assert (status.state, status.note) == (EndpointState.FAILED, "wrong_model")


def test_a_wrong_key_is_said_so(engine: StandInEngine) -> None:
    engine.keys = ["another"]
    status = health(engine.url, KEY, MODEL)
    assert (status.state, status.note) == (EndpointState.FAILED, "key_refused")


def test_nobody_there_is_starting() -> None:
    with StandInEngine() as gone:
        url = gone.url
    assert health(url, KEY, MODEL).state is EndpointState.STARTING


def test_an_engine_that_says_nothing_is_unknown_and_not_waited_for(engine: StandInEngine) -> None:
    engine.wait_s = 3.0
    begun = time.monotonic()
    status = health(engine.url, KEY, MODEL, timeout_s=0.4)
    assert time.monotonic() - begun < 1.5
    assert (status.state, status.note) == (EndpointState.UNKNOWN, "engine_silent")


# --- answers ----------------------------------------------------------------------------------


def test_an_answer_with_its_thoughts_and_timings(engine: StandInEngine) -> None:
    engine.chat = (
        event(choices=[{"delta": {"role": "assistant", "content": None}}]),
        event(choices=[], prompt_progress={"total": 5, "processed": 5}),
        words(reasoning="\n"),
        words(reasoning="\nh\n"),
        words(reasoning="\nm"),
        words("\n\n"),
        words("42"),
        words(finish="stop"),
        event(
            choices=[],
            usage={"prompt_tokens": 5, "completion_tokens": 2},
            timings={"predicted_per_second": 12.5},
        ),
        DONE,
    )
    pieces = answer(engine)
    done = pieces[-1]
    assert isinstance(done, ChatDone)
    assert (text_of(pieces), reasoning_of(pieces)) == ("42", "h\n\nm")
    assert (done.finish_reason, done.prompt_tokens, done.completion_tokens) == ("stop", 5, 2)
    assert (done.tokens_per_s, done.model, done.where) == (12.5, MODEL, "here")
    assert 0 < done.first_token_s < 5
    asked = engine.seen[0]
    assert asked["stream"] is True
    assert asked["stream_options"] == {"include_usage": True}


def test_an_event_cut_into_single_bytes_is_the_same_event(engine: StandInEngine) -> None:
    whole = words("深泊 → ok", finish="length")
    engine.chat = (*(bytes([byte]) for byte in whole), DONE)
    pieces = answer(engine)
    assert text_of(pieces) == "深泊 → ok"
    assert pieces[-1].finish_reason == "length"  # type: ignore[attr-defined]


def test_thoughts_inside_the_text_are_taken_out(engine: StandInEngine) -> None:
    engine.chat = (words("<thi"), words("nk>a < b</th"), words("ink>\n\nyes"), words(finish="stop"))
    pieces = answer(engine)
    assert (text_of(pieces), reasoning_of(pieces)) == ("yes", "a < b")


def test_nul_and_half_characters_never_arrive(engine: StandInEngine) -> None:
    raw = r'data: {"choices":[{"delta":{"content":"a\u0000b\ud83dc"},"finish_reason":"stop"}]}'
    engine.chat = (f"{raw}\n\n".encode(), DONE)
    assert text_of(answer(engine)) == "ab?c"


@pytest.mark.parametrize(
    "strange",
    [
        {"choices": "no"},
        {"choices": [7]},
        {"choices": [{"delta": "x"}]},
        {"choices": [{"delta": {"content": 5, "reasoning_content": ["x"]}}]},
        {"choices": [], "usage": [], "timings": "fast"},
        {"usage": {"completion_tokens": -3}, "timings": {"predicted_per_second": 1e99}},
        {"timings": {"predicted_per_second": 10**400}, "choices": []},
        {"something": "else"},
    ],
)
def test_fields_of_a_wrong_type_are_passed_over(
    engine: StandInEngine, strange: dict[str, object]
) -> None:
    engine.chat = (words("a"), event(**strange), words("b", finish="stop"), DONE)
    pieces = answer(engine)
    assert text_of(pieces) == "ab"
    speed = pieces[-1].tokens_per_s  # type: ignore[attr-defined]
    assert speed is None or speed < 1e6


@pytest.mark.parametrize(
    "broken",
    [
        b'data: {"choices": [\n\n',
        b"data: \xff\xfe\xfa\n\n",
        b'data: "text"\n\n',
        b"data: [[[[" + b"[" * 200_000 + b"\n\n",
        b'data: {"choices":[{"delta":{"content":"a\0b"}}]}\n\n',
        b"data: " + b"x" * 10_000_000 + b"\n\n",
    ],
    ids=["half", "not utf-8", "no object", "deep", "raw nul", "10 MB line"],
)
def test_a_broken_event_ends_the_answer_and_keeps_what_came(
    engine: StandInEngine, broken: bytes
) -> None:
    engine.chat = (words("first"), broken, words("never", finish="stop"), DONE)
    came: list[object] = []
    body = {"messages": []}
    stream = stream_completion(engine.url, KEY, body, CancelToken(), model=MODEL, where="here")
    with pytest.raises(AppError) as caught:
        _read_into(came, stream)
    assert caught.value.code == "engine_reply_broken"
    assert text_of(came) == "first"


def test_an_end_without_an_end_is_a_cut(engine: StandInEngine) -> None:
    engine.chat = (words("half an ans"),)
    with pytest.raises(AppError) as caught:
        answer(engine)
    assert (caught.value.code, caught.value.remedy) == ("answer_cut", "restart_engine")


def test_an_error_in_the_middle_is_the_engines_word(engine: StandInEngine) -> None:
    engine.chat = (words("a"), event(error={"code": 500, "message": "no\0 slot"}))
    with pytest.raises(AppError) as caught:
        answer(engine)
    assert (caught.value.code, caught.value.detail) == ("engine_refused", "no slot")
    assert caught.value.params["status"] == 500


def test_too_long_a_conversation_says_by_how_much(engine: StandInEngine) -> None:
    engine.chat_status = 400
    told = {
        "code": 400,
        "message": "request (8031 tokens) exceeds the available context size (2048 tokens)",
        "type": "exceed_context_size_error",
        "n_prompt_tokens": 8031,
        "n_ctx": 2048,
    }
    engine.chat = (json.dumps({"error": told}).encode(),)
    with pytest.raises(AppError) as caught:
        answer(engine)
    assert caught.value.code == "prompt_too_long"
    assert dict(caught.value.params) == {"tokens": 8031, "context": 2048}


@pytest.mark.parametrize(
    ("status", "reply", "code"),
    [
        (503, b"{}", "engine_busy_loading"),
        (400, b'{"error": "words"}', "engine_refused"),
        (500, b"<html>", "engine_refused"),
        (404, b"[]", "engine_refused"),
    ],
)
def test_other_refusals(engine: StandInEngine, status: int, reply: bytes, code: str) -> None:
    engine.chat_status, engine.chat = status, (reply,)
    with pytest.raises(AppError) as caught:
        answer(engine)
    assert caught.value.code == code


def test_nobody_there_while_asking() -> None:
    with StandInEngine() as gone:
        pass
    with pytest.raises(AppError) as caught:
        answer(gone)
    assert caught.value.code == "engine_not_answering"


def test_a_gap_between_words_ends_the_wait(engine: StandInEngine) -> None:
    engine.chat = (words("a"), 5.0, words("b", finish="stop"), DONE)
    begun = time.monotonic()
    with pytest.raises(AppError) as caught:
        answer(engine, token_gap_s=0.3)
    assert caught.value.code == "answer_stalled"
    assert time.monotonic() - begun < 2


def test_comments_do_not_count_as_words(engine: StandInEngine) -> None:
    engine.chat = (words("a"), *([b": ping\n\n", 0.1] * 20), words("b", finish="stop"), DONE)
    with pytest.raises(AppError) as caught:
        answer(engine, token_gap_s=0.5)
    assert caught.value.code == "answer_stalled"


def test_the_first_word_may_take_longer(engine: StandInEngine) -> None:
    engine.chat = (0.6, words("a", finish="stop"), DONE)
    assert text_of(answer(engine, token_gap_s=0.2, reading_gap_s=5.0)) == "a"


def test_a_slow_reader_is_not_late(engine: StandInEngine) -> None:
    engine.chat = (words("a"), words("b", finish="stop"), DONE)
    body = {"messages": []}
    said = ""
    for piece in stream_completion(
        engine.url, KEY, body, CancelToken(), model=MODEL, where="here", token_gap_s=0.2
    ):
        time.sleep(0.4)
        said += piece.text if isinstance(piece, ChatDelta) else ""
    assert said == "ab"


@pytest.mark.parametrize("chat", [(30.0,), (words("a"), 30.0), (words("a"), b'data: {"cho', 30.0)])
def test_a_cancel_ends_it_within_a_second(
    engine: StandInEngine, chat: tuple[bytes | float, ...]
) -> None:
    engine.chat = chat
    token = CancelToken()
    threading.Timer(0.3, token.cancel).start()
    begun = time.monotonic()
    pieces = answer(engine, token)
    assert time.monotonic() - begun < 1.3
    assert pieces[-1].finish_reason == "stopped_by_you"  # type: ignore[attr-defined]


def test_after_a_cancel_the_engine_is_left(engine: StandInEngine) -> None:
    engine.chat = [piece for _ in range(100) for piece in (words("word "), 0.02)]
    token = CancelToken()
    threading.Timer(0.2, token.cancel).start()
    answer(engine, token)
    deadline = time.monotonic() + 2
    while not engine.left and time.monotonic() < deadline:
        time.sleep(0.02)
    assert engine.left == 1


# --- anything at all --------------------------------------------------------------------------

_JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.just(10**400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_FIELDS, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(_FIELDS, _JSON, max_size=4), max_size=6))
def test_whatever_comes_is_an_answer_or_an_error_with_a_code(events: list[dict[str, Any]]) -> None:
    answer = _Answer(0.0)
    code = ""
    try:
        deltas = [delta for event in events for delta in answer.take(event, 1.0)]
        deltas += answer.rest()
    except AppError as error:
        code, deltas = error.code, []
    assert code in {"", "engine_refused", "prompt_too_long", "answer_cut"}
    for delta in deltas:
        (delta.text + delta.reasoning).encode()
    done = answer.done("m", "here", 2.0)
    assert done.tokens_per_s is None or done.tokens_per_s >= 0


# --- thoughts ---------------------------------------------------------------------------------


def split(pieces: list[str]) -> tuple[str, str]:
    splitter = ThoughtSplitter()
    deltas = [delta for piece in pieces for delta in splitter.feed(piece)]
    deltas += splitter.rest()
    return "".join(d.reasoning for d in deltas), "".join(d.text for d in deltas)


@given(st.text("<think>/ ab\n", max_size=40), st.lists(st.integers(0, 40), max_size=6))
def test_how_a_text_is_cut_makes_no_difference(text: str, cuts: list[int]) -> None:
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(edges)]
    whole = split([text])
    assert tuple(part.strip() for part in split(pieces)) == tuple(part.strip() for part in whole)


@given(st.text(max_size=30), st.text(max_size=30))
def test_nothing_is_lost(thought: str, text: str) -> None:
    if "</think>" in thought:
        return
    reasoning, said = split([f"<think>{thought}</think>{text}"])
    assert reasoning == thought.lstrip("\n")
    assert said == text.lstrip("\n")


def test_empty_lines_before_the_answer_are_left_out() -> None:
    assert split(["<think>a</think>", "\n", "\nb", "\n"]) == ("a", "b\n")
    assert split(["\n", "\nb"]) == ("", "b")


def test_text_without_thoughts_is_left_alone() -> None:
    assert split(["<b>", "bold</b>", " <think>"]) == ("", "<b>bold</b> <think>")
