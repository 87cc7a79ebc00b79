"""What the home window shows of the model, as one plain record. Pure: no widget, no clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain import Endpoint, EndpointState, Model, Plan, Status
from core.errors import AppError


class Mood(StrEnum):
    """The states a person is told of; each has its words, its icon and its one button."""

    LOOKING = "looking"  # not looked at yet
    EMPTY = "empty"  # nothing is set up
    HALF = "half"  # set-up was left before its end
    STOPPED = "stopped"
    STARTING = "starting"
    STOPPING = "stopping"
    REMOVING = "removing"
    RUNNING = "running"
    TROUBLE = "trouble"


_BY_STATE = {
    EndpointState.STOPPED: Mood.STOPPED,
    EndpointState.STARTING: Mood.STARTING,
    EndpointState.LOADING: Mood.STARTING,
    EndpointState.RUNNING: Mood.RUNNING,
    EndpointState.FAILED: Mood.TROUBLE,
    EndpointState.GONE: Mood.TROUBLE,
    EndpointState.UNKNOWN: Mood.TROUBLE,
}
_BY_ACT = {"start": Mood.STARTING, "stop": Mood.STOPPING, "remove": Mood.REMOVING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The mood, and the model it is about where there is one."""

    mood: Mood
    plan: Plan | None = None
    endpoint: Endpoint | None = None
    status: Status | None = None
    error: AppError | None = None  # why a look found nothing out

    @property
    def busy(self) -> bool:
        return self.mood in (Mood.STARTING, Mood.STOPPING, Mood.REMOVING)


def look_of(
    plan: Plan | None,
    endpoint: Endpoint | None,
    status: Status | None,
    acting: str,
    error: AppError | None = None,
) -> Look:
    """The one way from what was seen to what is shown."""
    if acting:
        mood = _BY_ACT[acting]
    elif status is None:
        mood = Mood.LOOKING
    elif plan is None and status.state is not EndpointState.UNKNOWN:
        mood = Mood.EMPTY
    elif plan is not None and endpoint is None:
        mood = Mood.HALF
    else:
        mood = _BY_STATE[status.state]
    return Look(mood=mood, plan=plan, endpoint=endpoint, status=status, error=error)


def sidebar_state(mood: Mood) -> str:
    """The mood in the words of the tray's icons: stopped, starting, running-local, warning."""
    if mood is Mood.RUNNING:
        return "running-local"
    if mood is Mood.TROUBLE:
        return "warning"
    return "starting" if mood is Mood.STARTING else "stopped"


def short_name(model: Model) -> str:
    """A model's name without what its line says beside it."""
    return model.name.removeprefix("DeepSeek-").removeprefix("DeepSeek ")
