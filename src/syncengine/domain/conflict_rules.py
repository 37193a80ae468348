"""
Who wins when a field was changed on several sides.

A rule is a function of one `FieldConflict`: it takes a value that a side holds, or parks the field for a person. Rules are
frozen attrs classes, so that they compare, print, and can be written in a settings file. Two people who run the same rule
on the same conflict get the same answer: a rule sees no clock, no order and no side names other than the endpoints'.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Protocol, cast

from attrs import field, frozen

from syncengine.domain.identity import EndpointName, FieldName
from syncengine.domain.records import FieldValue


@frozen(kw_only=True)
class FieldVersion:
    """
    What one side holds.

    Attributes:
        agreed: what it held when all sides were last the same; None when they never were (or it was None).
        changed_at: aware UTC of the remote's own clock, where the remote knows it.
    """

    value: FieldValue
    agreed: FieldValue = None
    changed_at: datetime | None = None


@frozen(kw_only=True)
class FieldConflict:
    """A field with different new values on two or more sides; `versions` holds only the sides that differ from agreed."""

    field: FieldName
    versions: Mapping[EndpointName, FieldVersion]


@frozen
class Take:
    """Everybody gets this value."""

    value: FieldValue


@frozen
class Park:
    """A person has to look; the reason is a sentence for that person."""

    reason: str


class ConflictRule(Protocol):
    """Anything that can be called like this is a rule."""

    def __call__(self, conflict: FieldConflict) -> Take | Park:
        """Settle the conflict or leave it to a person. Pure and total."""


@frozen
class AskAPerson:
    """Never decide."""

    def __call__(self, conflict: FieldConflict) -> Take | Park:
        """Park every conflict."""
        sides = " and ".join(sorted(conflict.versions))
        return Park(f"{conflict.field} was changed on {sides}; choose one of the values")


@frozen
class Prefer:
    """This endpoint wins; `then` decides where it is not among the sides that changed the field."""

    endpoint: EndpointName = field(converter=EndpointName)
    then: ConflictRule = field(factory=AskAPerson, kw_only=True)

    def __call__(self, conflict: FieldConflict) -> Take | Park:
        """Take the value of the preferred endpoint."""
        version = conflict.versions.get(self.endpoint)
        return Take(version.value) if version else self.then(conflict)


@frozen
class LatestWrite:
    """
    The side that changed last wins, as far as clocks of different hosts can be compared.

    Attributes:
        clock_skew_s: seconds; `then` decides when the two latest times are closer, or when a time is missing.
    """

    then: ConflictRule = field(factory=AskAPerson, kw_only=True)
    clock_skew_s: float = field(default=120.0, kw_only=True)

    def __call__(self, conflict: FieldConflict) -> Take | Park:
        """Take the value with the latest time, if it is the latest beyond doubt."""
        times = [version.changed_at for version in conflict.versions.values()]
        if None in times:
            return self.then(conflict)
        ordered = sorted(conflict.versions.values(), key=lambda version: cast("datetime", version.changed_at))
        latest, before = cast("datetime", ordered[-1].changed_at), cast("datetime", ordered[-2].changed_at)
        # Equal times have no latest one, even where clocks are trusted to the full.
        if latest == before or latest - before < timedelta(seconds=self.clock_skew_s):
            return self.then(conflict)
        return Take(ordered[-1].value)


@frozen
class UnionOfSets:
    """Keep what anybody added and drop what anybody removed; for fields that hold sets."""

    then: ConflictRule = field(factory=AskAPerson, kw_only=True)

    def __call__(self, conflict: FieldConflict) -> Take | Park:
        """Merge the members, or leave it to `then` when a value is no set."""
        versions = conflict.versions.values()
        if not all(isinstance(version.value, tuple) for version in versions):
            return self.then(conflict)
        members: set[str] = set()
        removed: set[str] = set()
        for version in versions:
            value = set(cast("tuple[str, ...]", version.value))
            members |= value
            removed |= set(version.agreed if isinstance(version.agreed, tuple) else ()) - value
        return Take(tuple(sorted(members - removed)))


@frozen
class MergeText:
    """Merge texts line by line where two sides changed different places; `then` decides where they overlap."""

    then: ConflictRule = field(factory=AskAPerson, kw_only=True)

    def __call__(self, conflict: FieldConflict) -> Take | Park:
        """Merge two texts over their common base, or leave it to `then`."""
        versions = [conflict.versions[name] for name in sorted(conflict.versions)]
        texts = [version.value for version in versions]
        bases = {version.agreed for version in versions}
        base = next(iter(bases))
        if len(texts) != 2 or len(bases) != 1 or not isinstance(base, str):
            return self.then(conflict)
        one, two = texts
        if not isinstance(one, str) or not isinstance(two, str):
            return self.then(conflict)
        merged = merge_lines(base, one, two)
        return self.then(conflict) if merged is None else Take(merged)


def merge_lines(base: str, one: str, two: str) -> str | None:
    """
    Apply the line changes of both texts to their base; None when they touch the same or neighbouring lines.

    The result holds only lines that one of the two texts holds.
    """
    lines = base.splitlines(keepends=True)
    edits = sorted([*_edits(lines, one), *_edits(lines, two)], key=lambda edit: edit[:2])
    if any(following[0] <= edit[1] for edit, following in pairwise(edits)):
        return None
    merged: list[str] = []
    at = 0
    for start, end, replacement in edits:
        merged += lines[at:start] + replacement
        at = end
    return "".join(merged + lines[at:])


def _edits(lines: list[str], changed: str) -> list[tuple[int, int, list[str]]]:
    new = changed.splitlines(keepends=True)
    matcher = SequenceMatcher(None, lines, new, autojunk=False)
    return [(i1, i2, new[j1:j2]) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]


RULES: Mapping[str, type[ConflictRule]] = {
    "ask_a_person": AskAPerson,
    "latest_write": LatestWrite,
    "merge_text": MergeText,
    "prefer": Prefer,
    "union_of_sets": UnionOfSets,
}
"""The rules by the names they have in settings files."""
