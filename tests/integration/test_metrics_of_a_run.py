"""Metrics of a real run against what is known to have happened in it, and what every one of them has to look like."""

import asyncio
import re
from collections import Counter

import pytest

from syncengine.adapters.telemetry import metric_names as names
from syncengine.adapters.telemetry.listeners import Everybody
from syncengine.adapters.telemetry.metrics import open_metrics
from syncengine.adapters.telemetry.vital_signs import EndpointSigns, VitalSigns
from syncengine.domain.conflict_rules import AskAPerson
from syncengine.domain.events import Proof, WriteConfirmed, WriteOvertaken, WritePostponed, WriteRejected, WritesIntended
from syncengine.engine.notes import EndpointConnected, RequestEnded
from syncengine.errors import EventLogError
from syncengine.testing.abilities import Abilities
from syncengine.testing.faults import Weather
from tests.fixtures.guarded_world import GuardedWorld
from tests.fixtures.heard import Heard
from tests.fixtures.scrape import Scrape

LABELS = {
    "status", "endpoint", "kind", "operation", "outcome", "field", "rule", "subject", "host", "state", "check", "version",
    "http_request_method", "server_address", "server_port", "http_response_status_code", "error_type",
}  # fmt: skip
"""Every label there may be; each is bounded by the settings, a schema or this library."""

BY_OTHERS_NAMES = re.compile(
    r"sync_runs_total|sync_duration_ms|(projects_processed|issues_synced)(_total)?|[a-z][a-z0-9_]*_api_latency_ms"
    r"|http_client_request_duration_seconds"
)
"""The names that dashboards of the predecessor and the conventions for HTTP clients fix; all others have our prefix."""


class Run:
    """A run with metrics on it."""

    def __init__(self, **world) -> None:
        self.metrics = open_metrics(self, version="9.8.7")
        self.heard = Heard()
        self.world = GuardedWorld(telemetry=Everybody(self.heard, self.metrics.telemetry), **world)

    def vital_signs(self) -> VitalSigns:
        """As the log shows them."""
        now, views = self.world.clock.now(), self.world.log.views
        up = {"left": EndpointSigns(connected=True), "right": EndpointSigns(connected=True)}
        return VitalSigns(
            now=now,
            started_at=now,
            interval_s=60,
            ready=True,
            endpoints=up,
            open_writes=tuple(views.open_writes()),
            parked=tuple(views.parked()),
            log_position=len(self.world.log.events),
            view_position=len(self.world.log.events),
        )

    def scrape(self) -> Scrape:
        """Now."""
        return Scrape.of(self.metrics.exposition())

    def writes(self) -> dict[tuple[str, str, str, str], float]:
        """Outcomes of writes that were counted, by endpoint, kind, operation and outcome."""
        counted = self.scrape().all("syncengine_writes_total")
        order = ("endpoint", "kind", "operation", "outcome")
        return {tuple(dict(labels)[name] for name in order): value for labels, value in counted.items() if value}


@pytest.fixture
async def run():
    """A project with five issues on the left, made on the right meanwhile; the right takes no issue called forbidden."""
    forbids = Abilities(
        key_storage="marker",
        projects=True,
        natural_keys=("title",),
        refuses=lambda _container, values: "no such title" if values.get("title") == "forbidden" else None,
    )
    run = Run(right_abilities=forbids)
    left = run.world.left.person_creates("", title="P")
    for number in range(5):
        run.world.left.person_creates(left, title=f"issue {number}", status="todo")
    await run.world.settle_down()
    yield run
    run.metrics.close()


def item(remote, container, title):
    """The id of an issue."""
    return next(key for key, it in remote.items(container).items() if it["title"] == title)


async def test_a_first_sync_is_counted(run):
    """One project and five issues are made, in the passes that the reports tell of; nothing else happens."""
    scrape = run.scrape()
    assert run.writes() == {
        ("right", "project", "create", "confirmed"): 1,
        ("right", "issue", "create", "confirmed"): 5,
    }
    passes = [note for note in run.heard.notes if note.name == "pass.ended"]
    assert scrape("sync_runs_total", status="success") == len(passes) == 2
    assert scrape("sync_runs_total", status="error") == 0
    assert scrape("sync_duration_ms_sum") == pytest.approx(sum(it.duration_s for it in passes) * 1000)
    assert (scrape("projects_processed_total"), scrape("issues_synced_total")) == (1, 5)
    assert (scrape("projects_processed"), scrape("issues_synced")) == (0, 0)  # the last pass was quiet
    latencies = "beta_api_latency_ms_count"
    assert scrape(latencies, operation="create") == 6
    assert scrape("syncengine_connector_call_duration_seconds_count", endpoint="right", operation="create") == 6
    # Each of these listings is one page, and one more look that finds no other.
    assert scrape(latencies, operation="list") == 2 * run.world.right.calls["list"]


async def test_edits_and_conflicts_are_counted(run):
    """Two edits on the left, one on the right, and two conflicts that the left wins."""
    world = run.world
    left, right = world.projects()
    for number, where in enumerate((world.left, world.left, world.right)):
        container = left if where is world.left else right
        where.person_edits(container, item(where, container, f"issue {number}"), status="done")
    for number in (3, 4):
        world.left.person_edits(left, item(world.left, left, f"issue {number}"), status="doing")
        world.right.person_edits(right, item(world.right, right, f"issue {number}"), status="done")
    before = run.writes()
    await world.settle_down()
    rise = Counter(run.writes())
    rise.subtract(before)
    assert {key: number for key, number in rise.items() if number} == {
        ("right", "issue", "update", "confirmed"): 4,
        ("left", "issue", "update", "confirmed"): 1,
    }
    settled = {"kind": "issue", "field": "status", "rule": "Prefer", "outcome": "settled"}
    assert run.scrape()("syncengine_conflicts_total", **settled) == 2
    assert run.scrape().total("syncengine_conflicts_total") == 2


async def test_a_parked_conflict_is_counted_and_waits():
    """Nothing is written, and the gauge shows it until it is resolved."""
    run = Run(rule=AskAPerson())
    world = run.world
    left = world.left.person_creates("", title="P")
    world.left.person_creates(left, title="one", status="todo")
    await world.settle_down()
    left, right = world.projects()
    world.left.person_edits(left, item(world.left, left, "one"), status="doing")
    world.right.person_edits(right, item(world.right, right, "one"), status="done")
    await world.settle_down()
    scrape = run.scrape()
    parked = {"kind": "issue", "field": "status", "rule": "AskAPerson", "outcome": "parked"}
    assert scrape("syncengine_conflicts_total", **parked) == 1
    assert scrape("syncengine_parked_items", subject="field") == 1
    assert scrape("syncengine_parked_items", subject="write") == 0
    run.metrics.close()


async def test_retries_are_counted(run):
    """A listing refused and then busy is made three times; two of them are retries, with the error each had."""
    run.world.left_faults.plan("discover", Weather.REFUSED, Weather.BUSY)
    before = run.scrape()("syncengine_connector_call_duration_seconds_count", endpoint="left", operation="discover")
    await run.world.engine.run_pass()
    scrape = run.scrape()
    calls = {"endpoint": "left", "operation": "discover"}
    assert scrape("syncengine_retries_total", **calls) == 2
    name = "syncengine_connector_call_duration_seconds_count"
    assert scrape(name, **calls, error_type="Unreachable") == 1
    assert scrape(name, **calls, error_type="RemoteBusy") == 1
    assert scrape(name, **calls) == before + 1


async def test_a_refused_write_is_counted_and_waits(run):
    """One rejected create; the pass itself had no problem."""
    left, _ = run.world.projects()
    run.world.left.person_creates(left, title="forbidden", status="todo")
    await run.world.settle_down()
    assert run.writes()["right", "issue", "create", "rejected"] == 1
    assert run.scrape()("syncengine_parked_items", subject="write") == 1
    assert run.scrape()("sync_runs_total", status="error") == 0


async def test_an_answer_that_is_lost_is_counted_as_unknown_then_as_found(run):
    """The create is never repeated: one unknown, one found, and no more confirmed ones."""
    left, _ = run.world.projects()
    run.world.right_faults.plan("create", Weather.DROPPED_AFTER)
    run.world.left.person_creates(left, title="lost", status="todo")
    await run.world.engine.run_pass()
    open_writes = run.scrape()
    assert open_writes("syncengine_postponed_writes", endpoint="right") == 1
    assert open_writes("syncengine_oldest_open_intent_age_seconds") > 0
    run.world.clock.advance(30)
    await run.world.settle_down()
    writes = run.writes()
    assert writes["right", "issue", "create", "unknown"] == 1
    assert writes["right", "issue", "create", "found"] == 1
    assert writes["right", "issue", "create", "confirmed"] == 5
    assert run.scrape()("syncengine_postponed_writes", endpoint="right") == 0
    assert run.scrape()("syncengine_oldest_open_intent_age_seconds") == 0


async def test_a_pass_that_comes_too_early_is_counted_as_skipped(run):
    """Two at once: one is a success, the other does nothing."""
    before = run.scrape()("sync_runs_total", status="success")
    await asyncio.gather(run.world.engine.run_pass(), run.world.engine.run_pass())
    scrape = run.scrape()
    assert scrape("sync_runs_total", status="success") == before + 1
    assert scrape("sync_runs_total", status="skipped") == 1


async def test_passes_with_problems_and_failed_ones_are_counted_as_errors(run):
    """A remote that is away makes a problem; a log that takes nothing more ends the pass."""
    run.world.left_faults.always("discover", Weather.REFUSED)
    assert (await run.world.engine.run_pass()).problems
    assert run.scrape()("sync_runs_total", status="error") == 1
    run.world.left_faults.clear()

    async def full(point):
        raise EventLogError("disk full")

    left, _ = run.world.projects()
    run.world.left.person_creates(left, title="late", status="todo")
    run.world.log.at = full
    run.world.clock.advance(120)
    before = run.scrape()
    with pytest.raises(EventLogError):
        await run.world.engine.run_pass()
    scrape = run.scrape()
    assert scrape("sync_runs_total", status="error") == 2
    assert scrape("sync_duration_ms_count") == before("sync_duration_ms_count") + 1


async def test_a_host_that_fails_again_and_again_shows_an_open_breaker(run):
    """The breaker of the left opens; the right's never changed."""
    run.world.left_faults.always("discover", Weather.REFUSED)
    for _ in range(run.world.calls.breaker_failures):
        await run.world.engine.run_pass()
    scrape = run.scrape()
    assert scrape("syncengine_breaker_state", host="left", state="open") == 1
    assert scrape("syncengine_breaker_state", host="left", state="closed") == 0
    assert scrape("syncengine_breaker_state", host="right", state="open") is None


async def wild(run):
    """Many items, edits on both sides, and a share of calls that goes wrong; quiet in the end."""
    world = run.world
    for name, plugin in (("left", "alpha"), ("right", "beta")):
        world.telemetry.note(EndpointConnected(endpoint=name, connector=plugin))
    answer = RequestEnded(endpoint="left", method="GET", host="127.0.0.1", port=8080, status=200, duration_s=0.01)
    world.telemetry.note(answer)  # connectors in memory make none
    left, right = world.projects()
    for number in range(60):
        world.left.person_creates(left, title=f"Title {number} of a canary", status="todo")
    world.left_faults.dial(0.1, seed=4)
    world.right_faults.dial(0.2, seed=5, among=(Weather.DROPPED_AFTER, Weather.BUSY, Weather.REFUSED))
    for number in range(8):
        await world.engine.run_pass()
        for where, container in ((world.left, left), (world.right, right)):
            for key, it in list(where.items(container).items())[number::9]:
                where.person_edits(container, key, title=f"{it['title']}.", status="done")
        world.clock.advance(60)
    world.left_faults.clear()
    world.right_faults.clear()
    await world.settle_down(30)


def outcomes_in(log):
    """Outcomes by the event log: endpoint, kind, operation and outcome."""
    writes, kinds, found = {}, {}, Counter()
    for recorded in log.events:
        event = recorded.event
        kinds[recorded.stream_id] = getattr(event, "kind", None) or kinds.get(recorded.stream_id)
        if isinstance(event, WritesIntended):
            writes |= {write.intent_id: write for write in event.writes}
        match event:
            case WriteConfirmed(proof=proof):
                word = "confirmed" if proof is Proof.ANSWER else "found"
            case WriteRejected():
                word = "rejected"
            case WriteOvertaken():
                word = "overtaken"
            case WritePostponed(outcome=word):
                pass
            case _:
                continue
        write = writes[event.intent_id]
        found[write.endpoint, kinds[recorded.stream_id], write.operation.value, word] += 1
    return found


async def test_in_a_wild_run_the_outcomes_are_those_of_the_event_log(run):
    """Faults everywhere, hundreds of writes; every single outcome is counted once."""
    await wild(run)
    expected = outcomes_in(run.world.log)
    assert run.writes() == expected
    assert len({word for *_, word in expected}) >= 4, "wild enough to be worth it"
    scrape = run.scrape()
    for operation in ("discover", "fetch", "update"):
        calls = run.world.left.calls[operation]
        assert scrape("alpha_api_latency_ms_count", operation=operation) == calls > 0
        assert scrape.total(f"{names.CALL_DURATION.name}_count", endpoint="left", operation=operation) == calls


def complaints_about(scrape):
    """What is wrong with names, types, units, helps and labels."""
    for name, kind in scrape.types.items():
        if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name):
            yield f"{name} is not in snake case"
        if not (BY_OTHERS_NAMES.fullmatch(name) or name.startswith("syncengine_")):
            yield f"{name} has no prefix"
        if name.endswith("_total") != (kind == "counter"):
            yield f"{name} is a {kind}"
        if re.search(r"_(count|sum|bucket|created|info)$", name) and name != "syncengine_build_info":
            yield f"{name} ends as samples of another type do"
        yield from complaints_about_unit(name, kind)
        if not scrape.helps[name].endswith(".") or len(scrape.helps[name]) < 15:
            yield f"{name} has no help that is a sentence"
    for name, labels in scrape.values:
        yield from complaints_about_labels(name, dict(labels))


def complaints_about_unit(name, kind):
    """Base units, said in the name; milliseconds only where dashboards of the predecessor expect them."""
    timed = re.search(r"duration|latency|age|timestamp|running|wait", name)
    if timed and not name.endswith(("_seconds", "_ms")):
        yield f"{name} is a time without a unit"
    if name.endswith("_ms") and not BY_OTHERS_NAMES.fullmatch(name):
        yield f"{name} is not in seconds"
    if re.search(r"milli|micro|minute|hour|percent|kilo|mega", name):
        yield f"{name} is not in a base unit"
    if kind == "histogram" and not name.endswith(("_seconds", "_ms")):
        yield f"{name} has no unit"


def complaints_about_labels(name, labels):
    """Known labels with short words in them; no ids, no titles."""
    labels.pop("le", None)
    if not set(labels) <= LABELS:
        yield f"{name} has labels nobody knows: {set(labels) - LABELS}"
    for label, value in labels.items():
        if re.search(r"[0-9a-f]{12,}|[0-9a-f]{8}-", value, re.IGNORECASE) or not re.fullmatch(r"[\w.:\[\]-]{1,64}", value):
            yield f"{name}: {label} holds {value!r}"


async def test_the_lint_finds_nothing_after_a_wild_run(run):
    """Every metric there is, with real values in it."""
    await wild(run)
    scrape = run.scrape()
    assert list(complaints_about(scrape)) == []
    assert set(scrape.types) == {it.name for it in names.FAMILIES} | {"alpha_api_latency_ms", "beta_api_latency_ms"}
    assert "canary" not in scrape.text
    assert {label for it in names.FAMILIES for label in it.labels} == LABELS


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("# HELP syncengine_newThing_total A sentence of help.\n# TYPE syncengine_newThing_total counter\n", "snake case"),
        ("# HELP things_total A sentence of help.\n# TYPE things_total counter\n", "no prefix"),
        ("# HELP syncengine_things_total A sentence of help.\n# TYPE syncengine_things_total gauge\n", "is a gauge"),
        (
            "# HELP syncengine_things_count A sentence of help.\n# TYPE syncengine_things_count gauge\n",
            "samples of another",
        ),
        ("# HELP syncengine_wait A sentence of help.\n# TYPE syncengine_wait gauge\n", "without a unit"),
        ("# HELP syncengine_wait_ms A sentence of help.\n# TYPE syncengine_wait_ms gauge\n", "not in seconds"),
        ("# HELP syncengine_age_minutes A sentence of help.\n# TYPE syncengine_age_minutes gauge\n", "not in a base unit"),
        ("# HELP syncengine_size A sentence of help.\n# TYPE syncengine_size histogram\n", "has no unit"),
        ("# HELP syncengine_things No sentence of help\n# TYPE syncengine_things gauge\n", "no help"),
        ('# TYPE syncengine_x gauge\nsyncengine_x{title="a"} 1\n', "labels nobody knows"),
        ('# TYPE syncengine_x gauge\nsyncengine_x{kind="Mend the shed"} 1\n', "kind holds"),
        ('# TYPE syncengine_x gauge\nsyncengine_x{kind="5f0c9a1b2c3d4e5f60718293"} 1\n', "kind holds"),
        ('# TYPE syncengine_x gauge\nsyncengine_x{kind="6f1d3f6c-6a0e-5b0c-9d5e-0c9f2a7c1b44"} 1\n', "kind holds"),
    ],
)
def test_the_lint_finds_what_is_wrong(line, complaint):
    """Each of its complaints, with a metric that deserves it."""
    assert any(complaint in it for it in complaints_about(Scrape.of(line.encode())))
