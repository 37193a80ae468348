"""What a pass leaves in the log when it ends: whom it could not reach, what it held back, and that it did something."""

from datetime import datetime
from uuid import UUID

from syncengine.domain.events import (
    EndpointPaused,
    EndpointResumed,
    Event,
    PassFinished,
    PassStarted,
    PlacePaused,
    PlaceResumed,
    SafetyCleared,
)
from syncengine.domain.identity import endpoint_stream, pass_stream, pause_stream, safety_stream
from syncengine.engine.next_append import next_append
from syncengine.engine.notes import EndpointStopped, EndpointWorksAgain, PassEnded
from syncengine.engine.pass_state import PassState
from syncengine.engine.ports import EventLog, Telemetry, Views
from syncengine.engine.report import PassReport


class PassEnd:
    """Notes what is different from what the log says; a pass that did nothing leaves no trace."""

    def __init__(self, *, log: EventLog, views: Views, telemetry: Telemetry) -> None:
        self._log = log
        self._views = views
        self._telemetry = telemetry

    async def remember(self, state: PassState) -> None:
        """
        Append what there is to remember.

        Raises:
            EventLogError: the log cannot be written.
        """
        await self._endpoints(state)
        await self._held_plans(state)
        await self._refusing_containers(state)
        report = state.report
        if report.observed or report.writes or report.judged:
            written = report.writes.get("confirmed", 0) + report.writes.get("found", 0)
            await self._append(
                state,
                pass_stream(report.sync_id),
                PassStarted(sync_id=report.sync_id),
                PassFinished(sync_id=report.sync_id, writes=written, judged=report.judged, problems=tuple(report.problems)),
            )

    async def _endpoints(self, state: PassState) -> None:
        """An endpoint that refuses us as a whole is paused until it answers."""
        paused, refusals = {it.endpoint for it in self._views.paused()}, state.troubles.refusals
        for name, error in sorted(refusals.items()):
            if name not in paused:
                event = EndpointPaused(endpoint=name, reason=str(error), error=type(error).__name__)
                await self._append(state, endpoint_stream(name), event)
                self._telemetry.note(EndpointStopped(endpoint=name, error=event.error, reason=event.reason))
        for name in sorted(paused - set(refusals)):
            if name in state.answered:
                await self._append(state, endpoint_stream(name), EndpointResumed(endpoint=name))
                self._telemetry.note(EndpointWorksAgain(endpoint=name))

    async def _held_plans(self, state: PassState) -> None:
        """What is held back is said once, and once more when it is another plan or over."""
        known = {it.place: it.plan for it in self._views.held_plans()}
        for place, stopped in state.held.items():
            if known.get(place) != stopped.plan:
                await self._append(state, safety_stream(place), stopped)
        for place in sorted(known.keys() & state.looked_at - state.held.keys()):
            await self._append(state, safety_stream(place), SafetyCleared(place=place))

    async def _refusing_containers(self, state: PassState) -> None:
        """A container that refuses us is paused until it does not; the others go on."""
        known = {it.subject for it in self._views.pauses() if not it.by}
        for subject, error in sorted(state.refusing.items()):
            if subject not in known:
                paused = PlacePaused(subject=subject, reason=str(error), error=type(error).__name__)
                await self._append(state, pause_stream(subject), paused)
        looked_at = {f"container:{place}" for place in state.looked_at}
        for subject in sorted(known & looked_at - state.refusing.keys()):
            await self._append(state, pause_stream(subject), PlaceResumed(subject=subject))

    async def _append(self, state: PassState, stream_id: UUID, *events: Event) -> None:
        await self._log.append(await next_append(self._log, stream_id, *events), caused_by=state.report.sync_id)


def ended(report: PassReport, finished_at: datetime) -> PassEnded:
    """What there is to tell about a pass that came to its end."""
    return PassEnded(
        sync_id=report.sync_id,
        status="stopped" if report.stopped else "error" if report.problems else "success",
        duration_s=(finished_at - report.started_at).total_seconds(),
        pairings=report.pairings,
        listed={str(name): number for name, number in report.listed.items()},
        changed=report.observed,
        writes=dict(report.writes),
        judged=report.judged,
        problems=len(report.problems),
        quiet=report.quiet,
    )
