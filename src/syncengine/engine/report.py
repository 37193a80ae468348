"""What a pass did, and what a pass would do."""

from collections.abc import Mapping
from datetime import datetime

from attrs import define, field, frozen

from syncengine.domain.events import ConflictParked, LinkClosed, WritesIntended
from syncengine.domain.identity import EndpointName
from syncengine.domain.link import Link
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import OpenWrite
from syncengine.errors import ConnectorError


@define(kw_only=True)
class PassReport:
    """
    What a pass did.

    Attributes:
        listed: records seen in listings, by endpoint.
        observed: records that were new or had changed.
        writes: writes by outcome: "confirmed", "found", "not_done", "unknown", "rejected", "overtaken".
        judged: open writes settled by looking.
        problems: one sentence each; empty when everything that was tried worked.
        refusals: endpoints that refused us as a whole, for a person to put right.
        safety_stops: containers that were left alone until a person has looked.
        left_out: a sentence about each linked project that an endpoint does not offer, so that its items wait.
        skipped: True when another pass was under way and this one did nothing.
    """

    sync_id: str
    started_at: datetime
    finished_at: datetime | None = None
    pairings: int = 0
    listed: dict[EndpointName, int] = field(factory=dict)
    observed: int = 0
    writes: dict[str, int] = field(factory=dict)
    judged: int = 0
    problems: list[str] = field(factory=list)
    refusals: dict[EndpointName, ConnectorError] = field(factory=dict)
    safety_stops: list[str] = field(factory=list)
    left_out: list[str] = field(factory=list)
    skipped: bool = False
    stopped: bool = False

    @property
    def quiet(self) -> bool:
        """Nothing had changed and nothing was written."""
        return not (self.observed or self.writes or self.judged or self.problems)

    @property
    def ok(self) -> bool:
        """Everything that was tried worked."""
        return not self.problems and not self.stopped

    def count_listed(self, listed: Mapping[EndpointName, int]) -> None:
        """So many more records were listed on these endpoints."""
        for name, number in listed.items():
            self.listed[name] = self.listed.get(name, 0) + number

    def count(self, outcome: str) -> None:
        """One more write ended like this."""
        self.writes[outcome] = self.writes.get(outcome, 0) + 1


@frozen(kw_only=True)
class PlannedStep:
    """What a pass would decide about one link now."""

    pairing: Pairing
    link: Link
    decision: WritesIntended | ConflictParked | LinkClosed


@frozen(kw_only=True)
class Plan:
    """
    What a pass would do; nothing was written to get it.

    Attributes:
        open_writes: intents that would first be judged by looking.
        problems: containers that could not be read.
    """

    steps: tuple[PlannedStep, ...]
    open_writes: tuple[OpenWrite, ...] = ()
    problems: tuple[str, ...] = ()
    listed: Mapping[EndpointName, int] = field(factory=dict)
