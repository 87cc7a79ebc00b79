"""The decision tree of the article behind this product, as it is written there.

It is shown beside our own ranking, never instead of it: sensitive data stay local; a budget under
500 dollars means cloud; use of more than a year means local; the rest hybrid.
"""

from __future__ import annotations

from decimal import Decimal

from core.domain import Answers, Money, Sensitivity, Tree

THRESHOLD_USD = Decimal(500)
LONG_MONTHS = 12

# One dollar in other currencies, rounded, to place a budget on one side of the threshold only.
# Never used for a price. General knowledge, 2025.
USD_RATES = {
    "USD": Decimal(1),
    "CNY": Decimal("7.1"),
    "EUR": Decimal("0.9"),
    "GBP": Decimal("0.8"),
    "JPY": Decimal(150),
    "HKD": Decimal("7.8"),
    "TWD": Decimal(31),
}
USD_RATES_DATE = "2025"


def article_tree(answers: Answers) -> Tree:
    """The verdict of the tree and the answers that lead there."""
    if answers.sensitivity is not Sensitivity.PUBLIC:
        return Tree(verdict="local", path=("sensitive:yes",))
    small = _under_threshold(answers.budget)
    path = ("sensitive:no", f"budget_under_500:{'yes' if small else 'no'}")
    if small:
        return Tree(verdict="cloud", path=path)
    long = answers.horizon_months > LONG_MONTHS
    return Tree(
        verdict="local" if long else "hybrid",
        path=(*path, f"over_a_year:{'yes' if long else 'no'}"),
    )


def _under_threshold(budget: Money) -> bool:
    """A currency we have no rate for counts as under it: the smaller promise."""
    rate = USD_RATES.get(budget.currency)
    return rate is None or budget.amount < THRESHOLD_USD * rate
