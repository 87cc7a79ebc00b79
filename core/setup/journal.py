"""What was meant, what was done and what was seen: the memory that survives a kill.

For each act on the outside world three lines follow each other: the intent is written, the act is
done, what was observed is written. Whoever reads an intent without its observation knows exactly
what to look for. SQLite in WAL mode with full sync; threads and processes may share one journal.
"""

from __future__ import annotations

import contextlib
import math
import secrets
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from core.domain import Accelerator, Handle, Measured, Plan, Proof
from core.edges import clock, files
from core.errors import AppError

VERSION = 1
SETTING_UP = "setting_up"
READY = "ready"
STOPPED = "stopped"
KEY_FILE = "engine.key"

_BUSY_S = 10.0
_CORRUPT = {"SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_SCHEMA", "SQLITE_MISMATCH"}

_SCHEMA_1 = """
CREATE TABLE install (id TEXT NOT NULL);
CREATE TABLE deployment (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  plan_id TEXT NOT NULL,
  plan BLOB NOT NULL,
  handle BLOB,
  proof BLOB,
  state TEXT NOT NULL,
  created_at TEXT NOT NULL,
  closed_at TEXT,
  closed_why TEXT
);
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  deployment_id TEXT NOT NULL REFERENCES deployment (id),
  step TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('intent', 'observed')),
  data BLOB NOT NULL,
  at TEXT NOT NULL
);
CREATE INDEX event_by_step ON event (deployment_id, step, kind, seq);
"""
_TABLES = {"install", "deployment", "event"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One plan being carried out, or carried out and not yet taken away."""

    id: str
    plan: Plan
    handle: Handle | None
    state: str  # setting_up | ready | stopped
    key_path: str
    run_folder: str
    proof: Proof | None
    created_at: datetime  # UTC


class Journal:
    """See `open_journal`. Every call raises AppError when the disk or the file fails."""

    def __init__(self, path: Path, *, set_aside: Path | None = None) -> None:
        self.path = path
        self.set_aside = set_aside  # where a damaged journal was put when this one was opened
        self._lock = threading.RLock()
        self._connection = _connect(path)
        with self._transaction() as run:
            row = run("SELECT id FROM install").fetchone()
            self.install_id: str = row[0] if row else _install_id(path)
            if row is None:
                run("INSERT INTO install VALUES (?)", (self.install_id,))

    def close_file(self) -> None:
        """Lets go of the file; the journal cannot be used after this."""
        with self._lock:
            self._connection.close()

    # --- deployments --------------------------------------------------------------------------

    def begin(self, plan: Plan) -> Deployment:
        """The open deployment of an equal plan (same id), or a new one."""
        with self._transaction() as run:
            row = run(
                "SELECT id FROM deployment WHERE plan_id = ? AND closed_at IS NULL "
                "ORDER BY seq DESC LIMIT 1",
                (plan.id,),
            ).fetchone()
            identity = row[0] if row else secrets.token_hex(8)
            if row is None:
                run(
                    "INSERT INTO deployment (id, plan_id, plan, state, created_at) "
                    "VALUES (?, ?, ?, ?, ?)",
                    (identity, plan.id, msgspec.json.encode(plan), SETTING_UP, _now()),
                )
        found = self.find(identity)
        if found is None:  # its plan was written by a version that knew other fields
            self.close(identity, "unreadable")
            return self.begin(plan)
        return found

    def current(self) -> Deployment | None:
        """What the person works with: the newest that is set up, else the newest being set up.

        While a second model is being fetched the first one goes on.
        """
        found = self.open()
        whole = [deployment for deployment in found if deployment.state != SETTING_UP]
        return (whole or found or (None,))[-1]

    def pending(self) -> Deployment | None:
        """The newest that was begun and is not set up yet, or None. The starter is named only when
        nothing else is coming: it is there to shorten the wait."""
        begun = [deployment for deployment in self.open() if deployment.state == SETTING_UP]
        wanted = [deployment for deployment in begun if not deployment.plan.model.starter]
        return (wanted or begun or (None,))[-1]

    def open(self) -> tuple[Deployment, ...]:
        """All that are not closed, oldest first."""
        with self._reading() as run:
            rows = run(f"{_SELECT} WHERE closed_at IS NULL ORDER BY seq").fetchall()
        return tuple(found for row in rows if (found := self._deployment(row)) is not None)

    def closed(self) -> tuple[Deployment, ...]:
        """All that are closed, oldest first: their models' files may still be here."""
        with self._reading() as run:
            rows = run(f"{_SELECT} WHERE closed_at IS NOT NULL ORDER BY seq").fetchall()
        return tuple(found for row in rows if (found := self._deployment(row)) is not None)

    def measured(self) -> tuple[Measured, ...]:
        """What first answers on this computer took, newest first, one for each way to run a model.

        Also of what was taken away since. A model that ran on the processor although it was meant
        for a card says nothing about the card.
        """
        with self._reading() as run:
            rows = run(f"{_SELECT} WHERE proof IS NOT NULL ORDER BY seq DESC").fetchall()
        found: dict[tuple[str, str, Accelerator], Measured] = {}
        for row in rows:
            deployment = self._deployment(row)
            if deployment is not None and (value := _measured(deployment)) is not None:
                key = (value.model_id, value.quant_name, value.accelerator)
                found.setdefault(key, value)
        return tuple(found.values())

    def run_folder(self, deployment_id: str) -> Path:
        """The folder of one deployment alone, for its key and its engine's files."""
        return self.path.parent / "run" / deployment_id

    def find(self, deployment_id: str) -> Deployment | None:
        """The deployment, closed or not."""
        with self._reading() as run:
            row = run(f"{_SELECT} WHERE id = ?", (deployment_id,)).fetchone()
        return self._deployment(row) if row else None

    def set_handle(self, deployment_id: str, handle: Handle | None) -> None:
        data = None if handle is None else msgspec.json.encode(handle)
        self._update("handle", data, deployment_id)

    def set_proof(self, deployment_id: str, proof: Proof | None) -> None:
        data = None if proof is None else msgspec.json.encode(proof)
        self._update("proof", data, deployment_id)

    def mark(self, deployment_id: str, state: str) -> None:
        self._update("state", state, deployment_id)

    def close(self, deployment_id: str, why: str) -> None:
        """Nothing of it exists any more. Closing twice keeps the first reason."""
        with self._transaction() as run:
            run(
                "UPDATE deployment SET closed_at = ?, closed_why = ? "
                "WHERE id = ? AND closed_at IS NULL",
                (_now(), why, deployment_id),
            )

    # --- intent and observation ---------------------------------------------------------------

    def intend(self, deployment_id: str, step: str, data: Mapping[str, Any] | None = None) -> None:
        """Writes what is about to be done. On the disk before this returns."""
        self._event(deployment_id, step, "intent", data)

    def observe(self, deployment_id: str, step: str, data: Mapping[str, Any] | None = None) -> None:
        """Writes what was seen after it was done."""
        self._event(deployment_id, step, "observed", data)

    def intended(self, deployment_id: str, step: str) -> dict[str, Any] | None:
        """The newest intent of the step, or None."""
        return self._newest(deployment_id, step, "intent")

    def observed(self, deployment_id: str, step: str) -> dict[str, Any] | None:
        """The newest observation of the step, or None where there is none or it was forgotten."""
        return self._newest(deployment_id, step, "observed")

    def forget(self, deployment_id: str, step: str) -> None:
        """What was observed of the step holds no longer (its container is gone, say)."""
        with self._transaction() as run:
            run(
                "DELETE FROM event WHERE deployment_id = ? AND step = ? AND kind = 'observed'",
                (deployment_id, step),
            )

    # --- inside -------------------------------------------------------------------------------

    def _event(
        self, deployment_id: str, step: str, kind: str, data: Mapping[str, Any] | None
    ) -> None:
        with self._transaction() as run:
            run(
                "INSERT INTO event (deployment_id, step, kind, data, at) VALUES (?, ?, ?, ?, ?)",
                (deployment_id, step, kind, msgspec.json.encode(dict(data or {})), _now()),
            )

    def _newest(self, deployment_id: str, step: str, kind: str) -> dict[str, Any] | None:
        with self._reading() as run:
            row = run(
                "SELECT data FROM event WHERE deployment_id = ? AND step = ? AND kind = ? "
                "ORDER BY seq DESC LIMIT 1",
                (deployment_id, step, kind),
            ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=dict[str, Any])

    def _update(self, column: str, value: object, deployment_id: str) -> None:
        with self._transaction() as run:  # `column` is one of three literals above
            run(f"UPDATE deployment SET {column} = ? WHERE id = ?", (value, deployment_id))  # noqa: S608

    def _deployment(self, row: tuple[Any, ...]) -> Deployment | None:
        identity, plan, handle, proof, state, created_at = row
        run_folder = self.run_folder(identity)
        try:
            return Deployment(
                id=identity,
                plan=msgspec.json.decode(plan, type=Plan),
                handle=None if handle is None else msgspec.json.decode(handle, type=Handle),
                proof=None if proof is None else msgspec.json.decode(proof, type=Proof),
                state=state,
                key_path=str(run_folder / KEY_FILE),
                run_folder=str(run_folder),
                created_at=datetime.fromisoformat(created_at),
            )
        except (msgspec.MsgspecError, ValueError, TypeError):
            # Written by a version with other records. What it made is found by its labels.
            return None

    @contextmanager
    def _reading(self) -> Iterator[Any]:
        with self._lock, _sqlite_errors(self.path):
            yield self._connection.execute

    @contextmanager
    def _transaction(self) -> Iterator[Any]:
        """All or nothing, and on the disk at the end. IMMEDIATE: two processes take turns."""
        with self._lock, _sqlite_errors(self.path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection.execute
                self._connection.execute("COMMIT")
            finally:
                # After some failures (a full disk) SQLite has gone back by itself already.
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


_SELECT = "SELECT id, plan, handle, proof, state, created_at FROM deployment"


def open_journal(path: Path) -> Journal:
    """The journal in `path`, made if it is not there.

    A damaged one is set aside and a new one started (`Journal.set_aside` says where it went).
    Raises: AppError("journal_newer") for one of a later version, which is left as it is, and the
    disk's own errors.
    """
    files.make_private_folder(path.parent)
    if _look(path) == "sound":
        return Journal(path)
    # Two starts at once must not set each other's new journal aside.
    with files.writer_lock(path.with_name(f"{path.name}.lock"), wait_s=_BUSY_S):
        seen, aside = _look(path), None
        if seen == "damaged":
            aside = files.set_aside(path)
            for suffix in ("-wal", "-shm"):
                beside = path.with_name(path.name + suffix)
                if beside.exists():
                    files.set_aside(beside)
        if seen != "sound":
            _create(path)
        return Journal(path, set_aside=aside)


def _measured(deployment: Deployment) -> Measured | None:
    plan, proof = deployment.plan, deployment.proof
    if proof is None or not 0 < proof.tokens_per_s < math.inf:
        return None
    if proof.on_gpu is False and plan.accelerator is not Accelerator.CPU:
        return None
    return Measured(
        model_id=plan.model.id,
        quant_name=plan.quant.name,
        accelerator=plan.accelerator,
        tokens_per_s=proof.tokens_per_s,
        first_token_s=proof.first_token_s,
    )


def _install_id(path: Path) -> str:
    """The name of this installation, which the things it makes carry. It stands in a file of its
    own too, so that a journal that was lost does not make strangers of them."""
    beside = path.with_name("install-id")
    with contextlib.suppress(OSError, ValueError):
        return uuid.UUID(beside.read_text(encoding="ascii").strip()).hex
    made = uuid.uuid4().hex
    files.write_atomic(beside, made.encode("ascii"))
    return made


def _look(path: Path) -> str:
    """What stands there: "sound", "damaged" or "empty" (nothing, or a start that was cut)."""
    if not path.exists() or path.stat().st_size == 0:
        return "empty"
    try:
        with _sqlite_errors(path):
            address = f"{path.absolute().as_uri()}?mode=ro"
            connection = sqlite3.connect(address, uri=True, timeout=_BUSY_S)
            try:
                version, check, tables = _facts(connection)
            finally:
                connection.close()
    except AppError as error:
        if error.code != "journal_damaged":
            raise
        return "damaged"
    if version > VERSION:
        raise AppError("journal_newer", {"path": str(path)}, remedy="update_app")
    if version == 0 and not tables and check == "ok":
        return "empty"
    return "sound" if check == "ok" and tables >= _TABLES and version == VERSION else "damaged"


def _facts(connection: sqlite3.Connection) -> tuple[int, str, set[str]]:
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        return version, "", set()
    check = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    rows = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    return version, check, {row[0] for row in rows}


def _create(path: Path) -> None:
    with _sqlite_errors(path):
        connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        try:
            path.chmod(0o600)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            # One transaction, so that a kill leaves an empty file and not half a schema.
            connection.executescript(
                f"BEGIN IMMEDIATE; {_SCHEMA_1} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        finally:
            connection.close()


def _connect(path: Path) -> sqlite3.Connection:
    with _sqlite_errors(path):
        connection = sqlite3.connect(
            path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
        )
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        return connection


@contextmanager
def _sqlite_errors(path: Path) -> Iterator[None]:
    """Gives every failure of SQLite its meaning."""
    try:
        yield
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        where = {"path": str(path)}
        if any(name.startswith(code) for code in _CORRUPT):
            raise AppError(
                "journal_damaged", where, remedy="restart_app", detail=f"{name}: {error}"
            ) from error
        if name.startswith("SQLITE_FULL"):
            raise AppError(
                "disk_full",
                {**where, "need_bytes": 1_000_000},
                remedy="free_disk",
                detail=str(error),
            ) from error
        if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            raise AppError("busy_elsewhere", {}, remedy="try_again", retryable=True) from error
        if name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
            raise AppError(
                "folder_not_writable", where, remedy="choose_folder", detail=str(error)
            ) from error
        raise AppError(
            "disk_fault", where, remedy="choose_folder", detail=f"{name}: {error}"
        ) from error


def _now() -> str:
    return clock.now().isoformat()
