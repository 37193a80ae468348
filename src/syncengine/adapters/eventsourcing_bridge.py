"""
The `eventsourcing` library, fitted to our events, envelope and promises.

Import this module late. Importing `eventsourcing.domain`, which every part of the library does, replaces the function
`_process_class` inside the standard `dataclasses` module for the whole process, and reads environment variables.
Whoever only imports `syncengine` must not get that.

What is replaced, and why:

- environment: the library lets `os.environ` win over explicit settings, so a stray variable could put the log in memory;
- topics: the library stores import paths and resolves them when it reads; ours are names of our own;
- mapper and transcoder: the stock ones bypass constructors, turn tuples into lists, and trip over remote text that
  looks like one of their tags;
- transactions: the library begins deferred ones, in which reading before writing fails at once when somebody else
  wrote in between; ours take the write lock first and wait for it;
- connections: durable, or refused.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.persistence import Mapper, Notification, StoredEvent, Transcoder
from eventsourcing.sqlite import (
    SQLiteApplicationRecorder,
    SQLiteConnection,
    SQLiteConnectionPool,
    SQLiteCursor,
    SQLiteDatastore,
    SQLiteFactory,
)
from eventsourcing.utils import Environment, EnvType

from syncengine.adapters import plain_json
from syncengine.adapters.log_file import connect, write_transaction
from syncengine.adapters.stored_appends import appended_first, encoded, require_predecessors, still_open
from syncengine.adapters.stored_rows import Row, recorded_in
from syncengine.adapters.view_tables import write_views
from syncengine.engine.ports import Append, Recorded
from syncengine.errors import EventLogError

_PATH = "SQLITE_DBNAME"
_READ_ONLY = "LOG_READ_ONLY"


class PlainTranscoder(Transcoder):
    """JSON without tags."""

    def encode(self, obj: Any) -> bytes:
        """The data as JSON bytes."""
        return plain_json.dumps(obj)

    def decode(self, data: bytes) -> Any:
        """The data in these bytes."""
        return plain_json.loads(data)


class EnvelopeMapper(Mapper[UUID]):
    """Turns our envelope into the library's rows and back."""

    def to_stored_event(self, domain_event: Any) -> StoredEvent:
        """The row of a `Recorded`."""
        recorded: Recorded = domain_event
        return StoredEvent(recorded.stream_id, recorded.version, *encoded(recorded))

    def to_domain_event(self, stored_event: StoredEvent) -> Any:
        """The `Recorded` of a row; without a position where the library does not read it."""
        position = stored_event.id if isinstance(stored_event, Notification) else 0
        stream = stored_event.originator_id
        stream_text = stream.hex if isinstance(stream, UUID) else stream
        row: Row = position, stream_text, stored_event.originator_version, stored_event.topic, stored_event.state
        return recorded_in(row)


class LogConnection(SQLiteConnection):
    """A durable connection whose writing transactions hold the write lock from the start."""

    @property
    def raw(self) -> sqlite3.Connection:
        """The connection of the standard library."""
        return self._sqlite_conn

    @contextmanager
    def transaction(self, *, commit: bool) -> Iterator[SQLiteCursor]:
        """One transaction; see `write_transaction` for those that commit."""
        if not commit:
            with super().transaction(commit=False) as cursor:
                yield cursor
            return
        with write_transaction(self.raw):
            yield self.cursor()


class LogConnectionPool(SQLiteConnectionPool):
    """
    Connections for readers, and one for the writer.

    The library's pool keeps readers waiting while a second writer waits, and for ever once opening a connection for a
    writer failed. Neither can happen here: the one writer takes its connection when the log is opened and keeps it.
    """

    def __init__(self, *, path: Path, read_only: bool) -> None:
        super().__init__(db_name=path.absolute().as_uri())
        self._path = path
        self._read_only = read_only

    def _create_connection(self) -> LogConnection:
        raw = connect(self._path, read_only=self._read_only)
        raw.row_factory = sqlite3.Row
        return LogConnection(raw, max_age=self.max_age)


class LogDatastore(SQLiteDatastore):
    """The library's datastore on our connections."""

    def __init__(self, *, path: Path, read_only: bool) -> None:
        super().__init__(db_name=path.absolute().as_uri())
        self.pool = LogConnectionPool(path=path, read_only=read_only)

    @contextmanager
    def raw_connection(self, *, writer: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection of the standard library, taken from the pool."""
        with self.get_connection(commit=writer) as connection:
            yield connection.raw  # type: ignore[attr-defined]  # the pool makes no others


class LogRecorder(SQLiteApplicationRecorder):
    """Stores events, and in the same transaction what they change in the views."""

    def insert_events(self, stored_events: Sequence[StoredEvent], **kwargs: Any) -> Sequence[int] | None:
        """Refused: a second writer would make every reader of the pool wait."""
        del stored_events, kwargs
        raise EventLogError("events are stored by the writer of the log; append them to the log")

    def store(
        self, cursor: Any, *, appends: Sequence[Append], rows: Sequence[StoredEvent], events: Sequence[Recorded]
    ) -> None:
        """
        Store these appends within a transaction.

        Raises:
            ConcurrentAppend: a stream is longer than an append expects.
            EventLogError: a stream is shorter than an append expects, or a decision of the link is still open.
        """
        self._insert_events(cursor, rows, events=events)
        require_predecessors(cursor, appends)

    def _insert_events(
        self, c: SQLiteCursor, stored_events: Sequence[StoredEvent], *, events: Sequence[Recorded] = (), **kwargs: Any
    ) -> Sequence[int] | None:
        try:
            positions = super()._insert_events(c, stored_events, **kwargs)
        except sqlite3.IntegrityError as error:
            raise appended_first([row.originator_id for row in stored_events]) from error
        try:
            write_views(c, events)  # type: ignore[arg-type]  # has what it needs of a cursor
        except sqlite3.IntegrityError as error:
            raise still_open(error) from error
        return positions


class LogFactory(SQLiteFactory):
    """Makes nothing but the datastore; the library wants one."""

    def __init__(self, env: Environment) -> None:
        super().__init__(env)
        self.datastore: LogDatastore = LogDatastore(path=Path(env[_PATH]), read_only=_READ_ONLY in env)


class LogApplication(Application[UUID]):
    """The library's application, with explicit settings only."""

    name = "syncengine"
    datastore: LogDatastore
    log_recorder: LogRecorder

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        super().__init__({_PATH: str(path), **({_READ_ONLY: "y"} if read_only else {})})

    def construct_env(self, name: str, env: EnvType | None = None) -> Environment:
        """What was given, and nothing of `os.environ`."""
        return Environment(name, env)

    def construct_factory(self, env: Environment) -> Any:
        """Ours; the library would look up an import path in the settings."""
        factory = LogFactory(env)
        self.datastore = factory.datastore
        return factory

    def construct_recorder(self) -> LogRecorder:
        """Ours; it makes no tables, the log does that together with its own."""
        self.log_recorder = LogRecorder(self.datastore)
        return self.log_recorder

    def construct_mapper(self) -> EnvelopeMapper:
        """Ours."""
        return EnvelopeMapper(PlainTranscoder())
