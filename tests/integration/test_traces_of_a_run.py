"""Traces of a real run, and of writes that outlive the process that decided them."""

from collections.abc import Callable

import pytest
from opentelemetry.trace import StatusCode

from syncengine.adapters.telemetry.derived_trace_ids import root_span_id_of
from syncengine.adapters.telemetry.listeners import Silence
from syncengine.domain.events import WriteConfirmed, WritesIntended
from syncengine.testing.faults import SimulatedCrash, Weather
from tests.fixtures.guarded_world import GuardedWorld
from tests.fixtures.traced import linked_from, text_of, traced

CANARY = "canary title"


class Crash:
    """Lets the process die at a point, once, if the time has come."""

    def __init__(self) -> None:
        self.point: str | None = None
        self.only_if: Callable[[], bool] = lambda: True

    async def __call__(self, point: str) -> None:
        """Die here, if it is here."""
        if point == self.point and self.only_if():
            self.point = None
            raise SimulatedCrash(point)


@pytest.fixture
async def world():
    """A project with an issue on both sides, made without traces, and a way to let the process die."""
    world = GuardedWorld(telemetry=Silence(), at=Crash())
    left = world.left.person_creates("", title=CANARY)
    world.left.person_creates(left, title=f"{CANARY} 0", status="todo")
    await world.settle_down()
    return world


def new_issue(world, number=1):
    """A person makes an issue on the left."""
    left, _ = world.projects(CANARY)
    world.left.person_creates(left, title=f"{CANARY} {number}", description=CANARY, status="todo")


def intents(world):
    """The intents of the issues that were made, oldest first."""
    events = [recorded.event for recorded in world.log.events]
    return [write.intent_id for event in events if isinstance(event, WritesIntended) for write in event.writes]


async def one_process(world, *, passes=1, **settings):
    """What a process exports that makes these passes; a crash is its end."""
    with traced(**settings) as it:
        world.telemetry = it.telemetry
        world.start()
        try:
            for _ in range(passes):
                await world.engine.run_pass()
                world.clock.advance(30)
        except SimulatedCrash:
            world.clock.advance(30)
    return it


async def test_a_pass_with_a_write_is_two_traces_that_point_to_each_other(world):
    """The trace of the pass has its listings and its link, the trace of the write has the one call."""
    new_issue(world)
    it = await one_process(world)
    intent = intents(world)[-1]
    whole, write, root = (it.one(name) for name in ("sync.pass", "sync.write", "write.intended"))
    link = next(span for span in it.named("sync.link") if span.links)
    by_id = {span.context.span_id: span for span in it.spans}

    assert f"{write.context.trace_id:032x}" == intent
    assert root.context.span_id == write.parent.span_id == root_span_id_of(intent)
    assert linked_from(write) == {("pass", whole.context.span_id), ("link", link.context.span_id)}
    assert linked_from(link) == {("intent", root.context.span_id), ("write", write.context.span_id)}
    assert link.parent.span_id == whole.context.span_id

    (create,) = [span for span in it.named("connector.call") if span.attributes["syncengine.operation"] == "create"]
    assert by_id[create.parent.span_id] is write
    reads = [span for span in it.named("connector.call") if span is not create]
    assert {by_id[span.parent.span_id].name for span in reads} == {"sync.pass"}
    assert {span.attributes["syncengine.operation"] for span in reads} == {"discover", "list"}
    assert {span.context.trace_id for span in it.spans} == {whole.context.trace_id, write.context.trace_id}
    assert whole.attributes["syncengine.writes.confirmed"] == 1
    assert {span.status.status_code for span in it.spans} == {StatusCode.UNSET}


@pytest.mark.parametrize(
    ("point", "verdict", "told"),
    [
        ("append.after", "DidNotLand", []),  # durable, and nobody was told
        ("create.before", "DidNotLand", ["connector.call", "sync.write", "write.intended"]),
        ("create.after", "Landed", ["connector.call", "sync.write", "write.intended"]),
    ],
)
async def test_a_write_whose_process_died_goes_on_in_the_same_trace(world, point, verdict, told):
    """The next process looks for it, sends it if it has to, and nobody stored anything for that."""
    new_issue(world)
    world.at.point = point
    world.at.only_if = lambda: point != "append.after" or isinstance(world.log.events[-1].event, WritesIntended)
    first = await one_process(world)
    assert world.at.point is None, "it died"
    second = await one_process(world, passes=4)

    intent = intents(world)[-1]
    assert sorted(span.name for span in about(intent, first)) == told
    looked, *sent = sorted((span for span in about(intent, second, "sync.write")), key=lambda span: span.start_time)
    assert looked.attributes["syncengine.verdict"] == verdict
    assert looked.attributes["syncengine.open_since"]
    assert looked.attributes["syncengine.outcome"] == ("found" if verdict == "Landed" else "not_done")
    assert [span.attributes["syncengine.outcome"] for span in sent] == ([] if verdict == "Landed" else ["confirmed"])
    writes = [*about(intent, first, "sync.write"), looked, *sent]
    assert {span.parent.span_id for span in writes} == {root_span_id_of(intent)}
    assert writes == [*first.named("sync.write"), looked, *sent], "all there are about it"

    whole = next(span for span in second.named("sync.pass") if span.links)
    assert linked_from(looked) == {("pass", whole.context.span_id)}
    assert ("write", looked.context.span_id) in linked_from(whole)


def about(intent, process, name=None):
    """The spans in the trace of an intent."""
    spans = process.spans if name is None else process.named(name)
    return [span for span in spans if f"{span.context.trace_id:032x}" == intent]


def confirmed(world):
    """What the log says of writes that landed."""
    return [it.event for it in world.log.events if isinstance(it.event, WriteConfirmed)]


async def test_an_answer_that_is_lost_is_an_error_and_the_look_for_it_is_none(world):
    """Both in the trace of the write, the error with the class that the connector raised."""
    new_issue(world)
    world.right_faults.plan("create", Weather.DROPPED_AFTER)
    it = await one_process(world, passes=3)
    sent, looked = it.named("sync.write")
    assert sent.context.trace_id == looked.context.trace_id
    assert (sent.attributes["syncengine.outcome"], sent.attributes["error.type"]) == ("unknown", "OutcomeUnknown")
    assert (looked.attributes["syncengine.outcome"], looked.attributes["syncengine.verdict"]) == ("found", "Landed")
    assert [span.status.status_code for span in (sent, looked)] == [StatusCode.ERROR, StatusCode.UNSET]
    assert {("pass", span.context.span_id) for span in it.named("sync.pass")} >= linked_from(looked)


async def test_a_read_that_is_tried_again_is_one_call(world):
    """With an event for each attempt, and no error, because the last one worked."""
    world.left_faults.plan("discover", Weather.BUSY)
    it = await one_process(world)
    calls = [span for span in it.named("connector.call") if span.attributes["syncengine.endpoint"] == "left"]
    discover = next(span for span in calls if span.attributes["syncengine.operation"] == "discover")
    assert [event.name for event in discover.events] == ["call.ended", "call.retried", "call.ended"]
    assert discover.events[0].attributes["error.type"] == "RemoteBusy"
    assert discover.status.status_code is StatusCode.UNSET


async def test_a_pass_with_problems_is_an_error(world):
    """So are the calls that made them."""
    world.left_faults.always("discover", Weather.UNAUTHORISED)
    it = await one_process(world)
    assert it.one("sync.pass").status.status_code is StatusCode.ERROR
    failed = {span.attributes["error.type"] for span in it.named("connector.call") if "error.type" in span.attributes}
    assert failed == {"AuthenticationFailed"}


async def test_no_title_and_no_text_of_an_error_is_exported(world):
    """Whatever people wrote, and whatever a remote quoted of it, in a run with faults and conflicts."""
    for number in range(1, 12):
        new_issue(world, number)
    for faults, seed in ((world.left_faults, 1), (world.right_faults, 2)):
        faults.dial(0.2, seed=seed)
    first = await one_process(world, passes=4)
    left, right = world.projects(CANARY)
    for where, container, word in ((world.left, left, "a"), (world.right, right, "b")):
        for key, it in list(where.items(container).items()):
            where.person_edits(container, key, title=f"{it['title']} {word}", description=f"{CANARY} {word}")
    second = await one_process(world, passes=8)
    exported = text_of((*first.spans, *second.spans))
    assert len(first.named("sync.write")) > 10
    assert "canary" not in exported
    assert "conflict.settled" in exported
    assert "connection" not in exported, "no text of an error"


async def test_links_at_work_at_once_keep_their_spans_apart(world):
    """Thirty writes in flight; each call is below the write it belongs to."""
    for number in range(1, 31):
        new_issue(world, number)
    it = await one_process(world, passes=2)
    writes = {span.context.span_id: span for span in it.named("sync.write")}
    creates = [span for span in it.named("connector.call") if span.attributes["syncengine.operation"] == "create"]
    assert len(writes) == len(creates) == 30
    assert {span.parent.span_id for span in creates} == set(writes)
    for span in creates:
        assert span.context.trace_id == writes[span.parent.span_id].context.trace_id
    links = {span.context.span_id: span for span in it.named("sync.link")}
    for span in writes.values():
        (link,) = [links[it.context.span_id] for it in span.links if it.attributes["syncengine.relation"] == "link"]
        assert link.attributes["syncengine.link_id"] == span.attributes["syncengine.link_id"]


async def test_a_share_of_zero_exports_nothing_of_a_run(world):
    """And the run is the same."""
    new_issue(world)
    it = await one_process(world, passes=3, sample=0)
    assert it.spans == ()
    assert len(confirmed(world)) == 3
