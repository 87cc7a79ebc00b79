"""What a failed engine means: from the end of its log, and from what a look at it found."""

from __future__ import annotations

import re

from core.domain import Status
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


def failure(status: Status) -> AppError:
    """The error of an engine that a look found to have failed: its note, with what to do."""
    detail = status.detail
    match status.note:
        case "engine_out_of_memory":
            return AppError("engine_out_of_memory", remedy="choose_smaller", detail=detail)
        case "engine_crashed":
            return AppError(
                "engine_crashed", remedy="restart_engine", retryable=True, detail=detail
            )
        case "model_file_broken":
            return AppError("model_file_broken", remedy="set_up_again", detail=detail)
        case "model_file_missing":
            return AppError("model_file_missing", remedy="set_up_again", detail=detail)
        case "model_not_supported":
            return AppError("model_not_supported", remedy="choose_smaller", detail=detail)
        case "wrong_model":
            return AppError("wrong_model", remedy="restart_engine", detail=detail)
        case "key_refused":
            return AppError("key_refused", remedy="restart_engine", detail=detail)
        case "engine_silent":
            return AppError("engine_silent", remedy="restart_engine", detail=detail)
        case None:
            return AppError("engine_failed", remedy="save_report", detail=detail)
        case note:
            return AppError(note, remedy="save_report", detail=detail)


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
