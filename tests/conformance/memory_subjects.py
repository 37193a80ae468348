"""Memory remotes as subjects of the conformance checks."""

from contextlib import asynccontextmanager

from syncengine.connector import ROOT, ContainerId, FieldKind, FieldSpec, FieldValues, Kind, RecordSchema
from syncengine.testing import Abilities, MemoryConnector, MemoryRemote, Subject, VirtualClock, lossy

BOARD = ContainerId("board")

ISSUES_THAT_START_AS_TODO = RecordSchema(
    kind=Kind("issue"),
    fields=(
        FieldSpec(name="title"),
        FieldSpec(name="description", kind=FieldKind.TEXT, initial=""),
        FieldSpec(name="status", kind=FieldKind.CHOICE, creatable=False, initial="todo"),
    ),
    can_delete=True,
)
"""Like Vibe Kanban: the status cannot be set by a create."""

ABILITIES = {
    "keys as ids": Abilities(key_storage="id", conditional_writes=True, tombstones=True),
    "keys in a field": Abilities(key_storage="field", revisions=False, natural_keys=("title",)),
    "keys in a text": Abilities(
        key_storage="marker",
        conditional_writes=False,
        spelling=lossy,
        schemas=(ISSUES_THAT_START_AS_TODO,),
    ),
    "no keys": Abilities(key_storage="none", conditional_writes=False, revisions=False),
    "late listings": Abilities(key_storage="field", listing_lag_s=3.0),
    "late searches with a cursor": Abilities(
        key_storage="marker", listing_lag_s=2.0, change_cursor=True, tombstones=True, spelling=lossy
    ),
    "small pages": Abilities(key_storage="id", page_size=2, change_cursor=True, tombstones=True),
}
"""Memory remotes of several kinds, by name."""


def sample(number: int) -> FieldValues:
    """Values for the n-th record."""
    statuses = ("todo", "in_progress", "backlog", "Done")
    return FieldValues(
        title=f"Record  number {number}", description=f"line {number}\n\nlast", status=statuses[number % len(statuses)]
    )


def project_sample(number: int) -> FieldValues:
    """Values for the n-th project."""
    return sample(number).without({"status"})


def subject_of(abilities: Abilities, connector: type[MemoryConnector] = MemoryConnector, **more: object) -> Subject:
    """A subject over a fresh memory remote with these abilities and this connector class."""
    clock = VirtualClock()
    remote = MemoryRemote(abilities, now=clock.now)
    container = ROOT if abilities.projects else remote.add_container(BOARD)

    @asynccontextmanager
    async def opened():
        yield connector(remote, "memory", sleep=clock.sleep)

    async def person_edits(ref, fields):
        remote.person_edits(ref.container, ref.record_id, fields)

    settings = {
        "open": opened,
        "endpoint": "memory",
        "container": container,
        "kind": Kind("project") if abilities.projects else Kind("issue"),
        "sample": project_sample if abilities.projects else sample,
        "person_edits": person_edits,
        "count_writes": lambda: remote.changes,
        "now": clock.now,
        "wait": clock.sleep,
    }
    return Subject(**(settings | more))
