"""Draws scripts from seeds: the same seed gives the same script in every process."""

from random import Random

from attrs import evolve

from syncengine.connector import FieldKind, FieldSpec, Kind, RecordSchema
from syncengine.domain.conflict_rules import AskAPerson, ConflictRule, Prefer
from syncengine.domain.identity import EndpointName
from syncengine.domain.policy import Backoff, DeletionRule, Policy, SafetyLimits
from syncengine.testing.abilities import Abilities, as_given, lossy, stripped, without_backlog
from syncengine.testing.simulation.script import Act, Crash, Deed, Pass, Script, Setup, Step, Strike

ISSUE = Kind("issue")
TITLE, TEXT, STATUS = "title", "description", "status"
FIELDS = (TITLE, TEXT, STATUS)

POINTS = tuple(
    f"{operation}.{when}"
    for operation in ("append", "discover", "list", "fetch", "find_by_key", "create", "update", "delete")
    for when in ("before", "after")
)
"""The named points at which a process may die; between them it may die at every step of the event loop."""

_POINTS_OF_RECOVERY = tuple(it for it in POINTS if it.startswith(("append", "fetch", "find_by_key")))

ON_DISK = 0.1
"""Share of the histories whose log is a file; they take four times as long."""

LISTED_IN_FULL = 0.3
"""Share of the histories in which listings that could go on at a cursor begin at the start now and then."""

BLINKING = 0.2
"""Share of the histories in which records are not shown for a moment, as when an index is made anew."""

WITHOUT_A_KEY = 0.1
"""Share of the histories with an endpoint on which a create whose answer was lost cannot be searched for."""

NEVER_S = 3e9
"""A hundred years, which no history takes. In the others a lost change has to be noticed without another full listing."""

_NAMES = (("left", "right"), ("left", "middle", "right"))
_DEEDS = (
    *[Deed.EDIT] * 10,
    *[Deed.MARK] * 3,
    *[Deed.CREATE] * 4,
    *[Deed.DELETE] * 3,
    *[Deed.MOVE, Deed.CLONE, Deed.TOUCH, Deed.BRING_BACK, Deed.STRIP],
    *[Deed.CHOOSE, Deed.SETTLE_COPY],
)
"""What persons do, in the middle of a pass as well."""
_CIRCUMSTANCES = (
    *[Deed.WAIT] * 4,
    *[Deed.SET_CLOCK, Deed.LOSE_ACCESS, Deed.NARROW, Deed.BACKUP, Deed.APPROVE, Deed.PAUSE],
    *[Deed.CHOOSE, Deed.SETTLE_COPY],
)
"""What happens between two passes only."""
_SEQUELS = {
    Deed.LOSE_ACCESS: Deed.GET_ACCESS,
    Deed.NARROW: Deed.WIDEN,
    Deed.BACKUP: Deed.RESTORE,
    Deed.PAUSE: Deed.RESUME,
}
"""What follows one or two passes later, most of the time."""


def draw(seed: int, *, healing: bool) -> Script:
    """The script of a seed; with `healing`, everything works again at its end."""
    random = Random(f"{seed}/{healing}")
    # Drawn apart, so that a seed keeps the rest of its history whatever is drawn here.
    setup = _listed_in_full_now_and_then(Random(f"{seed}/{healing}/full listings"), _setup(random))
    setup = _without_a_key(Random(f"{seed}/{healing}/no key"), setup)
    sides = len(setup.abilities)
    steps: list[Step] = [_act(random, sides, Deed.CREATE) for _ in range(random.randint(1, 3))]
    rounds: list[list[Step]] = [[] for _ in range(random.randint(4, 7))]
    for number, round_ in enumerate(rounds):
        if number and random.random() < 0.2:
            round_.extend(_quarrel(random, sides))
        for _ in range(random.choice((0, 1, 2, 2, 3, 5)) if number else 0):
            act = _between(random, sides)
            round_.append(act)
            later = number + random.choice((1, 2))
            if act.deed in _SEQUELS and later < len(rounds):
                rounds[later].append(evolve(act, deed=_SEQUELS[act.deed]))
    _blink(Random(f"{seed}/{healing}/blink"), rounds, sides)
    crash: Crash | None = None
    for round_ in rounds:
        step = _pass(random, sides, after=crash)
        steps += [*round_, step]
        crash = step.crash
    return Script(seed=seed, setup=setup, steps=tuple(steps), healing=healing)


def _blink(random: Random, rounds: list[list[Step]], sides: int) -> None:
    """Before one of the passes, now and then, a remote does not show some of its records."""
    if random.random() < BLINKING:
        rounds[random.randrange(1, len(rounds))].append(_act(random, sides, Deed.BLINK))


def _setup(random: Random) -> Setup:
    names = _NAMES[random.random() < 0.15]
    natural = random.random() < 0.2
    abilities = {name: _abilities(random, natural=natural) for name in names}
    on_disk = random.random() < ON_DISK
    blind = {name for name in names if abilities[name].key_storage == "id" and not abilities[name].change_cursor}
    return Setup(
        abilities=abilities,
        policy=_policy(random, names),
        containers=("p", "q") if random.random() < 0.25 else ("p",),
        automatic=frozenset(name for name in names if random.random() < 0.12),
        readable_when_lost=frozenset(name for name in sorted(blind) if random.random() < 0.5),
        coded=random.random() < 0.1,
        guarded=on_disk or random.random() < 0.5,
        on_disk=on_disk,
    )


def _listed_in_full_now_and_then(random: Random, setup: Setup) -> Setup:
    """Some programs forget their cursors now and then; they need no tombstones, and nothing stays hidden from them."""
    if random.random() >= LISTED_IN_FULL:
        return evolve(setup, policy=evolve(setup.policy, full_listing_every_s=NEVER_S))
    abilities = {
        name: evolve(can, tombstones=can.tombstones and not (can.change_cursor and random.random() < 0.4))
        for name, can in setup.abilities.items()
    }
    policy = evolve(setup.policy, full_listing_every_s=random.choice((20.0, 60.0)))
    return evolve(setup, abilities=abilities, policy=policy)


def _without_a_key(random: Random, setup: Setup) -> Setup:
    """Now and then the last endpoint keeps no key; there nothing may change what was made before it is listed."""
    if random.random() >= WITHOUT_A_KEY:
        return setup
    last = setup.names[-1]
    abilities = setup.abilities | {last: evolve(setup.abilities[last], key_storage="none")}
    return evolve(setup, abilities=abilities, automatic=setup.automatic - {last})


def _abilities(random: Random, *, natural: bool) -> Abilities:
    cursor = random.random() < 0.35
    return Abilities(
        schemas=(_schema(status_creatable=random.random() < 0.7),),
        key_storage=random.choice(("id", "id", "marker", "marker", "field")),
        marker_field=TEXT,
        conditional_writes=random.random() < 0.6,
        listing_lag_s=random.choice((0.0, 0.0, 0.0, 2.0, 20.0)),
        change_cursor=cursor,
        tombstones=cursor or random.random() < 0.3,
        revisions=random.random() < 0.7,
        spelling=random.choice((as_given, as_given, as_given, stripped, lossy, without_backlog)),
        natural_keys=(TITLE,) if natural else (),
        page_size=random.choice((2, 3, 50)),
        suspect_after_s=random.choice((None, None, 4.0)),
        max_concurrent_writes=random.choice((1, 4)),
    )


def _schema(*, status_creatable: bool) -> RecordSchema:
    return RecordSchema(
        kind=ISSUE,
        fields=(
            FieldSpec(name=TITLE),
            FieldSpec(name=TEXT, kind=FieldKind.TEXT, initial=""),
            FieldSpec(name=STATUS, kind=FieldKind.CHOICE, initial="todo", creatable=status_creatable),
        ),
        can_delete=True,
    )


def _policy(random: Random, names: tuple[str, ...]) -> Policy:
    rules: dict[str, ConflictRule] = {
        name: AskAPerson() if random.random() < 0.3 else Prefer(random.choice(names)) for name in FIELDS
    }
    deletions = {EndpointName(name): _deletion_rule(random) for name in names}
    return Policy(
        rules={ISSUE: rules},
        deletions=deletions,
        backoff=Backoff(first_s=1, factor=2, longest_s=8),
        safety=SafetyLimits(deletions=random.choice((5, 5, 1))),
    )


def _deletion_rule(random: Random) -> DeletionRule:
    many = (*[DeletionRule.PROPAGATE] * 6, DeletionRule.KEEP, DeletionRule.RESTORE)
    return random.choice(many)


def _act(random: Random, sides: int, deed: Deed, *, side: int | None = None, pick: int | None = None) -> Act:
    seconds = 0.0
    if deed is Deed.WAIT:
        seconds = random.choice((0.5, 3.0, 30.0, 90.0))
    elif deed is Deed.SET_CLOCK:
        seconds = random.choice((-3600.0, -31_536_000.0, 3600.0, 31_536_000.0))
    # Half of them meet in the same few records and fields, or hardly anybody would ever contradict anybody.
    pick = random.randrange(random.choice((4, 1000))) if pick is None else pick
    return Act(deed=deed, side=random.randrange(sides) if side is None else side, pick=pick, seconds=seconds)


def _between(random: Random, sides: int) -> Act:
    return _act(random, sides, random.choice(_DEEDS if random.random() < 0.6 else _CIRCUMSTANCES))


def _quarrel(random: Random, sides: int) -> list[Act]:
    """People on all sides change the same thing before anybody is told."""
    act = _act(random, sides, random.choice((Deed.EDIT, Deed.EDIT, Deed.MARK, Deed.DELETE)))
    others = [side for side in range(sides) if side != act.side]
    return [act, *(_act(random, sides, Deed.EDIT, side=side, pick=act.pick) for side in others)]


def _pass(random: Random, sides: int, *, after: Crash | None) -> Pass:
    acts = [(_some_step(random), _act(random, sides, random.choice(_DEEDS))) for _ in range(random.choice((0, 0, 1, 2, 4)))]
    strikes = [
        Strike(side=random.randrange(sides), call=_some_call(random), pick=random.randrange(1000))
        for _ in range(random.choice((0, 0, 1, 2, 4)))
    ]
    return Pass(
        acts=tuple(sorted(acts, key=lambda it: it[0])),
        strikes=tuple(strikes),
        crash=_crash(random, recovering=after is not None) if random.random() < (0.5 if after else 0.25) else None,
    )


def _some_step(random: Random) -> int:
    """Early steps are as likely as late ones on a scale of orders of magnitude: passes differ in length."""
    return int(2 ** random.uniform(2, 9))


def _some_call(random: Random) -> int:
    return 0 if random.random() < 0.05 else int(2 ** random.uniform(0, 4.6))


def _crash(random: Random, *, recovering: bool) -> Crash:
    sleeps = random.random() < 0.3
    if random.random() < 0.4:
        return Crash(count=_some_step(random), sleeps=sleeps)
    points = _POINTS_OF_RECOVERY if recovering and random.random() < 0.6 else POINTS
    return Crash(point=random.choice(points), count=random.choice((1, 1, 2, 3, 5)), sleeps=sleeps)
