"""What the article says a 32B of one's own saves, and when it is paid back, beside what comes out
with this person's hours. Its figures are one point on a curve.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from core.advice.article_models import Params, claim_of
from core.advice.article_money import (
    HARDWARE_USD,
    NEAR_PERCENT,
    Large,
    card_source,
    covers,
    joined,
    machine_params,
    percent_less,
)
from core.advice.cards import card_of
from core.advice.cost import DAYS_PER_MONTH, cloud_cost, local_cost
from core.advice.currency import cost_in
from core.advice.over_time import break_even
from core.domain import (
    CardFacts,
    Catalog,
    Claim,
    Cost,
    CostInputs,
    Money,
    Note,
    Offers,
    Profile,
    Source,
)

MIDDLE_HOURLY_USD = Decimal(3)  # of its 2.80 to 3.20
SAVES_PERCENT, SAVES_MONTHS = 65, 36
PAYS_BACK_MONTHS = 18
NEAR_MONTHS = 3


def saves_claim(
    large: Large, profile: Profile, catalog: Catalog, offers: Offers, inputs: CostInputs
) -> Claim:
    """What is spent here beside what a rented machine costs, over the article's three years."""
    years = SAVES_MONTHS // 12
    article = Note(
        code="claim.saves.article", params=(("percent", SAVES_PERCENT), ("years", years))
    )
    ours, verdict, params = _saved(large, profile, catalog, offers, inputs)
    return claim_of("saves", article, ours, verdict, _both_sources(large), params)


def _saved(
    large: Large, profile: Profile, catalog: Catalog, offers: Offers, inputs: CostInputs
) -> tuple[str, str, Params]:
    if inputs.hours_per_day <= 0:
        return "no_use", "differs", ()
    answers = replace(profile.answers, horizon_months=SAVES_MONTHS)
    facts = large.card
    if large.here is not None:
        facts = card_of(catalog, large.here.gpu) if large.here.gpu else None
    if large.machine is None or facts is None:
        return "unknown", "unknown", ()
    spent = inputs if large.here else _with_bought(inputs, facts)
    rented = cloud_cost(answers, inputs, offers, large.machine, _size(large))
    ends = _percents(local_cost(answers, spent, offers, facts), rented, offers)
    lead: Params = (
        ("card", facts.name),
        ("hours_per_day", inputs.hours_per_day),
        *machine_params(large.machine),
    )
    if ends is not None:
        bought = inputs.count_hardware or spent.hardware_price is not None
        only_power = large.here is not None and not bought
        verdict = "same" if covers(*ends, SAVES_PERCENT, NEAR_PERCENT) else "differs"
        ours, params = _saved_span(ends, only_power)
        return ours, verdict, (*lead, *params)
    # Without the price of electricity there is still a most that can be saved.
    ends = _percents(local_cost(answers, _free_power(spent), offers, facts), rented, offers)
    if ends is None:
        return "unknown", "unknown", ()
    if ends[1] <= 0:
        params = (*lead, ("least", -ends[1]))
        return "dearer_for_sure", "differs", params
    params = (*lead, ("most", ends[1]), ("country", answers.country))
    verdict = "differs" if ends[1] < SAVES_PERCENT - NEAR_PERCENT else "unknown"
    return "at_most", verdict, params


def _saved_span(ends: tuple[int, int], only_power: bool) -> tuple[str, Params]:
    low, high = ends
    if low >= 0:
        return "here" if only_power else "saves", (("low", low), ("high", high))
    if high > 0:
        return "mixed", (("dearer", -low), ("cheaper", high))
    return "dearer", (("low", -high), ("high", -low))


def _percents(own: Cost, rented: Cost, offers: Offers) -> tuple[int, int] | None:
    """By how many percent the own way is cheaper: the worst and the best. Negative: dearer."""
    there = cost_in(rented, own.currency, offers)
    if there is None or own.total is None or there.total is None or there.total[0] <= 0:
        return None
    worst = percent_less(own.total[1], there.total[0])
    return worst, percent_less(own.total[0], there.total[1])


def pays_back_claim(large: Large, profile: Profile, offers: Offers, inputs: CostInputs) -> Claim:
    article = Note(code="claim.pays_back.article", params=(("months", PAYS_BACK_MONTHS),))
    ours, verdict, params = _paid_back(large, profile, offers, inputs)
    return claim_of("pays_back", article, ours, verdict, _both_sources(large), params)


def _paid_back(
    large: Large, profile: Profile, offers: Offers, inputs: CostInputs
) -> tuple[str, str, Params]:
    if inputs.hours_per_day <= 0:
        return "no_use", "differs", ()
    theirs = _their_figures(inputs)
    if large.here is not None:
        return "here", "differs", (("card", large.here.name), *theirs)
    if large.card is None or large.machine is None:
        return "unknown", "unknown", theirs
    bought = _with_bought(inputs, large.card)
    params = (*theirs, *_bought_params(bought, large.card), *machine_params(large.machine))
    months = _months(large, profile, offers, inputs, bought)
    if months is not None:
        ours, verdict = _month_code(months)
        ends = tuple(zip(("first", "last"), months, strict=False))
        return ours, verdict, (*params, *ends)
    # Without the price of electricity there is still a month before which it cannot be.
    months = _months(large, profile, offers, inputs, _free_power(bought))
    if months is None:
        return "unknown", "unknown", theirs
    if not months:
        return "never", "differs", params
    verdict = "differs" if months[0] > PAYS_BACK_MONTHS + NEAR_MONTHS else "unknown"
    params = (*params, ("first", months[0]), ("country", profile.answers.country))
    return "at_least", verdict, params


def _months(
    large: Large, profile: Profile, offers: Offers, inputs: CostInputs, bought: CostInputs
) -> tuple[int, ...] | None:
    """The earliest month and, where it is known to come, the latest; () for never, None where a
    price is not known."""
    if large.machine is None:
        return None
    answers = profile.answers
    own = local_cost(answers, bought, offers, large.card)
    rented = cloud_cost(answers, inputs, offers, large.machine, _size(large))
    found = break_even(own, "cloud", rented, inputs, offers)
    if found.month is None:
        return () if found.note.code == "break_even.never" else None
    first, last = found.month
    return (first,) if last is None else (first, last)


def _month_code(months: tuple[int, ...]) -> tuple[str, str]:
    if not months:
        return "never", "differs"
    first, last = months[0], months[-1]
    if len(months) == 1:
        near = first <= PAYS_BACK_MONTHS + NEAR_MONTHS
        return "from", "same" if near else "differs"
    code = "after" if first == last else "between"
    near = covers(first, last, PAYS_BACK_MONTHS, NEAR_MONTHS)
    return code, "same" if near else "differs"


def _their_figures(inputs: CostInputs) -> Params:
    """After how long the article's own hardware has cost as much as its own hours, electricity
    left out: its 18 months are one point on a curve."""
    hours = HARDWARE_USD / MIDDLE_HOURLY_USD
    monthly = Decimal(str(inputs.hours_per_day)) * DAYS_PER_MONTH
    return (
        ("hours_per_day", inputs.hours_per_day),
        ("their_price", float(HARDWARE_USD)),
        ("their_hourly", float(MIDDLE_HOURLY_USD)),
        ("their_months", round(hours / monthly)),
    )


def _with_bought(inputs: CostInputs, card: CardFacts) -> CostInputs:
    """With the card's price, unless the person named one."""
    price = inputs.hardware_price or card.price
    return replace(inputs, hardware_price=price, count_hardware=False)


def _free_power(inputs: CostInputs) -> CostInputs:
    return replace(inputs, kwh_price=Money(amount=Decimal(0), currency="USD"))


def _bought_params(bought: CostInputs, card: CardFacts) -> Params:
    if bought.hardware_price is None:
        return (("card", card.name),)
    price = bought.hardware_price
    return (("card", card.name), ("price", float(price.amount)), ("currency", price.currency))


def _size(large: Large) -> int:
    return large.quant.size_bytes if large.quant else 0


def _both_sources(large: Large) -> Source:
    found = [card_source(large.card)] if large.card and not large.here else []
    found += [large.machine.hourly.source] if large.machine and large.machine.hourly else []
    return joined(found)
