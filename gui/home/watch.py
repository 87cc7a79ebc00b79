"""Looks at the model every few seconds, and starts, stops or removes it, never on this thread."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from core.domain import Endpoint, EndpointState, Plan, Receipt, Status
from core.errors import AppError
from core.progress import CancelToken
from gui.tasks import Task

_EVERY_MS = 4_000
_WHILE_CHANGING_MS = 1_000
_HIDDEN_MS = 10_000
UNSURE = 2  # looks in a row without an answer before a running model is called in trouble

_CHANGING = (EndpointState.STARTING, EndpointState.LOADING)


class EngineWatch(QObject):
    """What is known of the model: `plan`, `endpoint` and `status`, all None before the first look.

    `plan` is what is set up, whether it runs or not; `endpoint` is there while it answers.

    `changed` comes after every look that saw something else and after every start and end of an
    act. `acting` is "", "start", "stop" or "remove". `serve` offers current, start, stop and
    remove as core.serve.endpoint does.
    """

    changed = Signal()
    looked = Signal()  # after each look that found something out
    failed = Signal(object)  # AppError of an act
    progressed = Signal(object)  # Progress of a start
    removed = Signal(object)  # Receipt

    def __init__(self, assembly: Any, parent: QObject | None = None, *, serve: Any = None) -> None:
        super().__init__(parent)
        self._assembly = assembly
        self._serve = serve
        self.plan: Plan | None = None
        self.endpoint: Endpoint | None = None
        self.status: Status | None = None
        self.look_error: AppError | None = None  # why the last look found nothing out
        self.acting = ""
        self._look_task: Task | None = None
        self._act_task: Task | None = None
        self._unsure = 0
        self._quiet = False
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.look)

    # --- looking ----------------------------------------------------------------------------------

    def look(self) -> None:
        """Looks now, unless a look is under way."""
        if self._look_task is not None or self.acting:
            return
        task = Task(self._current, self)
        task.succeeded.connect(self._seen)
        task.failed.connect(self._not_seen)
        task.finished.connect(self._look_over)
        self._look_task = task
        task.start()

    def set_quiet(self, quiet: bool) -> None:
        """Looks less often while the window is hidden."""
        self._quiet = quiet
        if not quiet:
            self.look()

    def _current(self, _report: Callable[[Any], None], _token: CancelToken) -> Any:
        return self._calls().current(self._assembly.journal, self._assembly.providers)

    def _seen(self, current: Any) -> None:
        if self.acting or self.sender() is not self._look_task:
            return  # it was looked at before the act began, so it is old
        status: Status | None = current.status
        unknown = status is not None and status.state is EndpointState.UNKNOWN
        was_fine = self.status is not None and self.status.state is EndpointState.RUNNING
        self._unsure = self._unsure + 1 if unknown else 0
        if unknown and was_fine and self._unsure < UNSURE:
            return  # busy with a long question, perhaps: look once more before alarming
        self.looked.emit()
        self.look_error = None
        plan = current.deployment.plan if current.deployment else None
        if (plan, current.endpoint, status) != (self.plan, self.endpoint, self.status):
            self.plan, self.endpoint, self.status = plan, current.endpoint, status
            self.changed.emit()

    def _not_seen(self, error: AppError) -> None:
        status = Status(state=EndpointState.UNKNOWN, note=error.code, detail=error.detail)
        self.look_error = error
        if status != self.status and not self.acting:
            self.status = status
            self.changed.emit()

    def _look_over(self) -> None:
        if self._look_task is None or self.sender() is not self._look_task:
            return
        self._look_task.deleteLater()
        self._look_task = None
        changing = self.status is not None and self.status.state in _CHANGING
        pause = _WHILE_CHANGING_MS if changing else _HIDDEN_MS if self._quiet else _EVERY_MS
        self._timer.start(pause)

    # --- acting -----------------------------------------------------------------------------------

    def start(self) -> None:
        """Starts the model that is set up, and waits until it answers."""
        self._act(
            "start",
            lambda report, token: self._calls().start(
                self._assembly.journal, self._assembly.providers, report, token
            ),
        )

    def stop(self) -> None:
        """Stops the model; also ends a start that is under way."""
        if self.acting == "start" and self._act_task is not None:
            self._act_task.cancel()
            return
        self._act(
            "stop",
            lambda _report, _token: self._calls().stop(
                self._assembly.journal, self._assembly.providers
            ),
        )

    def restart(self) -> None:
        """Stops what is there, then starts it."""

        def work(report: Callable[[Any], None], token: CancelToken) -> object:
            calls, parts = self._calls(), (self._assembly.journal, self._assembly.providers)
            calls.stop(*parts)
            token.check()
            return calls.start(*parts, report, token)

        self._act("start", work)

    def remove(self, *, models: bool) -> None:
        """Removes what was set up; the model file only with `models`. Ends in `removed`."""
        self._act(
            "remove",
            lambda _report, _token: self._calls().remove(
                self._assembly.journal, self._assembly.providers, models=models
            ),
        )

    def _act(self, what: str, work: Callable[..., object]) -> None:
        if self.acting:
            return
        self.acting = what
        self._timer.stop()
        task = Task(work, self)
        task.progressed.connect(self.progressed)
        task.succeeded.connect(self._done)
        task.failed.connect(self._act_failed)
        task.cancelled.connect(self._act_cancelled)
        task.finished.connect(self._act_over)
        self._act_task = task
        self.changed.emit()
        task.start()

    def _done(self, result: object) -> None:
        if isinstance(result, Receipt):
            self.removed.emit(result)

    def _act_failed(self, error: AppError) -> None:
        self.failed.emit(error)

    def _act_cancelled(self) -> None:
        """A start that was called off: the engine may be half up, so it is stopped as well."""
        if self.sender() is not self._act_task:
            return
        self.acting = ""
        self._act_task = None
        self.stop()

    def _act_over(self) -> None:
        if self.sender() is not self._act_task and self._act_task is not None:
            return  # a cancelled start's end, after its stop has begun
        self._act_task = None
        self.acting = ""
        self.changed.emit()
        self.look()

    def _calls(self) -> Any:
        if self._serve is None:
            from core.serve import endpoint

            self._serve = endpoint
        return self._serve
