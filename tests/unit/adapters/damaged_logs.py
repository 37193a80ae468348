"""Ways to change the file of a log behind its back, and to see what it holds."""

import sqlite3
from contextlib import closing

from syncengine.adapters.hash_chain import Seal, all_seals, seal_old_events
from syncengine.adapters.view_schema import TABLES


def change(path, *statements):
    """Do something to the file behind the back of the log."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


def reseal(path, *statements):
    """Change events and put fitting seals over them, as a program of another version could have stored them."""
    with closing(sqlite3.connect(path)) as connection:
        for statement in (*statements, "DELETE FROM log_chain"):
            connection.execute(statement)
        seal_old_events(connection.cursor())
        connection.commit()


def seals_of(path) -> list[Seal]:
    """Every seal of the log."""
    with closing(sqlite3.connect(path)) as connection:
        return list(all_seals(connection.cursor()))


def view_rows(path):
    """Every row of the views, as stored."""
    with closing(sqlite3.connect(path)) as connection:
        return {table: sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in TABLES}
