"""The command `status`, in this process."""

import asyncio
import json
import os
import re
import socket

import pytest
from typer.testing import CliRunner

from syncengine.adapters.event_log import open_log
from syncengine.adapters.lease import hold_lease
from syncengine.domain.events import (
    ConflictParked,
    EndpointPaused,
    Evidence,
    Operation,
    RecordGone,
    RecordObserved,
    Write,
    WritePostponed,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import endpoint_stream, link_id_for
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.engine.ports import Append
from syncengine.runner.cli import app, exit_codes
from tests.unit.runner.manual_clock import ManualClock


def test_status_after_a_good_pass(home):
    """Durability, the last pass, and what is known."""
    home.run("run", "--once")
    home.run("run", "--once")
    told = home.run("status").stdout.splitlines()
    assert re.fullmatch(rf"event log   {re.escape(str(home.log))}: \d+ events, WAL, synchronous=FULL", told[0])
    assert told[1] == "written by  nobody at the moment"
    assert re.fullmatch(r"last pass   [-\d]+ [:\d]+ UTC, \d+ s ago: 0 changed, no writes", told[2])
    assert told[3:] == ["records     left 2, right 2; 2 items", "open writes 0; waiting items 0"]


def test_status_lists_what_is_open_what_waits_and_why(home):
    """Open writes with their age, parked items with a way out, paused endpoints, skipped passes."""
    home.run("run", "--once")
    asyncio.run(_trouble(home))
    standing = json.loads(home.run("status", "--json").stdout)
    assert [(it["item"], it["endpoint"], it["attempts"], it["outcome"]) for it in standing["open_writes"]] == [
        ("B9", "right", 1, "unknown"),
        ("b8", "right", 0, None),
    ]
    ways = {it["subject"]: (it["item"], it["way_out"]) for it in standing["parked"]}
    assert ways["field:status"] == ("B1", "choose with `syncengine resolve ITEM`, or make the field the same everywhere")
    assert ways["write:right"][1].startswith("remove the cause and use `syncengine resume ITEM`")
    assert ways["gone:left"][1].startswith("if it was deleted, delete it elsewhere too; if it is hidden")
    assert (standing["vanished"], standing["postponed"], standing["skipped_passes"]) == (1, 1, 1)
    assert standing["paused"][0]["endpoint"] == "right"
    told = home.run("status").stdout
    assert "open writes 2; waiting items 3" in told
    assert "1 passes were skipped so far because the one before was still running" in told
    assert re.search(r"paused      right, for \d+ s: it moved", told)
    assert re.search(r"b8 +right +\d+ s +0 +no outcome saved yet; the next pass looks before it sends", told)
    assert re.search(r"B9 +right +\d+ s +1 +looked for not before 2024-05-01 08:00:00 UTC: the answer was lost", told)
    assert re.search(
        r"B1 +field:status +\d+ s +changed on both +choose with `syncengine resolve ITEM`, or make the field the", told
    )


async def _trouble(home):
    """Puts one of everything into the log."""
    first, second = (link_id_for("left", "shelf", name) for name in ("b1", "b2"))
    async with open_log(home.log) as log:

        async def add(link_id, *events):
            version = len(await log.load(link_id))
            await log.append(Append(stream_id=link_id, after_version=version, events=events), caused_by="test")

        await add(first, ConflictParked(field="status", rule="r", reason="changed on both", versions={"left": "a"}))
        await add(first, _intent("i1"), WriteRejected(intent_id="i1", reason="too long"))
        gone = RecordRef("left", "shelf", "b2")
        await add(second, RecordGone(ref=gone, evidence=Evidence.ABSENT, taken_at=ManualClock().now().replace(year=2100)))
        for name, label in (("b9", "B9"), ("b8", None)):
            await add(link_id_for("left", "shelf", name), _seen(name, label), _intent(f"i-{name}"))
        lost = {"outcome": "unknown", "not_before": ManualClock().now(), "reason": "the answer was lost"}
        await add(link_id_for("left", "shelf", "b9"), WritePostponed(intent_id="i-b9", **lost))
        paused = EndpointPaused(endpoint="right", reason="it moved", error="EndpointGone")
        await add(endpoint_stream("right"), paused)
        await log.heartbeat.note_skipped()


def _seen(name, label):
    ref = RecordRef("left", "shelf", name)
    return RecordObserved(ref=ref, kind="issue", fields=FieldValues(), taken_at=ManualClock().now(), label=label)


def _intent(intent_id):
    write = Write(
        intent_id=intent_id,
        endpoint="right",
        container="shelf",
        operation=Operation.CREATE,
        ref=None,
        fields=FieldValues(title="x"),
        stored=FieldValues(title="x"),
    )
    return WritesIntended(basis={}, writes=(write,))


def test_status_before_the_first_pass(home):
    """There is a log, but no pass yet; its last problems are shown later."""
    asyncio.run(_only_open(home))
    assert "last pass   none yet" in home.run("status").stdout
    home.left.weather("fine")
    home.run("run", "--once")
    home.right.write({**home.right.read(), "books": {}})
    home.run("run", "--once")
    assert "            problem: books: SuspiciousListing: right/shelf lists nothing" in home.run("status").stdout


async def _only_open(home):
    async with open_log(home.log):
        pass


def test_status_says_who_writes_the_log(home):
    """Somebody who was killed left only the name behind; another host cannot be asked."""
    home.run("run", "--once")
    with hold_lease(home.log, command="syncengine run"):
        held = json.loads(home.run("status", "--json").stdout)["log"]["held_by"]
        assert held.startswith(f"process {os.getpid()} on {socket.gethostname()} since ")
    note = home.log.with_name("log.db.holder.json")
    names = {"pid": 2**22 + 1, "host": socket.gethostname(), "command": "syncengine run", "since": "2024"}
    note.write_text(json.dumps(names), "utf-8")
    assert "written by  nobody at the moment" in home.run("status").stdout
    note.write_text(json.dumps({**names, "host": "elsewhere"}), "utf-8")
    assert "written by  process 4194305 on elsewhere since 2024 (syncengine run)" in home.run("status").stdout


@pytest.mark.parametrize("command", [("status",), ("explain", "Emma"), ("rebuild-views",)])
def test_commands_about_a_log_that_is_not_there(home, command):
    """Exit code 4, and no log is made."""
    done = home.run(*command)
    assert done.exit_code == exit_codes.LOG
    assert done.stderr.startswith(f"syncengine: there is no event log at {home.log} yet; run a sync first")
    assert not home.log.exists()


def test_a_log_of_an_embedding_program_needs_no_settings(home, tmp_path):
    """`--log` names it."""
    home.run("run", "--once")
    for command in (["status"], ["explain", "Emma"], ["rebuild-views"]):
        done = CliRunner().invoke(app, ["--config", str(tmp_path / "none.toml"), *command, "--log", str(home.log)])
        assert done.exit_code == 0, done.output
