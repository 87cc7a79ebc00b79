"""Keeps True alive where PySide loses a reference of it with every signal."""

import sys


def keep_true() -> None:
    """PySide 6.12 returns True from each Signal.emit() and disconnect() without counting it.

    From Python 3.12 on True is immortal; before, its count sinks with each emit until the
    interpreter aborts ("deallocating True or False"). So it is given a count that never ends.
    Measured on 3.11: 50 emits cost True 50 references. tests/gui/test_tasks.py watches it.
    """
    if sys.version_info < (3, 12) and sys.getrefcount(True) < 1 << 30:
        import ctypes

        ctypes.c_ssize_t.from_address(id(True)).value += 1 << 40
