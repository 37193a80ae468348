"""Labels of metrics that cannot grow without end: plain words only, and a limited number of sets for each metric."""

import re
from collections.abc import Mapping

from syncengine.adapters.telemetry.metric_names import Family

MOST_SETS = 200
"""Label sets of one metric; what comes later is counted under "other"."""

OTHER = "other"
"""Stands for what is no plain word, and for what comes too late."""

_WORD = re.compile(r"[\w.:\[\]-]{0,64}", re.ASCII)
_ID = re.compile(r"[0-9a-f]{16,}|[0-9a-f]{8}-[0-9a-f]{4}-", re.IGNORECASE)


def label_value(text: str) -> str:
    """The text if it is a word as names are (of endpoints, fields, classes, hosts), else "other"."""
    return text if _WORD.fullmatch(text) and not _ID.search(text) else OTHER


class BoundedLabels:
    """The label sets of one metric so far."""

    def __init__(self, family: Family, *, most: int = MOST_SETS) -> None:
        """Take in no more than `most` sets."""
        self._names = family.labels
        self._most = most
        self._sets: dict[tuple[str, ...], Mapping[str, str]] = {}
        self._too_late = dict.fromkeys(family.labels, OTHER)

    def of(self, *values: str) -> Mapping[str, str]:
        """These values, in the order of the metric's labels, as labels; the same mapping for the same values."""
        known = self._sets.get(values)
        return known if known is not None else self._taken_in(tuple(map(label_value, values)))

    def in_advance(self, *values: str) -> Mapping[str, str] | None:
        """The same for a set that may never be needed; None where it would take room from those that are."""
        return self.of(*values) if len(self._sets) < self._most // 2 else None

    def _taken_in(self, values: tuple[str, ...]) -> Mapping[str, str]:
        known = self._sets.get(values)
        if known is not None:
            return known
        if len(self._sets) >= self._most:
            return self._too_late
        self._sets[values] = dict(zip(self._names, values, strict=True))
        return self._sets[values]
