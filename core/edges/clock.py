"""What time it is. Everything that needs the time asks here, so that tests can say another one."""

from __future__ import annotations

import time
from datetime import UTC, datetime


def now() -> datetime:
    """The wall clock in UTC, for what is written down. Never for measuring how long."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that only grow, for measuring how long and for deadlines."""
    return time.monotonic()
