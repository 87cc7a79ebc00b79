"""Every code in the sources has its sentences, in every language, with the same places."""

from __future__ import annotations

import re
import string
from itertools import pairwise
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from core.domain import Note
from core.errors import AppError
from core.text import LANGUAGES, Text

ROOT = Path(__file__).resolve().parents[2]
ERROR = re.compile(r'AppError\(\s*"([a-z_0-9]+)"')
REMEDY = re.compile(r'remedy="([a-z_0-9]+)"')
SAID = re.compile(r'\b(?:say|text|_text)\(\s*"([a-z_0-9]+(?:\.[a-z_0-9]+)+)"')


def sources() -> str:
    folders = (ROOT / "core", ROOT / "gui")
    return "\n".join(
        path.read_text(encoding="utf-8") for folder in folders for path in folder.rglob("*.py")
    )


def entries(language: str) -> list[tuple[str, str, str]]:
    """(file, code, sentence) of one language, duplicates included."""
    found = []
    for po in sorted((ROOT / "assets" / "text" / language).glob("*.po")):
        with po.open("rb") as stream:
            found += [(po.name, str(m.id), str(m.string)) for m in read_po(stream) if m.id]
    return found


def places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def test_the_languages_have_the_same_codes_in_the_same_files() -> None:
    codes = [{(file, code) for file, code, _ in entries(language)} for language in LANGUAGES]
    for one, other in pairwise(codes):
        assert one ^ other == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_stands_in_two_files_and_no_sentence_is_empty(language: str) -> None:
    seen: dict[str, str] = {}
    for file, code, sentence in entries(language):
        assert sentence.strip(), code
        assert seen.setdefault(code, file) == file, f"{code} is in {seen[code]} and in {file}"


def test_the_languages_have_the_same_places() -> None:
    english = {code: places(sentence) for _, code, sentence in entries("en")}
    for language in LANGUAGES[1:]:
        for _, code, sentence in entries(language):
            assert places(sentence) == english[code], code


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_in_the_sources_has_its_three_sentences(language: str) -> None:
    text = Text(language)
    codes = set(ERROR.findall(sources()))
    assert len(codes) > 30, "the pattern no longer finds the codes"
    wanted = [f"error.{code}.{part}" for code in codes for part in ("title", "happened", "means")]
    assert [code for code in wanted if not text.has(code)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_remedy_in_the_sources_has_its_sentence(language: str) -> None:
    text = Text(language)
    remedies = set(REMEDY.findall(sources()))
    assert [code for code in remedies if not text.has(f"remedy.{code}")] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_sentence_named_in_the_sources_exists(language: str) -> None:
    text = Text(language)
    named = set(SAID.findall(sources()))
    assert len(named) > 100, "the pattern no longer finds the sentences"
    assert sorted(code for code in named if not text.has(code)) == []


def test_no_chinese_stands_in_the_sources() -> None:
    for folder in (ROOT / "core", ROOT / "gui"):
        for path in folder.rglob("*.py"):
            for line in path.read_text(encoding="utf-8").splitlines():
                chinese = re.findall(r"[一-鿿]+", line)
                # The name of a language is written in that language, and 是/好 are typed answers.
                assert set(chinese) <= {"中文", "是", "好"}, f"{path.name}: {line.strip()}"


def test_an_unknown_error_gets_the_general_card_and_keeps_its_remedy() -> None:
    card = Text("en").error(AppError("never_heard_of", remedy="try_again"))
    assert card["title"] == Text("en")("error.unexpected.title")
    assert card["button"] == Text("en")("remedy.try_again.button")


def test_a_place_without_a_value_shows_a_question_mark() -> None:
    card = Text("en").error(AppError("consent_needed", {"model": "M"}, remedy="say_yes"))
    assert card["happened"].startswith("Setting up M downloads ?, ")


def test_figures_are_written_as_people_read_them() -> None:
    english, chinese = Text("en"), Text("zh_CN")
    assert english.size(4_683_073_248) == "4.68 GB"
    assert english.size(98_362_432) == "98.4 MB"
    assert english.number(1234.5) == "1,234"
    assert english.span(38.2, 46.1) == "38.2–46.1"
    assert chinese.seconds(200) == "3 分钟"
    assert chinese.listed(["a", "b"]) == "a、b"


def test_a_note_formats_its_bytes() -> None:
    note = Note(
        code="error.consent_needed.happened",
        params=(("model", "M"), ("download_bytes", 5_000_000_000)),
    )
    assert "5 GB" in Text("en").note(note)
