"""A client that sends what it is told and judges nothing: for tests of the sandbox itself."""

import itertools
import json
from typing import Any
from urllib.parse import quote

import aiohttp
import attrs
import yarl

from connectors.huly.sandbox import HulySandbox

ISSUE = "tracker:class:Issue"
COMMENT = "chunter:class:ChatMessage"
_IDS = itertools.count(1)


@attrs.define(kw_only=True)
class Rest:
    """One account at one sandbox; the connector's account unless told otherwise."""

    sandbox: HulySandbox
    http: aiohttp.ClientSession
    project: str = ""
    token: str = ""
    author: str = ""

    def __attrs_post_init__(self) -> None:
        self.token = self.token or self.sandbox.token
        self.author = self.author or self.sandbox.account.huly_id

    async def ask(self, verb: str, path: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any, Any]:
        """Status, body and headers of one request."""
        token = self.token if token is None else token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        url = yarl.URL(path if path.startswith("http") else f"{self.sandbox.url}{path}", encoded=True)
        data = body if isinstance(body, str) or body is None else json.dumps(body)
        async with self.http.request(verb, url, data=data, headers=headers) as answer:
            return answer.status, _parsed(await answer.text()), answer.headers

    async def transactor(self, verb: str, name: str, body: Any = None, *, token: str | None = None) -> tuple[int, Any]:
        """Status and body of a request to the workspace."""
        path = f"/_transactor/api/v1/{name}/{self.sandbox.workspace_uuid}"
        status, content, _ = await self.ask(verb, path, body, token=token)
        return status, content

    async def account(self, method: str, token: str = "", **params: Any) -> Any:
        """The body of a call of the account service."""
        _, body, _ = await self.ask("POST", "/_accounts", {"method": method, "params": params}, token=token)
        return body

    async def rich_text(self, method: str, issue: str, payload: dict[str, Any]) -> tuple[int, Any]:
        """Status and body of a call of the collaborator."""
        text_id = f"{self.sandbox.workspace_uuid}%7Ctracker%3Aclass%3AIssue%7C{issue}%7Cdescription"
        call = {"method": method, "payload": payload}
        status, body, _ = await self.ask("POST", f"/_collaborator/rpc/{text_id}", call)
        return status, body

    async def tx(self, tx: Any) -> tuple[int, Any]:
        """Status and body of a write."""
        return await self.transactor("POST", "tx", tx)

    async def find(self, class_id: str, query: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
        """The documents of a listing, as they came."""
        status, body = await self.transactor("POST", "find-all", {"_class": class_id, "query": query, "options": options})
        assert status == 200, body
        return body["value"]

    async def list_issues(self, query: dict[str, Any], **projection: int) -> list[dict[str, Any]]:
        """Issues, with the named fields only if there are any."""
        return await self.find(ISSUE, query, **({"projection": projection} if projection else {}))

    async def list_comments(self, issue: str) -> list[dict[str, Any]]:
        """Comments of an issue."""
        return await self.find(COMMENT, {"attachedTo": issue})

    async def removals_of(self, document: str) -> list[dict[str, Any]]:
        """Logged removals of a document."""
        return await self.find("core:class:TxRemoveDoc", {"objectId": document})

    async def logged(self, document: str) -> list[dict[str, Any]]:
        """Everything that was logged about a document."""
        return await self.find("core:class:TxCUD", {"objectId": document}, sort={"modifiedOn": 1})

    async def list_by_url(self, ids: int) -> tuple[int, str]:
        """Status and text of a find-all by GET that names so many ids."""
        query = json.dumps({"_id": {"$in": [f"{number:024x}" for number in range(ids)]}}, separators=(",", ":"))
        path = f"/_transactor/api/v1/find-all/{self.sandbox.workspace_uuid}?class={ISSUE}&query={quote(query)}"
        url = yarl.URL(f"{self.sandbox.url}{path}", encoded=True)
        async with self.http.get(url, headers={"Authorization": f"Bearer {self.token}"}) as answer:
            return answer.status, await answer.text()

    async def generate_id(self) -> tuple[int, Any, Any]:
        """The cheapest request."""
        return await self.ask("GET", f"/_transactor/api/v1/generate-id/{self.sandbox.workspace_uuid}")

    async def next_number(self) -> int:
        """The next issue number of the project."""
        operations = {"$inc": {"sequence": 1}}
        tx = self.update_tx(self.project, operations, class_id="tracker:class:Project", space="core:space:Space")
        _, body = await self.tx({**tx, "retrieve": True})
        return body["object"]["sequence"]

    async def create(self, issue: str, **attributes: Any) -> tuple[int, Any]:
        """Creates an issue."""
        return await self.tx(self.create_tx(issue, **attributes))

    async def create_guarded(self, issue: str, *, scope: str | None, **attributes: Any) -> tuple[int, Any]:
        """Creates an issue if there is none with its id."""
        condition = [{"_class": ISSUE, "query": {"_id": issue}}]
        return await self.tx(self.group([self.create_tx(issue, **attributes)], scope=scope, notMatch=condition))

    async def create_many(self, title: str, count: int) -> tuple[int, Any]:
        """Creates many issues in one group."""
        return await self.tx(self.group([self.create_tx(f"{title}-{number}", title=title) for number in range(count)]))

    async def update(self, issue: str, operations: dict[str, Any], **more: Any) -> tuple[int, Any]:
        """Updates an issue."""
        return await self.tx({**self.update_tx(issue, operations), **more})

    async def remove(self, issue: str) -> tuple[int, Any]:
        """Removes an issue."""
        return await self.tx(self.remove_tx(issue))

    async def comment(self, issue: str, comment: str) -> tuple[int, Any]:
        """Adds a comment to an issue."""
        place = {"attachedTo": issue, "attachedToClass": ISSUE, "collection": "comments"}
        tx = self._tx("core:class:TxCreateDoc", comment, COMMENT)
        return await self.tx({**tx, **place, "attributes": {"message": "{}", "attachments": 0}})

    async def label(self, issue: str, reference: str) -> tuple[int, Any]:
        """Puts a label on an issue."""
        place = {"attachedTo": issue, "attachedToClass": ISSUE, "collection": "labels"}
        tx = self._tx("core:class:TxCreateDoc", reference, "tags:class:TagReference")
        return await self.tx({**tx, **place, "attributes": {"title": "bug", "color": 1, "tag": "t1"}})

    def create_tx(self, issue: str, **attributes: Any) -> dict[str, Any]:
        """A create of an issue."""
        place = {"attachedTo": "tracker:ids:NoParent", "attachedToClass": ISSUE, "collection": "subIssues"}
        fields = {"title": issue, "status": "tracker:status:Backlog", "parents": [], "rank": "", "number": 1}
        return {**self._tx("core:class:TxCreateDoc", issue, ISSUE), **place, "attributes": {**fields, **attributes}}

    def update_tx(
        self, document: str, operations: dict[str, Any], *, class_id: str = ISSUE, space: str | None = None
    ) -> dict[str, Any]:
        """An update of a document, an issue of the project unless told otherwise."""
        return {**self._tx("core:class:TxUpdateDoc", document, class_id, space), "operations": operations}

    def remove_tx(self, issue: str) -> dict[str, Any]:
        """A removal of an issue."""
        return self._tx("core:class:TxRemoveDoc", issue, ISSUE)

    def group(self, txes: list[dict[str, Any]], *, scope: str | None = None, **conditions: Any) -> dict[str, Any]:
        """A group of writes, with `match` and `notMatch` conditions."""
        head = self._tx("core:class:TxApplyIf", "", "", "core:space:Tx")
        named = {} if scope is None else {"scope": scope}
        return {**{key: head[key] for key in head if not key.startswith("objectI")}, **named, **conditions, "txes": txes}

    def _tx(self, kind: str, document: str, class_id: str, space: str | None = None) -> dict[str, Any]:
        return {
            "_id": f"tx-{next(_IDS)}",
            "_class": kind,
            "space": "core:space:Tx",
            "objectId": document,
            "objectClass": class_id,
            "objectSpace": self.project if space is None else space,
            "modifiedOn": 1,
            "modifiedBy": self.author,
        }


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
