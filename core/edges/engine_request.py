"""What is asked of the engine: the conversation and the values of a model, as one request's body.

Pure. The rehearsal and the chat ask alike, so that what was proven is what the person then gets.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from core.domain import Message, Model

# The starter model is so small that without a system prompt it answers "the capital of France" in
# French verse, and with one correctly (tried with five prompts and five questions).
_STARTER_PROMPT = "You are a helpful assistant."
_THOUGHTS = re.compile(r"<think>.*?(</think>|\Z)", re.DOTALL)


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
