"""The built-in engine as it is: a real process, the real server, a real model."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import psutil
import pytest

from core.domain import (
    ChatDelta,
    ChatDone,
    Endpoint,
    EndpointState,
    EngineKind,
    Handle,
    Launch,
    Message,
    Sampling,
    Status,
)
from core.edges import processes
from core.edges.places import Places, read_places
from core.errors import AppError
from core.progress import CancelToken
from core.providers.base import Provider
from core.providers.builtin_engine import Ready
from core.providers.local_builtin import LocalBuiltin
from core.serve import chat
from tests.contract.launches import STARTER, ask, make_launch, make_plan, until
from tests.contract.provider_contract import ProviderContract
from tests.stand_ins.starter import starter_file

pytestmark = pytest.mark.engine

Start = Callable[[Launch], Handle]
_DECIDED = (EndpointState.RUNNING, EndpointState.FAILED, EndpointState.GONE)


@pytest.fixture
def places(tmp_path: Path) -> Places:
    return read_places({"DEEPBERTH_HOME": str(tmp_path)})


@pytest.fixture
def provider(places: Places) -> LocalBuiltin:
    return LocalBuiltin(places)


@pytest.fixture
def launch(tmp_path: Path) -> Launch:
    return make_launch(tmp_path, starter_file(), make_plan(EngineKind.BUILTIN))


@pytest.fixture
def start(provider: LocalBuiltin) -> Iterator[Start]:
    launches: list[Launch] = []

    def begin(launch: Launch) -> Handle:
        launches.append(launch)
        return provider.start(launch)

    yield begin
    for launch in launches:
        for handle in provider.find_ours(launch.install_id):
            provider.delete(handle)


class TestLocalBuiltin(ProviderContract):
    @pytest.fixture
    def provider(self, places: Places) -> Provider:
        return LocalBuiltin(places)

    @pytest.fixture
    def launch(self, launch: Launch) -> Launch:
        return launch


def ready_of(launch: Launch) -> Ready:
    return msgspec.json.decode(Path(launch.run_folder, "ready.json").read_bytes(), type=Ready)


def endpoint_of(handle: Handle, status: Status, launch: Launch) -> Endpoint:
    assert status.url
    model = replace(STARTER, sampling=Sampling(temperature=0.0, max_tokens=200))
    return Endpoint(
        handle=handle,
        url=status.url,
        key_path=launch.key_path,
        model=model,
        quant_name="Q4_1",
        engine=EngineKind.BUILTIN,
        context=launch.plan.context,
    )


def test_it_answers(provider: LocalBuiltin, launch: Launch, start: Start) -> None:
    handle = start(launch)
    status = until(provider, handle, *_DECIDED)
    text, _, done = ask(endpoint_of(handle, status, launch), "What is the capital of France?")
    assert "Paris" in text
    assert done.finish_reason == "stop"
    assert 0 < done.first_token_s < 30
    assert done.tokens_per_s is not None
    assert done.tokens_per_s > 1
    assert done.completion_tokens >= 5


def test_a_cancel_stops_the_engine_too(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    handle = start(launch)
    endpoint = endpoint_of(handle, until(provider, handle, *_DECIDED), launch)
    token, cancelled_at, last = CancelToken(), 0.0, None
    story = [Message(role="user", content="Tell me a very long story about the sea.")]
    for last in chat.stream_chat(endpoint, story, token):
        if isinstance(last, ChatDelta) and not cancelled_at:
            cancelled_at = time.monotonic()
            token.cancel()
    assert time.monotonic() - cancelled_at < 1.0
    assert isinstance(last, ChatDone)
    assert last.finish_reason == "stopped_by_you"
    process = psutil.Process(ready_of(launch).pid)
    deadline = time.monotonic() + 5
    while process.cpu_percent(0.3) > 20:
        assert time.monotonic() < deadline, "it still computes"


def test_too_long_a_question_says_so(provider: LocalBuiltin, launch: Launch, start: Start) -> None:
    handle = start(launch)
    endpoint = endpoint_of(handle, until(provider, handle, *_DECIDED), launch)
    with pytest.raises(AppError) as caught:
        ask(endpoint, "word " * 5000)
    assert caught.value.code == "prompt_too_long"
    assert caught.value.params["context"] == launch.plan.context


def test_a_killed_engine_has_failed_and_can_start_again(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    handle = start(launch)
    until(provider, handle, *_DECIDED)
    os.kill(ready_of(launch).pid, signal.SIGKILL)
    status = until(provider, handle, EndpointState.FAILED, limit_s=5)
    assert status.note == "engine_crashed"
    provider.resume(handle)
    assert until(provider, handle, EndpointState.RUNNING).url


def test_an_engine_that_dies_in_the_middle_of_an_answer(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    handle = start(launch)
    endpoint = endpoint_of(handle, until(provider, handle, *_DECIDED), launch)
    story = [Message(role="user", content="Tell me a very long story about the sea.")]
    answer = chat.stream_chat(endpoint, story, CancelToken())
    first = next(answer)
    assert isinstance(first, ChatDelta)
    os.kill(ready_of(launch).pid, signal.SIGKILL)
    with pytest.raises(AppError) as caught:
        list(answer)
    assert (caught.value.code, caught.value.remedy) == ("answer_cut", "restart_engine")
    with pytest.raises(AppError) as caught:
        ask(endpoint, "Are you there?")
    assert caught.value.code == "engine_not_answering"


def test_stop_does_not_wait_for_the_end_of_an_answer(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    handle = start(launch)
    endpoint = endpoint_of(handle, until(provider, handle, *_DECIDED), launch)
    story = [Message(role="user", content="Tell me a very long story about the sea.")]
    answer = chat.stream_chat(endpoint, story, CancelToken())
    next(answer)
    begun = time.monotonic()
    provider.stop(handle)
    assert time.monotonic() - begun < 12
    assert provider.poll(handle).state is EndpointState.STOPPED
    answer.close()


def test_an_engine_ended_from_outside_was_stopped(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    """As a log-out or a shutdown of the computer does it."""
    handle = start(launch)
    until(provider, handle, *_DECIDED)
    os.kill(ready_of(launch).pid, signal.SIGTERM)
    until(provider, handle, EndpointState.STOPPED, limit_s=10)


@pytest.mark.parametrize(
    ("content", "note"),
    [(b"<html>not a model</html>", "model_file_broken"), (None, "model_file_missing")],
)
def test_a_file_that_is_no_model_is_said_so(
    provider: LocalBuiltin,
    launch: Launch,
    start: Start,
    tmp_path: Path,
    content: bytes | None,
    note: str,
) -> None:
    path = tmp_path / "bad.gguf"
    if content is not None:
        path.write_bytes(content)
    handle = start(replace(launch, model_path=str(path)))
    status = until(provider, handle, *_DECIDED)
    assert (status.state, status.note) == (EndpointState.FAILED, note)


def test_half_a_model_is_said_so(
    provider: LocalBuiltin, launch: Launch, start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "half.gguf"
    with Path(launch.model_path).open("rb") as whole:
        path.write_bytes(whole.read(40_000_000))
    handle = start(replace(launch, model_path=str(path)))
    status = until(provider, handle, *_DECIDED)
    assert (status.state, status.note) == (EndpointState.FAILED, "model_file_broken")
    assert "file bounds" in status.detail


def test_more_context_than_memory_is_said_so(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    plan = replace(launch.plan, context=100_000_000)
    handle = start(replace(launch, plan=plan))
    status = until(provider, handle, *_DECIDED)
    assert (status.state, status.note) == (EndpointState.FAILED, "engine_out_of_memory")


def test_a_model_larger_than_memory_is_not_tried(
    provider: LocalBuiltin, launch: Launch, start: Start, tmp_path: Path
) -> None:
    path = tmp_path / "huge.gguf"
    with path.open("wb") as huge:
        huge.truncate(1 << 42)  # sparse: 4.4 TB long, nothing on the disk
    plan = replace(launch.plan, memory_bytes=1 << 42)
    handle = start(replace(launch, model_path=str(path), plan=plan))
    status = until(provider, handle, *_DECIDED)
    assert (status.state, status.note) == (EndpointState.FAILED, "engine_out_of_memory")


def test_a_corrected_template_is_used(
    provider: LocalBuiltin, launch: Launch, start: Start, tmp_path: Path
) -> None:
    template = tmp_path / "t.jinja"
    template.write_text("The capital of France is the city of", encoding="utf-8")
    handle = start(replace(launch, template_path=str(template)))
    status = until(provider, handle, *_DECIDED)
    _, _, done = ask(endpoint_of(handle, status, launch), "Hello")
    assert done.prompt_tokens < 12  # the template's eight words and nothing else


def test_only_this_computer_can_reach_it(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    handle = start(launch)
    until(provider, handle, *_DECIDED)
    listening = [
        connection.laddr.ip
        for connection in psutil.Process(ready_of(launch).pid).net_connections()
        if connection.status == psutil.CONN_LISTEN
    ]
    assert listening == ["127.0.0.1"]
    port = int((provider.poll(handle).url or "").rpartition(":")[2])
    with pytest.raises(OSError, match=r".*"), socket.create_connection(("::1", port), timeout=1):
        pass


def test_the_key_is_nowhere_but_in_its_file(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    handle = start(launch)
    endpoint = endpoint_of(handle, until(provider, handle, *_DECIDED), launch)
    ask(endpoint, "Hello")
    key = Path(launch.key_path).read_bytes().strip()
    pid = ready_of(launch).pid
    assert key not in Path(f"/proc/{pid}/cmdline").read_bytes()
    assert key not in Path(f"/proc/{pid}/environ").read_bytes()
    for file in Path(launch.run_folder).iterdir():
        assert file.stat().st_mode & 0o077 == 0, file
        if file != Path(launch.key_path):
            assert key not in file.read_bytes(), file


def test_nothing_that_was_said_stands_in_the_log(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    handle = start(launch)
    endpoint = endpoint_of(handle, until(provider, handle, *_DECIDED), launch)
    ask(endpoint, "Please say zanzibarquux.")
    assert b"zanzibarquux" not in Path(launch.run_folder, "engine.log").read_bytes()


def test_it_outlives_who_started_it_and_is_found_again(
    provider: LocalBuiltin, launch: Launch, start: Start, tmp_path: Path
) -> None:
    starter = (
        "import sys, msgspec; from core.domain import Launch\n"
        "from core.edges.places import read_places\n"
        "from core.providers.local_builtin import LocalBuiltin\n"
        "launch = msgspec.json.decode(sys.stdin.buffer.read(), type=Launch)\n"
        "LocalBuiltin(read_places()).start(launch)\n"
        "import os; os._exit(9)"
    )
    subprocess.run(
        [sys.executable, "-c", starter],
        input=msgspec.json.encode(launch),
        env={**os.environ, "DEEPBERTH_HOME": str(tmp_path)},
        check=False,
        timeout=30,
    )
    (found,) = provider.find_ours(launch.install_id)
    until(provider, found, EndpointState.RUNNING)
    pid = ready_of(launch).pid
    assert start(launch) == found
    assert ready_of(launch).pid == pid


def test_an_engine_that_nobody_can_find_any_more_ends(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    handle = start(launch)
    until(provider, handle, *_DECIDED)
    ready = ready_of(launch)
    shutil.rmtree(launch.run_folder)
    deadline = time.monotonic() + 30
    while processes.alive(ready.pid, ready.started_at):
        assert time.monotonic() < deadline, "it still runs"
        time.sleep(0.2)
    assert not Path(launch.run_folder).exists()


def test_a_start_that_was_killed_makes_no_second_engine(
    provider: LocalBuiltin, launch: Launch, start: Start
) -> None:
    """Killed between the start of the process and the note of it."""
    handle = start(launch)
    Path(launch.run_folder, "process.json").unlink()
    Path(launch.run_folder, "ready.json").unlink(missing_ok=True)
    start(launch)
    until(provider, handle, EndpointState.RUNNING)
    deadline = time.monotonic() + 10
    while len(_engines_of(launch, provider, handle)) > 1:
        assert time.monotonic() < deadline, "two engines of one deployment"
        time.sleep(0.1)


def _engines_of(launch: Launch, provider: LocalBuiltin, handle: Handle) -> list[int]:
    """The living processes that write into the log of this deployment."""
    provider.poll(handle)  # collects those that have ended
    log = Path(launch.run_folder, "engine.log").resolve()
    found = []
    for process in psutil.process_iter():
        try:
            if Path(f"/proc/{process.pid}/fd/2").resolve() == log:
                found.append(process.pid)
        except OSError:
            continue
    return found
