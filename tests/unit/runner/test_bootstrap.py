"""Opening a synchronisation: from settings, for planning, and inside another program."""

import asyncio
import sqlite3
from contextlib import AsyncExitStack, asynccontextmanager, closing

import pytest
from attrs import evolve

from syncengine.adapters.event_log import open_log
from syncengine.adapters.guard.guarded_connector import GuardedConnector
from syncengine.connector import Capabilities, ConnectorPlugin, FieldValues, RecordRef, Services
from syncengine.domain.conflict_rules import AskAPerson, Prefer
from syncengine.domain.policy import Policy
from syncengine.engine.notes import EndpointNotClosed
from syncengine.engine.pairings import Pairing
from syncengine.errors import (
    AnotherWriter,
    AuthenticationFailed,
    ContractViolation,
    LeaseLost,
    LogMisconfigured,
    SettingsInvalid,
    Unreachable,
)
from syncengine.runner import late_connector
from syncengine.runner.bootstrap import open_for_planning, open_sync, open_sync_with
from syncengine.runner.late_connector import LateConnector
from syncengine.runner.settings import load_settings
from tests.fixtures.heard import Heard
from tests.unit.runner.shelf import SHELF, Shelf, ShelfConnector, ShelfSettings

POLICY = Policy(rules={"issue": {"title": Prefer("left"), "status": AskAPerson()}})
BOOKS = Pairing(kind="issue", containers={"left": SHELF, "right": SHELF}, title="books")


async def test_settings_become_a_running_synchronisation(home):
    """Two books arrive on the other shelf; a second pass has nothing to do."""
    async with open_sync(load_settings(home.config)) as sync:
        report = await sync.run_pass()
        assert (report.problems, report.writes) == ([], {"confirmed": 2})
        assert (await sync.run_pass()).quiet
        assert sync.log.heartbeat.last_pass().summary["writes"] == {}
        assert all(isinstance(it.connector, GuardedConnector) for it in sync.keepers.values())
    assert home.right.titles() == ["Emma", "Ulysses"]


async def test_a_log_is_written_by_one_at_a_time(home):
    """The second is told who has it, before it logs in anywhere."""
    home.right.weather("bad_password")
    async with open_log(home.log):
        with pytest.raises(AnotherWriter, match="is being written by process"):
            async with open_sync(load_settings(home.config)):
                pytest.fail("not reached")


class Robbed(Heard):
    """Takes the lease away as soon as an intent is saved, as somebody does while this process is paused right there."""

    log = None

    def note(self, note, /):
        super().note(note)
        if note.name == "write.intended" and self.log is not None:
            with closing(sqlite3.connect(self.log)) as connection:
                connection.execute("UPDATE log_lease SET epoch = epoch + 1")
                connection.commit()


@pytest.mark.parametrize("embedded", [False, True])
async def test_a_process_that_was_overtaken_sends_nothing(home, embedded):
    """Its intent is saved, and somebody else may have settled it; the next pass has the lease again and finishes it."""
    told = Robbed()
    if embedded:
        connectors = _connectors(home.left, home.right)
        opening = open_sync_with(connectors, log=home.log, policy=POLICY, pairings=[BOOKS], telemetry=told)
    else:
        opening = open_sync(load_settings(home.config), telemetry=told)
    async with opening as sync:
        told.log = home.log
        with pytest.raises(LeaseLost, match="nothing is sent any more"):
            await sync.run_pass()
        assert "write.intended" in told.names
        assert home.right.titles() == []
        told.log = None
        await sync.run_pass()
    assert home.right.titles() == ["Emma", "Ulysses"]


async def test_a_field_without_a_rule_ends_the_attempt(home):
    """With the line to add, and the name of the file."""
    home.configure(('status = {rule = "ask_a_person"}', ""))
    with pytest.raises(SettingsInvalid, match=r"sync\.rules\.issue\.status: no conflict rule; add to") as caught:
        async with open_sync(load_settings(home.config)):
            pytest.fail("not reached")
    assert caught.value.source == str(home.config)


async def test_refused_credentials_end_the_attempt_at_once(home):
    """Both endpoints are named; nothing of the first one stays open."""
    home.left.weather("bad_password")
    home.right.weather("bad_password")
    with pytest.raises(AuthenticationFailed, match="left connect: the password is wrong") as caught:
        async with open_sync(load_settings(home.config)):
            pytest.fail("not reached")
    assert caught.value.__notes__ == ["right connect: the password is wrong"]
    assert len(asyncio.all_tasks()) == 1


async def test_a_connector_with_a_bug_is_named(home):
    """What escaped from it, and that it should be reported."""
    home.left.weather("buggy")
    with pytest.raises(ContractViolation, match="left connect: the connector let a KeyError escape .*please report it"):
        async with open_sync(load_settings(home.config)):
            pytest.fail("not reached")


async def test_an_endpoint_that_is_away_at_start_comes_in_later(home):
    """Until then its passes have problems and nothing is written; then everything arrives."""
    home.right.weather("unreachable")
    notes = Heard()
    async with open_sync(load_settings(home.config), telemetry=notes) as sync:
        assert isinstance(sync.endpoints["right"].connector, LateConnector)
        report = await sync.run_pass()
        assert (report.problems, report.writes) == (["Unreachable: right discover: nobody answers"], {})
        home.right.weather("fine")
        await notes.until("endpoint.connected")
        await _connected(sync, "right")
        assert (await sync.run_pass()).writes == {"confirmed": 2}
        assert (await sync.run_pass()).quiet
    assert len(asyncio.all_tasks()) == 1


async def test_an_endpoint_that_comes_in_late_must_fit_the_rules(home):
    """Its fields are known only then; the pass ends with the same message as at start."""
    home.configure(('status = {rule = "ask_a_person"}', ""))
    home.right.weather("unreachable")
    async with open_sync(load_settings(home.config)) as sync:
        home.right.weather("fine")
        with pytest.raises(SettingsInvalid, match=r"sync\.rules\.issue\.status: no conflict rule"):
            async with asyncio.timeout(10):
                while True:
                    await sync.run_pass()


async def test_an_endpoint_that_refuses_us_late_is_a_problem_of_the_pass(home):
    """Its credentials are tried once and never again."""
    home.right.weather("unreachable")
    notes = Heard()
    async with open_sync(load_settings(home.config), telemetry=notes) as sync:
        home.right.weather("bad_password")
        problems = []
        async with asyncio.timeout(10):
            while "AuthenticationFailed: right connect: the password is wrong" not in problems:
                problems = (await sync.run_pass()).problems
        tried = len(notes.names)
        assert (await sync.run_pass()).problems == problems
        assert [name for name in notes.names[tried:] if name.startswith("endpoint")] == []


async def test_a_single_pass_wants_everybody(home):
    """Nobody waits for an endpoint that may never come."""
    home.right.weather("unreachable")
    with pytest.raises(Unreachable, match="right connect: nobody answers"):
        async with open_sync(load_settings(home.config), reach_all=True):
            pytest.fail("not reached")


async def test_planning_writes_nothing_anywhere(home):
    """No log is made where there is none; an old one stays as it is, and may be written by somebody meanwhile."""
    async with open_for_planning(load_settings(home.config)) as sync:
        plan = await sync.engine.plan()
    assert [step.decision.writes[0].endpoint for step in plan.steps] == ["right", "right"]
    assert not home.log.exists()
    async with open_sync(load_settings(home.config)) as sync:
        await sync.run_pass()
        home.left.put("b1", title="Persuasion")
        before = sync.log.max_position()
        async with open_for_planning(load_settings(home.config)) as planner:
            plan = await planner.engine.plan()
        assert [dict(step.decision.writes[0].fields) for step in plan.steps] == [{"title": "Persuasion"}]
        assert sync.log.max_position() == before
    assert home.right.titles() == ["Emma", "Ulysses"]


async def test_embedding_needs_no_settings_file(tmp_path):
    """Open connectors, a log and a policy are enough."""
    left, right = Shelf.at(tmp_path / "left.json", "Emma"), Shelf.at(tmp_path / "right.json")
    async with open_sync_with(_connectors(left, right), log=tmp_path / "x.db", policy=POLICY, pairings=[BOOKS]) as sync:
        assert (await sync.run_pass()).writes == {"confirmed": 1}
    assert right.titles() == ["Emma"]


async def test_embedding_checks_the_rules_too(tmp_path):
    """A missing rule and one about nothing; no log is made."""
    connectors = _connectors(Shelf.at(tmp_path / "left.json"), Shelf.at(tmp_path / "right.json"))
    policy = Policy(rules={"issue": {"title": AskAPerson(), "colour": AskAPerson()}})
    with pytest.raises(SettingsInvalid) as caught:
        async with open_sync_with(connectors, log=tmp_path / "x.db", policy=policy):
            pytest.fail("not reached")
    assert len(caught.value.problems) == 2
    assert not (tmp_path / "x.db").exists()


async def test_planning_needs_views_of_this_version(home):
    """A log that is none is said to be none."""
    home.log.write_text("no log", "utf-8")
    with pytest.raises(LogMisconfigured):
        async with open_for_planning(load_settings(home.config)):
            pytest.fail("not reached")


class Unfriendly(ShelfConnector):
    """Answers every question; the stand-in must pass each of them on."""

    capabilities = Capabilities(schemas=())


async def test_the_stand_in_passes_every_call_on(tmp_path):
    """Once the connector is there, it is as if the stand-in were not."""
    shelf = Shelf.at(tmp_path / "s.json", "Emma")
    connector = Unfriendly(ShelfSettings(path=shelf.path), Services(endpoint="left"))

    class Keeper:
        def there(self):
            return connector

    late, ref = LateConnector(Keeper()), RecordRef("left", SHELF, "b1")
    assert late.capabilities is connector.capabilities
    fields = FieldValues(title="x", other=1)
    assert late.as_stored(SHELF, fields) == {"title": "x"}
    assert (late.natural_keys(SHELF, fields), late.record_id_for(SHELF, "k")) == ((), None)
    assert [it.title for it in await late.discover()] == ["shelf"]
    assert [len(page.changes) async for page in late.list_changes(SHELF, None, {})] == [1]
    assert (await late.update(ref, FieldValues(title="y"), expected=FieldValues())).fields["title"] == "y"
    made = await late.create(SHELF, "key", FieldValues(title="z"))
    assert await late.find_by_key(SHELF, "key", fields) == [made]
    await late.delete(made.ref, expected=FieldValues())
    assert await late.fetch(made.ref) is None


async def test_trouble_while_closing_is_noted_and_nothing_else(home, tmp_path):
    """Everything that matters was saved before."""

    @asynccontextmanager
    async def closes_badly(settings, services):
        yield ShelfConnector(settings, services)
        raise OSError("the socket was gone")

    plugin = ConnectorPlugin(name="shelf", settings=ShelfSettings, connect=closes_badly)
    settings = load_settings(home.config)
    endpoints = {name: evolve(it, plugin=plugin) for name, it in settings.endpoints.items()}
    notes = Heard()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(open_sync(evolve(settings, endpoints=endpoints), telemetry=notes))
    assert EndpointNotClosed(endpoint="left", reason="the socket was gone") in notes.notes


async def test_a_connector_that_does_not_close_is_cut_off(home, monkeypatch):
    """The end does not wait for it for ever."""

    @asynccontextmanager
    async def never_closes(settings, services):
        try:
            yield ShelfConnector(settings, services)
        finally:
            await asyncio.Event().wait()

    monkeypatch.setattr(late_connector, "CLOSING_S", 0.01)
    plugin = ConnectorPlugin(name="shelf", settings=ShelfSettings, connect=never_closes)
    settings = load_settings(home.config)
    endpoints = {name: evolve(it, plugin=plugin) for name, it in settings.endpoints.items()}
    async with asyncio.timeout(10), open_sync(evolve(settings, endpoints=endpoints)) as sync:
        assert (await sync.run_pass()).ok
    assert len(asyncio.all_tasks()) == 1


def _connectors(left, right):
    pairs = {"left": left, "right": right}
    return {name: ShelfConnector(ShelfSettings(path=shelf.path), Services(endpoint=name)) for name, shelf in pairs.items()}


async def _connected(sync, name):
    async with asyncio.timeout(10):
        while True:
            try:
                return sync.endpoints[name].connector.capabilities
            except Unreachable:
                await asyncio.sleep(0.01)
