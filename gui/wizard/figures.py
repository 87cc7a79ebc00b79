"""The figures behind the costs, each in a field of its own. A wrong one changes nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal, InvalidOperation

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from core.advice.cost_inputs import BOUNDS, check_inputs
from core.domain import CostInputs, Money
from core.errors import AppError
from gui.language import say, text
from gui.widgets.buttons import restyle
from gui.widgets.labels import Label

_PAUSE_MS = 250  # after the last key, before everything is worked out again
_KINDS = {
    "hours_per_day": "number",
    "questions_per_hour": "number",
    "kwh_price": "money",
    "hardware_price": "money",
    "stay_share": "share",
    "busy_share": "span",
    "input_tokens": "whole",
    "output_tokens": "whole",
    "cached_share": "share",
    "off_peak_share": "share",
    "idle_minutes": "number",
    "sittings_per_day": "number",
    "lifetime_months": "whole",
    "resale_share": "share",
}
FIELDS = tuple(_KINDS)
_MAY_BE_EMPTY = ("kwh_price", "hardware_price", "off_peak_share")
_Value = float | int | Money | tuple[float, float] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a field says while it is empty, and the currency in which its amount is meant."""

    currency: str
    amounts: Mapping[str, Decimal]  # by field


class FiguresForm(QWidget):
    """`changed` carries the CostInputs, as soon as a field holds something that can be right."""

    changed = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._inputs: CostInputs | None = None
        self._known = Known(currency="USD", amounts={})
        self.fields = {name: Field(name) for name in FIELDS}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(14)
        for number, field in enumerate(self.fields.values()):
            grid.addWidget(field, number // 2, number % 2)
            field.typed.connect(self._take)
        for column in (0, 1):
            grid.setColumnStretch(column, 1)

    def show_inputs(self, inputs: CostInputs, known: Known) -> None:
        """Shows the figures. A field that is being typed in keeps what stands in it."""
        self._inputs, self._known = inputs, known
        for name, field in self.fields.items():
            value = getattr(inputs, name)
            currency = value.currency if isinstance(value, Money) else known.currency
            field.show_value(_written(_KINDS[name], value), currency, known.amounts.get(name))

    def _take(self, name: str) -> None:
        field, inputs = self.fields[name], self._inputs
        if inputs is None:
            return
        try:
            value = read(name, field.edit.text(), field.currency)
            after = replace(inputs, **{name: value})  # type: ignore[arg-type]
            check_inputs(after)
        except (ValueError, AppError):
            field.refuse(_bounds(name))
            return
        field.accept()
        if after != inputs:
            self.changed.emit(after)


class Field(QWidget):
    """A name, a line to type in, its unit, what it means, and what is wrong with it."""

    typed = Signal(str)  # its name, when the typing pauses or ends

    def __init__(self, name: str) -> None:
        super().__init__()
        self._field = name
        self.currency = ""
        self._name, self._unit = Label("strong"), Label("caption", wrap=False)
        self.edit = QLineEdit()
        self.edit.setObjectName(f"figure-{name}")
        self.edit.setMaxLength(24)
        self.edit.setMaximumWidth(150)
        self._hint, self.wrong = Label("caption"), Label("caption", tone="danger")
        self.wrong.setObjectName(f"wrong-{name}")
        self.wrong.hide()
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.edit, 1)
        row.addWidget(self._unit)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self._name)
        column.addLayout(row)
        column.addWidget(self.wrong)
        column.addWidget(self._hint)
        column.addStretch(1)
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._say)
        self.edit.textEdited.connect(self._wait)
        self.edit.editingFinished.connect(self._at_once)

    def show_value(self, written: str, currency: str, known: Decimal | None) -> None:
        """`known` is what is used while nothing is typed."""
        self.currency = currency
        self._name.setText(say(f"cost.input.{self._field}"))
        hint = f"cost.input.{self._field}.hint"
        self._hint.setText(say(hint) if text().has(hint) else "")
        self._hint.setVisible(bool(self._hint.text()))
        kind = _KINDS[self._field]
        unit = {"money": currency, "share": "%", "span": "%"}.get(kind, "")
        self._unit.setText(unit)
        self._unit.setVisible(bool(unit))
        self.edit.setPlaceholderText(f"{known.normalize():f}" if known is not None else "")
        self.edit.setAccessibleName(f"{self._name.text()} {unit}".strip())
        self.edit.setAccessibleDescription(self._hint.text())
        busy = self._pause.isActive() or not self.wrong.isHidden()
        if not busy and not self.edit.hasFocus() and self.edit.text() != written:
            self.edit.setText(written)

    def refuse(self, sentence: str) -> None:
        """Red edge, and the line under it."""
        self.wrong.setText(sentence)
        self.wrong.show()
        self.edit.setAccessibleDescription(sentence)
        self._state("error")

    def accept(self) -> None:
        self.wrong.hide()
        self.edit.setAccessibleDescription(self._hint.text())
        self._state("")

    def _state(self, state: str) -> None:
        if self.edit.property("state") != state:
            self.edit.setProperty("state", state)
            restyle(self.edit)

    def _wait(self) -> None:
        self._pause.start()

    def _at_once(self) -> None:
        if self._pause.isActive():
            self._pause.stop()
            self._say()

    def _say(self) -> None:
        self.typed.emit(self._field)


def read(name: str, typed: str, currency: str) -> _Value:
    """What was typed, as `CostInputs` wants it. Raises ValueError where it is no such thing."""
    kind = _KINDS[name]
    if not typed.strip() and name in _MAY_BE_EMPTY:
        return None
    if kind == "span":
        ends = [float(number(part)) / 100 for part in re.split(r"[-–~～]", typed)]
        if len(ends) not in (1, 2):
            raise ValueError(typed)
        return ends[0], ends[-1]
    amount = number(typed)
    if kind == "money":
        return Money(amount=amount, currency=currency)
    if kind == "whole":
        if amount != amount.to_integral_value():
            raise ValueError(typed)
        return int(amount)
    return float(amount) / 100 if kind == "share" else float(amount)


def number(typed: str) -> Decimal:
    """A number as people type it, with either comma. Raises ValueError."""
    plain = typed.strip().lstrip("$¥€£").rstrip("%").replace(" ", "")
    grouped = re.fullmatch(r"\d{1,3}(,\d{3})+(\.\d+)?", plain)  # 1,000 is a thousand
    if not re.fullmatch(r"\d[\d,.]*", plain):
        raise ValueError(typed)
    try:
        return Decimal(plain.replace(",", "" if grouped else "."))
    except InvalidOperation as error:
        raise ValueError(typed) from error


def changed_fields(before: CostInputs, after: CostInputs) -> Iterable[tuple[str, object]]:
    """The figures in which two differ."""
    for name in (*FIELDS, "count_hardware"):
        if getattr(before, name) != getattr(after, name):
            yield name, getattr(after, name)


def _written(kind: str, value: object) -> str:
    """A value as it stands in its field: shares in percent, without needless digits."""
    if value is None:
        return ""
    if isinstance(value, Money):
        return f"{value.amount.normalize():f}"
    if isinstance(value, tuple):
        return "–".join(dict.fromkeys(f"{float(end) * 100:g}" for end in value))
    amount = float(value) * (100 if kind == "share" else 1)  # type: ignore[arg-type]
    return f"{round(amount, 4):.10g}"


def _bounds(name: str) -> str:
    """What may stand in a field."""
    kind = _KINDS[name]
    by = 100 if kind in ("share", "span") else 1
    low, high = (text().number(edge * by) for edge in BOUNDS[name])
    key = kind if kind in ("span", "whole") else "number"
    return say(f"page.plan.figure.{key}", low=low, high=high)
