"""The bench as pytest fixtures. Each is made once in a run, when a test first asks for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import models, server
from tests.bench.bench import Bench, bench


@pytest.fixture(scope="session")
def real_bench() -> Iterator[Bench]:
    """A container engine, a registry with the engine's image, and the starter model."""
    with bench() as parts:
        yield parts


@pytest.fixture(scope="session")
def starter_model() -> Path:
    """SmolLM2-135M-Instruct, 98 MB."""
    return models.starter()


@pytest.fixture(scope="session")
def seven_b_model() -> Path:
    """DeepSeek-R1-Distill-Qwen-7B without weights: 4.68 GB long, 6 MB on disk."""
    return models.seven_b()


@pytest.fixture(scope="session")
def llama_server() -> Path:
    """llama.cpp's server, one static program."""
    return server.llama_server()
