"""What persons ask for while passes run: it waits in an inbox, beside the log, until the next pass takes it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from attrs import frozen

from syncengine.domain.identity import EndpointName, FieldName, LinkId
from syncengine.domain.pauses import in_words
from syncengine.domain.records import FieldValue, RecordRef


@frozen(kw_only=True)
class ApprovePlan:
    """Carry out what was held back; `plan` is the digest of exactly that."""

    plan: str

    def __str__(self) -> str:
        return f"approve the plan {self.plan}"


@frozen(kw_only=True)
class ChooseValue:
    """
    Settle a conflict that waits for a person.

    Attributes:
        value: what every side gets.
        among: the values by endpoint that the person saw; the choice says nothing about others.
    """

    link_id: LinkId
    field: FieldName
    value: FieldValue
    among: Mapping[EndpointName, FieldValue]

    def __str__(self) -> str:
        return f"choose the {self.field} of {self.link_id.hex[:12]}"


@frozen(kw_only=True)
class SettleCopy:
    """
    Say what a record is that carries the key of an item.

    Attributes:
        verdict: "kept" when the item stands for it from now on, "new" when it is an item of its own, "ignored" to leave it
            alone.
    """

    link_id: LinkId
    ref: RecordRef
    verdict: Literal["kept", "new", "ignored"]

    def __str__(self) -> str:
        words = {"kept": "keep {}", "new": "make {} an item of its own", "ignored": "leave {} alone"}
        return words[self.verdict].format(self.ref)


@frozen(kw_only=True)
class PausePlace:
    """Neither read nor write there until somebody resumes it; `subject` as in `syncengine.domain.pauses`."""

    subject: str
    reason: str = ""

    def __str__(self) -> str:
        return f"pause {in_words(self.subject)}"


@frozen(kw_only=True)
class ResumePlace:
    """
    Go on there; for an item, make the writes again that a remote refused.

    Attributes:
        in_doubt: what becomes of a create of which nobody can find out whether it was done. It waits on, or it is made
            again, for the person has looked, and the record is missing.
    """

    subject: str
    in_doubt: Literal["waits", "create"] = "waits"

    def __str__(self) -> str:
        return f"resume {in_words(self.subject)}{' and have it created' if self.in_doubt == 'create' else ''}"


Request = ApprovePlan | ChooseValue | SettleCopy | PausePlace | ResumePlace


@frozen(kw_only=True)
class Asked:
    """
    A request that waits.

    Attributes:
        number: its place in the inbox.
        by: who asked.
        at: aware UTC.
    """

    number: int
    request: Request
    by: str
    at: datetime


class Inbox(Protocol):
    """Where requests wait. Any process may put one in; the one that writes the log takes it out."""

    def waiting(self) -> Sequence[Asked]:
        """
        What waits, oldest first.

        Raises:
            EventLogError: the inbox cannot be read.
        """

    async def remove(self, asked: Asked) -> None:
        """
        Forget a request that was granted or is outdated; durable when this returns.

        Raises:
            EventLogError: the inbox cannot be written.
        """


class NoInbox:
    """Nobody asks for anything."""

    def waiting(self) -> Sequence[Asked]:
        """Nothing."""
        return ()

    async def remove(self, asked: Asked) -> None:
        """Nothing to do."""
        del asked
