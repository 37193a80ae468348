"""
Ids of traces that are derived instead of drawn, so that every process finds the trace of a write again.

Nothing is stored for it: the id of an intent is in the event log anyway, and it is as long as the id of a trace.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator

_HEXADECIMAL = frozenset("0123456789abcdef")


def trace_id_of(intent_id: str) -> int:
    """The trace of a write: the id of its intent read as a number, so that one finds it by searching for the other."""
    if len(intent_id) == 32 and set(intent_id) <= _HEXADECIMAL and intent_id.strip("0"):
        return int(intent_id, 16)
    return _digest(intent_id, size=16, person=b"trace")


def root_span_id_of(intent_id: str) -> int:
    """The span in the trace of a write that all others are children of."""
    return _digest(intent_id, size=8, person=b"root")


class DerivedIds(RandomIdGenerator):
    """Draws ids, except inside `deriving`."""

    def __init__(self) -> None:
        super().__init__()
        self._intent_id: ContextVar[str | None] = ContextVar("intent_id", default=None)

    @contextmanager
    def deriving(self, intent_id: str) -> Iterator[None]:
        """A span without a parent that is started inside is the root of this intent's trace."""
        token = self._intent_id.set(intent_id)
        try:
            yield
        finally:
            self._intent_id.reset(token)

    def generate_trace_id(self) -> int:
        """A new trace, or that of the intent."""
        intent_id = self._intent_id.get()
        return super().generate_trace_id() if intent_id is None else trace_id_of(intent_id)

    def generate_span_id(self) -> int:
        """A new span, or the root of the intent's trace."""
        intent_id = self._intent_id.get()
        return super().generate_span_id() if intent_id is None else root_span_id_of(intent_id)


def _digest(intent_id: str, *, size: int, person: bytes) -> int:
    # Zero is the one number that is no id.
    return int.from_bytes(blake2b(intent_id.encode(), digest_size=size, person=person).digest()) or 1
