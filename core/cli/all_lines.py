"""What `recommend --all` tells beside the cards: every figure the advice rests on."""

from __future__ import annotations

from collections.abc import Iterator

from core.advice.price_age import first_day
from core.advice.reasons import assumption_notes
from core.cli.advice_lines import INDENT, Lines
from core.cli.columns import MOST, table, width, wrapped
from core.domain import Advice, Claim, PriceNote, Range

_MONTHS = (12, 36, 60)


def all_lines(advice: Advice, lines: Lines, today: str) -> list[str]:
    """Costs over time, models passed over, prices, the article's claims, checks and assumptions.

    `today` is the ISO date from which the age of a price is counted.
    """
    say = lines.say
    passed = (lines.pair(say.model(p.model), say.note(p.note)) for p in advice.passed_over)
    checks = (lines.pair(say(f"cli.check.{c.state}"), say.note(c.note)) for c in advice.checks)
    claims = [line for claim in advice.claims for line in _claim(claim, lines)]
    return [
        *_over_time(advice, lines),
        *lines.section("passed_over", passed),
        *_prices(advice, lines, today),
        *(["", say("cli.section.claims"), *claims] if claims else []),
        *lines.section("checks", checks),
        *lines.section("checklist", lines.notes(advice.checklist), "- "),
        *lines.section("assumptions", lines.notes(assumption_notes(advice))),
    ]


def _over_time(advice: Advice, lines: Lines) -> list[str]:
    """What was paid by the end of some months, one row for each kind."""
    if not advice.curves:
        return []
    # Curves end after five years; what a longer time comes to stands on the cards.
    months = sorted({*_MONTHS, min(lines.answers.horizon_months, _MONTHS[-1])})
    while True:
        shown = table(_by_month(advice, lines, months), indent=INDENT)
        if max(map(width, shown)) <= MOST or len(months) == 1:
            return ["", lines.say("cli.section.over_time"), *shown]
        del months[-2]  # the end is what it comes to


def _by_month(advice: Advice, lines: Lines, months: list[int]) -> list[list[str]]:
    say = lines.say
    head = [say("cli.over_time.paid"), say("cli.over_time.start")]
    rows = [[*head, *(say("cli.over_time.months", n=month) for month in months)]]
    for curve in advice.curves:
        paid = curve.by_month or ()
        cells = [
            _rounded(paid[month], lines) if month < len(paid) else "?" for month in (0, *months)
        ]
        rows.append([f"{say(f'kind.{curve.kind}')} ({curve.currency})", *cells])
    return rows


def _rounded(amounts: Range, lines: Lines) -> str:
    low, high = sorted(amounts)
    return lines.say.span(*(round(float(x)) if x >= 10 else float(x) for x in (low, high)))


def _prices(advice: Advice, lines: Lines, today: str) -> list[str]:
    """Every price that was used, once, with its age."""
    notes = (note for way in advice.recommendations for note in way.cost.prices)
    found = list({(note.name, note.unit, note.price): note for note in notes}.values())
    shown = [line for note in found for line in _price(note, lines, today)]
    return ["", lines.say("cli.section.prices"), *shown] if shown else []


def _price(note: PriceNote, lines: Lines, today: str) -> Iterator[str]:
    say = lines.say
    money = note.price.money
    amount = f"{money.amount.normalize():f} {money.currency}"
    name = say(f"price.name.{note.unit}", name=note.name)
    each = f"{amount} {say(f'price.unit.{note.unit}')}"
    yield from wrapped(lines.pair(name, each), first=INDENT)
    if note.own:
        stands = say("price.own")
    else:
        source = note.price.source
        day = source.date or "?"
        stands = say("cli.price.stands", source=source.text, date=day, age=_age(day, lines, today))
    old = f" · {say('price.stale')}" if note.stale else ""
    yield from wrapped(stands + old, first=INDENT * 2)


def _age(day: str, lines: Lines, today: str) -> str:
    """In days up to two months, then in months; a coarse date counts by its earliest day."""
    then, now = first_day(day), first_day(today)
    if then is None or now is None:
        return "?"
    days = max(0, now - then)
    if days <= 60:
        return lines.say("cli.price.days", n=days)
    return lines.say("cli.price.months", n=round(days / 30.4))


def _claim(claim: Claim, lines: Lines) -> Iterator[str]:
    say = lines.say
    yield from wrapped(
        say("cli.claim.article", what=say.note(claim.article)), first=INDENT, rest=INDENT * 2
    )
    verdict = say(f"cli.claim.{claim.verdict}")
    yield from wrapped(lines.pair(verdict, say.note(claim.ours)), first=INDENT * 2)
    source = claim.source
    code = "price.dated" if source.date else "price.undated"
    stands = say(code, source=source.text, date=source.date)
    yield from wrapped(say("cli.claim.source", source=stands), first=INDENT * 2)
