"""Log lines: what is in them, at which level, and that all loggers write the same kind."""

import asyncio
import io
import json
import logging
import subprocess
import sys
import threading
import warnings
from contextlib import nullcontext
from datetime import UTC, datetime
from uuid import UUID

import pytest
import structlog
from jsonschema import Draft202012Validator
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from syncengine.adapters.telemetry.listeners import Everybody, Silence
from syncengine.engine import notes
from syncengine.errors import SettingsInvalid
from syncengine.redaction import Secret
from syncengine.runner.log_lines import uncaught
from syncengine.runner.log_lines.schema import schema
from syncengine.runner.log_lines.set_up import (
    LoggedTelemetry,
    LogSettings,
    chosen_logs,
    facts_of,
    set_up_logs,
    take_down_logs,
)
from tests.fixtures.heard import Heard

LINK = UUID(int=7)
VALID = Draft202012Validator(schema())


@pytest.fixture
def written():
    """Sets logs up, and gives what was written since."""
    stream = io.StringIO()

    def lines():
        told = [json.loads(line) for line in stream.getvalue().splitlines()]
        for line in told:
            VALID.validate(line)
        return told

    def set_up(form="json", **more):
        set_up_logs(form, stream=stream, **more)
        return lines

    lines.text = stream.getvalue
    yield set_up
    take_down_logs()


def told(lines, telemetry=None):
    telemetry = telemetry or LoggedTelemetry()
    telemetry.note(notes.EndpointConnected(endpoint="huly", connector="huly"))
    with telemetry.within(notes.PassWork(sync_id="s1")):
        telemetry.note(notes.LinkEnded(pairing="a = b", link_id=LINK))
        with telemetry.within(notes.LinkWork(link_id=LINK)):
            telemetry.note(notes.PassProblem(problem="gone"))
    telemetry.note(notes.PairingStarted(pairing="a = b", kind="issue", links=2, title="Secret plans"))
    return lines()


def test_lines_of_a_pass_carry_its_sync_id(written):
    """And those of a link its id; nobody reads a title."""
    lines = told(written(level="debug"))
    names = ["endpoint.connected", "link.ended", "pass.problem", "pairing.started"]
    assert [it["event"] for it in lines] == names
    assert [it.get("sync_id") for it in lines] == [None, "s1", "s1", None]
    assert {it["logger"] for it in lines} == {"syncengine"}
    assert lines[2]["link_id"] == LINK.hex
    assert lines[2]["timestamp"].endswith("Z")
    assert "Secret plans" not in str(lines)


def test_levels(written):
    """What happens often is for debugging; trouble is a warning."""
    lines = written(level="info")
    assert [it["event"] for it in told(lines)] == ["endpoint.connected", "pass.problem"]
    set_up = written(level="warning")
    before = len(set_up())
    assert [it["event"] for it in told(set_up)[before:]] == ["pass.problem"]


def test_values_of_notes_become_plain(written):
    """Times, ids, lists and tables; nothing that is None, and not what only traces need."""
    lines = written()
    at = datetime(2025, 3, 1, 12, tzinfo=UTC)
    outcome = {"outcome": "unknown", "saved": "write_postponed", "not_before": at}
    write = {"link_id": LINK, "intent_id": "i", "endpoint": "huly", "operation": "create", "attempt": 2}
    telemetry = LoggedTelemetry()
    with telemetry.within(notes.WriteWork(**write, open_since=at)):
        telemetry.note(notes.WriteOutcome(**write, **outcome, kind="issue", version=3))
        telemetry.note(notes.HealthChanged(status="degraded", reasons=("a", "b")))
    first, second = lines()
    assert first["not_before"] == "2025-03-01T12:00:00+00:00"
    assert second["reasons"] == ["a", "b"]
    assert "open_since" not in {**first, **second}
    assert second["intent_id"] == "i"
    assert "error" not in facts_of(
        notes.CallEnded(endpoint="h", connector="h", operation="list", attempt=1, duration_s=1.0)
    )


def test_loggers_of_the_standard_library_go_the_same_way(written):
    """With the same context, one line each, exceptions in one field, warnings too."""
    lines = written()
    with LoggedTelemetry().within(notes.PassWork(sync_id="s1")):
        logging.getLogger("aiohttp.access").info("hello %s", "you")
        logging.getLogger("aiohttp.access").debug("unheard")
        try:
            raise ValueError("two\nlines")
        except ValueError:
            logging.getLogger("asyncio").exception("bad")
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("old", UserWarning, stacklevel=1)
    hello, bad, old = lines()
    assert (hello["logger"], hello["level"], hello["event"], hello["sync_id"]) == (
        "aiohttp.access",
        "info",
        "hello you",
        "s1",
    )
    assert bad["exception"].endswith("ValueError: two\nlines")
    assert (old["logger"], old["level"]) == ("py.warnings", "warning")
    assert "UserWarning: old" in old["event"]


def test_other_levels_become_known_ones(written):
    """Libraries may number theirs as they like."""
    lines = written(level="debug")
    for number in (10, 25, 35, 45, 60):
        logging.getLogger("x").log(number, "m")
    assert [it["level"] for it in lines()] == ["debug", "info", "warning", "error", "critical"]


def test_structlog_loggers_of_connectors_are_not_taken_for_ours(written):
    """What they write is not in the published schema."""
    lines = written()
    structlog.get_logger().info("mine", number=1, secret=Secret("hunter22"))
    (line,) = lines()
    assert (line["logger"], line["number"], line["secret"]) == ("structlog", 1, "***")


def test_setting_up_twice_leaves_one_handler(written):
    """Each line is written once, in the form that was asked for last; taking down ends it."""
    written(level="debug")
    lines = written(level="info")
    logging.getLogger("x").info("once")
    assert len(lines()) == 1
    take_down_logs()
    take_down_logs()
    assert not [it for it in logging.getLogger().handlers if type(it).__name__ == "LineHandler"]
    assert logging.getLogger().level == logging.WARNING


@pytest.mark.parametrize("what", [object(), float("nan"), {1: {2}}, {"x": "\ud800"}])
def test_whatever_somebody_logs_is_one_valid_line(written, what):
    """A log line is no reason to stop, and no reason for a reader to stumble."""
    lines = written()
    structlog.get_logger().info("odd", what=what)
    (line,) = lines()
    assert line["event"] == "odd"


class Nasty:
    def __str__(self):
        raise RuntimeError("no")

    __repr__ = __str__


def test_arguments_that_cannot_be_formatted_lose_a_line_nothing_more(written, monkeypatch):
    """A mistake in the call, or an object that raises."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])  # the test runner's own would stumble
    lines = written()
    logging.getLogger("x").info("%d", "word")
    logging.getLogger("x").info("%s", Nasty())
    structlog.get_logger().info("odd", what=Nasty())
    first, second, third = lines()
    assert first["event"] == "%d (this line could not be formatted: TypeError)"
    assert "RuntimeError" in second["event"]
    assert third["unreadable"] == "parts of this line are left out: RuntimeError"


def test_a_stream_that_takes_nothing_any_more_stops_nobody():
    """Closed, or on a full disk."""
    stream = io.StringIO()
    set_up_logs("json", stream=stream)
    stream.close()
    try:
        LoggedTelemetry().note(notes.PassSkipped())
        logging.getLogger("x").warning("m")
    finally:
        take_down_logs()


def test_standard_error_is_looked_up_for_each_line(capsys):
    """Somebody may redirect it later."""
    set_up_logs("json")
    try:
        LoggedTelemetry().note(notes.PassSkipped())
    finally:
        take_down_logs()
    assert json.loads(capsys.readouterr().err)["event"] == "pass.skipped"


# -- lines for people ------------------------------------------------------------------------------------------------------


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_lines_for_people(written):
    """No JSON, and no colours outside a terminal."""
    stream = io.StringIO()
    set_up_logs("console", stream=stream)
    LoggedTelemetry().note(notes.PassSkipped())
    assert "pass.skipped" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    take_down_logs()


def test_a_terminal_gets_lines_for_people_unless_it_wants_others():
    """ "auto" looks where the lines go."""
    for stream, form, is_json in ((Terminal(), "auto", False), (io.StringIO(), "auto", True), (Terminal(), "json", True)):
        set_up_logs(form, stream=stream)
        LoggedTelemetry().note(notes.PassSkipped())
        take_down_logs()
        assert stream.getvalue().startswith("{") is is_json


def test_a_terminal_obeys_nobody_else():
    """No escape sequence or line break of a remote reaches it, but tracebacks keep their lines."""
    stream = io.StringIO()
    set_up_logs("console", stream=stream)
    LoggedTelemetry().note(notes.PassProblem(problem="\x1b[2Jgone\nfake line"))
    try:
        raise ValueError("hunter22")
    except ValueError:
        Secret("hunter22")
        logging.getLogger("x").exception("m")
    take_down_logs()
    first, *rest = stream.getvalue().splitlines()
    assert "\N{REPLACEMENT CHARACTER}[2Jgone fake line" in first
    assert "\x1b" not in stream.getvalue()
    assert len(rest) > 3
    assert "hunter22" not in stream.getvalue()


# -- secrets ---------------------------------------------------------------------------------------------------------------


def test_no_secret_is_in_any_line(written):
    """In messages, arguments, exceptions, keys, lists and URLs; of others, and of our own notes."""
    lines = written(level="debug")
    secret = Secret('hunter"22/ä')
    known = secret.reveal()
    telemetry = LoggedTelemetry()
    telemetry.note(notes.PassProblem(problem=f"refused: {known}, {known!r}"))
    telemetry.note(notes.HealthChanged(status="degraded", reasons=("fine", f"http://ann:other@host/{known}")))
    structlog.get_logger().info("m", deep={"a": [{known: known}]}, password="other")
    logging.getLogger("x").info("json %s", json.dumps({"token": "other", "x": known}))
    try:
        raise ValueError(known)
    except ValueError:
        logging.getLogger("x").exception("url %s", f"?password={known}")
    lines()
    text = lines.text()
    assert "hunter" not in text
    assert "22/" not in text
    assert "other" not in text


def test_ids_are_kept_even_where_they_look_like_a_secret(written):
    """A secret of four digits would else be found in half of all ids and times."""
    lines = written()
    held = [Secret(word) for word in ("0000", "info", "2026", "2025", "2027")]
    telemetry = LoggedTelemetry()
    with telemetry.within(notes.LinkWork(link_id=LINK)):
        telemetry.note(notes.PassProblem(problem="pin 0000"))
    (line,) = lines()
    assert (line["link_id"], line["problem"]) == (LINK.hex, "pin ***")
    assert held


# -- traces ----------------------------------------------------------------------------------------------------------------


def test_lines_inside_a_span_carry_its_ids(written):
    """And only those."""
    lines = written()
    provider = TracerProvider(shutdown_on_exit=False)
    with provider.get_tracer("t").start_as_current_span("s") as span:
        LoggedTelemetry().note(notes.PassSkipped())
        logging.getLogger("x").info("m")
    LoggedTelemetry().note(notes.PassSkipped())
    ours, other, outside = lines()
    assert ours["trace_id"] == other["trace_id"] == trace.format_trace_id(span.get_span_context().trace_id)
    assert ours["span_id"] == trace.format_span_id(span.get_span_context().span_id)
    assert "trace_id" not in outside


def test_without_tracing_nothing_of_it_is_imported(monkeypatch, written):
    """Off costs nothing."""
    lines = written()
    monkeypatch.delitem(sys.modules, "opentelemetry.trace", raising=False)
    LoggedTelemetry().note(notes.PassSkipped())
    assert "opentelemetry.trace" not in sys.modules
    assert "trace_id" not in lines()[0]


# -- what holds ------------------------------------------------------------------------------------------------------------


def test_the_option_wins_over_the_environment_and_that_over_the_file():
    """An empty variable says nothing, capitals are welcome."""
    file = LogSettings(level="error", format="json")
    assert chosen_logs(file, environ={}) == file
    assert chosen_logs(file, environ={"LOG_LEVEL": " "}) == file
    assert chosen_logs(file, environ={"LOG_LEVEL": "DEBUG"}).level == "debug"
    assert chosen_logs(file, environ={"LOG_LEVEL": "debug"}, level="warning") == LogSettings(level="warning", format="json")
    assert chosen_logs(file, environ={}, form="console").format == "console"
    assert LogSettings() == LogSettings(level="info", format="auto")


def test_a_bad_level_is_an_error_that_names_the_good_ones():
    """Rather than silence, or too many lines."""
    with pytest.raises(SettingsInvalid) as caught:
        chosen_logs(LogSettings(), environ={"LOG_LEVEL": "verbose"})
    assert str(caught.value) == (
        'LOG_LEVEL cannot be used:\n  - "verbose" is not possible; use one of debug, info, warning, error'
    )
    with pytest.raises(SettingsInvalid, match="--log-format cannot be used"):
        chosen_logs(LogSettings(), environ={}, form="xml")


def test_the_environment_of_the_process_is_used(monkeypatch):
    """Unless another one is given."""
    monkeypatch.setenv("LOG_LEVEL", "debug")
    assert chosen_logs(LogSettings()).level == "debug"


# -- what nobody caught ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hooks(monkeypatch):
    """Those of this library, for one test."""
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(warnings, "formatwarning", warnings.formatwarning)
    monkeypatch.setattr(logging, "lastResort", logging.StreamHandler(sys.stderr))
    uncaught.redact_what_is_uncaught()
    uncaught.redact_what_is_uncaught()


def fail():
    raise ValueError("hunter22 is wrong")


class Unwell:
    def __del__(self):
        fail()


def everything_goes_wrong():
    """An exception nobody catches, in each of the places where Python prints it, and a warning."""
    try:
        fail()
    except ValueError as error:
        sys.excepthook(ValueError, error, error.__traceback__)
    thread = threading.Thread(target=fail, name="worker")
    thread.start()
    thread.join()
    Unwell()
    sys.stderr.write(warnings.formatwarning("hunter22 is old", UserWarning, "x.py", 1))


def test_what_nobody_caught_is_redacted(hooks, capsys, monkeypatch):
    """In this task or another thread, in a destructor, as a warning; before logs are set up."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    Secret("hunter22")
    everything_goes_wrong()
    logging.lastResort.setStream(sys.stderr)
    logging.getLogger("x").warning("hunter22 by the last resort")
    printed = capsys.readouterr().err
    assert printed.count("ValueError: *** is wrong") == 3
    assert printed.count("*** is old") == 1
    assert "*** by the last resort" in printed
    assert "hunter22" not in printed


def test_what_nobody_caught_becomes_a_log_line(hooks, written):
    """As soon as logs are set up."""
    lines = written()
    Secret("hunter22")
    everything_goes_wrong()
    told = lines()
    assert [it["level"] for it in told] == ["critical"] * 3
    assert [it["event"] for it in told][:2] == ["uncaught", "uncaught in thread worker"]
    assert all("ValueError: *** is wrong" in it["exception"] for it in told)


async def test_a_task_nobody_waited_for_becomes_a_log_line(written):
    """The event loop tells its logger."""
    lines = written()
    Secret("hunter22")
    context = {"message": "Task exception was never retrieved", "exception": ValueError("hunter22")}
    asyncio.get_running_loop().call_exception_handler(context)
    (line,) = lines()
    assert (line["logger"], line["level"]) == ("asyncio", "error")
    assert "ValueError: ***" in line["exception"]


OUTLIVING_MAIN = """
import contextlib, sys
from syncengine.redaction import Secret
from syncengine.runner import cli
sys.argv = ["syncengine", "--version"]
with contextlib.suppress(SystemExit):
    cli.main()
raise ValueError(Secret("hunter22").reveal())
"""


def test_the_command_line_sees_to_it():
    """In a process of its own, where the command-line library would put a hook of its own in place of ours."""
    done = subprocess.run([sys.executable, "-c", OUTLIVING_MAIN], capture_output=True, text=True, check=False, timeout=60)
    assert done.stderr.endswith("ValueError: ***\n")
    assert "hunter22" not in done.stderr.replace(OUTLIVING_MAIN.splitlines()[-1], "")


def test_an_interruption_is_no_news(hooks, capsys):
    """Python says it as always."""
    sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err.strip() == "KeyboardInterrupt"


# -- others ----------------------------------------------------------------------------------------------------------------


def test_several_listeners_hear_everything():
    """Silence drops it."""
    ears = Heard(), Heard()
    everybody = Everybody(Silence(), *ears)
    with everybody.within(notes.PassWork(sync_id="s")), Silence().within(notes.PassWork(sync_id="s")) or nullcontext():
        everybody.note(notes.PassSkipped())
    assert [ear.names for ear in ears] == [["pass.skipped"]] * 2
    assert [ear.works for ear in ears] == [[notes.PassWork(sync_id="s")]] * 2


def test_a_program_with_log_lines_of_its_own_gets_the_facts():
    """Nothing of our rendering is needed for that."""
    with structlog.testing.capture_logs() as lines:
        LoggedTelemetry().note(notes.PassProblem(problem="gone"))
    assert lines == [{"event": "pass.problem", "log_level": "warning", "problem": "gone"}]
