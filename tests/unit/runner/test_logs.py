"""Log lines: what is in them, and at which level."""

import io
import json

from syncengine.runner.logs import Everybody, LoggedTelemetry, Silence, set_up_logs


def lines(level, *notes):
    stream = io.StringIO()
    set_up_logs("json", level=level, stream=stream)
    telemetry = LoggedTelemetry()
    for event, facts in notes:
        telemetry.note(event, **facts)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


PASS = [
    ("endpoint.connected", {"endpoint": "huly"}),
    ("pass.started", {"sync_id": "s1"}),
    ("write.ended", {"endpoint": "vibe", "outcome": "confirmed"}),
    ("pass.problem", {"problem": "gone"}),
    ("pass.ended", {"writes": {"confirmed": 1}}),
    ("endpoint.not_connected", {"endpoint": "vibe"}),
]


def test_lines_of_a_pass_carry_its_sync_id():
    """From its start to its end, and not outside."""
    told = lines("debug", *PASS)
    assert [it["event"] for it in told] == [event for event, _ in PASS]
    assert [it.get("sync_id") for it in told] == [None, "s1", "s1", "s1", "s1", None]
    assert told[2]["outcome"] == "confirmed"
    assert told[2]["timestamp"].endswith("Z")


def test_levels():
    """What happens often is for debugging; trouble is a warning."""
    assert [it["event"] for it in lines("info", *PASS)] == [event for event, _ in PASS if event != "pass.started"]
    assert [it["event"] for it in lines("warning", *PASS)] == ["pass.problem", "endpoint.not_connected"]


def test_lines_for_people():
    """No JSON, and no colours outside a terminal."""
    stream = io.StringIO()
    set_up_logs("console", stream=stream)
    LoggedTelemetry().note("pass.skipped")
    assert "pass.skipped" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_several_listeners_hear_everything():
    """In their order; silence drops it."""
    heard = []

    class Ear:
        def note(self, event, /, **facts):
            heard.append((event, facts))

    Everybody(Silence(), Ear(), Ear()).note("x", y=1)
    assert heard == [("x", {"y": 1})] * 2
