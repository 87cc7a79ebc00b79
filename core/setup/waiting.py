"""Waiting until an engine that was started answers: with an end, a cancel and its progress."""

from __future__ import annotations

from collections.abc import Callable

from core.domain import EndpointState, Plan, Status
from core.edges import clock
from core.errors import AppError
from core.progress import CancelToken, Progress, Reporter
from core.providers.engine_failures import failure

STEP = "load"  # what the waiting is reported under
POLL_S = 0.3
UNKNOWN_S = 30.0  # so long an engine may be out of sight before that counts as a failure
LEAST_S = 120.0
_SLOWEST_DISK = 20e6  # bytes/s: a model that is read more slowly than this is not waited for


def longest_wait_s(plan: Plan) -> float:
    """How long a start may take: longer for a larger model, and never for ever."""
    return LEAST_S + plan.quant.size_bytes / _SLOWEST_DISK


def until_running(
    look: Callable[[], Status], plan: Plan, report: Reporter, token: CancelToken
) -> Status:
    """The status of the engine once it answers as the model of the plan. A cancel leaves it
    loading.

    Raises: AppError (engine_ended, endpoint_gone, engine_start_timeout, or why it failed or is out
    of sight), Cancelled.
    """
    begun = seen_at = clock.monotonic()
    while True:
        status = look()
        now = clock.monotonic()
        match status.state:
            case EndpointState.RUNNING if status.url is not None:
                return status
            case EndpointState.FAILED:
                raise failure(status)
            case EndpointState.STOPPED:
                raise AppError("engine_ended", remedy="try_again", retryable=True)
            case EndpointState.GONE:
                raise AppError("endpoint_gone", remedy="set_up_again")
            case EndpointState.UNKNOWN if now - seen_at > UNKNOWN_S:
                raise failure(status)
            case EndpointState.UNKNOWN:
                pass
            case _:
                seen_at = now
        if now - begun > longest_wait_s(plan):
            raise AppError(
                "engine_start_timeout",
                {"minutes": round((now - begun) / 60)},
                remedy="choose_smaller",
                retryable=True,
                detail=status.detail,
            )
        report(Progress(step=STEP, done=round(now - begun), unit="seconds"))
        token.wait(POLL_S)
