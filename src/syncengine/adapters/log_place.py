"""Where a log is: a file, or a PostgreSQL database."""

from importlib import import_module
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import field, frozen, validators

from syncengine.errors import LogMisconfigured
from syncengine.redaction import Secret, make_known
from syncengine.secret_places import is_secret_name

LEASE_TIME_S = 30.0
"""Seconds without a renewal after which a holder that cannot be asked counts as gone; it renews three times as often."""

_SCHEMES = ("postgresql", "postgres")
_NOTES = "syncengine.postgresql"


@frozen
class PostgresPlace:
    """
    A PostgreSQL database that holds a log. Its text is the URL without the user and what may be secret.

    Attributes:
        url: as `psql` takes it.
        password: if it is not in the URL, nor where `psql` finds it.
        lease_s: seconds after which a process that writes the log and is silent counts as gone.
        notes: what is remembered about this log on this computer is in files beside this path.
    """

    url: Secret = field(repr=False)
    password: Secret | None = field(default=None, repr=False)
    lease_s: float = field(default=LEASE_TIME_S, validator=validators.gt(0))
    notes: Path = field(default=Path(_NOTES), eq=False)

    @property
    def has_password(self) -> bool:
        """Whether the URL holds one."""
        return urlsplit(self.url.reveal()).password is not None

    def __str__(self) -> str:
        parts = urlsplit(self.url.reveal())
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


class PlaceText(str):
    """A text that names a log."""

    __slots__ = ()


LogPlace = Path | PostgresPlace
"""Where a log is."""


def is_url(text: str) -> bool:
    """Whether this names a log that is no file."""
    scheme, separator, _ = text.partition("://")
    return bool(separator) and scheme.isidentifier()


def place_of(text: str, *, folder: Path = Path(), password: Secret | None = None, lease_s: float | None = None) -> LogPlace:
    """
    The log that this text names.

    Args:
        text: a path, or a URL that begins with "postgresql://".
        folder: relative paths are relative to it.
        password: for the database.
        lease_s: see `PostgresPlace`; the usual time when None.

    Raises:
        LogMisconfigured: a URL of another kind of database, or something for databases and a file.
    """
    if not is_url(text):
        if password is not None or lease_s is not None:
            raise LogMisconfigured(
                "a log in a file has no password and no lease_s; remove them or give the URL of a database"
            )
        return folder / text
    if text.partition("://")[0] not in _SCHEMES:
        raise LogMisconfigured(
            "an event log is a file or a PostgreSQL database; give a path or postgresql://USER@HOST/NAME"
        )
    try:
        _make_passwords_known(text)
    except ValueError as error:
        raise LogMisconfigured("this is no URL of a database; write it like postgresql://USER@HOST/NAME") from error
    lease_s = LEASE_TIME_S if lease_s is None else lease_s
    return PostgresPlace(Secret(text), password=password, lease_s=lease_s, notes=folder / _NOTES)


def _make_passwords_known(url: str) -> None:
    # The name of a user of a database is no secret; `make_url_known` takes such names for tokens.
    parts = urlsplit(url)
    secrets = [parts.password or "", *(value for name, value in parse_qsl(parts.query) if is_secret_name(name))]
    for secret in secrets:
        make_known(secret)
        make_known(unquote(secret))


def notes_of(place: LogPlace) -> Path:
    """Beside this path is what is remembered about a log on this computer."""
    return place.notes if isinstance(place, PostgresPlace) else place


def require_postgres() -> None:
    """
    See that a log in a PostgreSQL database can be opened here.

    Raises:
        LogMisconfigured: the packages for that are not installed; says how to install them.
    """
    try:
        for name in ("psycopg", "psycopg_pool"):
            import_module(name)
    except ImportError as error:
        raise LogMisconfigured(
            "a log in a PostgreSQL database needs more packages; install them with "
            f"`pip install 'eventsourced-syncengine[postgres]'` ({error})"
        ) from error
