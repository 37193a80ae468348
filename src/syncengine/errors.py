"""
Everything that can go wrong, divided by what has to be done about it.

```
SyncEngineError
  ConfigurationError        fix the settings
    UnknownConnector          no plugin of that name is installed
    PluginRejected            the plugin is there but cannot be used
    SettingsInvalid           the settings file has mistakes (all of them are listed)
  ConnectorError            carries endpoint, operation, ref
    TransientError            try again later
      Unreachable               nothing was changed over there
      RateLimited               the remote says when
      RemoteBusy                the remote says "not now"
      CircuitOpen               not called: its host failed too often in a row
    OutcomeUnknown            judge by looking, then decide
    StaleRevision             observe again, decide again
    PermanentError
      RecordRefused             park this link
        RecordInvalid             the remote does not take these values
        RecordNotFound            the record is not there
        AmbiguousKey              several records carry one sync key
      ContainerRefused          leave this container alone, the others go on
      EndpointRefused           pause this endpoint
        AuthenticationFailed      the credentials are wrong
        PermissionDenied          the account may not do this
        EndpointGone              the address answers, but not as this kind of system
    ContractViolation         pause the endpoint, report a bug in the connector
  SafetyStop                ask a person
    SuspiciousListing         a full listing is empty although records are known
    TooManyDeletions          more deletions than the safety limits allow
  EventLogError             stop the process
    UnknownEvent              the log holds a kind of event this version does not know
    NewerEvent                the log was written by a newer version
    EventUnreadable           a stored event cannot be decoded
    LogDamaged                what is stored is not what was stored
    ImpossibleHistory         the events of a stream contradict each other
    LogUnavailable            try again later; the disk is full or the file locked
    LeaseLost                 try again later; somebody else writes the log now
    LogMisconfigured          the log is not durable as it is set up
    ConcurrentAppend          load again, decide again
    AnotherWriter             exit; says who holds the log
```

The engine looks at `remedy` and never at a leaf class, so a new leaf needs no change of the engine.
"""

from collections.abc import Sequence
from enum import Enum
from typing import ClassVar


class Remedy(Enum):
    """What has to be done about an error."""

    FIX_SETTINGS = "fix the settings"
    RETRY_LATER = "try again later"
    JUDGE = "judge by looking"
    OBSERVE_AGAIN = "observe again"
    PARK_LINK = "park this link"
    PAUSE_ENDPOINT = "pause this endpoint"
    ASK_A_PERSON = "ask a person"
    DECIDE_AGAIN = "load again, decide again"
    STOP = "stop the process"


class SyncEngineError(Exception):
    """Root of all errors of this library; `str(error)` is a sentence for people."""

    remedy: ClassVar[Remedy] = Remedy.STOP


class ConfigurationError(SyncEngineError):
    """Something in the settings or the installation has to be changed by a person."""

    remedy = Remedy.FIX_SETTINGS


class UnknownConnector(ConfigurationError):
    """No installed distribution offers a connector of this name."""


class PluginRejected(ConfigurationError):
    """A connector plugin was found but cannot be loaded or speaks another interface version."""


class SettingsInvalid(ConfigurationError):
    """
    The settings have mistakes.

    Attributes:
        problems: one sentence for each mistake, with its place.
    """

    def __init__(self, problems: Sequence[str], *, source: str = "the settings") -> None:
        self.problems = tuple(problems)
        self.source = source
        lines = "\n".join(f"  - {problem}" for problem in self.problems)
        super().__init__(f"{source} cannot be used:\n{lines}")


class ConnectorError(SyncEngineError):
    """
    A connector could not do what it was asked.

    Attributes:
        endpoint: name of the endpoint, filled in by the engine when the connector does not know it.
        operation: what was attempted, for example "create".
        ref: the record it was about, as text.
    """

    def __init__(
        self, message: str, *, endpoint: str | None = None, operation: str | None = None, ref: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.endpoint = endpoint
        self.operation = operation
        self.ref = ref

    def __str__(self) -> str:
        where = " ".join(part for part in (self.endpoint, self.operation, self.ref) if part)
        return f"{where}: {self.message}" if where else self.message


class TransientError(ConnectorError):
    """
    Nothing was changed over there, and the same call may succeed later.

    Attributes:
        retry_after_s: seconds the remote asked us to wait, if it did.
    """

    remedy = Remedy.RETRY_LATER

    def __init__(
        self,
        message: str,
        *,
        retry_after_s: float | None = None,
        endpoint: str | None = None,
        operation: str | None = None,
        ref: str | None = None,
    ) -> None:
        super().__init__(message, endpoint=endpoint, operation=operation, ref=ref)
        self.retry_after_s = retry_after_s


class Unreachable(TransientError):
    """The connection could not be made, or a read was cut off."""


class RateLimited(TransientError):
    """The remote refuses for now because of too many requests."""


class RemoteBusy(TransientError):
    """The remote answered that it cannot do this now and has not done it."""


class CircuitOpen(TransientError):
    """Not called, because calls of this host failed again and again; after a while one call is let through as a probe."""


class OutcomeUnknown(ConnectorError):
    """A write was sent and no proof came back; it may or may not have happened. Never repeat it blind."""

    remedy = Remedy.JUDGE


class StaleRevision(ConnectorError):
    """The record no longer looks as expected; the write was not made."""

    remedy = Remedy.OBSERVE_AGAIN


class PermanentError(ConnectorError):
    """Repeating the call unchanged cannot help."""

    remedy = Remedy.PARK_LINK


class RecordRefused(PermanentError):
    """The remote refuses this one record; the others go on."""


class RecordInvalid(RecordRefused):
    """The remote does not accept these values."""


class RecordNotFound(RecordRefused):
    """The record is not there (any more); looking again shows what to do."""

    remedy = Remedy.OBSERVE_AGAIN


class AmbiguousKey(RecordRefused):
    """Several records carry the same sync key, so none can be trusted to be ours."""


class ContainerRefused(PermanentError):
    """This project or board cannot be read or written by this account; the others go on."""


class EndpointRefused(PermanentError):
    """The whole endpoint refuses us; every further call would end the same way."""

    remedy = Remedy.PAUSE_ENDPOINT


class AuthenticationFailed(EndpointRefused):
    """The credentials are wrong or no longer valid. Never tried again without a person."""


class PermissionDenied(EndpointRefused):
    """The account is known but may not do this."""


class EndpointGone(EndpointRefused):
    """The address answers, but not as the kind of system this connector speaks to."""


class ContractViolation(ConnectorError):
    """A connector did something its contract forbids; a bug to report."""

    remedy = Remedy.PAUSE_ENDPOINT


class SafetyStop(SyncEngineError):
    """
    Going on could destroy something; a person has to look first.

    Attributes:
        place: the containers it is about, by their ids.
        plan: digest of what was not done, for `syncengine approve`.
    """

    remedy = Remedy.ASK_A_PERSON

    def __init__(self, message: str, *, place: str, plan: str) -> None:
        super().__init__(message)
        self.place = place
        self.plan = plan


class SuspiciousListing(SafetyStop):
    """A full listing is empty although records are known in that container."""


class TooManyDeletions(SafetyStop):
    """One pass would delete more records than the safety limits allow."""


class EventLogError(SyncEngineError):
    """The event log cannot be trusted or used."""


class UnknownEvent(EventLogError):
    """The log holds a kind of event this version does not know."""


class NewerEvent(EventLogError):
    """The log was written by a newer version of this library."""


class EventUnreadable(EventLogError):
    """A stored event cannot be decoded."""


class LogDamaged(EventLogError):
    """
    The log is not as it was written; restore a backup, or save the part that is.

    Attributes:
        sound_up_to: position of the last event that is as it was stored; None when that is not known.
    """

    def __init__(self, message: str, *, sound_up_to: int | None = None) -> None:
        super().__init__(message)
        self.sound_up_to = sound_up_to


class ImpossibleHistory(EventLogError):
    """The events of a stream contradict each other; a bug or a damaged log."""


class LogMisconfigured(EventLogError):
    """The database behind the log does not promise what the log needs."""


class LogUnavailable(EventLogError):
    """The log cannot be read or written for now: a full disk, a locked file. What was saved is safe."""

    remedy = Remedy.RETRY_LATER


class LeaseLost(EventLogError):
    """This process may not write the log any more, because somebody else does; nothing is written until that ends."""

    remedy = Remedy.RETRY_LATER


class ConcurrentAppend(EventLogError):
    """Somebody else appended to the stream first; nothing of this append was stored."""

    remedy = Remedy.DECIDE_AGAIN


class AnotherWriter(EventLogError):
    """Another process is writing this log."""
