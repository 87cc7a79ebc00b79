"""Asks xllamacpp.memory: rows as JSON in, its totals in bytes out.

It works out what a card of a given size can hold; the card here has room for everything, and its
flat 512 MiB for the driver are left out, as llama-fit-params does not count them.
"""

import functools
import json
import sys

from xllamacpp import memory

memory.dump_metadata_json = functools.cache(memory.dump_metadata_json)
_reader, _types = memory._import_gguf()
_read_once = functools.cache(lambda path, mode: _reader(path, mode))
memory._import_gguf = lambda: (_read_once, _types)

CARD = {"name": "CUDA0", "memory_free": 1 << 50, "memory_min": 0}


def answer(row: dict) -> list[float] | None:
    try:
        found = memory.estimate_gpu_layers(
            [dict(CARD)], row["file"], [], row["context"], 512, 1, row["cache"]
        )
    except (KeyError, TypeError, ValueError):
        return None
    return [found.total_size]


json.dump([answer(row) for row in json.load(sys.stdin)], sys.stdout)
