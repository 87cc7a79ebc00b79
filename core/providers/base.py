"""The contract of everything that can run a model. tests/contract checks each provider by it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from core.domain import EngineKind, Handle, Launch, Plan, Status
from core.progress import CancelToken, Reporter


class Provider(ABC):
    """One place where a model can run.

    A provider never sleeps in `poll`, never asks, never reads settings and makes no sentences.
    It raises AppError (with a remedy) and Cancelled, nothing else.
    """

    id: ClassVar[str]
    engine: ClassVar[EngineKind | None] = None
    billable: ClassVar[bool] = False

    @abstractmethod
    def check(self) -> None:
        """Returns if the provider can be used right now.

        Raises: AppError saying why not, with its remedy. Answers within 10 s.
        """

    def fetch_engine(self, plan: Plan, report: Reporter, token: CancelToken) -> str | None:
        """Brings the engine itself here (an image), and returns its pinned reference.

        Repeatable: what is already here is not fetched again. Returns None where there is
        nothing to bring. Raises: AppError, Cancelled.
        """
        return None

    @abstractmethod
    def start(self, launch: Launch) -> Handle:
        """Returns as soon as an id exists; the engine may still be loading.

        The thing is named from `launch.deployment_id`, so that a repeated call finds and adopts
        the first one instead of making a second. Raises: AppError.
        """

    @abstractmethod
    def poll(self, handle: Handle) -> Status:
        """Looks once and never waits (a health request may take up to 2 s).

        GONE when it does not exist, UNKNOWN when it cannot be told. Never raises AppError.
        """

    @abstractmethod
    def stop(self, handle: Handle) -> None:
        """Stops it and keeps it. Already stopped or gone is success."""

    @abstractmethod
    def resume(self, handle: Handle) -> None:
        """Starts a stopped one again; running already is success.

        Raises: AppError("endpoint_gone") when it no longer exists.
        """

    @abstractmethod
    def delete(self, handle: Handle) -> None:
        """Removes everything `start` made. Already gone is success. The model file stays."""

    @abstractmethod
    def find_ours(self, install_id: str) -> tuple[Handle, ...]:
        """All that exists and was made by this installation, whatever the journal says."""
