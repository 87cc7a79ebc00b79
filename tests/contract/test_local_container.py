"""The container provider on a real engine, with the real server and a real model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from core.domain import EngineKind, Launch
from core.edges.places import Places, read_places
from core.providers.base import Provider
from core.providers.local_container import LocalContainer
from tests.bench.bench import Bench
from tests.contract.launches import make_launch, make_plan
from tests.contract.provider_contract import ProviderContract

pytestmark = [pytest.mark.docker, pytest.mark.engine]


@pytest.fixture
def places(real_bench: Bench, tmp_path: Path) -> Places:
    return read_places({**real_bench.environment, "DEEPBERTH_HOME": str(tmp_path)})


@pytest.fixture
def launch(tmp_path: Path, starter_model: Path) -> Launch:
    return make_launch(tmp_path, starter_model, make_plan(EngineKind.LLAMA_CPP))


class TestLocalContainer(ProviderContract):
    @pytest.fixture
    def provider(self, places: Places) -> Provider:
        return LocalContainer(places)

    @pytest.fixture
    def launch(self, launch: Launch) -> Launch:
        return replace(launch)
