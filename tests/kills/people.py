"""People who create, edit and delete on both sides, all the time, and write down what they did."""

import asyncio
import random
import time
from collections.abc import Coroutine
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Self

from attrs import define, field

from tests.kills.book import FIELDS, TITLE, Book, Content, Item, Written
from tests.kills.screens import STATUSES, VIBE, Screen, Seen

PROJECTS = 2
FEWEST, MOST = 20, 60
"""Records that a side has, about; more would only take longer to list, and an emptied project would wait for an approval."""

CONTESTED_EVERY = 8
"""Of so many items the title of one is edited on both sides without looking at what the others did."""


@define(kw_only=True, eq=False)
class People(AbstractAsyncContextManager["People"]):
    """
    One person on each side, at work while inside.

    Attributes:
        pause_s: bounds of the pause between two acts, in seconds.
    """

    screens: tuple[Screen, Screen]
    chance: random.Random
    book: Book = field(factory=Book)
    pause_s: tuple[float, float] = (0.05, 0.5)
    _at_work: list[asyncio.Task[None]] = field(factory=list)

    async def __aenter__(self) -> Self:
        self._at_work = [asyncio.create_task(self._work(screen)) for screen in self.screens]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._at_work:
            if not task.done():
                task.cancel()
        for result in await asyncio.gather(*self._at_work, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def fill(self, items: int) -> None:
        """So many items on each side, before anybody is at work."""
        for screen in self.screens:
            for _ in range(items):
                await self._make(screen)

    async def _work(self, screen: Screen) -> None:
        while True:
            await asyncio.sleep(self.chance.uniform(*self.pause_s))
            act, there = self.chance.random(), len(await screen.records())
            # Once begun an act is finished, or the book would not know what was done.
            if act < 0.12 and there < MOST:
                await _whole(self._make(screen))
            elif act < 0.15 and there > FEWEST:
                await _whole(self._delete(screen))
            else:
                await _whole(self._edit(screen))

    async def _make(self, screen: Screen) -> None:
        item = self.book.make(screen.side)
        content = {name: self._new_value(item, name) for name in FIELDS}
        written = Written(at=time.monotonic(), side=screen.side)
        await screen.make(self.chance.randrange(PROJECTS), content)
        for name, value in content.items():
            self.book.write(item, name, value, written)

    async def _edit(self, screen: Screen) -> None:
        found = await self._any_record(screen)
        if found is None:
            return
        seen, item = found
        name = self.chance.choice(FIELDS)
        if not (self._is_up_to_date(item, name, seen.content) or (name == TITLE and is_contested(item))):
            return
        value = self._new_value(item, name)
        done = await screen.edit(seen.record_id, name, value)
        if done is None:
            return
        before, at = done
        record = seen.record_id if screen.side == VIBE else ""
        self.book.write(item, name, value, Written(at=at, side=screen.side, record=record), seen=before[name])

    async def _delete(self, screen: Screen) -> None:
        found = await self._any_record(screen)
        if found is None:
            return
        seen, item = found
        before = await screen.delete(seen.record_id)
        if before is not None:
            self.book.delete(item, screen.side, before)

    async def _any_record(self, screen: Screen) -> tuple[Seen, Item] | None:
        records = await screen.records()
        return next(((it, self.book.items[it.name]) for it in self.chance.sample(records, min(1, len(records)))), None)

    def _is_up_to_date(self, item: Item, name: str, content: Content) -> bool:
        """Whether the screen shows the newest value; people who see an older one wait."""
        heads = item.heads.get(name, {})
        return set(heads) == {content[name]}

    def _new_value(self, item: Item, name: str) -> str:
        number = self.book.next_number()
        match name:
            case "status":
                return self.chance.choice(STATUSES)
            case "title":
                return f"{item.name} r{number}"
        return f"Text {item.number} r{number}"


def is_contested(item: Item) -> bool:
    """Whether people on both sides edit its title without looking."""
    return item.number % CONTESTED_EVERY == 0


async def _whole(act: Coroutine[None, None, None]) -> None:
    """Finish an act although its end is not wanted any more."""
    task = asyncio.ensure_future(act)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
