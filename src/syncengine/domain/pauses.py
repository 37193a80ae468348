"""What may be paused: an endpoint, a container or an item, each named by a subject."""

from collections.abc import Iterable

from attrs import frozen

from syncengine.domain.identity import ROOT, ContainerId, EndpointName, LinkId

Subject = str
"""`endpoint:NAME`, `container:ENDPOINT/CONTAINER` or `item:LINK`, where LINK is 32 hexadecimal digits."""


def endpoint_subject(endpoint: EndpointName) -> Subject:
    """The whole endpoint."""
    return f"endpoint:{endpoint}"


def container_subject(endpoint: EndpointName, container: ContainerId) -> Subject:
    """One project or board."""
    return f"container:{endpoint}/{container}"


def item_subject(link_id: LinkId) -> Subject:
    """One item, on all its endpoints."""
    return f"item:{link_id.hex}"


@frozen
class Pauses:
    """What a person has paused; nothing is read or written there."""

    subjects: frozenset[Subject] = frozenset()

    def hold_endpoint(self, endpoint: EndpointName) -> bool:
        """Whether an endpoint is not to be called at all."""
        return endpoint_subject(endpoint) in self.subjects

    def hold_container(self, endpoint: EndpointName, container: ContainerId) -> bool:
        """Whether a container is not to be read or written; with the endpoint everything in it is held."""
        return self.hold_endpoint(endpoint) or container_subject(endpoint, container) in self.subjects

    def hold_any(self, containers: Iterable[tuple[EndpointName, ContainerId]]) -> bool:
        """Whether one of these containers is held, so that nothing can be kept the same between them."""
        return any(self.hold_container(endpoint, container) for endpoint, container in containers)

    def hold_item(self, link_id: LinkId) -> bool:
        """Whether an item is to stay as it is on every side."""
        return item_subject(link_id) in self.subjects


def in_words(subject: Subject) -> str:
    """A subject for people, for example "the endpoint vibe"."""
    kind, _, name = subject.partition(":")
    if kind == "container" and name.endswith(f"/{ROOT}"):
        return f"the projects of {name[:-1]}"
    return f"the {kind} {name[:12] if kind == 'item' else name}"
