"""The engine without a container: llama.cpp's server in a process of its own on this computer.

Everything about one engine stands in its run folder: `config.json` (what it was started with),
`process.json` (what we started and whether it is meant to run) and what the process itself writes
(`ready.json`, `engine.log`). So any later run of this program finds it again, and a stopped one
can be started as it was.
"""

from __future__ import annotations

import contextlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from core.domain import Accelerator, EndpointState, EngineKind, Handle, Launch, Status
from core.edges import engine_api, files, keys, processes
from core.errors import AppError
from core.providers import builtin_engine, llama_server
from core.providers.base import Provider
from core.providers.builtin_engine import Config, Ready
from core.providers.engine_failures import cause_in_log, status_of

if TYPE_CHECKING:
    from core.edges.places import Places

CONFIG = "config.json"
PROCESS = "process.json"
START_LOCK = "start.lock"

_MADE_HERE = (
    PROCESS,
    builtin_engine.READY,
    builtin_engine.LOG,
    builtin_engine.LOCK,
    START_LOCK,
    CONFIG,  # last: what is not yet gone can be found by it
)
_PROGRAM_FOLDER = Path(__file__).resolve().parents[2]
_STOP_GRACE_S = 10.0
_LOCK_S = 25.0  # a stop that has to use force takes almost as long
_LEAVING = ("ended", "failed")  # what a process says of itself just before it is gone

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """`process.json`: the process we started last, and whether it is meant to run."""

    pid: int
    started_at: float  # as core/edges/processes.py counts it
    boot: str
    wanted: bool
    out_of_memory_kills: int | None  # by the system, before it started


class LocalBuiltin(Provider):
    """See core/providers/base.py. Two of us may look at the same engine at once."""

    id = "local_builtin"
    engine = EngineKind.BUILTIN

    def __init__(self, places: Places) -> None:
        self._runs = places.state / "run"

    def check(self) -> None:
        if importlib.util.find_spec("xllamacpp") is None:
            raise AppError("builtin_missing", remedy="save_report")

    def start(self, launch: Launch) -> Handle:
        folder = Path(launch.run_folder)
        handle = Handle(provider=self.id, ref=str(folder), deployment_id=launch.deployment_id)
        files.make_private_folder(folder)
        with _hand_on(folder):
            files.write_atomic(folder / CONFIG, _encode(_config(launch)))
            self._ensure_running(folder)
        return handle

    def poll(self, handle: Handle) -> Status:
        folder = Path(handle.ref)
        try:
            config = _read(folder / CONFIG, Config)
            if config is None:
                return Status(state=EndpointState.GONE)
            started, ready = _known(folder)
            if _alive(started, ready) is None:
                return _dead(folder, started, ready)
            return _living(config, ready)
        except (OSError, AppError) as error:
            return Status(state=EndpointState.UNKNOWN, note="engine_unreadable", detail=str(error))

    def stop(self, handle: Handle) -> None:
        folder = Path(handle.ref)
        if not folder.is_dir():
            return
        with _hand_on(folder):
            started, ready = _known(folder)
            if started is not None and started.wanted:
                # First the wish, then the act: a kill in between must not look like a crash.
                files.write_atomic(folder / PROCESS, _encode(replace(started, wanted=False)))
            _end(started, ready)

    def resume(self, handle: Handle) -> None:
        folder = Path(handle.ref)
        with files.disk_errors(folder):
            known = _read(folder / CONFIG, Config)
        if known is None:
            raise AppError("endpoint_gone", remedy="set_up_again")
        with _hand_on(folder):
            self._ensure_running(folder)

    def delete(self, handle: Handle) -> None:
        folder = Path(handle.ref)
        if folder.parent != self._runs or not folder.is_dir():
            return
        self.stop(handle)
        with files.disk_errors(folder):
            for name in _MADE_HERE:
                (folder / name).unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # the key and others' files may stand there still
                folder.rmdir()

    def find_ours(self, install_id: str) -> tuple[Handle, ...]:
        found = []
        for path in sorted(self._runs.glob(f"*/{CONFIG}")):
            with contextlib.suppress(OSError):
                config = _read(path, Config)
                if config is not None and config.install_id == install_id:
                    found.append(
                        Handle(
                            provider=self.id,
                            ref=str(path.parent),
                            deployment_id=config.deployment_id,
                        )
                    )
        return tuple(found)

    def _ensure_running(self, folder: Path) -> None:
        """Starts the process, unless it runs. The lock is held by the caller."""
        started, ready = _known(folder)
        living = _alive(started, ready)
        if living is not None and ready is not None and ready.state in _LEAVING:
            _end(started, ready)
        elif living is not None:
            if started is None or not started.wanted:
                self._note(folder, *living)
            return
        (folder / builtin_engine.READY).unlink(missing_ok=True)
        pid, started_at = processes.spawn_detached(
            builtin_engine.command(),
            stdin=(folder / CONFIG).read_bytes(),
            log_path=folder / builtin_engine.LOG,
            folder=folder if getattr(sys, "frozen", False) else _PROGRAM_FOLDER,
        )
        self._note(folder, pid, started_at)

    def _note(self, folder: Path, pid: int, started_at: float) -> None:
        started = Started(
            pid=pid,
            started_at=started_at,
            boot=processes.this_boot(),
            wanted=True,
            out_of_memory_kills=processes.out_of_memory_kills(),
        )
        files.write_atomic(folder / PROCESS, _encode(started))


@contextlib.contextmanager
def _hand_on(folder: Path) -> Iterator[None]:
    """One start or stop at a time, whichever process wants it."""
    with files.writer_lock(folder / START_LOCK, wait_s=_LOCK_S), files.disk_errors(folder):
        yield


# --- what a look finds ------------------------------------------------------------------------


def _known(folder: Path) -> tuple[Started | None, Ready | None]:
    return _read(folder / PROCESS, Started), _read(folder / builtin_engine.READY, Ready)


def _alive(started: Started | None, ready: Ready | None) -> tuple[int, float] | None:
    """The living process of this engine. What it says of itself counts first: on Windows the one
    we started may be a launcher that only waits for the real one."""
    for known in (ready, started):
        if known is None or not processes.same_boot(known.boot):
            continue
        if processes.alive(known.pid, known.started_at):
            return known.pid, known.started_at
    return None


def _end(started: Started | None, ready: Ready | None) -> None:
    for known in (ready, started):
        if known is not None and processes.same_boot(known.boot):
            processes.end(known.pid, known.started_at, _STOP_GRACE_S)


def _living(config: Config, ready: Ready | None) -> Status:
    if ready is None:
        return Status(state=EndpointState.STARTING)
    if ready.state == "failed":
        return _failed(ready)
    if ready.state == "ended":
        return Status(state=EndpointState.STOPPED)
    if ready.state != "ready" or ready.url is None:
        return Status(state=EndpointState.LOADING)
    try:
        key = keys.read_key(Path(config.key_path))
    except AppError as error:
        return status_of(error, EndpointState.FAILED)
    return engine_api.health(ready.url, key, config.model_id)


def _failed(ready: Ready) -> Status:
    return Status(
        state=EndpointState.FAILED,
        note=ready.note,
        note_params=ready.note_params,
        detail=ready.detail,
    )


def _dead(folder: Path, started: Started | None, ready: Ready | None) -> Status:
    """Why it does not run: we stopped it, it said so, or it was taken away."""
    if started is not None and not started.wanted:
        return Status(state=EndpointState.STOPPED)
    if ready is not None and ready.state == "failed":
        return _failed(ready)
    if started is None or (ready is not None and ready.state == "ended"):
        return Status(state=EndpointState.STOPPED)
    if not processes.same_boot(started.boot):
        return Status(state=EndpointState.STOPPED)
    kills = processes.out_of_memory_kills()
    before = started.out_of_memory_kills
    note, line = cause_in_log(builtin_engine.tail(folder / builtin_engine.LOG))
    if kills is not None and before is not None and kills > before:
        note = "engine_out_of_memory"
    elif note == "engine_failed":
        note = "engine_crashed"
    return Status(state=EndpointState.FAILED, note=note, detail=line)


# --- records and files ------------------------------------------------------------------------


def _config(launch: Launch) -> Config:
    flags, plan = llama_server.server_flags(launch), launch.plan
    return Config(
        deployment_id=launch.deployment_id,
        install_id=launch.install_id,
        run_folder=launch.run_folder,
        model_path=launch.model_path,
        model_id=flags.alias,
        template_path=launch.template_path,
        key_path=launch.key_path,
        context=flags.context,
        threads=flags.threads,
        repack=flags.repack,
        processor_only=plan.accelerator is Accelerator.CPU,
        memory_bytes=plan.memory_bytes,
    )


def _encode(record: object) -> bytes:
    import msgspec

    return msgspec.json.encode(record)


def _read(path: Path, kind: type[T]) -> T | None:
    """The record in a file, or None where there is none that is whole. Raises OSError."""
    import msgspec

    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (FileNotFoundError, NotADirectoryError, msgspec.MsgspecError, ValueError):
        return None
