"""A whole world for the wizard on loopback: a recorded computer, a hub, an engine that answers."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from core.advice.candidates import offered_quants
from core.assembly import Assembly
from core.domain import Catalog, EngineKind, Handle, Launch, Model, Probe
from core.edges import keys
from core.edges.places import Places
from core.edges.travel_files import decode_probe
from core.providers.fake import Fake
from tests.stand_ins.engine import StandInEngine, event, words
from tests.stand_ins.file_server import FileServer
from tests.unit.setup.plans import gguf

MACHINES = Path(__file__).resolve().parents[2] / "machines"
CONTENT = gguf(200_000)
STARTER_CONTENT = gguf(60_000)
ANSWER = (
    words("Paris"),
    words(" it is.", finish="stop"),
    event(choices=[], usage={"prompt_tokens": 9, "completion_tokens": 4}),
    b"data: [DONE]\n\n",
)
SMALLEST = "deepseek-r1-distill-qwen-1.5b"


def machine(name: str) -> Probe:
    return decode_probe((MACHINES / f"{name}.json").read_bytes())


class Engine(Fake):
    """The fake, in front of a server that answers."""

    def __init__(self, server: StandInEngine, engine: EngineKind) -> None:
        super().__init__(url=server.url, polls_to_run=1, engine=engine)
        self.server = server
        self.started: list[str] = []

    def start(self, launch: Launch) -> Handle:
        self.started.append(launch.plan.model.id)
        self.server.keys.append(keys.read_key(Path(launch.key_path)))
        return super().start(launch)


class World(Assembly):
    """The real assembly with a small catalogue, a hub of our own and engines that run nothing."""

    def __init__(self, folder: Path, hub: FileServer, server: StandInEngine) -> None:
        self.hub, self.server = hub, server
        places = Places(
            state=folder,
            models=folder / "models",
            logs=folder / "logs",
            hub=hub.url,
            hub_is_ours=True,
        )
        super().__init__(places)
        self.engines = {kind: Engine(server, kind) for kind in EngineKind}
        self.__dict__["providers"] = self.engines
        self.__dict__["catalog"] = self._small(super().catalog)

    def _small(self, catalog: Catalog) -> Catalog:
        """The smallest DeepSeek model and the starter, with files of a few kilobytes; the rest
        keeps its size, so that it is only looked at."""
        models = [self._served(model) for model in catalog.models if model.id == SMALLEST]
        models += [model for model in catalog.models if model.id.endswith(("qwen-32b", "70b"))]
        models += [self._served(model) for model in catalog.models if model.starter]
        return replace(catalog, models=tuple(models))

    def _served(self, model: Model) -> Model:
        content = STARTER_CONTENT if model.starter else CONTENT
        digest = hashlib.sha256(content).hexdigest()
        quant = replace(
            offered_quants(model)[0],
            repo=f"somebody/{model.id}",
            revision="0" * 40,
            size_bytes=len(content),
            size_exact=True,
            sha256=digest,
            token_embd_bytes=0,
            unloaded_bytes=0,
        )
        self.hub.add_model(quant.repo, quant.revision, quant.file, content, digest)
        return replace(model, quants=(quant,), chat_template=None)
