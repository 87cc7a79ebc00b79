"""How llama.cpp's server is started: typed values in, an argument list out.

The container and the built-in engine run the same server, so what both must agree on stands here
once. No element of an argument list is ever free text: file names inside the container are fixed,
the model's name has to look like a catalogue id, and everything else is a number or a constant.
Checked against build b11434.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath

from core.domain import Launch

PORT = 8080  # inside the container; nothing else listens there
MODELS_FOLDER = "/models"
KEY_FILE = "/run/deepberth/key"
TEMPLATE_FILE = "/run/deepberth/template.jinja"

PARALLEL = 1  # one person: all of the context belongs to one conversation
# One person's window and its health checks. The default, one per processor core, would break the
# container's limit of processes on a large machine.
HTTP_THREADS = 8
# The default of 8,192 MiB would be taken from the memory that the model was chosen by.
CACHE_RAM_MIB = 128
# Threads that wait for each other by spinning come to a near stop as soon as another program wants
# a core: 3 to 5 instead of 38 to 89 tokens/s, measured on two busy cores. Only engines built with
# OpenMP know this, as the published images and the wheel are. The server's own `--poll 0` is no
# substitute: without OpenMP its threads spin between steps all the same (1 to 27 tokens/s with it
# and without, 30 to 70 with a single thread, beside one busy core).
WAITING = ("OMP_WAIT_POLICY", "PASSIVE")
REASONING_FORMAT = "deepseek"  # thoughts arrive in their own field
# The server reflects any web page's origin unless told otherwise. This one never exists, and no
# list of origins can be empty. "null" would not do: it is what a page from a file sends.
CORS_ORIGIN = "https://deepberth.invalid"

_MODEL_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_SHARD = re.compile(r"-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf$")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFlags:
    """What the server is told, whichever way it is started."""

    alias: str  # /v1/models answers with it; health compares it
    context: int  # tokens
    threads: int | None  # None: the server decides
    repack: bool  # False: the weights stand in memory once, not twice
    template: bool  # whether a corrected chat template takes the place of the file's own
    parallel: int = PARALLEL
    http_threads: int = HTTP_THREADS
    cache_ram_mib: int = CACHE_RAM_MIB
    reasoning_format: str = REASONING_FORMAT


def server_flags(launch: Launch) -> ServerFlags:
    """The values of one launch.

    Raises: ValueError where the plan was not made from the catalogue (a bug, not a situation).
    """
    plan = launch.plan
    if not _MODEL_ID.fullmatch(plan.model.id):
        raise ValueError(f"not a catalogue id: {plan.model.id!r}")
    if plan.context < 1 or (plan.threads is not None and plan.threads < 1):
        raise ValueError("context and threads are positive")
    return ServerFlags(
        alias=plan.model.id,
        context=plan.context,
        threads=plan.threads,
        repack=plan.repack,
        template=launch.template_path is not None,
    )


def container_argv(launch: Launch) -> list[str]:
    """The arguments of the server inside a container, without the program's name."""
    flags = server_flags(launch)
    argv = ["-m", model_targets(launch.model_path)[0][1], "--alias", flags.alias]
    argv += ["--host", "0.0.0.0", "--port", str(PORT)]  # noqa: S104 - all of the container, not of the computer
    argv += ["-c", str(flags.context), "-np", str(flags.parallel)]
    argv += ["--jinja", "--reasoning-format", flags.reasoning_format]
    if flags.template:
        argv += ["--chat-template-file", TEMPLATE_FILE]
    argv += ["--api-key-file", KEY_FILE, "--cors-origins", CORS_ORIGIN, "--no-cors-credentials"]
    argv += ["--cache-ram", str(flags.cache_ram_mib), "--threads-http", str(flags.http_threads)]
    if flags.threads is not None:
        argv += ["-t", str(flags.threads)]
    if not flags.repack:
        argv += ["--no-repack"]
    return [*argv, "--no-ui", "--no-slots", "--offline", "--log-colors", "off"]


def model_targets(model_path: str) -> list[tuple[str, str]]:
    """Which files a container needs, and where it finds them: (name beside the model, target).

    The targets' names are fixed, so that a file of any name can be used. A model in several files
    keeps the numbers in its names, because the server finds the others by them.
    """
    name = PurePath(model_path).name
    shard = _SHARD.search(name)
    if shard is None:
        return [(name, f"{MODELS_FOLDER}/model.gguf")]
    start, count = name[: shard.start()], int(shard["count"])
    endings = [f"-{number:05d}-of-{count:05d}.gguf" for number in range(1, count + 1)]
    return [(start + ending, f"{MODELS_FOLDER}/model{ending}") for ending in endings]
