"""What a demo came to, as one value, and as plain data for programs."""

from collections.abc import Sequence
from typing import Any

from attrs import asdict, frozen

from syncengine.domain.identity import LinkId
from syncengine.runner.demo.log_facts import Conflict, Settled
from syncengine.runner.demo.measure import Measured
from syncengine.runner.story import Sentence


@frozen(kw_only=True)
class Kill:
    """
    The moment of the kill, as the servers and the log showed it right after.

    Attributes:
        new_items: items that were to be made on the other side.
        arrived: those that were there.
        open_intents: saved writes without an outcome.
        in_flight: creates among them that had been done.
    """

    pid: int
    new_items: int
    arrived: int
    open_intents: int
    in_flight: int

    @property
    def confirmed(self) -> int:
        """Those that had arrived and have their outcome in the log, also where no log line tells of it any more."""
        return self.arrived - self.in_flight


@frozen(kw_only=True)
class Told:
    """The story of one item that was in flight during the kill."""

    link_id: LinkId
    label: str
    title: str
    sentences: Sequence[Sentence]


@frozen(kw_only=True)
class Result:
    """
    What the demo came to; everything in it was read from the servers and the log at the end.

    Attributes:
        seconds: how long all of it took.
        open_intents: writes that still have no outcome.
    """

    seconds: float
    kill: Kill
    settled: Settled
    open_intents: int
    measured: Measured
    conflicts: Sequence[Conflict]
    told: Told

    @property
    def faults(self) -> list[str]:
        """One sentence for each thing that is not as it must be; empty when all is well."""
        faults = list(self.measured.faults)
        if self.open_intents:
            faults.append(f"{self.open_intents} intents have no outcome")
        unsettled = self.kill.open_intents - self.settled.by_looking
        if unsettled:
            faults.append(f"{unsettled} of the {self.kill.open_intents} intents of the kill were not settled by looking")
        return faults

    def as_plain(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "ok": not self.faults,
            "seconds": round(self.seconds, 1),
            "projects": [asdict(count) for count in self.measured.projects],
            "total": asdict(self.measured.total),
            "kill": {"signal": "SIGKILL", **asdict(self.kill)},
            "settled": {"by_looking": self.settled.by_looking, **asdict(self.settled)},
            "open_intents": self.open_intents,
            "conflicts": [asdict(conflict) for conflict in self.conflicts],
            "story": {
                "link_id": self.told.link_id,
                "label": self.told.label,
                "title": self.told.title,
                "told": [{"at": sentence.at, "text": sentence.text} for sentence in self.told.sentences],
            },
            "faults": self.faults,
        }
