"""Events as a log of usual work holds them, and logs of any size made of them."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from uuid import UUID

from syncengine.adapters.event_log import open_log
from syncengine.domain.events import (
    ClaimTaken,
    Event,
    Operation,
    Proof,
    RecordObserved,
    Write,
    WriteConfirmed,
    WritesIntended,
)
from syncengine.domain.identity import (
    ContainerId,
    EndpointName,
    FieldName,
    Kind,
    RecordId,
    claim_stream,
    intent_id_for,
    link_id_for,
)
from syncengine.domain.records import FieldValues, RecordRef, Revision
from syncengine.engine.ports import Append

HULY, VIBE = EndpointName("huly"), EndpointName("vibe")
BOARD = ContainerId("5f0c2c1e9a")
START = datetime(2025, 1, 6, 9, 0, tzinfo=UTC)
EVENTS_OF_A_LINK = 10
STILL_OPEN = 10


def ref(endpoint: EndpointName, number: int) -> RecordRef:
    """The record of this number at an endpoint."""
    return RecordRef(endpoint=endpoint, container=BOARD, record_id=RecordId(f"{endpoint}-{number:08x}"))


def values(number: int, status: str) -> FieldValues:
    """What an issue of usual size holds."""
    text = f"Steps: open the page, press the button {number % 97} times, wait. Nothing happens, but it should."
    return FieldValues(title=f"Button {number} does nothing", description=text, status=status)


def observation(number: int, endpoint: EndpointName = HULY, status: str = "todo", revision: str = "1") -> RecordObserved:
    """An issue was read."""
    return RecordObserved(
        ref=ref(endpoint, number),
        kind=Kind("issue"),
        fields=values(number, status),
        taken_at=START + timedelta(seconds=number),
        revision=Revision(revision),
        label=f"TSK-{number}",
    )


def link_of(number: int) -> UUID:
    """The link of the issue of this number."""
    first = ref(HULY, number)
    return link_id_for(first.endpoint, first.container, first.record_id)


def life_of_a_link(number: int, *, leave_open: bool) -> list[Append]:
    """Ten events: seen in Huly, created in Vibe, edited in Huly, and the edit carried over (or still on its way)."""
    link, huly, vibe = link_of(number), ref(HULY, number), ref(VIBE, number)
    create, update = _decision(number, 2, None, "todo"), _decision(number, 6, vibe, "done")
    link_events: list[Event] = [
        observation(number),
        create,
        _confirmation(create, vibe, number, "todo"),
        observation(number, VIBE),
        observation(number, status="done", revision="2"),
        update,
        _confirmation(update, vibe, number, "done"),
        observation(number, VIBE, "done", "2"),
    ]
    claims = [
        Append(
            stream_id=claim_stream(side.endpoint, side.container, side.record_id),
            after_version=0,
            events=(ClaimTaken(ref=side, link_id=link),),
        )
        for side in (huly, vibe)
    ]
    return [Append(stream_id=link, after_version=0, events=tuple(link_events[: 6 if leave_open else 8])), *claims]


def _decision(number: int, version: int, at: RecordRef | None, status: str) -> WritesIntended:
    fields = values(number, status)
    changed = fields if at is None else fields.only({FieldName("status")})
    return WritesIntended(
        basis={HULY: changed, VIBE: changed},
        writes=(
            Write(
                intent_id=intent_id_for(link_of(number), version, VIBE),
                endpoint=VIBE,
                container=BOARD,
                operation=Operation.CREATE if at is None else Operation.UPDATE,
                ref=at,
                fields=changed,
                stored=changed,
            ),
        ),
        reasons={FieldName("status"): "changed in huly"},
    )


def _confirmation(decision: WritesIntended, at: RecordRef, number: int, status: str) -> WriteConfirmed:
    return WriteConfirmed(
        intent_id=decision.writes[0].intent_id,
        ref=at,
        fields=values(number, status),
        proof=Proof.ANSWER,
        written_at=START,
    )


def build_log(path: Path, events: int) -> None:
    """A log of this many events, ten a link, the last ten links with a decision that is still open."""
    asyncio.run(_build(path, events))


async def _build(path: Path, events: int) -> None:
    links = events // EVENTS_OF_A_LINK
    lives = (life_of_a_link(number, leave_open=number >= links - STILL_OPEN) for number in range(links))
    async with open_log(path) as log:
        while batch := [append for life in islice(lives, 200) for append in life]:
            await log.append(*batch, caused_by="bench")
