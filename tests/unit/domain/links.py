"""Two endpoints with one issue between them, for tests that tell small stories."""

from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.identity import ContainerId, EndpointName, Kind
from syncengine.domain.participants import Participant
from syncengine.domain.policy import Policy
from syncengine.domain.records import FieldKind, FieldSpec, FieldValues, RecordSchema
from syncengine.testing import LinkWorld, as_given, without_backlog

HULY, VIBE, TRACKER = EndpointName("huly"), EndpointName("vibe"), EndpointName("tracker")
ISSUE = Kind("issue")


def schema(*, status_creatable=True, can_update=True, can_create=True, can_delete=True, updatable=True):
    return RecordSchema(
        kind=ISSUE,
        fields=(
            FieldSpec(name="title", updatable=updatable),
            FieldSpec(name="description", kind=FieldKind.TEXT, initial=""),
            FieldSpec(name="status", kind=FieldKind.CHOICE, creatable=status_creatable, initial="todo"),
            FieldSpec(name="labels", kind=FieldKind.SET, initial=()),
        ),
        can_update=can_update,
        can_create=can_create,
        can_delete=can_delete,
    )


def participant(*, spelling=as_given, may_create=True, writable=True, **more):
    its_schema = schema(**more)

    def as_stored(fields):
        return FieldValues({name: spelling(name, value) for name, value in fields.items() if name in its_schema.readable})

    return Participant(
        schema=its_schema,
        container=ContainerId("board"),
        as_stored=as_stored,
        may_create=may_create,
        writable=writable,
    )


def issue(**fields):
    return FieldValues({"title": "Fix the roof", "description": "", "status": "todo", "labels": (), **fields})


def world(*, rule=None, rules=None, huly=None, vibe=None, deletions=None, **more):
    """A link world of Huly and Vibe, where Vibe has no backlog; Huly wins unless told otherwise."""
    names = ("title", "description", "status", "labels")
    by_field = {name: rule or Prefer("huly") for name in names} | (rules or {})
    return LinkWorld(
        policy=Policy(rules={ISSUE: by_field}, deletions=deletions or {}),
        participants={HULY: huly or participant(), VIBE: vibe or participant(spelling=without_backlog), **more},
        kind=ISSUE,
    )


def linked(*, fields=None, **more):
    """An issue that was made in Huly and is the same in Vibe."""
    it = world(**more)
    it.person_makes(HULY, fields or issue())
    it.look(HULY)
    it.settle()
    return it


def edited(it, endpoint, **fields):
    """Somebody edits a record, and it is read."""
    for name, value in fields.items():
        it.person_edits(endpoint, name, value)
    it.look(endpoint)
    return it
