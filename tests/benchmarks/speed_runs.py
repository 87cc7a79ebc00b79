"""The published runs of speed_rows.toml as the records of the product, laid out as they were."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from core.advice.placement import fit_spilled
from core.advice.profile import build_profile
from core.advice.token_time import Load, loads, whole
from core.domain import (
    Accelerator,
    Answers,
    Attention,
    CardFacts,
    Catalog,
    Cpu,
    Device,
    Experts,
    Fit,
    Gpu,
    GpuKind,
    Missing,
    Model,
    Money,
    Network,
    Probe,
    Quant,
    Sampling,
    Sensitivity,
    Source,
    Verdict,
)

FILE = Path(__file__).with_name("speed_rows.toml")
GIB = 2**30
# What a run with a part in the computer's memory had there; enough that only the card decides.
HOST_BYTES = 64 * GIB
FREE_SHARE = 0.97  # of a card's memory, before anything of ours is on it
CONTEXT_SET = 4096  # what such a run was started with


@dataclass(frozen=True, kw_only=True)
class Run:
    card: str
    processor: bool
    model: str
    tokens_per_s: float
    ours: bool  # our engine, from memory: the constants are fitted on it
    assumed: bool  # the bandwidth of the host was not published: nothing is fitted on it
    mark: str
    source: Source
    loads: tuple[Load, ...]
    curve: tuple[tuple[float, float], ...]  # bytes of cache read, tokens per second

    @property
    def experts(self) -> bool:
        return self.loads[0].experts

    @property
    def whole(self) -> bool:
        return self.ours and not self.assumed


def read_runs() -> tuple[Run, ...]:
    table = tomllib.loads(FILE.read_text(encoding="utf-8"))
    shapes = {shape["id"]: shape for shape in table["shapes"]}
    return tuple(_run(row, shapes[row["shape"]]) for row in table["runs"])


def _run(row: dict[str, Any], shape: dict[str, Any]) -> Run:
    model, quant = _model(shape), _quant(shape)
    catalog, probe = _catalog(row), _probe(row)
    fit = _fit(row, model, quant, probe)
    curve = [
        (_cache(loads(model, quant, fit, catalog, probe, int(tokens))), measured)
        for tokens, measured in row.get("by_context", {}).items()
    ]
    return Run(
        card=row["card"],
        processor=row["class"] == "processor",
        model=row["model"],
        tokens_per_s=float(row["tokens_per_s"]),
        ours=row.get("ours", True),
        assumed="host_gbs" in row,
        mark=row.get("mark", ""),
        source=Source(**row["source"]),
        loads=loads(model, quant, fit, catalog, probe, row["context"]),
        curve=tuple(curve),
    )


def _cache(parts: tuple[Load, ...]) -> float:
    return sum(part.cache_bytes for part in parts)


def _fit(row: dict[str, Any], model: Model, quant: Quant, probe: Probe) -> Fit:
    devices = _devices(row)
    if "host_gbs" in row:
        profile = replace(build_profile(probe, _ANSWERS), devices=devices)
        spilled = fit_spilled(model, quant, CONTEXT_SET, devices, profile)
        assert spilled is not None, row
        return spilled
    count = row.get("cards", 1)
    one = whole(model, quant, devices[0])
    part = replace(one, layers=one.layers // count, weights_bytes=one.weights_bytes // count)
    return Fit(
        verdict=Verdict.COMFORTABLE, needed_bytes=0, available_bytes=0, parts=(part,) * count
    )


def _devices(row: dict[str, Any]) -> tuple[Device, ...]:
    processor = Device(
        name=row["card"], accelerator=Accelerator.CPU, free_bytes=HOST_BYTES, gpu=None
    )
    if row["class"] == "processor":
        return (processor,)
    unified = row["class"] in ("unified", "apple")
    free = int(row.get("memory_bytes", 0) * FREE_SHARE)
    gpu = Gpu(
        vendor=row["vendor"],
        name=row["card"],
        kind=GpuKind.INTEGRATED if unified else GpuKind.DISCRETE,
        vram_bytes=free or Missing("not_known"),
        vram_free_bytes=free or Missing("not_known"),
        driver=Missing("not_known"),
        compute_capability=Missing("not_known"),
        unified_memory=unified,
    )
    card = Device(name=row["card"], accelerator=Accelerator.CUDA, free_bytes=free, gpu=gpu)
    return (card, processor)


def _catalog(row: dict[str, Any]) -> Catalog:
    kind = {"apple": "unified", "processor": "cpu"}.get(row["class"], row["class"])
    card = CardFacts(
        name=row["card"],
        aliases=(),
        vram_bytes=None,
        memory_bandwidth_gbs=float(row["bandwidth_gbs"]),
        tdp_w=None,
        source=Source(text=""),
        vendor=row["vendor"],
        kind=kind,
    )
    return Catalog(models=(), cards=(card,), images=(), made_on="2026-11-23")


def _probe(row: dict[str, Any]) -> Probe:
    return Probe(
        os="linux",
        os_version="",
        arch="x86_64",
        wsl=False,
        cpu=Cpu(
            name=row["card"] if row["class"] == "processor" else Missing("not_known"),
            physical_cores=Missing("not_known"),
            memory_bandwidth_gbs=row.get("host_gbs"),
        ),
        ram_bytes=HOST_BYTES,
        ram_free_bytes=HOST_BYTES,
        gpus=(),
        disks=(),
        engine=Missing("not_installed"),
        network=Network(hub="ok", registry="ok", proxy=None),
    )


def _model(shape: dict[str, Any]) -> Model:
    experts = None
    if "experts" in shape:
        experts = Experts(
            count=shape["experts"],
            used=shape["experts_used"],
            shared=1,
            ffn=0,
            dense_layers=shape.get("dense_layers", 0),
        )
    return Model(
        id=shape["id"],
        name=shape["id"],
        params_total=1,
        params_active=1,
        layers=shape["layers"],
        hidden=shape.get("hidden", 0),
        ffn=shape.get("ffn"),
        vocab=shape.get("vocab"),
        max_context=2**20,
        licence="",
        release_date=None,
        distilled=False,
        starter=False,
        legacy=False,
        thinking="none",
        sampling=Sampling(),
        chat_template=None,
        quants=(),
        scores=(),
        source=Source(text=shape["source"]),
        attention=_attention(shape),
        experts=experts,
    )


def _attention(shape: dict[str, Any]) -> Attention:
    """An attention that leaves as much as the real one; that of V4 as it is."""
    if shape.get("sparse_cache"):
        return Attention(
            kind="csa_hca", key_dim=512, indexer_dim=128, csa_layers=21, hca_layers=20, window=128
        )
    elements = shape["kv_bytes_per_token"] // (2 * shape["layers"])
    return Attention(kind="gqa", kv_heads=1, key_dim=elements, value_dim=0)


def _quant(shape: dict[str, Any]) -> Quant:
    return Quant(
        name="Q4_K_M",
        file="",
        repo="",
        revision="",
        size_bytes=shape["file_bytes"],
        size_exact=False,
        sha256=None,
        sha256_source=None,
        token_embd_bytes=shape["token_embd_bytes"],
        expert_bytes=shape.get("expert_bytes", 0),
    )


def _answers() -> Answers:
    from decimal import Decimal

    return Answers(
        sensitivity=Sensitivity.PUBLIC,
        budget=Money(amount=Decimal(1), currency="USD"),
        horizon_months=1,
    )


_ANSWERS = _answers()
