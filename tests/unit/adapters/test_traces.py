"""Spans made of works and notes."""

import asyncio
from uuid import UUID

import pytest
from opentelemetry import trace
from opentelemetry.trace import SpanKind, StatusCode

from syncengine.adapters.telemetry.derived_trace_ids import root_span_id_of, trace_id_of
from syncengine.engine import notes
from syncengine.engine.notes import CallWork, LinkWork, PassWork, WriteWork
from syncengine.errors import CircuitOpen
from tests.fixtures.traced import linked_from, text_of, traced

LINK = UUID(int=7)
INTENT = "0a5b" * 8
PASS = PassWork(sync_id="s1")
CALL = CallWork(endpoint="right", operation="create")
WHERE = {"link_id": LINK, "intent_id": INTENT, "endpoint": "right", "operation": "create", "attempt": 1}
WRITE = WriteWork(**WHERE)
CANARY = "canary title"


def outcome(outcome, reason=CANARY):
    return notes.WriteOutcome(**WHERE, version=3, kind="issue", outcome=outcome, reason=reason, saved="x")


def call_ended(error=None, attempt=1):
    return notes.CallEnded(
        endpoint="right", connector="beta", operation="create", attempt=attempt, error=error, duration_s=0.1
    )


def pass_ended(**more):
    facts = {"status": "success", "duration_s": 1, "pairings": 2, "changed": 3, "judged": 0, "problems": 0, "quiet": False}
    return notes.PassEnded(sync_id="s1", **facts | more)


def wrote(telemetry, *what, call=()):
    """A pass that works on a link that has a write with one call in it."""
    with telemetry.within(PASS), telemetry.within(LinkWork(link_id=LINK)), telemetry.within(WRITE):
        telemetry.note(notes.WriteSent(**WHERE))
        with telemetry.within(CALL):
            for note in call:
                telemetry.note(note)
        for note in what:
            telemetry.note(note)


def events_of(span):
    return [event.name for event in span.events]


def test_a_pass_holds_its_links_and_they_hold_their_calls():
    """One trace, drawn anew for each pass."""
    with traced() as it:
        for _ in range(2):
            with it.telemetry.within(PASS), it.telemetry.within(LinkWork(link_id=LINK)), it.telemetry.within(CALL):
                pass
    calls, links, passes = (it.named(name) for name in ("connector.call", "sync.link", "sync.pass"))
    for call, link, whole in zip(calls, links, passes, strict=True):
        assert call.parent.span_id == link.context.span_id
        assert link.parent.span_id == whole.context.span_id
        assert whole.parent is None
    assert len({span.context.trace_id for span in it.spans}) == 2
    assert (calls[0].kind, links[0].kind) == (SpanKind.CLIENT, SpanKind.INTERNAL)


def test_a_span_says_what_its_work_is_about():
    """Ids, endpoint, operation, attempt; what is not known is left out."""
    with traced() as it:
        wrote(it.telemetry)
    assert dict(it.one("sync.pass").attributes) == {"syncengine.sync_id": "s1"}
    assert dict(it.one("sync.link").attributes) == {"syncengine.link_id": LINK.hex}
    assert dict(it.one("sync.write").attributes) == {
        "syncengine.link_id": LINK.hex,
        "syncengine.intent_id": INTENT,
        "syncengine.endpoint": "right",
        "syncengine.operation": "create",
        "syncengine.attempt": 1,
    }


def test_a_write_has_a_trace_that_its_intent_names():
    """Searching for the intent in the tool for traces finds it; its calls are in it."""
    with traced() as it:
        wrote(it.telemetry)
    write, call = it.one("sync.write"), it.one("connector.call")
    assert f"{write.context.trace_id:032x}" == INTENT
    assert write.parent.span_id == root_span_id_of(INTENT)
    assert write.parent.is_remote
    assert (call.context.trace_id, call.parent.span_id) == (write.context.trace_id, write.context.span_id)


def test_a_write_and_the_pass_it_happens_in_point_to_each_other():
    """By span links, in both directions, and to the link in between."""
    with traced() as it:
        wrote(it.telemetry)
    write, link, whole = (it.one(name) for name in ("sync.write", "sync.link", "sync.pass"))
    assert linked_from(write) == {("pass", whole.context.span_id), ("link", link.context.span_id)}
    assert linked_from(link) == {("write", write.context.span_id)}
    assert link.links[0].context.trace_id == write.context.trace_id != link.context.trace_id


def test_an_intent_is_the_root_of_the_trace_of_its_write():
    """From the moment it is durable, so that what comes later hangs somewhere."""
    intended = notes.WriteIntended(
        link_id=LINK, version=2, intent_id=INTENT, endpoint="right", kind="issue", operation="create", fields=("title",)
    )
    with traced() as it:
        with it.telemetry.within(PASS), it.telemetry.within(LinkWork(link_id=LINK)):
            it.telemetry.note(intended)
        wrote(it.telemetry)
    root = it.one("write.intended")
    assert root.parent is None
    assert (root.context.trace_id, root.context.span_id) == (trace_id_of(INTENT), root_span_id_of(INTENT))
    assert it.one("sync.write").parent.span_id == root.context.span_id
    link, whole = it.named("sync.link")[0], it.named("sync.pass")[0]
    assert linked_from(root) == {("pass", whole.context.span_id), ("link", link.context.span_id)}
    assert linked_from(link) == {("intent", root.context.span_id)}
    assert root.attributes["syncengine.kind"] == "issue"


def test_a_write_settled_outside_any_link_points_to_its_pass():
    """Open writes are settled before a pass looks at links; sending inside settling is the same write."""
    with traced() as it, it.telemetry.within(PASS), it.telemetry.within(WRITE):
        it.telemetry.note(notes.WriteJudged(**WHERE, verdict="DidNotLand"))
        it.telemetry.note(outcome("not_done"))
        with it.telemetry.within(WRITE):
            it.telemetry.note(notes.WriteSent(**WHERE))
            it.telemetry.note(outcome("confirmed"))
    sent, settled = it.named("sync.write")
    whole = it.one("sync.pass")
    for span in (sent, settled):
        assert (span.context.trace_id, span.parent.span_id) == (trace_id_of(INTENT), root_span_id_of(INTENT))
        assert linked_from(span) == {("pass", whole.context.span_id)}
        assert span.status.status_code is StatusCode.UNSET
    assert settled.attributes["syncengine.verdict"] == "DidNotLand"
    assert [it.attributes["syncengine.outcome"] for it in (settled, sent)] == ["not_done", "confirmed"]
    assert linked_from(whole) == {("write", span.context.span_id) for span in (sent, settled)}


@pytest.mark.parametrize(
    ("word", "error", "seen"),
    [
        ("confirmed", None, None),
        ("overtaken", "StaleRevision", None),
        ("rejected", "RecordInvalid", "RecordInvalid"),
        ("rejected", None, "rejected"),
        ("unknown", "OutcomeUnknown", "OutcomeUnknown"),
        ("not_done", "RemoteBusy", "RemoteBusy"),
    ],
)
def test_the_outcome_of_a_write_is_the_status_of_its_span(word, error, seen):
    """An error has a type: that of the failed call, or else the outcome itself."""
    with traced() as it:
        wrote(it.telemetry, outcome(word), call=[call_ended(error)])
    write = it.one("sync.write")
    assert write.attributes["syncengine.outcome"] == word
    assert write.attributes.get("error.type") == seen
    assert write.status.status_code is (StatusCode.ERROR if seen else StatusCode.UNSET)
    assert it.one("connector.call").attributes.get("error.type") == error
    assert events_of(write) == ["write.sent", "write.outcome"]


def test_a_call_that_was_not_let_through_gives_the_write_its_error():
    """A breaker that is open raises before there is an attempt to tell of."""
    with traced() as it, it.telemetry.within(WRITE):
        it.telemetry.note(notes.WriteSent(**WHERE))
        with pytest.raises(CircuitOpen), it.telemetry.within(CALL):
            raise CircuitOpen(CANARY)
        it.telemetry.note(outcome("not_done"))
    assert it.one("sync.write").attributes["error.type"] == "CircuitOpen"
    assert it.one("connector.call").attributes["error.type"] == "CircuitOpen"


def test_a_write_that_was_not_even_sent_is_no_error():
    """The program was told to stop before it was its turn."""
    with traced() as it, it.telemetry.within(WRITE):
        it.telemetry.note(outcome("not_done"))
    assert it.one("sync.write").status.status_code is StatusCode.UNSET


def test_a_call_is_as_good_as_its_last_attempt():
    """Attempts, retries and requests are events in it."""
    request = {"endpoint": "right", "method": "GET", "host": "h", "port": 80, "duration_s": 0.1}
    with traced() as it, it.telemetry.within(CALL):
        it.telemetry.note(notes.RequestEnded(**request, status=503, error="503"))
        it.telemetry.note(call_ended("RemoteBusy"))
        it.telemetry.note(notes.CallRetried(endpoint="right", operation="list", attempt=1, wait_s=0.5, reason=CANARY))
        it.telemetry.note(notes.RequestEnded(**request, status=None, error=None))
        it.telemetry.note(call_ended(attempt=2))
    call = it.one("connector.call")
    assert call.status.status_code is StatusCode.UNSET
    assert "error.type" not in call.attributes
    assert events_of(call) == ["http.request", "call.ended", "call.retried", "http.request", "call.ended"]
    assert dict(call.events[0].attributes) == {
        "http.request.method": "GET",
        "server.address": "h",
        "server.port": 80,
        "http.response.status_code": 503,
        "error.type": "503",
        "syncengine.duration_s": 0.1,
    }
    assert dict(call.events[1].attributes)["error.type"] == "RemoteBusy"
    assert dict(call.events[2].attributes) == {"syncengine.attempt": 1, "syncengine.wait_s": 0.5}


def test_an_error_that_escapes_is_the_status_and_goes_on():
    """Its class and nothing of its text, in every span it passes through."""
    with traced() as it, pytest.raises(LookupError), it.telemetry.within(PASS), it.telemetry.within(CALL):
        raise LookupError(CANARY)
    for span in it.spans:
        assert span.status.status_code is StatusCode.ERROR
        assert span.attributes["error.type"] == "LookupError"
    assert CANARY not in text_of(it.spans)


@pytest.mark.parametrize(
    ("note", "error"),
    [
        (pass_ended(), None),
        (pass_ended(status="stopped"), None),
        (pass_ended(status="error", problems=1), "problems"),
        (notes.PassFailed(error="EventLogError", reason=CANARY, duration_s=1), "EventLogError"),
    ],
)
def test_a_pass_says_how_it_ended(note, error):
    """Counts as attributes; problems and failures as its status."""
    with traced() as it, it.telemetry.within(PASS):
        it.telemetry.note(note)
    whole = it.one("sync.pass")
    assert whole.attributes.get("error.type") == error
    assert whole.status.status_code is (StatusCode.ERROR if error else StatusCode.UNSET)
    assert whole.attributes.get("syncengine.status") == getattr(note, "status", None)


def test_the_counts_of_a_pass_are_attributes():
    """Writes by outcome among them."""
    with traced() as it, it.telemetry.within(PASS):
        it.telemetry.note(pass_ended(writes={"confirmed": 4, "found": 1}))
    attributes = it.one("sync.pass").attributes
    assert attributes["syncengine.changed"] == 3
    assert (attributes["syncengine.writes.confirmed"], attributes["syncengine.writes.found"]) == (4, 1)


def test_no_sentence_is_exported():
    """Problems, reasons, titles and evidence for people stay in the log lines."""
    facts = {"link_id": LINK, "version": 1}
    with traced() as it, it.telemetry.within(PASS):
        for note in (
            notes.PassProblem(problem=CANARY),
            notes.PairingStarted(pairing=CANARY, kind="issue", links=3, title=CANARY),
            notes.PairingEnded(pairing=CANARY, kind="issue", links=3),
            notes.EndpointStopped(endpoint="right", error="AuthenticationFailed", reason=CANARY),
            notes.BreakerChanged(host="h:80", state="open", reason=CANARY),
            notes.LeaseLost(reason=CANARY),
            notes.RecordSeen(**facts, endpoint="right", kind="issue", record_id=CANARY),
            notes.ConflictSettled(**facts, kind="issue", field="title", rule="Prefer", losers=("right",)),
            notes.EndpointNotConnected(endpoint="right", reason=CANARY),
        ):
            it.telemetry.note(note)
    names = ["pass.problem", "pairing.started", "pairing.ended", "endpoint.paused", "breaker.changed", "lease.lost"]
    assert events_of(it.one("sync.pass")) == [*names, "conflict.settled"]
    assert CANARY not in text_of(it.spans)


def test_notes_outside_of_works_go_nowhere():
    """A start, a skipped pass, a health change."""
    with traced() as it:
        it.telemetry.note(notes.PassSkipped())
        it.telemetry.note(notes.BreakerChanged(host="h:80", state="open"))
    assert it.spans == ()


async def test_every_task_has_its_own_current_span():
    """Links at work at once; each sees its own span, a child task that of its parent, and nobody one that has ended."""
    seen = {}

    def current():
        return trace.get_current_span().get_span_context().span_id

    async def child(number):
        await asyncio.sleep(0)
        seen["child", number] = current()

    async def link(telemetry, number):
        with telemetry.within(LinkWork(link_id=UUID(int=number))):
            seen["before", number] = current()
            await asyncio.gather(child(number), asyncio.sleep(0))
            seen["after", number] = current()

    with traced() as it:
        with it.telemetry.within(PASS):
            await asyncio.gather(*(link(it.telemetry, number) for number in range(1, 4)))
            seen["pass"] = current()
        assert current() == 0
    for span in it.named("sync.link"):
        number = UUID(span.attributes["syncengine.link_id"]).int
        assert {seen[when, number] for when in ("before", "child", "after")} == {span.context.span_id}
        assert span.parent.span_id == seen["pass"] == it.one("sync.pass").context.span_id


def test_a_pass_is_a_trace_of_its_own_inside_a_program_that_traces_itself():
    """And gives the program its current span back."""
    outside = trace.NonRecordingSpan(trace.SpanContext(trace_id=5, span_id=6, is_remote=False))
    with trace.use_span(outside), traced() as it:
        with it.telemetry.within(PASS):
            pass
        assert trace.get_current_span() is outside
    assert it.one("sync.pass").parent is None
    assert it.one("sync.pass").context.trace_id != 5


def test_nothing_is_exported_with_a_share_of_zero():
    """Works still have ids, for the log lines."""
    with traced(sample=0) as it:
        wrote(it.telemetry, outcome("confirmed"))
        with it.telemetry.within(PASS):
            assert trace.get_current_span().get_span_context().is_valid
    assert it.spans == ()


def test_a_share_is_a_share_of_whole_traces_and_the_same_in_every_process():
    """Of the traces of writes too, whose ids are derived; spans of one write are all there or none."""
    from syncengine.domain.identity import EndpointName, intent_id_for

    intents = [intent_id_for(UUID(int=number), 2, EndpointName("right")) for number in range(400)]

    def sampled():
        with traced(sample=0.25) as it:
            for intent in intents:
                for attempt in (1, 2):
                    with it.telemetry.within(WriteWork(**WHERE | {"intent_id": intent, "attempt": attempt})):
                        pass
        return [span.attributes["syncengine.intent_id"] for span in it.spans]

    first, second = sampled(), sampled()
    assert first == second
    assert len(first) == 2 * len(set(first))
    assert 60 <= len(set(first)) <= 140
