"""A provider without an engine, for rehearsals: it keeps the contract and runs nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from core.domain import EndpointState, EngineKind, Handle, Launch, Plan, Status
from core.errors import AppError
from core.progress import CancelToken, Progress, Reporter
from core.providers.base import Provider


@dataclass(frozen=True, slots=True, kw_only=True)
class _Thing:
    handle: Handle
    install_id: str
    polls: int = 0
    stopped: bool = False


class Fake(Provider):
    """`polls_to_run` is how often it is looked at before it says that it runs.

    `problem` is what `check` raises; `failure` is the note of a start that fails.
    """

    id: ClassVar[str] = "fake"

    def __init__(
        self,
        *,
        engine: EngineKind = EngineKind.BUILTIN,
        url: str = "http://127.0.0.1:9",
        polls_to_run: int = 2,
        problem: AppError | None = None,
        failure: str | None = None,
    ) -> None:
        self.engine = engine  # type: ignore[misc] # it stands in for either
        self._url = url
        self._polls_to_run = polls_to_run
        self._problem = problem
        self._failure = failure
        self._things: dict[str, _Thing] = {}

    def check(self) -> None:
        if self._problem is not None:
            raise self._problem

    def fetch_engine(self, plan: Plan, report: Reporter, token: CancelToken) -> str | None:
        token.check()
        report(Progress(step="fetch_engine", done=1, total=1, finished=True))
        return plan.image

    def start(self, launch: Launch) -> Handle:
        ref = f"fake-{launch.install_id}-{launch.deployment_id}"
        handle = Handle(provider=self.id, ref=ref, deployment_id=launch.deployment_id)
        known = self._things.get(ref)
        if known is None:
            self._things[ref] = _Thing(handle=handle, install_id=launch.install_id)
        elif known.stopped:
            self._things[ref] = replace(known, stopped=False, polls=0)
        return handle

    def poll(self, handle: Handle) -> Status:
        thing = self._things.get(handle.ref)
        if thing is None:
            return Status(state=EndpointState.GONE)
        if thing.stopped:
            return Status(state=EndpointState.STOPPED)
        if self._failure is not None:
            return Status(state=EndpointState.FAILED, note=self._failure)
        self._things[handle.ref] = replace(thing, polls=thing.polls + 1)
        if thing.polls < self._polls_to_run:
            state = EndpointState.STARTING if thing.polls == 0 else EndpointState.LOADING
            return Status(state=state, url=self._url)
        return Status(state=EndpointState.RUNNING, url=self._url)

    def stop(self, handle: Handle) -> None:
        if handle.ref in self._things:
            self._things[handle.ref] = replace(self._things[handle.ref], stopped=True)

    def resume(self, handle: Handle) -> None:
        if handle.ref not in self._things:
            raise AppError("endpoint_gone", remedy="set_up_again")
        if self._things[handle.ref].stopped:
            self._things[handle.ref] = replace(self._things[handle.ref], stopped=False, polls=0)

    def delete(self, handle: Handle) -> None:
        self._things.pop(handle.ref, None)

    def find_ours(self, install_id: str) -> tuple[Handle, ...]:
        return tuple(
            thing.handle for thing in self._things.values() if thing.install_id == install_id
        )
