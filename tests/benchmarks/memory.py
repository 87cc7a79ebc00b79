"""Our memory estimate beside llama.cpp's own plan: `python -m tests.benchmarks.memory`.

Every shape of the catalogue is written as a model file without weights (header_files), in three
quantizations, and `llama-fit-params` is asked what the engine would take for it on a processor
with each context and type of cache: weights, cache and compute buffer. The same three are asked of
core.advice.memory, with the models and files of the catalogue and with what core.advice.gguf_model
reads in the file; the worst of them counts. What llama.cpp does not
count, a card's driver and the process itself, is left out on both sides. It prints whole MiB
rounded down, so half a MiB is added to each of its three figures.

Beside them, on the same rows, other public estimators. `--short` leaves them out.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from core.advice import memory
from core.advice.catalog import parse_catalog
from core.advice.gguf_model import model_from_header
from core.domain import Accelerator, Catalog, Model, Quant
from core.setup.gguf_check import read_header
from tests.bench import models, server
from tests.benchmarks import header_files
from tests.benchmarks.catalogue_shapes import SHAPES
from tests.benchmarks.peers import PEERS, ask
from tests.benchmarks.shapes import Shape

ROOT = Path(__file__).resolve().parents[2]
CONTEXTS = (4096, 8192, 32768, 131072)
CACHES = ("f16", "q8_0", "q4_0")
MEDIAN_AIM, WORST_AIM, REAL_WEIGHTS_AIM = 0.002, 0.005, 0.001
OURS = "ours"
MIB = 2**20
_PRINTED = re.compile(r"^Host (\d+) (\d+) (\d+)", re.M)
_PATIENCE_S = 120.0


@dataclass(kw_only=True)
class Row:
    shape: Shape
    quant: str
    context: int
    cache: str
    file: Path
    measured: float = 0.0  # bytes, by llama-fit-params
    estimates: dict[str, list[float]] = field(default_factory=dict)  # bytes, by who says so

    def error(self, who: str) -> float | None:
        """Of the estimate, as a share of what is measured, with its sign. Ours: the worst of
        the ways to it. Another's: the best of the ways to read it."""
        errors = [each / self.measured - 1 for each in self.estimates.get(who, [])]
        if not errors:
            return None
        return max(errors, key=abs) if who == OURS else min(errors, key=abs)


# --- llama.cpp's figure and ours ----------------------------------------------------------------


def plan(program: Path, file: Path, context: int, cache: str) -> tuple[float, float, float]:
    """Weights, cache and compute buffer in bytes, as the engine would allocate them."""
    command = [str(program), "-m", str(file), "--fit-print", "on", "--no-repack"]
    command += ["-c", str(context), "-ctk", cache, "-ctv", cache]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S)
    found = _PRINTED.search(done.stdout)
    if done.returncode or found is None:
        raise RuntimeError(f"{file.name}: {done.stdout}{done.stderr}"[-2000:])
    weights, kept, compute = ((int(each) + 0.5) * MIB for each in found.groups())
    return weights, kept, compute


def ours(model: Model, quant: Quant, context: int, cache: str) -> float | None:
    found = memory.need(model, quant, context, Accelerator.CPU, repack=False, cache_type=cache)
    return None if found is None else found.weights_bytes + found.kv_bytes + found.compute_bytes


def estimate(row: Row, catalogue: Catalog) -> None:
    """Fills in ours: by the file alone, and by each model of the catalogue that has this shape."""
    read, quant = model_from_header(read_header(row.file), name=row.file.name)
    ways = [(read, quant)]
    known = [each for each in catalogue.models if each.id in row.shape.ids]
    if len(known) != len(row.shape.ids):
        raise LookupError(f"not in the catalogue: one of {row.shape.ids}")
    ways += [(each, listed(each, quant) or quant) for each in known]
    found = [ours(*way, row.context, row.cache) for way in ways]
    row.estimates[OURS] = [float("inf") if each is None else each for each in found]


def listed(model: Model, quant: Quant) -> Quant | None:
    """The catalogue's own entry of this quantization. Files that somebody mixed by hand have
    other names (UD-…)."""
    for each in model.quants:
        if (each.name, each.full_heads) == (quant.name, quant.full_heads):
            return each
    return None


def read_catalogue() -> Catalog:
    folder = ROOT / "assets" / "catalog"
    parts = [(folder / name).read_bytes() for name in ("models.toml", "cards.toml", "images.toml")]
    return parse_catalog(*parts)


# --- rows ---------------------------------------------------------------------------------------


def rows_of(shape: Shape, files: dict[str, Path]) -> Iterator[Row]:
    for quant, file in files.items():
        for context in (each for each in CONTEXTS if each <= shape.context):
            for cache in CACHES:
                yield Row(shape=shape, quant=quant, context=context, cache=cache, file=file)


def short(rows: Sequence[Row]) -> list[Row]:
    """A third of them, in which every shape, quantization, context and cache still comes."""
    return [row for number, row in enumerate(rows) if number % 3 == (number // 3) % 3]


def measure(folder: Path, *, brief: bool) -> list[Row]:
    program, quantize = server.fit_params(), server.quantize()
    catalogue, rows = read_catalogue(), []
    for shape in SHAPES:
        files = header_files.make(folder, shape, shape.quants, quantize)
        rows += rows_of(shape, files)
    rows = short(rows) if brief else rows

    def work(row: Row) -> None:
        row.measured = sum(plan(program, row.file, row.context, row.cache))
        estimate(row, catalogue)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, rows))
    return rows


def ask_peers(rows: Sequence[Row]) -> list[str]:
    """Fills in what the others say. Returns a line for each that could not be asked."""
    failed = []
    asked = [
        {
            "file": str(row.file),
            "quant": row.quant,
            "context": row.context,
            "cache": row.cache,
            "ids": row.shape.ids,
            "old_file": not row.shape.split_heads,
        }
        for row in rows
    ]
    for peer in PEERS:
        try:
            answers = ask(peer, asked)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            failed.append(f"NOT COMPARED: {peer.name}: {error}")
            continue
        for row, answer in zip(rows, answers, strict=True):
            if answer is not None:
                row.estimates[peer.name] = answer
    return failed


# --- the table ----------------------------------------------------------------------------------


def table(rows: Sequence[Row], names: Sequence[str]) -> Iterator[str]:
    yield f"{'':18}{'rows':>5}" + "".join(f"{name:>26}" for name in names)
    yield f"{'':18}{'':>5}" + f"{'median   worst (answered)':>26}" * len(names)
    for shape in SHAPES:
        yield _line(shape.name, [row for row in rows if row.shape is shape], names)
    yield _line("all", rows, names)


def _line(title: str, rows: Sequence[Row], names: Sequence[str]) -> str:
    return f"{title:18}{len(rows):5d}" + "".join(_cell(rows, name) for name in names)


def _cell(rows: Sequence[Row], name: str) -> str:
    errors = errors_of(rows, name)
    if not errors:
        return f"{'-':>26}"
    median, worst = summary(errors)
    return f"{median:10.2%} {worst:+8.2%} ({len(errors):4d})"


def errors_of(rows: Iterable[Row], name: str) -> list[float]:
    return [error for row in rows if (error := row.error(name)) is not None]


def summary(errors: Sequence[float]) -> tuple[float, float]:
    """The median of the sizes of the errors, and the largest one with its sign."""
    return statistics.median(abs(each) for each in errors), max(errors, key=abs)


def misses(rows: Sequence[Row]) -> Iterator[str]:
    for row in rows:
        error = row.error(OURS)
        if error is None or abs(error) > WORST_AIM:
            said = ", ".join(f"{each / MIB:.1f}" for each in row.estimates[OURS])
            yield (
                f"missed by {error or 0:+.2%}: {row.shape.name} {row.quant} {row.context} "
                f"{row.cache}: {row.measured / MIB:.1f} MiB, ours {said}"
            )


def real_head() -> tuple[float, float]:
    """The weights of the real 7B file: what the engine would load, and ours, in bytes."""
    file = models.seven_b()
    weights, _cache, _compute = plan(server.fit_params(), file, 4096, "f16")
    model, quant = model_from_header(read_header(file), name=file.name)
    found = memory.need(model, quant, 4096, Accelerator.CPU, repack=False)
    return weights, float("inf") if found is None else found.weights_bytes


def main() -> int:
    parser = argparse.ArgumentParser(description="Our memory estimate beside llama.cpp's own")
    parser.add_argument("--short", action="store_true", help="fewer rows, no other estimators")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="deepberth-heads-") as folder:
        rows = measure(Path(folder), brief=options.short)
        failed = [] if options.short else ask_peers(rows)
    names = [OURS] if options.short else [OURS, *(peer.name for peer in PEERS)]
    lines = [*table(rows, names), *failed, *misses(rows)]
    median, worst = summary(errors_of(rows, OURS))
    measured, said = real_head()
    real = said / measured - 1
    lines.append(
        f"ours: median {median:.2%} (aim {MEDIAN_AIM:.1%}), worst {worst:+.2%} (aim "
        f"{WORST_AIM:.1%}); weights of the real 7B file {real:+.3%} (aim {REAL_WEIGHTS_AIM:.1%})"
    )
    sys.stdout.write("\n".join(lines) + "\n")
    kept = median <= MEDIAN_AIM and abs(worst) <= WORST_AIM and abs(real) <= REAL_WEIGHTS_AIM
    return 0 if kept and not failed else 1


if __name__ == "__main__":
    sys.exit(main())
