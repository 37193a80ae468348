"""
What persons ask the program for: with `syncengine approve`, `resolve`, `pause` and `resume`, while passes run.

They see what `syncengine status` would show them, which is what the log says at that moment.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from syncengine.connector import EndpointName, FieldName, FieldValue, RecordRef
from syncengine.domain.events import ConflictParked, CopyFound, PlacePaused, PlaceResumed, SafetyStopped
from syncengine.domain.identity import LinkId
from syncengine.domain.pauses import endpoint_subject, item_subject
from syncengine.engine.ports import HeldPlan, Recorded, Views
from syncengine.engine.requests import ApprovePlan, ChooseValue, PausePlace, Request, ResumePlace, SettleCopy
from syncengine.testing.simulation.script import Act

Verdict = Literal["kept", "new", "ignored"]

_VERDICTS: tuple[Verdict, ...] = ("new", "ignored")
"""Nobody says that an item lives on in a copy that somebody made: that one is another item from its first moment on."""


class Wishes:
    """What the log says that persons may want to answer to, and their answers."""

    def __init__(
        self,
        endpoints: tuple[str, ...],
        *,
        ask: Callable[[Request], None],
        is_true: Callable[[SafetyStopped], bool],
        is_of: Callable[[RecordRef, LinkId], bool],
        twins: Callable[[RecordRef], Sequence[RecordRef]],
        has_record: Callable[[LinkId, EndpointName], bool],
    ) -> None:
        """
        Show nothing yet.

        Args:
            ask: puts a request into the inbox of the program.
            is_true: whether what is held back is what really happened; only then somebody approves of it.
            is_of: whether a record really stands for an item.
            twins: the others on its endpoint that stand for the same item.
            has_record: whether an item really has a record on an endpoint.
        """
        self._endpoints = endpoints
        self._ask = ask
        self._is_true = is_true
        self._is_of = is_of
        self._twins = twins
        self._has_record = has_record
        self._held: dict[str, SafetyStopped] = {}
        self._conflicts: dict[tuple[LinkId, FieldName], ConflictParked] = {}
        self._copies: dict[RecordRef, tuple[LinkId, bool]] = {}
        self._paused: dict[str, str] = {}

    def stored(self, recorded: Recorded) -> None:
        """An event is in the log."""
        event = recorded.event
        match event:
            case SafetyStopped(plan=plan):
                self._held[plan] = event
            case ConflictParked(field=name):
                self._conflicts[recorded.stream_id, name] = event
            case CopyFound(ref=ref):
                self._copies[ref] = recorded.stream_id, event.looks_alike
            case PlacePaused(subject=subject, by=by) if by:
                self._paused[subject] = by
            case PlaceResumed(subject=subject):
                self._paused.pop(subject, None)
            case _:
                pass

    def approve(self, held: Sequence[HeldPlan]) -> list[str]:
        """Somebody approves of everything that is held back and true; the plans."""
        plans = [it.plan for it in held if self._is_true(self._held[it.plan])]
        for plan in plans:
            self._ask(ApprovePlan(plan=plan))
        return plans

    def choose(self, act: Act, views: Views) -> str | None:
        """Somebody settles a conflict that waits, with the value of one side."""
        waiting = {(it.link_id, it.subject) for it in views.parked()}
        open_ones = [it for it in self._conflicts.items() if (it[0][0], f"field:{it[0][1]}") in waiting]
        if not open_ones:
            return None
        (link_id, name), conflict = open_ones[act.pick % len(open_ones)]
        versions: list[tuple[EndpointName, FieldValue]] = sorted(conflict.versions.items())
        side, value = versions[act.pick // 3 % len(versions)]
        self._ask(ChooseValue(link_id=link_id, field=name, value=value, among=conflict.versions))
        return f"somebody chooses {value!r} of {side} for {name}, among {dict(versions)}"

    def settle_copy(self, act: Act, views: Views) -> str | None:
        """Somebody says what a copied record is."""
        copies = self._waiting(views)
        if not copies:
            return None
        ref = copies[act.pick % len(copies)]
        verdict = self._settle(ref, _VERDICTS[act.pick // 3 % len(_VERDICTS)])
        return f"somebody says about {ref}: {verdict}"

    def clear_doubts(self, views: Views) -> None:
        """Somebody looks what became of creates whose outcome the program cannot find out, and tells it."""
        alike = [ref for ref in self._waiting(views) if self._copies[ref][1]]
        for ref in alike:
            self._settle(ref, "new")
        asked_about = {self._copies[ref][0] for ref in alike}
        for item in views.parked():
            kind, _, name = item.subject.partition(":")
            missing = kind == "write" and not self._has_record(item.link_id, EndpointName(name))
            if missing and item.link_id not in asked_about:
                self._ask(ResumePlace(subject=item_subject(item.link_id), in_doubt="create"))

    def _waiting(self, views: Views) -> list[RecordRef]:
        waiting = {it.subject for it in views.parked()}
        return [ref for ref in self._copies if f"copy:{ref}" in waiting]

    def _settle(self, ref: RecordRef, otherwise: Verdict) -> Verdict:
        """What is, or looks like, something that the program made is told by the truth."""
        link_id, looks_alike = self._copies[ref]
        verdict = otherwise
        if self._is_of(ref, link_id) and (looks_alike or not self._twins(ref)):
            verdict = "kept"
        elif looks_alike:
            verdict = "new"
        self._ask(SettleCopy(link_id=link_id, ref=ref, verdict=verdict))
        return verdict

    def pause(self, act: Act, link_id: LinkId | None) -> str:
        """Somebody pauses an item, or where it has none an endpoint."""
        name = EndpointName(self._endpoints[act.side % len(self._endpoints)])
        subject = endpoint_subject(name) if link_id is None or act.pick % 4 == 0 else item_subject(link_id)
        self._ask(PausePlace(subject=subject))
        return f"somebody pauses {subject}"

    def resume(self) -> str | None:
        """Somebody resumes everything that is paused."""
        for subject in self._paused:
            self._ask(ResumePlace(subject=subject))
        return f"somebody resumes {', '.join(self._paused)}" if self._paused else None
