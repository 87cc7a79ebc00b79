"""What must hold for the advice of any computer and any answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from string import Formatter

from core.advice.advice_json import advice_json
from core.advice.candidates import DISK_SHARE
from core.advice.reasons import assumption_notes
from core.domain import (
    Advice,
    Catalog,
    EngineKind,
    Kind,
    Note,
    Profile,
    Recommendation,
    Sensitivity,
)
from core.text import LANGUAGES, Text, _catalogue

ALLOWED = {
    Sensitivity.PUBLIC: set(Kind),
    Sensitivity.PRIVATE: {Kind.LOCAL, Kind.HYBRID},
    Sensitivity.REGULATED: {Kind.LOCAL},
}


def check_advice(advice: Advice, profile: Profile, catalog: Catalog) -> None:
    """Asserts all of it, the texts too."""
    ways = advice.recommendations
    assert [way.rank for way in ways] == list(range(1, len(ways) + 1))
    assert 1 <= len(ways) <= 5
    assert ways[0].can_set_up or not any(way.can_set_up for way in ways)
    for way in ways:
        check_fit(way, profile)
    check_kinds(advice, profile)
    check_all_models_are_named(advice, catalog)
    check_texts(advice)
    check_plain(advice)


def check_fit(way: Recommendation, profile: Profile) -> None:
    """No device holds more than is free on it, and the download has room."""
    if way.fit is None:
        return
    assert way.fit.parts
    assert way.context >= 4096
    here = way.kind in (Kind.LOCAL, Kind.HYBRID)
    for part in way.fit.parts:
        assert 0 < part.needed_bytes <= part.available_bytes <= part.device.free_bytes
        if part.device.gpu is None:
            assert part.device.free_bytes <= profile.ram_free_bytes
        if here and way.can_set_up:
            assert part.device in profile.devices
    if way.can_set_up:
        assert way.quant is not None
        room = profile.disk_free_bytes
        assert room is None or way.quant.size_bytes * DISK_SHARE <= room
        assert (way.image is not None) == (way.engine is EngineKind.LLAMA_CPP)
    # Two cards are two devices: none is counted twice.
    counted = [id(part.device) for part in way.fit.parts if here]
    assert len(counted) == len(set(counted))


def check_kinds(advice: Advice, profile: Profile) -> None:
    """What must stay has no way out, and what may be mixed is below what stays."""
    ways = advice.recommendations
    assert {way.kind for way in ways} <= ALLOWED[profile.answers.sensitivity]
    ranks = {way.kind: way.rank for way in reversed(ways)}
    if profile.answers.sensitivity is not Sensitivity.PUBLIC and Kind.HYBRID in ranks:
        assert ranks[Kind.LOCAL] < ranks[Kind.HYBRID]


def check_all_models_are_named(advice: Advice, catalog: Catalog) -> None:
    """Each model is on a card of this computer, or passed over with the reason, and not both."""
    shown = {way.model.id for way in advice.recommendations if way.model and way.kind is Kind.LOCAL}
    passed = [one.model.id for one in advice.passed_over]
    assert len(passed) == len(set(passed))
    assert not shown & set(passed)
    starters = {model.id for model in catalog.models if model.starter}
    assert (shown | set(passed)) - starters == {model.id for model in catalog.models} - starters


def check_plain(advice: Advice) -> None:
    """Nothing but plain JSON values, no NaN and no infinity among them."""
    told = advice_json(advice)
    assert json.loads(json.dumps(told, allow_nan=False)) == told


def notes_of(advice: Advice) -> Iterator[Note]:
    """Every sentence of an advice."""
    yield from assumption_notes(advice)
    for way in advice.recommendations:
        yield from (*way.reasons, *way.why_not, *way.not_first)
    yield from (one.note for one in advice.passed_over)
    yield from (one.note for one in advice.upgrades)
    yield from (one.note for one in advice.break_even)
    yield from (one.note for one in advice.checks)
    for claim in advice.claims:
        yield from (claim.article, claim.ours)
    yield from advice.checklist


def check_texts(advice: Advice) -> None:
    """Every code has its sentence in both languages, with each place filled."""
    for note in notes_of(advice):
        names = {name for name, _value in note.params}
        for language in LANGUAGES:
            assert _places(language, note.code) <= names, (language, note)
        assert "?" not in [value for _name, value in note.params], note
    for language in LANGUAGES:
        text = Text(language)
        for way in advice.recommendations:
            assert text.has(f"kind.{way.kind}")
            assert text.has(f"privacy.{way.privacy}")


@cache
def _places(language: str, code: str) -> set[str]:
    """The names of the places in a sentence."""
    assert Text(language).has(code), (language, code)
    sentence = _catalogue(language)[code]
    return {name for _text, name, _spec, _how in Formatter().parse(sentence) if name is not None}
