"""The golden table: what is advised for every computer in tests/machines and six people.

`python -m tests.unit.advice.golden` writes it anew; what changed is then read in the diff.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from core.advice.profile import build_profile
from core.advice.recommend import recommend
from core.domain import (
    Advice,
    Answers,
    BreakEven,
    Cost,
    Fit,
    Money,
    Note,
    Purpose,
    Recommendation,
    Sensitivity,
)
from core.edges.travel_files import decode_probe
from tests.unit.advice.parts import MACHINES, catalog, offers

FOLDER = Path(__file__).parent / "golden"
WIDTH = 100

PEOPLE: dict[str, Answers] = {
    "private-nothing-us": Answers(
        sensitivity=Sensitivity.PRIVATE,
        budget=Money(amount=Decimal(0), currency="USD"),
        horizon_months=6,
    ),
    "regulated-de-years": Answers(
        sensitivity=Sensitivity.REGULATED,
        budget=Money(amount=Decimal(4800), currency="EUR"),
        horizon_months=24,
        country="DE",
    ),
    "public-some-us-months": Answers(
        sensitivity=Sensitivity.PUBLIC,
        budget=Money(amount=Decimal(300), currency="USD"),
        horizon_months=6,
    ),
    "public-rich-us-years-code": Answers(
        sensitivity=Sensitivity.PUBLIC,
        budget=Money(amount=Decimal(20_000), currency="USD"),
        horizon_months=36,
        purpose=Purpose.CODE,
        hours_per_day=6.0,
    ),
    "public-cn-months-writing": Answers(
        sensitivity=Sensitivity.PUBLIC,
        budget=Money(amount=Decimal(1200), currency="CNY"),
        horizon_months=6,
        purpose=Purpose.WRITING,
        country="CN",
    ),
    "private-jp-year-reasoning": Answers(
        sensitivity=Sensitivity.PRIVATE,
        budget=Money(amount=Decimal(90_000), currency="JPY"),
        horizon_months=12,
        purpose=Purpose.REASONING,
        country="JP",
    ),
}


def advise(machine: str, answers: Answers) -> Advice:
    probe = decode_probe((MACHINES / f"{machine}.json").read_bytes())
    return recommend(build_profile(probe, answers), catalog(), offers())


def machines() -> list[str]:
    return sorted(path.stem for path in MACHINES.glob("*.json"))


def table(person: str) -> str:
    """One block for each computer, for one person."""
    blocks = []
    for machine in machines():
        lines = _block(advise(machine, PEOPLE[person]))
        blocks.append("\n".join([f"== {machine}", *lines]))
    return "\n\n".join(blocks) + "\n"


def _block(advice: Advice) -> Iterator[str]:
    yield f"tree: {advice.tree.verdict}"
    for way in advice.recommendations:
        yield from _way(way)
    for upgrade in advice.upgrades:
        what = f"{_short(upgrade.model.id)} {upgrade.quant.name}"
        card = f" by {upgrade.card.name}" if upgrade.card else ""
        yield f"{_codes([upgrade.note])}: {what}{card}"
    passed = [f"{_short(one.model.id)} {_last(one.note)}" for one in advice.passed_over]
    yield from _wrapped("passed: ", ", ".join(passed))
    yield from (_break_even(one) for one in advice.break_even)


def _way(way: Recommendation) -> Iterator[str]:
    model = f"{_short(way.model.id)} {way.quant.name}" if way.model and way.quant else "no model"
    engine = f"{way.engine}/{way.accelerator}" if way.engine else "no engine"
    image = (way.image or "no image").partition("/")[2].rpartition("/")[2] or "no image"
    where = " ".join(part for part in (way.provider, way.offer) if part != "local")
    yield f"{way.rank} {way.kind}: {model}, {engine}, {image}{where and ', ' + where}"
    if way.fit is not None:
        yield f"    {way.context} tokens, {_fit(way.fit)}"
    if way.speed is not None:
        low, high = way.speed.tokens_per_s
        answer = f", answer {_span(way.speed.answer_s)} s" if way.speed.answer_s else ""
        yield f"    {low:g}-{high:g} tok/s{answer}"
    yield f"    {_cost(way.cost)}"
    if way.why_not:
        yield f"    why not: {_codes(way.why_not)}"
    if way.not_first:
        yield f"    not first: {_codes(way.not_first)}"
    yield from _wrapped("    says: ", _codes(way.reasons))


def _fit(fit: Fit) -> str:
    parts = [
        f"{part.needed_bytes / 1e9:.1f}/{part.available_bytes / 1e9:.1f} GB on {part.device.name}"
        for part in fit.parts
    ]
    names = dict.fromkeys(parts)
    counted = [f"{parts.count(one)}x " * (parts.count(one) > 1) + one for one in names]
    return f"{fit.verdict} {'; '.join(counted)}"


def _cost(cost: Cost) -> str:
    monthly = f"{_span(cost.monthly)} {cost.currency}/month" if cost.monthly else "cost unknown"
    return monthly + (f", {_span(cost.total)} in all" if cost.total else "")


def _break_even(one: BreakEven) -> str:
    months = f" months {one.month[0]}-{one.month[1]}" if one.month else ""
    return f"against {one.kind}: {one.note.code}{months}"


def _span(ends: Sequence[float | Decimal] | None) -> str:
    return "-".join(f"{float(end):.4g}" if end < 100 else f"{end:.0f}" for end in ends or ())


def _short(model_id: str) -> str:
    return model_id.removeprefix("deepseek-").replace("r1-distill-", "")


def _last(note: Note) -> str:
    return note.code.partition(".")[2]


def _codes(notes: Sequence[Note]) -> str:
    return ", ".join(note.code for note in notes)


def _wrapped(title: str, text: str) -> list[str]:
    inside = " " * (len(title) - len(title.lstrip()) + 2)
    return textwrap.wrap(title + text, WIDTH, subsequent_indent=inside, break_on_hyphens=False)


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for person in PEOPLE:
        (FOLDER / f"{person}.txt").write_text(table(person), encoding="utf-8")


if __name__ == "__main__":
    write()
