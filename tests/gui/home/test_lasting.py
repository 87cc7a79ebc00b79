"""A window that is used for days: no call to Qt uses up what Python lives on."""

from __future__ import annotations

import sys

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from gui.immortal import keep_true


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="None is immortal from 3.12 on")
def test_calls_that_return_nothing_never_use_up_none(qtbot: QtBot) -> None:
    """PySide 6.12 takes a reference of None with each such call: see gui/immortal.py."""
    keep_true()
    label = QLabel()
    qtbot.addWidget(label)
    before = sys.getrefcount(None)
    for number in range(5_000):
        label.setNum(number)
    lost = before - sys.getrefcount(None)
    assert lost < 6_000
    assert sys.getrefcount(None) > 1_000_000 * max(lost, 1)
