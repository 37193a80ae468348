"""The oracle, asked directly: each promise broken on purpose, and what it must not complain about."""

from itertools import pairwise

import pytest
from attrs import define, field

from syncengine.connector import ContainerId, FieldValues
from syncengine.domain.events import (
    ConflictParked,
    ConflictResolved,
    CopyFound,
    CopySettled,
    Operation,
    PlacePaused,
    PlaceResumed,
    SafetyApproved,
    Settlement,
    Write,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import IntentId, link_id_for, sync_key_for
from syncengine.domain.pauses import endpoint_subject, item_subject
from syncengine.domain.policy import DeletionRule, Policy, SafetyLimits
from syncengine.errors import OutcomeUnknown, Unreachable
from syncengine.testing.abilities import Abilities, stripped
from syncengine.testing.simulation.drawing import _schema
from syncengine.testing.simulation.host_clock import HostClock
from syncengine.testing.simulation.oracle import Oracle
from syncengine.testing.simulation.sim_remote import Author, SimRemote

P = ContainerId("p")


@define
class Scene:
    """Two remotes and an oracle; `program_*` does what only the program does, without its rules."""

    policy: Policy = field(factory=lambda: Policy(rules={}))
    oracle: Oracle = field(init=False)
    remotes: dict = field(factory=dict)
    conditional: bool = True

    def __attrs_post_init__(self):
        self.oracle = Oracle(self.policy)
        can = Abilities(schemas=(_schema(status_creatable=True),), spelling=stripped, conditional_writes=self.conditional)
        for name in ("left", "right"):
            self.remotes[name] = SimRemote(name, can, HostClock(), heard=self.oracle.heard)
            self.remotes[name].add_container("p")
        self.oracle.remotes = {remote.name: remote for remote in self.remotes.values()}

    def person_makes(self, name="left"):
        item = self.oracle.ledger.new_item("p")
        with self.remotes[name].by(Author.PERSON):
            record_id = self.remotes[name].person_creates(
                P, {"title": self.oracle.ledger.title(item), "description": "first"}
            )
        return self.remotes[name].ref(P, record_id)

    def person_edits(self, ref, **fields):
        with self.remotes[ref.endpoint].by(Author.PERSON):
            self.remotes[ref.endpoint].person_edits(P, ref.record_id, fields)

    def person_deletes(self, ref):
        with self.remotes[ref.endpoint].by(Author.PERSON):
            self.remotes[ref.endpoint].person_deletes(P, ref.record_id)

    def program_copies(self, ref, name="right"):
        return self.remotes[name].ref(P, self.remotes[name].insert(P, self.remotes[ref.endpoint].fields(ref)))

    def program_writes(self, ref, **fields):
        self.remotes[ref.endpoint].change(P, ref.record_id, FieldValues(fields))

    def program_deletes(self, ref):
        self.remotes[ref.endpoint].remove(P, ref.record_id)

    @property
    def broken(self):
        return self.oracle.broken.invariant if self.oracle.broken else None


def paired(**more):
    scene = Scene(**more)
    left = scene.person_makes()
    right = scene.program_copies(left)
    assert scene.broken is None
    return scene, left, right


def test_a_second_record_of_an_item_is_a_duplicate():
    """On the same remote."""
    scene, left, _ = paired()
    scene.program_copies(left)
    assert scene.broken == "no duplicate"


def test_an_edit_that_travels_is_fine():
    """Whoever typed it had seen what it replaces."""
    scene, left, right = paired()
    scene.person_edits(left, description="second")
    scene.program_writes(right, description="second")
    assert scene.broken is None


def test_an_older_value_that_is_written_over_a_newer_one_is_a_lost_update():
    """Nobody who typed the older one had seen the newer one."""
    scene, left, _ = paired()
    scene.person_edits(left, description="second")
    scene.program_writes(left, description="first")
    assert scene.broken == "no lost update"


def test_a_loser_may_be_written_over_once_it_is_recorded():
    """And not before."""
    for recorded in (True, False):
        scene, left, right = paired()
        scene.person_edits(left, description="mine")
        scene.person_edits(right, description="yours")
        link_id = link_id_for(left.endpoint, P, left.record_id)
        scene.oracle.learn(link_id, left)
        if recorded:
            lost = Settlement(field="description", rule="Prefer(endpoint='left')", value="mine", losers={"right": "yours"})
            scene.oracle.saved(link_id, WritesIntended(basis={}, writes=(), settled=(lost,)))
        scene.program_writes(right, description="mine")
        assert scene.broken == (None if recorded else "no lost update")


@pytest.mark.parametrize("was_blank", [True, False])
def test_what_a_backup_makes_blank_again_may_be_filled(was_blank):
    """Nobody typed the blank that the program had left; what somebody else typed is another matter."""
    scene = Scene()
    left = scene.person_makes()
    text = {} if was_blank else {"description": "first"}
    right = scene.remotes["right"].ref(P, scene.remotes["right"].insert(P, FieldValues(title="#1 w1", **text)))
    if not was_blank:
        scene.person_edits(right, description="")
    scene.remotes["right"].back_up()
    scene.person_edits(right, description="second")
    scene.remotes["right"].restore_backup()
    scene.program_writes(right, description=scene.remotes["left"].fields(left)["description"])
    assert scene.broken == (None if was_blank else "no lost update")


def test_an_edit_between_the_look_and_the_write_is_excused_only_where_they_are_two_steps():
    """Nothing else about such a remote is excused."""
    for conditional in (False, True):
        scene, left, right = paired(conditional=conditional)
        scene.person_edits(left, description="mine")
        scene.oracle.compared[right] = scene.oracle.ledger.changes
        scene.person_edits(right, description="yours")
        scene.program_writes(right, description="mine")
        assert scene.broken == ("no lost update" if conditional else None)
    scene, left, right = paired(conditional=False)
    scene.person_edits(right, description="yours")
    scene.oracle.compared[right] = scene.oracle.ledger.changes
    scene.person_edits(left, description="mine")
    scene.program_writes(right, description="mine")
    assert scene.broken == "no lost update"


def test_a_value_that_nobody_typed_is_invented():
    """Also when it is a word that others use."""
    scene, _, right = paired()
    scene.program_writes(right, status="done")
    assert scene.broken == "nothing is invented"


def test_a_record_that_gets_the_title_of_another_item_is_mixed_up():
    """Two items are never one."""
    scene, _, right = paired()
    other = scene.person_makes()
    scene.program_writes(right, title=scene.remotes["left"].fields(other)["title"])
    assert scene.broken == "items are kept apart"


def test_a_deletion_that_nobody_asked_for_is_false():
    """One that somebody asked for is not."""
    scene, _, right = paired()
    scene.program_deletes(right)
    assert scene.broken == "no false deletion"
    scene, left, right = paired()
    scene.person_deletes(left)
    scene.program_deletes(right)
    assert scene.broken is None


def test_a_deletion_must_not_take_an_edit_along_that_its_author_had_not_seen():
    """One that was seen goes with it."""
    scene, left, right = paired()
    scene.person_edits(right, description="second")
    scene.person_deletes(left)
    scene.program_deletes(right)
    assert scene.broken == "an edit beats a deletion that has not seen it"
    scene, left, right = paired()
    scene.person_edits(right, description="second")
    scene.program_writes(left, description="second")
    scene.person_deletes(left)
    scene.program_deletes(right)
    assert scene.broken is None


def test_a_deletion_does_not_follow_against_the_rules():
    """Where somebody deleted it, the settings say that it is kept."""
    for rule in DeletionRule:
        scene, left, right = paired(policy=Policy(rules={}, deletions={"left": rule}))
        scene.person_deletes(left)
        scene.program_deletes(right)
        assert scene.broken == (None if rule is DeletionRule.PROPAGATE else "no false deletion")


def test_a_spelling_of_a_remote_is_not_sent_to_others():
    """Right drops white space; what it made of a text is nothing that anybody typed."""
    scene, left, right = paired()
    with scene.remotes["left"].by(Author.PERSON):
        scene.oracle.ledger.person_changed(left, {"description": "first"}, {"description": " second"})
    scene.oracle.sent(right, {"description": " second"})
    assert scene.broken is None
    scene.oracle.sent(left, {"description": "second"})
    assert scene.broken == "no spelling goes round"


@pytest.mark.parametrize("later", [[], ["third"]])
def test_how_a_value_was_typed_may_be_gone_with_its_record(later):
    """What is left is how the others spell it, also when something else was typed there before the record was deleted."""
    for deleted in (True, False):
        scene, left, right = paired()
        texts = [{"description": text} for text in ("first", " second", *later)]
        for before, after in pairwise([*texts, None] if deleted else texts):
            scene.oracle.ledger.person_changed(left, before, after)
        scene.oracle.sent(right, {"description": "second"})
        assert scene.broken == (None if deleted else "no spelling goes round")
        scene.oracle.sent(right, {"description": "fourth"})
        assert scene.broken == "no spelling goes round"


def test_a_write_that_changes_nothing_is_needless_once_everything_is_calm():
    """Before that, somebody may have been faster."""
    for calm in (False, True):
        scene, _, right = paired()
        scene.oracle.is_calm = calm
        scene.program_writes(right, description="first")
        assert scene.broken == ("no needless write" if calm else None)


def deletes(scene, number):
    refs = [scene.remotes["right"].ref(P, str(it)) for it in range(number)]
    writes = [
        Write(
            intent_id=IntentId(str(ref)),
            endpoint=ref.endpoint,
            container=P,
            operation=Operation.DELETE,
            ref=ref,
            fields=FieldValues(),
            stored=FieldValues(),
        )
        for ref in refs
    ]
    scene.oracle.saved(link_id_for("left", P, "1"), WritesIntended(basis={}, writes=tuple(writes)))


def test_more_deletions_than_the_limits_allow_need_an_approval():
    """They are counted in each pass."""
    scene = Scene(policy=Policy(rules={}, safety=SafetyLimits(deletions=2)))
    deletes(scene, 2)
    scene.oracle.pass_begins()
    deletes(scene, 2)
    assert scene.broken is None
    deletes(scene, 1)
    assert scene.broken == "few deletions without approval"
    scene = Scene(policy=Policy(rules={}, safety=SafetyLimits(deletions=2)))
    scene.oracle.saved(link_id_for("left", P, "1"), SafetyApproved(plan="p", by="somebody"))
    deletes(scene, 3)
    assert scene.broken is None


@pytest.mark.parametrize("what", ["item", "endpoint"])
def test_what_somebody_paused_is_not_written(what):
    """Until somebody resumes it."""
    for resumed in (False, True):
        scene, _, right = paired()
        link_id = intended(scene, right)
        subject = item_subject(link_id) if what == "item" else endpoint_subject("right")
        scene.oracle.saved(link_id, PlacePaused(subject=subject, reason="", by="somebody"))
        if resumed:
            scene.oracle.saved(link_id, PlaceResumed(subject=subject, by="somebody"))
        scene.oracle.called(Operation.UPDATE, right.endpoint, ref=right)
        assert scene.broken == (None if resumed else "what is paused is left alone")


def test_whoever_chose_among_values_has_seen_them():
    """The others may be written over by the chosen one."""
    for chosen in (True, False):
        scene, left, right = paired()
        scene.person_edits(left, description="mine")
        scene.person_edits(right, description="yours")
        link_id = link_id_for(left.endpoint, P, left.record_id)
        scene.oracle.learn(link_id, left)
        versions = {"left": "mine", "right": "yours"}
        scene.oracle.saved(link_id, ConflictParked(field="description", rule="", reason="", versions=versions))
        if chosen:
            scene.oracle.saved(link_id, ConflictResolved(field="description", value="mine", by="somebody"))
        scene.program_writes(right, description="mine")
        assert scene.broken == (None if chosen else "no lost update")


def test_what_was_made_anew_needs_another_deletion_to_go():
    """The first one is used up."""
    scene, left, right = paired()
    scene.person_deletes(left)
    scene.program_copies(right, "left")
    assert scene.broken is None
    scene.program_deletes(right)
    assert scene.broken == "no false deletion"


def test_of_an_item_in_two_nobody_knows_which_one_is_made_anew():
    """A record that came back is an item of its own: the number does not tell for which of the two a new record is made."""
    for in_two in (True, False):
        scene, left, right = paired()
        link_id = link_id_for(left.endpoint, P, left.record_id)
        scene.oracle.learn(link_id, left)
        scene.person_deletes(right)
        if in_two:
            scene.oracle.saved(link_id, CopySettled(ref=left, verdict="new", by="somebody"))
        scene.program_copies(left)
        scene.program_deletes(left)
        assert scene.broken == (None if in_two else "no false deletion")


@pytest.mark.parametrize("by", ["person", "program"])
def test_what_a_backup_brings_back_takes_back_what_was_there_last(by):
    """Whoever deleted it: it is older, and may be written over the newer one all the same."""
    scene, left, right = paired()
    scene.remotes["right"].back_up()
    scene.person_edits(left, description="second")
    scene.program_writes(right, description="second")
    if by == "person":
        scene.person_deletes(right)
    else:
        stored = scene.remotes["left"].stored(P, left.record_id)
        scene.person_deletes(left)
        scene.program_deletes(right)
        with scene.remotes["left"].by(Author.PERSON):
            scene.remotes["left"].restore(P, left.record_id, stored)
    scene.remotes["right"].restore_backup()
    assert scene.remotes["right"].fields(right)["description"] == "first"
    scene.program_writes(left, description="first")
    assert scene.broken is None


def intended(scene, ref):
    link_id = link_id_for(ref.endpoint, P, ref.record_id)
    write = Write(
        intent_id=IntentId("one"),
        endpoint=ref.endpoint,
        container=P,
        operation=Operation.UPDATE,
        ref=ref,
        fields=FieldValues(description="second"),
        stored=FieldValues(description="second"),
    )
    scene.oracle.saved(link_id, WritesIntended(basis={}, writes=(write,)))
    return link_id


def test_a_write_needs_a_saved_intent():
    """And one that is over is none."""
    scene, _, right = paired()
    intents = scene.oracle.intents
    link_id = intended(scene, right)
    intents.called(Operation.UPDATE, right.endpoint, ref=right)
    assert scene.broken is None
    scene.oracle.saved(link_id, WriteRejected(intent_id=IntentId("one"), reason="no"))
    assert intents.open == []
    intents.called(Operation.UPDATE, right.endpoint, ref=right)
    assert scene.broken == "no write without a saved intent"


@pytest.mark.parametrize(
    ("error", "looked", "fine"),
    [
        (None, False, False),
        (OutcomeUnknown("lost"), False, False),
        (OutcomeUnknown("lost"), True, True),
        (Unreachable("refused"), False, True),
    ],
)
def test_a_write_is_not_sent_again_without_a_look(error, looked, fine):
    """Unless it is certain that it was not done."""
    scene, _, right = paired()
    intents = scene.oracle.intents
    intended(scene, right)
    intent = intents.called(Operation.UPDATE, right.endpoint, ref=right)
    if error is not None:
        intents.ended(intent, error)
    if looked:
        intents.looked(ref=right)
    intents.called(Operation.UPDATE, right.endpoint, ref=right)
    assert scene.broken == (None if fine else "no blind retry")


def test_a_create_is_looked_for_by_its_key():
    """A look for another key does not count."""
    scene = Scene()
    link_id = link_id_for("left", P, "1")
    write = Write(
        intent_id=IntentId("one"),
        endpoint="right",
        container=P,
        operation=Operation.CREATE,
        ref=None,
        fields=FieldValues(title="#1"),
        stored=FieldValues(title="#1"),
    )
    scene.oracle.saved(link_id, WritesIntended(basis={}, writes=(write,)))
    intents, key = scene.oracle.intents, sync_key_for(link_id)
    intents.called(Operation.CREATE, "right", key=key)
    intents.looked(container=P, key=key)
    intents.called(Operation.CREATE, "right", key=key)
    assert scene.broken is None
    intents.looked(container=P, key=sync_key_for(link_id_for("left", P, "2")))
    intents.called(Operation.CREATE, "right", key=key)
    assert scene.broken == "no blind retry"


@pytest.mark.parametrize("kept", [True, False])
def test_whoever_keeps_a_copy_has_seen_the_record_beside_it(kept):
    """Also when that one was edited since, and deleted before the copy was kept; whoever leaves the copy alone has not."""
    scene, left, right = paired()
    stored = scene.remotes["right"].stored(P, right.record_id)
    scene.person_deletes(right)
    successor = scene.program_copies(left)
    with scene.remotes["right"].by(Author.PERSON):
        scene.remotes["right"].restore(P, right.record_id, stored)
    link_id = link_id_for(left.endpoint, P, left.record_id)
    fields = scene.remotes["right"].fields(right)
    scene.oracle.saved(link_id, CopyFound(ref=right, kind="issue", fields=fields, taken_at=HostClock().now()))
    scene.person_edits(successor, description="second")
    scene.program_writes(left, description="second")
    scene.person_deletes(successor)
    scene.oracle.saved(link_id, CopySettled(ref=right, verdict="kept" if kept else "ignored", by="somebody"))
    scene.program_writes(left, description="first")
    assert scene.broken == (None if kept else "no lost update")
