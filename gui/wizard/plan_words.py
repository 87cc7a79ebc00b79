"""A recommendation in words: every number with its unit, its range and a sentence."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal

from core.advice.article import verdict_beside
from core.advice.reasons import CHARACTERS_PER_TOKEN, WORDS_PER_TOKEN
from core.domain import Advice, Kind, Money, Recommendation, Speed
from gui import language
from gui.language import say, text

_GRADES = {
    "stays_here": ("A", "success"),
    "own_account": ("B", "info"),
    "mixed": ("B", "info"),
    "third_party": ("C", ""),
}
# How fast people read, in tokens a second: 250 words a minute is the usual figure for English
# (Brysbaert 2019 found 238), five to eight characters a second for Chinese.
READING = {
    "en": 250 / 60 / WORDS_PER_TOKEN,
    "zh_CN": (5 + 8) / 2 / CHARACTERS_PER_TOKEN,
}
_UNDER_THE_NAME = ("limit.distilled", "limit.starter_not_deepseek")  # said there already
_NO_PRAISE = ("reason.fits_spilled",)  # how it fits, but nothing that speaks for it
_NO_CENTS_FROM = 100
_SHOWN = 4  # points in a list; more would not be read


def name(what: Recommendation) -> str:
    """The model and where it would run, or the name of the way."""
    if what.model is not None and what.kind is Kind.LOCAL:
        return say("page.plan.name", model=what.model.name)
    return say(f"kind.{what.kind.value}")


def what_it_is(what: Recommendation) -> str:
    """One honest line under the name."""
    if what.kind is not Kind.LOCAL:
        return _elsewhere(what)
    if what.model is None:
        return say("page.plan.what.local")
    if what.model.starter:
        return say("page.plan.what.starter")
    return say("page.plan.what.distilled" if what.model.distilled else "page.plan.what.full")


def _elsewhere(what: Recommendation) -> str:
    """Which model answers, and at whose place."""
    way = what.kind.value
    if not what.offer or (what.model is None and what.kind is not Kind.TOKENS):
        return say(f"page.plan.what.{way}")
    return say(
        f"page.plan.what.{way}.at",
        model=text().model(what.model) if what.model else "",
        machine=what.device_name,
        offer=what.offer,
        provider=provider(what.provider),
    )


def provider(code: str) -> str:
    """A provider as people know it."""
    key = f"provider.name.{code}"
    return say(key) if text().has(key) else code


def cost(what: Recommendation) -> str:
    """What a month costs, as a range."""
    if what.cost.monthly is None:
        return say("page.plan.cost.unknown")
    whole = what.cost.monthly[1] >= _NO_CENTS_FROM  # then the lower end has none either
    low, high = (_amount(amount, what.cost.currency, whole) for amount in what.cost.monthly)
    if low == high:
        return low
    sign = re.match(r"\D*", low)
    return f"{low}–{high.removeprefix(sign.group() if sign else '')}"  # one sign is enough


def _amount(amount: Decimal, currency: str, whole: bool) -> str:
    if whole:
        return round_money(amount.to_integral_value(), currency)
    return text().money(Money(amount=amount, currency=currency))


def cost_of(what: Recommendation, hours_per_day: float) -> str:
    """What the money is for."""
    if what.kind is not Kind.LOCAL:
        known = what.cost.monthly is not None
        hours = f"{hours_per_day:g}"
        return say(f"page.plan.cost.{'at_hours' if known else 'later'}", hours=hours)
    if what.cost.monthly is None:
        return say("page.plan.cost.tariff")
    return say("page.plan.cost.hours", hours=f"{hours_per_day:g}")


def cost_a_month(what: Recommendation) -> str:
    if what.cost.monthly is None:
        return say("page.plan.cost.power") if what.kind is Kind.LOCAL else ""
    return say("page.plan.cost.month", amount=cost(what))


def speed(what: Recommendation) -> str:
    if what.speed is None:
        return say("page.plan.cost.unknown")
    return tokens_a_second(what.speed)


def tokens_a_second(found: Speed) -> str:
    """A guess needs no decimals from ten on; what was measured keeps its own."""
    if found.basis == "measured":
        return text().span(*found.tokens_per_s)
    return text().span(*(round(end, 0 if end >= 10 else 1) for end in found.tokens_per_s))


def words_a_second(what: Recommendation) -> str:
    """The predicted speed as reading people know it."""
    if what.speed is None:
        return ""
    return reading_speed(*what.speed.tokens_per_s)


def way_and_speed(what: Recommendation) -> str:
    """What another way is, with its speed as reading people know it."""
    if what.speed is None:
        return what_it_is(what)
    return joined((what_it_is(what), say("page.plan.sentence", what=words_a_second(what))))


def reading_speed(low: float, high: float) -> str:
    """Tokens per second as words a second, or as Chinese characters a second."""
    per_token = CHARACTERS_PER_TOKEN if language.current() == "zh_CN" else WORDS_PER_TOKEN
    return say(
        "page.plan.words", words=text().span(_calm(low * per_token), _calm(high * per_token))
    )


def span_of_time(low: float, high: float) -> str:
    """How long, from so to so: seconds up to two minutes, then minutes, then hours."""
    (size, unit), (last_size, last_unit) = _unit(low), _unit(high)
    if unit == last_unit:
        return say(f"unit.{unit}", n=text().span(_calm_time(low / size), _calm_time(high / size)))
    ends = ((low / size, unit), (high / last_size, last_unit))
    return "–".join(say(f"unit.{unit}", n=text().number(_calm_time(n))) for n, unit in ends)


def _unit(seconds: float) -> tuple[int, str]:
    if seconds < 120:
        return 1, "seconds"
    return (60, "minutes") if seconds < 90 * 60 else (3600, "hours")


def _calm_time(value: float) -> float:
    """A guess needs no second digit after the comma, and nothing takes no time at all."""
    return round(value) if value >= 10 else max(0.1, round(value, 1))


def round_money(amount: float | Decimal, currency: str) -> str:
    """An amount without cents where it has none, or where nobody would miss them."""
    exact = Decimal(str(amount))
    if abs(exact) >= _NO_CENTS_FROM:
        exact = exact.to_integral_value()
    return text().money(Money(amount=exact, currency=currency)).removesuffix(".00")


def joined(sentences: Iterable[str]) -> str:
    """Sentences one after another, as the language sets them."""
    return ("" if language.current() == "zh_CN" else " ").join(sentences)


def closed(words: str) -> str:
    """Words as a sentence: with a full stop, if they have none yet."""
    return words if words[-1:] in ".。" else say("page.plan.sentence", what=words)


def _calm(value: float) -> float:
    """Whole words from ten on; a guess needs no decimals."""
    return round(value) if value >= 2 else round(value, 1)


def grade(what: Recommendation) -> tuple[str, str]:
    """The letter for privacy and the tone of its tile."""
    return _GRADES[what.privacy]


def reasons(what: Recommendation) -> list[str]:
    notes = [
        note
        for note in what.reasons
        if note.code.startswith("reason.") and note.code not in _NO_PRAISE
    ]
    return [text().note(note) for note in notes[:_SHOWN]]


def limits(what: Recommendation) -> list[str]:
    """What stands in the way first, then the honest limits."""
    known = [
        note
        for note in what.reasons
        if note.code in _NO_PRAISE
        or (note.code.startswith("limit.") and note.code not in _UNDER_THE_NAME)
    ]
    return [text().note(note) for note in (*what.why_not, *known)[:_SHOWN]]


def why_not_first(what: Recommendation) -> str:
    """Why another one comes first, else what stands in the way."""
    if what.not_first:
        return text().note(what.not_first[0])
    return say("page.plan.why_not", why=text().note(what.why_not[0])) if what.why_not else ""


def tree_line(advice: Advice) -> str:
    """What a known rule of thumb says to the same answers, and why ours differs if it does."""
    tree = advice.tree
    path = [say(f"tree.{step.replace(':', '.')}") for step in tree.path]
    rule = say("page.plan.tree", verdict=say(f"tree.verdict.{tree.verdict}"), path=" → ".join(path))
    return joined((rule, text().note(verdict_beside(tree, advice.recommendations[0]))))
