"""Request bodies that are refused: which status, and the exact text. `<P>` stands for the id of a project."""

import pytest

STATUSES = "expected one of `todo`, `inprogress`, `inreview`, `done`, `cancelled`"
NO_UUID = "invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-], found"

NOT_JSON = [
    ("", "EOF while parsing a value at line 1 column 0"),
    ("{", "EOF while parsing an object at line 1 column 1"),
    ("tru", "EOF while parsing a value at line 1 column 3"),
    ("\ufeff{}", "expected value at line 1 column 1"),
    (".5", "expected value at line 1 column 1"),
    ("-x", "invalid number at line 1 column 2"),
    ("{,}", "key must be a string at line 1 column 2"),
    ("{title:1}", "key must be a string at line 1 column 2"),
    ('{"a"}', "expected `:` at line 1 column 5"),
    ('{"title"', "EOF while parsing an object at line 1 column 8"),
    ('{"title":', "title: EOF while parsing a value at line 1 column 9"),
    ('{"title":}', "title: expected value at line 1 column 10"),
    ('{"title":"a",}', "trailing comma at line 1 column 14"),
    ('{"title":"a" "b":1}', "expected `,` or `}` at line 1 column 14"),
    ('{"title":"a"', "EOF while parsing an object at line 1 column 12"),
    ('{"title":"a', "title: EOF while parsing a string at line 1 column 11"),
    ('{"title":nul}', "title: expected ident at line 1 column 13"),
    ('{"title":"\\ud800"}', "title: unexpected end of hex escape at line 1 column 17"),
    ('{"title":"\\ude00"}', "title: lone leading surrogate in hex escape at line 1 column 16"),
    ('{"title":"\\x"}', "title: invalid escape at line 1 column 12"),
    ('{"title":"\\u00zz"}', "title: invalid escape at line 1 column 16"),
    ('{"title":"a\nb"}', "title: control character (\\u0000-\\u001F) found while parsing a string at line 2 column 0"),
    ('{"title":1.}', "title: invalid number at line 1 column 12"),
    ('{"title":1e400}', "title: number out of range at line 1 column 14"),
    ('{"image_ids":["<P>",]}', "image_ids: trailing comma at line 1 column 54"),
    ('{"image_ids":["<P>" 3]}', "image_ids: expected `,` or `]` at line 1 column 54"),
    ('{"image_ids":[', "image_ids: EOF while parsing a list at line 1 column 14"),
    ('{"unknown":tru}', "unknown: expected ident at line 1 column 15"),
    ('{"unknown":01}', "unknown: invalid number at line 1 column 13"),
    ('{"unknown":[1,2}', "unknown: expected `,` or `]` at line 1 column 16"),
    ('{"unknown":{"a":1,}}', "unknown: key must be a string at line 1 column 19"),
    ('{"unknown":{"a b":[tru]}}', "unknown: expected ident at line 1 column 23"),
]

WRONG_ENUM = [
    ('{"status":5}', "status: expected value at line 1 column 11"),
    ('{"status":true}', "status: expected value at line 1 column 11"),
    ('{"status":["done"]}', "status: expected value at line 1 column 11"),
]

WRONG_TASK_CHANGE = [
    ('{"status":""}', f"status: unknown variant ``, {STATUSES} at line 1 column 12"),
    ('{"status":"in_progress"}', f"status: unknown variant `in_progress`, {STATUSES} at line 1 column 23"),
    ('{"status":"Done"}', f"status: unknown variant `Done`, {STATUSES} at line 1 column 16"),
    ('{"status":"x","title":5}', f"status: unknown variant `x`, {STATUSES} at line 1 column 13"),
    ('{"status":"todo","status":"done"}', "duplicate field `status` at line 1 column 25"),
    ('{"title":5}', "title: invalid type: integer `5`, expected a string at line 1 column 10"),
    ('{"title":-3}', "title: invalid type: integer `-3`, expected a string at line 1 column 11"),
    ('{"title":1.5}', "title: invalid type: floating point `1.5`, expected a string at line 1 column 12"),
    ('{"title":1e3}', "title: invalid type: floating point `1000.0`, expected a string at line 1 column 12"),
    ('{"title":true}', "title: invalid type: boolean `true`, expected a string at line 1 column 13"),
    ('{"title":["a"]}', "title: invalid type: sequence, expected a string at line 1 column 9"),
    ('{"title":{"a":1}}', "title: invalid type: map, expected a string at line 1 column 9"),
    ('{\n "title":\r\n 5}', "title: invalid type: integer `5`, expected a string at line 3 column 2"),
    ('{"title":"é","description":5}', "description: invalid type: integer `5`, expected a string at line 1 column 29"),
    ('{"description":3', "description: invalid type: integer `3`, expected a string at line 1 column 16"),
    (
        '{"parent_task_attempt":""}',
        "parent_task_attempt: UUID parsing failed: invalid length: expected length 32 for simple format, found 0 at line 1 column 25",
    ),
    ('{"parent_task_attempt":"x"}', f"parent_task_attempt: UUID parsing failed: {NO_UUID} `x` at 1 at line 1 column 26"),
    ('{"image_ids":""}', 'image_ids: invalid type: string "", expected a sequence at line 1 column 15'),
    ('{"image_ids":{}}', "image_ids: invalid type: map, expected a sequence at line 1 column 13"),
    ('{"image_ids":[5]}', "image_ids[0]: invalid type: integer `5`, expected a UUID string at line 1 column 15"),
    ('{"image_ids":["<P>","x"]}', f"image_ids[1]: UUID parsing failed: {NO_UUID} `x` at 1 at line 1 column 56"),
    ("null", "invalid type: null, expected struct UpdateTask at line 1 column 4"),
    ('"s"', 'invalid type: string "s", expected struct UpdateTask at line 1 column 3'),
    ("[]", "invalid length 0, expected struct UpdateTask with 5 elements at line 1 column 2"),
]

WRONG_TASK = [
    ("{}", "missing field `project_id` at line 1 column 2"),
    ('{"title":"a"}', "missing field `project_id` at line 1 column 13"),
    ('{"project_id":"<P>"}', "missing field `title` at line 1 column 53"),
    ('{"project_id":null,"title":"a"}', "project_id: invalid type: null, expected a UUID string at line 1 column 18"),
    ('{"project_id":5,"title":"a"}', "project_id: invalid type: integer `5`, expected a UUID string at line 1 column 15"),
    ('{"project_id":"nope","title":"a"}', f"project_id: UUID parsing failed: {NO_UUID} `n` at 1 at line 1 column 20"),
    ('{"project_id":"<P>","title":null}', "title: invalid type: null, expected a string at line 1 column 65"),
    ('{"project_id":"<P>","title":"a","title":"b"}', "duplicate field `title` at line 1 column 72"),
    ("[]", "invalid length 0, expected struct CreateTask with 5 elements at line 1 column 2"),
    ("5", "invalid type: integer `5`, expected struct CreateTask at line 1 column 1"),
]

WRONG_PROJECT = [
    ("{}", "missing field `name` at line 1 column 2"),
    ('{"name":"x"}', "missing field `git_repo_path` at line 1 column 12"),
    ('{"name":"x","git_repo_path":"/x"}', "missing field `use_existing_repo` at line 1 column 33"),
    ('{"name":null}', "name: invalid type: null, expected a string at line 1 column 12"),
    ('{"name":1}', "name: invalid type: integer `1`, expected a string at line 1 column 9"),
    (
        '{"use_existing_repo":"yes"}',
        'use_existing_repo: invalid type: string "yes", expected a boolean at line 1 column 26',
    ),
    ('{"use_existing_repo":1}', "use_existing_repo: invalid type: integer `1`, expected a boolean at line 1 column 22"),
    ('{"use_existing_repo":null}', "use_existing_repo: invalid type: null, expected a boolean at line 1 column 25"),
    ('{"setup_script":5}', "setup_script: invalid type: integer `5`, expected a string at line 1 column 17"),
    ("true", "invalid type: boolean `true`, expected struct CreateProject at line 1 column 4"),
    ("[]", "invalid length 0, expected struct CreateProject with 7 elements at line 1 column 2"),
]

WRONG_PROJECT_CHANGE = [
    ('{"name":5}', "name: invalid type: integer `5`, expected a string at line 1 column 9"),
    ('{"copy_files":[]}', "copy_files: invalid type: sequence, expected a string at line 1 column 14"),
    ("5", "invalid type: integer `5`, expected struct UpdateProject at line 1 column 1"),
]


def each(method, path, bodies, beginning, status):
    for body, rest in bodies:
        yield pytest.param(method, path, body, status, f"{beginning}: {rest}", id=f"{method} {path} {body}"[:70])


SYNTAX = "Failed to parse the request body as JSON"
CONTENT = "Failed to deserialize the JSON body into the target type"


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "text"),
    [
        *each("PUT", "/api/tasks/<T>", NOT_JSON + WRONG_ENUM, SYNTAX, 400),
        *each("PUT", "/api/tasks/<T>", WRONG_TASK_CHANGE, CONTENT, 422),
        *each("POST", "/api/tasks", WRONG_TASK, CONTENT, 422),
        *each("POST", "/api/projects", WRONG_PROJECT, CONTENT, 422),
        *each("PUT", "/api/projects/<P>", WRONG_PROJECT_CHANGE, CONTENT, 422),
    ],
)
async def test_body_is_refused_with_this_text(wire, project, task, method, path, body, status, text):
    """The first mistake from the front decides, with its place; nothing is stored."""

    def filled(template):
        return template.replace("<P>", project["id"]).replace("<T>", task["id"])

    answer = await wire.call(method, filled(path), raw=filled(body).encode())
    assert answer.complaint == (status, text)
    assert (await wire.call("GET", f"/api/tasks/{task['id']}")).data == task
    assert (await wire.call("GET", "/api/projects")).data == [project]


@pytest.mark.parametrize("raw", [b'{"title":"\xff"}', b'{"title":"\xe2\x82"}'])
async def test_text_that_is_no_utf8_is_refused(wire, task, raw):
    """The place is behind the whole string."""
    answer = await wire.call("PUT", f"/api/tasks/{task['id']}", raw=raw)
    column = raw.index(b"}")
    assert answer.complaint == (400, f"{SYNTAX}: title: invalid unicode code point at line 1 column {column}")


@pytest.mark.parametrize(
    "raw",
    [
        b'{"title":"new"} trailing',
        b'{"title":"new"}}',
        b'{"unknown":"\\ud800","title":"new"}',
        b'{"unknown":"\xff","title":"new"}',
        b'{"unknown":1,"unknown":2,"title":"new"}',
        b'{"ti\\u0074le":"n\\u0065w"}',
        b'["new",null,null,null,null]',
        b'{"unknown":' + b"[" * 200 + b"]" * 200 + b',"title":"new"}',
    ],
)
async def test_oddities_that_are_taken(wire, task, raw):
    """What follows the object, and what unknown fields hold, does not matter; a list stands for the fields in order."""
    assert (await wire.call("PUT", f"/api/tasks/{task['id']}", raw=raw)).data == {**task, "title": "new"}


async def test_status_may_be_the_key_of_an_object(wire, task):
    """An oddity of how the server reads words."""
    changed = await wire.call("PUT", f"/api/tasks/{task['id']}", {"status": {"done": None}})
    assert changed.data == {**task, "status": "done"}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json; charset=utf-8",
        "application/json; charset=latin1",
        "APPLICATION/JSON",
        "application/vnd.api+json",
    ],
)
async def test_content_types_that_are_json(wire, task, content_type):
    """Parameters, case and a +json ending do not matter."""
    answer = await wire.call("PUT", f"/api/tasks/{task['id']}", {"title": "T"}, content_type=content_type)
    assert answer.data == {**task, "title": "T"}


@pytest.mark.parametrize("content_type", [None, "text/plain", "application/json-x", "json", "application/octet-stream"])
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "/api/tasks"), ("POST", "/api/projects"), ("PUT", "/api/tasks/<T>"), ("PUT", "/api/projects/<P>")],
)
async def test_other_content_types_are_refused(wire, project, task, method, path, content_type):
    """Before the body is looked at."""
    url = path.replace("<P>", project["id"]).replace("<T>", task["id"])
    answer = await wire.call(method, url, raw=b"{", content_type=content_type)
    assert answer.complaint == (415, "Expected request with `Content-Type: application/json`")


async def test_body_of_exactly_two_mebibytes_is_taken_and_one_byte_more_is_not(wire, project):
    """The limit is in bytes of the body."""
    limit = 2 * 1024 * 1024
    frame = b'{"project_id":"' + project["id"].encode() + b'","title":"'
    fits = frame + b"x" * (limit - len(frame) - 2) + b'"}'
    assert len((await wire.call("POST", "/api/tasks", raw=fits)).data["title"]) == limit - len(frame) - 2
    answer = await wire.call("POST", "/api/tasks", raw=fits + b" ")
    assert answer.complaint == (413, "Failed to buffer the request body: length limit exceeded")
    assert len(await wire.tasks(project)) == 1
