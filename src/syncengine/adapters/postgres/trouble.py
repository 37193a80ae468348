"""What a failure of PostgreSQL means for a log, and what to tell people to do about it."""

from collections.abc import Mapping

import psycopg
import psycopg_pool

from syncengine.adapters.log_place import PostgresPlace
from syncengine.errors import EventLogError, LogDamaged, LogMisconfigured, LogUnavailable
from syncengine.redaction import redact

_KINDS: Mapping[str, tuple[type[EventLogError], str]] = {
    "28": (LogMisconfigured, "refuses us; check the user and the password"),
    "3D000": (LogMisconfigured, "does not exist; make it with `createdb` or change the URL"),
    "42501": (LogMisconfigured, "does not let this user do that; give it the right to make and write tables"),
    "42P01": (LogDamaged, "misses a table; restore it from a backup"),
    "42P07": (LogMisconfigured, "has other tables than a log; use a database or a schema of its own"),
    "42710": (LogMisconfigured, "has other tables than a log; use a database or a schema of its own"),
    "25006": (LogUnavailable, "takes no writes for now; it may be a standby, use the primary"),
    "25P03": (LogUnavailable, "gave up on us because we were silent in a transaction; nothing of it was stored"),
    "53100": (LogUnavailable, "cannot grow because its disk is full; make room, what was saved is safe"),
    "53": (LogUnavailable, "has no connection or memory left for us; close others or raise its limits"),
    "55P03": (LogUnavailable, "is locked by another program; close whatever holds it"),
    "57": (LogUnavailable, "is being shut down or started; wait for it"),
    "58": (LogUnavailable, "cannot read or write its files; check its disk"),
    "XX001": (LogDamaged, "is damaged; restore it from a backup"),
    "XX002": (LogDamaged, "is damaged; restore it from a backup"),
}
"""By the beginning of the SQLSTATE, the longest that fits."""

_AT_CONNECTING: Mapping[str, str] = {
    "authentication failed": "28",
    "no password supplied": "28",
    "pg_hba.conf": "28",
    'role "': "28",
    "is not permitted to log in": "28",
    'database "': "3D000",
    "too many": "53",
    "remaining connection slots": "53",
    "is starting up": "57",
    "shutting down": "57",
    "certificate": "28",
}
"""A failed connection has no SQLSTATE, only words."""


def postgres_trouble(place: PostgresPlace, error: BaseException) -> EventLogError:
    """What a failure of the database means for the log there, and what to do about it."""
    if isinstance(error, EventLogError):
        return error
    if not isinstance(error, psycopg.Error):
        cause = error.__cause__  # the library wraps them
        wrapped = isinstance(cause, psycopg.Error)
        return postgres_trouble(place, cause) if wrapped and cause else _failed(place, redact(str(error)))
    if isinstance(error, psycopg_pool.PoolClosed):
        return _failed(place, "it was closed; open it again")
    told = _said(error)
    state = error.sqlstate or _state_at_connecting(told)
    for length in range(len(state), 1, -1):
        if state[:length] in _KINDS:
            kind, way_out = _KINDS[state[:length]]
            return kind(f"the event log {place} {way_out} ({told})")
    if isinstance(error, psycopg.OperationalError):
        way_out = "cannot be reached; check that the server runs there and lets this computer in"
        return LogUnavailable(f"the event log {place} {way_out} ({told})")
    return _failed(place, told)


def _failed(place: PostgresPlace, told: str) -> EventLogError:
    return EventLogError(f"the event log {place} failed: {told}")


def _said(error: BaseException) -> str:
    return redact(" ".join(str(error).split()))


def _state_at_connecting(told: str) -> str:
    return next((state for words, state in _AT_CONNECTING.items() if words in told), "")
