"""The shape of each model in the catalogue that llama.cpp b11434 can load.

The numbers are those of the models' published configurations, written down a second time on
purpose: a slip in the catalogue is to show as an error of the estimate, not to cancel out.
"""

from __future__ import annotations

from dataclasses import replace

from tests.benchmarks.shapes import Shape


def _dense(
    name: str, model: str, arch: str, sizes: tuple[int, ...], context: int = 131072
) -> Shape:
    layers, hidden, ffn, heads, kv_heads, vocab = sizes
    return Shape(
        name=name, ids=(f"deepseek-{model}",), arch=arch, layers=layers, hidden=hidden, ffn=ffn,
        heads=heads, kv_heads=kv_heads, head=128, vocab=vocab, context=context,
        rope_factors=arch == "llama" and context > 4096,
    )  # fmt: skip


def _ids(*versions: str) -> tuple[str, ...]:
    return tuple(f"deepseek-{each}" for each in versions)


_BIG = ("Q2_K", "Q4_K_M", "Q8_0")
_LITE = Shape(
    name="V2-Lite", ids=_ids("coder-v2-lite-instruct", "v2-lite-chat"), arch="deepseek2",
    layers=27, hidden=2048, ffn=10944, heads=16, kv_heads=1, head=576, vocab=102400,
    context=163840, experts=64, used=6, expert_ffn=1408, shared=2, dense=1,
)  # fmt: skip
_V3 = Shape(
    name="V3", ids=_ids("v3", "r1", "v3-0324", "r1-0528", "v3.1", "v3.1-terminus"),
    arch="deepseek2", layers=61, hidden=7168, ffn=18432, heads=128, kv_heads=1, head=576,
    vocab=129280, context=163840, q_lora=1536, experts=256, used=8, expert_ffn=2048, shared=1,
    dense=3, quants=_BIG,
)  # fmt: skip
_FLASH = Shape(
    name="V4-Flash", ids=_ids("v4-flash", "v4-flash-0731", "v4-flash-vision-exp"),
    arch="deepseek4", layers=43, hidden=4096, ffn=2048, heads=64, kv_heads=1, head=512,
    vocab=129280, context=1048576, q_lora=1024, experts=256, used=6, expert_ffn=2048, shared=1,
    ratios=(0, 0, *(4 if layer % 2 == 0 else 128 for layer in range(41))), groups=8,
    quants=("Q2_K", "Q4_K_M", "MXFP4_MOE"),
)  # fmt: skip

SHAPES = (
    _dense("1.5B", "r1-distill-qwen-1.5b", "qwen2", (28, 1536, 8960, 12, 2, 151936)),
    _dense("7B", "r1-distill-qwen-7b", "qwen2", (28, 3584, 18944, 28, 4, 152064)),
    _dense("Llama-8B", "r1-distill-llama-8b", "llama", (32, 4096, 14336, 32, 8, 128256)),
    _dense("0528-8B", "r1-0528-qwen3-8b", "qwen3", (36, 4096, 12288, 32, 8, 151936)),
    _dense("14B", "r1-distill-qwen-14b", "qwen2", (48, 5120, 13824, 40, 8, 152064)),
    _dense("32B", "r1-distill-qwen-32b", "qwen2", (64, 5120, 27648, 40, 8, 152064)),
    _dense("70B", "r1-distill-llama-70b", "llama", (80, 8192, 28672, 64, 8, 128256)),
    _dense("LLM 7B", "llm-7b-chat", "llama", (30, 4096, 11008, 32, 32, 102400), 4096),
    _dense("LLM 67B", "llm-67b-chat", "llama", (95, 8192, 22016, 64, 8, 102400), 4096),
    _LITE,
    replace(_LITE, name="V2-Lite, old file", split_heads=False, kv_heads=16, head=192),
    _V3,
    replace(_V3, name="V3, old file", split_heads=False, kv_heads=128, head=192),
    replace(_V3, name="V3.2", ids=_ids("v3.2-exp", "v3.2"), arch="deepseek32", extra_layers=1),
    _FLASH,
    replace(
        _FLASH, name="V4-Pro", ids=_ids("v4-pro", "v4-pro-0813"), layers=61, hidden=7168,
        ffn=3072, heads=128, q_lora=1536, experts=384, expert_ffn=3072, groups=16,
        ratios=(128, *(128 if layer % 2 == 0 else 4 for layer in range(60))),
    ),
)  # fmt: skip
