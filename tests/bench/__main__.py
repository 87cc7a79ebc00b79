"""The bench by hand.

`python -m tests.bench prepare` makes and fetches its parts, once: about 12 minutes of processor
time. `python -m tests.bench up` keeps it up in the foreground until Ctrl-C.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading

from tests.bench import models, server
from tests.bench.bench import bench
from tests.bench.tools import MissingToolError


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__.splitlines()[0]
    )
    parser.add_argument("command", choices=["prepare", "up"])
    command = parser.parse_args().command
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    try:
        if command == "prepare":
            prepare()
            return 0
        with bench() as parts:
            for name, value in parts.environment.items():
                print(f"export {name}={shlex.quote(value)}", flush=True)
            print(f"# starter model: {parts.starter}", flush=True)
            print("# Ctrl-C ends it and takes everything away.", flush=True)
            ended.wait()
    except MissingToolError as missing:
        print(missing, file=sys.stderr)
        return 3
    return 0


def prepare() -> None:
    """What no single test should have to wait for."""
    for part in (
        models.starter,
        models.seven_b,
        server.llama_server,
        server.fit_params,
        server.quantize,
    ):
        print(f"{part.__name__}: {part()}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
