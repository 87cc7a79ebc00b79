"""One question to the model, and its answer word by word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from core.domain import ChatDelta, ChatDone, Endpoint, Message
from core.edges import engine_api, keys
from core.edges.engine_request import completion_body
from core.errors import AppError
from core.progress import CancelToken


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
            if error.code != "key_refused":
                raise
            newer = keys.read_key(Path(endpoint.key_path))
            if newer == key:
                raise
            key = newer  # it was changed since; refused means that nothing was answered yet
        else:
            return
