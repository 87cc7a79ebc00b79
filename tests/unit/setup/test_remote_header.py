"""The head of a model file is fetched over loopback, and nothing beyond it."""

from __future__ import annotations

import io
import struct
import threading
import time
from collections.abc import Iterator

import pytest

from core.advice import gguf_header
from core.errors import AppError
from core.progress import Cancelled, CancelToken
from core.setup import remote_header
from core.setup.remote_header import FIRST_BYTES, MOST_BYTES, fetch_header
from tests.stand_ins.file_server import Behaviour, FileServer
from tests.unit.setup.plans import gguf

MB = 1024 * 1024
SMALL = gguf(50_000)
LONG = gguf(30 * MB)  # a short head, and weights longer than what is fetched at first


def with_a_long_head(head_bytes: int) -> bytes:
    """A model file whose list of words makes its head this long, with weights behind it."""

    def text(value: bytes) -> bytes:
        return struct.pack("<Q", len(value)) + value

    count = head_bytes // (8 + 1000)
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2)
    head += text(b"general.architecture") + struct.pack("<I", 8) + text(b"llama")
    head += text(b"tokenizer.ggml.tokens") + struct.pack("<IIQ", 9, 8, count)
    head += text(b"w" * 1000) * count
    head += text(b"token_embd.weight") + struct.pack("<IQQIQ", 2, 32, 1000, 0, 0)
    return head + bytes(-len(head) % 32) + bytes(32 * 1000 * 4 + MB)


def head_of(content: bytes) -> bytes:
    return content[: gguf_header.parse(io.BytesIO(content), len(content)).header_bytes]


@pytest.fixture
def hub() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def code_of(url: str) -> str:
    with pytest.raises(AppError) as failed:
        fetch_header(url, CancelToken())
    assert "secret" not in f"{failed.value}"
    return failed.value.code


def test_a_small_one(hub: FileServer) -> None:
    url = hub.add("/tiny.gguf", SMALL)
    assert fetch_header(url, CancelToken()) == (head_of(SMALL), len(SMALL))
    assert [each["range"] for each in hub.asked("/tiny.gguf")] == [f"bytes=0-{MOST_BYTES - 1}"]


@pytest.mark.parametrize("ignored", [False, True])
def test_of_a_long_one_only_the_first_megabytes(hub: FileServer, ignored: bool) -> None:
    url = hub.add("/long.gguf", LONG, Behaviour(ignore_range=ignored, bytes_per_s=40 * MB))
    assert fetch_header(url, CancelToken()) == (head_of(LONG), len(LONG))
    assert FIRST_BYTES <= hub.sent["/long.gguf"] < 15 * MB  # the rest was under way


def test_more_where_the_head_is_longer(hub: FileServer) -> None:
    content = with_a_long_head(11 * MB)
    data, length = fetch_header(hub.add("/wordy.gguf", content), CancelToken())
    assert (data, length) == (head_of(content), len(content))
    assert len(data) > 10 * MB


def test_a_head_without_an_end_is_left(hub: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_header, "FIRST_BYTES", MB)
    monkeypatch.setattr(remote_header, "MOST_BYTES", 2 * MB)
    content = with_a_long_head(8 * MB)
    url = hub.add("/endless.gguf", content, Behaviour(ignore_range=True, bytes_per_s=8 * MB))
    assert code_of(url) == "not_a_model_file"
    assert hub.sent["/endless.gguf"] < len(content)
    assert code_of(hub.add("/obedient.gguf", content)) == "not_a_model_file"


def test_the_length_is_the_whole_files_and_not_the_ranges(
    hub: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_header, "FIRST_BYTES", MB)
    monkeypatch.setattr(remote_header, "MOST_BYTES", 2 * MB)
    _, length = fetch_header(hub.add("/a.gguf", LONG), CancelToken())
    assert length == len(LONG)
    assert hub.sent["/a.gguf"] <= 2 * MB


def test_without_a_length_the_head_says_it(hub: FileServer) -> None:
    url = hub.add("/a.gguf", SMALL, Behaviour(ignore_range=True, chunked=True))
    assert fetch_header(url, CancelToken()) == (head_of(SMALL), len(SMALL))


def test_a_file_that_is_too_short(hub: FileServer) -> None:
    cut = hub.add("/cut.gguf", LONG, Behaviour(truncate_to=20 * MB))
    assert code_of(cut) == "model_file_truncated"
    assert code_of(hub.add("/head.gguf", SMALL[:60])) == "model_file_truncated"


def test_what_is_none(hub: FileServer) -> None:
    page = hub.add("/page.gguf", SMALL, Behaviour(html=True))
    assert code_of(page + "?signature=secret") == "not_a_model_file"
    assert code_of(hub.add("/other.gguf", b"PK\3\4" + bytes(1000))) == "not_a_model_file"
    assert code_of(hub.add("/short.gguf", b"GG")) == "not_a_model_file"
    bad = SMALL.replace(b"llama", b"../x/")
    assert code_of(hub.add("/bad.gguf", bad)) == "not_a_model_file"


def test_what_a_server_does_wrong(hub: FileServer) -> None:
    assert code_of(hub.url + "/nothing.gguf") == "http_status"
    assert code_of(hub.add("/busy.gguf", SMALL, Behaviour(status=503))) == "http_status"
    wrong = hub.add("/wrong.gguf", SMALL, Behaviour(wrong_range=True))
    assert code_of(wrong) == "reply_broken"
    gone = hub.add("/gone.gguf", with_a_long_head(2 * MB), Behaviour(cut_after=MB))
    assert code_of(gone) == "connection_lost"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://models.example/a.gguf", "address_refused"),
        ("file:///etc/passwd", "address_refused"),
        ("https://user:secret@models.example/a.gguf", "address_refused"),
        ("http://[", "address_refused"),
    ],
)
def test_addresses_that_are_not_asked(url: str, code: str) -> None:
    assert code_of(url) == code


def test_a_cancel_ends_it_within_a_second(hub: FileServer) -> None:
    url = hub.add("/slow.gguf", SMALL, Behaviour(stall_after=100))
    token = CancelToken()
    timer = threading.Timer(0.3, token.cancel)
    timer.start()
    began = time.monotonic()
    with pytest.raises(Cancelled):
        fetch_header(url, token)
    assert time.monotonic() - began < 2
    timer.join()
