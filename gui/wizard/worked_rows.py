"""What the sheet behind the plan lists: prices, other models, the guide beside ours, checks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.advice.reasons import assumption_notes
from core.domain import Advice, PriceNote, Source
from gui import icons
from gui.language import say, text
from gui.widgets.cards import line
from gui.widgets.labels import Chip, Label
from gui.wizard import plan_words as words

_VERDICTS = {"same": ("success", "check"), "differs": ("info", "compare"), "unknown": ("", None)}
STATES = {
    "ok": ("check-circle", "success"),
    "watch": ("warning", "warning"),
    "todo": ("dot", "accent"),
}


class Row(QWidget):
    """A title with a chip or an amount at its right, and lines below it. An icon may lead it."""

    def __init__(
        self,
        title: str,
        lines: Sequence[str] = (),
        *,
        right: QWidget | None = None,
        icon: tuple[str, str] | None = None,
        below: QWidget | None = None,
        role: str = "strong",
    ) -> None:
        super().__init__()
        name = Label(role)
        name.setText(title)
        top = QHBoxLayout()
        top.setSpacing(12)
        top.addWidget(name, 1)
        if right is not None:
            top.addWidget(right, 0, Qt.AlignmentFlag.AlignTop)
        column = QVBoxLayout()
        column.setSpacing(3)
        column.addLayout(top)
        for words_ in lines:
            caption = Label("caption")
            caption.setText(words_)
            column.addWidget(caption)
        if below is not None:
            column.addWidget(below, 0, Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 4, 0, 4)
        row.setSpacing(10)
        if icon is not None:
            picture = QLabel()
            picture.setPixmap(icons.pixmap(*icon, 18))
            row.addWidget(picture, 0, Qt.AlignmentFlag.AlignTop)
        row.addLayout(column, 1)


def assumed(advice: Advice) -> Iterable[QWidget]:
    """What else was assumed, as sentences."""
    yield head(say("page.plan.sheet.assumed"), say("page.plan.how.lead"))
    notes = (text().note(note) for note in assumption_notes(advice))
    yield from _with_lines(Row(sentence, role="body") for sentence in notes)


def prices(advice: Advice) -> Iterable[QWidget]:
    """Every price that was used, once, with where it stands and since when."""
    found = used_prices(advice)
    yield head(say("page.plan.sheet.prices"), say("page.plan.sheet.prices.lead"))
    if not found:
        yield _sentence(say("page.plan.sheet.prices.none"))
    yield from _with_lines(_price(note) for note in found)


def used_prices(advice: Advice) -> list[PriceNote]:
    """Without repetitions, in the order of the ways."""
    notes = (note for way in advice.recommendations for note in way.cost.prices)
    return list({(note.name, note.unit, note.price): note for note in notes}.values())


def others(advice: Advice) -> Iterable[QWidget]:
    """What to buy or change for a better model, and why the rest is not on the page."""
    if advice.upgrades:
        yield head(say("page.plan.sheet.upgrades"), say("page.plan.sheet.upgrades.lead"))
        yield from _with_lines(
            Row(text().note(upgrade.note), role="body", icon=("arrow-up", "accent"))
            for upgrade in advice.upgrades
        )
    yield head(say("page.plan.sheet.passed"), say("page.plan.sheet.passed.lead"))
    if not advice.passed_over:
        yield _sentence(say("page.plan.sheet.passed.none"))
    yield from _with_lines(
        Row(text().model(passed.model), [text().note(passed.note)]) for passed in advice.passed_over
    )


def guide(advice: Advice) -> Iterable[QWidget]:
    """The figures of a well-known guide, and what we work out in their place."""
    yield head(say("page.plan.sheet.guide"), words.tree_line(advice))
    yield from _with_lines(
        Row(
            say(f"claim.{claim.id}.title"),
            [
                say("page.plan.sheet.guide.says", what=text().note(claim.article)),
                say("page.plan.sheet.ours", what=text().note(claim.ours)),
                _source(claim.source),
            ],
            right=_chip(*_VERDICTS[claim.verdict], say(f"page.plan.sheet.{claim.verdict}")),
        )
        for claim in advice.claims
    )


def checks(advice: Advice) -> Iterable[QWidget]:
    """The warnings of the guide for this plan, and what the law may ask for."""
    yield head(say("page.plan.sheet.checks"), say("page.plan.sheet.checks.lead"))
    for check in advice.checks:
        state = _chip("", None, say(f"page.plan.sheet.{check.state}"))
        lines = [text().note(check.note)]
        yield Row(say(f"check.{check.id}.title"), lines, icon=STATES[check.state], right=state)
    if advice.checklist:
        yield head(say("page.plan.sheet.checklist"), say("page.plan.sheet.checklist.lead"))
        for note in advice.checklist:
            yield Row(text().note(note), role="body", icon=("dot", "accent"))


def _price(note: PriceNote) -> Row:
    amount = Label("strong", tone="money", wrap=False)
    amount.setText(_exact(note))
    stands = say("price.own") if note.own else _source(note.price.source)
    lines = [say(f"price.unit.{note.unit}"), stands]
    name = say(f"price.name.{note.unit}", name=note.name)
    if not note.stale:
        return Row(name, lines, right=amount)
    old = _chip("warning", "warning", say("price.stale"))
    return Row(name, lines, right=amount, below=old)


def _exact(note: PriceNote) -> str:
    """Also what is less than a cent, as a kWh or a million tokens may be."""
    money = note.price.money
    shown = text().money(money)
    cents = money.amount.normalize().as_tuple().exponent
    if not isinstance(cents, int) or cents >= -2:
        return shown
    return f"{money.amount.normalize():f} {money.currency}"


def _source(source: Source) -> str:
    if source.date is None:
        return say("price.undated", source=source.text)
    return say("price.dated", source=source.text, date=source.date)


def _chip(tone: str, icon: str | None, words_: str) -> Chip:
    chip = Chip(tone, icon)
    chip.setText(words_)
    return chip


def head(title: str, lead: str) -> QWidget:
    """The title of a part, with its sentence."""
    return Row(title, [lead], role="heading")


def _sentence(words_: str) -> Label:
    label = Label("body")
    label.setText(words_)
    return label


def _with_lines(rows: Iterable[QWidget]) -> Iterable[QWidget]:
    for number, row in enumerate(rows):
        if number:
            yield line()
        yield row
