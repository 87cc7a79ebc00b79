"""The command line as somebody else's script sees it: a process, its two outputs, its exit code."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
MACHINES = ROOT / "tests" / "machines"
NO_DOCKER = "unix:///nonexistent/docker.sock"
NO_HUB = "http://127.0.0.1:9"  # the port that throws everything away; nobody listens

DONE, USAGE, REFUSED, FAILED = 0, 2, 3, 4


@dataclass(frozen=True)
class Ran:
    """One finished command."""

    words: Sequence[str]
    code: int
    out: str
    err: str
    seconds: float

    def __str__(self) -> str:
        return f"{' '.join(self.words)} → {self.code}\n{self.out}\n{self.err[-3000:]}"

    @property
    def json(self) -> dict[str, Any]:
        """The whole of standard output, which is one JSON object and nothing else."""
        found = json.loads(self.out)
        assert isinstance(found, dict), self
        return found

    @property
    def progress(self) -> list[dict[str, Any]]:
        """Standard error: one JSON object on each line."""
        lines = [json.loads(line) for line in self.err.splitlines()]
        assert all({"step", "done", "total", "finished"} <= line.keys() for line in lines), self
        return lines

    @property
    def error(self) -> dict[str, Any]:
        """The error of a command that was refused or failed, which is all that it says."""
        assert list(self.json) == ["error"], self
        found = self.json["error"]
        assert isinstance(found, dict)
        for part in ("code", "message", "remedy"):
            assert found[part], self
            assert not set("{}[]") & set(found["message"] + found["remedy"]), self
        return found

    def failed(self, code: str, *, with_exit: int = FAILED) -> dict[str, Any]:
        """Asserts which error it was. Progress up to then is still one object a line."""
        assert self.code == with_exit, self
        assert self.error["code"] == code, self
        assert isinstance(self.progress, list)
        return self.error

    def done(self) -> dict[str, Any]:
        assert self.code == DONE, self
        return self.json


@dataclass(frozen=True)
class Program:
    """`deepberth` with a home of its own. Without Docker and without a hub unless told."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    before: tuple[str, ...] = ()  # a program that starts ours, as another user say

    def command(self, *words: str) -> list[str]:
        return [*self.before, sys.executable, "-m", "core", *words]

    @property
    def env(self) -> dict[str, str]:
        return {
            **os.environ,
            "LC_ALL": "C.UTF-8",
            "DEEPBERTH_HOME": str(self.home),
            "DOCKER_HOST": NO_DOCKER,
            "HF_ENDPOINT": NO_HUB,
            **self.environment,
        }

    def plain(self, *words: str, timeout_s: float = 100) -> Ran:
        """Runs a command for a person."""
        begun = time.monotonic()
        done = subprocess.run(
            self.command(*words),
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
        seconds = time.monotonic() - begun
        return Ran(words, done.returncode, done.stdout.decode(), done.stderr.decode(), seconds)

    def __call__(self, *words: str, timeout_s: float = 100) -> Ran:
        """Runs a command for a program."""
        return self.plain(*words, "--json", timeout_s=timeout_s)

    def begin(self, *words: str) -> subprocess.Popen[bytes]:
        """Starts a command for a program and does not wait for it."""
        return subprocess.Popen(
            self.command(*words, "--json"),
            cwd=ROOT,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def in_chinese(self, *words: str) -> Ran:
        return self(*words, "--language", "zh_CN")

    def state(self) -> str:
        return str(self("status").done()["state"])

    def changed_nothing(self) -> bool:
        """Nothing is set up or half set up, and no model file is here, whole or in part."""
        models = [path for path in (self.home / "models").rglob("*") if path.is_file()]
        return self.state() == "nothing_set_up" and not models

    @contextmanager
    def cleaned(self) -> Iterator[Program]:
        """Takes away whatever the block set up."""
        try:
            yield self
        finally:
            down = self("down", "--models")
            assert down.code == DONE, down


def ended(process: subprocess.Popen[bytes], words: Sequence[str], timeout_s: float = 100) -> Ran:
    """Waits for what `begin` started; ends it when it takes too long."""
    try:
        out, err = process.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        raise
    return Ran(words, process.returncode, out.decode(), err.decode(), 0.0)


def chinese(sentence: str) -> bool:
    return any("\u4e00" <= letter <= "\u9fff" for letter in sentence)
