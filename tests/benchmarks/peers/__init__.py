"""Other public estimators, each at a pinned version with only its own packages around it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench import cache

HERE = Path(__file__).parent
_PATIENCE_S = 600.0

Answer = list[float] | None  # bytes, in each way of reading its figure; None: it has none


@dataclass(frozen=True)
class Peer:
    name: str
    script: str
    packages: str | None  # None: it is among our own locked packages


PEERS = (
    Peer("modelinfo-cli", "ask_modelinfo.py", "modelinfo-cli.txt"),
    Peer("ggufit", "ask_ggufit.py", "ggufit.txt"),
    Peer("xllamacpp", "ask_xllamacpp.py", None),
)


def ask(peer: Peer, rows: Sequence[dict[str, Any]]) -> list[Answer]:
    """Its answer to each row. Raises: CalledProcessError with its own words on standard error."""
    command, environment = [sys.executable], dict(os.environ)
    if peer.packages is not None:
        command.append("-S")  # without it our own packages would be in its way
        environment["PYTHONPATH"] = str(_installed(HERE / peer.packages))
    done = subprocess.run(
        [*command, str(HERE / peer.script)],
        input=json.dumps(rows),
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        timeout=_PATIENCE_S,
        check=True,
    )
    answers: list[Answer] = json.loads(done.stdout)
    return answers


def _installed(lock: Path) -> Path:
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()[:12]
    with cache.made_once(f"peer-{lock.stem}-{digest}") as (target, fresh):
        if fresh is not None:
            command = [sys.executable, "-m", "pip", "install", "-qq", "--no-deps"]
            command += ["--disable-pip-version-check", "--only-binary", ":all:"]
            command += ["--require-hashes", "-r", str(lock), "--target", str(fresh)]
            subprocess.run(command, check=True)
            shutil.rmtree(fresh / "bin", ignore_errors=True)
    return target
