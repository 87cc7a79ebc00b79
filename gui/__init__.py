"""The windows: they show records of the core, collect answers and start tasks."""

import sys

if sys.version_info < (3, 12):
    # PySide 6.12 is built against headers in which None, True and False are immortal, so it hands
    # them out without counting the reference: None from every call that returns nothing (setText,
    # show, …), True from every Signal.emit(). Before Python 3.12 their counts sink with each call
    # until the interpreter aborts ("deallocating None"): after some minutes of use. So they are
    # given a count that never ends. Measured on 3.11: 200 calls of setText cost None 200
    # references, 50 emits True 50. tests/gui watches both.
    import ctypes

    for _value in (None, True, False):
        ctypes.c_ssize_t.from_address(id(_value)).value += 1 << 40
