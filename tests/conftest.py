"""What every test gets: no screen, no network but this computer's own, and the bench."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytest

# Before anything imports the window library.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

pytest_plugins = ["tests.bench.fixtures"]

_LOOPBACK = ["127.0.0.1", "::1", "localhost"]
# A container on an internal network is reached at its own address.
_CONTAINERS = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]


def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    """A test that reaches for the outside fails, instead of depending on it."""
    for item in items:
        near = _CONTAINERS if item.get_closest_marker("docker") else []
        item.add_marker(pytest.mark.allow_hosts([*_LOOPBACK, *near]))
