"""A model in a container on this computer: llama.cpp's server, locked in as far as it goes."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import Any, ClassVar

from core.domain import (
    Accelerator,
    EndpointState,
    EngineKind,
    Handle,
    Launch,
    Plan,
    Status,
)
from core.edges import engine_api, files, keys
from core.edges.docker_engine import Daemon, Facts, Image, connect
from core.edges.places import Places
from core.errors import AppError
from core.progress import CancelToken, Reporter
from core.providers.base import Provider
from core.providers.engine_failures import cause_in_log, status_of
from core.providers.hardening import (
    DEPLOYMENT_LABEL,
    INSTALL_LABEL,
    MODEL_LABEL,
    NOBODY_OF_OURS,
    Devices,
    Ground,
    container_request,
    loader_variables,
    network_request,
)
from core.providers.llama_server import KEY_FILE, PORT, model_targets

STEP = "fetch_engine"
STOP_GRACE_S = 10
_POLL_S = 2.0
# Exit codes: by itself, or by SIGINT, SIGKILL (a stop that was not waited for) or SIGTERM. Where
# memory is short the kernel kills with SIGKILL too, but then the daemon says so. 255 is what the
# daemon writes when it ended together with the computer, and nobody saw how.
_TOLD_TO_END = (0, 130, 137, 143, 255)
_NAMES = 5  # how many names are tried where others took ours


class LocalContainer(Provider):
    """Docker Engine, Docker Desktop or Podman, found anew for each piece of work."""

    id: ClassVar[str] = "local_container"
    engine: ClassVar[EngineKind | None] = EngineKind.LLAMA_CPP

    def __init__(self, places: Places) -> None:
        self._places = places

    def check(self) -> None:
        with connect(self._places.docker_host, timeout_s=4.0) as daemon:
            daemon.facts()

    def fetch_engine(self, plan: Plan, report: Reporter, token: CancelToken) -> str | None:
        reference = self._reference(plan)
        expected = next((step.total_bytes for step in plan.steps if step.id == STEP), None)
        with connect(self._places.docker_host) as daemon:
            if daemon.image(reference) is None:
                daemon.pull(reference, STEP, report, token, expected_bytes=expected)
            return _pinned(_checked_image(daemon, reference), reference)

    def start(self, launch: Launch) -> Handle:
        model = Path(launch.model_path)
        with files.disk_errors(model, reading=True):
            is_there = model.is_file()
        if not is_there:
            raise AppError("model_file_missing", remedy="set_up_again")
        with connect(self._places.docker_host) as daemon:
            ref = _find(daemon, launch.install_id, launch.deployment_id)
            if ref is None:
                ref = self._create(daemon, launch)
            _set_going(daemon, ref)
        return self._handle(ref, launch.deployment_id)

    def poll(self, handle: Handle) -> Status:
        try:
            with connect(self._places.docker_host, timeout_s=_POLL_S) as daemon:
                found = daemon.inspect_container(handle.ref)
                if found is None:
                    return Status(state=EndpointState.GONE)
                if not _is_up(found):
                    return _ended(found, daemon.log_tail(handle.ref))
        except AppError as error:
            # The engine may well go on without the daemon: it is not known to have stopped.
            return status_of(error, EndpointState.UNKNOWN)
        return _health(found)

    def stop(self, handle: Handle) -> None:
        with connect(self._places.docker_host) as daemon:
            daemon.stop_container(handle.ref, STOP_GRACE_S)

    def resume(self, handle: Handle) -> None:
        with connect(self._places.docker_host) as daemon:
            _set_going(daemon, handle.ref)

    def delete(self, handle: Handle) -> None:
        with connect(self._places.docker_host) as daemon:
            # By label, not by handle: a start that was cut short leaves things without one, and a
            # stranger's container is never taken away, whatever the handle says.
            ours = {DEPLOYMENT_LABEL: handle.deployment_id}
            for container in daemon.containers(ours):
                daemon.remove_container(container["Id"])
            for network in daemon.networks(ours):
                daemon.remove_network(network["Id"])

    def find_ours(self, install_id: str) -> tuple[Handle, ...]:
        with connect(self._places.docker_host) as daemon:
            wanted = {INSTALL_LABEL: install_id}
            containers, networks = daemon.containers(wanted), daemon.networks(wanted)
        refs = {item["Labels"].get(DEPLOYMENT_LABEL): str(item["Id"]) for item in containers}
        for item in networks:  # one without its container: a start was cut short
            deployment_id = item["Labels"].get(DEPLOYMENT_LABEL)
            refs.setdefault(deployment_id, _names(str(deployment_id))[0])
        return tuple(self._handle(ref, name) for name, ref in refs.items() if name is not None)

    def _handle(self, ref: str, deployment_id: str) -> Handle:
        return Handle(provider=self.id, ref=ref, deployment_id=deployment_id)

    def _reference(self, plan: Plan) -> str:
        if plan.image is None:
            raise AppError("image_missing", {"image": "?", "registry": "?"}, remedy="use_builtin")
        reference = self._places.image(plan.image)
        if "@" in reference or ":" in reference.rpartition("/")[2]:
            return reference
        return f"{reference}:latest"  # without a tag the engine would fetch all there are

    def _create(self, daemon: Daemon, launch: Launch) -> str:
        reference = self._reference(launch.plan)
        image = _checked_image(daemon, reference)
        facts = daemon.facts()
        ground, devices = _ground(facts), _devices(launch.plan.accelerator, facts)
        _make_readable(launch, ground)
        network = _network(daemon, launch, ground)
        request = container_request(launch, _pinned(image, reference), network, ground, devices)
        for name in _names(launch.deployment_id):
            made = daemon.create_container(name, request)
            # Ours, if a second window was quicker; a stranger's is never touched.
            ref = made or _find(daemon, launch.install_id, launch.deployment_id)
            if ref is not None:
                return ref
        raise AppError("container_name_taken", {"name": name}, remedy="save_report")


# --- what is there ----------------------------------------------------------------------------


def _find(daemon: Daemon, install_id: str, deployment_id: str) -> str | None:
    found = daemon.containers({INSTALL_LABEL: install_id, DEPLOYMENT_LABEL: deployment_id})
    return str(found[-1]["Id"]) if found else None


def _set_going(daemon: Daemon, ref: str) -> None:
    """Running already is success. Raises: AppError (endpoint_gone, container_refused, …)."""
    found = daemon.inspect_container(ref)
    if found is None:
        raise AppError("endpoint_gone", remedy="set_up_again")
    if found["State"].get("Paused"):
        daemon.unpause_container(ref)
    daemon.start_container(ref)


def _names(deployment_id: str) -> list[str]:
    first = f"deepberth-{deployment_id}"
    return [first] + [f"{first}-{number}" for number in range(2, _NAMES + 1)]


def _network(daemon: Daemon, launch: Launch, ground: Ground) -> str:
    """The id of this deployment's own network. Names of networks need not be unique, labels are."""
    wanted = {INSTALL_LABEL: launch.install_id, DEPLOYMENT_LABEL: launch.deployment_id}
    for network in daemon.networks(wanted):
        if bool(network.get("Internal")) is ground.internal:
            return str(network["Id"])
        daemon.remove_network(network["Id"])
    name = f"deepberth-{launch.deployment_id}"
    return daemon.create_network(network_request(name, launch, ground))


def _checked_image(daemon: Daemon, reference: str) -> Image:
    """Raises: AppError (image_gone, image_refused)."""
    image = daemon.image(reference)
    if image is None:
        raise AppError("image_gone", {"image": reference}, remedy="try_again", retryable=True)
    if names := loader_variables(image.environment):
        raise AppError(
            "image_refused", {"image": reference, "names": ", ".join(names)}, remedy="use_builtin"
        )
    return image


def _pinned(image: Image, reference: str) -> str:
    """By digest, so that what runs is what was fetched; by id where no registry named it."""
    repository = reference.partition("@")[0]
    head, separator, tag = repository.rpartition(":")
    if separator and "/" not in tag:  # else the colon is before a port
        repository = head
    ours = [digest for digest in image.digests if digest.partition("@")[0] == repository]
    return ours[0] if ours else image.id


# --- this computer ----------------------------------------------------------------------------


def _ground(facts: Facts) -> Ground:
    podman = facts.kind == "podman"
    shifted = facts.user_namespaces or (podman and facts.rootless)
    if facts.in_a_virtual_machine or not hasattr(os, "getuid"):
        user = NOBODY_OF_OURS if not hasattr(os, "getuid") else _own_user()
    elif facts.rootless and not podman:
        # The engine's own root is this person, who has no rights outside; any other number could
        # not read a file that only this person may read.
        user = "0:0"
    else:
        user = _own_user()
    return Ground(
        internal=not (facts.in_a_virtual_machine or facts.rootless or podman),
        podman=podman,
        user_namespaces=shifted,
        selinux=facts.selinux,
        user=user,
    )


def _own_user() -> str:
    return NOBODY_OF_OURS if os.getuid() == 0 else f"{os.getuid()}:{os.getgid()}"


def _devices(accelerator: Accelerator, facts: Facts) -> Devices:
    """Raises: AppError (gpu_runtime_missing, podman_gpu, gpu_device_missing)."""
    match accelerator:
        case Accelerator.CPU | Accelerator.METAL:
            return Devices()
        case Accelerator.CUDA | Accelerator.CUDA13:
            if facts.kind == "podman":
                # Its compatible socket drops the request without a word.
                raise AppError("podman_gpu", remedy="use_builtin")
            if facts.gpu_runtime is None:
                raise AppError("gpu_runtime_missing", remedy="install_gpu_runtime")
            return Devices(nvidia=facts.gpu_runtime)
        case Accelerator.ROCM:
            return _drm(("/dev/kfd", "/dev/dri"))
        case Accelerator.VULKAN | Accelerator.INTEL:
            return _drm(("/dev/dri",))


def _drm(paths: tuple[str, ...]) -> Devices:
    """Device files with the numbers of the groups that own them.

    Names of groups mean nothing inside a container, and their numbers differ between systems.
    """
    groups = set()
    for path in map(Path, paths):
        try:
            nodes = [path, *path.glob("render*"), *path.glob("card*")] if path.is_dir() else [path]
            groups |= {str(node.stat().st_gid) for node in nodes if not node.is_dir()}
        except OSError as error:
            raise AppError(
                "gpu_device_missing", {"path": str(path)}, remedy="use_builtin"
            ) from error
    return Devices(paths=paths, groups=tuple(sorted(groups - {"0"})))


def _make_readable(launch: Launch, ground: Ground) -> None:
    """Lets the engine's user read what only root may read, where root is who we are."""
    if sys.platform == "win32" or ground.user != NOBODY_OF_OURS or os.getuid() != 0:
        return
    number = int(NOBODY_OF_OURS.partition(":")[0])
    key = Path(launch.key_path)
    with files.disk_errors(key):  # else it would be taken for the container engine's failure
        os.chown(key, number, number)
        key.chmod(0o400)
    folder = Path(launch.model_path).parent
    for name, _ in model_targets(launch.model_path):
        file = folder / name
        with files.disk_errors(file):
            if file.is_file() and not file.stat().st_mode & stat.S_IROTH:
                file.chmod(stat.S_IMODE(file.stat().st_mode) | stat.S_IRGRP | stat.S_IROTH)


# --- what it looks like -----------------------------------------------------------------------


def _labels(found: dict[str, Any]) -> dict[str, str]:
    return dict(found["Config"].get("Labels") or {})


def _is_up(found: dict[str, Any]) -> bool:
    return bool(found["State"].get("Running")) and not found["State"].get("Paused")


def _url(found: dict[str, Any]) -> str | None:
    settings = found["NetworkSettings"]
    published = (settings.get("Ports") or {}).get(f"{PORT}/tcp") or []
    if published:
        return f"http://127.0.0.1:{published[0]['HostPort']}"
    addresses = [net.get("IPAddress") for net in (settings.get("Networks") or {}).values()]
    return next((f"http://{address}:{PORT}" for address in addresses if address), None)


def _health(found: dict[str, Any]) -> Status:
    url = _url(found)
    if url is None:
        return Status(state=EndpointState.STARTING)
    mounts = found["HostConfig"].get("Mounts") or []
    key_path = next((mount["Source"] for mount in mounts if mount["Target"] == KEY_FILE), "")
    try:
        key = keys.read_key(Path(key_path))
    except AppError as error:
        return status_of(error, EndpointState.FAILED)
    return engine_api.health(url, key, _labels(found)[MODEL_LABEL])


def _ended(found: dict[str, Any], log: str) -> Status:
    """Why it does not run: it was stopped, or it failed."""
    state = found["State"]
    code = int(state.get("ExitCode") or 0)
    note, line = cause_in_log(log)
    if state.get("OOMKilled"):
        return Status(state=EndpointState.FAILED, note="engine_out_of_memory", detail=line)
    if code in _TOLD_TO_END:
        return Status(state=EndpointState.STOPPED)
    if note == "engine_failed" and code > 128:  # a signal that nobody sent
        note = "engine_crashed"
    # What the container engine itself could not do (a file to hand in is gone) comes first.
    return Status(state=EndpointState.FAILED, note=note, detail=state.get("Error") or line)
