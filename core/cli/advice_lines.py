"""The advice as a person reads it in a terminal: cards with numbers, then what is beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from core.advice.article import verdict_beside
from core.advice.reasons import CHARACTERS_PER_TOKEN, WORDS_PER_TOKEN
from core.cli.columns import padded, width, wrapped
from core.domain import (
    Advice,
    Answers,
    Cost,
    Fit,
    FitPart,
    Kind,
    Money,
    Note,
    Range,
    Recommendation,
    Speed,
    Tree,
)
from core.text import Text

INDENT = "   "
_LABELS = ("memory", "device", "speed", "wait", "set_up", "cost", "privacy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Makes the lines of one language. `everything` also tells what each sum is made of."""

    say: Text
    answers: Answers
    everything: bool = False

    def advice(self, advice: Advice) -> list[str]:
        """The cards, and what is said beside them."""
        lines: list[str] = []
        for card in advice.recommendations:
            lines += [*([""] if lines else []), *self.card(card)]
        return [*lines, *self.beside(advice)]

    # --- one way --------------------------------------------------------------------------

    def card(self, card: Recommendation) -> list[str]:
        """One recommendation: what it is, its numbers, what speaks for it and what does not."""
        lines = wrapped(self._title(card), first=f"{card.rank}. ")
        if where := self._where(card):
            lines += wrapped(where, first=INDENT)
        if card.fit is not None:
            lines += self.row("memory", *self.memory(card.fit))
        if card.speed is not None:
            lines += self.row("speed", *self.speed(card.speed))
            lines += self.row("wait", *self.wait(card.speed))
        if card.first_answer_minutes is not None and card.can_set_up:
            low, high = (60 * minutes for minutes in card.first_answer_minutes)
            time = self.time(low, high)
            lines += self.row("set_up", self.say("cli.card.set_up.within", time=time))
        if card.model is not None or card.cost.lines:
            lines += self.row("cost", *self.cost(card.cost))
        lines += self.row("privacy", self.say(f"privacy.{card.privacy}"))
        for note in card.reasons:
            mark = "+" if note.code.startswith("reason.") else "!"
            lines += wrapped(self.say.note(note), first=f"{INDENT}{mark} ")
        for note in (*card.not_first, *card.why_not):
            lines += wrapped(self.say.note(note), first=f"{INDENT}- ")
        return lines

    def _title(self, card: Recommendation) -> str:
        kind = self.say(f"kind.{card.kind.value}")
        if card.model is None:
            return self.pair(kind, card.offer) if card.offer else kind
        name = f"{self.say.model(card.model)} {card.quant.name if card.quant else ''}".rstrip()
        return name if card.kind is Kind.LOCAL else self.pair(kind, name)

    def _where(self, card: Recommendation) -> str:
        """Where it would run, and by what."""
        parts = [self.say("kind.local")] if card.kind is Kind.LOCAL and card.model else []
        if card.provider not in ("", "local"):
            code = f"provider.name.{card.provider}"
            parts.append(self.say(code) if self.say.has(code) else card.provider)
            if card.model is not None and card.offer:
                parts.append(card.offer)
        parts.append(card.device_name)
        if card.engine is not None and card.model is not None:
            parts.append(self.say(f"cli.engine.{card.engine.name.lower()}"))
        return " · ".join(part for part in parts if part)

    def row(self, label: str, *texts: str) -> list[str]:
        """A labelled line, and more of them under it. Nothing for nothing."""
        widest = max(width(self.say(f"cli.card.{name}")) for name in _LABELS) + 2
        head = INDENT + padded(self.say(f"cli.card.{label}"), widest)
        lines = []
        for number, text in enumerate(texts):
            lines += wrapped(text, first=" " * width(head) if number else head)
        return lines

    # --- memory and speed -----------------------------------------------------------------

    def memory(self, fit: Fit) -> Iterator[str]:
        """Needed of available. Several devices are told one by one: they are never one sum."""
        verdict = self.say(f"fit.{fit.verdict.value}")
        if len(fit.parts) <= 1:
            yield f"{self._needed(fit.needed_bytes, fit.available_bytes)} · {verdict}"
        else:
            yield verdict
        for number, part in _counted(fit.parts):
            if len(fit.parts) > 1:
                yield self._on_device(part, number)
            if self.everything:
                yield self._taken_by(part)

    def _on_device(self, part: FitPart, number: int) -> str:
        needed = self._needed(part.needed_bytes, part.available_bytes)
        name = part.device.name
        if number > 1:
            name = self.say("cli.memory.each", n=number, name=name)
        held = [self.say("cli.memory.layers", n=part.layers)] if part.layers else []
        return " · ".join((name, needed, *held))

    def _needed(self, needed_bytes: int, available_bytes: int) -> str:
        needed, available = self.say.size(needed_bytes), self.say.size(available_bytes)
        return self.say("cli.memory.needed", needed=needed, available=available)

    def _taken_by(self, part: FitPart) -> str:
        """What takes how much of one device."""
        taken = {
            "weights": part.weights_bytes - part.expert_bytes,
            "experts": part.expert_bytes,
            "copy": part.repacked_bytes,
            "cache": part.kv_bytes,
            "working": part.compute_bytes,
            "driver": part.overhead_bytes,
        }
        return " · ".join(
            self.say(f"cli.memory.{name}", size=self.say.size(size))
            for name, size in taken.items()
            if size
        )

    def speed(self, speed: Speed) -> Iterator[str]:
        """Tokens a second, and the same as people read."""
        basis = self.say(f"speed.{speed.basis}")
        tokens = self.say.span(*speed.tokens_per_s)
        yield self.say("cli.speed.tokens", tokens=tokens, basis=basis)
        low, high = (_calm(value * per_token(self.say)) for value in speed.tokens_per_s)
        yield self.say("cli.speed.reading", words=self.say.span(low, high))

    def wait(self, speed: Speed) -> Iterator[str]:
        if speed.first_token_s is not None:
            yield self.say("cli.wait.first", time=self.time(*speed.first_token_s))
        if speed.answer_s is not None:
            yield self.say("cli.wait.answer", time=self.time(*speed.answer_s))

    def time(self, low: float, high: float) -> str:
        """From so long to so long: seconds below a minute and a half, then minutes, then hours."""
        unit, size = ("seconds", 1) if high < 90 else ("minutes", 60)
        if high >= 90 * 60:
            unit, size = "hours", 3600
        if low < size / 2 and size > 1:
            return f"{self.time(low, low)} – {self.time(high, high)}"
        return self.say(f"unit.{unit}", n=self.say.span(_calm(low / size), _calm(high / size)))

    # --- money ----------------------------------------------------------------------------

    def cost(self, cost: Cost) -> Iterator[str]:
        """A month, and over the horizon. What is not known is said, never left out as nothing."""
        months = self.answers.horizon_months
        if cost.monthly is not None:
            yield self.say("cli.cost.monthly", amount=self.amounts(cost.monthly, cost.currency))
        if cost.total is not None:
            amount = self.amounts(cost.total, cost.currency)
            yield self.say("cli.cost.total", amount=amount, months=months)
        else:
            yield self._unknown(cost)
        if cost.once is not None and any(cost.once):
            amount = self.amounts(cost.once, cost.currency)
            yield self.say("cli.cost.once", amount=amount)
        if self.everything:
            yield from self._parts_of(cost)

    def _unknown(self, cost: Cost) -> str:
        """Which part it is that nobody knows, where it is one of them."""
        unknown = [line.code for line in cost.lines if line.counted and line.monthly is None]
        parts = [self.say(f"cost.line.{code}") for code in dict.fromkeys(unknown)]
        if not parts:
            return self.say("cli.cost.unknown")
        return self.say("cli.cost.unknown_part", parts=self.say.listed(parts))

    def _parts_of(self, cost: Cost) -> Iterator[str]:
        for line in cost.lines:
            name = self.say(f"cost.line.{line.code}")
            currency = line.currency or cost.currency
            if not line.counted and line.monthly is None:
                yield self.pair(name, self.say("cost.left_out"))
            elif line.once is not None:
                low, high = (abs(end) for end in line.once)  # the name says which way it goes
                yield self.pair(name, self.amounts((low, high), currency))
            elif line.monthly is not None:
                amount = self.amounts(line.monthly, currency)
                yield self.pair(name, self.say("cli.cost.monthly", amount=amount))

    def amounts(self, range_: Range, currency: str) -> str:
        """From a hundred on without cents: an estimate has none."""
        low, high = sorted(range_)
        if max(abs(low), abs(high)) >= 100:
            return f"{self.say.span(round(low), round(high))} {currency}"
        ends = (self.say.money(Money(amount=end, currency=currency)) for end in (low, high))
        return " – ".join(dict.fromkeys(ends))

    def pair(self, name: str, what: str) -> str:
        return self.say("cli.pair", name=name, what=what)

    # --- beside the cards -----------------------------------------------------------------

    def beside(self, advice: Advice) -> Iterator[str]:
        """When what is owned is cheaper, what to buy, and what the article's tree says."""
        ways = [
            self.pair(self.say(f"kind.{found.kind}"), self.say.note(found.note))
            for found in advice.break_even
        ]
        yield from self.section("break_even", ways)
        yield from self.section("upgrade", (self.say.note(up.note) for up in advice.upgrades))
        first = next(iter(advice.recommendations), None)
        yield from self.section("tree", self._tree(advice.tree, first))

    def _tree(self, tree: Tree, first: Recommendation | None) -> Iterator[str]:
        path = [self.say(f"tree.{step.replace(':', '.')}") for step in tree.path]
        verdict = self.say(f"tree.verdict.{tree.verdict}")
        yield self.say("cli.tree.says", path=self.say.listed(path), verdict=verdict)
        yield self.say.note(verdict_beside(tree, first))

    def section(self, name: str, texts: Iterable[str], mark: str = "") -> list[str]:
        """A heading and what stands under it, each behind its mark. Nothing for nothing."""
        lines: list[str] = []
        for text in texts:
            lines += wrapped(text, first=INDENT + mark)
        return ["", self.say(f"cli.section.{name}"), *lines] if lines else []

    def notes(self, notes: Iterable[Note]) -> Iterator[str]:
        return (self.say.note(note) for note in notes)


def _counted(parts: Sequence[FitPart]) -> Iterator[tuple[int, FitPart]]:
    """Equal cards that hold equally much are one line, with their number."""
    kinds = groupby(parts, key=lambda p: (p.device.name, p.layers, p.needed_bytes))
    for _, group in kinds:
        equal = list(group)
        yield len(equal), equal[0]


def per_token(say: Text) -> float:
    """What people count in: words, or characters."""
    return CHARACTERS_PER_TOKEN if say.language == "zh_CN" else WORDS_PER_TOKEN


def _calm(value: float) -> float:
    """A guess needs no second digit after the comma, and nothing takes no time at all."""
    return float(round(value)) if value >= 10 else max(0.1, round(value, 1))
