"""Whether a note of the article's room is a whole sentence in a language."""

from __future__ import annotations

import string
from functools import cache

from babel.messages.pofile import read_po

from core.domain import Note
from core.text import Text
from tests.unit.advice.parts import ROOT


@cache
def sentences(language: str) -> dict[str, str]:
    with (ROOT / "assets" / "text" / language / "article.po").open("rb") as stream:
        return {str(entry.id): str(entry.string) for entry in read_po(stream) if entry.id}


def places_of(code: str, language: str) -> set[str]:
    parsed = string.Formatter().parse(sentences(language)[code])
    return {name for _, name, _, _ in parsed if name is not None}


def said_in_full(note: Note, language: str) -> None:
    """The sentence is there, and every place in it gets a value that can be read."""
    assert note.code in sentences(language), note.code
    missing = places_of(note.code, language) - {name for name, _ in note.params}
    assert not missing, (note.code, missing)
    said = Text(language).note(note)
    assert "[" not in said.replace("[A-Z]", "")
    assert "Infinity" not in said
    assert "nan" not in said.lower().split()
