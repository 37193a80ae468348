"""The sandbox is an honest stand-in: what surprises a client on a real server surprises it here too."""

import asyncio
import time

import aiohttp
import attrs
import pytest
from tests.integration.huly.rest import Rest

from connectors.huly.sandbox import HulySandbox, SandboxSettings
from connectors.huly.sandbox.markup import paragraphs
from connectors.huly.sandbox.tokens import make_token

EMPTY = '{"type":"doc","content":[{"type":"paragraph"}]}'


@attrs.define
class Clock:
    """A clock that runs, and can be put forward."""

    ahead_s: float = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead_s


@pytest.fixture
def clock():
    """The server's clock."""
    return Clock()


@pytest.fixture
async def sandbox(clock):
    """A sandbox whose late consequences wait for `settle`."""
    settings = SandboxSettings(join_delay_s=None, activity_delay_s=None, clock=clock)
    async with HulySandbox(settings=settings) as server:
        yield server


@pytest.fixture
async def http():
    """A client without opinions on the answers, and without retries of its own."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True)) as session:
        yield session


@pytest.fixture
def rest(sandbox, http):
    """The connector's account, a member of project MIRR."""
    project = sandbox.create_project("Mirror", "MIRR")
    return Rest(sandbox=sandbox, http=http, project=project.id)


@pytest.fixture
def outsider(sandbox, http):
    """The connector's account in a project of which it is no member."""
    project = sandbox.create_project("Secret", "SEC", members=[], private=True)
    return Rest(sandbox=sandbox, http=http, project=project.id)


# Writing twice


async def test_the_same_id_twice_is_refused_and_stays_in_the_log(rest):
    """The second create fails, the first document is untouched, and the log holds both (observed 16, 18)."""
    assert await rest.create("i1", title="first") == (200, [])
    status, body = await rest.create("i1", title="second")
    assert (status, body["error"]) == (500, 'duplicate key value violates unique constraint "task_pkey"')
    assert [issue["title"] for issue in await rest.list_issues({"space": rest.project})] == ["first"]
    assert [tx["attributes"]["title"] for tx in await rest.logged("i1")] == ["first", "second"]


async def test_the_same_transaction_id_is_no_protection(rest):
    """A second create under the same transaction id takes effect; only its log row is lost (observed 17)."""
    first, second = rest.create_tx("i1"), rest.create_tx("i2")
    await rest.tx(first)
    assert await rest.tx({**second, "_id": first["_id"]}) == (200, [])
    assert len(await rest.list_issues({"_id": "i2"})) == 1
    assert await rest.logged("i2") == []


async def test_a_removed_id_can_be_created_again(rest):
    """Nothing remembers a removed document (observed 19)."""
    await rest.create("i1")
    await rest.remove("i1")
    assert await rest.create("i1", title="again") == (200, [])
    assert [issue["title"] for issue in await rest.list_issues({"_id": "i1"})] == ["again"]


# Groups


async def test_conditions_without_a_scope_are_ignored(rest):
    """A group whose condition fails is applied all the same when it has no scope (observed 21)."""
    await rest.create("i1")
    impossible = [{"_class": "tracker:class:Issue", "query": {"_id": "nobody"}}]
    group = rest.group([rest.update_tx("i1", {"title": "applied"})], match=impossible)
    status, body = await rest.tx(group)
    assert (status, body["success"]) == (200, True)
    assert (await rest.list_issues({"_id": "i1"}))[0]["title"] == "applied"


async def test_conditions_with_a_scope_are_checked(rest):
    """The same group with a scope is refused and leaves nothing, not even in the log."""
    await rest.create("i1")
    impossible = [{"_class": "tracker:class:Issue", "query": {"_id": "nobody"}}]
    group = rest.group([rest.update_tx("i1", {"title": "applied"})], match=impossible, scope="s")
    assert await rest.tx(group) == (200, {"success": False})
    assert (await rest.list_issues({"_id": "i1"}))[0]["title"] == "i1"
    assert len(await rest.logged("i1")) == 1


async def test_a_scope_is_a_mutex_even_when_writes_are_slow(http):
    """Of ten guarded creates at once exactly one succeeds, though each takes a while between check and effect."""
    async with HulySandbox(settings=SandboxSettings(commit_lag_s=0.01)) as sandbox:
        project = sandbox.create_project("Mirror", "MIRR")
        rest = Rest(sandbox=sandbox, http=http, project=project.id)
        answers = await asyncio.gather(*(rest.create_guarded("i1", scope="one") for _ in range(10)))
    assert sorted(body["success"] for _, body in answers) == [False] * 9 + [True]


async def test_others_can_slip_in_between_check_and_effect(http):
    """A condition holds back nobody who writes without it: this is optimistic, not serialisable."""
    async with HulySandbox(settings=SandboxSettings(commit_lag_s=0.05)) as sandbox:
        project = sandbox.create_project("Mirror", "MIRR")
        issue = sandbox.create_issue("MIRR", "old")
        rest = Rest(sandbox=sandbox, http=http, project=project.id)
        unchanged = [{"_class": "tracker:class:Issue", "query": {"_id": issue.id, "title": "old"}}]
        group = rest.group([rest.update_tx(issue.id, {"title": "ours"})], match=unchanged, scope="s")
        guarded = asyncio.create_task(rest.tx(group))
        while sandbox.service.desk(sandbox.workspace).transactions._scopes == {}:
            await asyncio.sleep(0)
        sandbox.edit_issue(issue.id, title="theirs")
        assert (await guarded)[1]["success"] is True
        assert sandbox.issue(issue.id).title == "ours"


async def test_a_group_is_no_transaction(rest):
    """One taken id: no create and no update is applied, and all of it is logged (observed 22)."""
    await rest.create("i1")
    txes = [rest.update_tx("i1", {"title": "changed"}), rest.create_tx("i2"), rest.create_tx("i1")]
    status, _ = await rest.tx(rest.group(txes, scope="s"))
    assert status == 500
    assert [issue["title"] for issue in await rest.list_issues({"space": rest.project})] == ["i1"]
    assert len(await rest.logged("i2")) == 1
    assert len(await rest.logged("i1")) == 3


# Reading


async def test_values_that_the_query_names_are_left_out(rest):
    """Simple values of the query are missing in the documents, `_id` included; others are there (observed 2)."""
    await rest.create("i1", title="one")
    by_id = (await rest.list_issues({"_id": "i1", "space": rest.project}))[0]
    assert "_id" not in by_id
    assert "space" not in by_id
    by_list = (await rest.list_issues({"_id": {"$in": ["i1"]}}))[0]
    assert by_list["_id"] == "i1"


async def test_ranges_over_numbers_compare_text(rest):
    """`number > 9` does not find 10, because the field lives in a JSON column."""
    for number in (2, 10):
        await rest.create(f"i{number}", number=number)
    assert await rest.list_issues({"number": {"$gt": 9}}) == []
    assert [found["_id"] for found in await rest.list_issues({"number": {"$gt": 1}})] == ["i2", "i10"]


async def test_time_stamps_compare_as_numbers(rest, clock):
    """`modifiedOn` is a column of its own: ranges and order are those of numbers."""
    await rest.create("i1")
    clock.ahead_s += 10
    await rest.create("i2")
    older = (await rest.list_issues({"_id": "i1"}))[0]["modifiedOn"]
    assert [found["_id"] for found in await rest.list_issues({"modifiedOn": {"$gt": older}})] == ["i2"]
    assert len(await rest.list_issues({"modifiedOn": {"$gt": 9}})) == 2
    newest_first = await rest.find("tracker:class:Issue", {}, sort={"modifiedOn": -1})
    assert [found["_id"] for found in newest_first] == ["i2", "i1"]


async def test_a_non_member_sees_nothing_but_may_write(sandbox, outsider):
    """Issues of a project are hidden from non-members, and their writes are taken (observed 13, 15)."""
    issue = sandbox.create_issue("SEC", "hidden")
    assert await outsider.list_issues({"space": outsider.project}) == []
    assert (await outsider.update(issue.id, {"title": "written"}))[0] == 200
    assert await outsider.list_issues({"_id": issue.id}) == []
    assert sandbox.issue(issue.id).title == "written"


async def test_the_owner_of_the_workspace_sees_no_more_than_a_member(sandbox, http):
    """Being owner opens no project (observed 13)."""
    sandbox.create_project("Foreign", "FOR", members=[sandbox.account.uuid])
    sandbox.create_issue("FOR", "hidden")
    owner = sandbox.service.directory.by_email("ada@example.com")
    token = sandbox.service.accounts.token(owner, sandbox.workspace)
    rest = Rest(sandbox=sandbox, http=http, token=token, author=owner.huly_id)
    assert await rest.list_issues({}) == []


async def test_conditions_see_no_more_than_their_sender(sandbox, outsider):
    """ "There is no such issue" holds for who cannot see it; then only the primary key stops the duplicate."""
    issue = sandbox.create_issue("SEC", "hidden")
    status, body = await outsider.create_guarded(issue.id, scope="s")
    assert (status, "duplicate key" in body["error"]) == (500, True)


async def test_the_author_of_an_issue_in_a_public_project_becomes_a_member_later(sandbox, http):
    """At first the author does not see the own issue (observed 14)."""
    project = sandbox.create_project("Public", "PUB", members=[])
    rest = Rest(sandbox=sandbox, http=http, project=project.id)
    await rest.create("i1")
    assert await rest.list_issues({"_id": "i1"}) == []
    sandbox.settle()
    assert len(await rest.list_issues({"_id": "i1"})) == 1


async def test_joining_happens_by_itself_after_the_delay(http):
    """Nobody has to ask for late consequences."""
    async with HulySandbox(settings=SandboxSettings(join_delay_s=0.02)) as sandbox:
        project = sandbox.create_project("Public", "PUB", members=[])
        rest = Rest(sandbox=sandbox, http=http, project=project.id)
        await rest.create("i1")
        async with asyncio.timeout(5):
            while not await rest.list_issues({"_id": "i1"}):
                await asyncio.sleep(0.005)


async def test_a_private_project_takes_in_nobody(sandbox, outsider):
    """Writing an issue into a private project opens it for no one (observed 15)."""
    await outsider.create("i1")
    sandbox.settle()
    assert await outsider.list_issues({}) == []


async def test_archived_projects_hide_their_issues_from_broad_questions(sandbox, rest):
    """Naming the project as plain text still finds them."""
    await rest.create("i1")
    sandbox.edit_project("MIRR", archived=True)
    assert await rest.list_issues({"space": {"$in": [rest.project]}}) == []
    assert len(await rest.list_issues({"space": rest.project})) == 1


# Time


async def test_the_clock_is_the_servers(rest):
    """The time stamps that a client sends are overwritten (observed 9)."""
    await rest.tx({**rest.create_tx("i1"), "modifiedOn": 1000, "createdOn": 1000})
    found = (await rest.list_issues({"_id": "i1"}))[0]
    assert 1000 not in {found["modifiedOn"], found["createdOn"]}
    assert abs(found["modifiedOn"] - time.time() * 1000) < 60_000


async def test_late_activity_sets_the_time_stamp_back(sandbox, rest, clock):
    """The entry of an older write arrives after a newer write and rewrites the time stamp with its own."""
    await rest.create("i1")
    sandbox.settle()
    await rest.update("i1", {"title": "first"})
    older = (await rest.list_issues({"_id": "i1"}))[0]["modifiedOn"]
    late = sandbox.service.late
    entry_of_first = late._waiting[0]
    clock.ahead_s += 5
    await rest.update("i1", {"title": "second"})
    late._waiting.remove(entry_of_first)
    late._waiting.append(entry_of_first)
    sandbox.settle()
    found = (await rest.list_issues({"_id": "i1"}))[0]
    assert (found["title"], found["modifiedOn"]) == ("second", older)


# Removing


async def test_what_goes_with_a_parent_is_not_in_the_log(sandbox, rest):
    """Only the removal of the parent itself can be found (observed 25)."""
    parent = sandbox.create_issue("MIRR", "parent")
    child = sandbox.create_issue("MIRR", "child", parent=parent.id)
    await rest.comment(child.id, "c1")
    await rest.remove(parent.id)
    assert sandbox.issues() == []
    assert await rest.list_comments(child.id) == []
    assert [len(await rest.removals_of(gone)) for gone in (parent.id, child.id, "c1")] == [1, 0, 0]


async def test_a_removed_project_takes_its_log_along(sandbox, rest):
    """Its issues are gone and so are all traces of them; only its own removal can be found (surprise 12)."""
    await rest.create("i1")
    await rest.remove("i1")
    await rest.create("i2")
    sandbox.remove_project("MIRR")
    assert sandbox.issues() == []
    assert await rest.list_issues({"_id": "i2"}) == []
    assert await rest.removals_of("i1") == []
    assert len(await rest.removals_of(rest.project)) == 1


async def test_removing_what_is_not_there_succeeds_and_is_logged_again(rest):
    """A second removal leaves a second, later tombstone (surprise 18)."""
    await rest.create("i1")
    assert await rest.remove("i1") == (200, [])
    assert await rest.remove("i1") == (200, [])
    assert len(await rest.removals_of("i1")) == 2


# Updates


@pytest.mark.parametrize(
    ("operations", "answer"),
    [({"title": "x"}, {"object": None}), ({"$inc": {"number": 1}}, [])],
    ids=["plain", "operators"],
)
async def test_updating_a_missing_document_succeeds(rest, operations, answer):
    """Only `retrieve` on a plain update tells that nothing was there (observed 4)."""
    assert await rest.update("nobody", operations) == (200, [])
    assert await rest.update("nobody", operations, retrieve=True) == (200, answer)


async def test_operators_beside_plain_keys_are_dropped(rest):
    """The plain key is set and the operator is lost, without a word."""
    await rest.create("i1", number=1)
    await rest.update("i1", {"title": "set", "$inc": {"number": 1}})
    found = (await rest.list_issues({"_id": "i1"}))[0]
    assert (found["title"], found["number"]) == ("set", 1)


async def test_lists_are_changed_in_place(rest):
    """`$push` and `$pull` change lists, `$unset` takes fields away."""
    await rest.create("i1", relations=[{"_id": "a"}], dueDate=1)
    await rest.update("i1", {"$push": {"relations": {"_id": "b"}}})
    await rest.update("i1", {"$pull": {"relations": {"_id": "a"}}})
    await rest.update("i1", {"$unset": {"dueDate": ""}})
    found = (await rest.list_issues({"_id": "i1"}))[0]
    assert found["relations"] == [{"_id": "b"}]
    assert "dueDate" not in found


async def test_there_is_no_set(rest):
    """An unknown operator is an error, and the document stays as it was."""
    await rest.create("i1")
    status, body = await rest.update("i1", {"$set": {"title": "x"}})
    assert (status, body["error"]) == (500, "unknown operator: $set")
    assert (await rest.list_issues({"_id": "i1"}))[0]["title"] == "i1"


async def test_numbers_are_handed_out_once(rest):
    """Twenty increments at once give twenty numbers (observed 20)."""
    numbers = await asyncio.gather(*(rest.next_number() for _ in range(20)))
    assert sorted(numbers) == list(range(1, 21))


# Who may


async def test_a_foreign_author_is_refused(sandbox, rest):
    """`modifiedBy` must be one of the sender's own social ids, also inside a group (observed 8)."""
    stranger = sandbox.service.directory.by_email("ada@example.com").huly_id
    tx = {**rest.create_tx("i1"), "modifiedBy": stranger}
    for request in (tx, rest.group([tx], scope="s")):
        status, body = await rest.tx(request)
        assert (status, "AccountMismatch" in body["error"]) == (500, True)
    assert sandbox.issues() == []


@pytest.mark.parametrize("change", [{"modifiedBy": None}, {"meta": None}, {"_class": "core:class:TxNope"}])
async def test_malformed_transactions_are_refused(rest, change):
    """`null` for an optional key is as bad as a missing one that is needed."""
    tx = {key: value for key, value in {**rest.create_tx("i1"), **change}.items() if key != "modifiedBy" or value}
    assert await rest.tx(tx) == (
        500,
        {"message": "Failed to execute operation", "error": "ERROR: platform:status:BadRequest {}"},
    )


async def test_groups_do_not_nest(rest):
    """A group inside a group is a bad request."""
    status, body = await rest.tx(rest.group([rest.group([])]))
    assert (status, "BadRequest" in body["error"]) == (500, True)


async def test_tokens_of_other_places_are_refused(sandbox, rest):
    """A login token and a token of another workspace get 403, a forged one 500 (observed 5)."""
    login = sandbox.service.accounts.token(sandbox.account)
    foreign = make_token({"account": sandbox.account.uuid, "workspace": "w2"}, secret=sandbox.service.directory.secret)
    forged = make_token({"account": sandbox.account.uuid, "workspace": sandbox.workspace_uuid}, secret="guess")
    answers = [await rest.transactor("GET", "ping", token=token) for token in (login, foreign, forged)]
    assert answers == [
        (403, {"message": "Invalid workspace"}),
        (403, {"message": "Invalid workspace", "workspace": "w2"}),
        (500, {"message": "Failed to execute operation", "error": "Signature verification failed"}),
    ]


async def test_five_wrong_passwords_lock_the_account(sandbox, rest):
    """Then the right one is refused too, until somebody unlocks it (observed 29)."""

    async def login(password: str) -> str:
        body = await rest.account("login", email=sandbox.email, password=password)
        return body.get("error", {}).get("code", "in").rpartition(":")[2]

    assert [await login("wrong") for _ in range(5)] == ["AccountNotFound"] * 5
    assert await login(sandbox.password) == "PasswordLoginLocked"
    sandbox.unlock()
    assert await login(sandbox.password) == "in"


async def test_an_unknown_slug_selects_another_workspace(sandbox, rest):
    """A login token gets the first workspace of the server, or Forbidden where it is no member (observed 28)."""
    other = sandbox.service.accounts.create_workspace(sandbox.account, "second")
    login = sandbox.service.accounts.token(sandbox.account)
    body = await rest.account("selectWorkspace", login, workspaceUrl="typo", kind="external")
    assert body["result"]["workspaceUrl"] == sandbox.slug
    sandbox.revoke_membership()
    body = await rest.account("selectWorkspace", login, workspaceUrl="typo", kind="external")
    assert body["error"]["code"] == "platform:status:Forbidden"
    body = await rest.account("selectWorkspace", login, workspaceUrl=other.url, kind="external")
    assert body["result"]["workspace"] == other.uuid


async def test_a_removed_member_works_on_until_the_session_was_idle(sandbox, rest, clock):
    """The membership is looked at when a session is opened, not at each request (surprise 16)."""
    assert (await rest.transactor("GET", "ping"))[0] == 200
    sandbox.revoke_membership(at_once=False)
    assert (await rest.transactor("GET", "ping"))[0] == 200
    clock.ahead_s += 80
    assert await rest.transactor("GET", "ping") == (
        403,
        {"message": "Failed to create session", "mode": "upgrading"},
    )


# Limits


async def test_the_rate_limit_slides(http, clock):
    """Whoever waits as long as the answer says gets through again (observed 26)."""
    async with HulySandbox(settings=SandboxSettings(rate_limit=4, rate_window_s=10, clock=clock)) as sandbox:
        rest = Rest(sandbox=sandbox, http=http)
        answers = [await rest.generate_id() for _ in range(5)]
        assert [status for status, _, _ in answers] == [200, 200, 200, 429, 429]
        wait_ms = int(answers[-1][2]["Retry-After-ms"])
        assert 0 < wait_ms <= 10_000
        clock.ahead_s += wait_ms / 1000 + 1
        status, _, headers = await rest.generate_id()
        assert (status, headers["X-RateLimit-Limit"]) == (200, "4")


async def test_idle_connections_are_closed():
    """A client that waits too long finds its connection gone (observed 7)."""
    async with HulySandbox(settings=SandboxSettings(keep_alive_s=0.1)) as sandbox:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(sandbox.url.rpartition(":")[2]))
        try:
            writer.write(b"GET /_transactor/api/v1/version HTTP/1.1\r\nHost: x\r\n\r\n")
            async with asyncio.timeout(5):
                assert (await reader.readuntil(b"\r\n")).endswith(b"200 OK\r\n")
                assert b'{"version":"0.7.423"}' in await reader.read()
        finally:
            writer.close()
            await writer.wait_closed()


async def test_any_page_of_the_front_is_the_web_application(rest):
    """A wrong address answers 200 with HTML."""
    status, body, headers = await rest.ask("GET", "/api/v1/ping/whatever")
    assert (status, headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert body.startswith("<!DOCTYPE html>")


# Rich text


async def _clear(rest: Rest, issue: str) -> tuple[str, int]:
    """Empties a description and returns reference and time stamp of the issue."""
    assert await rest.rich_text("updateContent", issue, {"content": {"description": EMPTY}}) == (200, {})
    found = (await rest.list_issues({"_id": issue}))[0]
    return found["description"], found["modifiedOn"]


async def test_clearing_a_text_that_was_never_opened_is_lost(sandbox, rest):
    """The call succeeds, and the field keeps naming the old text (surprise 7)."""
    issue = sandbox.create_issue("MIRR", "texts", "some words")
    before = (await rest.list_issues({"_id": issue.id}))[0]
    assert await _clear(rest, issue.id) == (before["description"], before["modifiedOn"])


async def test_clearing_a_text_that_was_read_before_works(sandbox, rest, clock):
    """Reading makes the live text, which then can be emptied."""
    issue = sandbox.create_issue("MIRR", "texts", "some words")
    before = (await rest.list_issues({"_id": issue.id}))[0]
    await rest.rich_text("getContent", issue.id, {"source": before["description"]})
    clock.ahead_s += 1
    reference, stamp = await _clear(rest, issue.id)
    assert reference != before["description"]
    assert stamp > before["modifiedOn"]
    assert sandbox.issue(issue.id).text == ""


async def test_writing_a_text_moves_time_stamp_and_reference(sandbox, rest, clock):
    """The issue names a new snapshot, by a logged write in the caller's name (observed 31)."""
    issue = sandbox.create_issue("MIRR", "texts", "some words")
    before = (await rest.list_issues({"_id": issue.id}))[0]
    clock.ahead_s += 1
    await rest.rich_text("updateContent", issue.id, {"content": {"description": paragraphs("other words")}})
    after = (await rest.list_issues({"_id": issue.id}))[0]
    assert after["description"] != before["description"]
    assert (after["modifiedOn"] > before["modifiedOn"], after["modifiedBy"]) == (True, sandbox.account.huly_id)
    assert (await rest.logged(issue.id))[-1]["operations"] == {"description": after["description"]}
    assert sandbox.issue(issue.id).text == "other words"


@pytest.mark.parametrize(("rewrites", "changed"), [(True, True), (False, False)])
async def test_writing_the_same_text_may_count_as_a_change(http, rewrites, changed):
    """A real server did so in 8 of 12 trials; the sandbox always does, or never."""
    async with HulySandbox(settings=SandboxSettings(rewrites_unchanged_text=rewrites)) as sandbox:
        project = sandbox.create_project("Mirror", "MIRR")
        rest = Rest(sandbox=sandbox, http=http, project=project.id)
        issue = sandbox.create_issue("MIRR", "texts", "some words")
        before = (await rest.list_issues({"_id": issue.id}))[0]["description"]
        await rest.rich_text("getContent", issue.id, {"source": before})
        await rest.rich_text("updateContent", issue.id, {"content": {"description": paragraphs("some words")}})
        assert ((await rest.list_issues({"_id": issue.id}))[0]["description"] != before) is changed


async def test_a_live_text_wins_over_snapshots(sandbox, rest):
    """A new snapshot in the field is ignored once the text was opened."""
    issue = sandbox.create_issue("MIRR", "texts", "old words")
    reference = (await rest.list_issues({"_id": issue.id}))[0]["description"]
    await rest.rich_text("getContent", issue.id, {"source": reference})
    _, created = await rest.rich_text("createContent", issue.id, {"content": {"description": paragraphs("new words")}})
    await rest.update(issue.id, {"description": created["content"]["description"]})
    _, read = await rest.rich_text("getContent", issue.id, {"source": created["content"]["description"]})
    assert read["content"]["description"] == paragraphs("old words")


async def test_a_text_that_does_not_exist_is_empty(rest):
    """No error, no field (observed 31)."""
    assert await rest.rich_text("getContent", "nobody", {}) == (200, {"content": {}})


async def test_texts_of_a_removed_issue_survive_as_snapshots(sandbox, rest):
    """The live text is gone, the snapshot is not (surprise 11)."""
    issue = sandbox.create_issue("MIRR", "texts", "some words")
    reference = (await rest.list_issues({"_id": issue.id}))[0]["description"]
    await rest.rich_text("getContent", issue.id, {"source": reference})
    await rest.remove(issue.id)
    assert await rest.rich_text("getContent", issue.id, {}) == (200, {"content": {}})
    _, body = await rest.rich_text("getContent", issue.id, {"source": reference})
    assert body["content"]["description"] == paragraphs("some words")


async def test_too_much_text_gets_a_web_page(http):
    """Above the limit of the collaborator the answer is 413 and HTML (surprise 10)."""
    async with HulySandbox(settings=SandboxSettings(collaborator_body_limit=1000)) as sandbox:
        rest = Rest(sandbox=sandbox, http=http)
        status, body = await rest.rich_text("createContent", "i1", {"content": {"description": "x" * 1000}})
    assert (status, body.startswith("<!DOCTYPE html>")) == (413, True)


async def test_a_token_without_workspace_never_gets_an_answer_about_texts(sandbox, rest):
    """The real collaborator goes silent; a client needs a time limit."""
    rest.token = sandbox.service.accounts.token(sandbox.account)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await rest.rich_text("getContent", "i1", {})
