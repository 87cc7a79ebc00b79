"""All of the bench together."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import images, models
from tests.bench.dockerd import Dockerd
from tests.bench.registry import Registry


@dataclass(frozen=True)
class Bench:
    """An engine, and a registry from which it can fetch llama.cpp's server."""

    dockerd: Dockerd
    registry: Registry
    starter: Path  # models/…, see models.py
    image: str  # the reference in our registry

    @property
    def environment(self) -> dict[str, str]:
        """What points the app at the bench."""
        return {
            "DOCKER_HOST": self.dockerd.host,
            "DEEPBERTH_REGISTRY": f"ghcr.io={self.registry.address}",
        }


@contextlib.contextmanager
def bench() -> Iterator[Bench]:
    """The engine has no image yet: that it is fetched is part of what is tested."""
    starter = models.starter()
    with Registry() as registry, Dockerd() as dockerd:
        reference = publish_engine(dockerd, registry)
        yield Bench(dockerd=dockerd, registry=registry, starter=starter, image=reference)


def publish_engine(dockerd: Dockerd, registry: Registry) -> str:
    """Puts the server's image into the registry and takes it out of the engine again."""
    with dockerd.client() as client:
        reference = images.import_engine(client, f"{registry.address}/{images.REPOSITORY}")
        images.push(client, reference)
        client.remove_image(reference, force=True)
    return reference
