"""
A thousand writes with every kind of trouble, told by log lines: each line is in the published schema, and the lines alone
tell the story of every write as the event log knows it.
"""

import asyncio
import io
import json
import random
from collections import Counter, defaultdict
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from attrs import frozen
from jsonschema import Draft202012Validator

from syncengine.adapters.event_log import open_log
from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.domain.events import (
    Proof,
    RecordObserved,
    WriteConfirmed,
    WriteOvertaken,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.policy import Backoff, Policy, SafetyLimits
from syncengine.runner.bootstrap import open_sync_with
from syncengine.runner.log_lines.set_up import LoggedTelemetry, set_up_logs, take_down_logs
from syncengine.testing.abilities import Abilities
from syncengine.testing.faults import Faults, Weather
from syncengine.testing.memory_connector import MemoryConnector
from syncengine.testing.memory_remote import MemoryRemote
from syncengine.testing.virtual_clock import VirtualClock

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "log-schema.json").read_text("utf-8"))
STORY = {"write.intended", "write.sent", "write.judged", "write.outcome"}
ABOUT_A_WRITE = {"intent_id", "link_id", "endpoint", "operation", "attempt"}
WEATHER = (Weather.REFUSED, Weather.DROPPED_BEFORE, Weather.DROPPED_AFTER, Weather.RATE_LIMITED, Weather.BUSY)
RULES = {"title": Prefer("left"), "description": Prefer("right"), "status": AskAPerson()}


class Meddled(MemoryConnector):
    """Now and then somebody is faster than our update."""

    chance = random.Random(3)

    async def update(self, ref, patch, *, expected):
        if self.chance.random() < 0.08:
            self.remote.person_edits(ref.container, ref.record_id, title=f"meddled {self.chance.random()}")
        return await super().update(ref, patch, expected=expected)


def dislikes_thirteen(container, fields):
    return "no thirteens here" if str(fields.get("title", "")).endswith("13") else None


@frozen(kw_only=True)
class Told:
    """What a run left behind: the lines, by level, and the recorded events of each link."""

    lines: list
    events: dict
    left: MemoryRemote
    right: MemoryRemote


@asynccontextmanager
async def logged(level):
    """The text of the log lines of this level."""
    stream = io.StringIO()
    set_up_logs("json", level=level, stream=stream)
    try:
        yield stream
    finally:
        take_down_logs()


async def run(folder, level):
    """Two remotes with two people and bad weather, until all is quiet."""
    clock, chance = VirtualClock(), random.Random(5)
    left = MemoryRemote(Abilities(key_storage="id", projects=True, natural_keys=("title",)), now=clock.now)
    right_can = Abilities(key_storage="marker", projects=True, natural_keys=("title",), refuses=dislikes_thirteen)
    right = MemoryRemote(right_can, now=clock.now)
    faults = {"left": Faults(), "right": Faults()}
    endpoints = {
        name: Meddled(remote, name, faults=faults[name], sleep=clock.sleep)
        for name, remote in (("left", left), ("right", right))
    }
    policy = Policy(
        rules={"project": {"title": Prefer("left"), "description": Prefer("left")}, "issue": RULES},
        backoff=Backoff(first_s=1, factor=2, longest_s=8),
        safety=SafetyLimits(),
    )
    ours = left.person_creates(title="P")
    for number in range(280):
        left.person_creates(ours, title=f"left {number}", description="d")
    async with (
        logged(level) as stream,
        open_sync_with(endpoints, log=folder / "sync.db", policy=policy, telemetry=LoggedTelemetry(), clock=clock) as sync,
    ):
        await sync.run_pass()
        theirs = next(key for key, it in right.items("").items() if it["title"] == "P")
        for number in range(200):
            right.person_creates(theirs, title=f"right {number}", description="d")
        for seed, fault in enumerate(faults.values()):
            fault.dial(0.06, seed=seed, among=WEATHER, operations=("create", "update", "fetch", "find_by_key", "list"))
        for number in range(50):
            await sync.run_pass(retry_refused=number % 10 == 0)
            clock.advance(60)
            if number in {8, 16, 24}:
                edits(left, ours, chance, "left")
                edits(right, theirs, chance, "right")
        for fault in faults.values():
            fault.clear()
        for _ in range(12):
            report = await sync.run_pass()
            clock.advance(60)
            if report.quiet and not sync.views.open_writes():
                break
        assert report.quiet, report
    text = stream.getvalue()
    events = await events_of(folder / "sync.db")
    return Told(lines=[json.loads(line) for line in text.splitlines()], events=events, left=left, right=right)


def edits(remote, container, chance, who):
    """A person edits much: some of what the other one edits too, in all fields."""
    for number, record in enumerate(remote.items(container)):
        if chance.random() < 0.2:
            remote.person_edits(container, record, title=f"by {who} {number}")
        elif chance.random() < 0.1:
            remote.person_edits(container, record, status=chance.choice(["todo", "done", "in_progress"]))
        elif chance.random() < 0.1:
            remote.person_edits(container, record, description=f"by {who}")


async def events_of(path):
    """The events of the links, by link."""
    found = defaultdict(list)
    async with open_log(path, read_only=True) as log:
        for item in log.all_events():
            found[item.stream_id.hex].append(item)
    return {link_id: recorded for link_id, recorded in found.items() if isinstance(recorded[0].event, RecordObserved)}


# -- the story, twice ------------------------------------------------------------------------------------------------------


def story_in_lines(lines):
    """What became of each write, from its log lines; sent and judged are not in the event log."""
    story = defaultdict(list)
    for line in lines:
        common = (
            line.get("link_id"),
            line.get("version"),
            line.get("endpoint"),
            line.get("operation"),
            line.get("attempt"),
        )
        if line["event"] == "write.intended":
            story[line["intent_id"]].append(("intended", *common, line["kind"], line["fields"]))
        if line["event"] == "write.outcome":
            told = (line["outcome"], line["reason"], line.get("not_before"))
            story[line["intent_id"]].append(("outcome", *common, line["kind"], told))
    return story


def story_in_events(events):
    """The same from the event log."""
    story, writes, attempts = defaultdict(list), {}, Counter()
    for link_id, recorded in events.items():
        kind = str(recorded[0].event.kind)
        for item in recorded:
            if isinstance(item.event, WritesIntended):
                for write in item.event.writes:
                    writes[write.intent_id] = write
                    common = (link_id, item.version, write.endpoint, write.operation.value, 1)
                    story[write.intent_id].append(("intended", *common, kind, sorted(write.fields)))
            elif hasattr(item.event, "intent_id"):
                intent = item.event.intent_id
                write = writes[intent]
                common = (link_id, item.version, write.endpoint, write.operation.value, attempts[intent] + 1)
                story[intent].append(("outcome", *common, kind, outcome_of(item.event)))
                attempts[intent] += isinstance(item.event, WritePostponed)
    return story


def outcome_of(event):
    match event:
        case WriteConfirmed(proof=proof):
            return ("confirmed" if proof is Proof.ANSWER else "found", "", None)
        case WriteRejected(reason=reason):
            return ("rejected", reason, None)
        case WriteOvertaken(reason=reason):
            return ("overtaken", reason, None)
        case WritePostponed(outcome=outcome, reason=reason, not_before=not_before):
            return (outcome, reason, not_before.isoformat())


# -- tests -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["info", "debug"])
def told(request, tmp_path_factory):
    """One run at each level for all tests; both alike otherwise."""
    return asyncio.run(run(tmp_path_factory.mktemp("run"), request.param))


@pytest.fixture
def level(request):
    """The level of that run."""
    return request.node.callspec.params["told"]


def test_the_run_had_every_kind_of_trouble(told):
    """More than a thousand writes, all outcomes, conflicts of both kinds; else the other tests prove little."""
    outcomes = Counter(it["outcome"] for it in told.lines if it["event"] == "write.outcome")
    assert set(outcomes) == {"confirmed", "found", "not_done", "unknown", "rejected", "overtaken"}
    assert sum(remote.effects[it] for remote in (told.left, told.right) for it in ("create", "update")) > 1_000
    events = {it["event"] for it in told.lines}
    assert events >= STORY | {"conflict.settled", "conflict.parked", "pass.problem", "call.retried"}


def test_every_line_is_in_the_published_schema(told, level):
    """All of them, those of other libraries too."""
    whole = Draft202012Validator(SCHEMA)
    # The schema tries one event after the other; each line is held against its own, and one of each shape against all.
    branches = {name: Draft202012Validator(branch) for name, branch in SCHEMA["$defs"].items()}
    shapes = {}
    for line in told.lines:
        ours = line["logger"] == "syncengine"
        branches[line["event"] if ours else "other"].validate(line)
        shapes[line["logger"], line["event"], *line] = line
    for line in shapes.values():
        whole.validate(line)
    assert ({it["logger"] for it in told.lines} == {"syncengine"}) is (level == "info")


def test_every_line_of_a_pass_says_which(told):
    """From its start to its end."""
    inside = None
    for line in told.lines:
        if line["event"] == "pass.started":
            assert inside is None
            inside = line["sync_id"]
        assert line.get("sync_id") == inside
        if line["event"] == "pass.ended":
            inside = None
    assert inside is None


def test_every_line_about_a_write_says_about_which(told, level):
    """The story itself; and what was called and waited for meanwhile."""
    about = [line for line in told.lines if line["event"] in STORY]
    assert all(set(line) >= ABOUT_A_WRITE for line in about)
    calls = [it for it in told.lines if it["event"] == "call.ended" and it["operation"] in {"create", "update"}]
    assert all(set(it) >= ABOUT_A_WRITE for it in calls)
    assert (len(calls) > 1_000) is (level == "debug")


def test_the_lines_tell_the_story_of_every_write_as_the_events_do(told):
    """In the same order, with the same attempts, outcomes, reasons and places in the log; from lines at "info" alone."""
    in_lines = story_in_lines(line for line in told.lines if line["level"] != "debug")
    in_events = story_in_events(told.events)
    assert len(in_events) > 1_000
    assert in_lines.keys() == in_events.keys()
    for intent, story in in_events.items():
        assert in_lines[intent] == story


def test_between_an_intent_and_its_outcome_somebody_called_or_looked(told):
    """Each outcome follows the one line that says so, of the same attempt; looking may be followed by a call."""
    before = {}
    for line in told.lines:
        event, intent = line["event"], line.get("intent_id")
        if event == "write.intended":
            before[intent] = []
        elif event in {"write.sent", "write.judged"}:
            before[intent].append((event, line["attempt"]))
        elif event == "write.outcome":
            assert len(before[intent]) == 1, line
            assert before[intent][0][1] == line["attempt"]
            # A create that is made again under the same id may be answered with the record of the first time.
            again = line["operation"] == "create" and line["attempt"] > 1
            wanted = "write.judged" if line["outcome"] == "found" and not again else None
            assert wanted in {None, before[intent][0][0]}
            before[intent] = []
    assert not any(before.values())
