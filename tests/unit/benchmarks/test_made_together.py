"""Files that are made together: only what is missing, and nothing from a run that died."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import cache


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    return tmp_path


def test_what_is_there_stays_and_the_rest_is_made(folder: Path) -> None:
    (folder / "a").write_text("old")
    with cache.made_together("all", ["a", "b", "c"]) as fresh:
        assert fresh is not None
        for name in ("a", "b", "c"):
            (fresh / name).write_text("new")
    assert [(folder / name).read_text() for name in ("a", "b", "c")] == ["old", "new", "new"]
    with cache.made_together("all", ["a", "b", "c"]) as fresh:
        assert fresh is None


def die(fresh: Path | None) -> None:
    assert fresh is not None
    (fresh / "a").write_text("half")
    raise RuntimeError


def test_a_run_that_died_leaves_nothing(folder: Path) -> None:
    with pytest.raises(RuntimeError), cache.made_together("all", ["a", "b"]) as fresh:
        die(fresh)
    assert [path.name for path in folder.iterdir()] == ["all.lock"]
    assert cache.missing("a")
