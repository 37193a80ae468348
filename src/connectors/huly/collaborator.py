"""The service that keeps the texts of issues."""

from typing import Any
from urllib.parse import quote

import orjson
from yarl import URL

from connectors.huly.account import WorkspaceSession
from connectors.huly.payloads import ISSUE
from connectors.huly.refusals import LARGEST_BODY, SessionRefused, collaborator_result
from connectors.huly.wire import Wire
from syncengine.errors import AuthenticationFailed, RecordInvalid, RemoteBusy

_FIELD = "description"


class Collaborator:
    """Speaks to the collaborator of one workspace; every text is the description of an issue."""

    def __init__(self, wire: Wire, session: WorkspaceSession, url: URL) -> None:
        self._wire = wire
        self._session = session
        self._url = url

    async def read_text(self, issue: str, blob: str | None) -> str:
        """
        The markup as it is now, edits in open editors included; empty when there is none.

        Also opens the document, without which clearing it would be lost (surprise 7).

        Args:
            blob: the snapshot that the issue names, from which a document that was never opened is built.
        """
        payload = {"source": blob} if blob else {}
        content = await self._call("getContent", issue, payload, changes=False)
        markup = content.get("content", {}).get(_FIELD)
        return markup if isinstance(markup, str) else ""

    async def store_snapshot(self, issue: str, markup: str) -> str:
        """
        Store a text for an issue that does not exist yet; returns the name of the blob. Nothing shows it so far.

        Raises:
            RecordInvalid: it is too large; nothing was sent.
        """
        content = await self._call("createContent", issue, _content(issue, markup), changes=False)
        blob = content.get("content", {}).get(_FIELD)
        if not isinstance(blob, str) or not blob:
            raise RemoteBusy("the collaborator stored a description and did not say where", ref=issue)
        return blob

    async def write_text(self, issue: str, markup: str) -> None:
        """
        Replace the text of an issue; the issue names the new blob when this returns (surprise 10).

        Raises:
            RecordInvalid: it is too large; nothing was sent.
            OutcomeUnknown: it may or may not have been written.
        """
        await self._call("updateContent", issue, _content(issue, markup), changes=True)

    async def _call(self, method: str, issue: str, payload: dict[str, Any], *, changes: bool) -> dict[str, Any]:
        token = self._session.entrance.token
        try:
            return await self._send(method, issue, payload, changes=changes)
        except SessionRefused:
            await self._session.renew(token)
        try:
            return await self._send(method, issue, payload, changes=changes)
        except SessionRefused as error:
            raise AuthenticationFailed(f"Huly refuses a token it has just given out ({error})") from error

    async def _send(self, method: str, issue: str, payload: dict[str, Any], *, changes: bool) -> dict[str, Any]:
        entrance = self._session.entrance
        document = quote(f"{entrance.workspace}|{ISSUE}|{issue}|{_FIELD}", safe="")
        url = URL(f"{self._url}/rpc/{document}", encoded=True)
        body = {"method": method, "payload": payload}
        sending = self._wire.post_once if changes else self._wire.ask
        answer = await sending(url, body, token=entrance.token)
        return collaborator_result(answer, changes=changes)


def refuse_too_large(issue: str, markup: str) -> None:
    """
    Raise before anything is sent when a text would not fit into a request.

    Raises:
        RecordInvalid: names both sizes.
    """
    size = len(orjson.dumps({"method": "createContent", "payload": _fields(markup)}))
    if size > LARGEST_BODY:
        raise RecordInvalid(
            f"the description of {issue} needs a request of {size:,} bytes and Huly takes {LARGEST_BODY:,} at most; "
            "shorten it, or attach the long part as a file"
        )


def _content(issue: str, markup: str) -> dict[str, Any]:
    refuse_too_large(issue, markup)
    return _fields(markup)


def _fields(markup: str) -> dict[str, Any]:
    return {"content": {_FIELD: markup}}
