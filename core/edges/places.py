"""Where things are: the folders of this app and the addresses that the environment can change.

The only file that reads the environment for settings (DESIGN: "places that can be pointed
elsewhere"). Nothing here touches the disk; folders are made by who writes into them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import platformdirs

_APP = "deepberth"
HUB = "https://huggingface.co"
HUB_MIRROR = "https://hf-mirror.com"
MODELSCOPE = "https://modelscope.cn"

OVERRIDES = (
    "DEEPBERTH_HOME",
    "HF_ENDPOINT",
    "DEEPBERTH_MODELSCOPE_ENDPOINT",
    "DEEPBERTH_REGISTRY",
    "DEEPBERTH_ENGINE_IMAGE",
    "DOCKER_HOST",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """`state` holds the journal, settings and keys; `models` may be on another volume."""

    state: Path
    models: Path
    logs: Path
    hub: str = HUB
    modelscope: str = MODELSCOPE
    hub_is_ours: bool = False  # True: HF_ENDPOINT names it, so no other source is tried
    registries: Mapping[str, str] = field(default_factory=dict)  # ghcr.io → 127.0.0.1:5000
    engine_image: str | None = None
    docker_host: str | None = None
    overridden: tuple[str, ...] = ()  # names of the variables that are set

    def image(self, reference: str) -> str:
        """The image reference to pull: another registry, or one image for every flavour.

        A reference that names no registry (`sha256:…`, `mine:1`) stays as it is.
        """
        if self.engine_image:
            return self.engine_image
        registry, slash, rest = reference.partition("/")
        return f"{self.registries.get(registry, registry)}/{rest}" if slash else reference


def read_places(environ: Mapping[str, str] = os.environ) -> Places:
    """The places of this run. Empty variables count as not set."""
    env = {name: environ[name].strip() for name in OVERRIDES if environ.get(name, "").strip()}
    if home := env.get("DEEPBERTH_HOME"):
        state = Path(home).expanduser().absolute()
        models, logs = state / "models", state / "logs"
    else:
        state = platformdirs.user_data_path(_APP, appauthor=False)
        models = state / "models"
        logs = platformdirs.user_log_path(_APP, appauthor=False)
    pairs = [part.partition("=") for part in env.get("DEEPBERTH_REGISTRY", "").split(",")]
    return Places(
        state=state,
        models=models,
        logs=logs,
        hub=env.get("HF_ENDPOINT", HUB).rstrip("/"),
        hub_is_ours="HF_ENDPOINT" in env,
        modelscope=env.get("DEEPBERTH_MODELSCOPE_ENDPOINT", MODELSCOPE).rstrip("/"),
        registries={name.strip(): host.strip() for name, _, host in pairs if host},
        engine_image=env.get("DEEPBERTH_ENGINE_IMAGE"),
        docker_host=env.get("DOCKER_HOST"),
        overridden=tuple(env),
    )
