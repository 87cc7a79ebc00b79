"""`deepberth`: the command line over the same core as the windows."""

from __future__ import annotations

import sys


def main(arguments: list[str] | None = None) -> int:
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["--builtin-engine"]:
        from core.providers import builtin_engine

        return builtin_engine.main()
    from core.cli.parser import run

    return run(arguments)


if __name__ == "__main__":
    sys.exit(main())
