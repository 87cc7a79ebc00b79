"""The script that makes the catalogue: the same bytes each time, and unknown stays absent."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from types import ModuleType
from typing import Any

import pytest

from core.advice.catalog import parse_catalog
from tests.unit.advice.parts import FILES, ROOT

MODELS: dict[str, Any] = {
    "generated": "2026-01-02",
    "models": [
        {
            "id": "deepseek-r1-distill-tiny-1b",
            "name": 'DeepSeek "Tiny" 1B · 小',
            "hf_repo": "deepseek-ai/Tiny",
            "params_total": 10,
            "params_active": 10,
            "layers": 2,
            "hidden": 4,
            "vocab": None,
            "max_context": 4096,
            "documented_context": 2048,
            "kv_bytes_per_token_f16": None,
            "licence": "MIT",
            "release_date": None,
            "thinking": {"mode": "always"},
            "sampling": {"temperature": 0.6, "system_prompt": "avoid; …", "source": "README"},
            "benchmarks": {"AIME2024": 1.5, "note": "as remembered"},
            "gguf_repos": ["someone/Tiny-GGUF (not re-verified)"],
            "quants": [
                _quant := {
                    "quant": "Q4_K_M",
                    "file": "Tiny-Q4_K_M.gguf",
                    "tensor_bytes": 90,
                    "file_bytes_est": 100,
                    "file_bytes_exact": None,
                    "sha256": None,
                    "sha256_repo": None,
                    "sha256_source": None,
                    "token_embd_bytes": 7,
                },
                {**_quant, "quant": "Q2_K", "file": "Tiny-Q2_K.gguf"},
                {**_quant, "quant": "Q8_0", "file": "(sharded) Q8_0"},
                {
                    **_quant,
                    "quant": "Q4_0",
                    "file": "Tiny-Q4_0.gguf",
                    "file_bytes_exact": 99,
                    "sha256": "ab" * 32,
                    "sha256_repo": "bartowski/Tiny-GGUF",
                    "sha256_source": "a page (2026-01-01)",
                },
            ],
        }
    ],
}
CARDS: dict[str, Any] = {
    "generated": "2026-01-02",
    "driver_requirements": {"llama.cpp server-rocm": {"rocm": "7.2.1", "gfx": ["gfx1", "gfx2"]}},
    "gpus": [
        {
            "name": "GeForce RTX 1",
            "vendor": "nvidia",
            "kind": "discrete",
            "vram_gb": 8,
            "memory_bandwidth_gbs": 100.5,
            "tdp_w": None,
            "bandwidth_source": "vendor spec",
            "aliases": [],
        },
        {
            "name": "Unmeasured",
            "vendor": "cpu",
            "kind": "cpu",
            "vram_gb": None,
            "memory_bandwidth_gbs": None,
            "tdp_w": None,
            "bandwidth_source": "none",
            "aliases": [],
        },
    ],
}


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location(
        "make_catalog", ROOT / "installers" / "make_catalog.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def made(script, tmp_path):
    (tmp_path / "models.json").write_text(json.dumps(MODELS), "utf-8")
    (tmp_path / "gpus.json").write_text(json.dumps(CARDS), "utf-8")
    out = tmp_path / "out"
    assert script.main(["--data", str(tmp_path), "--out", str(out)]) == 0
    return [(out / f"{name}.toml").read_bytes() for name in FILES]


def test_what_it_writes_the_program_reads(made):
    catalog = parse_catalog(*made)
    tiny, starter = catalog.models
    assert tiny.name == 'DeepSeek "Tiny" 1B · 小'
    assert tiny.max_context == 2048
    assert tiny.distilled
    assert not tiny.sampling.system_prompt_allowed
    assert dict(tiny.scores) == {"AIME2024": 1.5}
    assert "as remembered" in tiny.source.text
    assert starter.starter
    assert not starter.distilled


def test_unknown_stays_absent(made):
    tiny = tomllib.loads(made[0].decode())["models"][0]
    assert not {"vocab", "ffn", "kv_bytes_per_token_f16", "release_date"} & set(tiny)
    assert "sha256" not in tiny["quants"][0]
    assert "tdp_w" not in tomllib.loads(made[1].decode())["cards"][0]


def test_only_whole_and_useful_files_are_kept(made):
    tiny = parse_catalog(*made).models[0]
    assert [(q.name, q.repo, q.size_bytes, q.size_exact) for q in tiny.quants] == [
        ("Q4_K_M", "someone/Tiny-GGUF", 100, False),
        ("Q4_0", "bartowski/Tiny-GGUF", 99, True),
    ]


def test_a_card_without_a_bandwidth_is_left_out(made):
    assert [card.name for card in parse_catalog(*made).cards] == ["GeForce RTX 1"]


def test_what_a_flavour_demands_stays_with_it(made):
    images = {image.accelerator.value: image for image in parse_catalog(*made).images}
    assert "gfx gfx1 gfx2" in images["rocm"].source.text
    assert images["cpu"].reference == "ghcr.io/ggml-org/llama.cpp:server"


def test_the_same_input_gives_the_same_bytes(script, made, tmp_path):
    again = tmp_path / "again"
    assert script.main(["--data", str(tmp_path), "--out", str(again)]) == 0
    assert [(again / f"{name}.toml").read_bytes() for name in FILES] == made


def test_the_shipped_files_come_from_this_script(script):
    """The starter is written by the script alone, so the shipped one must be its own."""
    text = script._document("2026-11-23", "models", [script.STARTER])
    shipped = (ROOT / "assets" / "catalog" / "models.toml").read_text("utf-8")
    assert shipped.startswith(script.HEADER)
    assert shipped.endswith(text.split("\n\n", 1)[1])


def test_data_that_cannot_be_read_ends_with_four(script, tmp_path, capsys):
    assert script.main(["--data", str(tmp_path / "nowhere")]) == 4
    assert "nowhere" in capsys.readouterr().err
