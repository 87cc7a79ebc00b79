"""The windows: they show records of the core, collect answers and start tasks."""

import sys

if sys.version_info < (3, 12):
    # PySide 6.12 returns True from every Signal.emit() and disconnect() without counting that
    # reference. From Python 3.12 on True is immortal; before, its count sinks with each emit until
    # the interpreter aborts ("deallocating True or False"). So it is given one that never ends.
    # Measured: 50 emits cost True 50 references on 3.11. tests/gui/test_tasks.py watches it.
    import ctypes

    ctypes.c_ssize_t.from_address(id(True)).value += 1 << 40
