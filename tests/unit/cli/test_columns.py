"""Lines in a terminal: never too wide, nothing lost, nothing that steers the terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from core.cli.columns import MOST, padded, plain, table, width, wrapped

LETTERS = st.text(st.sampled_from("ab .,，。（）“”深度求索\u3000é–·/"), max_size=400)


def squeezed(words: str) -> str:
    return "".join(words.split())


@given(LETTERS, st.sampled_from(["", "   ", "   + ", "   速度  "]))
def test_no_line_is_too_wide_and_nothing_is_lost(words: str, first: str) -> None:
    lines = wrapped(words, first=first)
    assert all(width(line) <= MOST for line in lines)
    assert squeezed("".join(lines)) == squeezed(first + words)


def test_a_chinese_character_takes_two_columns() -> None:
    assert width("深泊 ok") == 7
    assert width("e\u0301") == 1
    assert padded("速度", 6) == "速度  "


def test_the_second_line_is_set_in_and_no_line_begins_with_a_comma() -> None:
    lines = wrapped("，".join(["这是一句话"] * 20), first="   + ")
    assert len(lines) > 2
    assert all(line.startswith("     这") or line[5] not in "，。" for line in lines[1:])
    assert wrapped("word " * 40, first="   + ")[1].startswith("     word")


def test_an_address_longer_than_a_line_is_cut() -> None:
    lines = wrapped("see https://" + "a" * 250)
    assert all(width(line) <= MOST for line in lines)
    assert squeezed("".join(lines)).endswith("a" * 250)


def test_names_of_strangers_steer_nothing() -> None:
    assert plain("\x1b[31mred\n\u202etxt\x07") == " [31mred txt "
    assert "\x1b" not in "".join(wrapped("a\x1b]0;title\x07"))


def test_a_table_lines_up() -> None:
    rows = [["", "12 months"], ["在这台电脑上", "1"], ["Tokens", "22"]]
    lines = table(rows, indent="  ")
    assert {width(line) for line in lines} == {2 + 12 + 2 + 9}
    assert table([]) == []
