"""The command `explain`, in this process."""

import asyncio
import json
import re
from uuid import uuid4

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.domain.events import RecordObserved
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.engine.ports import Append
from syncengine.runner.cli import exit_codes
from tests.unit.runner.manual_clock import ManualClock


def emma(home):
    """The id of the item "Emma"."""
    found = json.loads(home.run("explain", "Emma", "--json").stdout)
    return found["link_id"]


def test_the_story_of_an_item_by_any_of_its_names(home):
    """Label, record id, title, or the id of the item, with or without dashes."""
    home.run("run", "--once")
    whole = emma(home)
    stories = {home.run("explain", name).stdout for name in ("Emma", "B1", "right-1", whole, whole.replace("-", ""))}
    assert len(stories) == 1
    lines = stories.pop().splitlines()
    assert lines[0] == f"item {whole}"
    assert [line.partition("UTC  ")[2] for line in lines[1:]] == [
        'first seen on left as B1 (b1 in shelf): title "Emma", status "todo"',
        'decided to create it on right: title "Emma", status "todo", because status and title missing on right',
        lines[3].partition("UTC  ")[2],
        "right answered: created, RIGHT-1 (right-1 in shelf)",
        "now: nothing is open; it is on left (B1) and right (RIGHT-1)",
    ]
    assert re.search(r"saved that intent \(intent [0-9a-f]{8}\) before calling right$", lines[3])


def test_containers_are_named_by_their_projects(home):
    """Where they are records themselves, as projects are."""
    home.run("run", "--once")
    asyncio.run(_add_project(home))
    told = home.run("explain", "Emma").stdout
    assert "first seen on left as B1 (b1 in Novels): " in told
    assert "right answered: created, RIGHT-1 (right-1 in shelf)" in told


async def _add_project(home):
    ref = RecordRef("left", "", "shelf")
    event = RecordObserved(ref=ref, kind="project", fields=FieldValues(), taken_at=ManualClock().now(), label="Novels")
    async with open_log(home.log) as log:
        await log.append(Append(stream_id=uuid4(), after_version=0, events=(event,)), caused_by="test")


def test_a_story_for_programs(home):
    """Sentences with their times."""
    home.run("run", "--once")
    told = json.loads(home.run("explain", "Emma", "--json").stdout)
    assert told["story"][0]["text"].startswith("first seen on left as B1")
    assert told["story"][0]["at"].endswith("+00:00")


def test_several_items_of_one_name_are_listed(home):
    """With the ids to ask again with."""
    home.left.put(title="Emma")
    home.run("run", "--once")
    done = home.run("explain", "Emma")
    assert done.exit_code == exit_codes.SETTINGS
    assert done.stdout.startswith('"Emma" may mean 2 items; ask again with the id of one of them:')
    assert re.search(r"[-0-9a-f]{36} +left/shelf/b1 \(B1\), right/shelf/right-\d \(RIGHT-\d\)\n", done.stdout)
    matches = json.loads(home.run("explain", "Emma", "--json").stdout)["matches"]
    assert home.run("explain", matches[0]["link_id"]).exit_code == 0


@pytest.mark.parametrize("name", ["Ema", "00000000-0000-0000-0000-000000000000"])
def test_nothing_of_that_name(home, name):
    """Says what to try."""
    home.run("run", "--once")
    done = home.run("explain", name)
    assert done.exit_code == exit_codes.SETTINGS
    assert f'is known as "{name}". Try its label' in done.stderr
