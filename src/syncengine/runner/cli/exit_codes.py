"""
What the exit codes of `syncengine` mean.

| code | meaning |
| --- | --- |
| 0 | everything worked |
| 1 | a pass had problems; they are listed |
| 2 | the command line or the settings have mistakes |
| 3 | an endpoint cannot be connected, or refuses our credentials |
| 4 | the event log cannot be used, is damaged, or another process is writing it |
| 5 | a person has to look first: going on could destroy something |
| 70 | a bug in this program |
| 130 | interrupted before everything was done; nothing is lost, start again |
"""

from syncengine.engine.report import PassReport
from syncengine.errors import ConfigurationError, ConnectorError, EventLogError, SafetyStop, SyncEngineError

OK = 0
PROBLEMS = 1
SETTINGS = 2
REFUSED = 3
LOG = 4
PERSON = 5
BUG = 70
INTERRUPTED = 130

_BY_ERROR: tuple[tuple[type[SyncEngineError], int], ...] = (
    (ConfigurationError, SETTINGS),
    (ConnectorError, REFUSED),
    (EventLogError, LOG),
    (SafetyStop, PERSON),
)


def after_error(error: SyncEngineError) -> int:
    """The exit code of a command that ended with this error."""
    return next((code for kind, code in _BY_ERROR if isinstance(error, kind)), PROBLEMS)


def after_pass(report: PassReport) -> int:
    """The exit code of a command whose last pass reported this."""
    if report.stopped:
        return INTERRUPTED
    if report.refusals:
        return REFUSED
    if report.safety_stops:
        return PERSON
    return PROBLEMS if report.problems else OK
