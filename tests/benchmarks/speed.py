"""Predicted tokens per second beside every published run we know of.

Each run is predicted by constants that were fitted without it, and by the other runs of its card,
as the product does for a card it knows. Beside it two flat shares of the bandwidth: 0.55, as
llmfit takes it, and 0.7. Exit code 1: a promise is not kept.

Run as `python -m tests.benchmarks.speed`. With `--write`, assets/catalog/speeds.toml is made anew.
"""

from __future__ import annotations

import math
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from core.advice.bandwidth import FITTED, Constants, Hardware
from core.advice.speed import spread
from core.advice.token_time import token_s
from core.domain import CardSpeed
from tests.benchmarks.speed_fit import (
    differences,
    fit,
    fit_without,
    free_constants,
    own_speed,
    with_own,
)
from tests.benchmarks.speed_runs import Run, read_runs

CATALOG = Path(__file__).resolve().parents[2] / "assets" / "catalog"
SPEEDS, CARDS = CATALOG / "speeds.toml", CATALOG / "cards.toml"
ROWS = 86
MOST_MEDIAN_ERROR = 0.10
LEAST_INSIDE = 0.80
MOST_DRIFT = 0.03  # of a constant in the code from what the fit gives
FLAT = (0.55, 0.7)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    run: Run
    predicted: float
    low: float
    high: float
    by_kind: float  # without the other runs of its card
    flat: tuple[float, ...]
    group: str

    @property
    def error(self) -> float:
        return self.predicted / self.run.tokens_per_s - 1

    @property
    def inside(self) -> bool:
        return self.low <= self.run.tokens_per_s <= self.high


def main() -> int:
    runs = read_runs()
    fitted = fit(runs)
    speeds = own_speeds(runs, fitted)
    if "--write" in sys.argv:
        SPEEDS.write_text(as_toml(speeds), encoding="utf-8")
    outcomes = [predict(runs, run, fitted) for run in runs]
    for line in (*table(outcomes), *summary(outcomes), *constants(fitted)):
        _say(line)
    broken = [*broken_promises(outcomes, fitted), *_stale(speeds)]
    for line in broken:
        _say(f"NOT KEPT: {line}")
    return 1 if broken else 0


def predict(runs: Sequence[Run], run: Run, full: Constants) -> Outcome:
    """One run from all others."""
    known = fit_without(runs, run, full)
    others = [other for other in runs if other is not run]
    parts = with_own(run.loads, own_speed(others, run, known))
    low, high = spread(parts)
    predicted = 1 / token_s(parts, known, fast=True)
    own = parts[0].reading.own_runs(run.experts)
    hardware = parts[0].reading.hardware
    return Outcome(
        run=run,
        predicted=predicted,
        low=predicted * low,
        high=predicted * high,
        by_kind=1 / token_s(run.loads, known, fast=True),
        flat=tuple(_flat(run, share) for share in FLAT),
        group="experts"
        if run.experts
        else "processor"
        if hardware is Hardware.PROCESSOR
        else "card with other runs"
        if own
        else "card without",
    )


def own_speeds(runs: Sequence[Run], fitted: Constants) -> list[CardSpeed]:
    """One for each card of the catalogue of which anything was measured with our engine."""
    cards = tomllib.loads(CARDS.read_text(encoding="utf-8"))["cards"]
    names = {card["name"] for card in cards}
    kinds = {(run.card, run.processor): run for run in runs if run.whole and run.card in names}
    return [own_speed(runs, run, fitted) for run in kinds.values()]


def table(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield (
        f"{'card':<38}{'model':<44}{'measured':>9}{'predicted':>10}{'error':>8}"
        f"{'range':>16}    {'0.55':>8}{'0.7':>8}  marks"
    )
    for one in outcomes:
        run = one.run
        ends = f"{one.low:.1f}..{one.high:.1f}"
        yield (
            f"{run.card[:37]:<38}{run.model[:43]:<44}{run.tokens_per_s:>9.1f}{one.predicted:>10.1f}"
            f"{one.error:>8.0%}{ends:>16}{'' if one.inside else ' !':<4}"
            + "".join(f"{_error(flat, run):>8.0%}" for flat in one.flat)
            + f"  {run.mark}"
        )


def summary(outcomes: Sequence[Outcome]) -> Iterator[str]:
    yield ""
    worst = max(outcomes, key=lambda one: abs(one.error))
    errors = [abs(one.error) for one in outcomes]
    ours = [abs(one.error) for one in outcomes if one.run.ours]
    yield f"rows {len(outcomes)}, median error {median(errors):.1%}"
    yield f"of our engine {len(ours)}, median error {median(ours):.1%}, worst {max(ours):.0%}"
    yield f"within 10 %: {_count(errors, 0.1)}, within 20 %: {_count(errors, 0.2)}"
    yield f"worst {worst.error:+.0%}: {worst.run.card}, {worst.run.model} ({worst.run.mark})"
    yield f"inside our range {_inside(outcomes):.0%}"
    kind = [abs(_error(one.by_kind, one.run)) for one in outcomes]
    yield f"by the kind of hardware alone: median error {median(kind):.1%}"
    for index, share in enumerate(FLAT):
        flat = [abs(_error(one.flat[index], one.run)) for one in outcomes]
        within = f"within 20 %: {_count(flat, 0.2)}, worst {max(flat):.0%}"
        yield f"flat {share}: median error {median(flat):.1%}, {within}"
    for group in sorted({one.group for one in outcomes}):
        logs = sorted(
            math.log(one.run.tokens_per_s / one.predicted)
            for one in outcomes
            if one.group == group and one.run.ours
        )
        ends = [math.exp(logs[int(at * (len(logs) - 1))]) for at in (0.1, 0.9)]
        yield f"{group}: {len(logs)} runs, a tenth below {ends[0]:.2f}, a tenth above {ends[1]:.2f}"


def constants(fitted: Constants) -> Iterator[str]:
    yield ""
    yield f"{free_constants()} free constants"
    for name, code, theirs in differences(FITTED, fitted):
        yield f"{name:<28} code {code:<10.6g} fit {theirs:<10.6g}"


def broken_promises(outcomes: Sequence[Outcome], fitted: Constants) -> Iterator[str]:
    if len(outcomes) != ROWS:
        yield f"{len(outcomes)} rows of {ROWS}"
    middle = median(abs(one.error) for one in outcomes)
    if middle > MOST_MEDIAN_ERROR:
        yield f"median error {middle:.1%}"
    if _inside(outcomes) < LEAST_INSIDE:
        yield f"inside the range {_inside(outcomes):.0%}"
    if free_constants() * 6 >= len(outcomes):
        yield f"{free_constants()} free constants for {len(outcomes)} rows"
    for name, code, theirs in differences(FITTED, fitted):
        if abs(code - theirs) > MOST_DRIFT * abs(theirs):
            yield f"{name} is {code:.6g}, the fit gives {theirs:.6g}"


def as_toml(speeds: Sequence[CardSpeed]) -> str:
    lines = [
        "# Made by tests/benchmarks/speed.py from published runs. A factor of 1.1: on this card",
        "# models write a tenth faster than the formula says; fewer runs, nearer to 1.",
        "format = 2",
        'made_on = "2026-11-23"',
    ]
    for one in speeds:
        lines += ["", "[[speeds]]", f'card = "{one.card}"']
        if one.processor:
            lines.append("processor = true")
        for name, factor, count in (
            ("dense", one.dense, one.dense_runs),
            ("experts", one.experts, one.experts_runs),
        ):
            if count:
                lines += [f"{name} = {factor:.3f}", f"{name}_runs = {count}"]
        date = f', date = "{one.source.date}"' if one.source.date else ""
        lines.append(f'source = {{text = "{one.source.text}"{date}}}')
    return "\n".join(lines) + "\n"


def _stale(speeds: Sequence[CardSpeed]) -> Iterator[str]:
    if SPEEDS.read_text(encoding="utf-8") != as_toml(speeds):
        yield f"{SPEEDS.name} is not what the runs give"


def _flat(run: Run, share: float) -> float:
    bytes_s = sum(
        (part.weight_bytes + part.cache_bytes) / (part.reading.gbs[0] * 1e9) for part in run.loads
    )
    return share / bytes_s


def _error(predicted: float, run: Run) -> float:
    return predicted / run.tokens_per_s - 1


def _count(errors: Sequence[float], most: float) -> str:
    return f"{sum(error <= most for error in errors)} of {len(errors)}"


def _inside(outcomes: Sequence[Outcome]) -> float:
    return sum(one.inside for one in outcomes) / len(outcomes)


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main())
