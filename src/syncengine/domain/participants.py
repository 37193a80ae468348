"""What a link may do on each endpoint it spans, with or without a record there."""

from collections.abc import Callable, Mapping

from attrs import frozen

from syncengine.domain.identity import ContainerId, EndpointName, FieldName
from syncengine.domain.merge import Never
from syncengine.domain.records import FieldValue, FieldValues, RecordSchema


@frozen(kw_only=True)
class Participant:
    """
    What a link may do on one endpoint.

    Attributes:
        container: where a missing record would be made.
        as_stored: how the remote spells values; pure and idempotent.
        may_create: settings and remote allow a missing record to be made.
        writable: settings and remote allow updates and deletes.
    """

    schema: RecordSchema
    container: ContainerId
    as_stored: Callable[[FieldValues], FieldValues]
    may_create: bool = True
    writable: bool = True

    def stored(self, name: FieldName, value: FieldValue) -> FieldValue | Never:
        """How this endpoint spells a value; `Never.AGREED` when it does not have the field."""
        return self.as_stored(FieldValues({name: value})).get(name, Never.AGREED)

    @property
    def can_make_records(self) -> bool:
        """Whether a missing record would be made here."""
        return self.may_create and self.schema.can_create

    @property
    def can_delete_records(self) -> bool:
        """Whether a record may be deleted here."""
        return self.writable and self.schema.can_delete


Participants = Mapping[EndpointName, Participant]
