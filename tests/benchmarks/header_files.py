"""Model files of a given shape without weights: a true head, then a hole as long as the weights.

llama.cpp plans the memory of such a file as it does for a real one. Which type each tensor gets in
a quantization is asked of llama-quantize itself, so that the mixture is that of real files.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

import gguf
import numpy as np

from tests.benchmarks.shapes import Shape, Value

_TYPES = {
    gguf.GGMLQuantizationType(kind).name.lower(): gguf.GGMLQuantizationType(kind)
    for kind in gguf.GGMLQuantizationType
}
_FILE_TYPES = {kind.name.removeprefix("MOSTLY_"): int(kind) for kind in gguf.LlamaFileType}
_ROW = re.compile(r"^\[ *\d+/ *\d+\] +(\S+) .*type = +(\w+), size = .*?(?:-> .*\((\w+)\))?$", re.M)


def write(path: Path, shape: Shape, types: Mapping[str, str], file_type: str) -> None:
    """Writes the file, sparsely. `types` names the type of each tensor that is not as it was."""
    writer = gguf.GGUFWriter(path, shape.arch)
    writer.add_name(shape.name)
    writer.add_file_type(_FILE_TYPES[file_type])
    writer.add_tokenizer_model("none")
    writer.add_token_list([f"<{number}>" for number in range(shape.vocab)])
    for key, value in shape.metadata().items():
        _add(writer, f"{shape.arch}.{key}", value)
    for name, dims, kind in shape.tensors():
        _add_tensor(writer, name, dims, types.get(name, kind))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    infos = [info for part in writer.tensors for info in part.values()]
    writer.close()
    start = -(-path.stat().st_size // 32) * 32
    with path.open("r+b") as file:
        file.truncate(start + sum(-(-info.nbytes // 32) * 32 for info in infos))


def _add(writer: gguf.GGUFWriter, key: str, value: Value) -> None:
    if isinstance(value, bool):
        writer.add_bool(key, value)
    elif isinstance(value, int):
        writer.add_uint32(key, value)
    elif isinstance(value, float):
        writer.add_float32(key, value)
    elif isinstance(value, str):
        writer.add_string(key, value)
    else:
        writer.add_array(key, value)


def _add_tensor(writer: gguf.GGUFWriter, name: str, dims: tuple[int, ...], kind: str) -> None:
    known = _TYPES[kind.lower()]
    block, size = gguf.GGML_QUANT_SIZES[known]
    count = 1
    for one in dims:
        count *= one
    writer.add_tensor_info(
        name, list(reversed(dims)), np.dtype(np.float16), count // block * size, raw_dtype=known
    )


def mixture(quantize: Path, whole: Path, quant: str) -> dict[str, str]:
    """The type that llama-quantize would give each tensor of a file in F16."""
    command = [str(quantize), "--dry-run", str(whole), quant]
    told = subprocess.run(
        command, capture_output=True, text=True, timeout=120, check=True, cwd=whole.parent
    )
    found = {name: new or old for name, old, new in _ROW.findall(told.stdout + told.stderr)}
    return {name: kind.upper() for name, kind in found.items()}


def make(folder: Path, shape: Shape, quants: Iterable[str], quantize: Path) -> dict[str, Path]:
    """One file for each quantization."""
    stem = re.sub(r"\W+", "-", shape.name)
    whole = folder / f"{stem}-F16.gguf"
    write(whole, shape, {}, "F16")
    made = {}
    for quant in quants:
        made[quant] = folder / f"{stem}-{quant}.gguf"
        write(made[quant], shape, mixture(quantize, whole, quant), quant)
    whole.unlink()
    return made
