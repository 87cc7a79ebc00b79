"""What engines say and how they refuse, made into facts and errors."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import ContainerEngine, Missing, Unreadable
from core.edges import docker_address, docker_engine
from core.edges.docker_address import find_address
from core.edges.docker_engine import connect, data_root, describe
from core.edges.docker_pull import PullProgress, pull_error
from core.errors import AppError
from core.progress import Progress
from tests.stand_ins.docker_daemon import DockerDaemon

RECORDED = Path(__file__).resolve().parents[2] / "recordings" / "docker"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the stand-in is a UNIX socket")


# --- what it is -------------------------------------------------------------------------------


def test_an_ordinary_engine() -> None:
    with DockerDaemon() as daemon:
        seen = describe(daemon.host)
        assert data_root(daemon.host) == "/var/lib/docker"
    assert seen == ContainerEngine(
        kind="docker", version="28.1.1", rootless=False, gpu_runtime=None, problem=None
    )


@pytest.mark.parametrize(
    ("info", "version", "expected"),
    [
        ({"SecurityOptions": ["name=rootless"]}, {}, {"rootless": True}),
        ({"Runtimes": {"runc": {}, "nvidia": {}}}, {}, {"gpu_runtime": "nvidia"}),
        (
            {"DiscoveredDevices": [{"Source": "cdi", "ID": "nvidia.com/gpu=all"}]},
            {},
            {"gpu_runtime": "cdi"},
        ),
        ({"CDISpecDirs": ["/no/such/folder"]}, {}, {"gpu_runtime": None}),
        (
            {},
            {"Version": "4.3.1", "ApiVersion": "1.41", "Components": [{"Name": "Podman Engine"}]},
            {"kind": "podman", "version": "4.3.1"},
        ),
        ({"SecurityOptions": None, "Runtimes": None}, {"Components": None}, {"kind": "docker"}),
    ],
)
def test_kinds_of_engines(
    info: dict[str, Any], version: dict[str, Any], expected: dict[str, Any]
) -> None:
    with DockerDaemon(info=info, version=version) as daemon:
        seen = describe(daemon.host)
    assert isinstance(seen, ContainerEngine)
    assert {name: getattr(seen, name) for name in expected} == expected
    assert seen.problem is None


def test_a_card_that_is_described_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "nvidia.yaml").touch()
    with DockerDaemon(info={"CDISpecDirs": [str(tmp_path)]}) as daemon:
        seen = describe(daemon.host)
    assert isinstance(seen, ContainerEngine)
    assert seen.gpu_runtime == "cdi"


def test_images_in_a_virtual_machine_are_on_no_disk_of_ours() -> None:
    with DockerDaemon(info={"OperatingSystem": "Docker Desktop"}) as daemon:
        assert data_root(daemon.host) is None


# --- why it cannot be used --------------------------------------------------------------------


def problem(host: str | None) -> str | None:
    seen = describe(host)
    assert isinstance(seen, ContainerEngine)
    assert isinstance(seen.version, Unreadable) or seen.problem is None
    return seen.problem


@pytest.mark.parametrize("api", ["1.24", "1.40", "1.9"])
def test_an_old_engine(api: str) -> None:
    with DockerDaemon(version={"ApiVersion": api}) as daemon:
        assert problem(daemon.host) == "docker_too_old"


@pytest.mark.parametrize("api", ["", "one", None, 1])
def test_an_engine_that_says_nonsense(api: Any) -> None:
    with DockerDaemon(version={"ApiVersion": api}) as daemon:
        assert problem(daemon.host) in ("docker_failed", "docker_too_old")


@pytest.mark.parametrize(
    "host", ["tcp://10.0.0.5:2375", "ssh://me:secret@server", "https://x", "tcp://127.0.0.1:2375"]
)
def test_an_engine_elsewhere_is_refused(host: str) -> None:
    assert problem(host) == "docker_remote"
    with pytest.raises(AppError) as caught:
        find_address(host)
    assert "secret" not in str(caught.value)
    assert "me" not in str(caught.value.params["address"])


def test_nothing_at_the_named_place(tmp_path: Path) -> None:
    assert problem(f"unix://{tmp_path}/nothing.sock") == "docker_not_running"


def test_a_socket_that_nobody_serves(short_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(f"{short_folder}/s")
    assert problem(f"unix://{short_folder}/s") == "docker_not_running"


def test_one_that_never_answers(short_folder: Path) -> None:
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(f"{short_folder}/s")
        silent.listen()
        before = time.monotonic()
        assert problem(f"unix://{short_folder}/s") == "docker_hung"
        assert time.monotonic() - before < 3


def test_one_that_closes_at_once(short_folder: Path) -> None:
    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                rude.accept()[0].close()

    with socket.socket(socket.AF_UNIX) as rude:
        rude.bind(f"{short_folder}/s")
        rude.listen()
        threading.Thread(target=accept, daemon=True).start()
        assert problem(f"unix://{short_folder}/s") == "docker_not_running"


@pytest.mark.parametrize(
    ("error", "code", "remedy"),
    [
        (PermissionError(13, "Permission denied"), "docker_denied", "allow_docker"),
        (FileNotFoundError(2, "No such file or directory"), "docker_not_running", "start_docker"),
        (ConnectionRefusedError(111, "Connection refused"), "docker_not_running", "start_docker"),
        (TimeoutError("timed out"), "docker_hung", "restart_docker"),
        (OSError(5, "Input/output error"), "docker_failed", "try_again"),
    ],
)
def test_what_the_system_says(
    error: OSError, code: str, remedy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_args: object) -> None:
        raise error

    monkeypatch.setattr(docker_engine, "knock", refuse)
    with pytest.raises(AppError) as caught, connect("unix:///x"):
        pass
    assert (caught.value.code, caught.value.remedy) == (code, remedy)


def test_a_socket_that_is_shut_for_us(short_folder: Path) -> None:
    short_folder.chmod(0o755)
    was = os.geteuid()
    with socket.socket(socket.AF_UNIX) as shut:
        shut.bind(f"{short_folder}/s")
        shut.listen()
        (short_folder / "s").chmod(0)
        if was == 0:
            os.seteuid(65534)  # root may everything
        try:
            assert problem(f"unix://{short_folder}/s") == "docker_denied"
        finally:
            os.seteuid(was)


# --- where it is ------------------------------------------------------------------------------


@pytest.fixture
def nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_engine, "_of_context", lambda: None)
    monkeypatch.setattr(docker_address, "_usual_addresses", lambda: ["unix:///no/such.sock"])


@pytest.mark.usefixtures("nowhere")
def test_not_installed_is_not_the_same_as_not_running(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker_address, "_installed", lambda: False)
    assert describe(None) == Missing("not_installed")
    monkeypatch.setattr(docker_address, "_installed", lambda: True)
    assert problem(None) == "docker_not_running"


@pytest.mark.usefixtures("nowhere")
def test_the_context_of_the_command_line_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    with DockerDaemon() as daemon:
        monkeypatch.setattr(docker_engine, "_of_context", lambda: daemon.host)
        assert problem(None) is None
        assert find_address(None, daemon.host) == daemon.host
        monkeypatch.setattr(docker_engine, "_of_context", lambda: "ssh://elsewhere")
        assert problem(None) == "docker_remote"
        assert find_address(daemon.host, "ssh://x") == daemon.host  # what is named outright wins


@pytest.mark.parametrize("written", ["{", '{"currentContext": "gone"}', '{"currentContext": 5}'])
def test_a_broken_configuration_of_the_command_line(
    written: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text(written)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    docker_engine._of_context()  # says nothing, or an address; never fails


# --- fetching ---------------------------------------------------------------------------------


def merged(lines: list[dict[str, Any]], expected: int | None = None) -> list[Progress]:
    progress = PullProgress("fetch_engine", expected)
    seen = [progress.take(line, at * 0.1) for at, line in enumerate(lines)]
    return [one for one in seen if one is not None]


def recorded() -> list[dict[str, Any]]:
    text = (RECORDED / "pull-five-layers.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_a_recorded_pull_is_one_progress() -> None:
    seen = merged(recorded())
    done = [one.done for one in seen]
    assert done == sorted(done)
    assert all(one.total is None or one.done <= one.total for one in seen)
    assert seen[0].total is None  # three layers at a time; of the others nothing is known yet
    assert seen[-1].done == seen[-1].total
    assert 11_000_000 < seen[-1].done < 11_300_000
    assert seen[-1].note == "fetch_engine.unpacking"
    assert any(one.bytes_per_s for one in seen)
    assert all(one.note is None for one in seen if one.bytes_per_s is not None)


def test_what_was_expected_stands_in_until_the_sizes_are_known() -> None:
    seen = merged(recorded(), expected=12_000_000)
    assert seen[0].total == 12_000_000
    assert seen[-1].total == seen[-1].done


LINE = st.fixed_dictionaries(
    {
        "status": st.sampled_from(
            [
                "Pulling fs layer",
                "Waiting",
                "Downloading",
                "Verifying Checksum",
                "Retrying in 1 s",
                "Download complete",
                "Extracting",
                "Pull complete",
                "Already exists",
                "?",
            ]
        )
    },
    optional={
        "id": st.sampled_from(["a", "b", "c"]),
        "progressDetail": st.none()
        | st.fixed_dictionaries(
            {},
            optional={
                "current": st.integers(-1, 10**13) | st.none() | st.text(),
                "total": st.integers(-1, 10**13) | st.none() | st.text(),
            },
        ),
    },
)


@given(lines=st.lists(LINE), expected=st.none() | st.integers(0, 10**13))
def test_progress_never_runs_backwards(lines: list[dict[str, Any]], expected: int | None) -> None:
    seen = merged(lines, expected)
    assert all(one.done <= two.done for one, two in itertools.pairwise(seen))
    assert all(one.total is None or 0 <= one.done <= one.total for one in seen)


@pytest.mark.parametrize(
    ("said", "code", "remedy"),
    [
        ("manifest unknown: manifest unknown", "image_missing", "use_builtin"),
        ("manifest for x/y:1 not found: manifest unknown", "image_missing", "use_builtin"),
        ("no matching manifest for linux/arm64/v8", "image_wrong_platform", "use_builtin"),
        (
            "write /var/lib/docker/tmp/GetImageBlob1: no space left on device",
            "image_disk_full",
            "free_disk",
        ),
        ("toomanyrequests: You have reached your pull rate limit", "registry_busy", "try_again"),
        ("denied: permission_denied", "registry_denied", "use_builtin"),
        ("unauthorized: authentication required", "registry_denied", "use_builtin"),
        ("filesystem layer verification failed for digest sha256:1", "image_damaged", "try_again"),
        ("unexpected EOF", "image_damaged", "try_again"),
        ("x509: certificate has expired", "registry_not_trusted", "check_internet"),
        ("dial tcp: lookup ghcr.io: no such host", "registry_unreachable", "check_internet"),
        ("context deadline exceeded", "registry_unreachable", "check_internet"),
        ("", "registry_unreachable", "check_internet"),
    ],
)
def test_what_a_registry_says(said: str, code: str, remedy: str) -> None:
    error = pull_error(said, "ghcr.io/x/y:1")
    assert (error.code, error.remedy) == (code, remedy)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """The address of a socket holds 107 letters at most, and pytest's folders are deep."""
    with tempfile.TemporaryDirectory(prefix="d") as folder:
        yield Path(folder)
