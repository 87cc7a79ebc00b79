"""What a failed engine means: from the end of its log, and from what a look at it found."""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.domain import EndpointState, Status
from core.errors import AppError

# What the log says when the engine cannot start, most telling first (read in build b11549).
_CAUSES = (
    ("engine_out_of_memory", ("insufficient memory", "failed to allocate", "unable to allocate")),
    ("engine_out_of_memory", ("out of memory", "bad_alloc", "cannot allocate memory")),
    ("model_not_supported", ("unknown model architecture", "unknown pre-tokenizer")),
    ("model_file_missing", ("failed to open gguf",)),
    ("model_file_broken", ("invalid magic", "not within the file bounds", "failed to read")),
    ("model_file_broken", ("corrupt", "error loading model")),
)


# What can be done about each note of a status, and whether trying again may help.
_REMEDIES: Mapping[str, tuple[str, bool]] = {
    "engine_out_of_memory": ("choose_smaller", False),
    "engine_crashed": ("restart_engine", True),
    "engine_failed": ("save_report", False),
    "engine_silent": ("restart_engine", False),
    "engine_unreadable": ("save_report", False),
    "model_file_broken": ("set_up_again", False),
    "model_file_missing": ("set_up_again", False),
    "model_not_supported": ("choose_smaller", False),
    "wrong_model": ("restart_engine", False),
    "key_refused": ("restart_engine", False),
    "key_unreadable": ("set_up_again", False),
    "docker_not_running": ("start_docker", True),
    "docker_not_installed": ("use_builtin", False),
    "docker_hung": ("restart_docker", True),
    "docker_denied": ("allow_docker", False),
    "docker_remote": ("local_docker", False),
    "docker_too_old": ("update_docker", False),
    "docker_failed": ("try_again", True),
}


def failure(status: Status) -> AppError:
    """The error of an engine that a look found to have failed: its note, with what to do."""
    code = status.note or "engine_failed"
    remedy, retryable = _REMEDIES.get(code, ("save_report", False))
    return AppError(
        code, dict(status.note_params), remedy=remedy, retryable=retryable, detail=status.detail
    )


def status_of(error: AppError, state: EndpointState) -> Status:
    """The status of an engine about which a look, or the engine itself, brought an error."""
    return Status(
        state=state, note=error.code, note_params=tuple(error.params.items()), detail=error.detail
    )


def cause_in_log(log: str) -> tuple[str, str]:
    """Why the engine did not start: a text code, and the line of its log that says so."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for note, marks in _CAUSES:
        for line in lines:
            if any(mark in line.lower() for mark in marks):
                return note, _message(line)
    errors = [line for line in lines if " E " in line[:24]] or lines
    return "engine_failed", _message(errors[-1]) if errors else ""


def _message(line: str) -> str:
    """A log line without its time and letter, short enough to show."""
    return re.sub(r"^[\d.]+ [A-Z] ", "", line)[:300]
