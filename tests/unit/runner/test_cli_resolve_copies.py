"""`syncengine resolve` about records that carry the key of an item."""

import asyncio
import json

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.domain.events import CopyFound
from syncengine.domain.identity import link_id_for
from syncengine.domain.records import FieldValues, RecordRef
from syncengine.engine.ports import Append
from tests.unit.adapters.sample_events import NOON

COPY = RecordRef("right", "shelf", "copy-1")


def with_a_copy(home, sign):
    """A copy of the first book was found on the right, by its key or by its looks."""
    home.run("run", "--once")
    home.right.put("copy-1", title="Emma", status="")
    link_id = link_id_for("left", "shelf", "b1")

    async def find():
        fields = FieldValues(title="Emma", status="")
        async with open_log(home.log) as log:
            found = CopyFound(ref=COPY, kind="issue", fields=fields, taken_at=NOON, sign=sign)
            version = log.stream_version(link_id)
            await log.append(Append(stream_id=link_id, after_version=version, events=(found,)), caused_by="test")

    asyncio.run(find())
    return home


@pytest.fixture
def copied(home):
    return with_a_copy(home, "key")


def test_what_only_looks_like_the_item_is_kept_or_new_and_not_ignored(home):
    """Nobody would know it again; status and the story say why it waits."""
    with_a_copy(home, "looks")
    done = home.run("resolve", "B1", "--ignore", "copy-1")
    assert done.exit_code == 2
    assert "copy-1 carries no key to know it by later; use --keep or --as-new" in " ".join(done.stderr.split())
    (parked,) = json.loads(home.run("status", "--json").stdout)["parked"]
    assert parked["reason"] == "Emma looks like what may have been made for this item and is another record"
    told = home.run("explain", "B1").stdout
    assert "right/shelf/copy-1 looks like what may have been made for this item and is another record" in told
    assert home.run("resolve", "B1", "--as-new", "copy-1").exit_code == 0


def test_status_and_resolve_show_it_beside_the_record_of_the_item(copied):
    """With the way out."""
    (parked,) = json.loads(copied.run("status", "--json").stdout)["parked"]
    assert (parked["subject"], parked["reason"]) == (
        f"copy:{COPY}",
        "Emma carries the key of this item and is another record",
    )
    assert "--as-new" in parked["way_out"]
    told = copied.run("resolve", "B1").stdout
    assert "right/shelf/right-1" in told
    assert "the item's record" in told
    assert str(COPY) in told
    assert "--keep RECORD" in told


@pytest.mark.parametrize("name", ["copy-1", "right/shelf/copy-1"])
def test_a_copy_is_ignored_by_its_id_or_its_place(copied, name):
    """The next pass does it, and the story of the item says who decided."""
    done = copied.run("resolve", "B1", "--ignore", name)
    assert done.exit_code == 0, done.stderr
    assert "the next pass will leave right/shelf/copy-1 alone" in done.stdout
    copied.run("run", "--once")
    standing = json.loads(copied.run("status", "--json").stdout)
    assert (standing["parked"], standing["asked"]) == ([], [])
    told = copied.run("explain", "B1").stdout
    assert "waits for a person: right/shelf/copy-1 carries the key of this item and is another record" in told
    assert "decided: right/shelf/copy-1 is left alone" in told


def test_a_copy_is_kept(copied):
    """The item has another record on the right from then on."""
    copied.run("resolve", "B1", "--keep", "copy-1")
    assert copied.run("run", "--once").exit_code == 0
    copied.right.put("copy-1", title="Emma, second edition")
    copied.run("run", "--once")
    assert copied.left.read()["books"]["b1"]["title"] == "Emma, second edition"


@pytest.mark.parametrize(
    ("arguments", "way_out"),
    [
        (("--keep", "copy-2"), "copy-2 is no copy of B1; --keep takes right/shelf/copy-1"),
        (("--keep", "copy-1", "--ignore", "copy-1"), "give one of --keep and --ignore, not both"),
    ],
)
def test_mistakes_are_explained(copied, arguments, way_out):
    """With exit code 2."""
    done = copied.run("resolve", "B1", *arguments)
    assert done.exit_code == 2
    assert way_out in " ".join(done.stderr.replace("│", " ").split())
