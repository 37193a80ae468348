"""
Turns works into spans and notes into what they hold.

A pass is a trace, with its links and calls below. A write has a trace of its own, derived from its intent, because it may
outlive the pass and the process that decided it: whoever sends it, looks for it or sends it again does so as a child of the
same root. Both sides point to each other with span links.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry import context as context_api
from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)

from syncengine.adapters.telemetry.derived_trace_ids import DerivedIds, root_span_id_of, trace_id_of
from syncengine.adapters.telemetry.span_facts import event_of, facts_of_intent, facts_of_pass, facts_of_work
from syncengine.engine.notes import (
    CallEnded,
    CallWork,
    Note,
    PassEnded,
    PassFailed,
    PassWork,
    Work,
    WriteIntended,
    WriteJudged,
    WriteOutcome,
    WriteSent,
    WriteWork,
)

_HERE = context_api.create_key("syncengine-work")


class TracesTelemetry:
    """A telemetry that makes spans; the one of the innermost work is the current span of its task."""

    def __init__(self, tracer: Tracer, ids: DerivedIds) -> None:
        """Make spans with `tracer`, which takes its ids from `ids`."""
        self._tracer = tracer
        self._ids = ids

    @contextmanager
    def within(self, work: Work, /) -> Iterator[None]:
        """A span from now until the end of the work; it says so when an error ends it."""
        outer = _here()
        here = _Place(work=work, outer=outer, span=self._begun(work, outer))
        token = context_api.attach(context_api.set_value(_HERE, here, set_span_in_context(here.span)))
        try:
            yield
        except BaseException as error:
            here.error = type(error).__name__
            raise
        finally:
            context_api.detach(token)
            here.end()

    def note(self, note: Note, /) -> None:
        """Add it to the span it happened in."""
        here = _here()
        if here is None:
            return
        facts = event_of(note)
        if facts is not None:
            here.span.add_event(note.name, facts)
        if isinstance(note, WriteIntended):
            here.span.add_link(self._intended(note, here), {"syncengine.relation": "intent"})
        else:
            here.take_in(note)

    def _begun(self, work: Work, outer: "_Place | None") -> Span:
        facts = facts_of_work(work)
        match work:
            case PassWork():  # a trace of its own, also inside a program that traces itself
                return self._tracer.start_span(work.name, context=Context(), attributes=facts)
            case WriteWork():
                root = set_span_in_context(NonRecordingSpan(_root_of(work.intent_id)), Context())
                span = self._tracer.start_span(work.name, context=root, attributes=facts, links=_links_to(outer))
                if outer is not None:
                    outer.outside_writes.span.add_link(span.get_span_context(), {"syncengine.relation": "write"})
                return span
            case CallWork():
                return self._tracer.start_span(work.name, kind=SpanKind.CLIENT, attributes=facts)
            case _:
                return self._tracer.start_span(work.name, attributes=facts)

    def _intended(self, note: WriteIntended, here: "_Place") -> SpanContext:
        """The root of the write's trace, with nothing but the moment at which the intent became durable."""
        with self._ids.deriving(note.intent_id):
            root = self._tracer.start_span(
                note.name, context=Context(), attributes=facts_of_intent(note), links=_links_to(here)
            )
        root.end()
        return root.get_span_context()


class _Place:
    """A work under way, with what is known of it so far."""

    def __init__(self, *, work: Work, outer: "_Place | None", span: Span) -> None:
        self.work = work
        self.outer = outer
        self.span = span
        self.error: str | None = None
        self._failed_call: str | None = None
        self._sent = False

    @property
    def outside_writes(self) -> "_Place":
        """The place in the trace of the pass."""
        return self.outer.outside_writes if isinstance(self.work, WriteWork) and self.outer else self

    @property
    def pass_(self) -> "_Place":
        return self.outer.pass_ if self.outer else self

    def take_in(self, note: Note) -> None:
        match note:
            case PassEnded():
                self.span.set_attributes(facts_of_pass(note))
                self.error = "problems" if note.status == "error" else None
            case PassFailed():
                self.error = note.error
            case CallEnded():
                self.error = note.error  # that of the last attempt stays
            case WriteSent():
                self._sent = True
            case WriteJudged():
                self.span.set_attribute("syncengine.verdict", note.verdict)
            case WriteOutcome():
                self._write_ended(note.outcome)

    def end(self) -> None:
        if self.error is not None:
            self.span.set_attribute("error.type", self.error)
            self.span.set_status(StatusCode.ERROR)
        if isinstance(self.work, CallWork) and self.outer is not None:
            self.outer._failed_call = self.error  # noqa: SLF001 - another one of us
        self.span.end()

    def _write_ended(self, outcome: str) -> None:
        self.span.set_attribute("syncengine.outcome", outcome)
        # One that was not even sent, or only looked for, waits as it should.
        if outcome == "rejected" or (self._sent and outcome in {"not_done", "unknown"}):
            self.error = self._failed_call or outcome


def _here() -> _Place | None:
    place = context_api.get_value(_HERE)
    return place if isinstance(place, _Place) else None


def _root_of(intent_id: str) -> SpanContext:
    # Sampled or not is decided by the id of the trace alone, so the flag of this parent decides nothing.
    return SpanContext(
        trace_id=trace_id_of(intent_id),
        span_id=root_span_id_of(intent_id),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )


def _links_to(outer: _Place | None) -> list[Link]:
    """Where in which pass something happens."""
    if outer is None:
        return []
    place, whole = outer.outside_writes, outer.pass_
    links = [Link(whole.span.get_span_context(), {"syncengine.relation": "pass"})]
    if place is not whole:
        links.append(Link(place.span.get_span_context(), {"syncengine.relation": "link"}))
    return links
