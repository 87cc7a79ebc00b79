"""What llama.cpp's server says over HTTP.

The only file that knows the engine's API: `/health`, `/v1/models`, `/v1/chat/completions`. It
believes nothing: a field of a wrong type, a broken event or a sudden end never does more than end
the answer with an AppError.
"""

from __future__ import annotations

import contextlib
import json
import re
import threading
from collections.abc import Iterator, Mapping
from typing import Any

from core.domain import ChatDelta, ChatDone, EndpointState, Status
from core.edges import clock, http
from core.errors import AppError
from core.progress import Cancelled, CancelToken

# While a long question is read there is a sign of life for every 512 tokens; on a slow computer
# those take minutes. Between two tokens of an answer a minute is far beyond any real speed.
READING_GAP_S = 300.0
TOKEN_GAP_S = 60.0

_MAX_SPEED = 1e6  # tokens/s; anything above is no measurement


# --- is it well -------------------------------------------------------------------------------


def health(url: str, key: str, model_id: str, *, timeout_s: float = 2.0) -> Status:
    """Looks once, for `timeout_s` seconds at most: is the engine there, and is it this model?

    RUNNING only when it names the model itself; another program on the same port is FAILED.
    """
    try:
        _get(f"{url}/health", {}, timeout_s)
        listed = _get(f"{url}/v1/models", _bearer(key), timeout_s)
    except AppError as error:
        return _not_well(error, url)
    except Cancelled:
        return Status(state=EndpointState.UNKNOWN, url=url, note="engine_silent")
    if model_id in _names(listed):
        return Status(state=EndpointState.RUNNING, url=url)
    return Status(state=EndpointState.FAILED, note="wrong_model")


def _get(url: str, headers: Mapping[str, str], timeout_s: float) -> Any:
    """One reply, whole within the time. A server that sends a byte a second gains nothing."""
    token = CancelToken()
    timer = threading.Timer(timeout_s, token.cancel)
    timer.daemon = True
    timer.start()
    try:
        return http.get_json(url, headers=headers, timeout_s=timeout_s, token=token)
    finally:
        timer.cancel()


def _not_well(error: AppError, url: str) -> Status:
    status = error.params.get("status")
    if status == 503:  # "Loading model"
        return Status(state=EndpointState.LOADING, url=url)
    if status in {401, 403}:
        return Status(state=EndpointState.FAILED, note="key_refused")
    if error.code == "timeout":
        return Status(state=EndpointState.UNKNOWN, url=url, note="engine_silent")
    if error.code in {"http_status", "reply_broken"}:
        return Status(state=EndpointState.FAILED, note="wrong_model", detail=error.detail[:200])
    return Status(state=EndpointState.STARTING)


def _names(listed: Any) -> set[str]:
    """Every name the engine gives its models."""
    entries = listed.get("data") if isinstance(listed, dict) else None
    names: set[str] = set()
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            aliases = entry.get("aliases")
            found = [entry.get("id"), *(aliases if isinstance(aliases, list) else [])]
            names.update(name for name in found if isinstance(name, str))
    return names


# --- an answer, word by word ------------------------------------------------------------------


def stream_completion(
    url: str,
    key: str,
    body: Mapping[str, Any],
    token: CancelToken,
    *,
    model: str,
    where: str,
    reading_gap_s: float = READING_GAP_S,
    token_gap_s: float = TOKEN_GAP_S,
) -> Iterator[ChatDelta | ChatDone]:
    """The answer to `body` as it is made, and at the end how it went.

    A cancel ends it within a second with `stopped_by_you`, and the engine stops working on it.
    Raises: AppError (prompt_too_long, key_refused, engine_busy_loading, engine_not_answering,
    engine_refused, answer_stalled, answer_cut, engine_reply_broken); what was yielded until then
    stays true.
    """
    answer = _Answer(clock.monotonic())
    watch = _Watch(token, reading_gap_s)
    request = {**body, "stream": True, "stream_options": {"include_usage": True}}
    request["return_progress"] = True
    events = http.post_events(
        f"{url}/v1/chat/completions",
        request,
        headers=_bearer(key),
        token=watch.inner,
        read_timeout_s=reading_gap_s + 30,  # only if the watch itself should fail
    )
    try:
        with watch, contextlib.closing(events):  # type: ignore[type-var]
            for event in events:
                for delta in answer.take(event, clock.monotonic()):
                    with watch.paused():
                        yield delta
                watch.expect(token_gap_s if answer.first_at is not None else reading_gap_s)
    except Cancelled:
        if watch.late:
            raise AppError(
                "answer_stalled",
                {"seconds": round(watch.gap_s)},
                remedy="restart_engine",
                retryable=True,
            ) from None
        answer.finish_reason = "stopped_by_you"
    except AppError as error:
        raise _answer_error(error, begun=answer.first_at is not None) from error
    for delta in answer.rest():
        yield delta
    yield answer.done(model, where, clock.monotonic())


class _Watch:
    """Ends the reading of an answer when the person asks for it or nothing comes any more."""

    def __init__(self, outer: CancelToken, gap_s: float) -> None:
        self.inner = CancelToken()
        self.late = False
        self.gap_s = gap_s
        self._outer = outer
        self._deadline: float | None = clock.monotonic() + gap_s
        self._over = threading.Event()

    def __enter__(self) -> None:
        threading.Thread(target=self._look, name="answer-watch", daemon=True).start()

    def __exit__(self, *_exception: object) -> None:
        self._over.set()

    def expect(self, gap_s: float) -> None:
        """The next event has to come within `gap_s` seconds."""
        self.gap_s = gap_s
        self._deadline = clock.monotonic() + gap_s

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """While whoever reads us does something else, nobody is late."""
        self._deadline = None
        yield
        self.expect(self.gap_s)

    def _look(self) -> None:
        while not self._over.wait(0.05):
            deadline = self._deadline
            if self._outer.cancelled:
                self.inner.cancel()
                return
            if deadline is not None and clock.monotonic() > deadline:
                self.late = True
                self.inner.cancel()
                return


class _Answer:
    """What has come of one answer so far. Times are `clock.monotonic` seconds."""

    def __init__(self, asked_at: float) -> None:
        self.asked_at = asked_at
        self.first_at: float | None = None
        self.last_at = asked_at
        self.pieces = 0
        self.finish_reason: str | None = None
        self._usage: Mapping[str, Any] = {}
        self._timings: Mapping[str, Any] = {}
        self._thinking = False
        self._thoughts = ThoughtSplitter()

    def take(self, event: Mapping[str, Any], now: float) -> Iterator[ChatDelta]:
        """What one event adds. Raises: AppError when the event is the engine's error."""
        if error := event.get("error"):
            raise _engine_error(error)
        self._usage = _mapping(event.get("usage")) or self._usage
        self._timings = _mapping(event.get("timings")) or self._timings
        choices = event.get("choices")
        choice = _mapping(choices[0]) if isinstance(choices, list) and choices else {}
        delta = _mapping(choice.get("delta"))
        reasoning, content = _clean(delta.get("reasoning_content")), _clean(delta.get("content"))
        if not self._thinking:  # empty lines before the first thought say nothing
            reasoning = reasoning.lstrip("\n")
            self._thinking = bool(reasoning)
        if reasoning or content:
            self.first_at = now if self.first_at is None else self.first_at
            self.last_at = now
            self.pieces += 1
        if reasoning:
            yield ChatDelta(reasoning=reasoning)
        yield from self._thoughts.feed(content)
        if isinstance(reason := choice.get("finish_reason"), str):
            self.finish_reason = "length" if reason == "length" else "stop"

    def rest(self) -> Iterator[ChatDelta]:
        """What was held back because it might have become a tag.

        Raises: AppError("answer_cut") when the answer ended without its end.
        """
        yield from self._thoughts.rest()
        if self.finish_reason is None:
            raise AppError("answer_cut", remedy="restart_engine", retryable=True)

    def done(self, model: str, where: str, now: float) -> ChatDone:
        first_at = now if self.first_at is None else self.first_at
        completion = _count(self._usage.get("completion_tokens"))
        if completion is None:
            completion = self.pieces
        return ChatDone(
            finish_reason=self.finish_reason or "stop",
            prompt_tokens=_count(self._usage.get("prompt_tokens")) or 0,
            completion_tokens=completion,
            first_token_s=first_at - self.asked_at,
            tokens_per_s=self._speed(first_at),
            model=model,
            where=where,
        )

    def _speed(self, first_at: float) -> float | None:
        """The engine's own figure, else what we saw; None where too little came to tell."""
        told = self._timings.get("predicted_per_second")
        if isinstance(told, int | float) and 0 < told < _MAX_SPEED:
            return float(told)
        seconds = self.last_at - first_at
        return (self.pieces - 1) / seconds if self.pieces > 1 and seconds > 0 else None


class ThoughtSplitter:
    """Parts `<think>…</think>` at the start of a text from the answer, as the pieces come in.

    The engine usually does that itself; a model with a template of its own gets past it.
    """

    _OPEN, _CLOSE = "<think>", "</think>"

    def __init__(self) -> None:
        self._held = ""
        self._mode = "start"  # start | thinking | gap (empty lines before the answer) | answer

    def feed(self, piece: str) -> Iterator[ChatDelta]:
        self._held += piece
        if self._mode == "start":
            begun = self._held.lstrip()
            if begun.startswith(self._OPEN):
                self._mode, self._held = "thinking", begun[len(self._OPEN) :].lstrip("\n")
            elif not self._OPEN.startswith(begun):
                self._mode = "gap"
        if self._mode == "thinking":
            yield from self._think()
        if self._mode == "gap":
            self._held = self._held.lstrip("\n")
            self._mode = "answer" if self._held else "gap"
        if self._mode == "answer" and self._held:
            text, self._held = self._held, ""
            yield ChatDelta(text=text)

    def rest(self) -> Iterator[ChatDelta]:
        held, self._held = self._held, ""
        if held and self._mode == "thinking":
            yield ChatDelta(reasoning=held)
        elif held.strip():
            yield ChatDelta(text=held)

    def _think(self) -> Iterator[ChatDelta]:
        thought, found, after = self._held.partition(self._CLOSE)
        if found:
            self._mode, self._held = "gap", after
        else:
            keep = _shared_end(thought, self._CLOSE)
            thought, self._held = thought[: len(thought) - keep], thought[len(thought) - keep :]
        if thought:
            yield ChatDelta(reasoning=thought)


def _shared_end(text: str, tag: str) -> int:
    """How many of the last characters of `text` may be the beginning of `tag`."""
    for length in range(min(len(text), len(tag) - 1), 0, -1):
        if tag.startswith(text[-length:]):
            return length
    return 0


def _clean(value: Any) -> str:
    """A text that every window and every terminal can show: no NUL, no half characters."""
    if not isinstance(value, str):
        return ""
    return value.replace("\0", "").encode("utf-8", "replace").decode("utf-8")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


# --- what went wrong --------------------------------------------------------------------------


def _answer_error(error: AppError, *, begun: bool) -> AppError:
    """What an HTTP error means while an answer is asked for."""
    status = error.params.get("status")
    if error.code == "http_status":
        return _refusal(int(status) if isinstance(status, int) else 0, error.detail)
    if error.code in {"connection_lost", "cannot_reach", "timeout"}:
        if begun:
            return AppError(
                "answer_cut", remedy="restart_engine", retryable=True, detail=error.detail
            )
        return AppError(
            "engine_not_answering", remedy="restart_engine", retryable=True, detail=error.detail
        )
    return error


def _refusal(status: int, reply: str) -> AppError:
    if status in {401, 403}:
        return AppError("key_refused", remedy="restart_engine", retryable=True)
    if status == 503:
        return AppError("engine_busy_loading", remedy="try_again", retryable=True)
    try:
        return _engine_error(_mapping(json.loads(reply)).get("error"))
    except (ValueError, RecursionError):
        return AppError(
            "engine_refused", {"status": status}, remedy="save_report", detail=reply[:300]
        )


def _engine_error(error: Any) -> AppError:
    """The engine's own error object, from a reply or in the middle of an answer."""
    told = _mapping(error)
    message = _clean(told.get("message"))[:300] or _clean(error)[:300]
    status = _count(told.get("code")) or 0
    if told.get("type") == "exceed_context_size_error" or "context size" in message:
        numbers = [int(number) for number in re.findall(r"\d+", message)[:2]]
        asked = _count(told.get("n_prompt_tokens")) or (numbers[0] if numbers else 0)
        room = _count(told.get("n_ctx")) or (numbers[1] if len(numbers) > 1 else 0)
        return AppError(
            "prompt_too_long",
            {"tokens": asked, "context": room},
            remedy="new_chat",
            field="message",
        )
    return AppError("engine_refused", {"status": status}, remedy="save_report", detail=message)
