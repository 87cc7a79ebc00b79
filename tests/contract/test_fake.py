"""The stand-in for rehearsals keeps the contract of the real ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.domain import EndpointState, EngineKind, Launch
from core.errors import AppError
from core.providers.base import Provider
from core.providers.fake import Fake
from tests.contract.launches import make_launch, make_plan
from tests.contract.provider_contract import ProviderContract


class TestFake(ProviderContract):
    @pytest.fixture
    def provider(self) -> Provider:
        return Fake()

    @pytest.fixture
    def launch(self, tmp_path: Path) -> Launch:
        model = tmp_path / "model.gguf"
        model.write_bytes(b"GGUF")
        return make_launch(tmp_path, model, make_plan(EngineKind.BUILTIN))


def test_it_can_play_a_provider_that_cannot_be_used() -> None:
    with pytest.raises(AppError) as caught:
        Fake(problem=AppError("docker_not_running", remedy="start_docker")).check()
    assert caught.value.remedy == "start_docker"


def test_it_can_play_a_start_that_fails(tmp_path: Path) -> None:
    fake = Fake(failure="engine_out_of_memory")
    launch = make_launch(tmp_path, tmp_path / "model.gguf", make_plan(EngineKind.BUILTIN))
    status = fake.poll(fake.start(launch))
    assert (status.state, status.note) == (EndpointState.FAILED, "engine_out_of_memory")
