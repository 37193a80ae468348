"""The sandbox answers recorded requests as the real server did: same status, same keys and types, same values.

Recordings are replayed in their order against one sandbox. Where the real server went through steps that were not
recorded (a bench run, the first visit of a browser), the step is made up for below, beside the recording it precedes.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from tests.integration.huly.replay import GOLDEN, Recording, Replay, load
from tests.integration.huly.rest import Rest

from connectors.huly.sandbox import HulySandbox, Person, SandboxSettings
from connectors.huly.sandbox.store import Blob

# The floor only ever rises.
COVERED = 152
NOT_COVERED = {
    "002-account-login.txt": "the real account service had not finished its own start",
    "108-front-upload.txt": "only the answer was recorded; the connector uploads nothing",
    "109-websocket.json": "the sandbox has no web socket",
    "120-find-search.txt": "the stand-in for the full text service was down; 123 is the answer when it runs",
}
DEFAULT_PROJECT = "tracker:project:DefaultProject"
ADMIN = "admin@example.com"
BOB = "bob@example.com"


@pytest.fixture
async def http():
    """A client without opinions on the answers."""
    async with aiohttp.ClientSession(auto_decompress=True) as session:
        yield session


def _by_hand() -> SandboxSettings:
    """Late steps run when the replay says so."""
    return SandboxSettings(join_delay_s=None, activity_delay_s=None)


def _person(sandbox: HulySandbox, slug: str, email: str) -> Person:
    directory = sandbox.service.directory
    workspace, account = directory.by_slug(slug), directory.by_email(email)
    assert workspace is not None
    assert account is not None
    return Person(desk=sandbox.service.desk(workspace), caller=workspace.caller(account))


def _store(sandbox: HulySandbox, slug: str):
    workspace = sandbox.service.directory.by_slug(slug)
    assert workspace is not None
    return workspace.store


def _first_visit(sandbox: HulySandbox, slug: str, email: str) -> None:
    """The web client makes the account an employee."""
    directory = sandbox.service.directory
    sandbox.service.desk(directory.by_slug(slug)).ensure_employee(directory.by_email(email))
    sandbox.settle()


def _set_sequence(sandbox: HulySandbox, number: int) -> None:
    """Other runs created issues in between."""
    _store(sandbox, "h3ws").domain("space")[DEFAULT_PROJECT]["sequence"] = number


def _bench_issues(sandbox: HulySandbox) -> None:
    person = _person(sandbox, "h3ws", ADMIN)
    sequence = _store(sandbox, "h3ws").domain("space")[DEFAULT_PROJECT]["sequence"]
    for title in ("bench 1", "bench 13"):
        person.create_issue(project=DEFAULT_PROJECT, title=title, number=7)
    _set_sequence(sandbox, sequence)


# Steps that were not recorded, by the recording that comes next.
UNRECORDED: dict[str, Callable[[HulySandbox], None]] = {
    "037-project-after-first-create.txt": lambda sandbox: _set_sequence(sandbox, 96),
    "064-tx-inc.txt": lambda sandbox: _set_sequence(sandbox, 1050),
    "077-find-employee.txt": lambda sandbox: _first_visit(sandbox, "h3ws", ADMIN),
    "108-front-file-get.txt": lambda sandbox: _store(sandbox, "h3ws").blobs.update(
        {"a.txt": Blob(text="hello attachment", content_type="text/plain")}
    ),
    "114-find-like.txt": _bench_issues,
}
# One issue of many, without `sort`: which one is nobody's promise.
ANY_ISSUE = {
    "099-bob-find-issues-after-create.txt",
    "100-bob-find-issues-after-employee.txt",
    "122-after-restart-find.txt",
}


async def _replay_transcripts(http: aiohttp.ClientSession) -> dict[str, list[str]]:
    """Differences of every recorded request, by name."""
    results: dict[str, list[str]] = {}
    async with HulySandbox(seeded=False, settings=_by_hand()) as sandbox:
        replay = Replay(sandbox=sandbox, http=http, loose=frozenset({"serverTime"}), by_form=frozenset({"rank"}))
        for recording in load("transcripts.jsonl"):
            if recording.name != "025-find-issue.txt":  # read before the author had become a member
                sandbox.settle()
            if recording.name in UNRECORDED:
                UNRECORDED[recording.name](sandbox)
            results[recording.name] = await _compare_transcript(replay, recording)
    return results


async def _compare_transcript(replay: Replay, recording: Recording) -> list[str]:
    if recording.name == "121-load-model.txt":
        return await _compare_model(replay, recording)
    if recording.name in ANY_ISSUE:
        anything = Replay(sandbox=replay.sandbox, http=replay.http, optional=frozenset({"isDone"}), bound=replay.bound)
        return await anything.differences(recording, shape_only=True)
    found = await replay.differences(recording)
    return [difference for difference in found if not _counts_unrecorded(recording, difference)]


def _counts_unrecorded(recording: Recording, difference: str) -> bool:
    """Whether a total counts a hundred issues of runs that were not recorded."""
    recorded = recording.response.get("total", 0) if isinstance(recording.response, dict) else 0
    return recorded > 100 and difference.startswith("$.total")


async def _compare_model(replay: Replay, recording: Recording) -> list[str]:
    """The recording was cut to the classes that the sandbox knows; the sandbox may know more."""
    answer = await replay.send(recording)
    by_id = {tx["objectId"]: tx for tx in answer.body}
    return [
        difference
        for tx in recording.response
        for difference in replay.compare({**tx, "_id": ""}, {**by_id[tx["objectId"]], "_id": ""}, tx["objectId"])
    ]


async def _parallel_runs(http: aiohttp.ClientSession) -> dict[str, list[str]]:
    """The scripted runs of many requests at once: 100 and 101b."""
    runs = json.loads((GOLDEN / "scripted_runs.json").read_text())
    async with HulySandbox() as sandbox:
        project = sandbox.create_project("Parallel", "PAR")
        caller = Rest(sandbox=sandbox, http=http, project=project.id)
        numbers = await asyncio.gather(*(caller.next_number() for _ in range(20)))
        guarded = await asyncio.gather(*(caller.create_guarded("one", scope="lock-a") for _ in range(20)))
        unguarded = await asyncio.gather(*(caller.create_guarded(f"free {turn}", scope=None) for turn in range(20)))
        same = await asyncio.gather(*(caller.create("same") for _ in range(10)))
        recorded = runs["100-concurrency.json"]
        sweep = [await asyncio.gather(*(caller.next_number() for _ in range(run["parallel"]))) for run in _sweep(runs)]
    checks = {
        "100-concurrency.json": {
            "numbers": (sorted(numbers), list(range(1, 21))),
            "one of twenty": (_successes(guarded), recorded["applyif_parallel_20_scope_lock-a"]["created"]),
            "all without scope": (_successes(unguarded), 20),
            "same id": (sorted(status for status, _ in same), _statuses(recorded["create_same_objectId_parallel_10"])),
            "text": ({str(body) for status, body in same if status == 500}, _texts(recorded)),
        },
        "101b-parallel-sweep-pool40.json": {
            f"{run['parallel']} at once": (len(set(found)), run["unique_seq"])
            for run, found in zip(_sweep(runs), sweep, strict=True)
        },
    }
    return _differences(checks)


def _sweep(runs: dict[str, Any]) -> list[dict[str, Any]]:
    return runs["101b-parallel-sweep-pool40.json"]


def _successes(answers: list[tuple[int, Any]]) -> int:
    return sum(1 for _, body in answers if body.get("success") is True)


def _statuses(answers: list[list[Any]]) -> list[int]:
    return sorted(status for status, _ in answers)


def _texts(recorded: dict[str, Any]) -> set[str]:
    return {str(body) for status, body in recorded["create_same_objectId_parallel_10"] if status == 500}


def _differences(checks: dict[str, dict[str, tuple[Any, Any]]]) -> dict[str, list[str]]:
    return {
        name: [f"{what}: {found!r}, recorded {wanted!r}" for what, (found, wanted) in parts.items() if found != wanted]
        for name, parts in checks.items()
    }


async def _rate_limit_run(http: aiohttp.ClientSession) -> dict[str, list[str]]:
    """103: the burst at the edge of the window, answer by answer."""
    recorded = json.loads((GOLDEN / "scripted_runs.json").read_text())["103-ratelimit.json"]
    first, refused = recorded[0], next(answer for answer in recorded if answer["status"] == 429)
    async with HulySandbox(settings=SandboxSettings(rate_limit=5)) as sandbox:
        caller = Rest(sandbox=sandbox, http=http, project="")
        answers = [await caller.generate_id() for _ in range(6)]
    statuses = [status for status, _, _ in answers]
    headers = answers[0][2]
    return _differences(
        {
            "103-ratelimit.json": {
                "the request that reaches the limit is refused": (statuses, [200, 200, 200, 200, 429, 429]),
                "body": (answers[-1][1], refused["body"]),
                "headers of an admitted one": (_names(headers, first), sorted(first["headers"])),
                "headers of a refused one": (_names(answers[-1][2], refused), sorted(refused["headers"])),
                "wait of an admitted one": (headers["Retry-After-ms"], first["headers"]["Retry-After-ms"]),
                "remaining": (answers[-1][2]["X-RateLimit-Remaining"], refused["headers"]["X-RateLimit-Remaining"]),
                "id": (len(answers[0][1]["id"]), len(first["body"]["id"])),
            }
        }
    )


def _names(headers: Any, recorded: dict[str, Any]) -> list[str]:
    return sorted(name for name in recorded["headers"] if name in headers)


async def _batch_run(http: aiohttp.ClientSession) -> dict[str, list[str]]:
    """107: many creates in one group get one time stamp and one rank."""
    recorded = json.loads((GOLDEN / "scripted_runs.json").read_text())["107-applyif-batch.json"]
    parts: dict[str, tuple[Any, Any]] = {}
    async with HulySandbox() as sandbox:
        project = sandbox.create_project("Batch", "BAT")
        caller = Rest(sandbox=sandbox, http=http, project=project.id)
        for size, run in recorded.items():
            status, body = await caller.create_many(f"batch-{size}", int(size))
            issues = await caller.list_issues({"title": f"batch-{size}"})
            parts[f"{size} answered"] = ((status, body["success"]), (run["status"], run["result"]["success"]))
            parts[f"{size} found"] = (len(issues), run["found"])
            parts[f"{size} ranks"] = (len({issue["rank"] for issue in issues}), run["distinct_ranks"])
            parts[f"{size} stamps"] = (len({issue["modifiedOn"] for issue in issues}), run["distinct_modifiedOn"])
    return _differences({"107-applyif-batch.json": parts})


async def _cascade_run(http: aiohttp.ClientSession) -> dict[str, list[str]]:
    """150: what a removed parent takes along, and how long an address may be."""
    recorded = json.loads((GOLDEN / "scripted_runs.json").read_text())["150-cascade-longget.json"]
    async with HulySandbox() as sandbox:
        project = sandbox.create_project("Cascade", "CAS")
        caller = Rest(sandbox=sandbox, http=http, project=project.id)
        parent = sandbox.create_issue("CAS", "cascade parent")
        child = sandbox.create_issue("CAS", "child", parent=parent.id)
        await caller.comment(parent.id, "comment-1")
        before = await caller.list_issues({"_id": parent.id}, comments=1, subIssues=1, modifiedOn=1)
        sandbox.edit_issue(parent.id, title="renamed")
        renamed = await caller.list_issues({"_id": child.id}, parents=1, modifiedOn=1)
        removed = await caller.remove(parent.id)
        logged = [len(await caller.removals_of(gone)) for gone in (parent.id, child.id, "comment-1")]
        gone = [await caller.list_issues({"_id": child.id}), await caller.list_comments(parent.id)]
        short, long = await caller.list_by_url(300), await caller.list_by_url(500)
        many = await caller.list_issues({"_id": {"$in": [f"no-{number}" for number in range(8010)]}})
    link = recorded["child_parents_after_rename"][0]["parents"][0]
    return _differences(
        {
            "150-cascade-longget.json": {
                "keys before": (sorted(before[0]), sorted(recorded["parent_before"][0])),
                "counters": ((before[0]["comments"], before[0]["subIssues"]), (1, 1)),
                "chain": (sorted(renamed[0]["parents"][0]), sorted(link)),
                "title in the chain": (renamed[0]["parents"][0]["parentTitle"], link["parentTitle"]),
                "remove": (list(removed), recorded["remove"]),
                "gone": ([len(rest) for rest in gone], [0, recorded["comment_after"]]),
                "logged": (logged, [recorded[f"txremove_{what}"] for what in ("parent", "child", "comment")]),
                "shorter address": (list(short), recorded["get_in_300_url_10278"]),
                "longer address": (list(long), recorded["get_in_500_url_17078"]),
                "8010 ids by POST": ([200, len(many)], recorded["post_in_8010"][:2]),
            }
        }
    )


async def _time_stamp_run(http: aiohttp.ClientSession) -> dict[str, list[str]]:
    """151: everything that is done around an issue moves its time stamp."""
    recorded = json.loads((GOLDEN / "scripted_runs.json").read_text())["151-modifiedOn.json"]
    clock = _Steps()
    async with HulySandbox(settings=SandboxSettings(activity_delay_s=None, clock=clock)) as sandbox:
        project = sandbox.create_project("Stamps", "STA")
        caller = Rest(sandbox=sandbox, http=http, project=project.id)
        issue = sandbox.create_issue("STA", "watched")
        steps: dict[str, Callable[[], Awaitable[Any]]] = {
            "created": lambda: asyncio.sleep(0),
            "comment": lambda: caller.comment(issue.id, "c1"),
            "subissue": lambda: _by_a_person(sandbox.create_issue, "STA", "sub", parent=issue.id),
            "subissue estimation": lambda: _by_a_person(sandbox.edit_issue, "STA-2", estimation=3),
            "label": lambda: caller.label(issue.id, "l1"),
            "no-change update": lambda: _by_a_person(sandbox.edit_issue, issue.id, title="watched"),
        }
        seen = []
        for step in steps.values():
            clock.ahead += 0.5
            await step()
            sandbox.settle()
            wanted = {key: 1 for key in ("labels", *recorded[0][1]) if not key.startswith("_")}
            seen.append((await caller.list_issues({"_id": issue.id}, **wanted))[0])
    stamps = [state["modifiedOn"] for state in seen]
    parts: dict[str, tuple[Any, Any]] = {"order": (list(steps), [name for name, _ in recorded])}
    for (name, state), found in zip(recorded, seen, strict=True):
        parts[name] = (_without_stamps(found), _without_stamps(state))
    parts["every step moves it"] = (len(set(stamps)), len({state["modifiedOn"] for _, state in recorded}))
    parts["forwards"] = (stamps, sorted(stamps))
    return _differences({"151-modifiedOn.json": parts})


async def _by_a_person(edit: Callable[..., Any], *arguments: Any, **more: Any) -> None:
    edit(*arguments, **more)


def _without_stamps(state: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in state.items() if key not in {"modifiedOn", "modifiedBy"}}


async def test_recorded_requests_get_the_recorded_answers(http, capsys):
    """Every recording that the sandbox supports is answered alike, and their number has not dropped."""
    results = await _replay_transcripts(http)
    for run in (_parallel_runs, _rate_limit_run, _batch_run, _cascade_run, _time_stamp_run):
        results |= await run(http)
    recorded = (GOLDEN / "transcript_names.txt").read_text().split()
    covered = [name for name, differences in results.items() if not differences]
    with capsys.disabled():
        print(f"\nhuly sandbox: {len(covered)} of {len(recorded)} recordings answered alike")
    different = {name: found[:5] for name, found in results.items() if found and name not in NOT_COVERED}
    assert different == {}
    assert set(recorded) - set(covered) == set(NOT_COVERED)
    assert len(covered) >= COVERED


class _Steps:
    """A clock that runs, and can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead
