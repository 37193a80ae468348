"""Group commit: who shares a transaction, who fails alone, and what happens at the end."""

import asyncio
import sqlite3
import threading
from contextlib import closing, contextmanager, suppress

import pytest

from syncengine.adapters.log_file import write_transaction
from syncengine.adapters.log_writer import MOST_AT_ONCE, LogWriter
from syncengine.errors import EventLogError


class Numbers:
    """A small database of numbers, of which each may be stored once, and a writer for it."""

    def __init__(self, path):
        self.connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.connection.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
        self.transactions = 0
        self.fail_with = None
        self.writer = LogWriter(self.transaction, self.trouble)

    @contextmanager
    def transaction(self):
        self.transactions += 1
        with write_transaction(self.connection) as cursor:
            yield cursor
            if self.fail_with is not None:
                raise self.fail_with

    @staticmethod
    def trouble(error):
        return error if isinstance(error, EventLogError) else EventLogError(f"trouble: {error}")

    def store(self, number):
        return self.writer.submit(lambda cursor: cursor.execute("INSERT INTO numbers VALUES (?)", (number,)) and number)

    def stored(self):
        return [number for (number,) in self.connection.execute("SELECT number FROM numbers ORDER BY number")]

    async def while_busy(self, *submissions, meanwhile=lambda _tasks: None):
        """All these wait while the writer is held, and are then let go together; something may happen meanwhile."""
        held, go = asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def hold(_cursor):
            loop.call_soon_threadsafe(held.set)
            assert go.wait(20)

        holder = asyncio.create_task(self.writer.submit(hold, alone=True))
        await held.wait()
        tasks = [asyncio.ensure_future(submission) for submission in submissions]
        await asyncio.sleep(0)
        meanwhile(tasks)
        go.set()
        await holder
        return tasks


@pytest.fixture
def numbers(tmp_path):
    numbers = Numbers(tmp_path / "numbers.db")
    yield numbers
    numbers.writer.close()
    numbers.connection.close()


async def test_work_returns_its_result_when_it_is_committed(numbers):
    """On another connection it can be seen then."""
    assert await numbers.store(7) == 7
    assert not numbers.connection.in_transaction
    assert numbers.stored() == [7]


async def test_whatever_waits_shares_one_transaction(numbers):
    """Ten waiting tasks pay for one flush of the disk."""
    tasks = await numbers.while_busy(*(numbers.store(number) for number in range(10)))

    assert await asyncio.gather(*tasks) == list(range(10))
    assert numbers.transactions == 2  # the holder's, and one for all


async def test_a_conflict_fails_only_its_own_work(numbers):
    """The same batch is run again, each with a savepoint of its own."""
    await numbers.store(3)
    tasks = await numbers.while_busy(*(numbers.store(number) for number in range(6)))
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [result for result in results if not isinstance(result, Exception)] == [0, 1, 2, 4, 5]
    assert str(results[3]) == "trouble: UNIQUE constraint failed: numbers.number"
    assert numbers.stored() == [0, 1, 2, 3, 4, 5]
    assert numbers.transactions == 4  # the first, the holder's, the flat one, the one with savepoints


async def test_failing_work_leaves_nothing_behind(numbers):
    """Half of its statements are undone, those of its neighbours are not."""

    def half(cursor):
        cursor.execute("INSERT INTO numbers VALUES (100)")
        raise EventLogError("changed my mind")

    tasks = await numbers.while_busy(numbers.store(1), numbers.writer.submit(half), numbers.store(2))
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert str(results[1]) == "changed my mind"
    assert numbers.stored() == [1, 2]


async def test_a_failing_disk_fails_everybody(numbers):
    """A commit that fails is nobody's own fault; the writer goes on with what comes next."""
    numbers.fail_with = sqlite3.OperationalError("disk I/O error")
    results = await asyncio.gather(numbers.store(1), numbers.store(2), return_exceptions=True)
    assert [str(result) for result in results] == ["trouble: disk I/O error"] * 2

    numbers.fail_with = None
    assert await numbers.store(3) == 3
    assert numbers.stored() == [3]


async def test_work_that_ends_the_transaction_fails_everybody_with_it(numbers):
    """SQLite rolls back by itself, for example when the disk is full; the others' work is gone with it."""

    def rolled_back(cursor):
        cursor.execute("ROLLBACK")
        raise sqlite3.OperationalError("database or disk is full")

    tasks = await numbers.while_busy(numbers.store(1), numbers.writer.submit(rolled_back), numbers.store(2))
    results = await asyncio.gather(*tasks, return_exceptions=True)

    assert [str(result) for result in results] == ["trouble: database or disk is full"] * 3
    assert numbers.stored() == []


async def test_work_that_wants_to_be_alone_is(numbers):
    """What came before it and what comes after it is done in order, in other transactions."""
    order = []

    def alone(_cursor):
        order.append(numbers.transactions)

    tasks = await numbers.while_busy(
        numbers.store(1),
        numbers.store(2),
        numbers.writer.submit(alone, alone=True),
        numbers.writer.submit(alone, alone=True),
        numbers.store(3),
    )
    await asyncio.gather(*tasks)

    assert order == [3, 4]
    assert numbers.transactions == 5


async def test_a_batch_has_an_end(numbers):
    """However many wait, the first ones do not wait for all of them."""
    tasks = await numbers.while_busy(*(numbers.store(number) for number in range(MOST_AT_ONCE + 1)))
    await asyncio.gather(*tasks)

    assert numbers.transactions == 3


async def test_work_of_a_cancelled_caller_is_done_all_the_same(numbers):
    """Cancelling means that nobody waits any more, not that it did not happen."""
    (task, other) = await numbers.while_busy(numbers.store(1), numbers.store(2), meanwhile=lambda tasks: tasks[0].cancel())
    with suppress(asyncio.CancelledError):
        await task
    await other

    assert task.cancelled()
    assert numbers.stored() == [1, 2]


async def test_closing_finishes_what_waits(numbers):
    """Nothing that was handed over is dropped."""
    tasks = await numbers.while_busy(*(numbers.store(number) for number in range(5)))
    numbers.writer.close()

    assert await asyncio.gather(*tasks) == list(range(5))


async def test_a_closed_writer_says_so(numbers):
    """Closing twice is closing once."""
    numbers.writer.close()
    numbers.writer.close()

    with pytest.raises(EventLogError, match="closed; open it again"):
        await numbers.store(1)


def test_a_caller_whose_loop_is_closed_stops_nobody(numbers):
    """A program may end in the middle; the writer does what was handed over and goes on."""
    held, go = threading.Event(), threading.Event()

    async def leave_early():
        def hold(_cursor):
            held.set()
            assert go.wait(20)

        holding = asyncio.ensure_future(numbers.writer.submit(hold))
        waiting = asyncio.ensure_future(numbers.store(1))
        assert await asyncio.to_thread(held.wait, 20)
        for task in (holding, waiting):
            task.cancel()

    asyncio.run(leave_early())
    go.set()

    assert asyncio.run(_store(numbers, 2)) == 2
    assert numbers.stored() == [1, 2]


async def _store(numbers, number):
    return await numbers.store(number)


async def test_a_writer_without_work_makes_a_transaction_from_time_to_time(tmp_path):
    """For what every transaction does; one that fails stops nobody, and work that comes is done as ever."""
    seen, enough, trouble = [], threading.Event(), [OSError("the disk is away")]

    @contextmanager
    def transaction():
        seen.append(1)
        if len(seen) == 3:
            enough.set()
        if trouble:
            raise trouble.pop()
        with closing(sqlite3.connect(tmp_path / "any.db", isolation_level=None)) as connection:
            yield connection.cursor()

    writer = LogWriter(transaction, Numbers.trouble, idle_s=0.001)
    try:
        assert await asyncio.to_thread(enough.wait, 20)
        assert await writer.submit(lambda cursor: cursor.execute("SELECT 7").fetchone()) == (7,)
    finally:
        writer.close()
