"""Three questions as cards. Nothing is chosen for the person the first time."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from core.advice.questions import (
    BUDGET,
    HORIZON,
    QUESTIONS,
    SENSITIVITY,
    Choice,
    Question,
    country_for,
    currency_for,
)
from core.assembly import Assembly
from core.domain import Money
from core.setup import flow
from core.setup.flow import Draft
from gui import language
from gui.language import say, text
from gui.widgets.choices import ChoiceCard, ChoiceGroup
from gui.widgets.labels import Label
from gui.wizard.quiet_note import QuietNote
from gui.wizard.step import Act, Footer, StepPage

OTHER = "other"
_MOST = Decimal(1_000_000)  # a month; above it a slip of the finger is likelier than a budget


class QuestionsPage(StepPage):
    """Each answer goes into the draft at once; changing one throws away the old plan."""

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(assembly, parent)
        self._other = False  # the person wants to type the amount
        self._title = Label("title")
        self._lead = Label("muted")
        self.groups = {question.id: _Group(question) for question in QUESTIONS}
        self.amount = QLineEdit()
        self.amount.setObjectName("amount")
        self.amount.setMaximumWidth(200)
        self._per_month = Label("caption")
        self._so_far = QuietNote("berth")
        self._so_far.setObjectName("so-far")
        self.body.addWidget(self._title)
        self.body.addWidget(self._lead)
        for question in QUESTIONS:
            self.body.addWidget(self.groups[question.id])
            if question is BUDGET:
                self.body.addLayout(self._amount_row())
        self.body.addSpacing(8)
        self.body.addWidget(self._so_far)
        self.groups[SENSITIVITY.id].group.chosen.connect(self._sensitivity)
        self.groups[BUDGET.id].group.chosen.connect(self._budget)
        self.groups[HORIZON.id].group.chosen.connect(self._horizon)
        self.amount.textEdited.connect(self._typed)
        self.render()

    def title(self) -> str:
        return say("page.questions.title")

    def render(self) -> None:  # type: ignore[override]
        draft = self.state.draft
        self._title.setText(say("page.questions.title"))
        self._lead.setText(say("page.questions.lead"))
        for number, question in enumerate(QUESTIONS, start=1):
            group = self.groups[question.id]
            group.show_texts(number, self._currency())
            group.group.set_value(self._chosen(question, draft))
        typing = self._chosen(BUDGET, draft) == OTHER
        self.amount.setVisible(typing)
        self._per_month.setVisible(typing)
        self.amount.setPlaceholderText(say("page.questions.amount"))
        self.amount.setAccessibleName(say("page.questions.amount"))
        self._per_month.setText(say("page.questions.per_month", currency=self._currency()))
        if typing and draft.monthly is not None and not self.amount.text():
            self.amount.setText(f"{draft.monthly.amount.normalize():f}")
        self._so_far.say(self._sum_up(draft))

    def footer(self) -> Footer:
        return Footer(
            back=Act(say("wizard.back"), icon="arrow-left"),
            primary=Act(
                say("page.questions.go"),
                enabled=self.state.answers is not None,
                icon="arrow-right",
            ),
            hint=say("page.questions.stay"),
            hint_icon="lock",
        )

    def first_focus(self) -> QWidget | None:
        cards = self.groups[SENSITIVITY.id].group.cards
        return next((card.radio for card in cards if card.is_chosen), cards[0].radio)

    def _amount_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self.amount)
        row.addWidget(self._per_month, 1)
        return row

    def _chosen(self, question: Question, draft: Draft) -> str | None:
        """The id of the choice that the draft holds."""
        if question is BUDGET:
            if self._other or draft.monthly is None:
                return OTHER if self._other else None
            amount = draft.monthly.amount
            return next((c.id for c in BUDGET.choices if c.monthly == amount), OTHER)
        for choice in question.choices:
            if question is SENSITIVITY and choice.sensitivity is draft.sensitivity:
                return choice.id
            if question is HORIZON and choice.months == draft.horizon_months:
                return choice.id
        return None

    def _currency(self) -> str:
        """The one the person answered in, else the usual one of the language's country."""
        if self.state.draft.monthly is not None:
            return self.state.draft.monthly.currency
        return currency_for(country_for(language.current()))

    def _sensitivity(self, value: object) -> None:
        chosen = _choice(SENSITIVITY, value)
        self._take(replace(self.state.draft, sensitivity=chosen.sensitivity))

    def _horizon(self, value: object) -> None:
        self._take(replace(self.state.draft, horizon_months=_choice(HORIZON, value).months))

    def _budget(self, value: object) -> None:
        chosen = _choice(BUDGET, value)
        self._other = chosen.id == OTHER
        if self._other:
            self._take_amount(_amount(self.amount.text()))
            self.amount.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            self._take_amount(chosen.monthly)

    def _typed(self, typed: str) -> None:
        self._take_amount(_amount(typed))

    def _take_amount(self, amount: Decimal | None) -> None:
        draft = self.state.draft
        currency = self._currency()
        monthly = None if amount is None else Money(amount=amount, currency=currency)
        if draft.monthly is None:
            draft = replace(draft, country=country_for(language.current()))
        self._take(replace(draft, monthly=monthly))

    def _take(self, draft: Draft) -> None:
        self.changed.emit(flow.with_draft(self.state, draft))
        self.render()

    def _sum_up(self, draft: Draft) -> str:
        sentences = [say("page.questions.so_far")]
        if draft.sensitivity is not None:
            sentences.append(say(f"page.questions.so_far.{draft.sensitivity.value}"))
        if draft.monthly is not None and not draft.monthly.amount:
            sentences.append(say("page.questions.so_far.nothing"))
        elif draft.monthly is not None:
            amount = _round_money(draft.monthly.amount, draft.monthly.currency)
            sentences.append(say("page.questions.so_far.amount", amount=amount))
        if chosen := self._chosen(HORIZON, draft):
            sentences.append(say(f"page.questions.so_far.{chosen}"))
        if len(sentences) == 1:
            sentences.append(say("page.questions.so_far.none"))
        return (" " if language.current() == "en" else "").join(sentences)


class _Group(QWidget):
    """One question: its sentence, a hint, and a row of cards."""

    def __init__(self, question: Question) -> None:
        super().__init__()
        self.question = question
        self._title = Label("heading", wrap=False)
        self._hint = Label("caption")
        icons = question is not BUDGET  # four narrow cards: the words need the room
        cards = []
        for choice in question.choices:
            card = ChoiceCard(choice.id, choice.icon if icons else None)
            card.setObjectName(f"choice-{choice.id}")
            card.radio.setObjectName(f"radio-{choice.id}")
            cards.append(card)
        self.group = ChoiceGroup(cards, columns=len(cards))
        self.group.setObjectName(f"question-{question.id}")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._title)
        head.addWidget(self._hint, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 12, 0, 0)
        column.setSpacing(10)
        column.addLayout(head)
        column.addWidget(self.group)

    def show_texts(self, number: int, currency: str) -> None:
        name = f"question.{self.question.id}"
        self._title.setText(f"{number}. {say(f'{name}.title')}")
        hint = f"{name}.hint"
        self._hint.setText(say(hint) if text().has(hint) else "")
        self.group.setAccessibleName(self._title.text())
        for choice, card in zip(self.question.choices, self.group.cards, strict=True):
            params = {}
            if choice.monthly is not None:
                params["amount"] = _round_money(choice.monthly, currency)
            card.set_texts(
                say(f"{name}.{choice.id}.title", **params),
                say(f"{name}.{choice.id}.caption", **params),
            )


def _choice(question: Question, value: object) -> Choice:
    return next(choice for choice in question.choices if choice.id == value)


def _round_money(amount: Decimal, currency: str) -> str:
    """A round amount without cents."""
    return text().money(Money(amount=amount, currency=currency)).removesuffix(".00")


def _amount(typed: str) -> Decimal | None:
    """A monthly amount as people type it, or None where it is none."""
    plain = typed.strip().lstrip("$¥€£").replace(" ", "")
    grouped = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain)  # 1,000 is a thousand
    plain = plain.replace(",", "" if grouped else ".")
    try:
        amount = Decimal(plain)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and 0 <= amount <= _MOST else None
