"""The first frame beside an empty PySide6 window's: `python -m tests.benchmarks.start`.

Both are started in turns, so that a busy moment of the computer meets both. The time runs from
just before the process is made to just after its first frame is painted; for ours also to the first
page, which is loaded behind that frame. Then both stay open for a while, and their idle memory and
processor time are read.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
AIM = 1.6
EMPTY = [sys.executable, str(Path(__file__).with_name("empty_window.py"))]
OURS = [sys.executable, "-m", "gui"]
_PATIENCE_S = 60.0


def moments_s(command: list[str], env: dict[str, str]) -> dict[str, float]:
    """Seconds from the start of the process to each moment that it tells."""
    began = time.time()
    done = subprocess.run(
        [*command, "--first-frame-exit"],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_S,
        check=True,
    )
    told: dict[str, float] = {}
    for row in done.stdout.splitlines():
        told |= json.loads(row)
    return {name.removesuffix("_at_s"): at - began for name, at in told.items()}


def idle(command: list[str], env: dict[str, str], seconds: float) -> tuple[float, float]:
    """Resident memory in MB (10^6 bytes) and processor time in % of one core, doing nothing."""
    with subprocess.Popen(
        command, env=env, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            watched = psutil.Process(process.pid)
            time.sleep(4.0)  # what is put off until after the first frame is over by then
            before = watched.cpu_times()
            time.sleep(seconds)
            after = watched.cpu_times()
            used = after.user + after.system - before.user - before.system
            return watched.memory_info().rss / 1e6, used / seconds * 100
        finally:
            process.kill()


@contextlib.contextmanager
def environment() -> Iterator[dict[str, str]]:
    """A new state folder, compiled modules and catalogues, and a screen or none."""
    with tempfile.TemporaryDirectory(prefix="deepberth-bench-") as folder:
        env = {**os.environ, "DEEPBERTH_HOME": f"{folder}/home"}
        env["PYTHONPYCACHEPREFIX"] = f"{folder}/pyc"
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        if "DISPLAY" not in env and "WAYLAND_DISPLAY" not in env:
            env.setdefault("QT_QPA_PLATFORM", "offscreen")
        yield env


def compile_catalogues() -> None:
    """As set-up does: the machine form of the sentences beside the .po files, where it is old."""
    sys.path.insert(0, str(ROOT))
    from core.text import compile_catalogue

    for po in (ROOT / "assets" / "text").glob("*/*.po"):
        mo = po.with_suffix(".mo")
        if not mo.exists() or mo.stat().st_mtime < po.stat().st_mtime:
            mo.write_bytes(compile_catalogue(po).getvalue())


def line(name: str, times_s: list[float]) -> str:
    milliseconds = [round(value * 1000) for value in sorted(times_s)]
    middle = round(statistics.median(times_s) * 1000)
    return f"{name:>12}: median {middle} ms, {milliseconds[0]}–{milliseconds[-1]} ms"


def measure(rounds: int, idle_s: float) -> dict[str, object]:
    compile_catalogues()
    with environment() as env:
        for command in (EMPTY, OURS):
            moments_s(command, env)  # fills the caches of modules and files
        empty, ours = [], []
        for _ in range(rounds):
            empty.append(moments_s(EMPTY, env))
            ours.append(moments_s(OURS, env))
        series = {
            "empty_first_frame_s": [one["first_frame"] for one in empty],
            "first_frame_s": [one["first_frame"] for one in ours],
            "first_page_s": [one["first_page"] for one in ours],
        }
        least = series["empty_first_frame_s"]
        result: dict[str, object] = dict(series)
        for name in ("first_frame", "first_page"):
            mine = series[f"{name}_s"]
            result[f"{name}_ratio"] = statistics.median(mine) / statistics.median(least)
            result[f"{name}_ratio_of_best"] = min(mine) / min(least)
        if idle_s:
            for name, command in (("empty", EMPTY), ("ours", OURS)):
                memory_mb, cpu_percent = idle(command, env, idle_s)
                result[f"{name}_idle_mb"] = memory_mb
                result[f"{name}_idle_cpu_percent"] = cpu_percent
    return result


def main() -> int:
    parser = argparse.ArgumentParser(description="First frame beside an empty PySide6 window")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--idle", type=float, default=6.0, metavar="SECONDS")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds, options.idle)
    if options.json:
        sys.stdout.write(json.dumps(found) + "\n")
    else:
        sys.stdout.write("\n".join(_words(found, idle=bool(options.idle))) + "\n")
    return 0 if float(str(found["first_frame_ratio"])) <= AIM else 1


def _words(found: dict[str, object], *, idle: bool) -> Iterator[str]:
    yield line("empty window", found["empty_first_frame_s"])  # type: ignore[arg-type]
    yield line("first frame", found["first_frame_s"])  # type: ignore[arg-type]
    yield line("first page", found["first_page_s"])  # type: ignore[arg-type]
    for name in ("first_frame", "first_page"):
        ratio, best = found[f"{name}_ratio"], found[f"{name}_ratio_of_best"]
        yield f"{name} ratio {ratio:.2f} (of the best runs {best:.2f}); aim for the frame {AIM}"
    if idle:
        for name in ("empty", "ours"):
            memory, cpu = found[f"{name}_idle_mb"], found[f"{name}_idle_cpu_percent"]
            yield f"{name:>12} idle: {memory:.0f} MB resident, {cpu:.1f} % of one core"


if __name__ == "__main__":
    sys.exit(main())
