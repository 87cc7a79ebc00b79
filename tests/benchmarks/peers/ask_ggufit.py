"""Asks ggufit: rows as JSON in, its totals in bytes out. Runs with its packages alone.

It reads no files: it works from its own list of models, so a model that is not in it has no
answer, and neither has an old file with a cache of its own. Asked for a processor, and the total
without its allowance is given as well.
"""

import json
import sys

from ggufit.calculator import evaluate_fit
from ggufit.models import find_model

QUANTS = {"Q2_K": "q2", "Q3_K_M": "q3", "Q4_K_M": "q4", "Q5_K_M": "q5", "Q6_K": "q6", "Q8_0": "q8"}
BITS = {"f16": 16, "q8_0": 8, "q4_0": 4}
GB = 1024**3


def names(row: dict) -> list[str]:
    ids = [each.removesuffix("-chat").removesuffix("-instruct") for each in row["ids"]]
    return [name for each in ids for name in (each, f"deepseek-ai/{each}")]


def answer(row: dict) -> list[float] | None:
    found = next((model for name in names(row) if (model := find_model(name)[1])), None)
    if found is None or row["old_file"] or row["quant"] not in QUANTS:
        return None
    bits = BITS[row["cache"]]
    fit = evaluate_fit(found, QUANTS[row["quant"]], row["context"], 1e6, 100.0, kv_bits=bits)
    return [fit.total_ram_needed_gb * GB, (fit.model_size_gb + fit.kv_cache_gb) * GB]


json.dump([answer(row) for row in json.load(sys.stdin)], sys.stdout)
