"""Which image is pulled, and from where."""

from __future__ import annotations

import pytest

from core.edges.places import read_places

IMAGE = "ghcr.io/ggml-org/llama.cpp:server"


@pytest.mark.parametrize(
    ("environ", "reference", "expected"),
    [
        ({}, IMAGE, IMAGE),
        ({"DEEPBERTH_REGISTRY": "ghcr.io=127.0.0.1:5000"}, IMAGE, "127.0.0.1:5000/" + IMAGE[8:]),
        ({"DEEPBERTH_REGISTRY": "docker.io=127.0.0.1:5000"}, IMAGE, IMAGE),
        ({"DEEPBERTH_ENGINE_IMAGE": "mine:1"}, IMAGE, "mine:1"),
        ({"DEEPBERTH_ENGINE_IMAGE": " "}, IMAGE, IMAGE),
        # Without a registry's name there is nothing to put another one in the place of.
        ({"DEEPBERTH_REGISTRY": "ghcr.io=127.0.0.1:5000"}, "sha256:0123", "sha256:0123"),
        ({"DEEPBERTH_REGISTRY": "mine:1=127.0.0.1:5000"}, "mine:1", "mine:1"),
    ],
)
def test_the_image_to_pull(environ: dict[str, str], reference: str, expected: str) -> None:
    assert read_places(environ).image(reference) == expected
