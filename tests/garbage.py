"""For tests that run windows inside pytest: Python's collector stays on this thread."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication


@pytest.fixture(scope="session", autouse=True)
def garbage_stays_on_this_thread() -> Iterator[None]:
    """As in the program (gui/garbage.py): a widget destroyed on a worker thread is a deadlock."""
    gc.collect()
    gc.freeze()  # so that collecting after each test looks at that test's objects only
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()
    if isinstance(app := QGuiApplication.instance(), QGuiApplication):
        # The offscreen platform keeps what was copied until after Python has ended, and a
        # QMimeData made in Python cannot be destroyed then: the process would crash at its exit.
        app.clipboard().clear()
