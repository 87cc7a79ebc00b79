"""How published runs on single cards lie beside the formula, read strictly from its file.

The file is made by `python -m tests.benchmarks.speed --write` from the runs it is checked against.
"""

from __future__ import annotations

import math
from dataclasses import replace

from core.advice.catalog import File, Row, SourceRow, invalid, read_table, source_of
from core.domain import CardSpeed, Catalog

FILE = "speeds.toml"
# A run five times faster or slower than the formula was not of the card we take it for.
_LEAST, _MOST = 0.2, 5.0


class _CardSpeed(Row, kw_only=True):
    card: str
    processor: bool = False
    dense: float = 1.0
    dense_runs: int = 0
    experts: float = 1.0
    experts_runs: int = 0
    source: SourceRow


class _SpeedFile(File, kw_only=True):
    made_on: str
    speeds: list[_CardSpeed]


def with_speeds(catalog: Catalog, data: bytes) -> Catalog:
    """The catalogue with what published runs say of its cards.

    Raises: AppError("catalog_invalid") for a slip in the file, or a card that is not there.
    """
    rows = read_table(data, _SpeedFile, FILE).speeds
    names = {card.name for card in catalog.cards}
    seen: set[tuple[str, bool]] = set()
    for row in rows:
        wrong = row.card not in names or (row.card, row.processor) in seen
        wrong = wrong or min(row.dense_runs, row.experts_runs) < 0
        for factor in (row.dense, row.experts):
            wrong = wrong or not math.isfinite(factor) or not _LEAST <= factor <= _MOST
        if wrong:
            raise invalid(FILE, row.card)
        seen.add((row.card, row.processor))
    return replace(catalog, speeds=tuple(_speed(row) for row in rows))


def _speed(row: _CardSpeed) -> CardSpeed:
    return CardSpeed(
        card=row.card,
        processor=row.processor,
        dense=row.dense,
        dense_runs=row.dense_runs,
        experts=row.experts,
        experts_runs=row.experts_runs,
        source=source_of(row.source, FILE),
    )
