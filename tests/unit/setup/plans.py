"""Plans and model files for the tests of setting up."""

from __future__ import annotations

import hashlib
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.domain import (
    Accelerator,
    EngineKind,
    Model,
    Plan,
    Quant,
    Sampling,
    Source,
    Step,
)
from core.edges.places import Places

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
    quant = Quant(
        name="Q4_1",
        file="tiny.gguf",
        repo="somebody/tiny-GGUF",
        revision="0" * 40,
        size_bytes=len(content),
        size_exact=True,
        sha256=hashlib.sha256(content).hexdigest(),
        sha256_source="this test",
        token_embd_bytes=0,
    )
    model = Model(
        id="stand-in",
        name="Tiny",
        params_total=1,
        params_active=1,
        layers=1,
        hidden=1,
        ffn=1,
        vocab=1,
        max_context=1024,
        kv_bytes_per_token_f16=1,
        licence="MIT",
        release_date=None,
        distilled=False,
        starter=False,
        legacy=False,
        thinking="none",
        sampling=Sampling(temperature=0.6, top_p=0.95),
        chat_template=None,
        quants=(quant,),
        scores=(("a", 0.5),),
        source=Source(text="this test"),
    )
    plan = Plan(
        id="plan-a",
        model=model,
        quant=quant,
        engine=EngineKind.BUILTIN,
        accelerator=Accelerator.CPU,
        image=None,
        context=1024,
        threads=None,
        repack=True,
        model_folder=str(folder / "models"),
        local_file=None,
        download_bytes=len(content),
        memory_bytes=1,
        steps=tuple(Step(id=name, weight=1.0) for name in STEPS),
    )
    return replace(plan, **changes)


def make_places(folder: Path, hub: str = "http://127.0.0.1:9") -> Places:
    return Places(
        state=folder, models=folder / "models", logs=folder / "logs", hub=hub, hub_is_ours=True
    )
