"""Every reason that a look can give has its words, and every step its name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from core.edges.travel_files import decode_probe, encode_probe
from core.machine.detect import STEPS
from core.text import LANGUAGES, Text

ROOT = Path(__file__).resolve().parents[3]
GIVEN = re.compile(r'(?:Missing|Unreadable)\(\s*"([a-z_]+)"|ERROR_\w+: "([a-z_]+)"')


def codes() -> set[str]:
    files = [*(ROOT / "core" / "machine").glob("*.py")]
    files += [ROOT / "core" / "edges" / name for name in ("nvidia.py", "travel_files.py")]
    found = GIVEN.findall("\n".join(path.read_text(encoding="utf-8") for path in files))
    return {one or other for one, other in found} | {"driver_broken", "not_installed"}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_its_words(language: str) -> None:
    text = Text(language)
    assert len(codes()) > 12, "the pattern no longer finds the codes"
    assert [code for code in sorted(codes()) if not text.has(f"fact.{code}")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_step_has_its_name(language: str) -> None:
    assert [step for step in STEPS if not Text(language).has(f"step.{step}")] == []


def test_the_machines_give_no_reason_without_words() -> None:
    text = Text("en")
    for path in (ROOT / "tests" / "machines").glob("*.json"):
        probe = encode_probe(decode_probe(path.read_bytes()))
        for code in re.findall(r"'(?:missing|unreadable)': '([a-z_]+)'", str(probe)):
            if not code.startswith("docker_"):  # those are errors of the engine
                assert text.has(f"fact.{code}"), (path.name, code)
