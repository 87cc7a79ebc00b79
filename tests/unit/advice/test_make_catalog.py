"""The script that makes the catalogue: the same bytes each time, and unknown stays absent."""

from __future__ import annotations

import importlib.util
import json
import tomllib
from decimal import Decimal
from types import ModuleType
from typing import Any

import pytest

from core.advice.catalog import parse_catalog
from core.domain import Attention, EngineKind, Money
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
            "gguf_arch": "qwen9 (not upstream yet)",
            "layers": 2,
            "hidden": 4,
            "n_heads": 4,
            "n_kv_heads": 2,
            "head_dim": 8,
            "mla": None,
            "vocab": None,
            "max_context": 4096,
            "documented_context": 2048,
            "kv_bytes_per_token_f16": 2 * 2 * (8 + 8) * 2,
            "tools": "template only",
            "vision": False,
            "vllm_repos": [
                {"repo": "someone/Tiny-FP8", "format": "FP8 W8A8", "verified": False},
                {"repo": "a/Tiny-4", "format": "NVFP4", "vram_min_gb": 3, "min_vllm": "0.9 (?)"},
            ],
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
    "driver_requirements": {
        "llama.cpp server-rocm": {"rocm": "7.2.1", "gfx": ["gfx1", "gfx2"]},
        "llama.cpp server-cuda13": {"min_driver_linux": "580.12 by chance", "min_cc": "7.5"},
        "vllm/vllm-openai >= 0.20": {"min_driver_linux": "581"},
    },
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
            "compute_capability": "9.9",
            "launch_year": 2019,
            "launch_msrp_usd": 100,
            "street_usd": 250,
            "street_date": "2026-Q3",
            "street_source": "a shop",
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
    # As a script it finds its neighbour by itself.
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "installers")
        return _load()


def _load() -> ModuleType:
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
    assert not {"vocab", "ffn", "experts", "tools", "vision", "release_date"} & set(tiny)
    assert not {"expert_bytes", "parts", "full_heads"} & set(tiny["quants"][0])
    assert "sha256" not in tiny["quants"][0]
    assert "tdp_w" not in tomllib.loads(made[1].decode())["cards"][0]


def test_only_whole_and_useful_files_are_kept(made):
    tiny = parse_catalog(*made).models[0]
    assert [(q.name, q.repo, q.size_bytes, q.size_exact) for q in tiny.quants] == [
        ("Q4_K_M", "someone/Tiny-GGUF", 100, False),
        ("Q4_0", "bartowski/Tiny-GGUF", 99, True),
    ]


def test_the_shape_of_the_attention_stays_with_the_model(made):
    tiny = parse_catalog(*made).models[0]
    assert tiny.attention == Attention(kind="gqa", kv_heads=2, key_dim=8, value_dim=8)
    assert tiny.arch == "qwen9"
    assert not tiny.llama_cpp
    assert tiny.quants[0].unloaded_bytes == 10


def test_a_shape_that_does_not_give_the_measured_cache_is_refused(script, tmp_path, capsys):
    wrong = json.loads(json.dumps(MODELS))
    wrong["models"][0]["n_kv_heads"] = 1
    (tmp_path / "models.json").write_text(json.dumps(wrong), "utf-8")
    (tmp_path / "gpus.json").write_text(json.dumps(CARDS), "utf-8")
    out = tmp_path / "out"
    assert script.main(["--data", str(tmp_path), "--out", str(out)]) == 4
    assert "the cache is 128 bytes a token, not 64" in capsys.readouterr().err
    assert not out.exists()


def test_the_weights_for_vllm_begin_with_the_maker_s_own(made):
    sets = parse_catalog(*made).models[0].weight_sets
    assert [(s.repo, s.bits, s.memory_bytes, s.least_engine, s.verified) for s in sets] == [
        ("deepseek-ai/Tiny", 16, None, None, True),
        ("someone/Tiny-FP8", 8, None, None, False),
        ("a/Tiny-4", 4, 3 * 2**30, "0.9", True),
    ]


def test_the_newest_price_wins_and_keeps_its_day(made):
    card = parse_catalog(*made).cards[0]
    assert card.price == Money(amount=Decimal(250), currency="USD")
    assert (card.price_kind, card.price_date, card.year) == ("street", "2026-07", 2019)
    assert card.source.text == "vendor spec; price: a shop"


def test_a_list_price_without_its_year_is_left_out(script):
    assert script._price({"launch_msrp_usd": 599, "launch_year": None}) == {}
    assert script._price({"launch_msrp_usd": 599, "launch_year": 2024})["price_kind"] == "list"


def test_a_card_without_a_bandwidth_is_left_out(made):
    names = [card.name for card in parse_catalog(*made).cards]
    assert names[0] == "GeForce RTX 1"
    assert "Apple M2" in names  # known beside the data, with its source
    assert all(card.memory_bandwidth_gbs for card in parse_catalog(*made).cards)


def test_what_a_flavour_demands_stays_with_it(made):
    every = parse_catalog(*made).images
    images = {i.accelerator.value: i for i in every if i.engine is EngineKind.LLAMA_CPP}
    assert (images["cuda13"].least_driver, images["cuda13"].least_capability) == (580, 7.5)
    vllm = next(i for i in every if i.engine is EngineKind.VLLM)
    assert (vllm.least_driver, vllm.least_capability) == (581, 7.5)
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
