"""The corrected chat templates, as the real server renders them with the real model's tokenizer."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.bench import processes

pytestmark = [pytest.mark.engine, pytest.mark.slow]

TEMPLATES = Path(__file__).resolve().parents[2] / "assets" / "templates"
Ask = Callable[[str, dict[str, Any]], dict[str, Any]]

USER = {"role": "user", "content": "One plus one?"}
ANSWER = {"role": "assistant", "content": "<think>\nI add.\n</think>Two."}
AGAIN = {"role": "user", "content": "Sure?"}


@pytest.fixture(scope="module")
def ask(
    llama_server: Path, seven_b_model: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ask]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("server") / "log"
    command = [str(llama_server), "-m", str(seven_b_model), "--port", str(port), "-c", "512"]
    command += ["-np", "1", "--no-repack", "--no-ui", "--offline", "--jinja", "--no-warmup"]
    command += ["--reasoning-format", "deepseek", "--chat-template-file"]
    process = processes.start([*command, str(TEMPLATES / "deepseek-r1-distill.jinja")], log)

    def post(path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=90) as reply:
            return dict(json.load(reply))

    try:
        deadline = time.monotonic() + 100
        while not _answers(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield post
    finally:
        processes.end(process)


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=2):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError:
        return False


def rendered(ask: Ask, *messages: dict[str, Any], **more: Any) -> str:
    return str(ask("/apply-template", {"messages": list(messages), **more})["prompt"])


def test_a_question_ends_in_the_beginning_of_a_thought(ask: Ask) -> None:
    assert rendered(ask, USER).endswith("<｜User｜>One plus one?<｜Assistant｜><think>\n")


def test_thinking_can_be_turned_off(ask: Ask) -> None:
    off = rendered(ask, USER, chat_template_kwargs={"enable_thinking": False})
    assert off.endswith("<｜Assistant｜><think>\n</think>")


def test_what_was_thought_before_is_left_out(ask: Ask) -> None:
    prompt = rendered(ask, USER, ANSWER, AGAIN)
    assert "I add." not in prompt
    assert prompt.endswith(
        "<｜User｜>One plus one?<｜Assistant｜>Two.<｜end▁of▁sentence｜>"
        "<｜User｜>Sure?<｜Assistant｜><think>\n"
    )


def test_a_system_prompt_comes_first_and_once(ask: Ask) -> None:
    prompt = rendered(ask, {"role": "system", "content": "Be short."}, USER)
    assert prompt.count("Be short.") == 1
    assert prompt.split("Be short.")[1].startswith("<｜User｜>")


def test_the_marks_are_the_models_own_tokens(ask: Ask) -> None:
    """A mark that is one token of its own was written without a slip."""
    for mark in ("<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>", "<think>", "</think>"):
        body = {"content": mark, "parse_special": True}
        assert len(ask("/tokenize", body)["tokens"]) == 1, mark


def test_tools_and_what_they_say(ask: Ask) -> None:
    call = {
        "id": "1",
        "type": "function",
        "function": {"name": "add", "arguments": '{"a": 1}'},
    }
    prompt = rendered(
        ask,
        USER,
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": "2"},
        {"role": "assistant", "content": "Two."},
        AGAIN,
    )
    assert '<｜tool▁sep｜>add\n```json\n{"a": 1}\n```<｜tool▁call▁end｜>' in prompt
    assert "<｜tool▁output▁begin｜>2<｜tool▁output▁end｜><｜tool▁outputs▁end｜>Two." in prompt


def test_the_server_takes_the_beginning_of_the_answer_as_thought(ask: Ask) -> None:
    """The file has no weights, so it says nothing; but where it says it, the template decides."""
    body = {"messages": [USER], "max_tokens": 3, "temperature": 0}
    message = ask("/v1/chat/completions", body)["choices"][0]["message"]
    assert message["reasoning_content"]
    assert not message["content"]
