"""How old a price may be before it is shown as old. Ages are counted from the offers' own day."""

from __future__ import annotations

import calendar
import re
from functools import lru_cache

# Days for which a price of its kind is taken to be true.
# Providers of tokens changed their prices several times within 2026, and tables of hourly rents
# a few months old were off by a factor of two: a quarter. Cards follow the season and, in 2026,
# a shortage of memory: half a year. Statistics of household electricity come once a year.
# Rates only compare, but move by some percent within a quarter.
STALE_AFTER_DAYS = {
    "million_input": 90,
    "million_cached": 90,
    "million_output": 90,
    "hour": 90,
    "usd": 90,
    "gb_month": 180,
    "card": 180,
    "kwh": 365,
}

_DATE = re.compile(r"([12]\d{3})(?:-Q([1-4])|-(\d{2})(?:-(\d{2}))?)?")


def is_stale(day: str | None, unit: str, today: str) -> bool:
    """Whether a price of that day ("2026", "2026-Q1", "2026-11" or "2026-11-09") is too old.

    A coarse date counts by its earliest day, and a missing or unreadable one as too old. A day
    after `today` is not old: then it is the computer's clock that is wrong.
    """
    then, now = first_day(day or ""), first_day(today)
    if then is None or now is None:
        return True
    return now - then > STALE_AFTER_DAYS[unit]


@lru_cache(maxsize=256)
def first_day(day: str) -> int | None:
    """The earliest day that a date can mean, as days since 1970, or None where it is no date."""
    found = _DATE.fullmatch(day)
    if found is None:
        return None
    year, quarter, month, of_month = found.groups()
    first_month = int(quarter) * 3 - 2 if quarter else int(month or 1)
    number = int(of_month or 1)
    if (
        not 1 <= first_month <= 12
        or not 1 <= number <= calendar.monthrange(int(year), first_month)[1]
    ):
        return None
    return calendar.timegm((int(year), first_month, number, 0, 0, 0)) // 86_400
