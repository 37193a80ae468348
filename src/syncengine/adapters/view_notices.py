"""What events about endpoints, places, hosts and plans change in the views: the tables that `status` shows first."""

from collections.abc import Callable, Mapping
from typing import Any

from syncengine.adapters.event_converter import time_to_text
from syncengine.adapters.log_cursor import upsert
from syncengine.domain.events import (
    EndpointPaused,
    EndpointResumed,
    HostAnswered,
    HostGivenUp,
    PlacePaused,
    PlaceResumed,
    SafetyApproved,
    SafetyCleared,
    SafetyStopped,
)
from syncengine.engine.ports import Recorded

Change = tuple[str, tuple[object, ...]]
"""An SQL statement and its parameters."""

_PAUSED = upsert("view_paused", key=("endpoint",), values=("reason", "since"))
_RESUMED = "DELETE FROM view_paused WHERE endpoint = ?"
_PLACE_PAUSED = upsert("view_pauses", key=("subject",), values=("reason", "paused_by", "since"))
_PLACE_RESUMED = "DELETE FROM view_pauses WHERE subject = ?"
_GIVEN_UP = upsert("view_hosts", key=("host",), values=("reason", "since"))
_ANSWERED = "DELETE FROM view_hosts WHERE host = ?"
_STOPPED = upsert("view_safety", key=("place",), values=("plan", "reason", "since"))
_CLEARED = "DELETE FROM view_safety WHERE place = ?"
_APPROVED = upsert("view_approvals", key=("plan",))


def _paused(recorded: Recorded, event: EndpointPaused) -> list[Change]:
    return [(_PAUSED, (event.endpoint, event.reason, time_to_text(recorded.recorded_at)))]


def _resumed(_: Recorded, event: EndpointResumed) -> list[Change]:
    return [(_RESUMED, (event.endpoint,))]


def _place_paused(recorded: Recorded, event: PlacePaused) -> list[Change]:
    return [(_PLACE_PAUSED, (event.subject, event.reason, event.by, time_to_text(recorded.recorded_at)))]


def _place_resumed(_: Recorded, event: PlaceResumed) -> list[Change]:
    return [(_PLACE_RESUMED, (event.subject,))]


def _given_up(recorded: Recorded, event: HostGivenUp) -> list[Change]:
    return [(_GIVEN_UP, (event.host, event.reason, time_to_text(recorded.recorded_at)))]


def _answered(_: Recorded, event: HostAnswered) -> list[Change]:
    return [(_ANSWERED, (event.host,))]


def _stopped(recorded: Recorded, event: SafetyStopped) -> list[Change]:
    return [(_STOPPED, (event.place, event.plan, event.reason, time_to_text(recorded.recorded_at)))]


def _cleared(_: Recorded, event: SafetyCleared) -> list[Change]:
    return [(_CLEARED, (event.place,))]


def _approved(_: Recorded, event: SafetyApproved) -> list[Change]:
    return [(_APPROVED, (event.plan,))]


NOTICES: Mapping[type[Any], Callable[[Recorded, Any], list[Change]]] = {
    EndpointPaused: _paused,
    EndpointResumed: _resumed,
    PlacePaused: _place_paused,
    PlaceResumed: _place_resumed,
    HostGivenUp: _given_up,
    HostAnswered: _answered,
    SafetyStopped: _stopped,
    SafetyCleared: _cleared,
    SafetyApproved: _approved,
}
"""By the class of an event, what it changes."""
