"""How many requests of which kind a sandbox got, and how many writes it had in flight at once."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from connectors.vibe.sandbox.paths import PathKind

_READS = ("GET", "HEAD", "OPTIONS")


class RequestCounts:
    """
    Counts of what clients asked for; what the control routes and persons do is not counted.

    `most_writes_at_once` is the highest number of writes that were in flight together, `overlapping_writes` how many
    began while another to the same path, that is to the same task or project, was in flight.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Counts from zero again."""
        self._by_kind: Counter[tuple[str, PathKind]] = Counter()
        self._writing: Counter[str] = Counter()
        self.most_writes_at_once = 0
        self.overlapping_writes = 0

    def count(self, method: str | None = None, path_kind: PathKind | str | None = None) -> int:
        """How many requests of this method and path kind came; None means any."""
        return sum(
            number
            for (of_method, of_kind), number in self._by_kind.items()
            if method in (None, of_method) and path_kind in (None, of_kind)
        )

    def by_kind(self) -> dict[str, int]:
        """All counts, by ``"METHOD kind"``."""
        return {f"{method} {kind}": number for (method, kind), number in sorted(self._by_kind.items())}

    @contextmanager
    def in_flight(self, method: str, path_kind: PathKind, path: str) -> Iterator[None]:
        """Counts one request, and it is in flight until this ends."""
        self._by_kind[method, path_kind] += 1
        if method in _READS:
            yield
            return
        writing = self._writing
        self.overlapping_writes += path_kind in (PathKind.TASK, PathKind.PROJECT) and writing[path] > 0
        writing[path] += 1
        self.most_writes_at_once = max(self.most_writes_at_once, writing.total())
        try:
            yield
        finally:
            writing[path] -= 1
