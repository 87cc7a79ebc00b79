"""What to do with this computer and these answers, best first, each with its reasons.

Hard limits come before taste: only what fits in free memory and on the disk is ranked, and data
that must not leave are never offered a way out. The order of the rest is in core/advice/ranking.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from core.advice.article import claims
from core.advice.candidates import usable_devices
from core.advice.checks import checklist, checks
from core.advice.cost_inputs import check_inputs, default_inputs
from core.advice.currency import cost_in
from core.advice.local import (
    behind_an_obstacle,
    by_vllm,
    local_way,
    ranked_here,
    starter,
    when_nothing_fits,
)
from core.advice.over_time import break_even, curve
from core.advice.paid import paid_ways
from core.advice.ranking import merit, not_first, strength
from core.advice.reasons import assumptions
from core.advice.tree import article_tree
from core.advice.upgrades import passed_over, upgrades
from core.domain import (
    Advice,
    BreakEven,
    Catalog,
    Cost,
    CostCurve,
    CostInputs,
    Kind,
    Note,
    Offers,
    Profile,
    Recommendation,
)

__all__ = ["recommend", "starter"]

MOST_CARDS = 5  # more would not be compared, only skipped
CLEARLY_FASTER = 1.25  # less is within what the estimate may be off
FAST_ENOUGH = 60.0  # tokens/s; nobody reads so fast that more would count
# Nobody takes answers that are this much worse (steps of quality, as 7B and 1.5B are apart) where
# a better model writes at this pace.
MUCH_WEAKER, QUICK = 8, 20.0


def recommend(
    profile: Profile, catalog: Catalog, offers: Offers, inputs: CostInputs | None = None
) -> Advice:
    """The ranked ways, at most five, with everything that is shown beside them.

    The first one that `can_set_up` is the one to take. Where nothing of DeepSeek fits, the starter
    model stands first and says what it is, followed by the plain statement of what was missing.
    `inputs` is what the person changed of what the costs rest on.

    Raises: AppError("cost_inputs_invalid").
    """
    inputs = inputs or default_inputs(profile.answers, offers)
    check_inputs(inputs)
    ranked = ranked_here(profile, catalog, usable_devices(profile, catalog))
    ways = [local_way(candidate, profile, catalog, offers, inputs) for candidate in ranked]
    ways = [way for way, candidate in zip(ways, ranked, strict=True) if not candidate.hopeless] or (
        ways[:1]
    )
    here = min(ways, key=lambda way: merit(way, profile, catalog, offers).key, default=None)
    if here is None or not here.can_set_up:
        ways = [*when_nothing_fits(profile, catalog, offers, inputs), *ways]
    blocked = behind_an_obstacle(profile, catalog, offers, inputs, ranked)
    ways += blocked
    ways += by_vllm(profile, catalog, offers, inputs, ranked)
    ways += paid_ways(profile, catalog, offers, inputs, here)
    shown = _shown(ways, profile, catalog, offers)
    best = next(iter(ranked), None)
    costs = {way.kind: way.cost for way in reversed(shown) if way.cost.lines or not way.why_not}
    return Advice(
        tree=article_tree(profile.answers, offers),
        recommendations=shown,
        assumptions=assumptions(profile, catalog, offers, inputs, ranked),
        inputs=inputs,
        curves=_curves(costs, profile, offers),
        break_even=_break_even(costs, inputs, offers),
        passed_over=passed_over(profile, catalog, shown, ranked),
        # Whoever has a better card in the computer already need not buy one.
        upgrades=() if blocked else upgrades(profile, catalog, best),
        claims=claims(profile, catalog, offers, inputs, shown[0] if shown else None),
        checks=checks(shown[0], profile) if shown else (),
        checklist=checklist(profile.answers),
    )


def _curves(costs: Mapping[Kind, Cost], profile: Profile, offers: Offers) -> tuple[CostCurve, ...]:
    """What was paid month by month. One picture has one currency, so far as there are rates."""
    currency = profile.answers.budget.currency
    return tuple(
        curve(kind.value, cost_in(cost, currency, offers) or cost) for kind, cost in costs.items()
    )


def _break_even(
    costs: Mapping[Kind, Cost], inputs: CostInputs, offers: Offers
) -> tuple[BreakEven, ...]:
    """When this computer is cheaper than what is paid elsewhere. A hybrid runs here as well."""
    own = costs.get(Kind.LOCAL)
    return tuple(
        break_even(own, kind.value, cost, inputs, offers)
        for kind, cost in costs.items()
        if own is not None and kind in (Kind.TOKENS, Kind.CLOUD)
    )


def _shown(
    ways: Sequence[Recommendation], profile: Profile, catalog: Catalog, offers: Offers
) -> tuple[Recommendation, ...]:
    """Five at most, best first: the first, one of each kind, then what would be better if an
    obstacle were gone, then others that are better in something."""
    order = sorted(ways, key=lambda way: merit(way, profile, catalog, offers).key)
    if not order:
        return ()
    own = strength(order[0], catalog, profile)

    def place(way: Recommendation) -> int:
        if way is order[0] or way is _plain_word(order):
            return 0
        if way is next(other for other in order if other.kind is way.kind):
            return 1
        return 2 if way.why_not and strength(way, catalog, profile) > own else 3

    order = _without_lookalikes(order, profile, catalog)
    kept = sorted(order, key=place)[:MOST_CARDS]
    kept = [way for way in order if any(way is one for one in kept)]
    kept.sort(key=lambda way: 0 if way is order[0] else 1 if way is _plain_word(order) else 2)
    found = []
    for number, way in enumerate(kept, start=1):
        behind = not_first(way, kept[0], profile, catalog, offers) if number > 1 else ()
        found.append(replace(way, rank=number, not_first=behind))
    return _with_stronger(tuple(found), profile, catalog)


def _without_lookalikes(
    order: Sequence[Recommendation], profile: Profile, catalog: Catalog
) -> list[Recommendation]:
    """Leaves out local ways that are neither better nor clearly faster than one before them, or
    faster than anybody needs and much weaker."""

    def beaten(way: Recommendation, by: Recommendation) -> bool:
        ahead = strength(by, catalog, profile) - strength(way, catalog, profile)
        as_fast = _pace(by) * CLEARLY_FASTER >= _pace(way)
        return (ahead >= 0 and as_fast) or (ahead >= MUCH_WEAKER and _pace(by) >= QUICK)

    kept: list[Recommendation] = []
    for way in order:
        if not any(beaten(way, one) for one in kept if _can_be_compared(one, way)):
            kept.append(way)
    return kept


def _can_be_compared(one: Recommendation, other: Recommendation) -> bool:
    local = one.kind is other.kind is Kind.LOCAL
    return local and one.model is not None and other.model is not None and one.can_set_up


def _pace(way: Recommendation) -> float:
    return min(way.speed.tokens_per_s[0], FAST_ENOUGH) if way.speed else 0.0


def _plain_word(ways: Sequence[Recommendation]) -> Recommendation | None:
    """The line that says that nothing fits here, and why."""
    return next((way for way in ways if way.kind is Kind.LOCAL and way.model is None), None)


def _with_stronger(
    shown: tuple[Recommendation, ...], profile: Profile, catalog: Catalog
) -> tuple[Recommendation, ...]:
    """The first card says so where another way answers clearly better."""
    if not shown:
        return shown
    first, own = shown[0], strength(shown[0], catalog, profile)
    better = [way for way in shown[1:] if strength(way, catalog, profile) > own]
    paid = [way for way in better if way.kind in (Kind.TOKENS, Kind.CLOUD)]
    if not paid:
        return shown
    note = Note(code=f"limit.stronger.{paid[0].kind}")
    return (replace(first, reasons=(*first.reasons, note)), *shown[1:])
