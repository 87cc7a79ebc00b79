"""Makes assets/catalog/*.toml from the two data files of a research folder.

    python installers/make_catalog.py --data FOLDER [--out assets/catalog]

The folder holds models.json and gpus.json. Each figure keeps its source and date; what is null
there stays absent here, which the program reads as "not known". The same input gives the same
bytes. Standard library only. The fourth file, offers.toml, is kept by hand.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import Any

from catalog_facts import (
    ALIASES,
    BITS,
    CSA_HCA,
    IMAGES,
    KEPT_QUANTS,
    KEPT_QUANTS_LARGE,
    LARGE_PARAMS,
    MEMORY_SEEN_GIB,
    MIXED_PARTS,
    MIXED_REVISION,
    MORE_CARDS,
    MXFP4_GIB,
    NEEDS,
    OLD_HEADS,
    SIZES_OF,
    SPLIT,
    STARTER,
    SUPERSEDED,
    VLLM_IMAGE,
)

HEADER = "# Made by installers/make_catalog.py. Absent means: not known.\n"
FORMAT = 2  # as core/advice/catalog.py reads it
BELOW = ("quants", "weight_sets")  # tables of their own under each row


def main(argv: list[str] | None = None) -> int:
    """Writes the three files. Exit 0 done, 2 usage, 4 the data cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("assets/catalog"))
    options = parser.parse_args(argv)
    try:
        models = json.loads((options.data / "models.json").read_text("utf-8"))
        cards = json.loads((options.data / "gpus.json").read_text("utf-8"))
        texts = {
            "models": models_toml(models),
            "cards": cards_toml(cards),
            "images": images_toml(cards),
        }
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 4
    options.out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (options.out / f"{name}.toml").write_text(text, "utf-8", newline="\n")
    return 0


def models_toml(data: dict[str, Any]) -> str:
    sizes = next((raw["quants"] for raw in data["models"] if raw["id"] == SIZES_OF), ())
    rows = [_model(raw, data["generated"], sizes) for raw in data["models"]] + [STARTER]
    return _document(data["generated"], "models", rows)


def cards_toml(data: dict[str, Any]) -> str:
    rows = [_card(raw, data["generated"]) for raw in data["gpus"] if raw["memory_bandwidth_gbs"]]
    rows += [_more_card(row) for row in MORE_CARDS]
    return _document(data["generated"], "cards", rows)


def images_toml(data: dict[str, Any]) -> str:
    date, demands = data["generated"], data["driver_requirements"]
    rows = []
    for accelerator, (tag, wants) in IMAGES.items():
        facts = demands.get(wants, {})
        text = "llama.cpp container workflow, build b11434"
        reference = f"ghcr.io/ggml-org/llama.cpp:{tag}"
        rows.append(_image("llama.cpp", accelerator, reference, facts, text, date))
    accelerator, reference, wants = VLLM_IMAGE
    text = "newest package release 0.33.0, tags follow releases; its CUDA 13 build"
    rows.append(_image("vllm", accelerator, reference, demands.get(wants, {}), text, date))
    return _document(date, "images", rows)


def _image(
    engine: str, accelerator: str, reference: str, facts: dict[str, Any], text: str, date: str
) -> dict[str, Any]:
    needs = "; ".join(f"{key} {_plain(value)}" for key, value in facts.items())
    # The CUDA 13 builds hold no code for older cards, whoever makes the image.
    least = facts.get("min_cc") or ("7.5" if accelerator == "cuda13" and facts else None)
    return {
        "engine": engine,
        "accelerator": accelerator,
        "reference": reference,
        "least_driver": _first_number(facts.get("min_driver_linux")),
        "least_capability": float(least) if least else None,
        "source": {"text": text + (f"; {needs}" if needs else ""), "date": date},
    }


def _first_number(text: str | None) -> int | None:
    """The leading whole number: "525.60.13 by ..." demands the branch 525."""
    found = re.match(r"\d+", text or "")
    return int(found[0]) if found else None


def _model(raw: dict[str, Any], date: str, sizes: Any) -> dict[str, Any]:
    sampling = raw["sampling"] or {}
    distilled = "-distill-" in raw["id"] or raw["id"] == "deepseek-r1-0528-qwen3-8b"
    scores = raw.get("benchmarks") or {}
    attention = _attention(raw)
    _check_cache(raw, attention)
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
        "arch": raw["gguf_arch"].split(" ")[0],
        "heads": raw["n_heads"],
        "attention": attention,
        "experts": _experts(raw),
        "licence": raw["licence"],
        "release_date": raw["release_date"],
        "distilled": distilled,
        "starter": False,
        "legacy": raw["id"].startswith("deepseek-llm-"),
        "vision": raw["vision"] or None,
        "tools": True if raw["tools"] is True else None,
        "superseded_by": SUPERSEDED.get(raw["id"]),
        "llama_cpp": False if "not upstream" in raw["gguf_arch"] else None,
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
        "quants": _quants(raw, sizes),
        "weight_sets": _weight_sets(raw),
    }


def _model_source(raw: dict[str, Any]) -> str:
    parts = [f"configuration of {raw['hf_repo']}"]
    if raw["quants"]:
        parts.append("sizes: llama-quantize --dry-run, llama.cpp b11434")
    elif any(model == raw["id"] for model, _ in SPLIT):
        parts.append(f"sizes: those of {SIZES_OF}, which has the same shape")
    if any(file.get("bytes") for file in raw.get("gguf_files", ())):
        parts.append(
            "sizes: download lists, and for MXFP4 the tensors as llama.cpp prints them; the share "
            "of the experts: what is left beside the other weights, by their types in a header"
        )
    if raw["sampling"]:
        parts.append(f"sampling: {raw['sampling']['source']}")
    scores = raw.get("benchmarks") or {}
    if scores:
        parts.append(f"scores: {scores.get('note', 'DeepSeek-R1 README')}")
    if raw["id"] in OLD_HEADS:
        parts.append("cache: files from before llama.cpp split the MLA heads (April 2025)")
    return "; ".join(parts)


def _thinking(raw: dict[str, Any] | None) -> str:
    if not raw:
        return "none"
    return "always" if raw["mode"] == "always" else "hybrid"


def _attention(raw: dict[str, Any]) -> dict[str, Any] | None:
    """What one token leaves in the cache; None where it was not published."""
    mla, heads = raw["mla"], raw["n_kv_heads"]
    if mla:
        shape = {
            "kind": "dsa" if raw.get("indexer") else "mla",
            "kv_heads": heads,
            "key_dim": mla["qk_nope_head_dim"] + mla["qk_rope_head_dim"],
            "value_dim": mla["v_head_dim"],
            "kv_lora_rank": mla["kv_lora_rank"],
            "rope_dim": mla["qk_rope_head_dim"],
        }
        return shape | ({"indexer_dim": raw["indexer"]["head_dim"]} if "indexer" in raw else {})
    kind = raw.get("attention")
    if kind is None:
        width = raw["head_dim"]
        return {"kind": "gqa", "kv_heads": heads, "key_dim": width, "value_dim": width}
    if not kind["type"].startswith("CSA"):
        return None
    csa, hca = CSA_HCA[raw["layers"]]
    return {
        "kind": "csa_hca",
        "kv_heads": heads,
        "key_dim": raw["head_dim"],
        "rope_dim": kind["rope_dim"],
        "indexer_dim": 128,
        "csa_layers": csa,
        "hca_layers": hca,
        "window": kind["sliding_window"],
    }


def _check_cache(raw: dict[str, Any], shape: dict[str, Any] | None) -> None:
    """The shape has to give the figure that was measured for one token.

    Raises: ValueError where it does not.
    """
    told, layers = raw["kv_bytes_per_token_f16"], raw["layers"]
    if shape is None or told is None:
        return
    if shape["kind"] == "gqa":
        elements = layers * shape["kv_heads"] * (shape["key_dim"] + shape["value_dim"])
    elif shape["kind"] == "csa_hca":
        short = (shape["key_dim"] + shape["indexer_dim"]) // 4
        elements = shape["csa_layers"] * short + shape["hca_layers"] * shape["key_dim"] // 128
    else:
        width = shape["kv_lora_rank"] + shape["rope_dim"] + shape.get("indexer_dim", 0)
        elements = layers * width
    if 2 * elements != told:
        raise ValueError(f"{raw['id']}: the cache is {told} bytes a token, not {2 * elements}")


def _experts(raw: dict[str, Any]) -> dict[str, int] | None:
    if not raw.get("n_experts"):
        return None
    return {
        "count": raw["n_experts"],
        "used": raw["n_experts_used"],
        "shared": raw["n_shared_experts"],
        "ffn": raw["moe_ffn"],
        "dense_layers": raw.get("leading_dense_layers", 0),
    }


def _quants(raw: dict[str, Any], sizes: Any) -> list[dict[str, Any]]:
    known = raw["quants"] or [
        {**size, "file": "(parts)"} for size in sizes if (raw["id"], size["quant"]) in SPLIT
    ]
    whole = [_quant(quant, raw) for quant in known if _keep(quant, raw)]
    parts = (_quant_mixed(file, raw) for file in raw.get("gguf_files", ()))
    return whole + [quant for quant in parts if quant]


def _keep(quant: dict[str, Any], model: dict[str, Any]) -> bool:
    if quant["file"].startswith("("):  # in parts; how many is known for a few only
        return (model["id"], quant["quant"]) in SPLIT
    large = model["params_total"] >= LARGE_PARAMS
    kept = KEPT_QUANTS + KEPT_QUANTS_LARGE if large else KEPT_QUANTS
    return bool(quant["sha256"] or quant["quant"] in kept)


def _quant(raw: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    size = raw["file_bytes_exact"] or raw["file_bytes_est"] or raw["tensor_bytes"]
    file, parts = SPLIT.get((model["id"], raw["quant"]), (raw["file"], None))
    return {
        "name": raw["quant"],
        "file": file,
        "repo": raw["sha256_repo"] or model["gguf_repos"][0].split(" ")[0],
        "revision": "main",
        "size_bytes": size,
        "size_exact": raw["file_bytes_exact"] is not None,
        "sha256": raw["sha256"],
        "sha256_source": raw["sha256_source"],
        "token_embd_bytes": raw["token_embd_bytes"],
        "expert_bytes": raw.get("routed_expert_bytes") or None,
        "parts": parts,
        "full_heads": True if model["id"] in OLD_HEADS else None,
        "unloaded_bytes": size - raw["tensor_bytes"] or None,
    }


def _quant_mixed(file: dict[str, Any], model: dict[str, Any]) -> dict[str, Any] | None:
    """A file of mixed types, where only the sum is published. None where not even that is."""
    if file["quant"] == "MXFP4":
        return _mxfp4(file, model)
    sizes = MIXED_PARTS.get(file["quant"], ())
    if not sizes or len(sizes) != file["shards"]:
        return None
    name = model["hf_repo"].split("/")[1]
    return {
        "name": file["quant"],
        "file": f"{name}-{file['quant']}-00001-of-{len(sizes):05d}.gguf",
        "repo": model["gguf_repos"][0],
        "revision": MIXED_REVISION,
        "size_bytes": sum(sizes),
        "size_exact": True,
        "token_embd_bytes": model["vocab"] * model["hidden"] * 144 // 256,  # Q4_K
        "expert_bytes": file["bytes"] - _beside_experts(model),
        "parts": len(sizes),
        "unloaded_bytes": sum(sizes) - file["bytes"],
    }


def _mxfp4(file: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": "MXFP4",
        "file": file["file"],
        "repo": file["repo"],
        "revision": "main",
        "size_bytes": int(MXFP4_GIB * 2**30),
        "size_exact": False,
        "sha256": file["sha256"],
        "sha256_source": file["source"],
        "token_embd_bytes": _q8_0(model["vocab"] * model["hidden"]),
        "expert_bytes": _expert_weights(model) * 17 // 32,  # blocks of 32 in 17 bytes
    }


def _expert_weights(model: dict[str, Any]) -> int:
    one = 3 * model["hidden"] * model["moe_ffn"]
    return int(model["layers"] * model["n_experts"] * one)


def _beside_experts(model: dict[str, Any]) -> int:
    """Bytes of all else: the embeddings in Q4_K, the shared experts in Q5_K, the rest in Q8_0."""
    embeddings = 2 * model["vocab"] * model["hidden"]
    shared = _expert_weights(model) // model["n_experts"] * model["n_shared_experts"]
    rest = model["params_total"] - _expert_weights(model) - embeddings - shared
    return embeddings * 144 // 256 + shared * 176 // 256 + _q8_0(rest)


def _q8_0(weights: int) -> int:
    return weights * 34 // 32  # blocks of 32 weights in 34 bytes


def _weight_sets(raw: dict[str, Any]) -> list[dict[str, Any]]:
    found = [_weight_set(entry, raw) for entry in raw["vllm_repos"]]
    if all(entry["repo"] != raw["hf_repo"] for entry in found):
        own = {"repo": raw["hf_repo"], "format": "BF16", "bits": 16, "verified": True}
        found.insert(0, own)
    return found


def _weight_set(entry: dict[str, Any], model: dict[str, Any]) -> dict[str, Any]:
    form, least = entry["format"], entry.get("vram_min_gb")
    bits = next((n for word, n in BITS.items() if form.startswith(word)), None)
    if bits is None and model.get("weights_gib"):
        bits = round(model["weights_gib"] * 2**30 * 8 / model["params_total"], 2)
    return {
        "repo": entry["repo"],
        "format": form,
        "bits": bits,
        "memory_bytes": least * 2**30 if least else None,
        "least_capability": next((n for word, n in NEEDS.items() if form.startswith(word)), None),
        "least_engine": entry["min_vllm"].split(" ")[0] if "min_vllm" in entry else None,
        "verified": entry.get("verified", True),
    }


def _card(raw: dict[str, Any], date: str) -> dict[str, Any]:
    price, text = _price(raw), raw["bandwidth_source"]
    if raw.get("street_source") and price.get("price_kind") == "street":
        text += f"; price: {raw['street_source']}"
    elif price:
        text += "; price: the vendor's list price at launch"
    gib = MEMORY_SEEN_GIB.get(raw["name"], raw["vram_gb"])
    return {
        "name": raw["name"],
        "aliases": [*raw["aliases"], *ALIASES.get(raw["name"], ())],
        "vendor": raw["vendor"],
        "kind": raw["kind"],
        "vram_bytes": gib * 2**30 if gib else None,
        "memory_bandwidth_gbs": raw["memory_bandwidth_gbs"],
        "compute_capability": raw.get("compute_capability"),
        "tdp_w": raw["tdp_w"],
        "year": raw.get("launch_year"),
        **price,
        "source": {"text": text, "date": date},
    }


def _more_card(row: tuple[str, str, str, int | None, float, str, int, str]) -> dict[str, Any]:
    name, vendor, kind, gib, bandwidth, capability, year, source = row
    return {
        "name": name,
        "vendor": vendor,
        "kind": kind,
        "vram_bytes": gib * 2**30 if gib else None,
        "memory_bandwidth_gbs": bandwidth,
        "compute_capability": capability,
        "year": year,
        "source": {"text": source, "date": "2026-11-25"},
    }


def _price(raw: dict[str, Any]) -> dict[str, Any]:
    """What it costs, by the newest thing that is known with its date; nothing where no date is."""
    street, listed = raw.get("street_usd"), raw.get("launch_msrp_usd")
    if street and raw.get("street_date"):
        # A quarter is no ISO date: its first month, so that the price looks no newer than it is.
        day = re.sub(r"Q([1-4])$", lambda q: f"{int(q[1]) * 3 - 2:02d}", raw["street_date"])
        return {"price_usd": street, "price_kind": "street", "price_date": day}
    if listed and raw.get("launch_year"):
        return {"price_usd": listed, "price_kind": "list", "price_date": str(raw["launch_year"])}
    return {}


def _document(date: str, table: str, rows: list[dict[str, Any]]) -> str:
    parts = [HEADER, f"format = {FORMAT}\n", f"made_on = {_value(date)}\n"]
    for row in rows:
        parts.append(f"\n[[{table}]]\n{_lines(row)}")
        for below in BELOW:
            for nested in row.get(below, ()):
                parts.append(f"[[{table}.{below}]]\n{_lines(nested)}")
    return "".join(parts)


def _lines(row: dict[str, Any]) -> str:
    known = ((key, value) for key, value in row.items() if value not in (None, [], {}))
    return "".join(f"{key} = {_value(value)}\n" for key, value in known if key not in BELOW)


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
