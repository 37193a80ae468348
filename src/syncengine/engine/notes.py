"""
What happens while the engine works, as values: whoever wants to know gets one of these each time.

Log lines, metrics, traces and progress bars are made of them and of nothing else, and the published schema of the log lines
is drawn from these classes (`docs/log-lines.md`). The name of a note and of its fields are therefore a public format.

A note never carries a field value or a title. Ids, names of fields, counts and reasons are what it may hold.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar, Literal
from uuid import UUID

from attrs import field, frozen

Level = Literal["debug", "info", "warning", "error"]


@frozen(kw_only=True)
class Note:
    """
    Something that happened.

    Attributes:
        name: what log lines call it, for example "write.outcome".
        level: how loud it is.
    """

    name: ClassVar[str]
    level: ClassVar[Level] = "info"


@frozen(kw_only=True)
class Work:
    """
    A piece of work with a beginning and an end; notes of the same task inside it belong to it.

    Attributes:
        name: what traces call it, for example "sync.pass".
    """

    name: ClassVar[str]


# -- pieces of work ------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class PassWork(Work):
    """One pass."""

    name = "sync.pass"

    sync_id: str


@frozen(kw_only=True)
class LinkWork(Work):
    """Deciding about one link, and carrying it out."""

    name = "sync.link"

    link_id: UUID


@frozen(kw_only=True)
class WriteWork(Work):
    """
    Sending one write, or finding out what became of it.

    Attributes:
        attempt: counted from 1.
        open_since: when an earlier process or pass saved the intent; None when it was decided just now. Not for log lines.
    """

    name = "sync.write"

    link_id: UUID
    intent_id: str
    endpoint: str
    operation: str
    attempt: int
    open_since: datetime | None = field(default=None, metadata={"unlogged": True})


@frozen(kw_only=True)
class CallWork(Work):
    """One call of a connector, with all its attempts."""

    name = "connector.call"

    endpoint: str
    operation: str


# -- passes --------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class PassStarted(Note):
    """A pass began."""

    name = "pass.started"

    sync_id: str


@frozen(kw_only=True)
class PassEnded(Note):
    """
    A pass came to its end.

    Attributes:
        duration_s: seconds.
        listed: records seen in listings, by endpoint.
        changed: records that were new or had changed.
        writes: writes by outcome.
        judged: open writes settled by looking.
        problems: how many; each one has its own line.
        quiet: nothing had changed and nothing was done.
    """

    name = "pass.ended"

    sync_id: str
    status: Literal["success", "error", "stopped"]
    duration_s: float
    pairings: int
    listed: Mapping[str, int] = field(factory=dict)
    changed: int
    writes: Mapping[str, int] = field(factory=dict)
    judged: int
    problems: int
    quiet: bool


@frozen(kw_only=True)
class PassFailed(Note):
    """A pass was broken off; the next one goes on from what was saved."""

    name = "pass.failed"
    level = "error"

    error: str
    reason: str
    duration_s: float


@frozen(kw_only=True)
class PassProblem(Note):
    """Something in a pass did not work; the rest of it went on."""

    name = "pass.problem"
    level = "warning"

    problem: str


@frozen(kw_only=True)
class PassSkipped(Note):
    """A pass was due while the one before was still running."""

    name = "pass.skipped"
    level = "warning"


@frozen(kw_only=True)
class PairingStarted(Note):
    """Work on the links of some paired containers began; `title` is how people call them and is not for log lines."""

    name = "pairing.started"
    level = "debug"

    pairing: str
    kind: str
    links: int
    title: str = field(default="", metadata={"unlogged": True})


@frozen(kw_only=True)
class PairingEnded(Note):
    """Work on the links of some paired containers ended."""

    name = "pairing.ended"
    level = "debug"

    pairing: str
    kind: str
    links: int


@frozen(kw_only=True)
class LinkEnded(Note):
    """A pass is through with a link."""

    name = "link.ended"
    level = "debug"

    pairing: str
    link_id: UUID


# -- what was saved about a link -----------------------------------------------------------------------------------------
# One of these for each event, right after it became durable. `version` is the place of the event in the link's stream.


@frozen(kw_only=True)
class LinkSaved(Note):
    """Something about a link was saved in the event log."""

    name = "link.saved"
    level: ClassVar[Level] = "debug"

    link_id: UUID
    version: int
    saved: str


@frozen(kw_only=True)
class RecordSeen(LinkSaved):
    """A record was read and differs from what was known of it."""

    name = "record.seen"

    endpoint: str
    kind: str
    record_id: str
    saved: str = "record_observed"


@frozen(kw_only=True)
class RecordMissing(LinkSaved):
    """A record is no longer there."""

    name = "record.missing"
    level = "warning"

    endpoint: str
    record_id: str
    evidence: str
    saved: str = "record_gone"


@frozen(kw_only=True)
class WriteIntended(LinkSaved):
    """
    A write was decided; it is made next.

    Attributes:
        attempt: of the call that is made next, 1.
    """

    name = "write.intended"
    level = "info"

    intent_id: str
    endpoint: str
    kind: str
    operation: str
    attempt: int = 1
    fields: tuple[str, ...]
    saved: str = "writes_intended"


@frozen(kw_only=True)
class ConflictSettled(LinkSaved):
    """A rule settled a conflict; the values that lost are in the event log."""

    name = "conflict.settled"
    level = "info"

    kind: str
    field: str
    rule: str
    losers: tuple[str, ...]
    saved: str = "writes_intended"


@frozen(kw_only=True)
class ConflictWaits(LinkSaved):
    """A field was changed on several sides, and its rule wants a person."""

    name = "conflict.parked"
    level = "warning"

    kind: str
    field: str
    rule: str
    saved: str = "conflict_parked"


@frozen(kw_only=True)
class WriteOutcome(LinkSaved):
    """
    What became of a write.

    Attributes:
        attempt: counted from 1.
        outcome: "confirmed" (the remote answered), "found" (by looking), "not_done" and "unknown" (it waits), "rejected",
            "overtaken".
        reason: why it waits or was given up; empty when it landed.
        not_before: when the next attempt or look may be made.
    """

    name = "write.outcome"
    level = "info"

    intent_id: str
    endpoint: str
    kind: str
    operation: str
    attempt: int
    outcome: Literal["confirmed", "found", "not_done", "unknown", "rejected", "overtaken"]
    reason: str = ""
    not_before: datetime | None = None


# -- writes under way ----------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class WriteSent(Note):
    """The one call of a write begins now."""

    name = "write.sent"

    link_id: UUID
    intent_id: str
    endpoint: str
    operation: str
    attempt: int


@frozen(kw_only=True)
class WriteJudged(Note):
    """Somebody looked what became of an open write."""

    name = "write.judged"

    link_id: UUID
    intent_id: str
    endpoint: str
    operation: str
    attempt: int
    verdict: str


# -- calls ---------------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class CallEnded(Note):
    """
    A connector answered a call, or failed.

    Attributes:
        connector: the name of the plugin, for example "huly".
        attempt: counted from 1; a write has one.
        error: the class of the error; None when it worked.
        duration_s: seconds.
    """

    name = "call.ended"
    level = "debug"

    endpoint: str
    connector: str
    operation: str
    attempt: int
    error: str | None = None
    duration_s: float


@frozen(kw_only=True)
class CallRetried(Note):
    """A read failed in a way that may pass and is made again after a wait."""

    name = "call.retried"

    endpoint: str
    operation: str
    attempt: int
    wait_s: float
    reason: str


@frozen(kw_only=True)
class RequestEnded(Note):
    """
    One HTTP request.

    Attributes:
        status: None when no answer came.
        error: what went wrong, as the class of an exception or the status as text; None when it worked.
        duration_s: seconds.
    """

    name = "http.request"
    level = "debug"

    endpoint: str
    method: str
    host: str
    port: int
    status: int | None = None
    error: str | None = None
    duration_s: float


@frozen(kw_only=True)
class BreakerChanged(Note):
    """The circuit breaker of a host opened, let a probe through, or closed again."""

    name = "breaker.changed"
    level = "warning"

    host: str
    state: Literal["closed", "open", "half_open"]
    reason: str = ""


# -- endpoints -----------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class EndpointConnected(Note):
    """An endpoint can be used."""

    name = "endpoint.connected"

    endpoint: str
    connector: str


@frozen(kw_only=True)
class EndpointNotConnected(Note):
    """An endpoint could not be connected."""

    name = "endpoint.not_connected"
    level = "warning"

    endpoint: str
    reason: str


@frozen(kw_only=True)
class EndpointNotClosed(Note):
    """A connection did not close as it should; nothing depends on it any more."""

    name = "endpoint.close_failed"
    level = "warning"

    endpoint: str
    reason: str


@frozen(kw_only=True)
class EndpointStopped(Note):
    """An endpoint refuses us as a whole; it is left alone."""

    name = "endpoint.paused"
    level = "error"

    endpoint: str
    error: str
    reason: str


@frozen(kw_only=True)
class EndpointWorksAgain(Note):
    """An endpoint that was paused works again."""

    name = "endpoint.resumed"

    endpoint: str


# -- the process ---------------------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class Starting(Note):
    """
    A step of starting up is done.

    Attributes:
        step: "settings", "log", "server", "endpoints", "ready", in this order.
        detail: what exactly, for people.
    """

    name = "start.step"

    step: str
    detail: str = ""


@frozen(kw_only=True)
class Stopping(Note):
    """Somebody wants an end; calls in flight get `within_s` seconds."""

    name = "stop.asked"

    within_s: float


@frozen(kw_only=True)
class Stopped(Note):
    """
    The process ends.

    Attributes:
        cut_off: the calls in flight did not end in time; what became of them is found out at the next start.
    """

    name = "stop.done"

    passes: int
    cut_off: bool


@frozen(kw_only=True)
class SettingsReloaded(Note):
    """Changed settings are in use from the next pass on."""

    name = "settings.reloaded"

    changed: tuple[str, ...]


@frozen(kw_only=True)
class ReloadRefused(Note):
    """Changed settings are not used; the old ones stay."""

    name = "settings.refused"
    level = "error"

    reason: str


@frozen(kw_only=True)
class HealthChanged(Note):
    """The overall health is another one than before."""

    name = "health.changed"
    level = "warning"

    status: str
    reasons: tuple[str, ...]


@frozen(kw_only=True)
class ClockJumped(Note):
    """The clock of this computer was set, or the computer slept."""

    name = "clock.jumped"
    level = "warning"

    by_s: float


@frozen(kw_only=True)
class LeaseLost(Note):
    """The right to write the log was lost; nothing is written until it is back."""

    name = "lease.lost"
    level = "error"

    reason: str


@frozen(kw_only=True)
class LeaseBack(Note):
    """The right to write the log is ours again."""

    name = "lease.back"
    level = "warning"
