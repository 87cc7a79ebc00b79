"""One question to the model, and its answer word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.domain import ChatDelta, ChatDone, Endpoint, Message
from core.edges import engine_api, keys
from core.edges.engine_request import completion_body
from core.errors import AppError
from core.progress import CancelToken


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
