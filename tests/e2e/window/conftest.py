"""A screen of our own for the real window, with a window manager, and a place for pictures."""

from __future__ import annotations

import gc
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

from tests.bench.tools import tool
from tests.garbage import garbage_stays_on_this_thread as garbage_stays_on_this_thread

ARTIFACTS = Path(__file__).resolve().parents[3] / "artifacts"
_kept: list[subprocess.Popen[bytes]] = []  # the server outlives the tests, see `screen`


@pytest.fixture(autouse=True)
def _collected_between_tests() -> Iterator[None]:
    yield
    gc.collect()


@pytest.fixture(scope="session")
def screen() -> Iterator[str]:
    """A virtual screen, 1280×800, with a window manager. Yields its DISPLAY.

    The server ends by itself with its last client, which is this process; ended earlier, it would
    take the process with it.
    """
    xvfb = [tool("Xvfb"), "-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
    server = subprocess.Popen(
        [*xvfb, "-terminate"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert server.stdout is not None
    display = ":" + server.stdout.readline().decode().strip()
    server.stdout.close()
    _kept.append(server)
    environment = {**os.environ, "DISPLAY": display}
    manager = subprocess.Popen(
        [tool("openbox")], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    before = {name: os.environ.get(name) for name in ("DISPLAY", "QT_QPA_PLATFORM")}
    os.environ.update(DISPLAY=display, QT_QPA_PLATFORM="xcb")
    time.sleep(0.5)  # the manager announces itself on the screen; there is nothing to wait on
    yield display
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
    manager.terminate()
    manager.wait(timeout=10)
    server.returncode = 0  # it ends after this process, and nobody waits for it


@pytest.fixture(scope="session")
def qapp(screen: str, qapp_args: list[str], qapp_cls: type[QApplication]) -> QApplication:
    """The application on that screen. These tests run in a process of their own for it."""
    app = QApplication.instance() or qapp_cls(qapp_args)
    assert isinstance(app, QApplication)
    assert app.platformName() == "xcb", "run tests/e2e/window in a process of its own"
    return app


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go; not part of the project, kept by CI."""
    folder = ARTIFACTS / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
