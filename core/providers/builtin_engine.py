"""The program of the built-in engine's process: llama.cpp's own server, from a Python wheel.

Started as `python -m core.providers.builtin_engine` (or `<our program> --builtin-engine` where
there is no Python beside us). It reads its configuration from standard input, serves on a free
port of this computer alone, and says how it is in `ready.json`. It lives until it is ended, for a
closed window never stops the model, or until its run folder was deleted.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.edges import clock, files, keys, processes
from core.errors import AppError
from core.providers import llama_server
from core.providers.engine_failures import cause_in_log

if TYPE_CHECKING:
    from types import FrameType

LOG = "engine.log"
READY = "ready.json"
LOCK = "engine.lock"

_LOG_MAX_BYTES = 2_000_000
_LOG_KEPT_BYTES = 200_000
_LOG_LATE_S = 1.0
_LOOK_S = 5.0
_MISSED = 2  # looks without a run folder before the engine ends: nobody can find it any more
_END_S = 6.0  # for the engine to put itself away before the process leaves anyway
_BATCH = 512  # tokens between two signs of life while a long question is read


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What the process needs to know. The key is only named by its file."""

    deployment_id: str
    install_id: str
    run_folder: str
    model_path: str
    model_id: str
    template_path: str | None
    key_path: str
    context: int
    threads: int | None
    repack: bool
    processor_only: bool
    memory_bytes: int  # expected need


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """`ready.json`: what the process says of itself. `state` is loading, ready, failed, ended."""

    state: str
    pid: int
    started_at: float  # as core/edges/processes.py counts it
    boot: str
    url: str | None = None
    note: str | None = None
    note_params: tuple[tuple[str, str | int | float], ...] = ()
    detail: str = ""


def command() -> list[str]:
    """How this program is started, from a checkout or from the packaged app."""
    if getattr(sys, "frozen", False):
        return [sys.executable, "--builtin-engine"]
    return [sys.executable, "-m", "core.providers.builtin_engine"]


def main() -> int:
    """Runs the engine until it is ended. Exit 0: ended; 1: failed, and ready.json says why."""
    import msgspec

    # Not sys.stdin: a program without a console has none on Windows, whatever it was given.
    with open(0, "rb", closefd=False) as given:
        config = msgspec.json.decode(given.read(), type=Config)
    _keep_to_ourselves()
    folder = Path(config.run_folder)
    try:
        # A second engine of the same deployment must never start, however it came about.
        with files.writer_lock(folder / LOCK, wait_s=5.0):
            return _run(config, folder)
    except AppError as error:
        if sys.stderr is not None:
            sys.stderr.write(f"{error}\n")
        return 1


def _run(config: Config, folder: Path) -> int:
    _say(folder, "loading")
    try:
        server = _load(config)
    except AppError as error:
        params = tuple(error.params.items())
        _say(folder, "failed", note=error.code, note_params=params, detail=error.detail)
        return 1
    stop = _told_to_end()
    _say(folder, "ready", url=server.listening_address)
    missed = 0
    while missed < _MISSED and not stop.wait(_LOOK_S):
        _bound_log(folder / LOG)
        missed = missed + 1 if _is_gone(folder) else 0
    if not missed:
        _say(folder, "ended")
    # The engine finishes what it is saying before it goes; that may take longer than we have.
    last = threading.Timer(_END_S, os._exit, args=(0,))
    last.daemon = True
    last.start()
    del server
    return 0


def _load(config: Config) -> Any:
    """The running server. Returns once the model is in memory. Raises: AppError with the cause."""
    model = Path(config.model_path)
    with files.disk_errors(model, reading=True):
        size_bytes = model.stat().st_size if model.is_file() else None
    if size_bytes is None:
        raise AppError("model_file_missing", remedy="set_up_again", detail=config.model_path)
    _check_memory(config, size_bytes)
    key = keys.read_key(Path(config.key_path))
    os.environ.setdefault(*llama_server.WAITING)  # read when the engine is loaded
    try:
        import xllamacpp

        return xllamacpp.Server(_parameters(config, key, xllamacpp))
    except Exception as error:  # whatever the engine throws, it must end as a sentence
        note, line = _cause(Path(config.run_folder) / LOG)
        raise AppError(note, remedy="save_report", detail=line or str(error)[:300]) from error


def _cause(log: Path) -> tuple[str, str]:
    """Why it did not load. The engine writes its log on a thread of its own, a little later."""
    deadline = clock.monotonic() + _LOG_LATE_S
    while True:
        note, line = cause_in_log(tail(log))
        if note != "engine_failed" or clock.monotonic() > deadline:
            return note, line
        time.sleep(0.05)


def _parameters(config: Config, key: str, engine: Any) -> Any:
    """The engine's settings: what the container's are too (llama_server), in this form."""
    params = engine.CommonParams()
    params.model.path = config.model_path
    params.model_alias = {config.model_id}
    params.hostnames = ["127.0.0.1"]
    params.port = 0  # the system gives a free one, and no other program can take it first
    params.api_keys = [key]
    params.cors_origins = llama_server.CORS_ORIGIN
    params.cors_credentials = False
    params.ui = False
    params.endpoint_slots = False
    params.endpoint_metrics = True
    params.offline = True
    params.n_ctx = config.context
    params.n_parallel = llama_server.PARALLEL
    params.n_batch = _BATCH
    params.n_ubatch = _BATCH
    params.cache_ram_mib = llama_server.CACHE_RAM_MIB
    params.n_threads_http = llama_server.HTTP_THREADS
    params.use_jinja = True
    params.reasoning_format = engine.common_reasoning_format.COMMON_REASONING_FORMAT_DEEPSEEK
    params.no_extra_bufts = not config.repack  # repacked weights are a second copy in memory
    params.verbosity = 4  # says which part went where; no text of a conversation
    if config.threads:
        params.cpuparams.n_threads = config.threads
    if config.processor_only:
        params.n_gpu_layers = 0
        params.fit_params = False  # there is no graphics memory to share out
    if config.template_path:
        params.chat_template = Path(config.template_path).read_text(encoding="utf-8")
    return params


def _check_memory(config: Config, size_bytes: int) -> None:
    """Refuses what cannot work: the file is mapped, so too large a one would only crawl."""
    free = processes.free_memory_bytes()
    need = min(config.memory_bytes, size_bytes)
    if free is not None and need > free:
        raise AppError(
            "engine_out_of_memory",
            {"need_bytes": need, "free_bytes": free},
            remedy="choose_smaller",
            detail=f"model {need} bytes, free memory {free} bytes",
        )


def _keep_to_ourselves() -> None:
    """Conversations are in this memory: no core file of it, and our files are nobody else's."""
    os.umask(0o077)
    if sys.platform != "win32":
        import resource

        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _told_to_end() -> threading.Event:
    """Is set when the system or our provider asks this process to end.

    Only after loading: while it loads, the engine keeps Python from running, so that the
    system's own answer to the signal, to end at once, is the better one.
    """
    stop = threading.Event()

    def end(_signal: int, _frame: FrameType | None) -> None:
        stop.set()

    for name in ("SIGTERM", "SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    return stop


def _say(folder: Path, state: str, **more: Any) -> None:
    import msgspec

    pid, started_at = processes.own_identity()
    boot = processes.this_boot()
    ready = Ready(state=state, pid=pid, started_at=started_at, boot=boot, **more)
    files.write_atomic(folder / READY, msgspec.json.encode(ready))


def tail(log: Path, size: int = 16_000) -> str:
    with contextlib.suppress(OSError), log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - size))
        return file.read().decode("utf-8", "replace")
    return ""


def _is_gone(folder: Path) -> bool:
    """Whether somebody deleted the folder. One that cannot be read is still there."""
    try:
        folder.stat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False


def _bound_log(log: Path) -> None:
    """Keeps the end of a log that has grown too long. It is open for appending, so it goes on."""
    with contextlib.suppress(OSError):
        if log.stat().st_size < _LOG_MAX_BYTES:
            return
        kept = tail(log, _LOG_KEPT_BYTES)
        os.truncate(log, 0)
        with log.open("ab") as file:
            file.write(kept.encode())


if __name__ == "__main__":
    sys.exit(main())
