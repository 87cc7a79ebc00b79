"""llama.cpp's own programs, built once, each in one static file, from the source in the index."""

from __future__ import annotations

import os
import subprocess
import tarfile
from pathlib import Path

from tests.bench import cache, tools

BUILD = "b11434"

# One program without any library beside it. With OpenMP the static link fails.
_OPTIONS = (
    "BUILD_SHARED_LIBS=OFF",
    "GGML_NATIVE=OFF",
    "GGML_AVX2=ON",
    "GGML_FMA=ON",
    "GGML_F16C=ON",
    "GGML_OPENMP=OFF",
    "LLAMA_CURL=OFF",
    "LLAMA_OPENSSL=OFF",
    "LLAMA_BUILD_TESTS=OFF",
    "LLAMA_BUILD_UI=OFF",
    "CMAKE_BUILD_TYPE=Release",
    "CMAKE_EXE_LINKER_FLAGS=-static",
)


_PROGRAMS = ("llama-server", "llama-fit-params", "llama-quantize")


def llama_server() -> Path:
    """The server. The first time takes about 12 minutes of processor time; later none."""
    return _program("llama-server")


def fit_params() -> Path:
    """What plans a model's memory as the server does, and prints it."""
    return _program("llama-fit-params")


def quantize() -> Path:
    """What decides which tensor gets which type in a quantization."""
    return _program("llama-quantize")


def _program(name: str) -> Path:
    targets = {each: f"{each}-{BUILD}" for each in _PROGRAMS}
    if (there := cache.folder() / targets[name]).exists():
        return there
    with cache.made_together(f"llama.cpp-{BUILD}", targets.values()) as fresh:
        if fresh is not None:
            missing = [each for each, target in targets.items() if cache.missing(target)]
            _build(fresh, missing)
            for each in missing:
                (fresh / "build" / "bin" / each).replace(fresh / targets[each])
    return there


def _build(work: Path, programs: list[str]) -> None:
    tools.need("cmake", "c++", "make")
    archive = cache.download(cache.LLAMA_CPP, work)
    with tarfile.open(archive) as source:
        # Debian 12's Python 3.11.2 has no `filter` argument yet; the hash is pinned anyway.
        source.extraction_filter = getattr(tarfile, "data_filter", None)
        source.extractall(work / "source")  # noqa: S202
    (folder,) = (work / "source").iterdir()
    build = work / "build"
    options = [f"-D{option}" for option in _OPTIONS]
    configure = ["cmake", "-B", str(build), "-S", str(folder / "llama.cpp"), *options]
    jobs = str(os.cpu_count() or 2)
    make = ["cmake", "--build", str(build), "--target", *programs, "-j", jobs]
    for command in (configure, make):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
