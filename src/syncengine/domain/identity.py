"""Names, and ids that are derived instead of drawn, so that a repeated run derives the same ones."""

import re
from typing import NewType
from uuid import UUID, uuid5

EndpointName = NewType("EndpointName", str)
"""A configured account of a connector, for example "huly"."""

ContainerId = NewType("ContainerId", str)
"""A project or board inside an endpoint, in the remote's own words."""

RecordId = NewType("RecordId", str)
"""A record inside an endpoint, in the remote's own words."""

FieldName = str
"""Name of a field in the words all endpoints share."""

Kind = NewType("Kind", str)
"""What a record is: "project" or "issue" for the connectors that come with this library."""

SyncKey = NewType("SyncKey", str)
"""The link id as 32 hexadecimal digits, put into created records so that they can be found again."""

LinkId = UUID
IntentId = NewType("IntentId", str)

ROOT = ContainerId("")
"""The container that holds the containers: its records are the projects of an endpoint."""

_SYNC_KEY = re.compile(r"[0-9a-fA-F]{32}")

_NAMESPACE = UUID("6f1d3f6c-6a0e-5b0c-9d5e-0c9f2a7c1b44")


def _derived(*parts: str) -> UUID:
    # A length before each part keeps ("ab", "c") and ("a", "bc") apart.
    return uuid5(_NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts))


def link_id_for(endpoint: EndpointName, container: ContainerId, record_id: RecordId) -> LinkId:
    """Id of the link that a record starts when it is seen for the first time."""
    return _derived("link", endpoint, container, record_id)


def sync_key_for(link_id: LinkId) -> SyncKey:
    """The key that created records of this link carry."""
    return SyncKey(link_id.hex)


def link_id_of(key: SyncKey) -> LinkId | None:
    """The link a sync key names, or None when the text is no sync key."""
    # The constructor of UUID alone would also read "0x", underscores and digits of other scripts.
    return UUID(hex=key) if _SYNC_KEY.fullmatch(key) else None


def intent_id_for(link_id: LinkId, version: int, endpoint: EndpointName) -> IntentId:
    """Id of the write that the decision at this version of a link makes on an endpoint."""
    return IntentId(_derived("intent", link_id.hex, str(version), endpoint).hex)


def claim_stream(endpoint: EndpointName, container: ContainerId, record_id: RecordId) -> UUID:
    """Stream whose first event says which link a record belongs to."""
    return _derived("claim", endpoint, container, record_id)


def feed_stream(endpoint: EndpointName, container: ContainerId) -> UUID:
    """Stream of the cursor of one container."""
    return _derived("feed", endpoint, container)


def endpoint_stream(endpoint: EndpointName) -> UUID:
    """Stream of what happened to an endpoint as a whole."""
    return _derived("endpoint", endpoint)


def pause_stream(subject: str) -> UUID:
    """Stream of when something was paused and resumed."""
    return _derived("pause", subject)


def host_stream(host: str) -> UUID:
    """Stream of when a host was given up and answered again."""
    return _derived("host", host)


def safety_stream(place: str) -> UUID:
    """Stream of what was held back at a place until a person has looked."""
    return _derived("safety", place)


def approval_stream(plan: str) -> UUID:
    """Stream of the approvals of one plan."""
    return _derived("approval", plan)


def pass_stream(sync_id: str) -> UUID:
    """Stream of one pass."""
    return _derived("pass", sync_id)
