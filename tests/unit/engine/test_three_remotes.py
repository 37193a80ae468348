"""Three endpoints: one cannot be heard for a while, or has records under names that the others have as well."""

import pytest
from attrs import define, field

from syncengine.domain.conflict_rules import Prefer
from syncengine.domain.events import EndpointPaused, EndpointResumed
from syncengine.domain.identity import ContainerId, EndpointName
from syncengine.engine.pairings import Pairing
from syncengine.engine.ports import Endpoint
from syncengine.engine.sync_pass import Engine
from syncengine.testing import Abilities, Faults, MemoryConnector, MemoryRemote, VirtualClock
from syncengine.testing.faults import Weather
from syncengine.testing.memory_log import MemoryLog
from tests.fixtures.heard import Heard
from tests.fixtures.two_remotes import ISSUE, policy_of

NAMES = ("left", "middle", "right")
BOARD = ContainerId("board")


@define(kw_only=True)
class Trio:
    projects: bool = False
    can: Abilities | None = None
    clock: VirtualClock = field(factory=VirtualClock)
    remotes: dict = field(factory=dict)
    faults: dict = field(factory=lambda: {name: Faults() for name in NAMES})
    log: MemoryLog = field(init=False)
    engine: Engine = field(init=False)

    def __attrs_post_init__(self):
        named = ("title",) if self.projects else ()
        can = self.can or Abilities(key_storage="id", projects=self.projects, natural_keys=named)
        self.remotes = {name: MemoryRemote(can, now=self.clock.now) for name in NAMES}
        if not self.projects:
            for remote in self.remotes.values():
                remote.add_container(BOARD)
        self.log = MemoryLog(self.clock)
        endpoints = [
            Endpoint(
                name=EndpointName(name),
                connector=MemoryConnector(remote, name, faults=self.faults[name], sleep=self.clock.sleep),
            )
            for name, remote in self.remotes.items()
        ]
        board = Pairing(kind=ISSUE, containers={EndpointName(name): BOARD for name in NAMES})
        self.engine = Engine(
            endpoints=endpoints,
            log=self.log,
            views=self.log.views,
            policy=policy_of(Prefer("left")),
            clock=self.clock,
            telemetry=Heard(),
            pairings=() if self.projects else (board,),
        )

    async def passes(self, number):
        for _ in range(number):
            await self.engine.run_pass()
            self.clock.advance(30)

    def only(self, name):
        return next(iter(self.remotes[name].items(BOARD)))

    def titles(self):
        return [it["title"] for name in NAMES for it in self.remotes[name].items(BOARD).values()]


async def test_a_side_that_was_away_is_told_what_the_others_agreed_on():
    """Nothing is decided without it, for it would never be told."""
    trio = Trio()
    trio.remotes["left"].person_creates(BOARD, title="one")
    await trio.passes(2)
    trio.remotes["left"].person_edits(BOARD, trio.only("left"), title="two")
    trio.faults["right"].always("discover", Weather.REFUSED)
    await trio.passes(2)
    trio.faults["right"].clear()
    await trio.passes(2)
    assert trio.titles() == ["two", "two", "two"]


async def test_a_side_whose_project_is_hidden_for_a_while_is_told_afterwards():
    """Its endpoint answers, but does not show the container."""
    trio = Trio(projects=True)
    project = trio.remotes["left"].person_creates("", title="P")
    issue = trio.remotes["left"].person_creates(project, title="one")
    await trio.passes(3)
    right = trio.remotes["right"]
    shown, hidden = right.__class__.containers, {"on": True}
    there = [it for it in right.containers if it.container_id]
    assert len(there) == 1

    class Hiding(type(right)):
        @property
        def containers(self):
            every = shown.fget(self)
            return tuple(it for it in every if not it.container_id) if hidden["on"] else every

    right.__class__ = Hiding
    trio.remotes["left"].person_edits(project, issue, title="two")
    await trio.passes(2)
    hidden["on"] = False
    await trio.passes(3)
    assert [it["title"] for it in right.items(there[0].container_id).values()] == ["two"]


async def test_what_came_to_rest_between_two_is_made_on_the_third_when_it_joins():
    """The third endpoint gets the project later than the second."""
    trio = Trio(projects=True)
    project = trio.remotes["left"].person_creates("", title="P")
    trio.remotes["left"].person_creates(project, title="one")
    trio.faults["right"].plan("create", Weather.BUSY)
    await trio.passes(1)
    assert [len(remote.containers) for remote in trio.remotes.values()] == [2, 2, 1]
    assert trio.remotes["middle"].effects["create"] == 2
    await trio.passes(4)
    assert trio.remotes["right"].effects["create"] == 2


async def test_several_endpoints_that_work_again_are_noted_in_the_order_of_their_names():
    """The same history gives the same log."""
    trio = Trio()
    for name in NAMES:
        trio.faults[name].plan("discover", Weather.UNAUTHORISED)
    await trio.passes(2)
    for kind in (EndpointPaused, EndpointResumed):
        assert [it.event.endpoint for it in trio.log.events if isinstance(it.event, kind)] == list(NAMES)


NAMED = Abilities(key_storage="marker", natural_keys=("title",))


async def test_records_of_one_name_on_three_sides_are_one_item():
    """At the first contact; nothing is made anywhere."""
    trio = Trio(can=NAMED)
    for remote in trio.remotes.values():
        remote.person_creates(BOARD, title="one")
    await trio.passes(3)
    assert trio.titles() == ["one", "one", "one"]
    assert len({it.link_id for name in NAMES for it in trio.log.views.known_records(name, BOARD).values()}) == 1


async def test_of_two_records_of_one_name_on_a_side_none_is_guessed_to_be_the_others():
    """Nobody can tell which of them it is."""
    trio = Trio(can=NAMED)
    for name in (*NAMES, "right"):
        trio.remotes[name].person_creates(BOARD, title="one")
    await trio.passes(3)
    assert len(trio.titles()) == 12


@pytest.mark.parametrize("was_lost", [False, True])
async def test_a_record_joins_by_its_name_an_item_that_two_sides_have(was_lost):
    """The third side had refused to make it, and a person made it there; it does not matter what the others lost before."""
    trio = Trio(can=NAMED)
    trio.faults["right"].always("create", Weather.INVALID)
    item = trio.remotes["left"].person_creates(BOARD, title="one")
    trio.remotes["left"].person_creates(BOARD, title="another")
    await trio.passes(2)
    if was_lost:
        middle = trio.remotes["middle"]
        middle.person_deletes(BOARD, next(key for key, it in middle.items(BOARD).items() if it["title"] == "one"))
        trio.remotes["left"].person_edits(BOARD, item, description="edited")
        await trio.passes(3)
    trio.faults["right"].clear()
    trio.remotes["right"].person_creates(BOARD, title="One")
    await trio.passes(3)
    assert sorted(trio.titles()) == ["another", "another", "one", "one", "one"]
