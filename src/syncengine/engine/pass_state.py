"""What one pass was asked for and what it has found so far; nothing of it outlives the pass."""

from collections.abc import Set as AbstractSet

from attrs import define, field

from syncengine.domain.events import SafetyStopped
from syncengine.domain.identity import EndpointName, LinkId
from syncengine.domain.link import Link
from syncengine.domain.pauses import Pauses, container_subject
from syncengine.engine.grant import Resumed
from syncengine.engine.observe import Observation
from syncengine.engine.pairings import Pairing
from syncengine.engine.report import PassReport
from syncengine.engine.safety import DeletionPlan
from syncengine.engine.trouble import Troubles
from syncengine.errors import ConnectorError, ContainerRefused, SafetyStop


@define(kw_only=True)
class PassState:
    """
    A pass under way.

    Attributes:
        retry_refused: writes that a remote refused are made again, for all items.
        resumed: what a person asked to go on with.
        written: items for which writes were made in this pass; nobody insists on the same thing twice.
        paused: what persons have paused.
        look_at_all: the rules have changed, so every link is looked at.
        answered: endpoints that were heard.
        looked_at: places that were read, as `endpoint/container` and as the ids of whole pairings.
        held: what is not done until a person approves of it, by place.
        refusing: containers that refuse us, by the subject of their pause.
        seen: pairings that were read on all sides since deletions were last made.
        due: deletions that wait until all pairings are read.
    """

    report: PassReport
    troubles: Troubles
    retry_refused: bool = False
    resumed: Resumed = field(factory=Resumed)
    written: set[LinkId] = field(factory=set)
    paused: Pauses = field(factory=Pauses)
    look_at_all: bool = False
    answered: set[EndpointName] = field(factory=set)
    looked_at: set[str] = field(factory=set)
    held: dict[str, SafetyStopped] = field(factory=dict)
    refusing: dict[str, ContainerRefused] = field(factory=dict)
    seen: list[Pairing] = field(factory=list)
    due: list[tuple[Pairing, DeletionPlan]] = field(factory=list)

    def insists_on(self, link: Link) -> bool:
        """Whether a refused write is made again for this item; one that may have been done, only if it is missing."""
        anything = self.retry_refused or link.link_id in self.resumed.items
        asked_for = link.link_id in self.resumed.missing if link.in_doubt else anything
        return asked_for and link.link_id not in self.written

    def silent_in(self, pairing: Pairing) -> frozenset[EndpointName]:
        """The sides of a pairing that are left alone in this pass."""
        return frozenset(filter(self.troubles.left_alone, pairing.containers))

    def note_read(self, pairing: Pairing, observation: Observation, *, silent: AbstractSet[EndpointName]) -> None:
        """A pairing was read, apart from the sides that are silent."""
        read = {f"{name}/{container}" for name, container in pairing.containers.items() if name not in silent}
        self.looked_at |= read if silent else {pairing.ids, *read}
        if not silent:
            self.seen.append(pairing)
        for line in observation.problems:
            self.troubles.say(line)
        self.report.pairings += 1
        self.report.observed += len(observation.steps)
        self.report.count_listed(observation.listed)

    def note_failure(self, pairing: Pairing, error: ConnectorError) -> None:
        """A side of a pairing could not be read; which container it was, when one refused us."""
        endpoint = EndpointName(error.endpoint or "")
        self.troubles.say(f"{pairing}: {type(error).__name__}: {error}")
        self.troubles.note(endpoint, error)
        if isinstance(error, ContainerRefused) and endpoint in pairing.containers:
            self.refusing[container_subject(endpoint, pairing.containers[endpoint])] = error

    def hold(self, where: str, error: SafetyStop, plan: DeletionPlan | None = None) -> None:
        """Something is not done until a person approves of it."""
        self.troubles.say(f"{where}: {type(error).__name__}: {error}")
        self.report.safety_stops.append(f"{where}: {error}")
        writes = [write for each in plan.writes.values() for write in each] if plan else []
        self.held[error.place] = SafetyStopped(
            place=error.place,
            plan=error.plan,
            reason=f"{where}: {error}",
            deletions=tuple(sorted(write.ref for write in writes if write.ref is not None)),
        )
