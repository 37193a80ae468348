"""An endpoint, a container or an item that is paused stops nothing else, and goes on where it was."""

import pytest

from syncengine.domain.events import PlacePaused, PlaceResumed
from syncengine.domain.pauses import Pauses, container_subject, endpoint_subject, in_words, item_subject
from syncengine.engine.requests import PausePlace, ResumePlace
from syncengine.errors import ContainerRefused
from syncengine.testing.faults import Weather
from tests.fixtures.two_remotes import World


@pytest.fixture
async def world():
    """Two projects with an issue each, the same on both sides."""
    world = World()
    for name in ("P", "Q"):
        project = world.left.person_creates("", title=name)
        world.left.person_creates(project, title=f"{name}1", status="todo")
    await world.settle_down()
    return world


def boards(world, side):
    remote = getattr(world, side)
    return {fields["title"]: record_id for record_id, fields in remote.items("").items()}


def titles(world, side):
    remote = getattr(world, side)
    return sorted(it["title"] for board in boards(world, side).values() for it in remote.items(board).values())


def edit(world, side, name, title):
    board = boards(world, side)[name]
    getattr(world, side).person_edits(board, next(iter(getattr(world, side).items(board))), title=title)


def link_of(world, name):
    board = boards(world, "left")[name]
    return next(iter(world.log.views.known_records("left", board).values())).link_id


def events(world, kind):
    return [it.event for it in world.log.events if isinstance(it.event, kind)]


def subject_of(world, what):
    return {
        "endpoint": endpoint_subject("right"),
        "container": container_subject("right", boards(world, "right")["P"]),
        "item": item_subject(link_of(world, "P")),
    }[what]


@pytest.mark.parametrize("what", ["endpoint", "container", "item"])
async def test_what_a_person_pauses_is_left_as_it_is_until_it_is_resumed(world, what):
    """Also by another process; and then everything that was edited meanwhile travels."""
    subject = subject_of(world, what)
    world.inbox.put(PausePlace(subject=subject, reason="moving house"), by="vera")
    await world.settle_down()
    writes = world.right.writes
    edit(world, "left", "P", "edited")
    world.start()
    await world.settle_down()
    assert world.right.writes == writes
    assert [(it.subject, it.by, it.reason) for it in world.log.views.pauses()] == [(subject, "vera", "moving house")]
    world.inbox.put(ResumePlace(subject=subject), by="vera")
    await world.settle_down()
    assert titles(world, "right") == ["Q1", "edited"]
    assert world.log.views.pauses() == ()


@pytest.mark.parametrize("what", ["container", "item"])
async def test_the_others_go_on(world, what):
    """The other project does not know of it."""
    world.inbox.put(PausePlace(subject=subject_of(world, what)))
    edit(world, "left", "Q", "edited")
    await world.settle_down()
    assert titles(world, "right") == ["P1", "edited"]


async def test_an_endpoint_that_is_paused_is_not_called_at_all(world):
    """Not even to see whether it is there."""
    world.inbox.put(PausePlace(subject=endpoint_subject("right")))
    await world.engine.run_pass()
    world.right_faults.always("discover", Weather.REFUSED)
    assert (await world.engine.run_pass()).problems == []


async def test_an_open_write_waits_while_its_item_is_paused(world):
    """It is not looked for, and settled when the item goes on."""
    world.right_faults.plan("update", Weather.DROPPED_AFTER)
    edit(world, "left", "P", "edited")
    await world.engine.run_pass()
    assert len(world.log.views.open_writes()) == 1
    world.inbox.put(PausePlace(subject=item_subject(link_of(world, "P"))))
    for _ in range(3):
        world.clock.advance(600)
        await world.engine.run_pass()
    assert len(world.log.views.open_writes()) == 1
    world.inbox.put(ResumePlace(subject=item_subject(link_of(world, "P"))))
    await world.settle_down()
    assert titles(world, "right") == ["Q1", "edited"]


async def test_a_container_that_refuses_us_is_paused_alone_and_goes_on_by_itself(world, monkeypatch):
    """Shown with its reason while it does."""
    board, member = boards(world, "right")["P"], []
    connector = world.engine._endpoints["right"].connector
    listed = connector.list_changes

    async def list_changes(container, since, known):
        if container == board and not member:
            raise ContainerRefused("we are no member of P; give the account access", endpoint="right")
        async for page in listed(container, since, known):
            yield page

    monkeypatch.setattr(connector, "list_changes", list_changes)
    edit(world, "left", "P", "waits")
    edit(world, "left", "Q", "travels")
    for _ in range(3):
        await world.engine.run_pass()
    assert titles(world, "right") == ["P1", "travels"]
    (paused,) = world.log.views.pauses()
    assert (paused.subject, paused.by) == (container_subject("right", board), "")
    assert "give the account access" in paused.reason
    assert len(events(world, PlacePaused)) == 1
    member.append("yes")
    await world.settle_down()
    assert titles(world, "right") == ["travels", "waits"]
    assert world.log.views.pauses() == ()
    assert len(events(world, PlaceResumed)) == 1


async def test_resuming_an_item_makes_its_refused_write_again_and_no_other(world):
    """A person has removed the cause, and need not edit the item for that."""
    world.right_faults.always("update", Weather.INVALID)
    edit(world, "left", "P", "P2")
    edit(world, "left", "Q", "Q2")
    await world.settle_down()
    assert len(world.log.views.parked()) == 2
    world.right_faults.clear()
    world.inbox.put(ResumePlace(subject=item_subject(link_of(world, "P"))))
    await world.settle_down()
    assert titles(world, "right") == ["P2", "Q1"]
    assert [it.link_id for it in world.log.views.parked()] == [link_of(world, "Q")]


async def test_a_write_that_is_refused_again_is_not_repeated_in_the_same_pass(world):
    """Whether a person asked for one item or for all that was refused."""
    world.right_faults.always("update", Weather.INVALID)
    edit(world, "left", "P", "P2")
    await world.settle_down()
    calls = world.right.calls["update"]
    world.inbox.put(ResumePlace(subject=item_subject(link_of(world, "P"))))
    await world.engine.run_pass()
    assert world.right.calls["update"] == calls + 1
    await world.engine.run_pass(retry_refused=True)
    assert world.right.calls["update"] == calls + 2


async def test_asking_twice_is_asking_once(world):
    """A crash between an event and the end of its request does no harm."""
    for request in (PausePlace, PausePlace, ResumePlace, ResumePlace):
        world.inbox.put(request(subject=endpoint_subject("right")))
    await world.settle_down()
    assert (len(events(world, PlacePaused)), len(events(world, PlaceResumed))) == (1, 1)


async def test_a_plan_leaves_out_what_is_paused(world):
    """It shows what a pass would do."""
    world.inbox.put(PausePlace(subject=item_subject(link_of(world, "P"))))
    world.inbox.put(PausePlace(subject=container_subject("right", boards(world, "right")["Q"])))
    await world.settle_down()
    edit(world, "left", "P", "P2")
    edit(world, "left", "Q", "Q2")
    assert (await world.engine.plan()).steps == ()


def test_subjects_in_words():
    """For messages."""
    assert in_words("endpoint:vibe") == "the endpoint vibe"
    assert in_words("container:vibe/") == "the projects of vibe"
    assert in_words("container:vibe/b1") == "the container vibe/b1"
    assert in_words("item:" + "ab" * 16) == "the item abababababab"
    assert Pauses(frozenset({"endpoint:vibe"})).hold_container("vibe", "b1")
