"""`syncengine pause` and `resume`: an endpoint, a project or an item by the names people know."""

import asyncio
import json

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.domain.events import Operation, Write, WriteRejected, WritesIntended
from syncengine.domain.identity import ContainerId, EndpointName, IntentId
from syncengine.domain.records import FieldValues
from syncengine.engine.ports import Append


@pytest.fixture
def synced(home):
    """Both books on both sides."""
    home.run("run", "--once")
    return home


def title_on_right(home, name="right-1"):
    return home.right.read()["books"][name]["title"]


@pytest.mark.parametrize(
    ("place", "what"),
    [("right", "the endpoint right"), ("right/shelf", "the container right/shelf"), ("Emma", "the item B1")],
)
def test_what_is_paused_is_shown_and_left_alone_until_it_is_resumed(synced, place, what):
    """With the reason, and with the line that ends it."""
    done = synced.run("pause", place, "--reason", "moving house")
    assert done.exit_code == 0, done.stderr
    assert "is left alone from the next pass on" in done.stdout
    synced.left.put("b1", title="Emma Woodhouse")
    assert synced.run("run", "--once").exit_code == 0
    assert title_on_right(synced) == "Emma"
    (paused,) = json.loads(synced.run("status", "--json").stdout)["paused_places"]
    assert (paused["what"], paused["reason"]) == (what, "moving house")
    told = synced.run("status").stdout
    assert f"paused      {what} by " in told
    command = paused["way_out"].strip("`").split()
    assert command[:2] == ["syncengine", "resume"]
    done = synced.run(*command[1:])
    assert done.exit_code == 0, done.stderr
    assert "goes on with the next pass" in done.stdout
    synced.run("run", "--once")
    assert title_on_right(synced) == "Emma Woodhouse"
    assert json.loads(synced.run("status", "--json").stdout)["paused_places"] == []


def test_it_can_be_asked_while_another_process_writes_the_log(synced):
    """Nobody has to stop the service to make it leave something alone."""

    async def beside_a_writer():
        async with open_log(synced.log, command="the service") as log:
            done = await asyncio.to_thread(synced.run, "pause", "right")
            return done, len(log.inbox.waiting())

    done, waiting = asyncio.run(beside_a_writer())
    assert (done.exit_code, waiting) == (0, 1), done.stderr


def test_an_endpoint_without_records_can_be_paused(home):
    """Before the first sync, by its name in the settings."""
    home.left.write({"weather": "fine", "books": {}})
    home.run("run", "--once")
    assert home.run("pause", "right").exit_code == 0
    given = home.run("pause", "right", "--log", str(home.log))
    assert (given.exit_code, 'is known as "right"' in given.stderr) == (2, True), "other settings may belong to that log"


@pytest.mark.parametrize("command", ["pause", "resume"])
@pytest.mark.parametrize("place", ["middle", "middle/shelf", "right/cellar"])
def test_an_unknown_place_is_no_place(synced, command, place):
    """And nothing is asked for."""
    done = synced.run(command, place)
    assert done.exit_code == 2
    assert f'is known as "{place}"' in done.stderr
    assert json.loads(synced.run("status", "--json").stdout)["asked"] == []


@pytest.fixture
def doubtful(synced):
    """Nobody can find out whether a book was created on a third endpoint that keeps no key."""

    async def gives_up():
        async with open_log(synced.log, command="a test") as log:
            book, *_ = log.views.find("Emma")
            write = Write(
                intent_id=IntentId("i1"),
                endpoint=EndpointName("middle"),
                container=ContainerId("shelf"),
                operation=Operation.CREATE,
                ref=None,
                fields=FieldValues(title="Emma"),
                stored=FieldValues(title="Emma"),
            )
            lost = WriteRejected(intent_id=write.intent_id, reason="look there", error="OutcomeUnknown")
            events = WritesIntended(basis={}, writes=(write,)), lost
            version = log.stream_version(book.link_id)
            await log.append(Append(stream_id=book.link_id, after_version=version, events=events), caused_by="test")

    asyncio.run(gives_up())
    return synced


def asked(home):
    return [it["request"] for it in json.loads(home.run("status", "--json").stdout)["asked"]]


def test_what_is_in_doubt_waits_on_unless_a_person_has_looked(doubtful):
    """And both are said."""
    done = doubtful.run("resume", "Emma")
    assert done.stdout.splitlines()[1:] == ["one thing waits on: look there"]
    assert "look there" in doubtful.run("explain", "Emma").stdout
    done = doubtful.run("resume", "Emma", "--create")
    assert "goes on with the next pass, which has it created" in done.stdout
    assert "waits on" not in done.stdout
    assert [it.endswith(" and have it created") for it in asked(doubtful)] == [False, True]


@pytest.mark.parametrize("place", ["Emma", "right", "right/shelf"])
def test_where_nothing_is_in_doubt_nothing_has_to_be_created(synced, place):
    """The person may have meant another item."""
    done = synced.run("resume", place, "--create")
    assert done.exit_code == 2
    assert "is in doubt; leave --create out" in " ".join(done.stderr.replace("│", " ").split())
    assert asked(synced) == []
