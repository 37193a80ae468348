"""What a history is played with, for people."""

from collections.abc import Iterator

from syncengine.testing.abilities import Abilities, Spelling
from syncengine.testing.simulation.drawing import ISSUE, NEVER_S, STATUS
from syncengine.testing.simulation.script import Setup

_KEYS = {
    "id": "ids are chosen by the program",
    "marker": "the key stands in a text",
    "field": "has a key field",
    "none": "keeps no key",
}
_SPELLINGS = {"as_given": "", "stripped": "drops white space", "lossy": "drops white space and has no backlog"}


def setup_in_words(setup: Setup) -> tuple[str, ...]:
    """A line for each remote and one for the rules."""
    remotes = (f"{name}: {', '.join(_abilities(setup, name, can))}" for name, can in setup.abilities.items())
    rules = ", ".join(f"{name}: {rule}" for name, rule in sorted(setup.policy.rules[ISSUE].items()))
    deletions = ", ".join(f"{name}: {rule.value}" for name, rule in sorted(setup.policy.deletions.items()))
    return (*remotes, f"rules: {rules}; deletions: {deletions}")


def _abilities(setup: Setup, name: str, can: Abilities) -> Iterator[str]:
    yield _KEYS[can.key_storage]
    if not can.conditional_writes:
        yield "cannot compare and write in one step"
    if can.listing_lag_s:
        yield f"listings lag {can.listing_lag_s:g} s"
    yield _listings(setup, can)
    if can.tombstones:
        yield "has tombstones"
    if not can.revisions:
        yield "has no revisions"
    if said := _spelling(can.spelling):
        yield said
    status = can.schema(ISSUE).spec(STATUS)
    if status is not None and not status.creatable:
        yield "a create cannot set the status"
    if can.suspect_after_s is not None:
        yield f"answers to writes prove nothing after {can.suspect_after_s:g} s"
    if name in setup.automatic:
        yield "an automation changes the text of what is done"
    if name in setup.readable_when_lost:
        yield "shows nothing to an account without access"


def _listings(setup: Setup, can: Abilities) -> str:
    if not can.change_cursor:
        return "listings are full"
    every_s = setup.policy.full_listing_every_s
    return "listings go on at a cursor" + (f", and every {every_s:g} s at the start" if every_s < NEVER_S else "")


def _spelling(spelling: Spelling) -> str:
    return _SPELLINGS.get(getattr(spelling, "__name__", ""), "has no backlog")
