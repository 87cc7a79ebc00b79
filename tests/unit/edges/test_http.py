"""HTTP against real servers on loopback: what is refused, how it ends, and when it gives up."""

from __future__ import annotations

import collections
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.edges import addresses, http
from core.errors import AppError
from core.progress import Cancelled, CancelToken
from tests.stand_ins.engine import DONE, KEY, StandInEngine, words
from tests.stand_ins.file_server import Behaviour, FileServer


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def read(url: str, **options: object) -> bytes:
    with http.open_stream(url, token=CancelToken(), **options) as reply:  # type: ignore[arg-type]
        http.raise_for_status(reply)
        return b"".join(reply.chunks)


def code_of(url: str, **options: object) -> str:
    with pytest.raises(AppError) as failed:
        read(url, **options)
    return failed.value.code


def test_json_and_its_failures(server: FileServer) -> None:
    assert http.get_json(server.add("/ok", '{"a": [1]}'), headers={"X-A": "b"}) == {"a": [1]}
    assert server.asked("/ok")[0]["x-a"] == "b"
    for content in ("<html>", "", '{"a":', "[" * 100_000):
        with pytest.raises(AppError) as failed:
            http.get_json(server.add("/bad", content))
        assert failed.value.code == "reply_broken"
    with pytest.raises(AppError) as failed:
        http.get_json(server.url + "/none")
    assert failed.value.code == "http_status"
    assert failed.value.params == {"host": server.host, "status": 404}
    assert failed.value.detail == "Entry not found"


def test_near_addresses_are_never_asked_through_a_proxy(
    server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.add("/ok", "{}")
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert http.get_json(url) == {}
    assert http.reachable(url) == "ok"
    # A far one is, and the refusal is named as the proxy's.
    far = "http://far.example"
    assert code_of(far, trusted=("far.example",)) == "proxy_failed"
    assert http.reachable("https://far.example") == "proxy_failed"
    monkeypatch.setenv("http_proxy", "socks5://127.0.0.1:1")
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1")
    assert code_of(far, trusted=("far.example",)) == "proxy_failed"


@pytest.mark.parametrize(
    "proxy", ["http://user:secret@proxy:99999", "ftp://user:secret@proxy:80", "user:secret@p:1x"]
)
def test_a_broken_proxy_is_named_and_its_password_is_not(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, proxy)
    for name in ("no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(AppError) as failed:
        http.get_json("https://far.example/")
    assert failed.value.code == "proxy_failed"
    assert "secret" not in str(failed.value)


def test_no_password_file_is_read(
    server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setattr(http, "is_private", lambda _host: False)
    monkeypatch.setenv("no_proxy", "*")
    read(server.add("/ok", "x"), trusted=(server.host,))
    assert "authorization" not in server.asked("/ok")[0]


@pytest.mark.parametrize(
    "url",
    ["http://far.example/x", "file:///etc/passwd", "ftp://a.example/", "https://", "//x", "x",
     "https://user:word@a.example/", "http://[::1", "https://a.example:port/"],
)  # fmt: skip
def test_addresses_that_are_refused(url: str) -> None:
    assert code_of(url) == "address_refused"


@pytest.mark.parametrize(
    ("origin", "location", "goes"),
    [
        ("https://198.51.100.1/a", "https://198.51.100.2/b", True),
        ("https://198.51.100.1/a", "/b", True),
        ("https://198.51.100.1/a", "http://198.51.100.2/b", False),
        ("https://198.51.100.1/a", "https://127.0.0.1/b", False),
        ("https://198.51.100.1/a", "https://localhost/b", False),
        ("https://198.51.100.1/a", "https://10.1.2.3/b", False),
        ("https://198.51.100.1/a", "https://192.168.1.1/b", False),
        ("https://198.51.100.1/a", "https://169.254.169.254/latest", False),
        ("https://198.51.100.1/a", "https://[::1]/b", False),
        ("https://198.51.100.1/a", "https://[::ffff:10.0.0.1]/b", False),
        ("https://198.51.100.1/a", "https://[fd00::1]/b", False),
        ("https://198.51.100.1/a", "https://[fe80::1]/b", False),
        ("https://198.51.100.1/a", "file:///etc/passwd", False),
        ("https://198.51.100.1/a", "", False),
        ("https://198.51.100.1/a", "https://198.18.0.5/b", True),
        ("https://198.51.100.1/a", "https://mirror.test:8443/b", True),
        ("http://10.0.0.1/a", "http://10.0.0.2/b", True),
        ("http://10.0.0.1/a", "http://169.254.169.254/b", False),
        ("http://127.0.0.1:80/a", "https://198.51.100.2/b", True),
    ],
)
def test_redirects(origin: str, location: str, goes: bool) -> None:
    if goes:
        assert addresses.next_hop(origin, location, ("mirror.test:8443",))
        return
    with pytest.raises(AppError) as failed:
        addresses.next_hop(origin, location, ("mirror.test:8443",))
    assert failed.value.code == "redirect_refused"


def test_a_name_that_leads_inside_counts_as_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("10.0.0.7", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: answer)
    with pytest.raises(AppError):
        addresses.next_hop("https://198.51.100.1/a", "https://innocent.example/b", ())


def test_redirects_are_followed_with_their_headers_and_have_an_end(server: FileServer) -> None:
    server.add("/end", b"whole")
    server.add("/start", b"", Behaviour(redirect="/middle"))
    server.add("/middle", b"", Behaviour(redirect=f"{server.url}/end"))
    assert read(server.url + "/start", headers={"Range": "bytes=2-"}) == b"ole"
    server.add("/loop", b"", Behaviour(redirect="/loop"))
    assert code_of(server.url + "/loop") == "redirect_refused"
    assert len(server.asked("/loop")) == 6


def test_what_a_broken_connection_is_called(server: FileServer) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert code_of(f"http://127.0.0.1:{port}/") == "cannot_reach"
    assert http.reachable(f"http://127.0.0.1:{port}/") == "cannot_reach"
    server.add("/cut", b"x" * 10_000, Behaviour(cut_after=100))
    assert code_of(server.url + "/cut") == "connection_lost"
    server.add("/chunked", b"x" * 10_000, Behaviour(cut_after=100, chunked=True))
    assert code_of(server.url + "/chunked") == "connection_lost"
    server.add("/stall", b"x" * 10_000, Behaviour(stall_after=100))
    assert code_of(server.url + "/stall", read_timeout_s=0.3) == "timeout"
    server.add("/silent", b"x", Behaviour(silent=True))
    assert code_of(server.url + "/silent", read_timeout_s=0.3) == "timeout"
    assert http.reachable(server.url + "/silent", 0.3) == "timeout"


def test_every_byte_before_a_cut_is_handed_over(server: FileServer) -> None:
    server.add("/cut", bytes(range(256)) * 40, Behaviour(cut_after=5_001))
    got = bytearray()
    with (
        pytest.raises(AppError),
        http.open_stream(server.url + "/cut", token=CancelToken()) as reply,
    ):
        collections.deque(map(got.extend, reply.chunks))
    assert len(got) == 5_001


@pytest.mark.parametrize("behaviour", [Behaviour(silent=True), Behaviour(stall_after=10)])
def test_cancel_ends_a_silent_wait_within_a_second(
    server: FileServer, behaviour: Behaviour
) -> None:
    url = server.add("/x", b"x" * 1000, behaviour)
    token = CancelToken()
    threading.Timer(0.3, token.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled), http.open_stream(url, token=token) as reply:
        list(reply.chunks)
    assert time.monotonic() - started < 1.3


def test_a_certificate_nobody_knows_is_refused(tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    key, certificate = tmp_path / "k", tmp_path / "c"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
         "-keyout", key, "-out", certificate, "-days", "1"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with FileServer() as server:
        server._http.socket = context.wrap_socket(server._http.socket, server_side=True)
        url = server.add("/x", "secret").replace("http:", "https:")
        assert code_of(url) == "tls_failed"
        assert http.reachable(url) == "tls_failed"


def test_events_come_as_objects_and_end_at_done() -> None:
    with StandInEngine() as engine:
        engine.chat = (b": ping\n\nevent: x\n", words("a"), words("b"), DONE, words("never"))
        events = list(
            http.post_events(
                f"{engine.url}/v1/chat/completions",
                {"x": 1},
                headers={"Authorization": f"Bearer {KEY}"},
                token=CancelToken(),
            )
        )
    assert [event["choices"][0]["delta"]["content"] for event in events] == ["a", "b"]
    assert engine.seen == [{"x": 1}]


@pytest.mark.parametrize(
    "line",
    [b"data: {broken\n\n", b"data: [1]\n\n", b"data: \xff\xfe\n\n", b"data: " + b"[" * 99_999,
     b"data: " + b"x" * (http._MAX_EVENT_LINE + 9)],
)  # fmt: skip
def test_events_that_are_none(line: bytes) -> None:
    with StandInEngine() as engine:
        engine.chat = (line, b"\n\n", DONE)
        with pytest.raises(AppError) as failed:
            list(
                http.post_events(
                    f"{engine.url}/v1/chat/completions",
                    {},
                    headers={"Authorization": f"Bearer {KEY}"},
                    token=CancelToken(),
                )
            )
    assert failed.value.code == "engine_reply_broken"


def test_an_address_with_a_secret_is_not_repeated() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(AppError) as failed:
        read(f"http://127.0.0.1:{port}/x?signature=hush")
    assert "hush" not in str(failed.value)
