"""Watches that every write was decided and saved before its call, and that none is made twice without a look in between."""

from collections.abc import Callable

from attrs import define

from syncengine.connector import ContainerId, EndpointName, RecordRef, SyncKey
from syncengine.domain.events import (
    Event,
    Operation,
    Write,
    WriteConfirmed,
    WriteOvertaken,
    WriteRejected,
    WritesIntended,
)
from syncengine.domain.identity import IntentId, LinkId, sync_key_for
from syncengine.errors import ConnectorError, Remedy

Accuse = Callable[[str, str], None]

_CERTAIN = frozenset({Remedy.RETRY_LATER, Remedy.PARK_LINK, Remedy.OBSERVE_AGAIN, Remedy.PAUSE_ENDPOINT})
"""After errors with these remedies a write was certainly not done."""


@define
class _Open:
    write: Write
    link_id: LinkId
    unclear: bool = False


class Intents:
    """
    The saved intents without an outcome.

    Attributes:
        calls: writes that were sent, by anybody, however they ended.
    """

    def __init__(self, accuse: Accuse) -> None:
        self._accuse = accuse
        self._open: dict[IntentId, _Open] = {}
        self.calls = 0

    @property
    def open(self) -> list[Write]:
        """What is open now."""
        return [it.write for it in self._open.values()]

    def link_of(self, intent_id: IntentId) -> LinkId:
        """The item that an open intent is about."""
        return self._open[intent_id].link_id

    def saved(self, stream_id: LinkId, event: Event) -> None:
        """An event is in the log."""
        if isinstance(event, WritesIntended):
            for write in event.writes:
                self._open[write.intent_id] = _Open(write, stream_id)
        elif isinstance(event, WriteConfirmed | WriteRejected | WriteOvertaken):
            self._open.pop(event.intent_id, None)

    def called(
        self, operation: Operation, endpoint: EndpointName, *, ref: RecordRef | None = None, key: SyncKey | None = None
    ) -> IntentId | None:
        """A write arrives at a remote; the intent it belongs to."""
        self.calls += 1
        for intent_id, it in self._open.items():
            write = it.write
            if write.operation is not operation or write.endpoint != endpoint:
                continue
            if (ref is not None and write.ref == ref) or (key is not None and sync_key_for(it.link_id) == key):
                if it.unclear:
                    self._accuse("no blind retry", f"{operation.value} on {ref or endpoint} was sent again without a look")
                it.unclear = True
                return intent_id
        self._accuse("no write without a saved intent", f"{operation.value} on {ref or endpoint} was called")
        return None

    def ended(self, intent_id: IntentId | None, error: ConnectorError | None) -> None:
        """The answer to a write came; with some errors it is certain that nothing was done."""
        it = self._open.get(intent_id) if intent_id is not None else None
        if it is not None and error is not None and error.remedy in _CERTAIN:
            it.unclear = False

    def looked(
        self, *, ref: RecordRef | None = None, container: ContainerId | None = None, key: SyncKey | None = None
    ) -> None:
        """The program has looked at a record, or for a key."""
        for it in self._open.values():
            by_key = key is not None and sync_key_for(it.link_id) == key and it.write.container == container
            if by_key or (ref is not None and it.write.ref == ref):
                it.unclear = False
