"""Images for the bench's engine: the true server, and others that are wrong in one way."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence

import docker

from tests.bench.server import llama_server

REPOSITORY = "ggml-org/llama.cpp"
TAG = "server"


def import_engine(client: docker.APIClient, repository: str, tag: str = TAG) -> str:
    """llama.cpp's server alone in an image, as a reference."""
    files = {"app/llama-server": llama_server().read_bytes()}
    changes = ['ENTRYPOINT ["/app/llama-server"]', "EXPOSE 8080"]
    return import_files(client, repository, tag, files, changes)


def import_files(
    client: docker.APIClient,
    repository: str,
    tag: str,
    files: Mapping[str, bytes],
    changes: Sequence[str] = (),
) -> str:
    """An image of one layer with these files, all of them programs."""
    client.import_image_from_data(
        _tar(files, 0o755), repository=repository, tag=tag, changes=list(changes)
    )
    return f"{repository}:{tag}"


def build_layers(client: docker.APIClient, reference: str, layers: Sequence[bytes]) -> None:
    """An image with one layer for each piece, to be fetched only: nothing in it can run."""
    files = {f"layer{number}": content for number, content in enumerate(layers)}
    copies = [f"COPY {name} /{name}" for name in files]
    recipe = "\n".join(["FROM scratch", *copies, 'ENTRYPOINT ["/layer0"]']).encode()
    context = io.BytesIO(_tar({"Dockerfile": recipe, **files}, 0o644))
    lines = client.build(fileobj=context, custom_context=True, tag=reference, decode=True, rm=True)
    _consume(lines)


def push(client: docker.APIClient, reference: str) -> None:
    _consume(client.push(reference, stream=True, decode=True))


def _consume(lines: object) -> None:
    for line in lines:  # type: ignore[attr-defined]
        if "error" in line:
            raise RuntimeError(line["error"])


def _tar(files: Mapping[str, bytes], mode: int) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), mode
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
