"""`python -m gui`: the windows. The same program also is the built-in engine's process."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--builtin-engine"]:
        # A frozen program can only start itself again. The engine must never load Qt.
        from core.providers import builtin_engine

        return builtin_engine.main()
    try:
        from gui.app import run
    except ImportError as error:
        return _no_window(error)
    return run(arguments)


def _no_window(error: ImportError) -> int:
    """A system library that Qt needs is not there, so only the terminal can say so."""
    from core.text import Text, system_language

    sys.stderr.write(Text(system_language())("shell.no_qt", detail=str(error)) + "\n")
    return 4


if __name__ == "__main__":
    sys.exit(main())
