"""Stand-ins with the shapes of the real parts: an assembly, the endpoint calls, a stream."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace

from core.domain import (
    Accelerator,
    ChatDelta,
    ChatDone,
    Endpoint,
    EndpointState,
    EngineKind,
    Handle,
    Message,
    Model,
    Note,
    Plan,
    Proof,
    Quant,
    Receipt,
    Sampling,
    Source,
    Status,
)
from core.edges.places import Places
from core.errors import AppError
from core.progress import CancelToken, Progress
from core.settings import Settings


def a_quant() -> Quant:
    return Quant(
        name="Q4_K_M", file="model.gguf", repo="r", revision="main", size_bytes=4_683_000_000,
        size_exact=True, sha256=None, sha256_source=None, token_embd_bytes=0,
    )  # fmt: skip


def a_model(*, starter: bool = False) -> Model:
    return Model(
        id="smollm2-135m-instruct" if starter else "deepseek-r1-distill-qwen-7b",
        name="SmolLM2-135M-Instruct" if starter else "DeepSeek-R1-Distill-Qwen-7B",
        params_total=7, params_active=7, layers=28, hidden=1, ffn=1, vocab=1, max_context=131072,
        licence="Apache-2.0" if starter else "MIT", release_date=None,
        distilled=not starter, starter=starter, legacy=False,
        thinking="none" if starter else "always", sampling=Sampling(), chat_template=None,
        quants=(a_quant(),), scores=(), source=Source(text="test"),
    )  # fmt: skip


def a_plan(*, starter: bool = False, accelerator: Accelerator = Accelerator.CPU) -> Plan:
    return Plan(
        id="p", model=a_model(starter=starter), quant=a_quant(), engine=EngineKind.BUILTIN,
        accelerator=accelerator, image=None, context=8192, threads=None, repack=True,
        model_folder="models", local_file=None, download_bytes=0, memory_bytes=0, steps=(),
    )  # fmt: skip


def an_endpoint(*, starter: bool = False, proof: Proof | None = None) -> Endpoint:
    return Endpoint(
        handle=Handle(provider="local", ref="1", deployment_id="d"), url="http://127.0.0.1:1",
        key_path="key", model=a_model(starter=starter), quant_name="Q4_K_M",
        engine=EngineKind.BUILTIN, context=8192, proof=proof,
    )  # fmt: skip


@dataclass
class Assembly:
    """The fields of core.assembly.Assembly that the window uses."""

    places: Places
    settings: Settings = field(default_factory=Settings)
    journal: object = None
    providers: object = None
    saved: list[Settings] = field(default_factory=list)
    refuses: AppError | None = None

    @property
    def model_folder(self) -> str:
        return self.settings.model_folder or str(self.places.models)

    def save(self, settings: Settings) -> None:
        if self.refuses:
            raise self.refuses
        self.settings = settings
        self.saved.append(settings)


def an_assembly(folder: Path, overridden: tuple[str, ...] = ()) -> Assembly:
    return Assembly(
        places=Places(
            state=folder, models=folder / "models", logs=folder / "logs", overridden=overridden
        )
    )


@dataclass
class Serve:
    """Stands for core.serve.endpoint: what is set up, and how it answers to the acts."""

    starter: bool = False
    state: EndpointState = EndpointState.RUNNING
    note: str | None = None
    set_up: bool = True
    half: bool = False
    proof: Proof | None = None
    accelerator: Accelerator = Accelerator.CPU
    start_error: AppError | None = None
    gate: threading.Event | None = None  # a start waits for it
    calls: list[str] = field(default_factory=list)

    def current(self, _journal: object, _providers: object) -> SimpleNamespace:
        if not self.set_up:
            status = Status(state=EndpointState.GONE)
            return SimpleNamespace(endpoint=None, status=status, deployment=None)
        running = self.state is EndpointState.RUNNING
        endpoint = an_endpoint(starter=self.starter, proof=self.proof)
        if not running:
            endpoint = replace(endpoint, url="")
        plan = a_plan(starter=self.starter, accelerator=self.accelerator)
        return SimpleNamespace(
            endpoint=None if self.half else endpoint,
            status=Status(state=self.state, note=self.note),
            deployment=SimpleNamespace(plan=plan),
        )

    def start(
        self, _journal: object, _providers: object, report: Callable[[Progress], None],
        token: CancelToken,
    ) -> Endpoint:  # fmt: skip
        self.calls.append("start")
        report(Progress(step="load", done=2, unit="seconds"))
        while self.gate is not None and not self.gate.is_set():
            token.wait(0.01)
        if self.start_error:
            raise self.start_error
        self.state, self.note = EndpointState.RUNNING, None
        return an_endpoint(starter=self.starter)

    def stop(self, _journal: object, _providers: object) -> None:
        self.calls.append("stop")
        self.state, self.note = EndpointState.STOPPED, None

    def remove(self, _journal: object, _providers: object, *, models: bool) -> Receipt:
        self.calls.append(f"remove models={models}")
        self.set_up = False
        return Receipt(removed=(Note(code="home.fact.model"),), freed_bytes=4_000_000_000)


def done(**changes: object) -> ChatDone:
    whole = ChatDone(
        finish_reason="stop", prompt_tokens=9, completion_tokens=40, first_token_s=0.62,
        tokens_per_s=41.2, model="m", where="this_computer",
    )  # fmt: skip
    return replace(whole, **changes)  # type: ignore[arg-type]


@dataclass
class Stream:
    """Stands for stream_chat. Each gate holds the answer before the part of its number."""

    parts: Sequence[ChatDelta | ChatDone | AppError]
    gates: dict[int, threading.Event] = field(default_factory=dict)
    asked: list[tuple[Message, ...]] = field(default_factory=list)

    def __call__(
        self, _endpoint: Endpoint, messages: Sequence[Message], token: CancelToken
    ) -> Iterator[ChatDelta | ChatDone]:
        self.asked.append(tuple(messages))
        for number, part in enumerate(self.parts):
            if gate := self.gates.get(number):
                while not gate.wait(0.01):
                    if token.cancelled:
                        yield done(finish_reason="stopped_by_you")
                        return
            if isinstance(part, AppError):
                raise part
            yield part


ANSWER = """It grows to about **¥11,592.74**. Each year adds 3% of everything you already have.

The same sum in Python:

```python
def grow(amount, rate, years):
    return amount * (1 + rate) ** years


print(f"{grow(10_000, 0.03, 5):,.2f}")  # 11,592.74
```

| year | worth |
|-----:|------:|
| 1 | 10,300 |
| 5 | 11,592.74 |

1. first
2. second `code`

See [the rule](https://example.org/compound?years=5).
"""
