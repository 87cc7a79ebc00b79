"""`python -m tests.bench up`: the bench in the foreground until Ctrl-C."""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading

from tests.bench.bench import bench
from tests.bench.tools import MissingToolError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("command", choices=["up"])
    parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: ended.set())
    try:
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


if __name__ == "__main__":
    sys.exit(main())
