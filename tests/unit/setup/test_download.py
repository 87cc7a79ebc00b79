"""The download against a real server on loopback that cuts, lies, stalls and ignores."""

from __future__ import annotations

import hashlib
import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.errors import AppError
from core.progress import Cancelled, CancelToken, Progress, silent
from core.setup.download import Patience, download, remove_file
from core.setup.part_file import SYNC_BYTES, Wanted
from core.setup.sources import Origin
from tests.stand_ins.file_server import Behaviour, FileServer

MB = 1024 * 1024
HURRY = Patience(tries=4, first_wait_s=0.01, longest_wait_s=0.05, stall_s=0.5)


def make(size: int, seed: int = 7) -> bytes:
    block = hashlib.sha512(bytes([seed])).digest() * 1024
    return b"GGUF" + (block * (size // len(block) + 1))[: size - 4]


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def origin(server: FileServer, path: str = "/model") -> Origin:
    return Origin(kind="own_hub", url=server.url + path, trusted=(server.host,))


def wanted(folder: Path, content: bytes) -> Wanted:
    digest = hashlib.sha256(content).hexdigest()
    return Wanted(
        target=folder / "models" / "m.gguf", size_bytes=len(content), sha256=digest, magic=b"GGUF"
    )


def fetch(want: Wanted, *origins: Origin, token: CancelToken | None = None) -> list[Progress]:
    seen: list[Progress] = []
    download(want, origins, seen.append, token or CancelToken(), patience=HURRY)
    assert hashlib.sha256(want.target.read_bytes()).hexdigest() == want.sha256
    assert not want.beside(".part").exists()
    return seen


def test_a_good_server_and_a_second_run_that_does_nothing(
    tmp_path: Path, server: FileServer
) -> None:
    content = make(3 * MB)
    server.add("/model", content)
    want = wanted(tmp_path, content)
    seen = fetch(want, origin(server))
    assert seen[-1].done == len(content) == seen[-1].total
    assert seen[-1].unit == "bytes"
    assert dict(seen[-1].note_params)["host"] == server.host
    fetch(want, origin(server))
    assert server.sent["/model"] == len(content)
    assert len(server.requests) == 1


@pytest.mark.parametrize("chunked", [False, True])
def test_cut_again_and_again_nothing_is_fetched_twice(
    tmp_path: Path, server: FileServer, chunked: bool
) -> None:
    content = make(5 * MB)
    server.add("/model", content, Behaviour(cut_after=MB, chunked=chunked))
    fetch(wanted(tmp_path, content), origin(server))
    asked = server.asked("/model")
    assert len(asked) >= 5
    assert asked[1]["if-range"] == '"one"'
    # What lay unread in the socket when it was cut may be sent again, nothing more.
    assert server.sent["/model"] <= len(content) + 5 * 256 * 1024


def test_a_server_that_ignores_ranges_is_read_from_the_start(
    tmp_path: Path, server: FileServer
) -> None:
    content = make(2 * MB)
    server.add("/model", content, Behaviour(cut_after=MB, times=1))
    want = wanted(tmp_path, content)
    server.behaviours["/model"] = Behaviour(ignore_range=True, cut_after=MB)
    with pytest.raises(AppError) as failed:
        download(want, [origin(server)], silent, CancelToken(), patience=HURRY)
    assert failed.value.code == "connection_lost"
    server.behaviours["/model"] = Behaviour(ignore_range=True)
    fetch(want, origin(server))


def test_a_changed_etag_starts_the_file_again(tmp_path: Path, server: FileServer) -> None:
    content = make(2 * MB)
    want = wanted(tmp_path, content)
    server.add("/model", content, Behaviour(cut_after=MB, etag='"one"'))
    token = CancelToken()
    with pytest.raises(Cancelled):
        download(
            want,
            [origin(server)],
            lambda p: token.cancel() if p.note == "download.again" else None,
            token,
            patience=HURRY,
        )
    server.behaviours["/model"] = Behaviour(etag='"two"')
    fetch(want, origin(server))
    assert server.asked("/model")[-1]["if-range"] == '"one"'


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        (Behaviour(html=True), "not_the_file"),
        (Behaviour(truncate_to=MB), "not_the_file"),
        (Behaviour(extra=b"more"), "not_the_file"),
        (Behaviour(extra=b"more", chunked=True), "not_the_file"),
        (Behaviour(flip_at=1_500_000), "hash_wrong"),
        (Behaviour(flip_at=0), "not_the_file"),
        (Behaviour(status=404), "http_status"),
        (Behaviour(status=403), "http_status"),
        (Behaviour(status=429, retry_after="1"), "http_status"),
        (Behaviour(status=503), "http_status"),
        (Behaviour(stall_after=0), "timeout"),
        (Behaviour(silent=True), "timeout"),
        (Behaviour(cut_after=0), "connection_lost"),
        (Behaviour(redirect="http://169.254.169.254/latest"), "redirect_refused"),
        (Behaviour(redirect="ftp://127.0.0.1/x"), "redirect_refused"),
    ],
)
def test_each_bad_server_has_its_error_and_the_next_one_helps(
    tmp_path: Path, server: FileServer, behaviour: Behaviour, code: str
) -> None:
    content = make(2 * MB)
    want = wanted(tmp_path, content)
    server.add("/bad", content, behaviour)
    server.add("/good", content)
    patience = Patience(tries=2, first_wait_s=0.01, longest_wait_s=0.05, stall_s=0.3)
    with pytest.raises(AppError) as failed:
        download(want, [origin(server, "/bad")], silent, CancelToken(), patience=patience)
    assert failed.value.code == code
    assert not want.target.exists()
    fetch(want, origin(server, "/bad"), origin(server, "/good"))


def test_a_wrong_byte_from_one_server_costs_a_fresh_try_at_the_next(
    tmp_path: Path, server: FileServer
) -> None:
    content = make(3 * MB)
    # The first server goes away after it gave a wrong byte; the second is honest but has to be
    # asked for the whole file before that can be seen.
    server.add("/first", content, Behaviour(flip_at=10_000, cut_after=MB, times=1))
    server.add("/second", content)
    server.behaviours["/first"].times = None
    want = wanted(tmp_path, content)
    server.files["/first"] = content[: 2 * MB]
    fetch(want, origin(server, "/first"), origin(server, "/second"))


def test_a_bad_second_server_does_not_cost_what_the_first_one_gave(
    tmp_path: Path, server: FileServer
) -> None:
    content = make(3 * MB)
    want = wanted(tmp_path, content)
    server.add("/dies", content, Behaviour(cut_after=2 * MB))
    server.add("/other-file", content + b"x")
    server.add("/no-ranges", content, Behaviour(ignore_range=True))
    server.add("/odd-ranges", content, Behaviour(wrong_range=True))
    server.add("/good", content)
    names = ("/dies", "/other-file", "/no-ranges", "/odd-ranges", "/good")

    def dies(progress: Progress) -> None:
        if progress.done >= MB:
            server.behaviours["/dies"] = Behaviour(status=403)

    origins = [origin(server, name) for name in names]
    download(want, origins, dies, CancelToken(), patience=HURRY)
    assert want.target.read_bytes() == content
    assert server.sent["/dies"] + server.sent["/good"] == len(content)


def test_a_server_that_is_blocked_is_left_soon_when_there_are_others(
    tmp_path: Path, server: FileServer
) -> None:
    content = make(MB)
    server.add("/blocked", content, Behaviour(cut_after=0))
    server.add("/good", content)
    fetch(wanted(tmp_path, content), origin(server, "/blocked"), origin(server, "/good"))
    assert len(server.asked("/blocked")) == 2


def test_wrong_ranges_are_never_appended(tmp_path: Path, server: FileServer) -> None:
    content = make(2 * MB)
    want = wanted(tmp_path, content)
    server.add("/model", content, Behaviour(cut_after=MB, wrong_range=True))
    server.add("/good", content)
    fetch(want, origin(server), origin(server, "/good"))


def test_a_server_whose_file_became_shorter(tmp_path: Path, server: FileServer) -> None:
    content = make(3 * MB)
    want = wanted(tmp_path, content)
    server.add("/model", content, Behaviour(cut_after=2 * MB, etag=None))

    def shorten(progress: Progress) -> None:
        if progress.note == "download.again":
            server.behaviours["/model"] = Behaviour(truncate_to=MB, etag=None)

    with pytest.raises(AppError) as failed:
        download(want, [origin(server)], shorten, CancelToken(), patience=HURRY)
    assert failed.value.code == "not_the_file"
    server.behaviours["/model"] = Behaviour()
    fetch(want, origin(server))


def test_a_server_that_never_gets_ranges_right_has_an_end(
    tmp_path: Path, server: FileServer
) -> None:
    content = make(2 * MB)
    want = wanted(tmp_path, content)
    server.add("/model", content, Behaviour(wrong_range=True, cut_after=MB))
    with pytest.raises(AppError) as failed:
        download(want, [origin(server)], silent, CancelToken(), patience=HURRY)
    assert failed.value.code in {"not_the_file", "connection_lost"}


def test_hundred_kilobytes_of_a_file_that_is_too_long_are_not_believed(
    tmp_path: Path, server: FileServer
) -> None:
    content = make(MB)
    want = wanted(tmp_path, content)
    want.target.parent.mkdir(parents=True)
    want.beside(".part").write_bytes(content + b"x" * 100_000)
    server.add("/model", content)
    fetch(want, origin(server))


def test_a_foreign_part_and_a_damaged_note_are_not_used(tmp_path: Path, server: FileServer) -> None:
    content = make(MB)
    want = wanted(tmp_path, content)
    want.target.parent.mkdir(parents=True)
    want.beside(".part").write_bytes(b"y" * 1000)
    want.beside(".part.note").write_bytes(b"\0\0\0")
    server.add("/model", content)
    fetch(want, origin(server))
    assert "range" not in server.asked("/model")[0]


def test_cancel_is_quick_and_keeps_the_bytes(tmp_path: Path, server: FileServer) -> None:
    content = make(4 * MB)
    want = wanted(tmp_path, content)
    server.add("/model", content, Behaviour(stall_after=2 * MB + 12_345))
    token = CancelToken()
    threading.Timer(0.7, token.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        download(want, [origin(server)], silent, token, patience=Patience())
    assert time.monotonic() - started < 1.7
    assert want.beside(".part").stat().st_size == 2 * MB + 12_345
    server.behaviours["/model"] = Behaviour()
    fetch(want, origin(server))
    assert server.sent["/model"] == len(content)


def test_cancel_before_a_server_says_anything(tmp_path: Path, server: FileServer) -> None:
    content = make(MB)
    server.add("/model", content, Behaviour(silent=True))
    token = CancelToken()
    threading.Timer(0.3, token.cancel).start()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        download(wanted(tmp_path, content), [origin(server)], silent, token, patience=Patience())
    assert time.monotonic() - started < 1.3


def test_what_a_power_cut_may_have_spoiled_is_fetched_again(
    tmp_path: Path, server: FileServer
) -> None:
    content = make(20 * MB)
    want = wanted(tmp_path, content)
    server.add("/model", content, Behaviour(stall_after=SYNC_BYTES + MB))
    token = CancelToken()
    threading.Timer(0.8, token.cancel).start()
    with pytest.raises(Cancelled):
        download(want, [origin(server)], silent, token, patience=Patience())
    part, note = want.beside(".part"), want.beside(".part.note")
    # As after a power cut: no orderly end was noted, and the last bytes are zeros.
    note.write_bytes(note.read_bytes().replace(b'"clean_bytes":', b'"clean_bytes":1'))
    with part.open("r+b") as file:
        file.seek(SYNC_BYTES)
        file.write(bytes(MB))
    server.behaviours["/model"] = Behaviour()
    fetch(want, origin(server))
    assert server.asked("/model")[-1]["range"] == f"bytes={SYNC_BYTES}-"
    assert server.sent["/model"] == len(content) + MB


def test_a_crawling_server_is_left(tmp_path: Path, server: FileServer) -> None:
    content = make(MB)
    want = wanted(tmp_path, content)
    server.add("/slow", content, Behaviour(bytes_per_s=200_000))
    server.add("/good", content)
    patience = Patience(tries=1, first_wait_s=0.01, stall_s=5, crawl_bytes_per_s=1e9, crawl_s=0.2)
    started = time.monotonic()
    download(
        want,
        [origin(server, "/slow"), origin(server, "/good")],
        silent,
        CancelToken(),
        patience=patience,
    )
    assert time.monotonic() - started < 3
    assert server.asked("/good")


def test_a_finished_file_that_was_changed_is_set_aside(tmp_path: Path, server: FileServer) -> None:
    content = make(MB)
    want = wanted(tmp_path, content)
    server.add("/model", content)
    fetch(want, origin(server))
    with want.target.open("r+b") as file:
        file.seek(500)
        file.write(b"!")
    fetch(want, origin(server))
    assert list(want.target.parent.glob("m.gguf.damaged-*"))
    assert server.sent["/model"] == 2 * len(content)


def test_a_lost_stamp_costs_a_hash_and_no_byte(tmp_path: Path, server: FileServer) -> None:
    content = make(MB)
    want = wanted(tmp_path, content)
    server.add("/model", content)
    fetch(want, origin(server))
    want.stamp.write_bytes(b"{")
    fetch(want, origin(server))
    assert server.sent["/model"] == len(content)
    assert want.stamp.stat().st_size > 10


def test_two_at_once_one_is_told(tmp_path: Path, server: FileServer) -> None:
    content = make(MB)
    want = wanted(tmp_path, content)
    server.add("/model", content, Behaviour(bytes_per_s=700_000))
    thread = threading.Thread(target=fetch, args=(want, origin(server)))
    thread.start()
    time.sleep(0.3)
    with pytest.raises(AppError) as failed:
        download(want, [origin(server)], silent, CancelToken(), patience=HURRY)
    thread.join()
    assert failed.value.code == "busy_elsewhere"


def test_no_source_and_removal(tmp_path: Path, server: FileServer) -> None:
    content = make(MB)
    want = wanted(tmp_path, content)
    with pytest.raises(AppError) as failed:
        download(want, [], silent, CancelToken())
    assert failed.value.code == "no_source"
    server.add("/model", content)
    fetch(want, origin(server))
    assert remove_file(want) >= len(content)
    assert not want.target.parent.exists()


# --- a full disk, for real ----------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A volume of 6 MB."""
    if os.name != "posix" or os.geteuid() != 0:
        pytest.skip("mounting needs root")
    folder = tmp_path / "small"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=6m", "tmpfs", str(folder)], check=False
    )
    if done.returncode:
        pytest.skip("no tmpfs here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_too_small_a_disk_is_refused_before_the_first_byte(
    small_disk: Path, server: FileServer
) -> None:
    content = make(8 * MB)
    server.add("/model", content)
    with pytest.raises(AppError) as failed:
        download(wanted(small_disk, content), [origin(server)], silent, CancelToken())
    assert failed.value.code == "disk_full"
    assert failed.value.remedy == "free_disk"
    assert failed.value.params["need_bytes"] > 2 * MB
    assert not server.requests


def test_a_disk_that_fills_up_on_the_way_keeps_what_came(
    small_disk: Path, server: FileServer
) -> None:
    content = make(4 * MB)
    want = wanted(small_disk, content)
    server.add("/model", content, Behaviour(bytes_per_s=4 * MB))

    def eat(progress: Progress) -> None:
        if progress.done > MB and not (small_disk / "other").exists():
            (small_disk / "other").write_bytes(bytes(3 * MB))

    with pytest.raises(AppError) as failed:
        download(want, [origin(server)], eat, CancelToken(), patience=HURRY)
    assert failed.value.code == "disk_full"
    kept = want.beside(".part").stat().st_size
    assert kept > MB
    (small_disk / "other").unlink()
    server.behaviours["/model"] = Behaviour()
    fetch(want, origin(server))
    assert server.asked("/model")[-1].get("range", "bytes=0-") in {f"bytes={kept}-", "bytes=0-"}


def test_a_folder_that_may_not_be_written(tmp_path: Path, server: FileServer) -> None:
    content = make(MB)
    server.add("/model", content)
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(AppError) as failed:
        download(wanted(tmp_path, content), [origin(server)], silent, CancelToken())
    assert failed.value.code in {"folder_not_writable", "disk_fault"}
