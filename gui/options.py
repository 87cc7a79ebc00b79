"""The words that the windows are started with."""

from __future__ import annotations

import sys
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line may ask of the windows; None leaves it to the settings."""

    language: str | None = None
    theme: str | None = None
    first_frame_exit: bool = False

    def tell(self, what: str) -> None:
        """For the benchmark of the start: a moment, in seconds since 1970, as a JSON line."""
        import json
        import time

        sys.stdout.write(json.dumps({what: time.time()}) + "\n")
        sys.stdout.flush()


def parse(arguments: list[str]) -> Options:
    """Exits with 2 and a usage line for what it does not know."""
    frame_only = "--first-frame-exit" in arguments  # for the benchmark of the start
    arguments = [word for word in arguments if word != "--first-frame-exit"]
    if not arguments:
        return Options(first_frame_exit=frame_only)
    import argparse

    parser = argparse.ArgumentParser(prog="deepberth-window")
    parser.add_argument("--language", choices=("en", "zh_CN"))
    parser.add_argument("--theme", choices=("light", "dark", "system"))
    found = parser.parse_args(arguments)
    return Options(found.language, found.theme, frame_only)
