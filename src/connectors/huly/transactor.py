"""The workspace server: queries and transactions over REST."""

from collections.abc import Mapping
from typing import Any, TypeVar

from connectors.huly.account import WorkspaceSession
from connectors.huly.payloads import OwnAccount, read
from connectors.huly.refusals import SessionRefused, WrongAuthor, transactor_result
from connectors.huly.wire import Wire, http_url
from syncengine.errors import AuthenticationFailed, EndpointGone

T = TypeVar("T")

SOURCE = "Huly's transactor"


class Transactor:
    """Speaks to the transactor of one workspace as one account."""

    def __init__(self, wire: Wire, session: WorkspaceSession, *, url: str = "") -> None:
        self._wire = wire
        self._session = session
        self._override = url
        self._me: OwnAccount | None = None

    @property
    def me(self) -> OwnAccount:
        """Who we are; known after `warm_up`."""
        if self._me is None:
            raise AssertionError("the transactor was never warmed up")
        return self._me

    async def warm_up(self) -> OwnAccount:
        """
        Open the session on the server with one call alone, before others run side by side, and learn who we are.

        Raises:
            EndpointGone: the address is not that of a transactor.
            AuthenticationFailed: no token is accepted.
        """
        content = await self._call("GET", "account", None, changes=False)
        self._me = read(OwnAccount, content, source=SOURCE)
        return self._me

    async def find_all(
        self, class_id: str, query: Mapping[str, Any], options: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """
        All documents that fit, whole again: the server leaves out what equals a plain value of the query (observed 2).

        Raises:
            ConnectorError: nothing is known then.
        """
        payload = {"_class": class_id, "query": dict(query), "options": dict(options or {})}
        content = await self._call("POST", "find-all", payload, changes=False)
        found = content.get("value") if isinstance(content, dict) else None
        if not isinstance(found, list) or not all(isinstance(document, dict) for document in found):
            raise EndpointGone(f"{SOURCE} answered a query in a form this connector does not know; it needs Huly 0.7")
        return [_whole(document, class_id, query) for document in found]

    async def find(self, kind: type[T], class_id: str, query: Mapping[str, Any]) -> T | None:
        """The one document that fits, as a value of this class; None when there is none that we may see."""
        found = await self.find_all(class_id, query, {"limit": 1})
        return read(kind, found[0], source=SOURCE) if found else None

    async def apply(self, tx: Mapping[str, Any], *, changes: bool = True) -> Any:
        """
        Send one transaction, once.

        Args:
            changes: a person would miss it or see it twice; otherwise a lost answer counts as "not done".

        Raises:
            OutcomeUnknown: it may or may not have been applied.
            DuplicateKey: the id exists.
            ConnectorError: it was refused and not applied.
        """
        try:
            return await self._call("POST", "tx", tx, changes=changes)
        except WrongAuthor:
            await self.warm_up()  # our identities may have changed; the next try uses the new one
            raise

    async def _call(self, method: str, path: str, payload: Any, *, changes: bool) -> Any:
        token = self._session.entrance.token
        try:
            return await self._send(method, path, payload, changes=changes)
        except SessionRefused:
            # Refused before anything was done, so this is no second attempt of a write.
            await self._session.renew(token)
        try:
            return await self._send(method, path, payload, changes=changes)
        except SessionRefused as error:
            raise AuthenticationFailed(f"Huly refuses a token it has just given out ({error})") from error

    async def _send(self, method: str, path: str, payload: Any, *, changes: bool) -> Any:
        entrance = self._session.entrance
        base = http_url(self._override or entrance.endpoint)
        url = base / "api" / "v1" / path / entrance.workspace
        if method == "GET":
            answer = await self._wire.get(url, token=entrance.token)
        elif path == "tx":
            answer = await self._wire.post_once(url, payload, token=entrance.token, changes=changes)
        else:
            answer = await self._wire.ask(url, payload, token=entrance.token)
        return transactor_result(answer, changes=changes)


def _whole(document: dict[str, Any], class_id: str, query: Mapping[str, Any]) -> dict[str, Any]:
    plain = {key: value for key, value in query.items() if isinstance(value, str | int | float)}
    missing = {key: value for key, value in {"_class": class_id, **plain}.items() if document.get(key) is None}
    return {**document, **missing}
