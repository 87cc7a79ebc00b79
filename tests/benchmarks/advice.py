"""How long one piece of advice takes, for every machine and six people: processor time.

`python -m tests.benchmarks.advice` prints the median for each machine, beside the floor of what
cannot be spared: reading what was seen and working out what can be used. It ends with 1 where one
machine's advice takes more than the limit.
"""

from __future__ import annotations

import gc
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from core.advice.profile import build_profile
from core.advice.recommend import recommend
from core.domain import Answers, Profile
from core.edges.travel_files import decode_probe
from tests.unit.advice.golden import PEOPLE, machines
from tests.unit.advice.parts import MACHINES, catalog, offers

LIMIT_MS = 20.0
ROUNDS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    machine: str
    floor_ms: float
    advice_ms: float  # the median over people and rounds
    worst_ms: float  # the slowest single one


def processor_ms(work: Callable[[], object]) -> float:
    start = time.process_time_ns()
    work()
    return (time.process_time_ns() - start) / 1e6


def measure(machine: str) -> Row:
    data = (MACHINES / f"{machine}.json").read_bytes()

    def seen(said: Answers) -> Profile:
        return build_profile(decode_probe(data), said)

    floor, advice = [], []
    for said in [*PEOPLE.values()] * ROUNDS:
        floor.append(processor_ms(partial(seen, said)))
        advice.append(processor_ms(partial(recommend, seen(said), catalog(), offers())))
    return Row(
        machine=machine,
        floor_ms=statistics.median(floor),
        advice_ms=statistics.median(advice),
        worst_ms=max(advice),
    )


def table(rows: list[Row]) -> list[str]:
    lines = [f"{'machine':<28}{'floor':>8}{'advice':>8}{'slowest':>9}   ms of processor time"]
    for row in rows:
        mark = "   over the limit" if row.advice_ms > LIMIT_MS else ""
        figures = f"{row.floor_ms:>8.2f}{row.advice_ms:>8.2f}{row.worst_ms:>9.2f}"
        lines.append(f"{row.machine:<28}{figures}{mark}")
    median = statistics.median(row.advice_ms for row in rows)
    lines.append(
        f"{len(rows)} machines x {len(PEOPLE)} people x {ROUNDS} rounds: median {median:.2f} ms,"
        f" slowest machine {rows[0].advice_ms:.2f} ms, limit {LIMIT_MS:g} ms"
    )
    return lines


def main() -> int:
    measure(machines()[0])  # the first question loads the modules and fills what is kept
    gc.collect()
    rows = sorted((measure(machine) for machine in machines()), key=lambda row: -row.advice_ms)
    sys.stdout.write("\n".join(table(rows)) + "\n")
    return 1 if rows[0].advice_ms > LIMIT_MS else 0


if __name__ == "__main__":
    sys.exit(main())
