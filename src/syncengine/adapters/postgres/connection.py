"""Connections to the database of a log: to be used for writing only if a commit is on the disk when it returns."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import Connection, Cursor
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import tuple_row

from syncengine.adapters.log_place import PostgresPlace
from syncengine.adapters.postgres.dialect import in_postgres
from syncengine.adapters.postgres.texts import take_any_text
from syncengine.errors import LogMisconfigured
from syncengine.redaction import redact

CONNECT_WITHIN_S = 5
"""Seconds to wait for a connection, if the URL does not say."""

LOCK_WITHIN_S = 5
"""Seconds to wait while another connection writes."""

# The server ends a transaction of a process that was paused in it, before the lease of that process ends.
_SESSION = """
    SET lock_timeout = '{lock_within_s}s';
    SET idle_in_transaction_session_timeout = '{silent_within_ms}ms'"""

# One lock for each schema. It is taken at the start of every transaction that writes, so that what is read in it stays true
# until it is committed, and positions are in the order of the commits.
_WRITE_LOCK = b"SELECT pg_advisory_xact_lock(hashtextextended('syncengine log in ' || current_schema(), 0))"

_OURS: dict[str, Any] = {
    "client_encoding": "UTF8",
    "application_name": "syncengine",
    "connect_timeout": CONNECT_WITHIN_S,
}

_ON = {"synchronous_commit": ("on", "remote_apply"), "fsync": ("on",), "full_page_writes": ("on",)}
"""What the server must say for a commit to survive a power cut."""


class PostgresCursor:
    """A cursor that takes our statements; see `Cursor`."""

    def __init__(self, raw: Cursor[tuple[Any, ...]]) -> None:
        self.raw = raw

    def execute(self, statement: str, parameters: Any = (), /) -> "PostgresCursor":
        """Run a statement."""
        self.raw.execute(in_postgres(statement), tuple(parameters))
        return self

    def executemany(self, statement: str, parameters: Any, /) -> None:
        """Run a statement once for each of these parameters."""
        self.raw.executemany(in_postgres(statement), [tuple(each) for each in parameters])

    def fetchone(self) -> tuple[Any, ...] | None:
        """The next row, or None."""
        return self.raw.fetchone()

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows that are left."""
        return self.raw.fetchall()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        """The rows that are left."""
        return iter(self.raw)


def conninfo_of(place: PostgresPlace) -> str:
    """
    What `psycopg` needs to connect; it holds the password.

    Raises:
        LogMisconfigured: the URL cannot be read.
    """
    try:
        given = conninfo_to_dict(place.url.reveal())
        if place.password is not None:
            given["password"] = place.password.reveal()
        return make_conninfo("", **{**_OURS, **given})
    except psycopg.Error as error:
        raise LogMisconfigured(
            f"the URL of the event log {place} cannot be read; write it like postgresql://USER@HOST/NAME "
            f"({redact(str(error))})"
        ) from None


def connect(place: PostgresPlace) -> Connection[tuple[Any, ...]]:
    """
    A connection for writing.

    Raises:
        psycopg.Error: there is none.
        LogMisconfigured: the database does not promise durability there, or cannot hold a log.
    """
    connection = psycopg.connect(conninfo_of(place), autocommit=True, row_factory=tuple_row)
    try:
        set_up(connection, place)
        _assert_fit(connection, place)
    except BaseException:
        connection.close()
        raise
    return connection


def set_up(connection: Connection[Any], place: PostgresPlace) -> None:
    """Make a new connection one of ours."""
    connection.autocommit = True
    silent_within_ms = round(place.lease_s * 2 / 3 * 1000)
    connection.execute(_SESSION.format(lock_within_s=LOCK_WITHIN_S, silent_within_ms=silent_within_ms).encode())
    take_any_text(connection)


def _assert_fit(connection: Connection[Any], place: PostgresPlace) -> None:
    if _shown(connection, "server_encoding") != "UTF8":
        raise LogMisconfigured(f"the event log {place} needs a database in UTF-8; make it with `createdb --encoding=UTF8`")
    for name, wanted in _ON.items():
        value = _shown(connection, name)
        if value not in wanted:
            raise LogMisconfigured(
                f"the event log {place} would lose events in a power cut ({name}={value}); set it to on for this user or "
                "for the server"
            )
    if not schema_of(connection):
        raise LogMisconfigured(
            f"the event log {place} has no schema to be in; make the one that its search_path names with CREATE SCHEMA"
        )


def schema_of(connection: Connection[Any]) -> str:
    """The schema that tables are made in; empty when there is none."""
    return _one(connection, b"SELECT coalesce(current_schema(), '')")


def durability(connection: Connection[Any]) -> str:
    """How commits are made durable, for people; for example "PostgreSQL 18.1, synchronous_commit=on"."""
    version, synchronous = _shown(connection, "server_version"), _shown(connection, "synchronous_commit")
    return f"PostgreSQL {version}, synchronous_commit={synchronous}"


@contextmanager
def write_transaction(connection: Connection[Any]) -> Iterator[PostgresCursor]:
    """
    A transaction that holds the lock for writing from its start.

    Raises:
        psycopg.Error: nothing was stored; or, if that came from the commit itself, perhaps all.
    """
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as raw:
        raw.execute(_WRITE_LOCK)
        yield PostgresCursor(raw)


def _shown(connection: Connection[Any], name: str) -> str:
    return _one(connection, f"SHOW {name}".encode())


def _one(connection: Connection[Any], query: bytes) -> str:
    with connection.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query).fetchone()
    return str(row[0]) if row else ""
