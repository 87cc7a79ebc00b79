"""What the command line prints: sentences for people, or one JSON object for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import AppError
from core.progress import Progress
from core.text import Text


@dataclass(kw_only=True)
class Output:
    """The only file that writes to the terminal. JSON progress goes to stderr, one line each."""

    text: Text
    as_json: bool
    _line_open: bool = field(default=False, init=False)

    def result(self, data: Mapping[str, object], *sentences: str) -> None:
        """The one result of a command: `data` for programs, `sentences` for people."""
        if self.as_json:
            self._write(json.dumps(data, ensure_ascii=False, indent=2))
        else:
            self.say(*sentences)

    def say(self, *sentences: str) -> None:
        """Sentences for people; nothing in JSON mode."""
        if self.as_json:
            return
        self._end_line()
        for sentence in sentences:
            self._write(sentence)

    def stream(self, piece: str) -> None:
        """A piece of an answer as it arrives."""
        if not self.as_json:
            sys.stdout.write(piece)
            sys.stdout.flush()

    def progress(self, progress: Progress) -> None:
        """One line that rewrites itself on a terminal, one JSON line each for programs."""
        if self.as_json:
            line = {
                "step": progress.step,
                "done": progress.done,
                "total": progress.total,
                "unit": progress.unit,
                "bytes_per_s": progress.bytes_per_s,
                "note": progress.note,
                "finished": progress.finished,
            }
            sys.stderr.write(json.dumps(line) + "\n")
            sys.stderr.flush()
        elif sys.stdout.isatty() or progress.finished:
            self._progress_line(progress)

    def _progress_line(self, progress: Progress) -> None:
        code = f"step.{progress.step}"
        words = self.text(code) if self.text.has(code) else progress.step
        if progress.unit == "bytes" and progress.total:
            words += f"  {self.text.size(progress.done)} / {self.text.size(progress.total)}"
        if progress.bytes_per_s:
            words += f"  {self.text.size(int(progress.bytes_per_s))}/s"
        mark = "✓" if progress.finished else "…"
        start = "\r\x1b[K" if sys.stdout.isatty() else ""
        sys.stdout.write(f"{start}  {mark} {words}" + ("\n" if progress.finished else ""))
        sys.stdout.flush()
        self._line_open = not progress.finished

    def error(self, error: AppError) -> None:
        card = self.text.error(error)
        message = f"{card['title']}: {card['happened']} {card['means']}".strip()
        if self.as_json:
            body: dict[str, object] = {
                "code": error.code,
                "message": message,
                "remedy": card["remedy"],
                "retryable": error.retryable,
                "params": dict(error.params),
            }
            if error.field:
                body["field"] = error.field
            if error.detail:
                body["detail"] = error.detail
            self._write(json.dumps({"error": body}, ensure_ascii=False, indent=2))
            return
        self._end_line()
        for line in (card["title"], card["happened"], card["means"], card["remedy"]):
            if line:
                sys.stderr.write(line + "\n")
        if error.detail:
            sys.stderr.write(f"({error.detail})\n")

    def usage(self, wrong: str) -> None:
        message = self.text("cli.usage.wrong", words=wrong)
        if self.as_json:
            remedy = self.text("cli.usage.remedy")
            body = {"error": {"code": "usage", "message": message, "remedy": remedy}}
            self._write(json.dumps(body, ensure_ascii=False, indent=2))
        else:
            sys.stderr.write(message + "\n" + self.text("cli.usage.remedy") + "\n")

    def cancelled(self) -> None:
        if self.as_json:
            self._write(json.dumps({"cancelled": True}))
        else:
            self.say(self.text("cli.cancelled"))

    def _write(self, line: str) -> None:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def _end_line(self) -> None:
        if self._line_open:
            sys.stdout.write("\n")
            self._line_open = False
