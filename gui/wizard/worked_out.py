"""How the plan was worked out: figures that can be changed, prices, other models, the guide."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from core.domain import Advice, Answers
from gui.language import say
from gui.page import scroll_column
from gui.widgets.buttons import Button
from gui.widgets.choices import Segments
from gui.widgets.labels import Label
from gui.wizard import worked_rows as rows
from gui.wizard.figures import FiguresForm, Known

SECTIONS = ("figures", "prices", "others", "guide", "checks")
_LISTS: dict[str, Callable[[Advice], Iterable[QWidget]]] = {
    "figures": rows.assumed,
    "prices": rows.prices,
    "others": rows.others,
    "guide": rows.guide,
    "checks": rows.checks,
}
_SIZE = (760, 560)
_AT_ONCE = 4  # rows of a list in one turn of the event loop, so that a long one holds nobody up
_FIELDS_BY_UNIT = {"kwh": "kwh_price", "card": "hardware_price"}


class WorkedOutDialog(QDialog):
    """Reads like a page; Escape or Close leaves it. It is thrown away when it is closed.

    `figures_changed` carries CostInputs; whoever opened it answers with `show_advice`.
    """

    figures_changed = Signal(object)

    def __init__(
        self,
        advice: Advice,
        said: Answers,
        parent: QWidget | None = None,
        *,
        section: str = "figures",
    ) -> None:
        super().__init__(parent)
        self.setObjectName("worked-out")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(say("page.plan.how"))
        self.resize(*_SIZE)
        self._advice, self._said = advice, said
        self._title = Label("heading")
        self._title.setText(say("page.plan.how.title"))
        self.segments = Segments(SECTIONS)
        self.segments.setObjectName("sections")
        self.segments.set_texts([say(f"page.plan.sheet.tab.{name}") for name in SECTIONS])
        for name, button in zip(SECTIONS, self.segments.buttons, strict=True):
            button.setObjectName(f"section-{name}")
        self.segments.chosen.connect(self._turn_to)
        self.form = FiguresForm()
        self.form.changed.connect(self.figures_changed)
        self._stack = QStackedWidget()
        self._sections = {name: _Section() for name in SECTIONS}
        for name, made in self._sections.items():
            made.area.setAccessibleName(say(f"page.plan.sheet.tab.{name}"))
            self._stack.addWidget(made.area)
        figures = self._sections["figures"].body
        lead = rows.head(say("page.plan.sheet.figures"), say("page.plan.sheet.figures.lead"))
        figures.insertWidget(0, lead)
        figures.insertWidget(1, self.form)
        self._close = Button("secondary")
        self._close.setObjectName("close")
        self._close.setText(say("page.plan.how.close"))
        self._close.clicked.connect(self.accept)
        self._soon = QTimer(self, singleShot=True, interval=0)
        self._soon.timeout.connect(self._build)
        self._lay_out()
        self.show_advice(advice)
        self._turn_to(section)
        self._close.setFocus()

    def show_advice(self, advice: Advice) -> None:
        """Shows what the changed figures lead to. Only what is seen is made again at once."""
        self._advice = advice
        if advice.inputs is not None:
            self.form.show_inputs(advice.inputs, _known(advice, self._said))
        for section in self._sections.values():
            section.stale = True
        self._soon.start()

    @property
    def whole(self) -> bool:
        """Whether all that belongs to the section is there."""
        section = self._sections[SECTIONS[self._stack.currentIndex()]]
        return not section.stale and section.rest is None

    def _turn_to(self, name: object) -> None:
        self.segments.set_value(name)
        self._stack.setCurrentIndex(SECTIONS.index(str(name)))
        self._soon.start()

    def _build(self) -> None:
        """A few rows of what is looked at, and the next ones in the next turn."""
        name = SECTIONS[self._stack.currentIndex()]
        section = self._sections[name]
        if section.stale:
            section.begin(_LISTS[name](self._advice))
        section.go_on()
        if not self.whole:
            self._soon.start()

    def _lay_out(self) -> None:
        head = QVBoxLayout()
        head.setContentsMargins(24, 20, 24, 0)
        head.setSpacing(12)
        head.addWidget(self._title)
        head.addWidget(self.segments)
        foot = QHBoxLayout()
        foot.setContentsMargins(24, 8, 24, 16)
        foot.addStretch(1)
        foot.addWidget(self._close)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(head)
        column.addWidget(self._stack, 1)
        column.addLayout(foot)


class _Section:
    """One page of the sheet. Its list is made when it is looked at."""

    area: QScrollArea

    def __init__(self) -> None:
        self.area, self.body = scroll_column(860, (24, 10, 24, 12))
        self.area.setFocusPolicy(Qt.FocusPolicy.StrongFocus)  # the arrow keys move its list
        self.holder = QWidget()
        self.stale = True
        self.rest: Iterator[QWidget] | None = None  # what was not made yet
        self._list = QVBoxLayout(self.holder)
        self._list.setContentsMargins(0, 0, 0, 0)
        self._list.setSpacing(6)
        self.body.addWidget(self.holder)

    def begin(self, widgets: Iterable[QWidget]) -> None:
        """Makes room for another list."""
        self.stale, self.rest = False, iter(widgets)
        while (item := self._list.takeAt(0)) is not None:
            if widget := item.widget():
                widget.hide()
                widget.deleteLater()

    def go_on(self) -> None:
        """Puts the next rows below those that are there."""
        more = list(islice(self.rest or (), _AT_ONCE))
        for widget in more:
            self._list.addWidget(widget)
        if len(more) < _AT_ONCE:
            self.rest = None


def _known(advice: Advice, said: Answers) -> Known:
    """The prices that stand in for what was not typed."""
    notes = [note for note in rows.used_prices(advice) if note.unit in _FIELDS_BY_UNIT]
    amounts = {_FIELDS_BY_UNIT[note.unit]: note.price.money.amount for note in reversed(notes)}
    power = next((note.price.money.currency for note in notes if note.unit == "kwh"), None)
    return Known(currency=power or said.budget.currency, amounts=amounts)
