"""Text in the columns of a terminal, where a Chinese character is as wide as two Latin ones."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

MOST = 100  # columns; wider lines are hard to read and break badly in a small window

_WIDE = "[\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\uff01-\uff60\uffe0-\uffe6]"
_OPENING = "[(\u201c\u2018\uff08\u300a\u300c]"
# What never begins a line.
_CLOSING = "[)\u201d\u2019.,;:!?%\uff09\u300b\u300d\u3001\u3002\uff0c\uff1b\uff1a\uff01\uff1f]"
_PIECES = re.compile(rf"\s+|{_OPENING}*(?:{_WIDE}|(?:(?!{_WIDE})\S)+){_CLOSING}*")


def width(words: str) -> int:
    """How many columns this takes."""
    return sum(
        0 if unicodedata.combining(letter) else 1 + (unicodedata.east_asian_width(letter) in "WF")
        for letter in words
    )


def plain(words: str) -> str:
    """Without what steers a terminal or turns the reading direction: names come from strangers."""
    kinds = {letter: unicodedata.category(letter) for letter in set(words)}
    return "".join(
        " " if kinds[letter] in ("Cc", "Zl", "Zp") else letter
        for letter in words
        if kinds[letter] not in ("Cf", "Cs")
    )


def padded(words: str, columns: int) -> str:
    """With spaces at the end, so that the next column begins at `columns`."""
    return words + " " * (columns - width(words))


def wrapped(words: str, *, first: str = "", rest: str | None = None) -> list[str]:
    """Lines of at most `MOST` columns; the first begins with `first`, the others with `rest`.

    Without `rest` they are set in as far as `first` reaches.
    """
    rest = " " * width(first) if rest is None else rest
    words = plain(words)
    lines, line = [], first
    for piece in _pieces(words, MOST - max(width(first), width(rest))):
        if width(line) + width(piece.rstrip()) > MOST:
            lines.append(line.rstrip())
            line, piece = rest, piece.lstrip()
        line += piece
    return [*lines, line.rstrip()]


def _pieces(words: str, most: int) -> Iterable[str]:
    """What stays together. An address longer than a line is cut: it has no better place."""
    for piece in _PIECES.findall(words):
        while width(piece) > most:
            cut = next(n for n in range(len(piece), 0, -1) if width(piece[:n]) <= most)
            yield piece[:cut]
            piece = piece[cut:]
        yield piece


def table(rows: Sequence[Sequence[str]], *, indent: str = "", gap: int = 2) -> list[str]:
    """Rows in columns that line up: the first to the left, the others to the right."""
    if not rows:
        return []
    widths = [max(width(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [padded(row[0], widths[0])]
        cells += [
            " " * (most - width(cell)) + cell
            for cell, most in zip(row[1:], widths[1:], strict=True)
        ]
        lines.append((indent + (" " * gap).join(cells)).rstrip())
    return lines
