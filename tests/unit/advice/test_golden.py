"""What is advised, held against the table that was read line by line."""

from __future__ import annotations

import difflib

import pytest

from tests.unit.advice.golden import FOLDER, PEOPLE, machines, table


def test_there_are_enough_computers_and_people() -> None:
    assert len(machines()) >= 40
    assert len(PEOPLE) == 6
    assert {path.stem for path in FOLDER.glob("*.txt")} == set(PEOPLE)


@pytest.mark.parametrize("person", PEOPLE)
def test_the_advice_is_the_one_that_was_read(person: str) -> None:
    """Where it changed on purpose: `python -m tests.unit.advice.golden`, and read the diff."""
    written = (FOLDER / f"{person}.txt").read_text(encoding="utf-8")
    now = table(person)
    if now != written:
        changes = difflib.unified_diff(
            written.splitlines(), now.splitlines(), "read", "now", lineterm="", n=6
        )
        pytest.fail("\n".join([*changes][:400]), pytrace=False)
