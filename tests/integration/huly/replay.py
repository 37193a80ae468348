"""Sends recorded requests to the sandbox and compares the answers, with ids, times and tokens of either side mapped.

What a client chose itself (ids of documents and transactions) is sent as it was recorded. What the server made up
(ids of accounts, tokens, times, references of snapshots) is bound when an answer shows it, and from then on the bound
value is sent in its place and expected in its place.
"""

import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import attrs
import yarl

from connectors.huly.sandbox import HulySandbox

GOLDEN = Path(__file__).parents[2] / "golden" / "huly"

_SERVER_MADE = (
    re.compile(r"\{\{token-\d+\}\}"),
    re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),  # accounts, workspaces
    re.compile(r"\d{13,20}"),  # social ids, invites, times written as text
    re.compile(r"[0-9a-f]{24}"),  # ids the server made
    re.compile(r"[0-9a-f]{24}-\w+-\d{13}"),  # references of snapshots
    re.compile(r"[0-9a-f]{40}"),  # hash of the model
    re.compile(r"1a2[0-9a-f]{8}"),  # the %hash% column
)
_RANK = re.compile(r"0\|[0-9a-z]{6}:")
_A_TIME = 10**12


@attrs.frozen(kw_only=True)
class Recording:
    """One recorded request with its answer."""

    name: str
    method: str
    url: str
    status: int | None
    token: str | None = None
    body: Any = None
    body_text: str | None = None
    response: Any = None
    response_text: str | None = None
    if_none_match: bool = False


def load(name: str) -> list[Recording]:
    """The recordings of one file; lines end at LF only, texts may hold other line separators."""
    rows = [json.loads(line) for line in (GOLDEN / name).read_text(encoding="utf-8").split("\n") if line]
    known = {field.name for field in attrs.fields(Recording)}
    return [
        Recording(**{**{key: value for key, value in row.items() if key in known}, "name": _name_of(row)}) for row in rows
    ]


def _name_of(row: dict[str, Any]) -> str:
    return f"{row['n']} {row['name']}" if "n" in row else row["name"]


@attrs.define(kw_only=True)
class Answer:
    status: int
    body: Any
    etag: str


@attrs.define(kw_only=True)
class Replay:
    """A conversation with one sandbox.

    Attributes:
        loose: keys whose values need only have the recorded type.
        optional: keys that may be there or not.
        by_form: keys whose values need only have the recorded form, such as ranks.
        bound: what the server of the recordings made up -> what the sandbox made up.
        sent: texts that a client chose; they are never bound.
    """

    sandbox: HulySandbox
    http: aiohttp.ClientSession
    loose: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    by_form: frozenset[str] = frozenset()
    bound: dict[Any, Any] = attrs.Factory(dict)
    sent: set[str] = attrs.Factory(set)
    last_etag: str = ""

    async def send(self, recording: Recording) -> Answer:
        """Sends a recorded request."""
        headers = {}
        if recording.token is not None:
            headers["Authorization"] = f"Bearer {self.known(recording.token)}"
        if recording.if_none_match:
            headers["If-None-Match"] = self.last_etag
        data = None
        if recording.body is not None:
            self.sent.update(_texts_in(recording.body))
            data = json.dumps(self.known(recording.body)).encode()
            headers["Content-Type"] = "application/json"
        elif recording.body_text is not None:
            data = recording.body_text.encode()
        url = yarl.URL(self._address(recording.url), encoded=True)
        async with self.http.request(recording.method, url, data=data, headers=headers) as answer:
            text = await answer.text()
            self.last_etag = answer.headers.get("ETag", "")
            return Answer(status=answer.status, body=_parsed(text), etag=self.last_etag)

    def _address(self, url: str) -> str:
        places = {
            "{{front}}": self.sandbox.url,
            "{{accounts}}": self.sandbox.accounts_url,
            "{{transactor}}": self.sandbox.transactor_url,
            "{{collaborator}}": self.sandbox.collaborator_url,
        }
        for placeholder, address in places.items():
            url = url.replace(placeholder, address)
        return self.known(url)

    def known(self, value: Any) -> Any:
        """The value with everything bound put in its place, also inside longer texts."""
        if isinstance(value, dict):
            return {self.known(key): self.known(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.known(item) for item in value]
        if isinstance(value, str):
            if value in self.bound:
                return self.bound[value]
            for recorded, actual in self.bound.items():
                if isinstance(recorded, str) and recorded in value:
                    value = value.replace(recorded, actual)
            return value
        return self.bound.get(value, value) if isinstance(value, int) and value > _A_TIME else value

    async def differences(self, recording: Recording, *, shape_only: bool = False) -> list[str]:
        """Sends a request and says where the answer differs from the recorded one."""
        answer = await self.send(recording)
        found = [] if answer.status == recording.status else [f"status {answer.status}, recorded {recording.status}"]
        expected = recording.response if recording.response_text is None else recording.response_text
        return [*found, *self.compare(expected, answer.body, "$", shape_only=shape_only)]

    def compare(self, recorded: Any, actual: Any, where: str, *, shape_only: bool = False) -> list[str]:
        """Differences of keys, types and values, each with its place."""
        if isinstance(recorded, dict) and isinstance(actual, dict):
            return self._compare_objects(recorded, actual, where, shape_only=shape_only)
        if isinstance(recorded, list) and isinstance(actual, list):
            return self._compare_lists(recorded, actual, where, shape_only=shape_only)
        if _kind(recorded) != _kind(actual):
            return [f"{where}: {_kind(actual)} {actual!r:.80}, recorded {_kind(recorded)} {recorded!r:.80}"]
        fine = shape_only or self._same_value(recorded, actual, where)
        return [] if fine else [f"{where}: {actual!r:.120}, recorded {self.known(recorded)!r:.120}"]

    def _compare_objects(self, recorded: dict, actual: dict, where: str, *, shape_only: bool) -> list[str]:
        expected = {self.known(key): value for key, value in recorded.items()}
        missing = [f"{where}: no {key}" for key in expected.keys() - actual.keys() - self.optional]
        extra = [f"{where}: unexpected {key}" for key in actual.keys() - expected.keys() - self.optional]
        inner = [
            difference
            for key, value in expected.items()
            if key in actual and key not in self.optional
            for difference in self.compare(value, actual[key], f"{where}.{key}", shape_only=shape_only)
        ]
        return [*sorted(missing), *sorted(extra), *inner]

    def _compare_lists(self, recorded: list, actual: list, where: str, *, shape_only: bool) -> list[str]:
        """Lists of the same length, in the recorded order unless their items carry names."""
        if len(recorded) != len(actual):
            return [f"{where}: {len(actual)} items, recorded {len(recorded)}"]
        pairs = zip(recorded, self._in_order_of(recorded, actual), strict=True)
        return [
            difference
            for number, (item, other) in enumerate(pairs)
            for difference in self.compare(item, other, f"{where}[{number}]", shape_only=shape_only)
        ]

    def _in_order_of(self, recorded: list, actual: list) -> list:
        """The order of a listing without `sort` is nobody's promise: pairs items by id, or by another name."""
        for name in ("_id", "url", "identifier", "key"):
            if all(isinstance(item, dict) and name in item for item in [*recorded, *actual]):
                by_name = {item[name]: item for item in actual}
                wanted = [self.known(item[name]) for item in recorded]
                if len(by_name) == len(actual) and set(wanted) == set(by_name):
                    return [by_name[value] for value in wanted]
        return actual

    def _same_value(self, recorded: Any, actual: Any, where: str) -> bool:
        key = where.rpartition(".")[2]
        if key in self.loose or isinstance(recorded, bool) or recorded is None:
            return key in self.loose or recorded is actual
        if isinstance(recorded, int | float):
            return self._same_number(recorded, actual)
        if key in self.by_form and _RANK.fullmatch(recorded):
            return _RANK.fullmatch(actual) is not None
        return self._same_text(recorded, actual)

    def _same_number(self, recorded: float, actual: float) -> bool:
        if recorded > _A_TIME and actual > _A_TIME:
            self.bound.setdefault(recorded, actual)
            return True
        return recorded == actual

    def _same_text(self, recorded: str, actual: str) -> bool:
        if self._address(recorded) == actual or _same_json(self.known(recorded), actual):
            return True
        if recorded.startswith("{{") and recorded.endswith(("-ws}}", "service}}")):
            return actual.startswith(("ws://127.0.0.1:", "http://127.0.0.1:"))
        if recorded in self.bound:
            return self.bound[recorded] == actual
        return recorded not in self.sent and self._bind(recorded, actual)

    def _bind(self, recorded: str, actual: str) -> bool:
        """Binds what the server made up, if both sides have the same form."""
        if recorded.startswith("{{token-"):
            self.bound[recorded] = actual
            return actual.count(".") == 2
        for form in _SERVER_MADE:
            if form.fullmatch(recorded) and form.fullmatch(actual):
                self.bound[recorded] = actual
                return True
        return False


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return type(value).__name__


def _same_json(recorded: str, actual: str) -> bool:
    """Whether two texts are JSON objects that say the same, such as markup."""
    if not (recorded.startswith("{") and actual.startswith("{")):
        return False
    try:
        return json.loads(recorded) == json.loads(actual)
    except ValueError:
        return False


def _texts_in(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {text for item in value.values() for text in _texts_in(item)}
    if isinstance(value, list):
        return {text for item in value for text in _texts_in(item)}
    return {value} if isinstance(value, str) else set()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
