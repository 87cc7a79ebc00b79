"""Sets up a model in a process of its own, which may be told to kill itself at a given moment.

    python -m tests.e2e.drive_setup PLAN_FILE [MOMENT]

A moment is `STEP` (the first word of that step), `STEP:BYTES` (so many bytes into it), or
`before:CALL` / `after:CALL`, where a call is `intend.create`, `set_handle`, `rename`, ….
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import msgspec

from core.domain import Plan
from core.edges import files
from core.edges.places import read_places
from core.progress import CancelToken, Progress
from core.providers.local_builtin import LocalBuiltin
from core.providers.local_container import LocalContainer
from core.setup.deploy import deploy
from core.setup.journal import Journal, open_journal


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm(moment: str) -> None:
    """Wraps the call that the moment names."""
    when, _, call = moment.partition(":")
    name, _, step = call.partition(".")
    owner: Any = files if name == "rename" else Journal
    name = "replace_durably" if name == "rename" else name
    whole = getattr(owner, name)

    def deadly(*arguments: Any, **options: Any) -> Any:
        if step and step not in map(str, arguments) and not str(arguments[-1]).endswith(step):
            return whole(*arguments, **options)
        if when == "before":
            die()
        whole(*arguments, **options)
        die()
        return None

    setattr(owner, name, deadly)


def main() -> None:
    plan = msgspec.json.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    moment = sys.argv[2] if len(sys.argv) > 2 else ""
    step, _, count = moment.partition(":")
    if step in {"before", "after"}:
        arm(moment)
        step, count = "", ""

    def report(progress: Progress) -> None:
        if progress.step != step or progress.note == "download.check":
            return
        if progress.done >= int(count or 0):
            die()

    places = read_places()
    both = (LocalBuiltin(places), LocalContainer(places))
    endpoint = deploy(
        plan,
        {provider.engine: provider for provider in both if provider.engine},
        open_journal(places.state / "journal.db"),
        places,
        report,
        CancelToken(),
    )
    sys.stdout.buffer.write(msgspec.json.encode(endpoint))


if __name__ == "__main__":
    main()
