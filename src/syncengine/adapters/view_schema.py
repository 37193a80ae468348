"""The tables of the views: what they are, and making them; `view_tables` says what each event changes in them."""

from syncengine.adapters.log_cursor import TABLE_NAMES, Cursor

VIEWS_VERSION = 6
"""Raised with every change of the tables or of `changes_of`; a log with other views gets them rebuilt when it is opened."""

TABLES = {
    "view_records": """
        CREATE TABLE view_records (
            endpoint TEXT NOT NULL, container TEXT NOT NULL, record_id TEXT NOT NULL,
            link_id TEXT NOT NULL, kind TEXT NOT NULL, digest BLOB NOT NULL,
            revision TEXT, label TEXT, title TEXT, gone TEXT,
            PRIMARY KEY (endpoint, container, record_id)) WITHOUT ROWID""",
    "view_decisions": "CREATE TABLE view_decisions (link_id TEXT NOT NULL, version INTEGER NOT NULL)",
    "view_open_writes": """
        CREATE TABLE view_open_writes (
            intent_id TEXT NOT NULL PRIMARY KEY, link_id TEXT NOT NULL, endpoint TEXT NOT NULL, since TEXT NOT NULL,
            not_before TEXT, outcome TEXT, attempts INTEGER NOT NULL DEFAULT 0, reason TEXT NOT NULL DEFAULT '')""",
    "view_parked": """
        CREATE TABLE view_parked (
            link_id TEXT NOT NULL, subject TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL,
            PRIMARY KEY (link_id, subject))""",
    "view_paused": """
        CREATE TABLE view_paused (endpoint TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, since TEXT NOT NULL)""",
    "view_pauses": """
        CREATE TABLE view_pauses (
            subject TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, paused_by TEXT NOT NULL, since TEXT NOT NULL)""",
    "view_hosts": "CREATE TABLE view_hosts (host TEXT NOT NULL PRIMARY KEY, reason TEXT NOT NULL, since TEXT NOT NULL)",
    "view_cursors": """
        CREATE TABLE view_cursors (
            endpoint TEXT NOT NULL, container TEXT NOT NULL, cursor TEXT NOT NULL, version INTEGER NOT NULL,
            PRIMARY KEY (endpoint, container)) WITHOUT ROWID""",
    "view_safety": """
        CREATE TABLE view_safety (
            place TEXT NOT NULL PRIMARY KEY, plan TEXT NOT NULL, reason TEXT NOT NULL, since TEXT NOT NULL)""",
    "view_approvals": "CREATE TABLE view_approvals (plan TEXT NOT NULL PRIMARY KEY)",
    # Links that moved on since somebody last found nothing to do for them. A rebuild makes all of them restless, which
    # costs one more look and nothing else.
    "view_restless": """
        CREATE TABLE view_restless (link_id TEXT NOT NULL PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID""",
    # Up to which event the views were written: one row, counted and not copied from the log, so that a gap is seen.
    "view_progress": "CREATE TABLE view_progress (position INTEGER NOT NULL)",
}

_INDEXES = (
    "CREATE INDEX view_records_link ON view_records (link_id)",
    "CREATE UNIQUE INDEX view_decisions_link ON view_decisions (link_id)",
    "CREATE INDEX view_open_writes_link ON view_open_writes (link_id)",
)


def make_view_tables(cursor: Cursor) -> None:
    """Drop the views, whatever they are, and make empty ones."""
    for (name,) in cursor.execute(TABLE_NAMES).fetchall():
        if name.startswith("view_"):
            cursor.execute(f'DROP TABLE "{name}"')
    for statement in (*TABLES.values(), *_INDEXES, "INSERT INTO view_progress (position) VALUES (0)"):
        cursor.execute(statement)
