"""Where a model file can come from, what it must look like, and under which name it is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.edges.places import read_places
from core.errors import AppError
from core.progress import CancelToken, Progress, silent
from core.setup import sources
from core.setup.weights import fetch_weights, remove_weights
from tests.stand_ins.file_server import Behaviour, FileServer
from tests.unit.setup.plans import gguf, make_places, make_plan

CONTENT = gguf(50_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def hub() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def test_the_addresses_and_their_order(tmp_path: Path) -> None:
    quant = make_plan(tmp_path, CONTENT).quant
    found = sources.origins(quant, read_places({}))
    tail = f"somebody/tiny-GGUF/resolve/{'0' * 40}/tiny.gguf"
    assert [origin.url for origin in found] == [
        f"https://huggingface.co/{tail}",
        f"https://hf-mirror.com/{tail}",
        "https://modelscope.cn/models/somebody/tiny-GGUF/resolve/master/tiny.gguf",
    ]
    assert all(origin.trusted == () for origin in found)
    own = sources.origins(quant, read_places({"HF_ENDPOINT": "http://mirror.lan:8080/"}))
    assert [(origin.url, origin.trusted) for origin in own] == [
        (f"http://mirror.lan:8080/{tail}", ("mirror.lan:8080",))
    ]
    scope = read_places({"DEEPBERTH_MODELSCOPE_ENDPOINT": "http://scope.lan"})
    assert sources.origins(quant, scope)[2].trusted == ("scope.lan",)
    assert sources.origins(replace(quant, repo=""), read_places({})) == ()


BAD_NAMES = [
    "", ".", "..", ".hidden", "../x", "..\\x", "a/b", "a\\b", "/etc/passwd", "C:x", "C:\\x",
    "\\\\host\\share", "a\0b", "CON", "con.gguf", "NUL", "aux.txt", "COM1.gguf", "lpt9", "x" * 300,
    "mоdel.gguf", "a b", "a\nb", "a:b", "a*", "~", "$HOME", "%TEMP%", "a;b", "a|b", "模型.gguf",
    "a\u202egpj", "…", "-\u2215-",
]  # fmt: skip


@pytest.mark.parametrize("name", BAD_NAMES)
def test_names_that_are_no_file_names(tmp_path: Path, name: str) -> None:
    plan = make_plan(tmp_path, CONTENT)
    for bad in (
        replace(plan, quant=replace(plan.quant, file=name)),
        replace(plan, model=replace(plan.model, id=name)),
    ):
        with pytest.raises(AppError) as failed:
            sources.target(bad)
        assert failed.value.code == "bad_file_name"


def test_a_hash_that_is_not_pinned_is_asked_of_the_hub(tmp_path: Path, hub: FileServer) -> None:
    plan = make_plan(tmp_path, CONTENT)
    plan = replace(
        plan, quant=replace(plan.quant, sha256=None, size_exact=False, size_bytes=49_000)
    )
    quant = plan.quant
    places = make_places(tmp_path, hub.url)
    with pytest.raises(AppError) as failed:
        fetch_weights(plan, places, silent, CancelToken())
    assert failed.value.code == "hash_unknown"
    hub.add_model(quant.repo, quant.revision, quant.file, CONTENT, SHA256)
    found = fetch_weights(plan, places, silent, CancelToken())
    assert (found.sha256, found.checked, found.origin) == (SHA256, True, "fetched")
    assert Path(found.path).read_bytes() == CONTENT


@pytest.mark.parametrize(
    "listed",
    ["[]", "{}", "null", '[{"path": "tiny.gguf"}]', '[{"path": "tiny.gguf", "size": 5}]',
     '[{"path": "tiny.gguf", "lfs": {"oid": "../../x", "size": 5}}]',
     '[{"path": "tiny.gguf", "lfs": {"oid": 5, "size": 5}}]',
     f'[{{"path": "tiny.gguf", "lfs": {{"oid": "{SHA256}", "size": -5}}}}]', "<html>"],
)  # fmt: skip
def test_a_list_that_does_not_say_it(tmp_path: Path, hub: FileServer, listed: str) -> None:
    plan = make_plan(tmp_path, CONTENT)
    plan = replace(plan, quant=replace(plan.quant, sha256=None))
    hub.add(f"/api/models/{plan.quant.repo}/tree/{plan.quant.revision}", listed)
    with pytest.raises(AppError) as failed:
        fetch_weights(plan, make_places(tmp_path, hub.url), silent, CancelToken())
    assert failed.value.code == "hash_unknown"


def test_a_hub_that_names_another_hash_than_the_pinned_one(tmp_path: Path, hub: FileServer) -> None:
    plan = make_plan(tmp_path, CONTENT)
    plan = replace(plan, quant=replace(plan.quant, size_exact=False))
    hub.add_model(plan.quant.repo, plan.quant.revision, plan.quant.file, CONTENT + b"x", "f" * 64)
    with pytest.raises(AppError) as failed:
        fetch_weights(plan, make_places(tmp_path, hub.url), silent, CancelToken())
    assert failed.value.code == "hash_unknown"


@pytest.mark.parametrize(("kind", "vouches"), [("hub", True), ("hub_mirror", False)])
def test_a_mirror_brings_the_bytes_and_does_not_say_which_are_right(
    tmp_path: Path, hub: FileServer, monkeypatch: pytest.MonkeyPatch, kind: str, vouches: bool
) -> None:
    quant = replace(make_plan(tmp_path, CONTENT).quant, sha256=None, size_exact=False)
    hub.add_model(quant.repo, quant.revision, quant.file, CONTENT, SHA256)
    places = make_places(tmp_path, hub.url)
    (own,) = sources.origins(quant, places)
    monkeypatch.setattr(sources, "origins", lambda *_: (replace(own, kind=kind),))
    if vouches:
        assert sources.pinned(quant, places, CancelToken()).sha256 == SHA256
        return
    with pytest.raises(AppError) as failed:
        sources.pinned(quant, places, CancelToken())
    assert failed.value.code == "hash_unknown"


def test_a_size_that_is_not_known_is_asked_of_the_file(tmp_path: Path, hub: FileServer) -> None:
    """A server with the file and without a list of files: the pinned hash is enough."""
    plan = make_plan(tmp_path, CONTENT)
    estimate = round(len(CONTENT) * 1.04)
    plan = replace(plan, quant=replace(plan.quant, size_exact=False, size_bytes=estimate))
    places = make_places(tmp_path, hub.url)
    path = f"/{plan.quant.repo}/resolve/{plan.quant.revision}/{plan.quant.file}"
    with pytest.raises(AppError) as failed:
        fetch_weights(plan, places, silent, CancelToken())
    assert failed.value.code == "http_status"
    for content, how in ((CONTENT * 2, Behaviour()), (CONTENT, Behaviour(html=True))):
        hub.add(path, content, how)
        with pytest.raises(AppError) as failed:
            fetch_weights(plan, places, silent, CancelToken())
        assert failed.value.code == "not_the_file"
    hub.add(path, CONTENT)
    found = fetch_weights(plan, places, silent, CancelToken())
    assert (found.sha256, found.checked) == (SHA256, True)
    hub.files.clear()
    asked = len(hub.requests)
    assert fetch_weights(plan, places, silent, CancelToken()) == found  # here: nobody is asked
    assert len(hub.requests) == asked


def test_the_starter_comes_from_its_package_and_is_hashed_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "tiny.gguf").write_bytes(CONTENT)
    monkeypatch.setattr(sources, "_BUNDLED", package)
    plan = make_plan(tmp_path, CONTENT)
    plan = replace(plan, model=replace(plan.model, starter=True))
    found = fetch_weights(plan, make_places(tmp_path), silent, CancelToken())
    assert (found.path, found.origin) == (str(package / "tiny.gguf"), "packaged")
    said: list[Progress] = []
    assert fetch_weights(plan, make_places(tmp_path), said.append, CancelToken()) == found
    assert said == []
    assert remove_weights(plan) >= 0
    assert (package / "tiny.gguf").exists()


def test_a_packaged_starter_with_a_wrong_byte_is_fetched_instead(
    tmp_path: Path, hub: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "package"
    package.mkdir()
    (package / "tiny.gguf").write_bytes(CONTENT[:-1] + b"!")
    monkeypatch.setattr(sources, "_BUNDLED", package)
    plan = make_plan(tmp_path, CONTENT)
    plan = replace(plan, model=replace(plan.model, starter=True))
    quant = plan.quant
    hub.add_model(quant.repo, quant.revision, quant.file, CONTENT, SHA256, Behaviour())
    found = fetch_weights(plan, make_places(tmp_path, hub.url), silent, CancelToken())
    assert found.origin == "fetched"


def test_only_the_starter_is_looked_for_in_the_package(tmp_path: Path) -> None:
    assert sources.packaged(make_plan(tmp_path, CONTENT)) is None
