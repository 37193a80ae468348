"""
What became of a write whose answer was lost, judged by what the remote holds now.

Three verdicts: it landed, it did not land, it was overtaken. Only "did not land" may be sent again; sending again after
"overtaken" would erase a person's edit. Absence needs patience: a created record may show up a little later.
"""

from collections.abc import Sequence

from attrs import frozen

from syncengine.domain.events import Write
from syncengine.domain.records import Record, RecordRef


@frozen
class Landed:
    """It is as we wanted it; `record` is what the remote holds, None after a delete."""

    record: Record | None


@frozen
class DidNotLand:
    """The remote looks as it did before; the write may be made (again)."""


@frozen
class Overtaken:
    """Something else is there: drop the write and decide anew. `record` is None when the record is gone."""

    record: Record | None
    reason: str


@frozen
class TooEarly:
    """Not seen, but it could still show up; look again later."""


@frozen
class Ambiguous:
    """Several records could be ours."""

    records: tuple[Record, ...]


@frozen
class Copied:
    """These carry our key and are perhaps copies of the record that was there before; a person says what they are."""

    records: tuple[Record, ...]


def judge_update(write: Write, now: Record | None) -> Landed | DidNotLand | Overtaken:
    """
    What became of an update.

    Args:
        now: the record as just read, None when it is not there.
    """
    if now is None:
        return Overtaken(None, "the record is no longer there")
    current = now.fields.only(write.stored)
    if current == write.stored:
        return Landed(now)
    if current == write.expected.only(write.stored):
        return DidNotLand()
    moved = sorted(name for name in write.stored if current.get(name) != write.expected.get(name))
    return Overtaken(now, f"{', '.join(moved)} neither as before nor as we wrote it")


def judge_delete(write: Write, now: Record | None) -> Landed | DidNotLand | Overtaken:
    """
    What became of a delete.

    Args:
        now: the record as just read, None when it is not there.
    """
    if now is None:
        return Landed(None)
    if now.fields.only(write.expected) == write.expected:
        return DidNotLand()
    return Overtaken(now, "it was edited before it could be deleted")


def may_be_a_copy(write: Write, record: Record, lost: RecordRef | None) -> bool:
    """
    Whether a record that carries our key may be a copy of the one in whose place a create makes another.

    A copy takes the key along and outlives its original; then a create that was never sent would seem to have made it. What
    holds what was sent is taken for ours. Anything else may be ours with an edit, or that copy: nobody but a person knows.

    Args:
        lost: the record that the item had there before, if any.
    """
    replaces_another = lost is not None and lost != record.ref
    return replaces_another and record.fields.only(write.stored) != write.stored


def judge_create(
    found: Sequence[Record],
    *,
    patience_over: bool,
    back: Sequence[Record] = (),
    doubtful: Sequence[Record] = (),
) -> Landed | DidNotLand | Overtaken | TooEarly | Ambiguous | Copied:
    """
    What became of a create.

    Args:
        found: the records that carry our key.
        patience_over: so much time has passed since the call that a created record would be seen.
        back: earlier records of the item that are there again; nothing that is made now is one of them.
        doubtful: others that carry our key and may be copies; see `may_be_a_copy`.
    """
    distinct = {record.ref: record for record in found}
    if len(distinct) > 1:
        return Ambiguous(tuple(distinct[ref] for ref in sorted(distinct)))
    if distinct:
        return Landed(next(iter(distinct.values())))
    if doubtful:
        return Copied(tuple(doubtful))
    if back and patience_over:
        return Overtaken(back[0], is_back(back[0].ref))
    return DidNotLand() if patience_over else TooEarly()


def is_back(ref: RecordRef) -> str:
    """Why a record that was to be made in the place of a lost one is not made."""
    return f"{ref} is back; no other record is made in its place"
