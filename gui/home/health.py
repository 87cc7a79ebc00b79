"""What was really looked at, row by row. A row without a look behind it does not exist."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from core.domain import EngineKind
from gui.home.state import Look, Mood
from gui.icons import pixmap
from gui.language import say, text
from gui.widgets.cards import Card, line
from gui.widgets.labels import Label


@dataclass(frozen=True, slots=True)
class Check:
    """`code` names two sentences: `home.health.<code>` and `home.health.<code>.more`."""

    code: str
    fine: bool


def checks_of(look: Look) -> tuple[Check, ...]:
    """The checks behind a running state; failing ones first.

    RUNNING itself stands on two: the engine answered, and it named the model that was set up.
    """
    if look.mood is not Mood.RUNNING:
        return ()
    checks = [Check("answers", True), Check("right_model", True)]
    proof = look.endpoint.proof if look.endpoint else None
    if proof is not None and proof.on_gpu is not None and _meant_for_card(look):
        checks.append(Check("on_gpu" if proof.on_gpu else "not_on_gpu", proof.on_gpu))
    return tuple(sorted(checks, key=lambda check: check.fine))


def facts_of(look: Look) -> tuple[tuple[str, str], ...]:
    """What is set up: name of the fact (a text code) and its value."""
    plan = look.plan
    if plan is None:
        return ()
    engine = "builtin" if plan.engine is EngineKind.BUILTIN else "container"
    return (
        ("home.fact.model", plan.model.name),
        ("home.fact.version", f"{plan.quant.name} · {text().size(plan.quant.size_bytes)}"),
        ("home.fact.engine", say(f"home.engine.{engine}")),
        ("home.fact.computes", say("home.computes.cpu" if plan.accelerator == "cpu" else
                                   "home.computes.gpu")),
        ("home.fact.licence", plan.model.licence),
    )  # fmt: skip


def _meant_for_card(look: Look) -> bool:
    return look.plan is not None and look.plan.accelerator != "cpu"


class HealthCard(Card):
    """The list of checks, with the time of the last look."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", False, parent)
        self.setObjectName("health")
        self._title = Label("heading")
        self._when = Label("caption", wrap=False)
        head = QHBoxLayout()
        head.addWidget(self._title, 1)
        head.addWidget(self._when)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(10)
        self.body.addLayout(head)
        self.body.addSpacing(4)
        self.body.addLayout(self._rows)
        self.body.addStretch(1)

    def render_look(self, look: Look, looked_at: str) -> None:
        checks = checks_of(look)
        fine = all(check.fine for check in checks)
        self._title.setText(say("home.health.well" if fine else "home.health.needs_you"))
        self.show_time(looked_at)
        _clear(self._rows)
        for number, check in enumerate(checks):
            if number:
                self._rows.addWidget(line())
            self._rows.addWidget(_row(check))

    def show_time(self, looked_at: str) -> None:
        """The time as it is written, or "" before the first look."""
        self._when.setText(say("home.health.when", clock=looked_at) if looked_at else "")


class FactsCard(Card):
    """What is set up, as facts."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", False, parent)
        self.setObjectName("facts")
        self._title = Label("heading")
        self._rows = QVBoxLayout()
        self._rows.setSpacing(8)
        self.body.addWidget(self._title)
        self.body.addSpacing(4)
        self.body.addLayout(self._rows)
        self.body.addStretch(1)

    def render_look(self, look: Look) -> None:
        self._title.setText(say("home.facts"))
        _clear(self._rows)
        for code, value in facts_of(look):
            row = QWidget()
            place = QHBoxLayout(row)
            place.setContentsMargins(0, 0, 0, 0)
            place.setSpacing(12)
            name, words = Label("caption"), Label("body")
            name.setText(say(code))
            name.setFixedWidth(92)
            words.setText(value)
            place.addWidget(name, 0, Qt.AlignmentFlag.AlignTop)
            place.addWidget(words, 1)
            self._rows.addWidget(row)


def _row(check: Check) -> QWidget:
    row = QWidget()
    sign = QLabel()
    picture, tone = ("check-circle", "success") if check.fine else ("warning", "warning")
    sign.setPixmap(pixmap(picture, tone, 18))
    title, more = Label("body"), Label("caption")
    title.setText(say(f"home.health.{check.code}"))
    more.setText(say(f"home.health.{check.code}.more"))
    words = QVBoxLayout()
    words.setSpacing(1)
    words.addWidget(title)
    words.addWidget(more)
    place = QHBoxLayout(row)
    place.setContentsMargins(0, 0, 0, 0)
    place.setSpacing(12)
    place.addWidget(sign, 0, Qt.AlignmentFlag.AlignTop)
    place.addLayout(words, 1)
    return row


def _clear(layout: QVBoxLayout) -> None:
    while item := layout.takeAt(0):
        if widget := item.widget():
            widget.setParent(None)
            widget.deleteLater()
