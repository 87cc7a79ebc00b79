"""What a look at an engine means to a person, and what can be done about it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.domain import EndpointState, Status
from core.edges import keys
from core.errors import AppError
from core.providers.engine_failures import _CAUSES, _REMEDIES, failure, status_of
from core.text import LANGUAGES, Text

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("note", [*sorted(_REMEDIES), None])
def test_every_note_has_its_words(note: str | None, language: str) -> None:
    params = {"key_unreadable": (("path", "/k"),), "docker_remote": (("address", "tcp://x"),)}
    status = Status(
        state=EndpointState.FAILED, note=note, note_params=params.get(note or "", ()), detail="d"
    )
    error = failure(status)
    assert error.code == (note or "engine_failed")
    text = Text(language)
    assert text.has(f"error.{error.code}.title")
    assert text.has(f"remedy.{error.remedy}")
    said = text.error(error).values()
    assert not [sentence for sentence in said if set("[{?") & set(sentence)]


def test_every_cause_in_a_log_and_every_trouble_with_a_container_is_known() -> None:
    source = (ROOT / "core/edges/docker_engine.py").read_text(encoding="utf-8")
    source += (ROOT / "core/edges/docker_address.py").read_text(encoding="utf-8")
    of_docker = set(re.findall(r'AppError\(\s*"(docker_[a-z_]+)"', source))
    assert len(of_docker) >= 7
    assert of_docker | {note for note, _ in _CAUSES} <= set(_REMEDIES)


def test_what_a_look_found_keeps_its_places_on_the_way(tmp_path: Path) -> None:
    with pytest.raises(AppError) as caught:
        keys.read_key(tmp_path / "key")
    error = failure(status_of(caught.value, EndpointState.FAILED))
    assert (error.code, error.remedy) == (caught.value.code, caught.value.remedy)
    assert error.params == caught.value.params
