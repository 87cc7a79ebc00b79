"""Keeps None, True and False alive where PySide loses a reference of them with every call."""

import sys


def keep_true() -> None:
    """PySide 6.12 is built against headers in which these three are immortal, so it hands them
    out without counting: None from each call that returns nothing (setText, show, …), True from
    each Signal.emit() and disconnect().

    From Python 3.12 on they are immortal; before, their counts sink with each call until the
    interpreter aborts ("deallocating None"), after some minutes of use. So they are given a count
    that never ends. Measured on 3.11: 200 calls of setText cost None 200 references, 50 emits True
    50. tests/gui/test_tasks.py and tests/gui/home/test_lasting.py watch it.
    """
    if sys.version_info < (3, 12) and sys.getrefcount(True) < 1 << 30:
        import ctypes

        for value in (None, True, False):
            ctypes.c_ssize_t.from_address(id(value)).value += 1 << 40
