"""The model file of a plan, here and checked: the person's own, the packaged one, or fetched."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path

from core.domain import Plan, Quant
from core.edges import files
from core.edges.places import Places
from core.errors import AppError
from core.progress import CancelToken, Reporter
from core.setup import sources
from core.setup.download import download, remove_file
from core.setup.gguf_check import MAGIC, check_gguf
from core.setup.part_file import Wanted
from core.setup.verify import is_sha256, sha256_of

STEP = "fetch_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """A model file that stands on this computer."""

    path: str
    origin: str  # own_file | packaged | fetched
    sha256: str
    checked: bool  # the hash is the one the catalogue or the hub names


def fetch_weights(plan: Plan, places: Places, report: Reporter, token: CancelToken) -> Weights:
    """The file, at once where it is here already. Nothing that is here is fetched again.

    Raises: AppError of the download, of the disk, or about the file itself; Cancelled.
    """
    if plan.local_file:
        return _own_file(plan, Path(plan.local_file), report, token)
    if (path := sources.packaged(plan)) and (weights := _packaged(plan, path, report, token)):
        return weights
    quant = plan.quant
    if not _stands(plan):
        quant = _measured(plan, report, token) or sources.pinned(quant, places, token)
    wanted = _wanted(plan, quant.size_bytes, quant.sha256 or "")
    download(wanted, sources.origins(quant, places), report, token, step=STEP)
    check_gguf(wanted.target)
    return Weights(path=str(wanted.target), origin="fetched", sha256=wanted.sha256, checked=True)


def remove_weights(plan: Plan) -> int:
    """Deletes what was fetched for the plan, whole or half. Returns the bytes freed; the person's
    own file and the packaged one are never touched."""
    target = sources.target(plan)
    with files.disk_errors(target):
        for kind in ("own", "packaged"):
            _stamp(plan, kind).unlink(missing_ok=True)
        if plan.local_file:
            with contextlib.suppress(OSError):
                target.parent.rmdir()  # made for the stamp; only when nothing else is in it
            return 0
    return remove_file(_wanted(plan, plan.quant.size_bytes, plan.quant.sha256 or ""))


def _stands(plan: Plan) -> bool:
    return is_sha256(plan.quant.sha256) and plan.quant.size_exact


def _measured(plan: Plan, report: Reporter, token: CancelToken) -> Quant | None:
    """The quant with the size of the file that is here already: then nobody need be asked."""
    target, quant = sources.target(plan), plan.quant
    with files.disk_errors(target, reading=True):
        if not is_sha256(quant.sha256) or not target.is_file():
            return None
    stamp = _wanted(plan, quant.size_bytes, quant.sha256 or "").stamp
    if sha256_of(target, stamp, report, token, step=STEP) != quant.sha256:
        return None
    return replace(quant, size_bytes=target.stat().st_size, size_exact=True)


def _wanted(plan: Plan, size_bytes: int, sha256: str) -> Wanted:
    return Wanted(target=sources.target(plan), size_bytes=size_bytes, sha256=sha256, magic=MAGIC)


def _own_file(plan: Plan, path: Path, report: Reporter, token: CancelToken) -> Weights:
    """A file the person chose. It is used where it is; one that is not in the catalogue is theirs
    to trust, so the hash only says whether it is the same."""
    with files.disk_errors(path, reading=True):
        is_there = path.is_file()
    if not is_there:
        raise AppError(
            "own_file_missing", {"path": str(path)}, remedy="choose_file", field="local_file"
        )
    check_gguf(path)
    found = sha256_of(path, _stamp(plan, "own"), report, token, step=STEP)
    return Weights(
        path=str(path), origin="own_file", sha256=found, checked=found == plan.quant.sha256
    )


def _packaged(plan: Plan, path: Path, report: Reporter, token: CancelToken) -> Weights | None:
    """The file that came with the app, if it is what the catalogue says."""
    found = sha256_of(path, _stamp(plan, "packaged"), report, token, step=STEP)
    if found != plan.quant.sha256:
        return None
    return Weights(path=str(path), origin="packaged", sha256=found, checked=True)


def _stamp(plan: Plan, kind: str) -> Path:
    """Where the hash of a file that stands elsewhere is remembered."""
    target = sources.target(plan)
    return target.with_name(f"{target.name}.{kind}.stamp")
