"""Asks modelinfo-cli: rows as JSON in, its totals in bytes out. Runs with its packages alone.

It knows the cache in f16 only. Its flat 600 MB for a card's driver are not part of what
llama-fit-params counts, so the total without them is given as well, and the better one counts.
"""

import functools
import json
import sys

from modelinfo.calculator import calculate_footprint
from modelinfo.parsers.gguf import parse_gguf_header

read = functools.cache(parse_gguf_header)


def answer(row: dict) -> list[float] | None:
    if row["cache"] != "f16":
        return None
    found = calculate_footprint(read(row["file"]), context_length=row["context"])
    whole = found["total_memory_bytes"]
    return [whole, whole - found["overhead_bytes"]]


json.dump([answer(row) for row in json.load(sys.stdin)], sys.stdout)
