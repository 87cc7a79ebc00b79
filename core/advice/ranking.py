"""Which way comes first, by rules that can be said in sentences, the heaviest first.

What can be set up comes before what cannot; then a pleasant speed, a price within the budget, the
better answers for the purpose, less of what is typed leaving the computer, less money, less effort.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from core.advice.candidates import least_speed, waiting_s
from core.advice.cost import in_currency, over_budget
from core.advice.quality import quality_step, suits
from core.domain import Catalog, Kind, Note, Offers, Profile, Recommendation

PRIVACY_ORDER = {"stays_here": 0, "mixed": 1, "own_account": 2, "third_party": 3}
_EFFORT = {Kind.LOCAL: 0, Kind.TOKENS: 1, Kind.HYBRID: 2, Kind.CLOUD: 3}
# Among full models and paid kinds the model itself may not be ours to name; then it counts full.
_NO_PRICE = Decimal("Infinity")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merit:
    """One way as ranking sees it. Smaller is better in each field, and in their order."""

    # 0 can be set up, 1 once the source answers that knows the checksum of the file, 2 once an
    # obstacle here is gone, 3 not by this version.
    later: int
    slow: bool
    over_budget: bool
    weakness: int  # steps of quality, negative
    leaves: int
    money: Decimal  # for the whole time, the high end, in the currency of the budget
    effort: int
    slowness: float
    off_purpose: bool
    size: int
    name: str

    @property
    def key(self) -> tuple[int, bool, bool, float, int, Decimal, int, bool, int, str]:
        # Where nothing is pleasant, the better model would only be the slower one.
        worth = self.slowness if self.slow and not self.effort else float(self.weakness)
        return (
            self.later,
            self.slow,
            self.over_budget,
            worth,
            self.leaves,
            self.money,
            self.effort,
            self.off_purpose,
            self.size,
            self.name,
        )


def merit(found: Recommendation, profile: Profile, catalog: Catalog, offers: Offers) -> Merit:
    """How this way compares with others for these answers."""
    answers = profile.answers
    money = _NO_PRICE
    if found.cost.total is not None:
        _low, most = found.cost.total
        high = in_currency(most, found.cost.currency, answers.budget.currency, offers)
        money = _NO_PRICE if high is None else high
    if found.kind is Kind.LOCAL:
        money = Decimal(0)  # the computer is here: its electricity decides nothing between models
    return Merit(
        later=_later(found, profile),
        slow=is_slow(found),
        over_budget=over_budget(found.cost, answers, offers) is True
        and (found.kind is not Kind.LOCAL),
        weakness=-strength(found, catalog, profile),
        leaves=PRIVACY_ORDER[found.privacy],
        money=money,
        effort=_EFFORT[found.kind],
        slowness=waiting_s(found.speed) if found.speed else 0.0,
        off_purpose=found.model is not None and not suits(found.model, answers.purpose),
        size=found.model.params_total if found.model else 0,
        name=f"{found.model.id if found.model else ''} {found.provider} {found.offer}",
    )


def _later(found: Recommendation, profile: Profile) -> int:
    if found.can_set_up:
        vouched = profile.online or (found.quant is not None and found.quant.sha256 is not None)
        return 0 if vouched else 1
    return 2 if any(note.code.startswith("why_not.card.") for note in found.why_not) else 3


def is_slow(found: Recommendation) -> bool:
    """Slower than is pleasant, by the low end. A provider's speed is not known and not held
    against it."""
    if found.speed is None or found.model is None:
        return False
    return found.speed.tokens_per_s[0] < least_speed(found.model)


def strength(found: Recommendation, catalog: Catalog, profile: Profile) -> int:
    """Steps of quality for the purpose. Where a provider answers, it is with a full DeepSeek."""
    purpose = profile.answers.purpose
    steps = [0]
    if found.model is not None and not found.model.starter:
        steps.append(quality_step(found.model, catalog, purpose))
    if found.kind in (Kind.TOKENS, Kind.HYBRID):
        full = [quality_step(m, catalog, purpose) for m in catalog.models if not m.starter]
        steps.append(max(full, default=0))
    return max(steps)


def not_first(
    found: Recommendation,
    first: Recommendation,
    profile: Profile,
    catalog: Catalog,
    offers: Offers,
) -> tuple[Note, ...]:
    """Why another one comes before it: the heaviest rule by which it loses."""
    mine, other = (merit(line, profile, catalog, offers) for line in (found, first))
    name = first.model.name if first.model else ""
    same = Note(code="not_first.same", params=(("first", name),))
    if mine.later == 1 and not other.later:
        return (Note(code="not_first.no_checksum"),)
    rules: tuple[tuple[str, Callable[[Merit], object]], ...] = (
        ("slow", lambda merit: merit.slow),
        ("over_budget", lambda merit: merit.over_budget),
        ("slower", lambda merit: merit.slowness if merit.slow and not merit.effort else -math.inf),
        ("weaker", lambda merit: merit.weakness),
        ("leaves", lambda merit: merit.leaves),
        ("no_price", lambda merit: merit.money == _NO_PRICE),
        ("dearer", lambda merit: merit.money),
        ("off_purpose", lambda merit: merit.off_purpose),
        ("larger", lambda merit: merit.size),
    )
    for code, rule in rules:
        if code in ("off_purpose", "larger") and mine.weakness != other.weakness:
            continue
        if code == "slower" and not (mine.slow and other.slow):
            continue
        if rule(mine) > rule(other):  # type: ignore[operator]
            return (Note(code=f"not_first.{code}", params=(("first", name),)),)
    return (Note(code="not_first.not_yet"),) if mine.later > 1 else (same,)
