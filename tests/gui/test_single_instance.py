"""One window for one state folder, also after the first was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from gui.single_instance import SingleInstance

_ROOT = Path(__file__).resolve().parents[2]
# A first start in a process of its own: it says that it is there, and each time it is raised.
_FIRST = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication
from gui.single_instance import SingleInstance
app = QCoreApplication([])
guard = SingleInstance(Path(sys.argv[1]))
print("first" if guard.claim() else "second", flush=True)
guard.listen()
guard.raised.connect(lambda: print("raised", flush=True))
app.exec()
"""


@pytest.fixture
def first(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with _start(tmp_path) as process:
        yield process
        process.kill()


def _start(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", _FIRST, str(folder)],
        cwd=_ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "first"
    return process


def test_the_second_start_raises_the_first(
    first: subprocess.Popen[str], tmp_path: Path, qtbot: QtBot
) -> None:
    second = SingleInstance(tmp_path)
    assert not second.claim()
    assert second.ask_first()
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "raised"


def test_after_kill_9_the_next_start_is_the_first_and_is_heard(
    first: subprocess.Popen[str], tmp_path: Path, qtbot: QtBot
) -> None:
    first.send_signal(signal.SIGKILL)
    first.wait(5)
    assert (tmp_path / "window.lock").exists()
    with _start(tmp_path) as again:
        try:
            third = SingleInstance(tmp_path)
            assert not third.claim()
            assert third.ask_first()
            assert again.stdout is not None
            assert again.stdout.readline().strip() == "raised"
        finally:
            again.kill()


def test_a_first_that_does_not_answer_is_not_waited_for_for_ever(
    first: subprocess.Popen[str], tmp_path: Path, qtbot: QtBot
) -> None:
    first.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    second = SingleInstance(tmp_path)
    assert not second.claim()
    assert not second.ask_first()
    assert time.monotonic() - began < 6.0
    first.send_signal(signal.SIGCONT)


def test_other_folders_do_not_know_of_each_other(tmp_path: Path, qtbot: QtBot) -> None:
    one, other = SingleInstance(tmp_path / "a"), SingleInstance(tmp_path / "b")
    assert one.claim()
    assert other.claim()
    one.release()
    other.release()


def test_what_is_released_can_be_claimed_again(tmp_path: Path, qtbot: QtBot) -> None:
    one = SingleInstance(tmp_path)
    assert one.claim()
    one.listen()
    one.release()
    two = SingleInstance(tmp_path)
    assert two.claim()
    two.release()


def test_only_its_owner_may_talk_to_it(tmp_path: Path, qtbot: QtBot) -> None:
    one = SingleInstance(tmp_path)
    assert one.claim()
    one.listen()
    socket = Path(one.name)
    if os.name == "posix" and socket.exists():
        assert socket.stat().st_mode & 0o077 == 0
    one.release()


def test_a_long_folder_name_still_has_a_short_address(tmp_path: Path, qtbot: QtBot) -> None:
    deep = SingleInstance(tmp_path / ("x" * 120))
    assert len(deep.name) < 100
    assert deep.claim()
    deep.listen()
    deep.release()


def test_nonsense_from_outside_raises_nothing(tmp_path: Path, qtbot: QtBot) -> None:
    from PySide6.QtNetwork import QLocalSocket

    one = SingleInstance(tmp_path)
    assert one.claim()
    one.listen()
    heard: list[int] = []
    one.raised.connect(lambda: heard.append(1))
    for junk in (b"lower\n", b"\xff\xfe\n", b"x" * 5000):
        socket = QLocalSocket()
        socket.connectToServer(one.name)
        assert socket.waitForConnected(1000)
        socket.write(junk)
        socket.flush()
        with qtbot.waitSignal(socket.disconnected, timeout=2000):
            pass
    assert heard == []
    one.release()
