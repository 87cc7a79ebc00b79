"""Any model file, from its head alone: here, on a server, in parts, or none at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.advice.memory import usable_bytes
from core.cli.advice_lines import Lines
from core.cli.columns import MOST, width
from core.cli.own_file import own_file_json, own_file_lines, read_model, tell, verdict_of
from core.domain import Experts
from core.errors import AppError
from core.progress import CancelToken
from core.text import LANGUAGES, Text
from tests.stand_ins.file_server import Behaviour, FileServer
from tests.unit.advice import parts
from tests.unit.setup.plans import gguf

SMALL_ID, LARGE_ID = "deepseek-r1-distill-qwen-7b", "deepseek-r1-distill-llama-70b"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as made:
        yield made


def told(model_id: str, quant: str = "Q4_K_M", *gpus: object, **changes: object):
    model, file = parts.model(model_id), parts.quant(model_id, quant)
    profile = parts.profile(*gpus, **changes)  # type: ignore[arg-type]
    return model, file, profile, tell(model, file, profile, parts.catalog())


def read(source: str) -> str:
    with pytest.raises(AppError) as caught:
        read_model(source, CancelToken())
    assert caught.value.field == "gguf"
    return f"{caught.value.code} {caught.value.remedy}"


def test_each_context_has_its_fit_and_takes_more_than_the_one_before() -> None:
    _, _, profile, found = told(SMALL_ID, "Q4_K_M", parts.gpu(gib=24))
    assert [one.context for one in found] == [4096, 8192, 32768]
    needed = [one.needed_bytes or 0 for one in found]
    assert needed == sorted(set(needed))
    for one in found:
        assert one.fit is not None
        assert one.speed is not None
        for part in one.fit.parts:
            assert part.needed_bytes <= usable_bytes(part.device)
    assert verdict_of(found[0]) == "comfortable"
    assert profile.devices[0].gpu is not None


def test_what_does_not_fit_says_how_much_it_would_take() -> None:
    model, file, _, found = told(LARGE_ID, "Q4_K_M", ram_gib=8)
    assert [verdict_of(one) for one in found] == ["no"] * 3
    assert all((one.needed_bytes or 0) > file.size_bytes for one in found)
    text = "\n".join(
        own_file_lines(model, file, found, Lines(say=Text("en"), answers=parts.answers()))
    )
    assert text.count("Does not fit") == 3


def test_memory_that_is_missing_beside_a_card_is_what_is_told() -> None:
    _, _, _, found = told(SMALL_ID, "Q4_K_M", parts.gpu(), ram_gib=64, free_gib=1)
    for one in found:
        assert (verdict_of(one), one.where) == ("no", "A processor")
        assert (one.needed_bytes or 0) > (one.available_bytes or 0) > 0


def test_figures_that_contradict_lead_to_no_verdict() -> None:
    experts = Experts(count=8, used=2, shared=0, ffn=1024, dense_layers=99)
    model = replace(parts.model(SMALL_ID), experts=experts)
    found = tell(model, parts.quant(SMALL_ID, "Q4_K_M"), parts.profile(), parts.catalog())
    assert {verdict_of(one) for one in found} == {None}


def test_a_model_that_forgets_soon_is_not_asked_for_more() -> None:
    model = replace(parts.model(SMALL_ID), max_context=2048)
    found = tell(model, parts.quant(SMALL_ID, "Q4_K_M"), parts.profile(), parts.catalog())
    assert [one.context for one in found] == [2048]


def test_a_head_that_says_too_little_leads_to_no_verdict() -> None:
    model = replace(parts.model(SMALL_ID), attention=None)
    file = parts.quant(SMALL_ID, "Q4_K_M")
    found = tell(model, file, parts.profile(), parts.catalog())
    assert {verdict_of(one) for one in found} == {None}
    data = own_file_json("/x/own.gguf", model, file, found)
    assert (data["file"], data["verdict"]) == ("own.gguf", None)
    lines = own_file_lines(model, file, found, Lines(say=Text("en"), answers=parts.answers()))
    assert "cannot be told" in "\n".join(lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_for_people_and_for_programs(language: str) -> None:
    model, file, _, found = told(LARGE_ID, "Q4_K_M", parts.gpu(), parts.gpu())
    data = json.loads(json.dumps(own_file_json("own.gguf", model, file, found), allow_nan=False))
    assert data["model"]["layers"] == 80
    assert len(data["contexts"][0]["fit"]["parts"]) >= 2
    lines = own_file_lines(model, file, found, Lines(say=Text(language), answers=parts.answers()))
    assert all(width(line) <= MOST for line in lines)
    assert not set("[]{}") & set("".join(lines))


def test_no_model_file_is_refused(tmp_path: Path) -> None:
    for name, content, code in (
        ("none.gguf", b"MZ", "not_a_model_file"),
        ("empty.gguf", b"", "not_a_model_file"),
        ("cut.gguf", gguf()[:100], "model_file_truncated"),
        ("no-figures.gguf", gguf(), "not_a_model_file"),  # says nothing of its layers
    ):
        (tmp_path / name).write_bytes(content)
        assert read(str(tmp_path / name)) == f"{code} choose_file"
    assert read(str(tmp_path / "nothing.gguf")) == "file_not_readable fix_file"
    assert read(str(tmp_path)) == "file_not_readable fix_file"


def test_of_a_file_on_a_server_only_the_head_is_fetched(
    server: FileServer, starter_model: Path
) -> None:
    here = read_model(str(starter_model), CancelToken())
    url = server.add("/models/a.gguf", starter_model)
    there = read_model(url, CancelToken())
    assert there == here or replace(there[1], file=here[1].file) == here[1]
    assert server.sent["/models/a.gguf"] < starter_model.stat().st_size / 2


def test_what_a_server_says_instead(server: FileServer) -> None:
    page = server.add("/page.gguf", b"x", Behaviour(html=True))
    assert read(page) == "not_a_model_file choose_file"
    gone = server.add("/gone.gguf", b"x", Behaviour(status=404))
    assert read(gone)
    assert read("http://127.0.0.1:9/nobody.gguf")
