"""What may be shown or copied of a failure: one line, or a whole report, both free of secrets."""

from __future__ import annotations

import platform
import re
from pathlib import Path

from core.errors import AppError
from core.text import Text

_SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+\S+"), r"\1 ***"),
    (
        re.compile(r"(?i)\b([\w-]*(?:key|token|secret|password|passwd)[\w-]*\s*[=:]\s*)\S+"),
        r"\1***",
    ),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@]+@"), r"\1***@"),
    (re.compile(r"\b(?:sk|hf|AKIA|AKID|LTAI)[-_A-Za-z0-9]{8,}"), "***"),
    # 32 or more characters of one alphabet without a break: a key, never a word.
    (re.compile(r"\b(?!sha256:)[A-Za-z0-9_-]{40,}\b"), "***"),
    (re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+"), "***"),
)
_LINE = 300  # characters


def redact(text: str) -> str:
    """The text without keys, passwords, addresses of people and the name of the home folder."""
    home = str(Path.home())
    if len(home) > 1:
        text = text.replace(home, "~")
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def one_line(error: BaseException) -> str:
    """The kind and first line of an exception, cut and redacted."""
    first = (str(error).strip().splitlines() or [""])[0]
    return redact(f"{type(error).__name__}: {first}" if first else type(error).__name__)[:_LINE]


def report_text(error: AppError, text: Text) -> str:
    """What "Copy report" puts on the clipboard: for a helper to read, in the person's language."""
    card = text.error(error)
    lines = [card["title"], card["happened"], card["means"], card["remedy"], ""]
    lines += [f"code: {error.code}", f"remedy: {error.remedy}"]
    lines += [f"{name}: {value}" for name, value in sorted(error.params.items())]
    lines += [f"detail: {error.detail}"] if error.detail else []
    lines += [f"system: {platform.system()} {platform.release()} {platform.machine()}"]
    return redact("\n".join(lines))
