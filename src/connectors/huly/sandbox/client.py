"""Controls a sandbox that runs in another process."""

from types import TracebackType
from typing import Any, Self

import aiohttp
import attrs
from attrs import define, field

from connectors.huly.sandbox.faults import Fault
from connectors.huly.sandbox.views import IssueSeen, ProjectSeen


class ControlError(Exception):
    """The sandbox refused a call of the control route; the message says why."""


@define
class HulySandboxClient:
    """The methods of `HulySandbox` for people's edits, over the control route.

    Use as `async with HulySandboxClient(url) as client`; `url` is the address that the sandbox printed as `front`.
    """

    url: str
    _session: aiohttp.ClientSession | None = field(default=None, init=False)

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def info(self) -> dict[str, Any]:
        """Addresses, account and workspace."""
        return dict(await self._ask("GET", "info"))

    async def create_project(self, **params: Any) -> ProjectSeen:
        """Creates a project; see `HulySandbox.create_project`."""
        return _project(await self.call("create_project", **params))

    async def edit_project(self, project: str, **fields: Any) -> ProjectSeen:
        """Changes fields of a project."""
        return _project(await self.call("edit_project", project=project, **fields))

    async def remove_project(self, project: str) -> None:
        """Deletes a project and everything in it."""
        await self.call("remove_project", project=project)

    async def create_issue(self, **params: Any) -> IssueSeen:
        """Creates an issue; see `HulySandbox.create_issue`."""
        return IssueSeen(**await self.call("create_issue", **params))

    async def edit_issue(self, issue: str, **fields: Any) -> IssueSeen:
        """Changes fields of an issue."""
        return IssueSeen(**await self.call("edit_issue", issue=issue, **fields))

    async def set_description(self, issue: str, description: str) -> IssueSeen:
        """Rewrites the description of an issue."""
        return IssueSeen(**await self.call("set_description", issue=issue, description=description))

    async def remove_issue(self, issue: str) -> None:
        """Deletes an issue and everything attached to it."""
        await self.call("remove_issue", issue=issue)

    async def issues(self, project: str | None = None) -> list[IssueSeen]:
        """All issues, or those of one project."""
        return [IssueSeen(**item) for item in await self.call("issues", project=project)]

    async def issue(self, issue: str) -> IssueSeen:
        """One issue by id or identifier."""
        return IssueSeen(**await self.call("issue", issue=issue))

    async def projects(self) -> list[ProjectSeen]:
        """All projects."""
        return [_project(item) for item in await self.call("projects")]

    async def settle(self) -> None:
        """Runs everything the server would work out late."""
        await self.call("settle")

    async def requests(self) -> dict[str, Any]:
        """Numbers of requests by kind and by operation since the last reset."""
        return dict(await self._ask("GET", "requests"))

    async def reset_requests(self) -> None:
        """Forgets the requests so far."""
        await self._ask("DELETE", "requests")

    async def add_fault(self, fault: Fault) -> None:
        """Plans a fault."""
        await self._ask("POST", "faults", attrs.asdict(fault))

    async def fault_hits(self) -> int:
        """How often the planned faults hit."""
        return int((await self._ask("GET", "faults"))["hits"])

    async def clear_faults(self) -> None:
        """Forgets all faults."""
        await self._ask("DELETE", "faults")

    async def call(self, method: str, **params: Any) -> Any:
        """Calls any method that the control route offers.

        Raises:
            ControlError: the sandbox refused.
        """
        return (await self._ask("POST", "call", {"method": method, "params": params}))["result"]

    async def _ask(self, verb: str, name: str, body: Any = None) -> Any:
        if self._session is None:
            raise ControlError("use the client as a context manager: async with HulySandboxClient(url) as client")
        async with self._session.request(verb, f"{self.url}/_control/{name}", json=body) as answer:
            content = await answer.json(content_type=None)
            if answer.status != 200:
                raise ControlError(f"{verb} {name}: {content.get('error', content)}")
            return content


def _project(value: dict[str, Any]) -> ProjectSeen:
    return ProjectSeen(**{**value, "members": tuple(value["members"])})
