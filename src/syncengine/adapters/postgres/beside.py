"""What may be written into the database of a log without the lease."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import psycopg

from syncengine.adapters.log_cursor import Cursor
from syncengine.adapters.log_place import PostgresPlace
from syncengine.adapters.postgres.connection import PostgresCursor, connect, write_transaction
from syncengine.adapters.postgres.log_format import require_log
from syncengine.adapters.postgres.trouble import postgres_trouble


@contextmanager
def transaction_beside(place: PostgresPlace) -> Iterator[Cursor]:
    """
    A transaction of somebody who does not hold the lease.

    Raises:
        LogMisconfigured: there is no log, or it cannot be written by this user.
        EventLogError: the database cannot be written.
    """
    try:
        with closing(connect(place)) as connection:
            require_log(PostgresCursor(connection.cursor()), place)
            with write_transaction(connection) as cursor:
                yield cursor
    except psycopg.Error as error:
        raise postgres_trouble(place, error) from error
