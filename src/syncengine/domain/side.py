"""One side of a link, what is known of its record, and the decision that is being carried out on all sides."""

from collections.abc import Mapping
from datetime import datetime

from attrs import field, frozen

from syncengine.domain.events import Evidence, Write
from syncengine.domain.identity import EndpointName, FieldName, IntentId
from syncengine.domain.records import NO_FIELDS, FieldValue, FieldValues, RecordRef, Revision


@frozen(kw_only=True)
class Unagreed:
    """
    A value that was written to a side for somebody, and is not agreed because another side did not take it.

    As long as its author can speak it is no edit of that side, for the author may take it back.

    Attributes:
        author: the side where it was typed.
    """

    value: FieldValue
    author: EndpointName


@frozen(kw_only=True)
class Side:
    """
    What a link knows about one endpoint.

    Attributes:
        observed: the fields as last read or as the remote said it stored them.
        agreed: the fields when all sides were last the same, in this side's own spelling.
        untold: fields whose agreed value of the other sides was not written here yet.
        unagreed: what we wrote here for somebody, and a third side did not take.
        read_at: aware UTC; what is known here is as of then, by reading or by our own confirmed write. Older readings are
            ignored: listings lag, and one of them may show less than a direct read has shown before.
        gone: how we know that the record is not there any more; None while it is.
    """

    ref: RecordRef
    observed: FieldValues
    agreed: FieldValues = NO_FIELDS
    untold: frozenset[FieldName] = frozenset()
    unagreed: Mapping[FieldName, Unagreed] = field(factory=dict)
    revision: Revision | None = None
    label: str | None = None
    read_at: datetime | None = None
    gone: Evidence | None = None


Sides = Mapping[EndpointName, Side]
"""The sides of a link."""


def is_lost(side: Side) -> bool:
    """Whether its record is gone beyond doubt."""
    return side.gone is not None and side.gone.is_proof


def is_stale(side: Side, taken_at: datetime) -> bool:
    """Whether a reading taken at this time may show less than is known of that side already."""
    return side.read_at is not None and taken_at < side.read_at


def not_stale(side: Side | None, taken_at: datetime) -> datetime:
    """
    The time of a direct read that began after everything that is known of a side.

    It is the time it was taken at, unless the clock of this host was set back meanwhile: what was read later is newer,
    whatever a clock says.
    """
    return taken_at if side is None or side.read_at is None else max(taken_at, side.read_at)


@frozen(kw_only=True)
class PendingWrite:
    """
    A write of the decision that has no outcome yet.

    Attributes:
        outcome: what the last postponement said: "not_done", "unknown", or None when there was none.
        not_before: aware UTC of the next attempt or look.
        attempts: how often it was postponed.
    """

    write: Write
    outcome: str | None = None
    not_before: datetime | None = None
    attempts: int = 0


@frozen(kw_only=True)
class Decision:
    """
    The decision that is being carried out; there is at most one.

    Attributes:
        chosen: fields whose value a person chose; perhaps no side holds it, and still it is as good as typed.
        done: for each side whose write landed, the values that become agreed there.
        dropped: fields of writes that did not happen; they stay as they were.
        replaced: sides that lost the record of the basis, and have one again.
    """

    basis: Mapping[EndpointName, FieldValues]
    pending: Mapping[IntentId, PendingWrite]
    chosen: frozenset[FieldName] = frozenset()
    done: Mapping[EndpointName, FieldValues] = field(factory=dict)
    untold: Mapping[EndpointName, frozenset[FieldName]] = field(factory=dict)
    dropped: frozenset[FieldName] = frozenset()
    replaced: frozenset[EndpointName] = frozenset()
