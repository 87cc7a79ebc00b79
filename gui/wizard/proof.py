"""What was measured on the first answer, beside what was predicted. No guesses here."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from core.assembly import Assembly
from core.domain import Accelerator, Endpoint, Plan, Proof, Recommendation
from gui import icons
from gui.language import say, text
from gui.widgets.cards import Card, Note, line
from gui.widgets.labels import Chip, Label
from gui.widgets.meters import RangeBar
from gui.wizard.plan_words import reading_speed
from gui.wizard.points import Points
from gui.wizard.quiet_note import QuietNote
from gui.wizard.step import Act, Footer, Safety, StepPage

_ANSWER_SHOWN = 160  # characters of the first answer


class ProofPage(StepPage):
    """Three measures and the list of what was really tested, nothing else."""

    def __init__(self, assembly: Assembly, parent: QWidget | None = None) -> None:
        super().__init__(assembly, parent)
        self._title, self._lead = Label("title"), Label("muted")
        self._warning = Note("warning")
        self.speed, self.first, self.where = _Measure("speed"), _Measure("clock"), _Measure("gpu")
        measures = QHBoxLayout()
        measures.setSpacing(12)
        for measure in (self.speed, self.first, self.where):
            measures.addWidget(measure, 1)
        self._tested = Points("check", "success", "strong")
        tests = Card(dense=True)
        tests.body.addWidget(self._tested)
        tests.body.addStretch(1)
        self._answer_name, self._answer = Label("strong"), Label("muted")
        answer = Card(dense=True)
        answer.body.addWidget(self._answer_name)
        answer.body.addWidget(self._answer)
        answer.body.addStretch(1)
        lower = QHBoxLayout()
        lower.setSpacing(12)
        lower.addWidget(answer, 6)
        lower.addWidget(tests, 5)
        self._note = QuietNote("info")
        for widget in (self._title, self._lead, self._warning):
            self.body.addWidget(widget)
        self.body.addLayout(measures)
        self.body.addLayout(lower)
        self.body.addWidget(self._note)
        self.render()

    def title(self) -> str:
        return self._title.text()

    def render(self) -> None:  # type: ignore[override]
        endpoint = self.state.endpoint
        if endpoint is None:
            return
        kind = verdict(endpoint, self.state.plan)
        self._title.setText(say(f"page.proof.{kind}"))
        self._lead.setText(say("page.proof.lead", model=endpoint.model.name))
        self._warning.setVisible(kind in ("not_card", "starter", "unsure"))
        if kind in ("not_card", "starter", "unsure"):
            self._warning.set_tone("warning" if kind == "not_card" else "info")
            self._warning.say(say(f"page.proof.{kind}.more"))
        proof = endpoint.proof
        for measure in (self.speed, self.first, self.where):
            measure.setVisible(proof is not None)
        self._tested.show_points(say("page.proof.tested"), tested(endpoint, self.state.plan))
        self._answer_name.setText(say("page.proof.answer"))
        self._answer.setText(_shortened(proof.answer) if proof else say("page.proof.none"))
        self._note.say(say("page.proof.from_now_on"))
        if proof is not None:
            self._show_measures(endpoint, proof)

    def footer(self) -> Footer:
        return Footer(primary=Act(say("page.proof.go"), icon="arrow-right"))

    def safety(self) -> Safety:
        return Safety(say("page.proof.safety"), "check-circle", "success")

    def _show_measures(self, endpoint: Endpoint, proof: Proof) -> None:
        chosen = self.state.recommendation
        same = chosen is not None and chosen.model == endpoint.model
        predicted = chosen.speed.tokens_per_s if same and chosen and chosen.speed else None
        on_card = chosen is not None and chosen.accelerator is not Accelerator.CPU
        self.where.set_icon("gpu" if on_card else "cpu")
        self.speed.show_measure(
            say("page.proof.speed"),
            text().number(proof.tokens_per_s),
            say("page.plan.tokens"),
            reading_speed(proof.tokens_per_s, proof.tokens_per_s),
        )
        self.speed.show_range(predicted, proof.tokens_per_s)
        self.first.show_measure(
            say("page.proof.first"),
            text().number(proof.first_token_s),
            say("page.proof.seconds"),
            say("page.proof.first.more"),
        )
        self.where.show_measure(
            say("page.proof.where"),
            _device(chosen),
            "",
            say(f"page.proof.engine.{engine(endpoint)}"),
        )


def verdict(endpoint: Endpoint, plan: Plan | None) -> str:
    """Which title is true: card, not_card, unsure, processor or starter."""
    if endpoint.model.starter:
        return "starter"
    if plan is None or plan.accelerator is Accelerator.CPU:
        return "processor"
    on_gpu = endpoint.proof.on_gpu if endpoint.proof else None
    return {True: "card", False: "not_card", None: "unsure"}[on_gpu]


def engine(endpoint: Endpoint) -> str:
    return "builtin" if endpoint.engine.value == "builtin" else "container"


def tested(endpoint: Endpoint, plan: Plan | None) -> list[str]:
    """Only what set-up really did before it said ready."""
    points = []
    if endpoint.proof is not None:
        points.append(say("page.proof.tested.answer"))
    points.append(say("page.proof.tested.name", model=endpoint.model.name))
    if plan is not None and plan.quant.sha256:
        size = text().size(plan.quant.size_bytes)
        points.append(say("page.proof.tested.file", size=size))
    if endpoint.proof is not None and endpoint.proof.on_gpu:
        points.append(say("page.proof.tested.card"))
    return points


def _device(chosen: Recommendation | None) -> str:
    return chosen.device_name if chosen and chosen.device_name else say("page.proof.here")


def _shortened(answer: str) -> str:
    plain = " ".join(answer.split())
    return plain if len(plain) <= _ANSWER_SHOWN else plain[: _ANSWER_SHOWN - 1] + "…"


class _Measure(Card):
    """A measured number, the range that was predicted, and a sentence."""

    def __init__(self, icon: str) -> None:
        super().__init__(dense=True)
        self._icon_name = icon
        self._icon, self._name = QLabel(), Label("caption")
        self._number, self._unit = Label("figure"), Label("muted", wrap=False)
        self._range, self._predicted = RangeBar(), Label("caption")
        self._inside = Chip()
        self._sentence = Label("caption")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(self._icon)
        head.addWidget(self._name, 1)
        number = QHBoxLayout()
        number.setSpacing(5)
        number.addWidget(self._number)
        number.addWidget(self._unit, 1, Qt.AlignmentFlag.AlignBottom)
        below = QHBoxLayout()
        below.addWidget(self._predicted, 1)
        below.addWidget(self._inside)
        self._line = line()
        self.body.addLayout(head)
        self.body.addLayout(number)
        self.body.addWidget(self._range)
        self.body.addLayout(below)
        self.body.addWidget(self._line)
        self.body.addWidget(self._sentence)
        self.body.addStretch(1)
        self.show_range(None, 0.0)

    def set_icon(self, icon: str) -> None:
        self._icon_name = icon

    def show_measure(self, name: str, number: str, unit: str, sentence: str) -> None:
        self._icon.setPixmap(icons.pixmap(self._icon_name, "text-muted", 18))
        self._name.setText(name)
        self._number.setText(number)
        self._number.setProperty("textRole", "figure" if unit else "heading")
        self._number.style().polish(self._number)
        self._unit.setText(unit)
        self._sentence.setText(sentence)
        self.setAccessibleName(f"{name}: {number} {unit}. {sentence}")

    def show_range(self, predicted: tuple[float, float] | None, measured: float) -> None:
        for widget in (self._range, self._predicted, self._inside):
            widget.setVisible(predicted is not None)
        if predicted is None:
            return
        low, high = predicted
        span = text().span(low, high)
        self._predicted.setText(say("page.proof.predicted", range=span))
        self._range.set_values(low, high, measured, self._predicted.text())
        where = "inside" if low <= measured <= high else "above" if measured > high else "below"
        tone = "warning" if where == "below" else "success"
        mark = "warning" if where == "below" else "check"
        self._inside.set_state(tone, mark, say(f"page.proof.range.{where}"))
