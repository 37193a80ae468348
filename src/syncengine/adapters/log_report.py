"""What a check of a log found, for people and for programs."""

from collections.abc import Mapping, Sequence

from attrs import define, field, frozen

from syncengine.adapters.event_check import Damage
from syncengine.adapters.hash_chain import SEALED_SINCE
from syncengine.adapters.log_place import LogPlace
from syncengine.errors import EventLogError

CHECKS: Mapping[str, str] = {
    "file": "SQLite finds nothing wrong in its pages and indexes",
    "positions": "there are no gaps",
    "versions": "no stream has a gap",
    "chain": "every event is as it was stored",
    "decoding": "this version understands every event",
    "views": "the tables beside the events say what the events say",
}
"""What is checked, in this order, and what is said when nothing is wrong."""

EVENT_CHECKS = ("positions", "versions", "chain", "decoding")


@frozen(kw_only=True)
class Finding:
    """
    What one check found.

    Attributes:
        check: one of `CHECKS`.
        sound: nothing is wrong there, as far as could be looked.
        told: a sentence for people.
    """

    check: str
    sound: bool
    told: str


@frozen(kw_only=True)
class LogReport:
    """
    How a log is.

    Attributes:
        log_format: the layout of its tables.
        events: position of its last event.
        sound_up_to: position up to which its events are as they were stored and understood.
        findings: one for each of `CHECKS`, in that order.
        error: why an event that is as it was stored is not understood by this version; None when all are.
    """

    path: LogPlace
    log_format: int
    events: int
    sound_up_to: int
    findings: Sequence[Finding]
    error: EventLogError | None = None

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.troubles

    @property
    def troubles(self) -> Sequence[Finding]:
        """The checks that found something."""
        return [finding for finding in self.findings if not finding.sound]

    @property
    def told(self) -> str:
        """The first trouble, in words; or that there is none."""
        return next((finding.told for finding in self.troubles), "there is nothing wrong with it")

    @property
    def sealed(self) -> bool:
        """Whether its transactions carry seals, which those of the oldest logs do not."""
        return self.log_format >= SEALED_SINCE

    @property
    def only_views(self) -> bool:
        """Whether the views are all that is wrong; they can be made anew from the events."""
        return [finding.check for finding in self.troubles] == ["views"]


@define(kw_only=True)
class Findings:
    """
    Gathers what is found.

    Attributes:
        damage: the first thing that is wrong with the events.
    """

    events: int = 0
    damage: Damage | None = None
    _told: dict[str, str] = field(factory=dict)
    _wrong: set[str] = field(factory=set)

    def looked(self, check: str, trouble: str | None) -> None:
        """What is wrong there, or that nothing is."""
        if trouble is not None:
            self._wrong.add(check)
        if trouble is not None or check not in self._wrong:
            self._told[check] = trouble or CHECKS[check]

    def remark(self, check: str, told: str) -> None:
        """Something to say about a check that found nothing wrong."""
        if check not in self._wrong:
            self._told[check] = told

    def looked_at_events(self, damage: Damage | None) -> None:
        """All events were looked at, or those before the damage."""
        for check in EVENT_CHECKS:
            self.looked(check, None)
        if damage is not None:
            self.damage = damage
            self.stopped(damage.sound_up_to)
            self.looked(damage.check, damage.told)

    def stopped(self, sound_up_to: int) -> None:
        """The events after this position were not looked at."""
        for check in EVENT_CHECKS:
            self.remark(check, f"nothing wrong up to position {sound_up_to}; not looked at from there on")

    def report(self, path: LogPlace, *, log_format: int, sound_up_to: int) -> LogReport:
        """Everything that was found."""
        return LogReport(
            path=path,
            log_format=log_format,
            events=self.events,
            sound_up_to=sound_up_to,
            findings=[
                Finding(check=check, sound=check not in self._wrong, told=self._told.get(check, "not looked at"))
                for check in CHECKS
            ],
            error=self.damage.error if self.damage is not None else None,
        )
