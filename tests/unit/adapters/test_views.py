"""What each event changes in the views, asked through the log they are written with."""

import sqlite3
from datetime import timedelta
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from syncengine.adapters.event_log import open_log
from syncengine.adapters.view_schema import TABLES, make_view_tables
from syncengine.adapters.view_tables import write_views
from syncengine.domain.events import (
    ClaimReleased,
    ClaimTaken,
    ConflictParked,
    ConflictResolved,
    CursorAdvanced,
    EndpointPaused,
    EndpointResumed,
    Evidence,
    LinkClosed,
    PassStarted,
    RecordGone,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
)
from syncengine.domain.identity import claim_stream, endpoint_stream, feed_stream
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.engine.fingerprint import fingerprint
from syncengine.engine.ports import Append, KnownRecord, LogCounts, OpenWrite, ParkedItem, PausedEndpoint, Recorded
from syncengine.errors import EventLogError
from tests.fixtures import hypothesis_profiles  # noqa: F401 - chooses the profile
from tests.unit.adapters.sample_events import (
    FULL_EXAMPLES,
    HULY,
    LINK,
    NOON,
    OTHER_LINK,
    VALUES,
    VIBE,
    confirmed,
    intended,
    observed,
)

GONE = RecordGone(ref=HULY, evidence=Evidence.TOMBSTONE, taken_at=NOON)


class Story:
    """A log with a clock that moves a second an append, and streams that are always continued."""

    def __init__(self, log, clock):
        self.log = log
        self.views = log.views
        self._clock = clock

    async def tell(self, *events, link=LINK):
        self._clock.tick()
        after = self.log.stream_version(link)
        await self.log.append(Append(stream_id=link, after_version=after, events=events), caused_by="test")

    def subjects(self):
        return [item.subject for item in self.views.parked()]


class SteppingClock:
    def __init__(self):
        self.seconds = 0

    def tick(self):
        self.seconds += 1

    def __call__(self):
        return NOON + timedelta(seconds=self.seconds)


@pytest.fixture
async def story(place):
    clock = SteppingClock()
    async with open_log(place, now=clock) as log:
        yield Story(log, clock)


async def test_a_record_that_was_read_is_known(story):
    """With the digest of its fields, so that reading it again costs one comparison."""
    await story.tell(observed())

    known = KnownRecord(
        ref=HULY, link_id=LINK, kind="issue", digest=fingerprint(VALUES), revision="r1", label="TSK-12", gone=None
    )
    assert story.views.known_record(HULY) == known
    assert story.views.known_records("huly", "board") == {"h1": known}
    assert list(story.views.records_of(LINK)) == [known]
    assert story.views.known_records("huly", "other") == {}
    assert story.views.known_record(VIBE) is None


async def test_a_record_that_was_read_again_is_known_as_it_is_now(story):
    """Also when it lost its revision or its label."""
    changed = FieldValues(title="Door", status="done")
    await story.tell(observed())
    await story.tell(observed(fields=changed, revision=None, label=None))

    known = story.views.known_record(HULY)
    assert (known.digest, known.revision, known.label) == (fingerprint(changed), None, None)


@pytest.mark.parametrize("text", ["TSK-12", "h1", str(LINK), LINK.hex, f" {str(LINK).upper()} ", "Door sticks"])
async def test_a_record_is_found_by_any_of_its_names(story, text):
    """Label, record id, link id with or without dashes, title."""
    await story.tell(observed())
    await story.tell(observed(RecordRef("huly", "board", "h2"), FieldValues(title="x"), label="TSK-1"), link=OTHER_LINK)

    assert [known.ref for known in story.views.find(text)] == [HULY]


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        (FieldValues(name="Garden"), "Garden"),
        (FieldValues(title="Door", name="Garden"), "Door"),
        (FieldValues(title=None, name="Garden"), "Garden"),
        (FieldValues(title=5), "5"),
    ],
)
async def test_the_title_is_what_people_would_say(story, fields, title):
    """Projects have a name and no title; a number is no title."""
    await story.tell(observed(fields=fields))

    found = [known.ref for known in story.views.find(title)]
    assert found == ([] if title == "5" else [HULY])


async def test_a_record_that_is_gone_is_parked_until_it_is_read_again(story):
    """It stays known, marked as gone."""
    await story.tell(observed())
    await story.tell(GONE)

    assert story.views.known_record(HULY).gone
    assert list(story.views.parked()) == [
        ParkedItem(
            link_id=LINK,
            subject="gone:huly",
            reason="the remote says that it was deleted",
            since=NOON + timedelta(seconds=2),
        )
    ]

    await story.tell(observed())

    assert not story.views.known_record(HULY).gone
    assert story.subjects() == []


async def test_an_absence_says_how_it_is_known(story):
    """A person decides differently about a tombstone and about a record that is just not there."""
    await story.tell(observed(), evolve(GONE, evidence=Evidence.ABSENT))

    assert "not there when asked for" in story.views.parked()[0].reason


async def test_a_confirmed_write_is_a_record_that_is_there(story):
    """Also where the one before it was gone; what the confirmation does not say is taken from what was known."""
    await story.tell(observed(), intended("i1"))
    await story.tell(RecordGone(ref=VIBE, evidence=Evidence.ABSENT, taken_at=NOON))
    await story.tell(confirmed("i1", revision="r9"))

    assert story.views.known_record(VIBE) == KnownRecord(
        ref=VIBE, link_id=LINK, kind="issue", digest=fingerprint(VALUES), revision="r9", label=None, gone=None
    )
    assert story.subjects() == []


async def test_a_confirmation_keeps_the_label_and_forgets_the_revision(story):
    """A label that was not told is still the label; a revision that was not told is not the old one."""
    await story.tell(observed(), intended("i1", endpoint="huly"))
    await story.tell(confirmed("i1", HULY, FieldValues(title="Gate")))

    known = story.views.known_record(HULY)
    assert (known.label, known.revision, known.digest) == ("TSK-12", None, fingerprint(FieldValues(title="Gate")))
    assert [found.ref for found in story.views.find("Gate")] == [HULY]


async def test_a_decision_is_open_until_its_last_write_is_settled(story):
    """Only then may the link be decided again."""
    await story.tell(observed(), intended("i1", "i2", "i3"))
    await story.tell(confirmed("i2"))
    await story.tell(WriteRejected(intent_id="i1", reason="too long"))

    assert [write.intent_id for write in story.views.open_writes()] == ["i3"]
    with pytest.raises(EventLogError, match="still has an open decision"):
        await story.tell(intended("i4"))

    await story.tell(WriteOvertaken(intent_id="i3", reason="edited"))
    await story.tell(intended("i4"))

    assert list(story.views.open_writes()) == [
        OpenWrite(intent_id="i4", link_id=LINK, endpoint="vibe", since=NOON + timedelta(seconds=6))
    ]


async def test_decisions_of_different_links_are_open_at_the_same_time(story):
    """Oldest first."""
    await story.tell(intended("i1"), link=OTHER_LINK)
    await story.tell(intended("i2"))

    assert [(write.intent_id, write.link_id) for write in story.views.open_writes()] == [
        ("i1", OTHER_LINK),
        ("i2", LINK),
    ]


async def test_a_second_decision_stores_nothing(story):
    """It is a bug of ours; the event is not in the log either."""
    await story.tell(intended("i1"))

    with pytest.raises(EventLogError, match="please report"):
        await story.tell(intended("i2"))

    assert story.log.stream_version(LINK) == 1
    assert [write.intent_id for write in story.views.open_writes()] == ["i1"]


async def test_a_decision_without_writes_is_not_open(story):
    """Both sides were equal already; there is nothing to carry out."""
    await story.tell(intended())
    await story.tell(intended("i1"))

    assert len(story.views.open_writes()) == 1


async def test_a_postponed_write_counts_its_attempts(story):
    """The latest word counts."""
    later = NOON + timedelta(minutes=5)
    await story.tell(intended("i1"))
    await story.tell(WritePostponed(intent_id="i1", outcome="unknown", not_before=NOON, reason="no answer"))
    await story.tell(WritePostponed(intent_id="i1", outcome="not_done", not_before=later, reason="busy"))

    assert list(story.views.open_writes()) == [
        OpenWrite(
            intent_id="i1",
            link_id=LINK,
            endpoint="vibe",
            since=NOON + timedelta(seconds=1),
            not_before=later,
            outcome="not_done",
            attempts=2,
            reason="busy",
        )
    ]


async def test_a_refused_write_is_parked_until_it_is_decided_again(story):
    """Only for the endpoint that refused."""
    await story.tell(intended("i1"))
    await story.tell(WriteRejected(intent_id="i1", reason="title is too long"))

    assert list(story.views.parked()) == [
        ParkedItem(link_id=LINK, subject="write:vibe", reason="title is too long", since=NOON + timedelta(seconds=2))
    ]

    await story.tell(intended("i2", endpoint="huly", fields=FieldValues()))
    assert story.subjects() == ["write:vibe"]

    await story.tell(confirmed("i2", HULY))
    await story.tell(intended("i3"))
    assert story.subjects() == []


async def test_a_conflict_is_parked_until_a_person_resolves_it(story):
    """The other field stays parked."""
    conflict = ConflictParked(field="title", rule="AskAPerson()", reason="changed on both sides", versions={})
    await story.tell(conflict, evolve(conflict, field="status"))
    await story.tell(ConflictResolved(field="title", value="Gate", by="ann"))

    assert [(item.subject, item.reason) for item in story.views.parked()] == [("field:status", "changed on both sides")]


async def test_a_conflict_ends_when_a_decision_covers_its_field(story):
    """The sides may have become equal by themselves, so that nothing needs to be written."""
    conflict = ConflictParked(field="title", rule="AskAPerson()", reason="changed on both sides", versions={})
    await story.tell(conflict, evolve(conflict, field="due"))
    await story.tell(intended(fields=FieldValues(title="Door")))

    assert story.subjects() == ["field:due"]


async def test_parking_again_renews_the_reason(story):
    """And the time; it goes to the end of the row."""
    await story.tell(ConflictParked(field="title", rule="r", reason="first", versions={}))
    await story.tell(ConflictParked(field="title", rule="r", reason="other", versions={}), link=OTHER_LINK)
    await story.tell(ConflictParked(field="title", rule="r", reason="again", versions={}))

    assert [(item.reason, item.since) for item in story.views.parked()] == [
        ("other", NOON + timedelta(seconds=2)),
        ("again", NOON + timedelta(seconds=3)),
    ]


async def test_a_closed_link_waits_for_nothing(story):
    """Other links do."""
    for link in (LINK, OTHER_LINK):
        await story.tell(GONE, ConflictParked(field="title", rule="r", reason="both", versions={}), link=link)
    await story.tell(LinkClosed(reason="deleted on both sides"))

    assert {item.link_id for item in story.views.parked()} == {OTHER_LINK}


async def test_a_record_that_is_claimed_belongs_to_that_link_before_it_is_read(story):
    """Its digest equals none, so the first reading counts as a change."""
    await story.tell(observed())
    await story.tell(ClaimTaken(ref=VIBE, link_id=LINK), link=claim_stream("vibe", "board", "v1"))

    assert story.views.known_record(VIBE) == KnownRecord(ref=VIBE, link_id=LINK, kind="issue", digest=b"")


async def test_a_claim_of_an_unseen_record_of_an_unseen_link_has_no_kind(story):
    """Until something says which."""
    await story.tell(ClaimTaken(ref=VIBE, link_id=LINK), link=claim_stream("vibe", "board", "v1"))
    assert story.views.known_record(VIBE).kind == ""

    await story.tell(observed(), intended("i1"), confirmed("i1"))
    assert story.views.known_record(VIBE).kind == "issue"


async def test_a_released_record_belongs_to_nobody(story):
    """The next reading of it may start a link of its own."""
    claim = claim_stream("huly", "board", "h1")
    await story.tell(observed())
    await story.tell(ClaimTaken(ref=HULY, link_id=LINK), link=claim)
    await story.tell(ClaimReleased(ref=HULY, link_id=LINK), link=claim)

    assert story.views.known_record(HULY) is None


@pytest.mark.parametrize("observed_first", [True, False])
async def test_a_record_can_go_over_to_another_link(story, observed_first):
    """In whatever order the two streams are saved."""
    claim = claim_stream("huly", "board", "h1")
    await story.tell(observed())
    await story.tell(ClaimTaken(ref=HULY, link_id=LINK), link=claim)
    over = Append(
        stream_id=claim,
        after_version=1,
        events=(ClaimReleased(ref=HULY, link_id=LINK), ClaimTaken(ref=HULY, link_id=OTHER_LINK)),
    )
    seen = Append(stream_id=OTHER_LINK, after_version=0, events=(observed(),))
    await story.log.append(*((seen, over) if observed_first else (over, seen)), caused_by="test")

    known = story.views.known_record(HULY)
    assert (known.link_id, known.digest) == (OTHER_LINK, fingerprint(VALUES))


async def test_a_feed_goes_on_where_it_was(story):
    """With the version of its stream, which the next page is appended to."""
    feed = feed_stream("huly", "board")
    assert (story.views.cursor("huly", "board"), story.views.feed_version("huly", "board")) == (None, 0)

    for cursor in ("17", "18"):
        await story.tell(CursorAdvanced(endpoint="huly", container="board", cursor=cursor), link=feed)

    assert (story.views.cursor("huly", "board"), story.views.feed_version("huly", "board")) == ("18", 2)
    assert story.views.cursor("huly", "") is None


async def test_an_endpoint_is_paused_until_it_is_resumed(story):
    """The latest reason counts."""
    stream = endpoint_stream("huly")
    for reason in ("slow", "the password is wrong"):
        await story.tell(EndpointPaused(endpoint="huly", reason=reason, error="E"), link=stream)

    assert list(story.views.paused()) == [
        PausedEndpoint(endpoint="huly", reason="the password is wrong", since=NOON + timedelta(seconds=2))
    ]

    await story.tell(EndpointResumed(endpoint="huly"), link=stream)
    assert list(story.views.paused()) == []


async def test_a_link_is_restless_until_somebody_marks_it_quiet(story):
    """Every event of its own stream makes it restless again; those of other streams do not."""
    await story.tell(observed(), intended("i1"))
    await story.tell(ClaimTaken(ref=HULY, link_id=LINK), link=claim_stream("huly", "board", "h1"))
    await story.tell(observed(RecordRef("huly", "other", "h2")), link=OTHER_LINK)
    assert list(story.views.restless("huly", "board")) == [LINK]

    await story.log.mark_quiet({LINK: 2})
    assert list(story.views.restless("huly", "board")) == []
    assert list(story.views.restless("huly", "other")) == [OTHER_LINK]

    await story.tell(confirmed("i1"))
    assert list(story.views.restless("huly", "board")) == list(story.views.restless("vibe", "board")) == [LINK]


async def test_a_link_that_moved_on_meanwhile_is_not_quiet(story):
    """Somebody looked at it before the last event."""
    await story.tell(observed())
    await story.tell(intended("i1"))

    await story.log.mark_quiet({LINK: 1})
    await story.log.mark_quiet({})

    assert list(story.views.restless("huly", "board")) == [LINK]


async def test_a_rebuild_makes_every_link_restless(story):
    """Quiet is no event; losing it costs a second look."""
    await story.tell(observed())
    await story.log.mark_quiet({LINK: 1})
    await story.log.rebuild_views()

    assert list(story.views.restless("huly", "board")) == [LINK]


async def test_the_counts_are_of_what_is_there(story):
    """Records that are gone do not count, nor do links all of whose records are."""
    await story.tell(observed(), intended("i1"), confirmed("i1"))
    await story.tell(observed(RecordRef("huly", "board", "h2")), link=OTHER_LINK)
    await story.tell(evolve(GONE, ref=RecordRef("huly", "board", "h2")), intended("i2"), link=OTHER_LINK)

    assert story.views.counts() == LogCounts(
        events=6, links=1, records=2, open_writes=1, parked=1, by_endpoint={"huly": 1, "vibe": 1}
    )


async def test_an_empty_log_has_nothing(story):
    """Every question has an answer."""
    assert story.views.counts() == LogCounts(events=0, links=0, records=0, open_writes=0, parked=0, by_endpoint={})


async def test_text_that_is_no_unicode_is_found_again(story):
    """SQLite has no lone surrogates; nothing gets lost, and nothing is taken for something else."""
    odd = RecordRef("huly", "board\udc80", "\ud800")
    title = FieldValues(title="half \ud83d")
    await story.tell(observed(odd, title, label="\udfff", revision="\udbff"))
    await story.tell(observed(RecordRef("huly", "board\udc80", "\\ud800"), title), link=OTHER_LINK)
    await story.tell(ConflictParked(field="\ud800", rule="r", reason="\udc01", versions={}))
    await story.tell(CursorAdvanced(endpoint="huly", container="board\udc80", cursor="\ud801"), link=UUID(int=3))

    known = story.views.known_record(odd)
    assert (known.ref, known.label, known.revision) == (odd, "\udfff", "\udbff")
    assert set(story.views.known_records("huly", "board\udc80")) == {"\ud800", "\\ud800"}
    assert len(story.views.find("half \ud83d")) == 2
    assert [(item.subject, item.reason) for item in story.views.parked()] == [("field:\ud800", "\udc01")]
    assert story.views.cursor("huly", "board\udc80") == "\ud801"


async def test_every_kind_of_event_can_be_stored(story):
    """None is unknown to the views; passes leave no trace in them."""
    for event in FULL_EXAMPLES.values():
        await story.tell(event)
    before = story.views.counts()
    await story.tell(PassStarted(sync_id="x"))

    assert story.views.counts() == evolve(before, events=before.events + 1)


def rows_of(connection):
    """All views as rows in their own order."""
    return {table: connection.execute(f"SELECT * FROM {table}").fetchall() for table in TABLES}


refs = st.builds(
    RecordRef, endpoint=st.sampled_from(["huly", "vibe"]), container=st.just("b"), record_id=st.sampled_from("12")
)
intents = st.sampled_from(["i1", "i2", "i3"])
events = st.one_of(
    st.builds(observed, refs, label=st.none() | st.sampled_from("LM")),
    st.builds(lambda ref: evolve(GONE, ref=ref), refs),
    st.builds(intended, intents, endpoint=st.sampled_from(["huly", "vibe"])),
    st.builds(confirmed, intents, refs),
    st.builds(WriteRejected, intent_id=intents, reason=st.just("no")),
    st.builds(WriteOvertaken, intent_id=intents, reason=st.just("late")),
    st.builds(WritePostponed, intent_id=intents, outcome=st.just("unknown"), not_before=st.just(NOON), reason=st.just("?")),
    st.builds(ClaimTaken, ref=refs, link_id=st.sampled_from([LINK, OTHER_LINK])),
    st.builds(ClaimReleased, ref=refs, link_id=st.sampled_from([LINK, OTHER_LINK])),
    st.sampled_from(list(FULL_EXAMPLES.values())),
)


@given(st.lists(st.tuples(events, st.sampled_from([LINK, OTHER_LINK])), max_size=25))
def test_views_written_one_by_one_equal_views_written_at_once(drawn):
    """Whatever happened, in whatever transactions: the rows depend on the events that were stored and on nothing else."""
    one_by_one = sqlite3.connect(":memory:", isolation_level=None)
    make_view_tables(one_by_one.cursor())
    kept = []
    for version, (event, link) in enumerate(drawn, start=1):
        recorded = Recorded(stream_id=link, version=version, event=event, recorded_at=NOON, caused_by="")
        one_by_one.execute("BEGIN")
        try:
            write_views(one_by_one.cursor(), [recorded])
            kept.append(recorded)
            one_by_one.execute("COMMIT")
        except sqlite3.IntegrityError:  # a second decision, or an intent that was there before: not stored either
            one_by_one.execute("ROLLBACK")
    at_once = sqlite3.connect(":memory:", isolation_level=None)
    make_view_tables(at_once.cursor())
    write_views(at_once.cursor(), kept)
    try:
        assert rows_of(at_once) == rows_of(one_by_one)
    finally:
        one_by_one.close()
        at_once.close()
