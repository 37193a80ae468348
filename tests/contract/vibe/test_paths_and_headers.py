"""Paths, methods, ids in all spellings, queries, and what headers do and do not change."""

import pytest

NOWHERE = "00000000-0000-0000-0000-000000000009"
NO_UUID = "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found"
GROUPS = "11111111-2222-3333-4444-555555555555"

BAD_UUIDS = [
    ("nope", "nope", f"{NO_UUID} `n` at 1"),
    ("%20" + GROUPS, " " + GROUPS, f"{NO_UUID} ` ` at 1"),
    ("%C3%A9", "é", f"{NO_UUID} `é` at 1"),
    ("1%C3%A9x", "1éx", f"{NO_UUID} `é` at 2"),
    ("a%2Fb", "a/b", f"{NO_UUID} `/` at 2"),
    (GROUPS[:-1] + "g", GROUPS[:-1] + "g", f"{NO_UUID} `g` at 36"),
    (GROUPS[:-1], GROUPS[:-1], "invalid group length in group 4: expected 12, found 11"),
    (GROUPS + "0", GROUPS + "0", "invalid group length in group 4: expected 12, found 13"),
    ("1" + GROUPS, "1" + GROUPS, "invalid group length in group 0: expected 8, found 9"),
    ("1" * 31, "1" * 31, "invalid length: expected length 32 for simple format, found 31"),
    ("1-2-3", "1-2-3", "invalid group count: expected 5, found 3"),
    ("-----", "-----", "invalid group count: expected 5, found 6"),
    ("{}", "{}", "invalid group count: expected 5, found 1"),
    ("{" + "1" * 32 + "}", "{" + "1" * 32 + "}", "invalid group count: expected 5, found 1"),
    ("{" + GROUPS, "{" + GROUPS, f"{NO_UUID} `{{` at 1"),
    ("{g}", "{g}", f"{NO_UUID} `g` at 2"),
    ("{g" + GROUPS[1:] + "}", "{g" + GROUPS[1:] + "}", f"{NO_UUID} `g` at 1"),
    ("urn:uuid:g", "urn:uuid:g", f"{NO_UUID} `g` at 10"),
    ("urn:uuid:g" + GROUPS[1:], "urn:uuid:g" + GROUPS[1:], f"{NO_UUID} `g` at 1"),
    ("{" + "1" * 36 + "}", "{" + "1" * 36 + "}", "invalid length: expected length 32 for simple format, found 36"),
    ("{" + GROUPS[:-2] + "}", "{" + GROUPS[:-2] + "}", "invalid group length in group 4: expected 12, found 12"),
]


async def test_health_is_ok_in_the_envelope(wire):
    """All four keys are there, in this order and without blanks."""
    answer = await wire.call("GET", "/api/health")
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.text == '{"success":true,"data":"OK","error_data":null,"message":null}'


async def test_info_tells_the_version(wire):
    """The version stands in the configuration."""
    info = (await wire.call("GET", "/api/info")).data
    assert info["config"]["last_app_version"] == "0.0.71"
    assert info["config"]["analytics_enabled"] is None
    assert list(info) == ["config", "executors", "environment"]


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/api",
        "/api/",
        "/api/nosuch",
        "/api/health/",
        "/api/projects/",
        "/api/tasks/",
        "/api/tasks/<T>/",
        "/api/tasks/<T>/more",
        "/api/projects/<P>/",
        "/api/tasks/stream/ws?project_id=<P>",
        "/api/t%61sks?project_id=<P>",
        "/API/health",
        "/api/tags",
        "/api/organizations",
        "/api/remote/projects?organization_id=<P>",
        "/v1/health",
        "/v1/organizations",
    ],
)
async def test_unknown_get_is_the_web_page_with_status_200(wire, project, task, path):
    """Also for a known path with a slash at the end."""
    url = path.replace("<P>", project["id"]).replace("<T>", task["id"])
    assert (await wire.call("GET", url)).is_web_page


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", ["/api/nosuch", "/api/tasks/", "/nosuch", "/api/projects/<P>/"])
async def test_other_methods_on_unknown_paths_are_405(wire, project, method, path):
    """Without a body, and naming what is allowed."""
    answer = await wire.call(method, path.replace("<P>", project["id"]))
    assert (answer.bare_status, answer.headers["allow"]) == (405, "GET,HEAD")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("POST", "/api/health", "GET,HEAD"),
        ("PUT", "/api/projects", "GET,HEAD,POST"),
        ("DELETE", "/api/projects", "GET,HEAD,POST"),
        ("PATCH", "/api/projects/<P>", "GET,HEAD,PUT,DELETE"),
        ("POST", "/api/projects/<P>", "GET,HEAD,PUT,DELETE"),
        ("OPTIONS", "/api/projects/<P>", "GET,HEAD,PUT,DELETE"),
        ("POST", "/api/projects/<P>/branches", "GET,HEAD"),
        ("PATCH", "/api/tasks", "GET,HEAD,POST"),
        ("DELETE", "/api/tasks", "GET,HEAD,POST"),
        ("OPTIONS", "/api/tasks", "GET,HEAD,POST"),
        ("PATCH", "/api/tasks/<T>", "GET,HEAD,PUT,DELETE"),
        ("POST", "/api/tasks/<T>", "GET,HEAD,PUT,DELETE"),
    ],
)
async def test_wrong_method_on_a_known_path_is_405(wire, project, task, method, path, allowed):
    """There is no PATCH, and OPTIONS is not answered."""
    answer = await wire.call(method, path.replace("<P>", project["id"]).replace("<T>", task["id"]))
    assert (answer.bare_status, answer.headers["allow"]) == (405, allowed)


@pytest.mark.parametrize("kind", ["projects", "tasks"])
async def test_wrong_method_on_an_unknown_id_is_404(wire, kind):
    """The id is looked for before the method is."""
    assert (await wire.call("PATCH", f"/api/{kind}/{NOWHERE}")).bare_status == 404


async def test_head_is_a_get_without_the_body(wire, task):
    """Status, type and length are those of the GET."""
    url = f"/api/tasks/{task['id']}"
    shown, head = await wire.call("GET", url), await wire.call("HEAD", url)
    assert (head.status, head.content_type, head.text) == (200, "application/json", "")
    assert head.headers["content-length"] == shown.headers["content-length"]


def spellings(uuid):
    return [uuid.upper(), uuid.replace("-", ""), uuid.replace("-", "").upper(), "{" + uuid + "}", "urn:uuid:" + uuid]


async def test_ids_are_taken_in_all_spellings_and_answered_in_one(wire, project, task):
    """In paths, in the query and in bodies."""
    for spelled in spellings(task["id"]):
        assert (await wire.call("GET", f"/api/tasks/{spelled}")).data == task
    for spelled in spellings(project["id"]):
        assert (await wire.call("GET", f"/api/projects/{spelled}")).data == project
        assert [t["id"] for t in await wire.tasks({"id": spelled})] == [task["id"]]
    for spelled in spellings(project["id"]):
        assert (await wire.task({"id": spelled}))["project_id"] == project["id"]


@pytest.mark.parametrize(("sent", "shown", "complaint"), BAD_UUIDS)
async def test_bad_id_in_a_path_is_refused_for_every_method(wire, sent, shown, complaint):
    """Whatever the body, and even for a method that is not allowed."""
    beginning = "Invalid URL: Cannot parse"
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = await wire.call(method, f"/api/tasks/{sent}", raw=b"{")
        assert answer.complaint == (
            400,
            f"{beginning} `task_id` with value `{shown}`: UUID parsing failed: {complaint}",
        )
    for path in (f"/api/projects/{sent}", f"/api/projects/{sent}/branches"):
        answer = await wire.call("GET", path)
        assert answer.complaint == (400, f"{beginning} `id` with value `{shown}`: UUID parsing failed: {complaint}")


async def test_id_that_is_no_utf8_is_refused(wire):
    """A complaint of its own."""
    assert (await wire.call("GET", "/api/tasks/%ff")).complaint == (400, "Invalid URL: Invalid UTF-8 in `task_id`")


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("", "missing field `project_id`"),
        ("?", "missing field `project_id`"),
        ("?projectid=<P>", "missing field `project_id`"),
        ("?project_id=", "project_id: UUID parsing failed: invalid length: expected length 32 for simple format, found 0"),
        ("?project_id=nope", f"project_id: UUID parsing failed: {NO_UUID} `n` at 1"),
        ("?project_id=%ff", f"project_id: UUID parsing failed: {NO_UUID} `\ufffd` at 1"),
        ("?project_id=<P>&project_id=<P>", "duplicate field `project_id`"),
        ("?project_id=<P>&project_id=nope", "duplicate field `project_id`"),
        ("?project_id=nope&project_id=<P>", f"project_id: UUID parsing failed: {NO_UUID} `n` at 1"),
    ],
)
async def test_bad_query_is_refused(wire, project, query, complaint):
    """The list of tasks needs exactly one project."""
    answer = await wire.call("GET", "/api/tasks" + query.replace("<P>", project["id"]))
    assert answer.complaint == (400, f"Failed to deserialize query string: {complaint}")


async def test_unknown_query_parameters_are_ignored(wire, project, task):
    """There is neither a page size nor a filter."""
    answer = await wire.call("GET", f"/api/tasks?limit=0&project_id={project['id']}&status=done&x")
    assert [t["id"] for t in answer.data] == [task["id"]]


async def test_foreign_origin_and_host_are_not_checked_and_no_cors_header_is_sent(wire):
    """Any page in a browser can send, and none can read."""
    answer = await wire.call("GET", "/api/health", headers={"Origin": "http://evil.example", "Host": "evil.example"})
    assert answer.data == "OK"
    assert not [name for name in answer.headers if name.startswith("access-control")]


async def test_idempotency_key_is_ignored(wire, project):
    """A repeated create is a second task."""
    body = {"project_id": project["id"], "title": "x"}
    for _ in range(2):
        assert (await wire.call("POST", "/api/tasks", body, headers={"Idempotency-Key": "one"})).data
    assert len(await wire.tasks(project)) == 2


async def test_conditional_headers_are_ignored_and_no_etag_is_sent(wire, task):
    """There is no optimistic locking."""
    answer = await wire.call("PUT", f"/api/tasks/{task['id']}", {"title": "T"}, headers={"If-Match": '"no"'})
    assert answer.data["title"] == "T"
    assert "etag" not in answer.headers
    again = await wire.call("GET", f"/api/tasks/{task['id']}", headers={"If-None-Match": "*"})
    assert again.data["title"] == "T"


async def test_answers_are_not_compressed_and_name_no_server(wire, project):
    """Even when compression is asked for."""
    answer = await wire.call("GET", "/api/projects", headers={"Accept-Encoding": "gzip, br"})
    assert set(answer.headers) == {"content-type", "content-length", "date"}


async def test_connection_is_kept_for_the_next_request(wire):
    """Two requests use one connection."""
    for _ in range(2):
        await wire.call("GET", "/api/health")
    connections = wire.session.connector._conns.values()
    assert sum(len(kept) for kept in connections) == 1
