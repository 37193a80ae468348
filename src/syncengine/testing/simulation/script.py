"""
The script of a history: everything that persons, the weather and fate do, as plain values.

A script says *when* something happens by counting (steps of the event loop, calls of an endpoint), so it can be made
smaller by leaving parts out, and a smaller script is a script again.
"""

from enum import Enum

from attrs import field, frozen

from syncengine.domain.policy import LONGEST_WAIT_S, Policy
from syncengine.testing.abilities import Abilities


class Deed(Enum):
    """What persons and circumstances do."""

    CREATE = "somebody makes a record"
    EDIT = "somebody edits a text"
    MARK = "somebody sets a status"
    DELETE = "somebody deletes a record"
    MOVE = "somebody moves a record to another project"
    CLONE = "somebody copies a record, marker and all"
    BRING_BACK = "somebody takes a deleted record out of the bin"
    STRIP = "somebody removes the marker"
    TOUCH = "something touches a record without changing it"
    WAIT = "time passes"
    SET_CLOCK = "somebody sets the clock of the host"
    LOSE_ACCESS = "the account loses its access"
    GET_ACCESS = "the account gets its access back"
    NARROW = "somebody narrows the filter of the listing"
    WIDEN = "somebody widens the filter again"
    BLINK = "a remote does not show some records, for a moment"
    BACKUP = "a backup of the remote is made"
    RESTORE = "the backup of the remote is restored"
    APPROVE = "somebody approves of what is held back"
    CHOOSE = "somebody settles a conflict that waits for a person"
    SETTLE_COPY = "somebody says what a copied record is"
    PAUSE = "somebody pauses an item or an endpoint"
    RESUME = "somebody resumes what is paused"


@frozen(kw_only=True)
class Act:
    """
    One deed.

    Attributes:
        side: which remote, counted from 0.
        pick: which record, field or word, as far as there is a choice; taken modulo the number there are.
        seconds: for `WAIT` and `SET_CLOCK`.
    """

    deed: Deed
    side: int = 0
    pick: int = 0
    seconds: float = 0.0


@frozen(kw_only=True)
class Strike:
    """
    One fault.

    Attributes:
        side: which remote.
        call: which of its calls in this pass, counted from 0.
        pick: which of the faults that fit the operation.
    """

    side: int
    call: int
    pick: int


@frozen(kw_only=True)
class Crash:
    """
    Where the process dies.

    Attributes:
        point: a named point such as "append.after"; None for any step of the event loop.
        count: the how manieth of them in this pass, counted from 1.
        sleeps: it does not die but is stopped, as a laptop is that somebody closes; where the log is a file, it wakes up
            in the next pass, when another process has taken its place. One that waits for an answer to a write dies.
    """

    point: str | None = None
    count: int = 1
    sleeps: bool = False


@frozen(kw_only=True)
class Pass:
    """
    One pass and what happens during it.

    Attributes:
        acts: each with the step of the event loop before which it happens.
    """

    acts: tuple[tuple[int, Act], ...] = ()
    strikes: tuple[Strike, ...] = ()
    crash: Crash | None = None


Step = Act | Pass


@frozen(kw_only=True)
class Setup:
    """
    What a history is played with.

    Attributes:
        abilities: of each remote, by the name of its endpoint.
        automatic: endpoints with an automation of their own: whoever finishes a record there gets its text changed.
        readable_when_lost: endpoints that show nothing, without an error, to an account without access.
        containers: projects that are kept the same.
        coded: every event goes through the codec on its way into the log.
        guarded: calls go through the guard (limits, retries, circuit breaker), as they do in a running service.
        on_disk: the log is a file; else it is in memory.
    """

    abilities: dict[str, Abilities]
    policy: Policy
    containers: tuple[str, ...] = ("p",)
    automatic: frozenset[str] = frozenset()
    readable_when_lost: frozenset[str] = frozenset()
    coded: bool = False
    guarded: bool = False
    on_disk: bool = False

    def keeps_hidden(self, name: str) -> bool:
        """Whether what a listing of this endpoint did not show once is never listed again, as it stays behind a cursor."""
        return self.abilities[name].change_cursor and self.policy.full_listing_every_s > LONGEST_WAIT_S

    @property
    def names(self) -> tuple[str, ...]:
        """The endpoints in their order."""
        return tuple(self.abilities)


@frozen(kw_only=True)
class Script:
    """
    A whole history before it happens.

    Attributes:
        seed: what it was drawn from.
        healing: at the end everything works again, and what must finish is waited for (liveness).
    """

    seed: int
    setup: Setup
    steps: tuple[Step, ...] = field(factory=tuple)
    healing: bool = False
