"""``GET /api/events``: a numbered entry for each change of a task, replayed from the first to whoever connects."""

import asyncio
import json
from typing import Any

from aiohttp import web

from connectors.vibe.sandbox.board import TaskRow, task_json

KEEP_ALIVE_S = 15.0
"""Seconds of silence after which a comment line is sent."""


class EventStream:
    """
    The entries since the start, and the clients that wait for more.

    As on the real server a deletion names the number of a row only, and changes of projects are not told.
    """

    def __init__(self) -> None:
        self._entries: list[bytes] = []
        self._listeners: set[asyncio.Event] = set()
        self._closed = False

    def tell(self, change: str, task: TaskRow) -> None:
        """Adds an entry; `change` is ``insert``, ``update`` or ``delete``."""
        if change == "delete":
            record: dict[str, Any] = {"type": "DELETED_TASK", "data": {"rowid": task.row}}
        else:
            record = {"type": "TASK", "data": task_json(task)}
        path = f"/entries/{len(self._entries) + 1}"
        patch = [{"op": "add", "path": path, "value": {"db_op": change, "record": record}}]
        data = json.dumps(patch, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        self._entries.append(f"event: json_patch\ndata: {data}\n\n".encode())
        self._wake()

    def open(self) -> None:
        """Begins anew, with entry 1, as a started server does."""
        self._entries, self._closed = [], False

    def close(self) -> None:
        """Ends the answers of all clients."""
        self._closed = True
        self._wake()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Sends all entries, then new ones as they come, until the client leaves or the stream is closed."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        response.enable_chunked_encoding()
        await response.prepare(request)
        news = asyncio.Event()
        self._listeners.add(news)
        try:
            await self._send_all(response, news)
        except ConnectionError:
            pass  # the client left
        finally:
            self._listeners.discard(news)
        return response

    async def _send_all(self, response: web.StreamResponse, news: asyncio.Event) -> None:
        sent = 0
        while not self._closed:
            news.clear()
            for entry in self._entries[sent:]:
                await response.write(entry)
                sent += 1
            try:
                async with asyncio.timeout(KEEP_ALIVE_S):
                    await news.wait()
            except TimeoutError:
                await response.write(b":\n\n")

    def _wake(self) -> None:
        for listener in self._listeners:
            listener.set()
