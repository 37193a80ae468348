"""Which requests arrived, so that a test can say "no write was made"."""

from collections import Counter
from typing import Any, Literal

from attrs import Factory, define, frozen

RequestKind = Literal["read", "listing", "write", "account", "front"]
_WRITING_CALLS = frozenset({"createContent", "updateContent"})


@frozen(kw_only=True)
class SeenRequest:
    """One request.

    Attributes:
        kind: `write` asks for a change, `listing` is a find-all that does not name ids, `read` everything else of
            transactor and collaborator.
        operation: what it asks for, such as `find-all tracker:class:Issue`.
        status: status of the answer; nothing when the connection was dropped.
    """

    kind: RequestKind
    operation: str
    status: int | None = None


@define
class RequestLog:
    """All requests since the last reset, those of the control route not among them."""

    seen: list[SeenRequest] = Factory(list)

    def add(self, request: SeenRequest) -> None:
        """Adds a request."""
        self.seen.append(request)

    def reset(self) -> None:
        """Forgets all requests."""
        self.seen.clear()

    def count(self, kind: RequestKind) -> int:
        """How many requests of a kind arrived."""
        return sum(1 for request in self.seen if request.kind == kind)

    @property
    def writes(self) -> int:
        """How many requests asked for a change, refused ones included."""
        return self.count("write")

    @property
    def reads(self) -> int:
        """How many requests read single things."""
        return self.count("read")

    @property
    def listings(self) -> int:
        """How many requests listed documents."""
        return self.count("listing")

    def operations(self) -> dict[str, int]:
        """How often each operation was asked for."""
        return dict(Counter(request.operation for request in self.seen))

    def summary(self) -> dict[str, Any]:
        """All numbers, as plain data."""
        kinds = {"writes": self.writes, "reads": self.reads, "listings": self.listings}
        others = {"accounts": self.count("account"), "fronts": self.count("front")}
        return {**kinds, **others, "operations": self.operations()}


def describe(method: str, path: str, query_class: str | None, body: Any) -> SeenRequest:
    """What a request asks for."""
    content = body if isinstance(body, dict) else {}
    if path.startswith("/_accounts"):
        return SeenRequest(kind="account", operation=f"account {content.get('method')}")
    if path.startswith("/_collaborator/"):
        call = str(content.get("method"))
        return SeenRequest(kind="write" if call in _WRITING_CALLS else "read", operation=f"rich text {call}")
    if not path.startswith("/_transactor/"):
        return SeenRequest(kind="front", operation=f"{method} {path}")
    name = path.removeprefix("/_transactor/api/v1/").partition("/")[0]
    if name == "find-all":
        return _describe_find_all(query_class or str(content.get("_class")), content.get("query"))
    if name == "tx":
        return SeenRequest(kind="write", operation=f"tx {_describe_tx(content)}")
    return SeenRequest(kind="write" if name == "ensure-person" else "read", operation=name)


def _describe_find_all(class_id: str, query: Any) -> SeenRequest:
    by_id = isinstance(query, dict) and ("_id" in query or "identifier" in query)
    return SeenRequest(kind="read" if by_id else "listing", operation=f"find-all {class_id}")


def _describe_tx(tx: dict[str, Any]) -> str:
    inner = tx.get("txes")
    if isinstance(inner, list):
        return "group " + ", ".join(_describe_tx(part) for part in inner if isinstance(part, dict))
    return f"{str(tx.get('_class')).rpartition(':')[2]} {tx.get('objectClass')}"
