"""What this installation made and no longer wants: found by its labels, whatever was written."""

from __future__ import annotations

import contextlib
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from core.domain import EngineKind, Handle, Plan
from core.edges import files
from core.errors import AppError
from core.providers.base import Provider
from core.setup.journal import Deployment, Journal

Providers = Mapping[EngineKind, Provider]
_A_NAME = re.compile(r"[\w-]{1,64}", re.ASCII)


def provider_of(plan: Plan, providers: Providers) -> Provider:
    provider = providers.get(plan.engine)
    if provider is None:
        raise AppError("provider_missing", {"engine": plan.engine.value}, remedy="save_report")
    return provider


def sweep(plan: Plan, providers: Providers, journal: Journal) -> None:
    """Deletes what was made by this installation and stands in no open line of the journal: left
    by a kill between two lines, or by a journal that was lost."""
    open_ones = journal.open()
    known = {deployment.id for deployment in open_ones}
    for engine in {plan.engine, *(deployment.plan.engine for deployment in open_ones)}:
        provider = providers.get(engine)
        if provider is None:
            continue
        try:
            found = provider.find_ours(journal.install_id)
        except AppError:
            if engine == plan.engine:
                raise
            continue  # an engine this plan does not need is not running
        for handle in found:
            if handle.deployment_id not in known:
                provider.delete(handle)
                if _A_NAME.fullmatch(handle.deployment_id):  # it stood in a label or a file
                    remove_folder(journal.run_folder(handle.deployment_id))


def retire(other: Deployment, plan: Plan, providers: Providers, journal: Journal) -> None:
    """Takes the engine of an older deployment away; its model file stays."""
    provider = providers.get(other.plan.engine)
    try:
        for handle in handles(other, provider, journal) if provider else ():
            if provider is not None:
                provider.stop(handle)
                provider.delete(handle)
    except AppError:
        if other.plan.engine == plan.engine:
            raise
        # Its engine cannot be reached, so it does not run; the next sweep there removes it.
    remove_folder(Path(other.run_folder))
    journal.close(other.id, "replaced")


def handles(deployment: Deployment, provider: Provider, journal: Journal) -> Iterator[Handle]:
    """The handle in the journal, and what a kill kept from being written there."""
    seen = set()
    if deployment.handle is not None:
        seen.add(deployment.handle.ref)
        yield deployment.handle
    for handle in provider.find_ours(journal.install_id):
        if handle.deployment_id == deployment.id and handle.ref not in seen:
            yield handle


def remove_folder(folder: Path) -> None:
    """The key and the logs of an engine that is gone."""
    with files.disk_errors(folder), contextlib.suppress(FileNotFoundError):
        for path in folder.iterdir():
            if path.is_file() and not path.is_symlink():
                path.chmod(0o600)  # Windows does not delete a read-only file, and keys are
        shutil.rmtree(folder)
