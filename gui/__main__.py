"""`python -m gui`: the windows. The same program also is the built-in engine's process."""

from __future__ import annotations

import os
import sys


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--builtin-engine"]:
        # A frozen program can only start itself again. The engine must never load Qt.
        from core.providers import builtin_engine

        return builtin_engine.main()
    if not _screen():
        return _say("shell.no_screen")
    try:
        from gui.app import run
    except ImportError as error:
        # A system library that Qt needs is not there.
        return _say("shell.no_qt", detail=str(error))
    return run(arguments)


def _screen() -> bool:
    """Whether there is a screen to open a window on. Without this look Qt ends by an abort."""
    if not sys.platform.startswith("linux"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def _say(code: str, **params: str) -> int:
    """Where no window can open only the terminal can say why. Exit 4."""
    from core.text import Text, system_language

    sys.stderr.write(Text(system_language())(code, **params) + "\n")
    return 4


if __name__ == "__main__":
    sys.exit(main())
