"""
A remote for tests: books on a shelf, which is a JSON file and so outlives every process.

`weather` in the file says how the remote behaves; a test may change it at any time. Each write leaves a line in the file
beside it (`NAME.calls`), as soon as it took effect and before it is answered.
"""

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

from attrs import field, frozen, validators

from syncengine.connector import (
    Capabilities,
    ChangePage,
    ConnectorDefaults,
    ConnectorPlugin,
    Container,
    ContainerId,
    FieldKind,
    FieldSpec,
    FieldValues,
    Kind,
    Record,
    RecordId,
    RecordRef,
    RecordSchema,
)
from syncengine.errors import (
    AuthenticationFailed,
    ConfigurationError,
    OutcomeUnknown,
    RecordInvalid,
    RemoteBusy,
    StaleRevision,
    Unreachable,
)

SHELF = ContainerId("shelf")


@frozen(kw_only=True)
class ShelfSettings:
    """
    One shelf.

    Attributes:
        path: the file.
        password: not looked at; the weather decides.
        slow_s: seconds a write takes.
        colour: of the shelf.
    """

    path: Path
    password: str = field(default="", repr=False)
    slow_s: float = field(default=0.0, validator=validators.ge(0))
    colour: Literal["red", "green"] = "red"


class Shelf:
    """The file, as persons use it."""

    def __init__(self, path):
        self.path = path

    @classmethod
    def at(cls, path, *titles):
        """A new shelf with books of these titles."""
        shelf = cls(path)
        shelf.write({"weather": "fine", "books": {}})
        for title in titles:
            shelf.put(title=title)
        return shelf

    def read(self):
        return json.loads(self.path.read_text("utf-8"))

    def write(self, document):
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(document, indent=1), "utf-8")
        beside.replace(self.path)

    def put(self, book_id=None, **fields):
        document = self.read()
        book_id = book_id or f"b{len(document['books']) + 1}"
        book = document["books"].setdefault(book_id, {"title": "", "status": "todo", "key": None})
        book.update(fields)
        self.write(document)
        return book_id

    def remove(self, book_id):
        document = self.read()
        del document["books"][book_id]
        self.write(document)

    def weather(self, weather):
        self.write({**self.read(), "weather": weather})

    def titles(self):
        return sorted(book["title"] for book in self.read()["books"].values())

    def books(self):
        return self.read()["books"]

    def calls(self):
        beside = self.path.with_suffix(".calls")
        return beside.read_text("utf-8").splitlines() if beside.exists() else []


class ShelfConnector(ConnectorDefaults):
    """The file, as the engine sees it."""

    capabilities = Capabilities(
        schemas=(
            RecordSchema(
                kind=Kind("issue"), fields=(FieldSpec(name="title"), FieldSpec(name="status", kind=FieldKind.CHOICE))
            ),
        ),
        key_storage="field",
        max_concurrent_writes=2,
    )

    def __init__(self, settings, services):
        self._shelf = Shelf(settings.path)
        self._slow_s = settings.slow_s
        self._services = services

    def as_stored(self, container, fields):
        return fields.only({"title", "status"})

    async def discover(self):
        self._document()
        return [Container(container_id=SHELF, kind=Kind("issue"), title="shelf")]

    async def list_changes(self, container, since, known):
        taken_at = self._services.now()
        books = self._document()["books"]
        yield ChangePage(changes=tuple(self._record(it, books[it]) for it in books), taken_at=taken_at, complete=True)

    async def fetch(self, ref):
        book = self._document()["books"].get(ref.record_id)
        return self._record(ref.record_id, book) if book else None

    async def find_by_key(self, container, key, fields):
        books = self._document()["books"]
        return [self._record(it, book) for it, book in books.items() if book["key"] == key]

    async def create(self, container, key, fields):
        weather = self._document()["weather"]
        if weather == "refuses":
            raise RecordInvalid("no such books here")
        book_id = self._shelf.put(f"{self._shelf.path.stem}-{len(self._shelf.books()) + 1}", key=key, **fields)
        await self._effect("create", book_id)
        if weather == "lost_answers":
            raise OutcomeUnknown("the connection broke off")
        return self._record(book_id, self._shelf.books()[book_id])

    async def update(self, ref, patch, *, expected):
        book = self._document()["books"].get(ref.record_id)
        if book is None or any(book[name] != value for name, value in expected.items()):
            raise StaleRevision("somebody was faster")
        self._shelf.put(ref.record_id, **patch)
        await self._effect("update", ref.record_id)
        return self._record(ref.record_id, self._shelf.books()[ref.record_id])

    async def delete(self, ref, *, expected):
        self._shelf.remove(ref.record_id)

    def _document(self):
        document = self._shelf.read()
        error = trouble(document["weather"])
        if error is not None:
            raise error
        return document

    async def _effect(self, operation, book_id):
        with self._shelf.path.with_suffix(".calls").open("a", encoding="utf-8") as file:
            file.write(f"{operation} {book_id}\n")
        await asyncio.sleep(self._slow_s)

    def _record(self, book_id, book):
        return Record(
            ref=RecordRef(self._services.endpoint, SHELF, RecordId(book_id)),
            fields=FieldValues({"title": book["title"], "status": book["status"]}),
            sync_key=book["key"],
            label=book_id.upper(),
        )


def trouble(weather):
    """The error that every call ends with in this weather, if any."""
    return {
        "unreachable": Unreachable("nobody answers"),
        "other_name": ConfigurationError("there is no such shelf; the shelves are: A, B"),
        "busy": RemoteBusy("please wait", retry_after_s=0.05),
        "bad_password": AuthenticationFailed("the password is wrong"),
        "buggy": KeyError("books"),
    }.get(weather)


@asynccontextmanager
async def connect(settings, services):
    """Opens the shelf, if the weather allows."""
    connector = ShelfConnector(settings, services)
    await connector.discover()
    yield connector


plugin = ConnectorPlugin(name="shelf", settings=ShelfSettings, connect=connect, summary="Books on a shelf")
