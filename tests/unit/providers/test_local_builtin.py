"""What the built-in provider makes of the files and processes it finds. No engine is started."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from core.domain import Accelerator, EndpointState, EngineKind, Handle, Launch
from core.edges import files, processes
from core.edges.places import read_places
from core.errors import AppError
from core.providers import builtin_engine, local_builtin
from core.providers.builtin_engine import Ready
from core.providers.engine_failures import cause_in_log
from core.providers.local_builtin import LocalBuiltin, Started
from tests.contract.launches import make_launch, make_plan
from tests.stand_ins.engine import StandInEngine

NOBODY = 2**22 - 3  # above what the system gives out


@pytest.fixture
def provider(tmp_path: Path) -> LocalBuiltin:
    return LocalBuiltin(read_places({"DEEPBERTH_HOME": str(tmp_path)}))


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    return make_launch(tmp_path, tmp_path / "model.gguf", make_plan(EngineKind.BUILTIN))


@pytest.fixture
def handle(launch: Launch) -> Handle:
    """Of an engine that was set up and does not run."""
    config = local_builtin._config(launch)
    folder = Path(launch.run_folder)
    folder.joinpath("config.json").write_bytes(msgspec.json.encode(config))
    return Handle(provider="local_builtin", ref=str(folder), deployment_id=launch.deployment_id)


def put(handle: Handle, record: object) -> None:
    name = "ready.json" if isinstance(record, Ready) else "process.json"
    files.write_atomic(Path(handle.ref, name), msgspec.json.encode(record))


def started(**changes: Any) -> Started:
    known = Started(
        pid=NOBODY,
        started_at=100.0,
        boot=processes.this_boot(),
        wanted=True,
        out_of_memory_kills=processes.out_of_memory_kills(),
    )
    return replace(known, **changes)


def ready(state: str, **changes: Any) -> Ready:
    known = Ready(state=state, pid=NOBODY, started_at=100.0, boot=processes.this_boot())
    return replace(known, **changes)


# --- looking ----------------------------------------------------------------------------------


def test_nothing_there_is_gone(provider: LocalBuiltin, tmp_path: Path) -> None:
    handle = Handle(provider="x", ref=str(tmp_path / "run" / "none"), deployment_id="none")
    assert provider.poll(handle).state is EndpointState.GONE


def test_set_up_and_never_started_is_stopped(provider: LocalBuiltin, handle: Handle) -> None:
    assert provider.poll(handle).state is EndpointState.STOPPED


def test_dead_and_meant_to_be_is_stopped(provider: LocalBuiltin, handle: Handle) -> None:
    put(handle, started(wanted=False))
    put(handle, ready("ready"))
    assert provider.poll(handle).state is EndpointState.STOPPED


def test_dead_and_not_meant_to_be_has_crashed(provider: LocalBuiltin, handle: Handle) -> None:
    put(handle, started())
    put(handle, ready("ready"))
    Path(handle.ref, "engine.log").write_text("0.1 I srv up\n0.2 I srv all is well\n")
    status = provider.poll(handle)
    assert (status.state, status.note) == (EndpointState.FAILED, "engine_crashed")
    assert status.detail == "srv all is well"


def test_dead_since_the_computer_restarted_is_stopped(
    provider: LocalBuiltin, handle: Handle
) -> None:
    put(handle, started(boot="the one before"))
    assert provider.poll(handle).state is EndpointState.STOPPED
    pid, at = processes.own_identity()  # a stranger that happens to have the same place now
    put(handle, started(pid=pid, started_at=at, boot="the one before"))
    assert provider.poll(handle).state is EndpointState.STOPPED
    provider.stop(handle)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux counts them")
def test_dead_after_the_system_ran_out_of_memory(
    provider: LocalBuiltin, handle: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(handle, started(out_of_memory_kills=7))
    monkeypatch.setattr(local_builtin.processes, "out_of_memory_kills", lambda: 8)
    status = provider.poll(handle)
    assert (status.state, status.note) == (EndpointState.FAILED, "engine_out_of_memory")


def test_what_it_said_of_its_own_end_counts(provider: LocalBuiltin, handle: Handle) -> None:
    put(handle, started())
    put(handle, ready("failed", note="model_file_broken", detail="magic"))
    status = provider.poll(handle)
    assert (status.state, status.note) == (EndpointState.FAILED, "model_file_broken")
    put(handle, ready("ended"))
    assert provider.poll(handle).state is EndpointState.STOPPED


def test_alive_without_a_word_is_starting(provider: LocalBuiltin, handle: Handle) -> None:
    pid, at = processes.own_identity()
    put(handle, started(pid=pid, started_at=at))
    assert provider.poll(handle).state is EndpointState.STARTING
    put(handle, ready("loading", pid=pid, started_at=at))
    assert provider.poll(handle).state is EndpointState.LOADING


def test_one_that_is_leaving_says_how(provider: LocalBuiltin, handle: Handle) -> None:
    pid, at = processes.own_identity()
    put(handle, ready("ended", pid=pid, started_at=at))
    assert provider.poll(handle).state is EndpointState.STOPPED
    put(handle, ready("failed", pid=pid, started_at=at, note="key_refused"))
    assert provider.poll(handle).note == "key_refused"


def test_a_recycled_number_is_not_our_engine(provider: LocalBuiltin, handle: Handle) -> None:
    put(handle, started(pid=os.getpid(), started_at=1.0))
    assert provider.poll(handle).state is EndpointState.FAILED
    provider.stop(handle)  # must not end this very process


def test_alive_and_another_model_answers(provider: LocalBuiltin, handle: Handle) -> None:
    pid, at = processes.own_identity()
    with StandInEngine() as stranger:
        stranger.keys = [Path(handle.ref, "key").read_text().strip()]
        put(handle, ready("ready", pid=pid, started_at=at, url=stranger.url))
        status = provider.poll(handle)
    assert (status.state, status.note) == (EndpointState.FAILED, "wrong_model")


def test_alive_without_its_key(provider: LocalBuiltin, handle: Handle) -> None:
    pid, at = processes.own_identity()
    put(handle, ready("ready", pid=pid, started_at=at, url="http://127.0.0.1:1"))
    Path(handle.ref, "key").unlink()
    status = provider.poll(handle)
    assert (status.state, status.note) == (EndpointState.FAILED, "key_unreadable")


@pytest.mark.parametrize("name", ["config.json", "process.json", "ready.json"])
@pytest.mark.parametrize("content", [b"", b"\0\0\0", b"{}", b'{"pid": "x"}', b"[" * 100_000])
def test_a_damaged_file_is_as_if_it_were_not_there(
    provider: LocalBuiltin, handle: Handle, name: str, content: bytes
) -> None:
    put(handle, started(wanted=False))
    Path(handle.ref, name).write_bytes(content)
    expected = EndpointState.GONE if name == "config.json" else EndpointState.STOPPED
    assert provider.poll(handle).state is expected


def test_a_file_that_cannot_be_read_is_not_known(provider: LocalBuiltin, handle: Handle) -> None:
    Path(handle.ref, "process.json").mkdir()
    status = provider.poll(handle)
    assert (status.state, status.note) == (EndpointState.UNKNOWN, "engine_unreadable")


# --- acting -----------------------------------------------------------------------------------


def test_resume_without_its_settings_says_gone(provider: LocalBuiltin, handle: Handle) -> None:
    Path(handle.ref, "config.json").write_bytes(b"{}")
    with pytest.raises(AppError) as caught:
        provider.resume(handle)
    assert caught.value.code == "endpoint_gone"


@pytest.mark.parametrize("act", ["stop", "resume", "delete"])
def test_trouble_with_the_disk_is_an_error_with_a_remedy(
    provider: LocalBuiltin, handle: Handle, act: str
) -> None:
    Path(handle.ref, "ready.json").mkdir()
    with pytest.raises(AppError) as caught:
        getattr(provider, act)(handle)
    assert caught.value.code == "disk_fault"


def test_delete_leaves_what_is_not_its_own(provider: LocalBuiltin, handle: Handle) -> None:
    put(handle, started(wanted=False))
    provider.delete(handle)
    assert [path.name for path in Path(handle.ref).iterdir()] == ["key"]
    assert provider.find_ours("anything") == ()


def test_delete_never_reaches_outside_the_run_folders(
    provider: LocalBuiltin, tmp_path: Path
) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    outside.joinpath("config.json").write_text("mine")
    provider.delete(Handle(provider="local_builtin", ref=str(outside), deployment_id="x"))
    assert outside.joinpath("config.json").read_text() == "mine"


def test_only_this_installations_are_found(
    provider: LocalBuiltin, handle: Handle, launch: Launch
) -> None:
    assert provider.find_ours(launch.install_id) == (handle,)
    assert provider.find_ours("another") == ()


def test_an_installation_without_the_engine_says_so(
    provider: LocalBuiltin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_builtin.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(AppError) as caught:
        provider.check()
    assert caught.value.code == "builtin_missing"


# --- the process's program --------------------------------------------------------------------


def test_the_packaged_app_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    assert builtin_engine.command()[1:] == ["-m", "core.providers.builtin_engine"]
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert builtin_engine.command() == [sys.executable, "--builtin-engine"]


@pytest.fixture
def parameters(launch: Launch, tmp_path: Path) -> Any:
    engine = pytest.importorskip("xllamacpp")
    template = tmp_path / "template.jinja"
    template.write_text("{{ messages }} 深")
    config = local_builtin._config(replace(launch, template_path=str(template)))
    return builtin_engine._parameters(config, "the key", engine)


def test_the_engine_is_set_as_the_containers_is(parameters: Any, launch: Launch) -> None:
    assert parameters.hostnames == ["127.0.0.1"]
    assert parameters.port == 0
    assert parameters.api_keys == ["the key"]
    assert parameters.model_alias == {launch.plan.model.id}
    assert (parameters.n_ctx, parameters.n_parallel) == (launch.plan.context, 1)
    assert (parameters.cache_ram_mib, parameters.use_jinja) == (128, True)
    assert (parameters.ui, parameters.endpoint_slots, parameters.offline) == (False, False, True)
    assert parameters.chat_template == "{{ messages }} 深"
    assert parameters.cpuparams.n_threads == launch.plan.threads
    assert parameters.no_extra_bufts is not launch.plan.repack
    assert parameters.n_gpu_layers == 0
    assert "*" not in parameters.cors_origins


def test_a_graphics_chip_is_left_to_the_engine(launch: Launch) -> None:
    engine = pytest.importorskip("xllamacpp")
    plan = replace(launch.plan, accelerator=Accelerator.METAL, threads=None, repack=True)
    config = local_builtin._config(replace(launch, plan=plan))
    parameters = builtin_engine._parameters(config, "k", engine)
    assert parameters.n_gpu_layers == -1
    assert parameters.no_extra_bufts is False


def test_a_log_that_grew_too_long_keeps_its_end(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"
    with log.open("ab") as engine:
        engine.write(b"old line\n" * 300_000 + b"last line\n")
        engine.flush()
        builtin_engine._bound_log(log)
        engine.write(b"new line\n")
    assert log.stat().st_size < 300_000
    assert log.read_bytes().endswith(b"last line\nnew line\n")


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("E gguf_init_from_reader: invalid magic characters: 'x'", "model_file_broken"),
        ("E gguf_init_from_file: failed to open GGUF file '/x'", "model_file_missing"),
        ("E tensor 'a' data is not within the file bounds", "model_file_broken"),
        ("E unknown model architecture: 'deepseek9'", "model_not_supported"),
        ("E ggml_aligned_malloc: insufficient memory (attempted…)", "engine_out_of_memory"),
        ("E failed to allocate CPU buffer of size 46082949120", "engine_out_of_memory"),
        ("E something new", "engine_failed"),
    ],
)
def test_the_cause_is_read_from_the_log(line: str, note: str) -> None:
    log = f"0.00.1 I srv init: up\n0.00.2 {line}\n0.00.3 E srv load_model: failed to load model\n"
    found, said = cause_in_log(log)
    assert found == note
    if note != "engine_failed":
        assert said == line[2:]


def test_an_empty_log_has_no_cause() -> None:
    assert cause_in_log("") == ("engine_failed", "")


def test_a_log_that_is_written_a_little_late_is_waited_for(tmp_path: Path) -> None:
    log = tmp_path / "engine.log"

    def write() -> None:
        log.write_text("0.00.1 E llama_model_load: error loading model: invalid magic\n")

    late = threading.Timer(0.2, write)
    late.start()
    try:
        assert builtin_engine._cause(log)[0] == "model_file_broken"
    finally:
        late.join()
