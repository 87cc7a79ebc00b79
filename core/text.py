"""Codes and parameters become sentences here, in the person's language, and nowhere else.

The sentences are gettext catalogues, one file per room and language, in assets/text. A missing
code is a bug and shows as the code itself in brackets; tests/unit/test_text.py finds them.
"""

from __future__ import annotations

import gettext
import io
import locale
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from core.domain import Model, Money, Note
from core.errors import AppError

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES = ("en", "zh_CN")
_FOLDER = Path(__file__).resolve().parent.parent / "assets" / "text"


class _Known(dict[str, object]):
    """Shows a place that got no value as "?", so that an error card never fails itself."""

    def __missing__(self, _place: str) -> str:
        return "?"


class Text:
    """The sentences of one language: `text("unit.hours", n=3)`."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else "en"

    def __call__(self, code: str, /, **params: object) -> str:
        sentence = _catalogue(self.language).get(code)
        if sentence is None:
            return f"[{code}]"
        return sentence.format_map(_Known(params)) if "{" in sentence else sentence

    def has(self, code: str) -> bool:
        return code in _catalogue(self.language)

    def note(self, note: Note) -> str:
        """A reason or assumption. Parameters ending in _bytes, _gbs or _minutes are formatted."""
        return self(note.code, **{key: self._param(key, value) for key, value in note.params})

    def model(self, model: Model) -> str:
        """A model's name with what it is: never a distill or the starter without the word."""
        if model.starter:
            return self("model.starter", model=model.name)
        return self("model.distilled", model=model.name) if model.distilled else model.name

    def error(self, error: AppError) -> dict[str, str]:
        """The card of an error: title, happened, means, remedy, button ("" where there is none)."""
        params = {key: self._param(key, value) for key, value in error.params.items()}
        code = error.code if self.has(f"error.{error.code}.title") else "unexpected"
        button = f"remedy.{error.remedy}.button"
        return {
            "title": self(f"error.{code}.title", **params),
            "happened": self(f"error.{code}.happened", **params),
            "means": self(f"error.{code}.means", **params),
            "remedy": self(f"remedy.{error.remedy}", **params),
            "button": self(button, **params) if self.has(button) else "",
        }

    def _param(self, key: str, value: object) -> str:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return str(value)
        if key.endswith("_bytes"):
            return self.size(int(value))
        return self.number(value)

    def number(self, value: float) -> str:
        """At most three significant digits, with the language's separators."""
        from babel.numbers import format_decimal

        digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
        return format_decimal(round(value, digits), locale=_locale(self.language))

    def size(self, value_bytes: int) -> str:
        """Bytes in the unit a person reads: GB is 10^9 bytes, as disks are sold."""
        for limit, unit in ((1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
            if value_bytes >= limit:
                return f"{self.number(value_bytes / limit)} {unit}"
        return f"{value_bytes} B"

    def money(self, money: Money) -> str:
        from babel.numbers import format_currency

        return format_currency(money.amount, money.currency, locale=_locale(self.language))

    def span(self, low: float | Decimal, high: float | Decimal) -> str:
        """A range with an en dash, or one number where both ends read the same."""
        first, last = self.number(float(low)), self.number(float(high))
        return first if first == last else f"{first}–{last}"

    def seconds(self, seconds: float) -> str:
        """How long: seconds up to 90, then minutes, then hours."""
        if seconds < 90:
            return self("unit.seconds", n=self.number(round(seconds)))
        if seconds < 90 * 60:
            return self("unit.minutes", n=self.number(round(seconds / 60)))
        return self("unit.hours", n=self.number(seconds / 3600))

    def day(self, day: date) -> str:
        from babel.dates import format_date

        return format_date(day, format="full", locale=_locale(self.language))

    def clock(self, moment: datetime) -> str:
        return moment.strftime("%H:%M")

    def listed(self, parts: Sequence[str]) -> str:
        return ("、" if self.language == "zh_CN" else ", ").join(parts)


def system_language() -> str:
    """The language the person's system asks for, or English."""
    name = locale.getlocale()[0] or ""
    return "zh_CN" if name.lower().startswith(("zh", "chinese")) else "en"


@cache
def _locale(language: str) -> Locale:
    """Read once: read for each number it is most of what writing a number costs."""
    from babel import Locale

    return Locale.parse(language)


@cache
def _catalogue(language: str) -> dict[str, str]:
    """All sentences of one language by code."""
    sentences: dict[str, str] = {}
    for po in sorted((_FOLDER / language).glob("*.po")):
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.stat().st_mtime >= po.stat().st_mtime:
            stream: io.IOBase = io.BytesIO(mo.read_bytes())
        else:
            stream = compile_catalogue(po)
        translations = gettext.GNUTranslations(stream)
        sentences.update({k: v for k, v in translations._catalog.items() if k})  # type: ignore[attr-defined]
    return sentences


def compile_catalogue(po: Path) -> io.BytesIO:
    """The machine form of one catalogue. Set-up writes it beside the .po file for a fast start."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    with po.open("rb") as source:
        catalogue = read_po(source)
    target = io.BytesIO()
    write_mo(target, catalogue)
    target.seek(0)
    return target
