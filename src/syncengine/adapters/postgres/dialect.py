"""Our statements in the words of PostgreSQL."""

import re
from functools import lru_cache

from syncengine.adapters.log_cursor import TABLE_NAMES

_INSTEAD = {TABLE_NAMES: "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema()"}

_TYPES = (
    (re.compile(r"\bINTEGER PRIMARY KEY AUTOINCREMENT\b"), "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"),
    (re.compile(r"\bINTEGER\b"), "BIGINT"),
    (re.compile(r"\bBLOB\b"), "BYTEA"),
)
_VIEW = re.compile(r"\s*CREATE TABLE (view_\w+) \(")
_WITHOUT_ROWID = " WITHOUT ROWID"
_ROWID = re.compile(r"\browid\b")


@lru_cache(maxsize=1024)
def in_postgres(statement: str) -> bytes:
    """The statement as PostgreSQL and `psycopg` understand it, to be run with parameters, if only with none."""
    if statement in _INSTEAD:
        return _INSTEAD[statement].encode()
    if statement.lstrip().startswith("CREATE TABLE"):
        statement = _table(statement)
    elif "stored_events" in statement:
        statement = _ROWID.sub("notification_id", statement)
    return statement.replace("%", "%%").replace("?", "%s").encode()


def _table(statement: str) -> str:
    for found, instead in _TYPES:
        statement = found.sub(instead, statement)
    if statement.endswith(_WITHOUT_ROWID):
        return statement.removesuffix(_WITHOUT_ROWID)
    # The order in which rows were added, which SQLite knows without being told.
    return _VIEW.sub(r"CREATE TABLE \1 (rowid BIGINT GENERATED ALWAYS AS IDENTITY, ", statement)
