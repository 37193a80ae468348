"""The calls of Vibe Kanban's local API, each one request; nothing is tried twice here."""

import json
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import aiohttp
from attrs import define, field
from yarl import URL

from connectors.vibe.answers import data_of
from connectors.vibe.flavour import SUPPORTED, is_too_new, version_in
from connectors.vibe.payloads import ProjectRow, Row, TaskRow, read_row, read_rows
from syncengine.errors import EndpointGone, OutcomeUnknown, RecordInvalid, RecordNotFound
from syncengine.http import send

MAX_BODY_BYTES = 2 * 1024 * 1024
"""The server takes a body of exactly this size and answers 413 to one byte more."""

Body = Mapping[str, Any]


def canonical_id(text: str) -> str | None:
    """The id as the server writes it, or None for a text that cannot be an id and so names nothing."""
    try:
        return str(UUID(text))
    except ValueError:
        return None


@define
class VibeClient:
    """
    The API behind one URL.

    Attributes:
        suspect_after_s: seconds after which a good answer to a write is no proof.
    """

    session: aiohttp.ClientSession
    base_url: str
    suspect_after_s: float
    _api: URL = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._api = URL(self.base_url) / "api"

    async def require_supported(self) -> list[ProjectRow]:
        """
        The projects, once the server is known to be of a supported version.

        Raises:
            Unreachable: nobody answers; the message holds the URL.
            EndpointGone: something else answers, or a version with another API.
        """
        try:
            await self._read(self._api / "health")
            projects = await self.projects()
            if not projects and is_too_new(version := version_in(await self._read(self._api / "info"))):
                raise EndpointGone(f"the server is Vibe Kanban {version}; {SUPPORTED}")
        except (EndpointGone, RecordInvalid) as error:
            raise EndpointGone(f"no Vibe Kanban that can be used at {self._shown_url}: {error.message}") from error
        return projects

    async def projects(self) -> list[ProjectRow]:
        """All projects."""
        return read_rows(await self._read(self._api / "projects"), ProjectRow)

    async def project(self, project_id: str) -> ProjectRow | None:
        """One project, None when it is not there."""
        return await self._row("projects", project_id, ProjectRow)

    async def create_project(self, body: Body) -> ProjectRow:
        """A new project; the server makes the folder and its repository where they are missing."""
        return _written(await self._write("POST", self._api / "projects", body), ProjectRow)

    async def replace_project(self, project_id: str, body: Body) -> ProjectRow:
        """Sets a project; scripts that are not in the body are cleared by the server."""
        return _written(await self._write("PUT", self._api / "projects" / project_id, body, names_row=True), ProjectRow)

    async def tasks(self, project_id: str) -> list[TaskRow]:
        """
        All tasks of a project.

        Raises:
            RecordNotFound: the project is not there; the server lists no tasks then, which is confirmed by reading it.
        """
        wanted = canonical_id(project_id)
        if wanted is not None:
            rows = read_rows(await self._read((self._api / "tasks").with_query(project_id=wanted)), TaskRow)
            if rows or await self.project(wanted) is not None:
                return rows
        raise RecordNotFound(f"the project {project_id} is not there, so nothing is known of its tasks")

    async def task(self, task_id: str) -> TaskRow | None:
        """One task, None when it is not there."""
        return await self._row("tasks", task_id, TaskRow)

    async def create_task(self, body: Body) -> TaskRow:
        """A new task, always with the status "todo"."""
        return _written(await self._write("POST", self._api / "tasks", body), TaskRow)

    async def change_task(self, task_id: str, body: Body) -> TaskRow:
        """Sets the fields of the body; those left out stay."""
        return _written(await self._write("PUT", self._api / "tasks" / task_id, body, names_row=True), TaskRow)

    async def delete_task(self, task_id: str) -> None:
        """Removes a task with its attempts."""
        await self._write("DELETE", self._api / "tasks" / task_id, None, names_row=True)

    async def _row(self, collection: str, row_id: str, row: type[Row]) -> Row | None:
        wanted = canonical_id(row_id)
        if wanted is None:
            return None
        try:
            return read_row(await self._read(self._api / collection / wanted, names_row=True), row)
        except RecordNotFound:
            return None

    async def _read(self, url: URL, *, names_row: bool = False) -> Any:
        return data_of(await send(self.session, "GET", url, changes=False), changes=False, names_row=names_row)

    async def _write(self, method: str, url: URL, body: Body | None, *, names_row: bool = False) -> Any:
        if body is not None:
            refuse_oversize(body)
        started = time.monotonic()
        answer = await send(self.session, method, url, changes=True, payload=body)
        took_s = time.monotonic() - started
        data = data_of(answer, changes=True, names_row=names_row)
        if took_s > self.suspect_after_s:
            raise OutcomeUnknown(
                f"{method} {url.path} was answered as done after {took_s:.1f} s; answers slower than "
                f"{self.suspect_after_s:g} s have been given for rows that were lost"
            )
        return data

    @property
    def _shown_url(self) -> str:
        parts = urlsplit(self.base_url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def refuse_oversize(body: Body) -> None:
    """
    Returns when the server would take a body of this size.

    Raises:
        RecordInvalid: it is too large, or holds half of a surrogate pair, which is no text in JSON.
    """
    try:
        size = len(json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())
    except UnicodeEncodeError as error:
        raise RecordInvalid("the text holds half of a surrogate pair, which cannot be sent as JSON") from error
    if size > MAX_BODY_BYTES:
        raise RecordInvalid(f"the record takes {size:,} bytes, more than the {MAX_BODY_BYTES:,} bytes the server accepts")


def _written(data: Any, row: type[Row]) -> Row:
    try:
        return read_row(data, row)
    except EndpointGone as error:
        raise OutcomeUnknown(f"{error.message}; the write may have been done") from error
