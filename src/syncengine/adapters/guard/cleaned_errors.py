"""
What connectors raise, made fit to be stored and shown: our own errors, without secrets, without what they were caused by.

A connector writes its messages from what a remote said and from URLs and headers, and the errors of the libraries below it
hold whole requests. So everything that comes out of a connector passes here before anybody keeps or prints it.
"""

from math import isfinite

from syncengine.errors import ConnectorError, ContractViolation, SettingsInvalid, SyncEngineError, TransientError
from syncengine.http import LONGEST_RETRY_AFTER_S
from syncengine.redaction import redact


def cleaned(error: Exception, *, endpoint: str, operation: str) -> SyncEngineError:
    """
    The same error without secrets and causes; where it is not one of ours, a `ContractViolation` that says what it was.

    Raise it outside of the `except` that caught the first one, or Python makes that its context again.

    Args:
        endpoint, operation: filled in where the connector did not say.
    """
    if not isinstance(error, SyncEngineError):
        return _bug(error, endpoint=endpoint, operation=operation)
    error.args = tuple(redact(it) if isinstance(it, str) else it for it in error.args)
    if isinstance(error, ConnectorError):
        error.message = redact(str(error.message))
        error.endpoint = error.endpoint or endpoint
        error.operation = error.operation or operation
        error.ref = error.ref and redact(error.ref)
    if isinstance(error, TransientError):
        error.retry_after_s = _bounded(error.retry_after_s)
    if isinstance(error, SettingsInvalid):
        error.problems = tuple(redact(it) for it in error.problems)
    notes = getattr(error, "__notes__", None)
    if notes:
        notes[:] = [redact(str(it)) for it in notes]
    error.__cause__ = error.__context__ = None
    return error


def _bug(error: Exception, *, endpoint: str, operation: str) -> ContractViolation:
    said = redact(str(error))
    message = f"the connector let a {type(error).__name__} escape ({said}); a bug in the connector, please report it"
    # Its place in the connector's code is what the report needs; a traceback of ours may show that, but not its text.
    violation = ContractViolation(message, endpoint=endpoint, operation=operation)
    return violation.with_traceback(error.__traceback__)


def _bounded(seconds: float | None) -> float | None:
    """What a remote may ask for: no nonsense, and at most a day."""
    if seconds is None or not isfinite(seconds):
        return None
    return min(max(0.0, seconds), LONGEST_RETRY_AFTER_S)
