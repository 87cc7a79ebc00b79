"""A Host that reads one file of tests/recordings/host instead of this computer."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from core.edges.host import Host, Volume

FOLDER = Path(__file__).parents[2] / "recordings" / "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedHost(Host):
    files: dict[str, bytes] = field(default_factory=dict)
    tools: dict[str, str] = field(default_factory=dict)
    keys: dict[str, dict[str, object]] = field(default_factory=dict)
    present: tuple[str, ...] = ()
    told_machine: str = ""
    told_memory: tuple[int, int] = (0, 0)

    def read_bytes(self, path: str, longest: int = 1 << 20) -> bytes | None:
        data = self.files.get(path)
        return None if data is None else data[:longest]

    def names(self, folder: str) -> tuple[str, ...]:
        inside = [path for path in self.files if path.startswith(f"{folder}/")]
        return tuple(sorted({path[len(folder) + 1 :].split("/")[0] for path in inside}))

    def exists(self, path: str) -> bool:
        return path in self.files

    def run(self, args: tuple[str, ...], timeout_s: float = 2.5) -> str | None:
        return self.tools.get(" ".join(args))

    def registry(self, key: str) -> dict[str, object]:
        return self.keys.get(key, {})

    def registry_keys(self, key: str) -> tuple[str, ...]:
        below = [name for name in self.keys if name.startswith(f"{key}\\")]
        return tuple(sorted(name[len(key) + 1 :].split("\\")[0] for name in below))

    def present_devices(self, device_class: str) -> tuple[str, ...] | None:
        return self.present or None

    def machine(self) -> str:
        return self.told_machine

    def memory(self) -> tuple[int, int]:
        return self.told_memory

    def physical_cores(self) -> int | None:
        return None

    def volume(self, path: Path) -> Volume | None:
        return Volume(mount="/", device=1, free_bytes=10**11)

    def proxy(self) -> str | None:
        return None


def recorded(name: str) -> RecordedHost:
    """The computer of tests/recordings/host/<name>.txt."""
    sections: list[tuple[list[str], list[str]]] = []
    for line in (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("== "):
            sections.append((line[3:].split(" ", 1), []))
        else:
            sections[-1][1].append(line)
    host: dict[str, object] = {"files": {}, "tools": {}, "keys": {}}
    for (kind, what), lines in sections:
        text = "\n".join(lines) + "\n"
        if kind == "file":
            host["files"][what] = text.encode()  # type: ignore[index]
        elif kind == "bytes":
            host["files"][what] = bytes.fromhex(text)  # type: ignore[index]
        elif kind == "run":
            host["tools"][what] = text  # type: ignore[index]
        elif kind == "registry":
            host["keys"][what] = json.loads(text)  # type: ignore[index]
        elif kind == "present":
            host["present"] = (*host.get("present", ()), what)  # type: ignore[misc]
        elif kind == "memory":
            total, free = what.split()
            host["told_memory"] = (int(total), int(free))
        else:
            host[{"machine": "told_machine", "platform": "platform"}[kind]] = what
    return RecordedHost(**host)  # type: ignore[arg-type]
