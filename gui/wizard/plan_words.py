"""A recommendation in words: every number with its unit, its range and a sentence."""

from __future__ import annotations

from core.advice.reasons import CHARACTERS_PER_TOKEN, WORDS_PER_TOKEN
from core.domain import Advice, Kind, Money, Recommendation
from gui import language
from gui.language import say, text

_GRADES = {
    "stays_here": ("A", "success"),
    "own_account": ("B", "info"),
    "mixed": ("B", "info"),
    "third_party": ("C", ""),
}
_SAME_AS = {
    "local": (Kind.LOCAL,),
    "hybrid": (Kind.HYBRID,),
    "cloud": (Kind.CLOUD, Kind.TOKENS),
}
_NOT_FIRST = "limit.not_first."
_UNDER_THE_NAME = ("limit.distilled", "limit.starter_not_deepseek")  # said there already
_SHOWN = 4  # points in a list; more would not be read


def name(what: Recommendation) -> str:
    """The model and where it would run, or the name of the way."""
    if what.model is not None:
        return say("page.plan.name", model=what.model.name)
    return say(f"kind.{what.kind.value}")


def what_it_is(what: Recommendation) -> str:
    """One honest line under the name."""
    if what.model is None:
        return say(f"page.plan.what.{what.kind.value}")
    if what.model.starter:
        return say("page.plan.what.starter")
    return say("page.plan.what.distilled" if what.model.distilled else "page.plan.what.full")


def cost(what: Recommendation) -> str:
    """What a month costs, as a range."""
    if what.cost.monthly is None:
        return say("page.plan.cost.unknown")
    low, high = (
        text().money(Money(amount=amount, currency=what.cost.currency))
        for amount in what.cost.monthly
    )
    return low if low == high else f"{low}–{high}"


def cost_of(what: Recommendation, hours_per_day: float) -> str:
    """What the money is for."""
    if what.kind is not Kind.LOCAL:
        return say("page.plan.cost.later")
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
    return text().span(*what.speed.tokens_per_s)


def words_a_second(what: Recommendation) -> str:
    """The predicted speed as reading people know it."""
    if what.speed is None:
        return ""
    return reading_speed(*what.speed.tokens_per_s)


def reading_speed(low: float, high: float) -> str:
    """Tokens per second as words a second, or as Chinese characters a second."""
    per_token = CHARACTERS_PER_TOKEN if language.current() == "zh_CN" else WORDS_PER_TOKEN
    return say(
        "page.plan.words", words=text().span(_calm(low * per_token), _calm(high * per_token))
    )


def _calm(value: float) -> float:
    """Whole words from ten on; a guess needs no decimals."""
    return round(value) if value >= 2 else round(value, 1)


def grade(what: Recommendation) -> tuple[str, str]:
    """The letter for privacy and the tone of its tile."""
    return _GRADES[what.privacy]


def reasons(what: Recommendation) -> list[str]:
    notes = [note for note in what.reasons if note.code.startswith("reason.")]
    return [text().note(note) for note in notes[:_SHOWN]]


def limits(what: Recommendation) -> list[str]:
    """What stands in the way first, then the honest limits."""
    known = [
        note
        for note in what.reasons
        if note.code.startswith("limit.")
        and not note.code.startswith(_NOT_FIRST)
        and note.code not in _UNDER_THE_NAME
    ]
    return [text().note(note) for note in (*what.why_not, *known)[:_SHOWN]]


def why_not_first(what: Recommendation) -> str:
    """What stands in the way, else why another one comes first."""
    if what.why_not:
        return say("page.plan.why_not", why=text().note(what.why_not[0]))
    compared = [note for note in what.reasons if note.code.startswith(_NOT_FIRST)]
    return text().note(compared[0]) if compared else ""


def tree_line(advice: Advice) -> str:
    """What a known rule of thumb says to the same answers, and why ours differs if it does."""
    tree, ours = advice.tree, advice.recommendations[0].kind
    path = [say(f"tree.{step.replace(':', '.')}") for step in tree.path]
    rule = say(
        "page.plan.tree", verdict=say(f"tree.verdict.{tree.verdict}"), path=text().listed(path)
    )
    agrees = ours in _SAME_AS[tree.verdict]
    beside = "same" if agrees else "local" if ours is Kind.LOCAL else "other"
    space = "" if language.current() == "zh_CN" else " "
    return f"{rule}{space}{say(f'page.plan.tree.{beside}')}"
