"""The decision tree of the article behind this product, as it is written there.

It is shown beside our own ranking, never instead of it: sensitive data stay local; a budget under
500 dollars means cloud; use of more than a year means local; the rest hybrid.
"""

from __future__ import annotations

from decimal import Decimal

from core.advice.currency import in_currency
from core.domain import Answers, Money, Offers, Sensitivity, Tree

THRESHOLD_USD = Decimal(500)
LONG_MONTHS = 12


def article_tree(answers: Answers, offers: Offers) -> Tree:
    """The verdict of the tree and the answers that lead there. `offers` has the rates by which a
    budget in another currency is placed on one side of the threshold."""
    if answers.sensitivity is not Sensitivity.PUBLIC:
        return Tree(verdict="local", path=("sensitive:yes",))
    small = _under_threshold(answers.budget, offers)
    path = ("sensitive:no", f"budget_under_500:{'yes' if small else 'no'}")
    if small:
        return Tree(verdict="cloud", path=path)
    long = answers.horizon_months > LONG_MONTHS
    return Tree(
        verdict="local" if long else "hybrid",
        path=(*path, f"over_a_year:{'yes' if long else 'no'}"),
    )


def _under_threshold(budget: Money, offers: Offers) -> bool:
    """What cannot be placed, without a rate or not a number, counts as under it: the smaller
    promise."""
    if not budget.amount.is_finite():
        return True
    dollars = in_currency(budget.amount, budget.currency, "USD", offers)
    return dollars is None or dollars < THRESHOLD_USD
