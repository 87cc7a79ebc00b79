"""Plans and model files for the tests of setting up."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.domain import EngineKind, Plan, Sampling, Step
from core.edges.places import Places
from tests.contract import launches
from tests.contract.launches import STARTER, STARTER_QUANT

STEPS = ("check_engine", "fetch_engine", "fetch_model", "create", "load", "rehearse")


def gguf(data_bytes: int = 4096, *, architecture: str = "llama") -> bytes:
    """A whole small model file: one tensor of the size in F32."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    weights = data_bytes // 4
    head = b"GGUF" + struct.pack("<IQQ", 3, 1, 2)
    head += text("general.architecture") + struct.pack("<I", 8) + text(architecture)
    head += text("tokenizer.tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b")
    head += text("w") + struct.pack("<IQIQ", 1, weights, 0, 0)
    head += bytes(-len(head) % 32)
    block = hashlib.sha256(b"weights").digest() * 512
    return head + (block * (weights * 4 // len(block) + 1))[: weights * 4]


def make_plan(folder: Path, content: bytes, **changes: Any) -> Plan:
    """A plan for a model file of this content, which no catalogue knows."""
    quant = replace(
        STARTER_QUANT,
        file="tiny.gguf",
        repo="somebody/tiny-GGUF",
        revision="0" * 40,
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        sha256_source="this test",
    )
    model = replace(
        STARTER,
        id="stand-in",
        name="Tiny",
        max_context=1024,
        starter=False,
        sampling=Sampling(temperature=0.6, top_p=0.95),
        quants=(quant,),
        scores=(("a", 0.5),),
    )
    plan = launches.make_plan(
        EngineKind.BUILTIN,
        id="plan-a",
        model=model,
        quant=quant,
        context=1024,
        threads=None,
        repack=True,
        model_folder=str(folder / "models"),
        download_bytes=len(content),
        memory_bytes=1,
        steps=tuple(Step(id=name, weight=1.0) for name in STEPS),
    )
    return replace(plan, **changes)


def make_places(folder: Path, hub: str = "http://127.0.0.1:9") -> Places:
    return Places(
        state=folder, models=folder / "models", logs=folder / "logs", hub=hub, hub_is_ours=True
    )
