"""Log lines: what is in them, and at which level."""

import io
import json
from contextlib import nullcontext
from uuid import UUID

from syncengine.adapters.listeners import Everybody, Silence
from syncengine.engine import notes
from syncengine.runner.logs import LoggedTelemetry, set_up_logs
from tests.fixtures.heard import Heard

LINK = UUID(int=7)


def lines(level):
    stream = io.StringIO()
    set_up_logs("json", level=level, stream=stream)
    telemetry = LoggedTelemetry()
    telemetry.note(notes.EndpointConnected(endpoint="huly", connector="huly"))
    with telemetry.within(notes.PassWork(sync_id="s1")):
        telemetry.note(notes.LinkEnded(pairing="a = b", link_id=LINK))
        with telemetry.within(notes.LinkWork(link_id=LINK)):
            telemetry.note(notes.PassProblem(problem="gone"))
    telemetry.note(notes.PairingStarted(pairing="a = b", kind="issue", links=2, title="Secret plans"))
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_lines_of_a_pass_carry_its_sync_id():
    """And those of a link its id; nobody reads a title."""
    told = lines("debug")
    names = ["endpoint.connected", "link.ended", "pass.problem", "pairing.started"]
    assert [it["event"] for it in told] == names
    assert [it.get("sync_id") for it in told] == [None, "s1", "s1", None]
    assert told[2]["link_id"] == LINK.hex
    assert told[2]["timestamp"].endswith("Z")
    assert "Secret plans" not in str(told)


def test_levels():
    """What happens often is for debugging; trouble is a warning."""
    assert [it["event"] for it in lines("info")] == ["endpoint.connected", "pass.problem"]
    assert [it["event"] for it in lines("warning")] == ["pass.problem"]


def test_lines_for_people():
    """No JSON, and no colours outside a terminal."""
    stream = io.StringIO()
    set_up_logs("console", stream=stream)
    LoggedTelemetry().note(notes.PassSkipped())
    assert "pass.skipped" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_several_listeners_hear_everything():
    """Silence drops it."""
    ears = Heard(), Heard()
    everybody = Everybody(Silence(), *ears)
    with everybody.within(notes.PassWork(sync_id="s")), Silence().within(notes.PassWork(sync_id="s")) or nullcontext():
        everybody.note(notes.PassSkipped())
    assert [ear.names for ear in ears] == [["pass.skipped"]] * 2
    assert [ear.works for ear in ears] == [[notes.PassWork(sync_id="s")]] * 2
