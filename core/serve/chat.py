"""One question to the model, and its answer word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.domain import ChatDelta, ChatDone, Endpoint, Message, Model
from core.edges import engine_api, keys
from core.errors import AppError
from core.progress import CancelToken

# The starter model is so small that without a system prompt it answers "the capital of France" in
# French verse, and with one correctly (tried with five prompts and five questions).
_STARTER_PROMPT = "You are a helpful assistant."
_THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer, for those who do not watch it come."""

    text: str
    reasoning: str
    done: ChatDone


def stream_chat(
    endpoint: Endpoint, messages: Sequence[Message], token: CancelToken
) -> Iterator[ChatDelta | ChatDone]:
    """The answer to the last message: any number of ChatDelta, then one ChatDone.

    A cancel ends it within a second with the finish reason `stopped_by_you`. Raises: AppError;
    what came before it stays true.
    """
    body = completion_body(endpoint.model, messages)
    key = keys.read_key(Path(endpoint.key_path))
    while True:
        try:
            yield from engine_api.stream_completion(
                endpoint.url, key, body, token, model=endpoint.model.id, where=endpoint.where
            )
        except AppError as error:
            newer = keys.read_key(Path(endpoint.key_path))
            if error.code != "key_refused" or newer == key:
                raise
            key = newer  # it was changed since; refused means that nothing was answered yet
        else:
            return


def ask(endpoint: Endpoint, question: str, token: CancelToken) -> Answer:
    """The whole answer to one question, without what was said before. Raises: AppError."""
    text: list[str] = []
    reasoning: list[str] = []
    for piece in stream_chat(endpoint, (Message(role="user", content=question),), token):
        if isinstance(piece, ChatDone):
            return Answer(text="".join(text), reasoning="".join(reasoning), done=piece)
        text.append(piece.text)
        reasoning.append(piece.reasoning)
    raise AppError("answer_cut", remedy="restart_engine", retryable=True)


def completion_body(model: Model, messages: Sequence[Message]) -> dict[str, Any]:
    """What is asked of the engine: the model's own sampling values, never the engine's."""
    sampling = model.sampling
    if model.starter and not any(message.role == "system" for message in messages):
        messages = (Message(role="system", content=_STARTER_PROMPT), *messages)
    body: dict[str, Any] = {
        "model": model.id,
        "messages": [
            {"role": message.role, "content": message.content}
            for message in prepared(messages, system_allowed=sampling.system_prompt_allowed)
        ],
    }
    if sampling.temperature is not None:
        # The values were recommended without these two, which the engine would add by itself.
        body |= {"temperature": sampling.temperature, "top_k": 0, "min_p": 0.0}
    if sampling.top_p is not None:
        body["top_p"] = sampling.top_p
    if sampling.max_tokens is not None:
        body["max_tokens"] = sampling.max_tokens
    return body


def prepared(messages: Sequence[Message], *, system_allowed: bool) -> tuple[Message, ...]:
    """The conversation as the model wants it.

    Earlier thoughts are left out (the DeepSeek-R1 card: they are not part of the next turn), an
    answer that was stopped before its first word too, and turns of one side follow each other as
    one. Where the model takes no system prompt, it opens the first question instead.
    """
    said: list[Message] = []
    for message in messages:
        content = message.content
        if message.role == "assistant":
            content = _THOUGHTS.sub("", content).strip()
            if not content:
                continue
        role = "user" if message.role == "system" and not system_allowed else message.role
        if said and said[-1].role == role:
            content = f"{said.pop().content}\n\n{content}"
        said.append(Message(role=role, content=content))
    return tuple(said)
