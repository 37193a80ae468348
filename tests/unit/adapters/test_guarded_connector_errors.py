"""What comes out of a guarded connector when it fails: our own errors, without a secret in any of their texts."""

import traceback

import pytest

from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.guard.cleaned_errors import cleaned
from syncengine.adapters.guard.guarded_connector import GuardedConnector
from syncengine.engine.notes import BreakerChanged, CallEnded, CallRetried
from syncengine.errors import (
    AuthenticationFailed,
    CircuitOpen,
    ConfigurationError,
    ContractViolation,
    OutcomeUnknown,
    RecordInvalid,
    SettingsInvalid,
    Unreachable,
)
from syncengine.redaction import Secret
from syncengine.testing.faults import SimulatedCrash
from tests.unit.adapters.test_guarded_connector import Guarded

RAW = "tok-4711-canary"


@pytest.fixture(autouse=True)
def _token():
    """Somebody holds the secret."""
    token = Secret(RAW)
    yield
    del token


async def error_of(raised, *, operation="fetch", calls=None):
    """What the guard makes of an error, and the guard."""
    it = Guarded(calls=calls or CallSettings(attempts=1))

    async def fails(*_, **__):
        raise raised

    with pytest.raises(BaseException) as caught:
        await it.with_inside(operation, fails)
    return caught.value, it


def everything_said(error):
    """All that a log line, a report or a traceback would show of an error."""
    return "".join([str(error), repr(error), str(error.args), *traceback.format_exception(error)])


@pytest.mark.parametrize("kind", [Unreachable, OutcomeUnknown, RecordInvalid, AuthenticationFailed])
async def test_the_message_of_an_error_holds_no_secret(kind):
    """Class, meaning and place stay."""
    error, _ = await error_of(kind(f"GET http://x/?q={RAW} failed", ref=f"box/{RAW}"))
    assert type(error) is kind
    assert str(error) == "memory fetch box/***: GET http://x/?q=*** failed"
    assert RAW not in everything_said(error)


async def test_what_an_error_was_caused_by_is_left_behind():
    """The errors of HTTP libraries hold whole requests, headers included."""
    raised = Unreachable("the connection broke off")
    raised.__cause__ = OSError(f"Authorization: Bearer {RAW}")
    raised.__context__ = raised.__cause__
    error, _ = await error_of(raised)
    assert (error.__cause__, error.__context__) == (None, None)
    assert RAW not in everything_said(error)


async def test_notes_on_an_error_hold_no_secret():
    """Whoever adds one may add a URL."""
    raised = Unreachable("no")
    raised.add_note(f"while asking http://user:{RAW}@example")
    error, _ = await error_of(raised)
    assert error.__notes__ == ["while asking http://***@example"]


async def test_what_escapes_from_a_connector_is_a_bug_without_its_secrets():
    """Its class, its text without the secret, and where in the connector it happened."""
    error, _ = await error_of(KeyError(f"no header {RAW}"))
    assert type(error) is ContractViolation
    assert str(error) == (
        "memory fetch: the connector let a KeyError escape ('no header ***'); a bug in the connector, please report it"
    )
    said = everything_said(error)
    assert RAW not in said
    assert "in fails" in said


async def test_a_group_of_errors_is_a_bug_too():
    """Task groups raise them."""
    error, _ = await error_of(ExceptionGroup("two", [ValueError(RAW), Unreachable("x")]), operation="create")
    assert type(error) is ContractViolation
    assert RAW not in everything_said(error)


@pytest.mark.parametrize("operation", ["as_stored", "natural_keys", "record_id_for"])
@pytest.mark.parametrize(("raised", "kind"), [(RecordInvalid, RecordInvalid), (KeyError, ContractViolation)])
def test_answers_without_a_call_are_no_exception(operation, raised, kind):
    """A value that cannot be spelled, or a bug: the item waits, and no secret is told."""
    it = Guarded()

    def fails(*_):
        raise raised(RAW)

    setattr(it.guarded._connector, operation, fails)
    with pytest.raises(kind, match=f"memory {operation}: ") as caught:
        getattr(it.guarded, operation)("box", None)
    assert RAW not in everything_said(caught.value)


async def test_a_mistake_in_the_settings_stays_one():
    """With its problems, of which none holds a secret."""
    error, _ = await error_of(SettingsInvalid([f"token {RAW} is too short", "url is missing"]))
    assert error.problems == ("token *** is too short", "url is missing")
    assert RAW not in everything_said(error)
    error, _ = await error_of(ConfigurationError(f"no workspace {RAW}"))
    assert str(error) == "no workspace ***"


async def test_the_end_of_a_process_is_not_touched():
    """What is no `Exception` is none of our business."""
    error, it = await error_of(SimulatedCrash(RAW))
    assert type(error) is SimulatedCrash
    assert [note.error for note in it.heard.of(CallEnded)] == ["SimulatedCrash"]


async def test_nothing_that_is_told_holds_a_secret():
    """Retries, the state of the breaker, and the error of the next call."""
    calls = CallSettings(attempts=3, breaker_failures=2)
    _, it = await error_of(Unreachable(f"asking {RAW}"), calls=calls)
    with pytest.raises(CircuitOpen) as caught:
        await it.guarded.discover()
    told = f"{it.heard.notes}{everything_said(caught.value)}"
    assert it.heard.of(CallRetried)
    assert it.heard.of(BreakerChanged)
    assert "asking ***" in str(caught.value)
    assert RAW not in told


async def test_an_endpoint_that_the_connector_named_is_kept():
    """Only what it did not say is filled in."""
    error, _ = await error_of(Unreachable("x", endpoint="other", operation="log in"))
    assert (error.endpoint, error.operation) == ("other", "log in")


def test_cleaning_twice_changes_nothing():
    """An error may be raised again and again."""
    raised = Unreachable(f"asking {RAW}")
    once = str(cleaned(raised, endpoint="a", operation="b"))
    assert str(cleaned(raised, endpoint="c", operation="d")) == once == "a b: asking ***"


async def test_a_guard_tells_nobody_when_nobody_listens():
    """A telemetry is not needed."""
    it = Guarded()
    silent = GuardedConnector(it.guarded._connector, endpoint="memory", plugin="shelf", clock=it.clock)
    assert await silent.fetch(it.ref)
