"""What the event log knows about the kill and about conflicts; the log is only read."""

from collections.abc import Iterable, Mapping, Sequence

from attrs import frozen

from syncengine.adapters.event_log import OpenLog
from syncengine.domain.events import (
    Operation,
    Proof,
    Write,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import EndpointName, IntentId, LinkId
from syncengine.domain.records import FieldValue
from syncengine.engine.ports import Recorded
from syncengine.runner.outcome_in_words import LOOKED


@frozen(kw_only=True)
class OpenIntent:
    """A saved write without an outcome."""

    link_id: LinkId
    write: Write

    @property
    def title(self) -> str:
        """The title of the record it makes; empty for an update of something else."""
        return str(self.write.fields.get("title") or "")

    @property
    def makes_a_record(self) -> bool:
        """It creates."""
        return self.write.operation is Operation.CREATE


@frozen(kw_only=True)
class Settled:
    """
    What became of the intents that were open at the kill.

    Attributes:
        found: looking showed that it had been done; nothing was sent again.
        sent: looking showed that it had not been done; it was sent.
        dropped: looking showed that somebody else was faster; decided anew.
        refused: the remote does not take it.
        unsettled: nothing became of it yet.
    """

    found: int = 0
    sent: int = 0
    dropped: int = 0
    refused: int = 0
    unsettled: int = 0

    @property
    def by_looking(self) -> int:
        """Intents that looking at the remote settled."""
        return self.found + self.sent + self.dropped


@frozen(kw_only=True)
class Conflict:
    """
    A conflict that a rule decided.

    Attributes:
        item: what people call the item.
        winner: the endpoint whose value everybody has now.
        given_up: the values of the others, which only the log has now.
    """

    item: str
    link_id: LinkId
    field: str
    winner: EndpointName
    value: FieldValue
    given_up: Mapping[EndpointName, FieldValue]


async def open_intents(log: OpenLog) -> list[OpenIntent]:
    """All writes without an outcome, oldest first."""
    found = []
    for open_write in log.views.open_writes():
        for item in await log.load(open_write.link_id):
            if isinstance(item.event, WritesIntended):
                found += [
                    OpenIntent(link_id=open_write.link_id, write=write)
                    for write in item.event.writes
                    if write.intent_id == open_write.intent_id
                ]
    return found


def in_flight(intents: Iterable[OpenIntent], titles: Mapping[str, set[str]]) -> list[OpenIntent]:
    """
    The creates that were done without anybody having heard the answer.

    Args:
        titles: what each side is seen to hold.
    """
    return [it for it in intents if it.makes_a_record and it.title in titles.get(it.write.endpoint, set())]


async def settled(log: OpenLog, intents: Sequence[OpenIntent]) -> Settled:
    """What became of these intents since."""
    counts = dict.fromkeys(("found", "sent", "dropped", "refused", "unsettled"), 0)
    for intent in intents:
        counts[_outcome(await log.load(intent.link_id), intent.write.intent_id)] += 1
    return Settled(**counts)


def _outcome(recorded: Iterable[Recorded], intent_id: IntentId) -> str:
    for item in recorded:
        match item.event:
            case WriteConfirmed(intent_id=this, proof=Proof.FOUND) if this == intent_id:
                return "found"
            case WritePostponed(intent_id=this, outcome="not_done", reason=reason) if this == intent_id:
                if reason.startswith(LOOKED):
                    return "sent"
            case WriteOvertaken(intent_id=this) if this == intent_id:
                return "dropped"
            case WriteRejected(intent_id=this) if this == intent_id:
                return "refused"
    return "unsettled"


def conflicts(log: OpenLog) -> list[Conflict]:
    """The conflicts that rules decided, in the order of the log."""
    decisions = ((it.stream_id, it.event) for it in log.all_events())
    return [
        Conflict(
            item=label_of(log, link_id),
            link_id=link_id,
            field=settlement.field,
            winner=next(iter(set(event.basis) - set(settlement.losers)), EndpointName("")),
            value=settlement.value,
            given_up=settlement.losers,
        )
        for link_id, event in decisions
        if isinstance(event, WritesIntended)
        for settlement in event.settled
    ]


def label_of(log: OpenLog, link_id: LinkId) -> str:
    """What people call an item, or its id where nobody gave it a name."""
    labels = [record.label for record in log.views.records_of(link_id) if record.label]
    return labels[0] if labels else str(link_id)
