"""Which containers belong together: the roots by nature, the children because their projects are linked."""

from collections.abc import Iterator, Mapping

from attrs import frozen

from syncengine.connector import Container
from syncengine.domain.identity import ROOT, ContainerId, EndpointName, Kind, LinkId, RecordId
from syncengine.engine.ports import KnownRecord

Containers = Mapping[EndpointName, Mapping[ContainerId, Container]]
"""The containers that exist now on every endpoint that answered."""


@frozen(kw_only=True)
class Pairing:
    """One container on each endpoint, whose records are kept the same."""

    kind: Kind
    containers: Mapping[EndpointName, ContainerId]
    title: str = ""

    @property
    def ids(self) -> str:
        """The containers by their ids, which never change; for machines."""
        return " = ".join(f"{name}/{self.containers[name]}" for name in sorted(self.containers))

    def __str__(self) -> str:
        return self.title or self.ids


def root_pairing(containers: Containers) -> Pairing | None:
    """The projects of all endpoints that have any; None when fewer than two do, or their records are of different kinds."""
    roots = {name: there[ROOT] for name, there in containers.items() if ROOT in there}
    kinds = {root.kind for root in roots.values()}
    if len(roots) < 2 or len(kinds) != 1:
        return None
    return Pairing(kind=kinds.pop(), containers=dict.fromkeys(sorted(roots), ROOT), title="projects")


def child_pairings(
    projects: Mapping[EndpointName, Mapping[RecordId, KnownRecord]], containers: Containers
) -> list[Pairing]:
    """
    The containers whose projects are linked, as far as both ends can be seen.

    Args:
        projects: the known records of the root containers; the id of a project is the id of its container.
    """
    linked: dict[LinkId, dict[EndpointName, Container]] = {}
    for name, records in projects.items():
        for record_id, known in records.items():
            container = containers.get(name, {}).get(ContainerId(record_id))
            if container is not None and not known.gone:
                linked.setdefault(known.link_id, {})[name] = container
    pairings = [_pairing(sides) for sides in linked.values() if len(sides) > 1]
    return sorted((pairing for pairing in pairings if pairing is not None), key=str)


def left_out(projects: Mapping[EndpointName, Mapping[RecordId, KnownRecord]], containers: Containers) -> list[str]:
    """
    A sentence about each linked project whose items are not synced because an endpoint that answered does not show it.

    Args:
        projects: as for `child_pairings`.
    """
    linked: dict[LinkId, dict[EndpointName, KnownRecord]] = {}
    for name, records in projects.items():
        for known in records.values():
            if not known.gone:
                linked.setdefault(known.link_id, {})[name] = known
    return sorted(line for sides in linked.values() if len(sides) > 1 for line in _left_out(sides, containers))


def _left_out(sides: Mapping[EndpointName, KnownRecord], containers: Containers) -> Iterator[str]:
    offered = {name: containers.get(name, {}).get(ContainerId(known.ref.record_id)) for name, known in sides.items()}
    titles = [container.title for container in offered.values() if container is not None]
    for name, known in sides.items():
        if name in containers and offered[name] is None:
            label = known.label or known.ref.record_id
            yield (
                f"{titles[0] if titles else label}: its items are not synced, because {name} does not offer {label}; "
                "it is archived there, or the settings leave it out"
            )


def _pairing(sides: Mapping[EndpointName, Container]) -> Pairing | None:
    kinds = {container.kind for container in sides.values()}
    if len(kinds) != 1:
        return None
    ids = {name: sides[name].container_id for name in sorted(sides)}
    return Pairing(kind=kinds.pop(), containers=ids, title=sides[min(sides)].title)
