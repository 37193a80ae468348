"""`syncengine verify` and `syncengine salvage`: what is sound, what is not, and the way out."""

import asyncio
import json

import pytest

from syncengine.adapters.event_log import open_log
from syncengine.adapters.log_report import CHECKS
from syncengine.runner.cli import exit_codes
from tests.unit.adapters.damaged_logs import change, reseal, seals_of

CHANGED = "state = CAST(replace(state, 'Emma', 'Anna') AS BLOB)"


def put(home, target):
    """A log in the place of the log, as the messages tell people to."""
    for leftover in (home.log, *home.folder.glob("log.db-*")):
        leftover.unlink(missing_ok=True)
    target.rename(home.log)


def test_a_sound_log(home):
    """Every check in a line; as JSON for programs."""
    home.run("run", "--once")
    done = home.run("verify")
    assert (done.exit_code, done.stderr) == (0, "")
    first, *lines = done.stdout.splitlines()
    assert first.startswith(f"event log   {home.log}: ")
    assert first.endswith(" events, all sound")
    assert [line.split()[0] for line in lines] == list(CHECKS)

    report = json.loads(home.run("verify", "--json").stdout)
    assert report["sound"] is True
    assert report["events"] == report["sound_up_to"] > 0
    assert [it["check"] for it in report["checks"]] == list(CHECKS)
    assert report["ways_out"] == []


async def test_a_log_that_is_being_written(home):
    """Nobody has to stop for it, and nothing is changed by it."""
    await asyncio.to_thread(home.run, "run", "--once")
    async with open_log(home.log) as log:
        await log.probe()
        done = await asyncio.to_thread(home.run, "verify")
        await log.probe()
    assert done.exit_code == 0, done.stdout


def test_damage_is_named_with_what_can_be_used_and_what_to_do(home):
    """Exit code 4; the sync does not go on with such a log, either."""
    home.run("run", "--once")
    before = seals_of(home.log)[-2].position
    events = seals_of(home.log)[-1].position
    change(home.log, f"UPDATE stored_events SET topic = 'link.closed' WHERE rowid = {events}")

    done = home.run("verify")
    assert done.exit_code == exit_codes.LOG
    assert done.stdout.startswith(
        f"event log   {home.log}: damaged; its {events} events are sound up to position {before}\n"
    )
    assert f"DAMAGED: the events {before + 1} to {events} are not as they were stored" in done.stdout
    assert "way out: stop the sync, take the last file that `syncengine backup` made, put it in the place of" in done.stderr
    assert f"or: stop the sync, run `syncengine salvage NEW_FILE`, which saves the events up to {before}" in done.stderr
    report = json.loads(home.run("verify", "--json").stdout)
    assert (report["sound"], report["sound_up_to"], len(report["ways_out"])) == (False, before, 2)

    for command in (("run", "--once"), ("backup", str(home.folder / "copy.db"))):
        done = home.run(*command)
        assert done.exit_code == exit_codes.LOG
        assert f"the event log {home.log} is damaged" in done.stderr
        assert f"save its events up to {before} with `syncengine salvage`" in done.stderr
    assert not (home.folder / "copy.db").exists()


def test_what_is_sound_is_saved_and_the_sync_goes_on_with_it(home):
    """Records that were made meanwhile are found again; nothing is made twice, nothing is deleted."""
    home.run("run", "--once")
    middle = len(seals_of(home.log)) // 2
    before, damaged = seals_of(home.log)[middle - 1].position, seals_of(home.log)[middle].position
    change(home.log, f"UPDATE stored_events SET state = x'00' WHERE rowid = {damaged}")
    target = home.folder / "saved.db"

    done = home.run("salvage", str(target))
    assert done.exit_code == 0, done.stderr
    assert f"saved {before} events of {home.log} in {target}; " in done.stdout
    assert "after them cannot be trusted; to go on with it, stop the sync and put it in the place of log.db" in done.stdout
    assert [it.name for it in home.folder.glob("saved*")] == ["saved.db"]
    assert [seal.position for seal in seals_of(target)] == [seal.position for seal in seals_of(home.log)[:middle]]

    titles = home.left.titles(), home.right.titles()
    put(home, target)
    assert home.run("verify").exit_code == 0
    assert home.run("run", "--until-quiet").exit_code == 0
    assert (home.left.titles(), home.right.titles()) == titles
    assert home.run("verify").exit_code == 0


def test_all_events_of_a_log_whose_views_or_pages_are_damaged_are_saved(home):
    """The events are what counts."""
    home.run("run", "--once")
    events = seals_of(home.log)[-1].position
    change(home.log, "UPDATE view_records SET digest = x'00'")
    done = home.run("verify")
    assert done.exit_code == exit_codes.LOG
    assert "DAMAGED: view_records differ from what the events say" in done.stdout
    assert done.stderr == "way out: stop the sync and run `syncengine rebuild-views`; nothing is lost\n"

    done = home.run("salvage", str(home.folder / "saved.db"))
    assert f"saved {events} events of {home.log} in {home.folder / 'saved.db'}; that is all of them; to go" in done.stdout
    assert home.run("rebuild-views").exit_code == 0
    assert home.run("verify").exit_code == 0


def test_a_log_of_a_newer_version_is_not_called_damaged(home):
    """The newer version can read it; a backup of it can still be made."""
    home.run("run", "--once")
    reseal(home.log, "UPDATE stored_events SET topic = 'link.teleported' WHERE rowid = 2")
    done = home.run("verify")
    assert done.exit_code == exit_codes.LOG
    assert "there is no event named 'link.teleported' here" in done.stdout
    assert "use the newest version that wrote this log" in done.stderr
    assert home.run("backup", str(home.folder / "copy.db")).exit_code == 0


@pytest.mark.parametrize("command", [("verify",), ("salvage", "new.db")])
def test_there_must_be_a_log(home, command):
    """None is made by looking for one."""
    done = home.run(*command)
    assert done.exit_code == exit_codes.LOG
    assert "there is no event log at" in done.stderr
    assert not home.log.exists()


def test_a_salvaged_log_is_not_written_over_anything(home):
    """As a backup."""
    home.run("run", "--once")
    (home.folder / "there.db").write_text("precious")
    done = home.run("salvage", str(home.folder / "there.db"))
    assert (done.exit_code, "is there already and is not written over" in done.stderr) == (4, True)
    assert (home.folder / "there.db").read_text() == "precious"
