"""One writer per log, with real processes."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from syncengine.adapters.lease import hold_lease, lease_holder
from syncengine.adapters.lease_row import LeaseHolder
from syncengine.errors import AnotherWriter, LeaseLost, LogMisconfigured
from tests.unit.adapters.sample_events import NOON

HOLD = """
import sys
from pathlib import Path
from syncengine.adapters.lease import hold_lease
with hold_lease(Path(sys.argv[1]), command="syncengine run"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holding(path):
    """A process that holds the lease until its input ends."""
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert child.stdout.readline() == "held\n"
        yield child
    finally:
        child.kill()
        child.communicate()


def test_a_second_process_is_told_who_writes(tmp_path):
    """Which process, where, since when, and what to do."""
    path = tmp_path / "log.db"
    with holding(path) as child:
        with pytest.raises(AnotherWriter) as refused, hold_lease(path):
            pass

        holder = lease_holder(path)

    assert (holder.pid, holder.host, holder.command) == (child.pid, socket.gethostname(), "syncengine run")
    assert str(refused.value) == (
        f"the event log {path} is being written by process {child.pid} on {socket.gethostname()} since {holder.since} "
        "(syncengine run); stop it or use another log"
    )


def test_a_killed_process_lets_go(tmp_path):
    """SIGKILL leaves no time to clean up; its name is replaced by the next one's."""
    path = tmp_path / "log.db"
    with holding(path) as child:
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait() == -signal.SIGKILL
        assert lease_holder(path).pid == child.pid

        with hold_lease(path):
            assert lease_holder(path).pid == os.getpid()


def test_a_process_that_ends_lets_go_and_takes_its_name_away(tmp_path):
    """Nobody is named who does not write any more."""
    path = tmp_path / "log.db"
    with holding(path) as child:
        child.stdin.close()
        assert child.wait() == 0
        child.stdin = None

        assert lease_holder(path) is None
        with hold_lease(path):
            pass


def test_the_lease_is_not_for_two_parts_of_one_process_either(tmp_path):
    """Two writers in one process would be as bad."""
    path = tmp_path / "log.db"
    told = rf"process {os.getpid()} .*\(one\)"
    with (
        hold_lease(path, command="one") as lease,
        pytest.raises(AnotherWriter, match=told),
        hold_lease(path, command="two"),
    ):
        pass

    assert lease.holder.command == "one"
    with hold_lease(path):
        pass


def test_leases_of_different_logs_do_not_meet(tmp_path):
    """One process may write several logs."""
    with hold_lease(tmp_path / "a.db"), hold_lease(tmp_path / "b.db"):
        assert lease_holder(tmp_path / "a.db") is not None


def test_a_holder_says_since_when(tmp_path):
    """And what it is called by default: the program, not its arguments, which may hold secrets."""
    path = tmp_path / "log.db"
    with hold_lease(path, now=lambda: NOON) as lease:
        pass

    assert lease.holder == LeaseHolder(
        pid=os.getpid(),
        host=socket.gethostname(),
        command=Path(sys.argv[0]).name or "python",
        since="2025-03-04T12:00:00+00:00",
    )


@pytest.mark.parametrize("note", ["", "{", "[]", '{"pid": 1}', '{"pid": 1, "mood": "good"}'])
def test_an_unreadable_name_is_no_name(tmp_path, note):
    """Somebody may have written anything there; the lock is what counts."""
    path = tmp_path / "log.db"
    with holding(path):
        (tmp_path / "log.db.holder.json").write_text(note)

        assert lease_holder(path) is None
        with pytest.raises(AnotherWriter, match="written by another process; stop it"), hold_lease(path):
            pass


def test_the_name_is_written_whole(tmp_path):
    """Plain data that other programs can read, too; no draft stays behind."""
    path = tmp_path / "log.db"
    with hold_lease(path, command="me"):
        assert json.loads((tmp_path / "log.db.holder.json").read_text())["command"] == "me"
        assert sorted(entry.name for entry in tmp_path.iterdir()) == ["log.db.holder.json", "log.db.lock"]

    assert [entry.name for entry in tmp_path.iterdir()] == ["log.db.lock"]


def test_a_lock_that_cannot_be_made_names_the_path(tmp_path):
    """And says what would help."""
    path = tmp_path / "log.db"
    (tmp_path / "log.db.lock").mkdir()

    with pytest.raises(LogMisconfigured, match=r"lock file of the event log .*log\.db cannot be made"), hold_lease(path):
        pass


def test_a_name_that_cannot_be_written_lets_go_of_the_lock(tmp_path):
    """The next one finds the log free."""
    path = tmp_path / "log.db"
    draft = tmp_path / "log.db.holder.json.new"
    draft.mkdir()

    with pytest.raises(LogMisconfigured, match="cannot be made"), hold_lease(path):
        pass

    draft.rmdir()
    with hold_lease(path):
        pass


def test_a_lease_that_was_never_lost(tmp_path):
    """However often one asks."""
    with hold_lease(tmp_path / "log.db") as lease:
        assert lease.check()
        assert lease.check()


def test_a_lock_file_that_somebody_removed_is_made_again(tmp_path):
    """Somebody else may have written meanwhile, so the holder is told; a second writer is kept out again."""
    path = tmp_path / "log.db"
    with hold_lease(path) as lease:
        (tmp_path / "log.db.lock").unlink()
        assert not lease.check()
        assert lease.check()
        with pytest.raises(AnotherWriter), hold_lease(path):
            pass


def test_a_lease_that_somebody_else_took_is_lost_until_they_let_go(tmp_path):
    """Their name stays beside the log, also when the loser leaves."""
    path = tmp_path / "log.db"
    with hold_lease(path) as lease:
        (tmp_path / "log.db.lock").unlink()
        with holding(path) as child:
            for _ in range(2):
                with pytest.raises(LeaseLost, match=f"process {child.pid} .*writes nothing until then"):
                    lease.check()
            assert lease_holder(path).pid == child.pid
        assert not lease.check()
        assert lease_holder(path).pid == os.getpid()


def test_a_loser_that_leaves_keeps_its_hands_off(tmp_path):
    """It did not even notice."""
    path = tmp_path / "log.db"
    with ExitStack() as stack:
        stack.enter_context(hold_lease(path))
        (tmp_path / "log.db.lock").unlink()
        with holding(path) as child:
            stack.close()
            assert lease_holder(path).pid == child.pid
