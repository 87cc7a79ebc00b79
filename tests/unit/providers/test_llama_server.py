"""The arguments of the server: typed values in, nothing that anybody could have typed."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import EngineKind, Launch
from core.providers.llama_server import (
    KEY_FILE,
    TEMPLATE_FILE,
    container_argv,
    model_targets,
    server_flags,
)
from tests.contract.launches import STARTER, make_plan


def launch(**changes: object) -> Launch:
    given = Launch(
        deployment_id="d1",
        install_id="i1",
        plan=make_plan(EngineKind.LLAMA_CPP),
        model_path="/m/model.gguf",
        template_path=None,
        key_path="/run/key",
        run_folder="/run",
    )
    return replace(given, **changes)  # type: ignore[arg-type]


def values(argv: list[str], flag: str) -> list[str]:
    return [argv[at + 1] for at, word in enumerate(argv) if word == flag]


def test_what_the_server_is_told() -> None:
    argv = container_argv(launch())
    assert values(argv, "-m") == ["/models/model.gguf"]
    assert values(argv, "--alias") == [STARTER.id]
    assert values(argv, "-c") == ["2048"]
    assert values(argv, "-np") == ["1"]
    assert values(argv, "-t") == ["2"]
    assert values(argv, "--api-key-file") == [KEY_FILE]
    assert values(argv, "--reasoning-format") == ["deepseek"]
    assert {"--jinja", "--no-ui", "--no-slots", "--offline", "--no-repack"} <= set(argv)


def test_what_the_server_is_never_told() -> None:
    """A key in the list could be read by all; the others open doors that nobody needs."""
    never = {"--api-key", "--slot-save-path", "--metrics", "--props", "--rpc", "--tools", "--agent"}
    assert not never & set(container_argv(launch(template_path="/t.jinja")))


def test_choices_that_leave_the_rest_to_the_server() -> None:
    plan = make_plan(EngineKind.LLAMA_CPP, threads=None, repack=True)
    argv = container_argv(launch(plan=plan))
    assert "-t" not in argv
    assert "--no-repack" not in argv
    assert "--chat-template-file" not in argv
    with_template = container_argv(launch(template_path="C:\\x\\y.jinja"))
    assert values(with_template, "--chat-template-file") == [TEMPLATE_FILE]


@pytest.mark.parametrize("wrong", ["", "-x", "a b", "a;b", "A", "a/../b", "x" * 101, "模型", "a\n"])
def test_a_name_that_is_no_catalogue_id_is_a_bug(wrong: str) -> None:
    plan = make_plan(EngineKind.LLAMA_CPP, model=replace(STARTER, id=wrong))
    with pytest.raises(ValueError, match="catalogue id"):
        server_flags(launch(plan=plan))


@pytest.mark.parametrize("changes", [{"context": 0}, {"context": -1}, {"threads": 0}])
def test_numbers_that_make_no_sense_are_a_bug(changes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive"):
        server_flags(launch(plan=make_plan(EngineKind.LLAMA_CPP, **changes)))


@given(
    name=st.text(min_size=1),
    folder=st.text(),
    template=st.none() | st.text(),
    context=st.integers(1, 10**7),
    threads=st.none() | st.integers(1, 1024),
    repack=st.booleans(),
)
def test_no_element_is_free_text(
    name: str,
    folder: str,
    template: str | None,
    context: int,
    threads: int | None,
    repack: bool,
) -> None:
    plan = make_plan(EngineKind.LLAMA_CPP, context=context, threads=threads, repack=repack)
    argv = container_argv(
        launch(
            plan=plan,
            model_path=f"/{folder}/{name}",
            template_path=template,
            key_path=folder,
            run_folder=folder,
        )
    )
    known = set(container_argv(launch(template_path="/t"))) | {str(context), str(threads)}
    strange = [word for word in argv if word not in known]
    assert all(re.fullmatch(r"/models/model-\d{5}-of-\d{5}\.gguf", word) for word in strange), (
        strange
    )
    assert all(re.fullmatch(r"[ -~]+", word) for word in argv)


def test_a_model_in_several_files_keeps_its_numbers() -> None:
    assert model_targets("/m/-x y-00001-of-00002.gguf") == [
        ("-x y-00001-of-00002.gguf", "/models/model-00001-of-00002.gguf"),
        ("-x y-00002-of-00002.gguf", "/models/model-00002-of-00002.gguf"),
    ]
    assert model_targets("/m/--help.gguf") == [("--help.gguf", "/models/model.gguf")]


@pytest.mark.engine
def test_the_real_server_knows_every_flag(llama_server: Path) -> None:
    done = subprocess.run([str(llama_server), "--help"], check=True, capture_output=True, text=True)
    listed = set(re.findall(r"(?<![\w-])--?[a-z][a-z0-9-]*", done.stdout))
    argv = container_argv(launch(template_path="/t.jinja"))
    assert [word for word in argv if word.startswith("-") and word not in listed] == []
