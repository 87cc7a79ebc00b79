"""HTTP for everything but containers: hubs, mirrors and the engine's own API.

The only file that knows requests and the system's trust store. Three rules hold for every call:
an address on this computer or in the private network is never asked through a proxy; every wait
has a bound and ends within a second of a cancel; a public server cannot send us into the private
network.
"""

from __future__ import annotations

import contextlib
import json
import queue
import ssl
import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import getproxies

from core.edges import clock
from core.edges.addresses import host_of, is_private, next_hop, refuse_unsafe
from core.errors import AppError
from core.progress import Cancelled, CancelToken

if TYPE_CHECKING:
    import requests

CONNECT_S = 10.0
READ_S = 30.0
_REFUSAL_S = 10.0  # so long the words of a refusal are listened to
_CHUNK = 256 * 1024
_MAX_REDIRECTS = 5
_MAX_JSON = 64 * 1024 * 1024
_MAX_EVENT_LINE = 4 * 1024 * 1024
_REDIRECTS = {301, 302, 303, 307, 308}
_NO_HEADERS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """The head of a reply and its body as it arrives. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    url: str  # after redirects
    chunks: Iterator[bytes]


# --- the four calls ---------------------------------------------------------------------------


def get_json(
    url: str,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    timeout_s: float = READ_S,
    token: CancelToken | None = None,
    trusted: Collection[str] = (),
) -> Any:
    """The JSON value at `url`.

    Raises: AppError (cannot_reach, timeout, tls_failed, proxy_failed, http_status,
    redirect_refused, reply_broken), Cancelled.
    """
    body = bytearray()
    token = token or CancelToken()
    with open_stream(
        url, headers=headers, token=token, trusted=trusted, read_timeout_s=timeout_s
    ) as reply:
        raise_for_status(reply)
        for chunk in reply.chunks:
            body += chunk
            if len(body) > _MAX_JSON:
                raise AppError("reply_broken", {"host": host_of(url)}, remedy="try_again")
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AppError(
            "reply_broken", {"host": host_of(url)}, remedy="try_again", detail=str(error)[:200]
        ) from error


def reachable(url: str, timeout_s: float = 3.0) -> str:
    """ "ok" when a server answers there, else the code of the error. Never raises."""
    try:
        with (
            _session(url) as session,
            _errors(url),
            session.head(url, timeout=(timeout_s, timeout_s), allow_redirects=False) as reply,
        ):
            # A portal that wants a login first sends everything somewhere else in plain HTTP.
            away = reply.headers.get("location", "")
            if url.startswith("https:") and away.startswith("http:"):
                return "login_page"
            return "ok" if reply.status_code < 500 else "http_status"
    except AppError as error:
        return error.code


@contextlib.contextmanager
def open_stream(
    url: str,
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    token: CancelToken,
    trusted: Collection[str] = (),
    read_timeout_s: float = READ_S,
    connect_timeout_s: float = CONNECT_S,
) -> Iterator[Reply]:
    """A GET whose body is read piece by piece; redirects are followed, at most five.

    `trusted` names hosts ("mirror.example:8080") that the person pointed us to, which may be
    private and without TLS. The status is not checked: see `raise_for_status`.
    Raises: AppError, Cancelled (within a second, even while nothing arrives).
    """
    timeout = (connect_timeout_s, read_timeout_s)
    for _ in range(_MAX_REDIRECTS + 1):
        refuse_unsafe(url, trusted)
        session = _session(url)
        try:
            with _errors(url, token):
                response = _sent(
                    lambda at=url, by=session: by.get(  # type: ignore[misc]
                        at, headers=dict(headers), stream=True, timeout=timeout,
                        allow_redirects=False,
                    ),
                    token,
                )  # fmt: skip
            with response:
                if response.status_code not in _REDIRECTS:
                    yield _reply(response, url, token)
                    return
                url = next_hop(url, response.headers.get("location", ""), trusted)
        finally:
            session.close()
    raise AppError("redirect_refused", {"host": host_of(url)}, remedy="try_again")


def post_events(
    url: str,
    body: Mapping[str, Any],
    *,
    headers: Mapping[str, str] = _NO_HEADERS,
    token: CancelToken,
    read_timeout_s: float = 300.0,
) -> Iterator[dict[str, Any]]:
    """The server-sent events that answer a POST of `body`, as JSON objects, until `[DONE]`.

    The wait for one event may be long: an engine reads a long question before it says a word.
    Raises: AppError (http_status with the reply's text as detail, engine_reply_broken, …),
    Cancelled.
    """
    session = _session(url)
    timeout = (CONNECT_S, read_timeout_s)
    try:
        with _errors(url, token):
            response = _sent(
                lambda: session.post(
                    url, json=body, headers=dict(headers), stream=True, timeout=timeout,
                    allow_redirects=False,
                ),
                token,
            )  # fmt: skip
        with response:
            reply = _reply(response, url, token)
            raise_for_status(reply)
            for line in _lines(reply.chunks):
                if not line.startswith(b"data:"):
                    continue  # comments, event names, empty lines
                data = line[5:].strip()
                if data == b"[DONE]":
                    return
                yield _event(data)
    finally:
        session.close()


def raise_for_status(reply: Reply) -> None:
    """Returns for 2xx. Raises: AppError("http_status"), with the start of the body as detail."""
    if 200 <= reply.status < 300:
        return
    body, begun = b"", clock.monotonic()
    with contextlib.suppress(AppError):
        for chunk in reply.chunks:
            body += chunk
            if len(body) > 2048 or clock.monotonic() - begun > _REFUSAL_S:
                break
    raise AppError(
        "http_status",
        {"host": host_of(reply.url), "status": reply.status},
        remedy="try_again",
        retryable=reply.status in {408, 425, 429} or reply.status >= 500,
        detail=body[:500].decode("utf-8", "replace"),
    )


# --- requests ---------------------------------------------------------------------------------


def _session(url: str) -> requests.Session:
    """A session for one address: the system's certificates, its proxy unless we stay inside."""
    import requests

    session = requests.Session()
    host = urlsplit(url).hostname or ""
    session.trust_env = not is_private(host)
    session.auth = _no_auth  # else a .netrc file would be read and sent
    session.headers["User-Agent"] = "Deepberth"
    session.headers["Accept-Encoding"] = "identity"
    if url.startswith("https:"):
        session.mount("https://", _system_trust_adapter())
    return session


def _no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _system_trust_adapter() -> requests.adapters.HTTPAdapter:
    """Certificates are judged by the operating system, so that a company's own are known."""
    import truststore
    from requests.adapters import HTTPAdapter

    context = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    class SystemTrust(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
            super().init_poolmanager(*args, ssl_context=context, **kwargs)

        def proxy_manager_for(self, proxy: str, **kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, ssl_context=context, **kwargs)

    return SystemTrust()


def _sent(send: Callable[[], requests.Response], token: CancelToken) -> requests.Response:
    """The response to `send`, called on a thread of its own so that a cancel need not wait for a
    server that says nothing. A response that comes after the cancel is closed there."""
    done: queue.SimpleQueue[requests.Response | BaseException] = queue.SimpleQueue()
    lock, left = threading.Lock(), threading.Event()

    def work() -> None:
        outcome: requests.Response | BaseException
        try:
            outcome = send()
        except BaseException as error:  # handed over whole: it is raised where the caller waits
            outcome = error
        with lock:
            if not left.is_set():
                done.put(outcome)
            elif not isinstance(outcome, BaseException):
                outcome.close()

    token.check()
    threading.Thread(target=work, name="http", daemon=True).start()
    while True:
        try:
            outcome = done.get(timeout=0.1)
        except queue.Empty:
            if not token.cancelled:
                continue
            with lock:
                if done.empty():
                    left.set()
                    raise Cancelled from None
            continue
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome


def _reply(response: requests.Response, url: str, token: CancelToken) -> Reply:
    return Reply(
        status=response.status_code,
        headers={name.lower(): value for name, value in response.headers.items()},
        url=url,
        chunks=_chunks(response, url, token),
    )


def _chunks(response: requests.Response, url: str, token: CancelToken) -> Iterator[bytes]:
    """The body as it arrives: never waiting to fill a chunk, so nothing is lost on a cut."""
    finished = threading.Event()

    def watch() -> None:
        while not finished.wait(0.1):
            if token.cancelled:
                # Wakes the read below; close() from here would wait for it instead.
                with contextlib.suppress(OSError, ValueError, AttributeError, RuntimeError):
                    response.raw.shutdown()
                return

    threading.Thread(target=watch, name="http-cancel", daemon=True).start()
    try:
        with _errors(url, token):
            while True:
                token.check()
                piece = response.raw.read1(_CHUNK)
                token.check()
                if not piece:
                    return
                yield piece
    finally:
        finished.set()


@contextlib.contextmanager
def _errors(url: str, token: CancelToken | None = None) -> Iterator[None]:
    """Turns what requests and urllib3 raise into AppErrors. After a cancel it is Cancelled."""
    import requests
    import urllib3

    try:
        yield
    except (AppError, Cancelled):
        raise
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        if token is not None and token.cancelled:
            raise Cancelled from error
        raise _app_error(error, host_of(url)) from error


def _app_error(error: BaseException, host: str) -> AppError:
    import requests.exceptions as rq
    import urllib3.exceptions as u3

    detail = _cause(error)
    params = {"host": host}
    # Our own address was looked at before: one that cannot be parsed is the proxy's.
    no_address = isinstance(error, rq.InvalidURL) and bool(getproxies())
    if isinstance(error, rq.ProxyError | u3.ProxyError) or no_address or "SOCKS" in str(error):
        return AppError(
            "proxy_failed", params, remedy="check_internet", retryable=True, detail=detail
        )
    if isinstance(error, rq.SSLError | u3.SSLError | ssl.SSLError):
        return AppError("tls_failed", params, remedy="check_internet", detail=detail)
    if isinstance(error, rq.Timeout | u3.TimeoutError | TimeoutError):
        return AppError("timeout", params, remedy="check_internet", retryable=True, detail=detail)
    if isinstance(error, rq.ChunkedEncodingError | u3.ProtocolError):
        return AppError(
            "connection_lost", params, remedy="check_internet", retryable=True, detail=detail
        )
    return AppError("cannot_reach", params, remedy="check_internet", retryable=True, detail=detail)


def _cause(error: BaseException) -> str:
    """The innermost cause in one line. Its text is left out where it could hold an address:
    download addresses carry signatures, a proxy's a password."""
    while True:
        inner = getattr(error, "reason", None)
        inner = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__
        if inner is None or inner is error:
            break
        error = inner
    text = str(error).splitlines()[0][:200] if str(error) else ""
    return type(error).__name__ + (f": {text}" if text and not set("?@") & set(text) else "")


# --- server-sent events -----------------------------------------------------------------------


def _lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    rest = bytearray()
    for chunk in chunks:
        first, *others = chunk.split(b"\n")
        rest += first
        if len(rest) > _MAX_EVENT_LINE:
            raise AppError("engine_reply_broken", remedy="try_again", detail="line too long")
        for line in others:
            yield bytes(rest)
            rest = bytearray(line)
    if rest:
        yield bytes(rest)


def _event(data: bytes) -> dict[str, Any]:
    try:
        event = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise AppError(
            "engine_reply_broken", remedy="try_again", detail=str(error)[:200]
        ) from error
    if not isinstance(event, dict):
        raise AppError("engine_reply_broken", remedy="try_again", detail="not an object")
    return event
