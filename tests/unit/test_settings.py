"""The settings file: written whole, read strictly, never overwritten when it cannot be read."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from core import settings as module
from core.domain import Answers, Money, Purpose, Sensitivity
from core.settings import VERSION, Settings, load_settings, save_settings

FULL = Settings(
    language="zh_CN",
    theme="dark",
    model_folder="/data/模型",
    answers=Answers(
        sensitivity=Sensitivity.REGULATED,
        budget=Money(amount=Decimal("1200.50"), currency="CNY"),
        horizon_months=24,
        purpose=Purpose.CODE,
        hours_per_day=3.5,
        country="CN",
    ),
    wizard_done=True,
    wizard_page="plan",
)


@pytest.mark.parametrize("chosen", [Settings(), FULL])
def test_what_is_saved_is_loaded(tmp_path: Path, chosen: Settings) -> None:
    path = tmp_path / "state" / "settings.json"
    save_settings(path, chosen)
    assert load_settings(path) == module.Loaded(settings=chosen)
    if os.name == "posix":
        assert path.stat().st_mode & 0o777 == 0o600
        assert path.parent.stat().st_mode & 0o777 == 0o700


def test_no_file_is_the_defaults(tmp_path: Path) -> None:
    assert load_settings(tmp_path / "none.json") == module.Loaded(settings=Settings())


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0" * 300,
        b"{",
        b"[]",
        b"null",
        b"{}",
        b'{"version": 0}',
        b'{"version": true}',
        b'{"version": "1"}',
        json.dumps({"version": VERSION + 1}).encode(),
        json.dumps({"version": VERSION, "language": "fr"}).encode(),
        json.dumps({"version": VERSION, "wizard_done": "yes"}).encode(),
        json.dumps({"version": VERSION, "answers": {"budget": 1}}).encode(),
        b"[" * 100_000,
        b'"' + b"x" * 2_000_000 + b'"',
        b"\xff\xfe",
    ],
)
def test_what_cannot_be_used_is_set_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    loaded = load_settings(path)
    assert loaded.settings == Settings()
    assert loaded.set_aside is not None
    assert loaded.set_aside.read_bytes() == content
    save_settings(path, FULL)
    assert loaded.set_aside.read_bytes() == content


@given(content=st.binary(max_size=200))
@budget(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_load(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.json"
    path.write_bytes(content)
    assert isinstance(load_settings(path).settings, Settings)


def test_an_older_version_is_carried_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(raw: dict[str, object]) -> dict[str, object]:
        raw["theme"] = raw.pop("colours")
        return {**raw, "version": 2}

    monkeypatch.setattr(module, "VERSION", 2)
    monkeypatch.setattr(module, "_MIGRATIONS", {1: rename})
    path = tmp_path / "settings.json"
    path.write_text('{"version": 1, "colours": "dark"}')
    assert load_settings(path).settings == replace(Settings(), version=2, theme="dark")
