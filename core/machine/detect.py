"""Look at this computer: every fact is the value, or says why there is none.

All looks run at once, each at most three seconds; one that hangs is `Unreadable("timeout")` and
holds nobody up. The only contact with a network is one request each to where models and engine
images would come from; nothing is sent with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from core.domain import ContainerEngine, Cpu, Missing, Network, Probe, Unreadable
from core.edges import http, nvidia
from core.edges.host import Host
from core.edges.nvidia import Card
from core.edges.places import Places
from core.machine.disks import disks, engine_volume
from core.machine.graphics import merge, read_listed
from core.machine.limited import Look, look_at_all
from core.machine.system import Memory, System, os_name, read_cpu, read_memory, read_system
from core.progress import CancelToken, Reporter

STEPS = ("cpu", "memory", "gpu", "disk", "engine", "network")
LIMIT_S = 3.0
_REQUEST_S = 2.5  # below LIMIT_S, so that a slow network says what was slow

# Where the engine images come from; the registry in it can be another one (places).
_IMAGE = "ghcr.io/ggml-org/llama.cpp:server"


def _describe(docker_host: str | None) -> ContainerEngine | Missing | Unreadable:
    from core.edges import docker_engine

    return docker_engine.describe(docker_host)


def _data_root(docker_host: str | None) -> str | None:
    from core.edges import docker_engine

    return docker_engine.data_root(docker_host)


@dataclass(frozen=True, slots=True, kw_only=True)
class Readers:
    """Whom `detect` asks. Tests and rehearsals give it a recorded computer."""

    host: Host = field(default_factory=Host)
    nvidia: Callable[[], tuple[Card, ...] | Missing | Unreadable] = nvidia.read_cards
    engine: Callable[[str | None], ContainerEngine | Missing | Unreadable] = _describe
    engine_folder: Callable[[str | None], str | None] = _data_root
    reachable: Callable[[str, float], str] = http.reachable


def detect(
    report: Reporter,
    token: CancelToken,
    *,
    places: Places,
    readers: Readers | None = None,
    limit_s: float = LIMIT_S,
) -> Probe:
    """This computer, in at most `limit_s` and a little. Reports each of STEPS once, as it ends.

    Changes nothing and can be repeated. Raises: Cancelled.
    """
    ask = readers or Readers()
    host = ask.host
    system = Look("cpu", lambda: read_system(host))
    cpu = Look("cpu", lambda: read_cpu(host))
    memory = Look("memory", lambda: read_memory(host))
    listed = Look("gpu", lambda: read_listed(host))
    cards = Look("gpu", ask.nvidia)
    models = Look("disk", lambda: host.volume(places.models))
    images = Look("disk", lambda: engine_volume(host, ask.engine_folder(places.docker_host)))
    engine = Look("engine", lambda: ask.engine(places.docker_host))
    proxy = Look("network", host.proxy)
    hub = Look("network", lambda: ask.reachable(f"{places.hub}/", _REQUEST_S))
    registry = Look("network", lambda: ask.reachable(registry_url(places), _REQUEST_S))
    look_at_all(
        [system, cpu, memory, listed, cards, models, images, engine, proxy, hub, registry],
        report,
        token,
        limit_s=limit_s,
    )
    known_system = _system(system.answer, host)
    known_memory = _memory(memory.answer)
    return Probe(
        os=known_system.os,
        os_version=known_system.version,
        arch=known_system.arch,
        wsl=known_system.wsl,
        cpu=_cpu(cpu.answer),
        ram_bytes=known_memory.total_bytes,
        ram_free_bytes=known_memory.free_bytes,
        gpus=merge(listed.answer, cards.answer),
        disks=disks(places.models, models.answer, images.answer),
        engine=engine.answer,
        network=Network(
            hub=_code(hub.answer),
            registry=_code(registry.answer),
            proxy=None if isinstance(proxy.answer, Unreadable) else proxy.answer,
        ),
    )


def registry_url(places: Places) -> str:
    """The first page of the registry's API; plain HTTP only where it stays on this computer."""
    address, slash, _ = places.image(_IMAGE).partition("/")
    if not slash or not ("." in address or ":" in address or address == "localhost"):
        address = "registry-1.docker.io"  # what a reference without a registry's name means
    host = address.rpartition(":")[0] if address.count(":") == 1 else address
    here = host in ("localhost", "127.0.0.1") or address.startswith("[::1]")
    return f"{'http' if here else 'https'}://{address}/v2/"


def _system(answer: System | Unreadable, host: Host) -> System:
    if isinstance(answer, Unreadable):
        return System(os=os_name(host.platform), version="", arch="unknown", wsl=False)
    return answer


def _cpu(answer: Cpu | Unreadable) -> Cpu:
    return Cpu(name=answer, physical_cores=answer) if isinstance(answer, Unreadable) else answer


def _memory(answer: Memory | Unreadable) -> Memory:
    if isinstance(answer, Unreadable):
        return Memory(total_bytes=answer, free_bytes=answer)
    return answer


def _code(answer: str | Unreadable) -> str:
    return answer.code if isinstance(answer, Unreadable) else answer
