"""The container engine. The only file that knows the docker SDK.

Docker Engine, Docker Desktop and Podman's compatible socket. Every call has a bound, and what the
SDK throws ends here as AppError.
"""

from __future__ import annotations

import contextlib
import re
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from core.domain import ContainerEngine, Missing, Unreadable
from core.edges.docker_address import find_address, knock
from core.edges.docker_pull import END, PullProgress, PullStream, pull_error
from core.errors import AppError
from core.progress import Cancelled, CancelToken, Reporter

if TYPE_CHECKING:
    from docker import APIClient

CALL_S = 10.0
_START_S = 60.0  # a busy computer, or a graphics card that has to be woken first
_LOOK_S = 2.8  # detect gives each of its questions 3 s
_OLDEST_API = (1, 41)  # Engine 20.10: the first with cgroup v2, and what Debian 11 and 12 bring
_QUIET_S = 60.0  # after so long without a word from a pull, we ask whether the engine lives
_STALLED_S = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the engine says of itself."""

    kind: str  # docker | podman
    version: str
    system: str  # "Docker Desktop", "Debian GNU/Linux 12 (bookworm)", …
    data_root: str | None
    rootless: bool
    user_namespaces: bool
    selinux: bool
    gpu_runtime: str | None  # nvidia | cdi

    @property
    def in_a_virtual_machine(self) -> bool:
        """Whether containers have addresses that this computer cannot reach by itself."""
        return sys.platform != "linux" or self.system == "Docker Desktop"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that is here."""

    id: str
    digests: tuple[str, ...]  # "ghcr.io/ggml-org/llama.cpp@sha256:…"
    environment: tuple[str, ...]


def describe(docker_host: str | None) -> ContainerEngine | Missing | Unreadable:
    """The engine of this computer and whether it can be used. Answers within 3 s, never raises."""
    started = time.monotonic()
    try:
        with connect(docker_host, timeout_s=_LOOK_S * 0.7) as daemon:
            daemon.timeout_s = max(0.5, _LOOK_S - (time.monotonic() - started))
            facts = daemon.facts()
    except AppError as error:
        if error.code == "docker_not_installed":
            return Missing("not_installed")
        return ContainerEngine(
            kind="docker",
            version=Unreadable(error.code),
            rootless=False,
            gpu_runtime=None,
            problem=error.code,
        )
    return ContainerEngine(
        kind=facts.kind,
        version=facts.version,
        rootless=facts.rootless,
        gpu_runtime=facts.gpu_runtime,
        problem=None,
    )


def data_root(docker_host: str | None) -> str | None:
    """The folder in which the engine keeps images, or None where it is not on our own disks.

    Answers within 3 s, never raises.
    """
    try:
        with connect(docker_host, timeout_s=_LOOK_S * 0.7) as daemon:
            facts = daemon.facts()
    except AppError:
        return None
    return None if facts.in_a_virtual_machine else facts.data_root


@contextlib.contextmanager
def connect(docker_host: str | None, *, timeout_s: float = CALL_S) -> Iterator[Daemon]:
    """The engine, for the calls of one piece of work.

    Raises, here and inside the block: AppError (docker_not_installed, docker_not_running,
    docker_denied, docker_remote, docker_hung, docker_too_old, docker_failed).
    """
    import docker

    address: Any = find_address(docker_host, _of_context())
    with _errors():
        knock(address, timeout_s)
        # The SDK asks for the version by itself, but leaves its socket open when that fails.
        with contextlib.closing(
            docker.APIClient(base_url=address, version="1.41", timeout=timeout_s)  # type: ignore[arg-type]
        ) as first:
            newest = _newest_api(first)
        with contextlib.closing(
            docker.APIClient(base_url=address, version=newest, timeout=timeout_s)  # type: ignore[arg-type]
        ) as client:
            yield Daemon(client)


def _of_context() -> str | None:
    """The address of the current context of Docker's command line, if it names one."""
    from docker.context import ContextAPI

    try:
        host = ContextAPI.kwargs_from_context().get("base_url")
    except Exception:  # a broken configuration of another program counts as none
        return None
    return str(host) if host else None


def _newest_api(client: APIClient) -> str:
    said = str(dict(client.version(api_version=False)).get("ApiVersion"))
    numbers = re.fullmatch(r"(\d+)\.(\d+)", said)
    if numbers is None:
        detail = f"not a version: {said[:40]}"
        raise AppError("docker_failed", remedy="try_again", retryable=True, detail=detail)
    if (int(numbers[1]), int(numbers[2])) < _OLDEST_API:
        raise AppError("docker_too_old", remedy="update_docker", detail=f"API {said}")
    return said


class Daemon:
    """An engine that answered. Made by `connect`, which also translates what goes wrong here."""

    def __init__(self, client: APIClient) -> None:
        self._client: Any = client  # the SDK's types know neither its replies nor _post
        self._version: Mapping[str, Any] | None = None

    @property
    def timeout_s(self) -> float:
        return float(self._client.timeout)

    @timeout_s.setter
    def timeout_s(self, seconds: float) -> None:
        self._client.timeout = seconds

    def facts(self) -> Facts:
        info, version = self._client.info(), self._client.version()
        security = " ".join(info.get("SecurityOptions") or ())
        parts = [str(part.get("Name", "")) for part in version.get("Components") or ()]
        return Facts(
            kind="podman" if any("podman" in part.lower() for part in parts) else "docker",
            version=str(version.get("Version", "?")),
            system=str(info.get("OperatingSystem", "")),
            data_root=info.get("DockerRootDir") or None,
            rootless="name=rootless" in security,
            user_namespaces="name=userns" in security,
            selinux="name=selinux" in security,
            gpu_runtime=_gpu_runtime(info),
        )

    def image(self, reference: str) -> Image | None:
        """The image, if it is here."""
        import docker.errors

        try:
            found = self._client.inspect_image(reference)
        except docker.errors.NotFound:
            return None
        return Image(
            id=found["Id"],
            digests=tuple(found.get("RepoDigests") or ()),
            environment=tuple((found.get("Config") or {}).get("Env") or ()),
        )

    def pull(
        self,
        reference: str,
        step: str,
        report: Reporter,
        token: CancelToken,
        *,
        expected_bytes: int | None = None,
    ) -> None:
        """Brings an image here. Ended early, the engine throws away what had arrived.

        Raises: AppError (image_missing, image_damaged, image_disk_full, image_wrong_platform,
        registry_unreachable, registry_denied, registry_busy, registry_not_trusted,
        registry_stalled), Cancelled.
        """
        token.check()
        progress = PullProgress(step, expected_bytes)
        # Not the SDK's pull: it blocks until the registry has answered, cannot be closed before
        # that, and may ask a credential helper. The images are public: no password is touched.
        pool = self._client._custom_adapter.get_connection(self._client.base_url)
        path = f"/v{self._client.api_version}/images/create?" + urlencode({"fromImage": reference})
        with contextlib.closing(PullStream(pool._new_conn(), path)) as stream:
            last_line_s = asked_s = time.monotonic()
            while True:
                token.check()
                now_s = time.monotonic()
                line = stream.next(wait_s=0.2)
                if line is END:
                    break
                if line is None:
                    if now_s - last_line_s > _STALLED_S:
                        raise AppError(
                            "registry_stalled",
                            {"registry": reference.partition("/")[0]},
                            remedy="try_again",
                            retryable=True,
                        )
                    if now_s - max(asked_s, last_line_s) > _QUIET_S:
                        asked_s = now_s
                        self._client.ping()
                    continue
                last_line_s = now_s
                if said := line.get("error"):
                    raise pull_error(str(said), reference)
                if (merged := progress.take(line, now_s)) is not None:
                    report(merged)
        if self.image(reference) is None:
            # The stream ended without a word: the engine was ended in the middle.
            raise pull_error("the connection was closed", reference)

    def create_container(self, name: str, request: Mapping[str, Any]) -> str | None:
        """The id of the new container, or None where the name is taken.

        Raises: AppError (image_gone, container_refused).
        """
        import docker.errors

        self.timeout_s = _START_S
        try:
            made = self._client.create_container_from_config(dict(request), name)
        except docker.errors.ImageNotFound as error:
            raise AppError(
                "image_gone",
                {"image": str(request["Image"])},
                remedy="try_again",
                retryable=True,
            ) from error
        except docker.errors.APIError as error:
            if error.status_code == 409:
                return None
            raise _refused(error) from error
        return str(made["Id"])

    def start_container(self, ref: str) -> None:
        """Running already is success.

        Raises: AppError (endpoint_gone, container_refused, gpu_runtime_missing, port_taken).
        """
        import docker.errors

        self.timeout_s = _START_S
        try:
            self._client.start(ref)
        except docker.errors.NotFound as error:
            raise AppError("endpoint_gone", remedy="set_up_again") from error
        except docker.errors.APIError as error:
            raise _refused(error) from error

    def unpause_container(self, ref: str) -> None:
        self._client.unpause(ref)

    def inspect_container(self, ref: str) -> dict[str, Any] | None:
        """What the engine knows of it, or None where there is none."""
        import docker.errors

        try:
            return dict(self._client.inspect_container(ref))
        except docker.errors.NotFound:
            return None

    def containers(self, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        """All containers with these labels, stopped ones too, newest first."""
        label = [f"{name}={value}" for name, value in wanted.items()]
        return list(self._client.containers(all=True, filters={"label": label}))

    def log_tail(self, ref: str, lines: int = 40) -> str:
        import docker.errors

        try:
            tail = self._client.logs(ref, tail=lines)
        except docker.errors.APIError:
            return ""
        return bytes(tail).decode("utf-8", errors="replace")

    def stop_container(self, ref: str, grace_s: int) -> None:
        """Stopped or gone already is success."""
        import docker.errors

        self.timeout_s = CALL_S + grace_s
        with contextlib.suppress(docker.errors.NotFound):
            self._client.stop(ref, timeout=grace_s)

    def remove_container(self, ref: str) -> None:
        """With the volumes that an image may have asked for. Gone already is success."""
        import docker.errors

        try:
            self._client.remove_container(ref, v=True, force=True)
        except docker.errors.NotFound:
            return
        except docker.errors.APIError as error:
            if error.status_code != 409:  # it is being removed by somebody right now
                raise

    def create_network(self, request: Mapping[str, Any]) -> str:
        reply = self._client._post_json(self._client._url("/networks/create"), data=dict(request))
        return str(self._client._result(reply, json=True)["Id"])

    def networks(self, wanted: Mapping[str, str]) -> list[dict[str, Any]]:
        label = [f"{name}={value}" for name, value in wanted.items()]
        return list(self._client.networks(filters={"label": label}))

    def remove_network(self, ref: str) -> None:
        """Gone already is success."""
        import docker.errors

        with contextlib.suppress(docker.errors.NotFound):
            self._client.remove_network(ref)


@contextlib.contextmanager
def _errors() -> Iterator[None]:
    import docker.errors
    import requests

    try:
        yield
    except (AppError, Cancelled):
        raise
    except (docker.errors.DockerException, requests.RequestException, OSError) as error:
        raise _translated(error) from error


def _translated(error: Exception) -> AppError:
    import docker.errors

    words, detail = str(error).lower(), str(error)[:300]
    if isinstance(error, docker.errors.InvalidVersion) or "client version" in words:
        return AppError("docker_too_old", remedy="update_docker", detail=detail)
    if isinstance(error, docker.errors.APIError):
        return AppError("docker_failed", remedy="try_again", retryable=True, detail=detail)
    if "permission denied" in words or "access is denied" in words:
        return AppError("docker_denied", remedy="allow_docker", detail=detail)
    if "timed out" in words or "timeout" in words:
        return AppError("docker_hung", remedy="restart_docker", retryable=True, detail=detail)
    gone = ("refused", "no such file", "cannot find the file", "aborted", "reset", "broken pipe")
    if any(fragment in words for fragment in gone):
        return AppError("docker_not_running", remedy="start_docker", retryable=True, detail=detail)
    return AppError("docker_failed", remedy="try_again", retryable=True, detail=detail)


def _refused(error: Any) -> AppError:
    """Why a container could not be made or started."""
    words, detail = str(error).lower(), str(error)[:300]
    if "device driver" in words or "nvidia" in words or "cdi" in words:
        return AppError("gpu_runtime_missing", remedy="install_gpu_runtime", detail=detail)
    if "port is already allocated" in words or "address already in use" in words:
        return AppError("port_taken", remedy="try_again", retryable=True, detail=detail)
    if "no space left" in words:
        return AppError("image_disk_full", remedy="free_disk", retryable=True, detail=detail)
    return AppError("container_refused", remedy="use_builtin", detail=detail)


def _gpu_runtime(info: Mapping[str, Any]) -> str | None:
    if "nvidia" in (info.get("Runtimes") or {}):
        return "nvidia"
    found = [str(device.get("ID", "")) for device in info.get("DiscoveredDevices") or ()]
    if any(name.startswith("nvidia.com/gpu") for name in found):
        return "cdi"
    for folder in info.get("CDISpecDirs") or ():
        with contextlib.suppress(OSError):
            if any("nvidia" in path.name for path in Path(folder).iterdir()):
                return "cdi"
    return None
