"""What the ways cost over time: a picture in one currency, and sentences for the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from core.advice.currency import cost_in
from core.advice.over_time import curve
from core.domain import (
    Accelerator,
    Advice,
    Answers,
    BreakEven,
    CostCurve,
    Kind,
    Offers,
    Recommendation,
)
from gui.language import say, text
from gui.widgets.buttons import Switch
from gui.widgets.cards import Card
from gui.widgets.labels import Label
from gui.widgets.line_chart import Line, LineChart, Mark, Scene
from gui.wizard import plan_words as words

YEAR = 12  # months
_WIDTH = 288  # px, the least the card takes
_ROLES = {"local": "chart-1", "cloud": "chart-2", "tokens": "chart-3", "hybrid": "chart-4"}


class ChartCard(Card):
    """What was paid by each month, and a switch that counts the card or does not."""

    counted = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent=parent, dense=True)
        self.setObjectName("chart-card")
        self.setMinimumWidth(_WIDTH)
        self._title, self._count = Label("strong"), Label("caption", wrap=False)
        self.switch = Switch()
        self.switch.setObjectName("count-card")
        self.switch.toggled.connect(self.counted)
        self.chart = LineChart()
        self.chart.setObjectName("chart")
        self._words = Label("caption")
        self._words.setObjectName("chart-words")
        self._words.setAlignment(Qt.AlignmentFlag.AlignTop)
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title, 1)
        head.addWidget(self._count)
        head.addWidget(self.switch)
        self.body.setContentsMargins(14, 12, 14, 12)
        self.body.addLayout(head)
        self.body.addWidget(self.chart, 1)
        self.body.addWidget(self._words)
        self.body.addStretch(0)  # takes what the chart leaves, or all where there is no chart

    def show_costs(
        self, advice: Advice, chosen: Recommendation, said: Answers, offers: Offers
    ) -> None:
        """Everything at once: a changed assumption is seen without waiting."""
        shown = picture(advice, chosen, said, offers)
        self._title.setText(shown.scene.title)
        self.chart.show_scene(shown.scene)
        self.chart.setVisible(bool(shown.scene.lines))  # without one its sentence stands below
        self._words.setText("\n".join(shown.sentences))
        self._count.setText(say("page.plan.chart.count"))
        self.switch.setAccessibleName(say("page.plan.chart.count"))
        for widget in (self._count, self.switch):
            widget.setVisible(_on_a_card(advice))
        blocked = self.switch.blockSignals(True)
        self.switch.setChecked(advice.inputs is not None and advice.inputs.count_hardware)
        self.switch.blockSignals(blocked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The picture, and what stands below it."""

    scene: Scene
    sentences: tuple[str, ...]


def picture(advice: Advice, chosen: Recommendation, said: Answers, offers: Offers) -> Shown:
    """A year, or as long as the person means to use it, of the ways in one currency."""
    months = max(YEAR, said.horizon_months)
    curves = _curves(advice, chosen, said, offers)
    currency = _currency(curves, said)
    drawn = [found for found in curves if found.by_month and found.currency == currency]
    lines = tuple(_line(found, chosen.kind, months) for found in drawn)
    meets, rest = _meeting(advice, drawn, chosen.kind, months)
    # A hybrid plan runs on this computer too, so nothing is ever saved on its machine.
    told = {line.kind for line in drawn} - {"hybrid"} if _local(drawn) else set()
    empty = say("page.plan.chart.empty")
    sentences = (
        *(() if drawn else (empty,)),
        *_about_the_card(advice),
        *(_break_even(found) for found in rest if found.kind in told),
        *_cheapest(drawn, chosen.kind, months, all_known=len(drawn) == len(curves)),
        *_at_a_rate(advice, drawn, currency, offers),
        *(_left_out(curves, drawn, chosen.kind, currency) if drawn else ()),
    )
    scene = Scene(
        title=_over(months),
        lines=lines,
        steps=tuple(_month(n) for n in range(months + 1)),
        marks=meets,
        empty=empty,
        notes=(*sentences, *(_break_even(p) for p in advice.break_even if p not in rest)),
        first_head=say("page.plan.chart.by_the_end_of"),
        value_words=lambda value: words.round_money(value, currency),
    )
    return Shown(scene=scene, sentences=sentences)


def _curves(
    advice: Advice, chosen: Recommendation, said: Answers, offers: Offers
) -> list[CostCurve]:
    """One for each kind; for the kind that is shown large, the curve of that very plan."""
    cost = cost_in(chosen.cost, said.budget.currency, offers) or chosen.cost
    own = curve(chosen.kind.value, cost)
    found = [own if line.kind == own.kind else line for line in advice.curves]
    return found if any(line is own for line in found) else [own, *found]


def _currency(curves: Sequence[CostCurve], said: Answers) -> str:
    """The one of the budget, if something is paid in it; else that of the first known curve."""
    known = [line.currency for line in curves if line.by_month]
    return said.budget.currency if said.budget.currency in known or not known else known[0]


def _line(found: CostCurve, chosen: Kind, months: int) -> Line:
    values = tuple((float(low), float(high)) for low, high in (found.by_month or ())[: months + 1])
    strong = found.kind == chosen.value
    return Line(
        name=_name(found.kind, chosen), role=_ROLES[found.kind], values=values, strong=strong
    )


def _name(kind: str, chosen: Kind) -> str:
    return say("page.plan.chart.this" if kind == chosen.value else f"kind.{kind}")


def _over(months: int) -> str:
    years, rest = divmod(months, YEAR)
    if rest:
        return say("page.plan.chart.months", n=months)
    return say("page.plan.chart.year" if years == 1 else "page.plan.chart.years", n=years)


def _month(number: int) -> str:
    if number == 0:
        return say("page.plan.chart.now")
    return say("page.plan.chart.month" if number == 1 else "page.plan.chart.n_months", n=number)


def _meeting(
    advice: Advice, drawn: Sequence[CostCurve], chosen: Kind, months: int
) -> tuple[tuple[Mark, ...], tuple[BreakEven, ...]]:
    """The first crossing that is inside the picture as its mark, and the others for sentences."""
    local = _local(drawn)
    found: list[tuple[float, BreakEven]] = []
    for point in advice.break_even:
        other = next((line for line in drawn if line.kind == point.kind), None)
        if local is None or other is None or other.kind == "hybrid" or point.month is None:
            continue
        if (step := crossing(local, other)) is not None and 0 < step <= months:
            found.append((step, point))
    if not found:
        return (), advice.break_even
    step, first = min(found, key=lambda pair: pair[0])
    mark = Mark(
        line=_name("local", chosen),
        step=step,
        title=say("page.plan.chart.break_even"),
        more=say("page.plan.chart.in_month", month=_months(first)),
    )
    return (mark,), tuple(point for point in advice.break_even if point is not first)


def _local(drawn: Sequence[CostCurve]) -> CostCurve | None:
    return next((line for line in drawn if line.kind == "local"), None)


def _months(point: BreakEven) -> str:
    first, last = point.month or (0, None)
    if last is None:
        return say("page.plan.chart.from_month", n=first)
    return text().span(first, last)


def crossing(owned: CostCurve, other: CostCurve) -> float | None:
    """Months after which the middle of one curve comes under that of the other, or None."""
    if not owned.by_month or not other.by_month:
        return None
    ahead = [
        sum(mine, Decimal(0)) - sum(theirs, Decimal(0))
        for mine, theirs in zip(owned.by_month, other.by_month, strict=False)
    ]
    for month in range(1, len(ahead)):
        before, after = ahead[month - 1], ahead[month]
        if before > 0 >= after:
            return month - 1 + float(before / (before - after))
    return None


def _break_even(point: BreakEven) -> str:
    return say(
        "page.plan.chart.beside", kind=say(f"kind.{point.kind}"), what=text().note(point.note)
    )


def _about_the_card(advice: Advice) -> tuple[str, ...]:
    if not _on_a_card(advice) or advice.inputs is None:
        return ()
    counted = advice.inputs.count_hardware or advice.inputs.hardware_price is not None
    return (say(f"page.plan.chart.{'counted' if counted else 'not_counted'}"),)


def _cheapest(
    drawn: Sequence[CostCurve], chosen: Kind, months: int, *, all_known: bool
) -> tuple[str, ...]:
    """Also where it speaks against the plan above. What is not drawn might be cheaper still."""
    totals = {
        line.kind: sum(line.by_month[min(months, len(line.by_month) - 1)], Decimal(0))
        for line in drawn
        if line.by_month
    }
    if len(totals) < 2:
        return ()
    kind = min(totals, key=lambda kind: totals[kind])
    name = say("page.plan.chart.this") if kind == chosen.value else say(f"kind.{kind}")
    if not all_known:
        return (say("page.plan.chart.cheapest.known", kind=name),)
    if kind == chosen.value:
        return (say("page.plan.chart.cheapest.this"),)
    return (say("page.plan.chart.cheapest", kind=name),)


def _at_a_rate(
    advice: Advice, drawn: Sequence[CostCurve], currency: str, offers: Offers
) -> tuple[str, ...]:
    """What is paid in another currency is drawn by a rate that has its day."""
    kinds = {line.kind for line in drawn}
    others = {way.cost.currency for way in advice.recommendations if way.kind.value in kinds}
    dates = [
        rate.source.date
        for rate in offers.rates
        if rate.currency in others | {currency} and rate.source.date
    ]
    return tuple(
        say("page.plan.chart.rate", other=other, currency=currency, date=min(dates))
        for other in sorted(others - {currency, ""})
        if dates
    )


def _left_out(
    curves: Sequence[CostCurve], drawn: Sequence[CostCurve], chosen: Kind, currency: str
) -> tuple[str, ...]:
    """What is missing in the picture, and why."""
    unknown = [_quoted(line.kind, chosen) for line in curves if line.by_month is None]
    others = [line for line in curves if line.by_month is not None and line not in drawn]
    sentences = [say("page.plan.chart.unknown", kinds=text().listed(unknown))] if unknown else []
    for other in dict.fromkeys(line.currency for line in others):
        kinds = [_quoted(line.kind, chosen) for line in others if line.currency == other]
        sentence = say(
            "page.plan.chart.currency",
            kinds=text().listed(kinds),
            other=other,
            currency=currency,
        )
        sentences.append(sentence)
    return tuple(sentences)


def _quoted(kind: str, chosen: Kind) -> str:
    return say("page.plan.chart.quoted", name=_name(kind, chosen))


def _on_a_card(advice: Advice) -> bool:
    return any(
        way.kind is Kind.LOCAL and way.accelerator not in (None, Accelerator.CPU)
        for way in advice.recommendations
    )
