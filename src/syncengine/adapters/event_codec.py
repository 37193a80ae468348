"""
Events as they are stored: a stable name, a version and plain data.

- Renaming a class or moving a module changes nothing that is stored: the names stand in `FORMATS`.
- A new optional field with a default keeps the version. Anything else raises it, adds a pure function to `UPCASTERS`
  and a golden file to the tests; golden files are kept for ever.
- What is newer than this program stops it. Dropping the part it does not know would lose half of an event.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from attrs import field, frozen
from cattrs import transform_error
from cattrs.errors import ForbiddenExtraKeysError

from syncengine.adapters import plain_json
from syncengine.adapters.event_converter import Structure, Unstructure, event_converter, time_from_text, time_to_text
from syncengine.domain import events
from syncengine.domain.events import Event
from syncengine.errors import EventLogError, EventUnreadable, NewerEvent, UnknownEvent

Upcaster = Callable[[dict[str, Any]], dict[str, Any]]

_UPGRADE = "it was written by a newer version; upgrade this one"


@frozen
class EventFormat:
    """How one kind of event is stored: under which name, and in which version of its fields."""

    name: str
    event_class: type[Any]
    version: int = 1


FORMATS: tuple[EventFormat, ...] = (
    EventFormat("link.record_observed", events.RecordObserved),
    EventFormat("link.record_gone", events.RecordGone),
    EventFormat("link.writes_intended", events.WritesIntended),
    EventFormat("link.write_confirmed", events.WriteConfirmed),
    EventFormat("link.write_rejected", events.WriteRejected),
    EventFormat("link.write_postponed", events.WritePostponed),
    EventFormat("link.write_overtaken", events.WriteOvertaken),
    EventFormat("link.conflict_parked", events.ConflictParked),
    EventFormat("link.conflict_resolved", events.ConflictResolved),
    EventFormat("link.copy_found", events.CopyFound),
    EventFormat("link.copy_missed", events.CopyMissed),
    EventFormat("link.copy_settled", events.CopySettled),
    EventFormat("link.closed", events.LinkClosed),
    EventFormat("claim.taken", events.ClaimTaken),
    EventFormat("claim.released", events.ClaimReleased),
    EventFormat("feed.cursor_advanced", events.CursorAdvanced),
    EventFormat("endpoint.paused", events.EndpointPaused),
    EventFormat("endpoint.resumed", events.EndpointResumed),
    EventFormat("place.paused", events.PlacePaused),
    EventFormat("place.resumed", events.PlaceResumed),
    EventFormat("host.given_up", events.HostGivenUp),
    EventFormat("host.answered", events.HostAnswered),
    EventFormat("safety.stopped", events.SafetyStopped),
    EventFormat("safety.cleared", events.SafetyCleared),
    EventFormat("safety.approved", events.SafetyApproved),
    EventFormat("pass.started", events.PassStarted),
    EventFormat("pass.finished", events.PassFinished),
)

UPCASTERS: dict[tuple[str, int], Upcaster] = {}
"""From (name, old version) to a pure function that makes the data of the next version from the data of the old one."""


@frozen
class _Kind:
    format: EventFormat
    structure: Structure
    unstructure: Unstructure


class Decoded(NamedTuple):
    """An event with what its row says about how it was stored."""

    event: Event
    recorded_at: datetime
    caused_by: str


@frozen
class EventCodec:
    """
    Turns events into rows and back.

    Raises:
        ValueError: an upcaster is missing, so some old events could not be read.
    """

    formats: Sequence[EventFormat] = FORMATS
    upcasters: Mapping[tuple[str, int], Upcaster] = field(factory=lambda: UPCASTERS)
    _by_class: dict[type[Any], _Kind] = field(init=False, factory=dict, repr=False)
    _by_name: dict[str, _Kind] = field(init=False, factory=dict, repr=False)

    def __attrs_post_init__(self) -> None:
        converter = event_converter()
        for known in self.formats:
            missing = [old for old in range(1, known.version) if (known.name, old) not in self.upcasters]
            if missing:
                raise ValueError(f"{known.name} has version {known.version}, but no upcaster from {missing}")
            kind = _Kind(
                known, converter.get_structure_hook(known.event_class), converter.get_unstructure_hook(known.event_class)
            )
            self._by_class[known.event_class] = self._by_name[known.name] = kind

    def encode(self, event: Event, *, recorded_at: datetime, caused_by: str) -> tuple[str, bytes]:
        """
        Name and stored bytes of an event.

        Raises:
            EventLogError: it holds a value that cannot be stored.
        """
        kind = self._by_class[event.__class__]
        try:
            return kind.format.name, plain_json.dumps(
                {
                    "v": kind.format.version,
                    "at": time_to_text(recorded_at),
                    "by": caused_by,
                    "data": kind.unstructure(event),
                }
            )
        except (TypeError, ValueError, AttributeError) as error:
            raise EventLogError(f"this {kind.format.name} cannot be stored: {error}") from error

    def decode(self, name: str, state: bytes) -> Decoded:
        """
        The event stored under this name as these bytes.

        Raises:
            UnknownEvent: no event of this name is known.
            NewerEvent: its version or a field of it is newer than this program.
            EventUnreadable: the bytes are damaged.
        """
        kind = self._by_name.get(name)
        if kind is None:
            raise UnknownEvent(f"there is no event named {name!r} here; {_UPGRADE}")
        try:
            row = plain_json.loads(state)
            version, data = row["v"], row["data"]
            recorded_at, caused_by = time_from_text(row["at"]), str(row["by"])
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise EventUnreadable(f"the stored {name} is damaged: {error!r}") from error
        if version != kind.format.version:
            data = self._upcast(kind.format, version, data)
        return Decoded(_structured(kind, data), recorded_at, caused_by)

    def _upcast(self, known: EventFormat, version: Any, data: Any) -> Any:
        if version.__class__ is not int or version < 1:
            raise EventUnreadable(f"the stored {known.name} is damaged: {version!r} is no version")
        if version > known.version:
            raise NewerEvent(f"{known.name} has version {version}, known up to {known.version}; {_UPGRADE}")
        try:
            for old in range(version, known.version):
                data = self.upcasters[known.name, old](data)
        except Exception as error:
            raise EventUnreadable(f"the stored {known.name} of version {version} is damaged: {error!r}") from error
        return data


def _structured(kind: _Kind, data: Any) -> Event:
    try:
        event: Event = kind.structure(data, kind.format.event_class)
    except ForbiddenExtraKeysError as error:
        fields = ", ".join(sorted(error.extra_fields))
        raise NewerEvent(f"{kind.format.name} has fields that are not known here ({fields}); {_UPGRADE}") from error
    except Exception as error:
        raise EventUnreadable(f"the stored {kind.format.name} is damaged: {_problems(kind, data)}") from error
    return event


def _problems(kind: _Kind, data: Any) -> str:
    try:
        event_converter(detailed=True).structure(data, kind.format.event_class)
    except Exception as error:  # noqa: BLE001 - every kind of mistake in the data is told
        return "; ".join(transform_error(error))
    return "it cannot be read"


CODEC = EventCodec()
