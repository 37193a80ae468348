"""What a settings file may say, and what is said about mistakes in it."""

from pathlib import Path

import pytest
from attrs import field, frozen

from syncengine.connector import ConnectorPlugin
from syncengine.domain.conflict_rules import AskAPerson, LatestWrite, Prefer
from syncengine.domain.policy import Backoff, DeletionRule, SafetyLimits
from syncengine.errors import PluginRejected, SettingsInvalid, UnknownConnector
from syncengine.runner.settings import load_log_place, load_settings


@frozen(kw_only=True)
class BoxSettings:
    """Settings of a connector, with one of everything."""

    url: str
    password: str = field(default="", repr=False)
    words: dict[str, str] = field(factory=dict)
    names: tuple[str, ...] = ()
    folder: Path | None = None
    port: int = field(default=80)
    ratio: float = 1.0
    open: bool = True

    @port.validator
    def _check_port(self, attribute, value):
        if value < 1:
            raise ValueError("port must be 1 or more")

    def __attrs_post_init__(self):
        if self.password == self.url:
            raise ValueError(f"the password must not be {self.password}")


BOX = ConnectorPlugin(name="box", settings=BoxSettings, connect=lambda *_: None)

GOOD = """
[log]
path = "logs/sync.db"

[sync]
interval_s = 30
full_listing_every_s = 3600

[sync.rules.issue]
title = {rule = "prefer", endpoint = "one"}
status = {rule = "latest_write", clock_skew_s = 5, then = {rule = "prefer", endpoint = "two"}}

[sync.creates]
project = ["two"]

[sync.deletions]
one = "keep"

[sync.backoff]
first_s = 1

[sync.safety]
deletions = 7

[[sync.pairings]]
kind = "issue"
one = "A"
two = "B"

[endpoints.one]
connector = "box"
url = "http://one"
password = {env = "SECRET"}
words = {Doing = "in_progress"}
names = ["a", "b"]
folder = "repos"

[endpoints.two]
connector = "box"
url = {file = "url.txt"}
"""


def load_box(name):
    if name == "box":
        return BOX
    raise UnknownConnector(f'no connector named "{name}" is installed; installed: box')


@pytest.fixture
def file(tmp_path):
    """Writes a settings file and loads it, with one environment variable set."""
    (tmp_path / "url.txt").write_text("http://two\n", "utf-8")

    def load(text, **environ):
        path = tmp_path / "s.toml"
        path.write_text(text, "utf-8")
        return load_settings(path, environ={"SECRET": "s3cret!", **environ}, load=load_box)

    return load


def problems(load, text, **environ):
    with pytest.raises(SettingsInvalid) as caught:
        load(text, **environ)
    return list(caught.value.problems)


def test_a_good_file_becomes_models(file, tmp_path):
    """Rules, policy, pairings, endpoints; secrets are read, paths are relative to the file."""
    settings = file(GOOD)
    assert settings.log == tmp_path / "logs/sync.db"
    assert settings.interval_s == 30
    assert settings.policy.rules == {
        "issue": {"title": Prefer("one"), "status": LatestWrite(clock_skew_s=5, then=Prefer("two"))}
    }
    assert settings.policy.creates == {"project": frozenset({"two"})}
    assert settings.policy.deletions == {"one": DeletionRule.KEEP}
    assert settings.policy.backoff == Backoff(first_s=1)
    assert settings.policy.safety == SafetyLimits(deletions=7)
    assert settings.policy.full_listing_every_s == 3600
    assert [(it.kind, dict(it.containers)) for it in settings.pairings] == [("issue", {"one": "A", "two": "B"})]
    one, two = settings.endpoints["one"], settings.endpoints["two"]
    assert one.plugin is BOX
    assert one.settings == BoxSettings(
        url="http://one",
        password="s3cret!",
        words={"Doing": "in_progress"},
        names=("a", "b"),
        folder=tmp_path / "repos",
    )
    assert two.settings.url == "http://two"
    assert settings.warnings == ()


def test_secrets_are_not_in_the_printed_settings(file):
    """`repr` of the settings shows no secret."""
    assert "s3cret!" not in repr(file(GOOD))


def test_a_small_file_gets_the_defaults(file, tmp_path):
    """Where the log is and how often passes start may be left out; rules are empty and not guessed."""
    settings = file('[endpoints.one]\nconnector="box"\nurl="a"\n[endpoints.two]\nconnector="box"\nurl="b"\n')
    assert settings.log == tmp_path / "syncengine.db"
    assert (settings.interval_s, dict(settings.policy.rules), settings.pairings) == (60.0, {}, ())


def test_all_mistakes_are_reported_at_once_with_their_places(file):
    """One file with a mistake of every kind."""
    found = problems(
        file,
        """
[lgo]
path = "x"
[sync]
interval_s = 0
intervall_s = 5
[sync.rules.issue]
title = {rule = "prefer", endpoint = "oen"}
status = {rule = "latest", then = {rule = "ask_a_person"}}
body = {rule = "merge_text", then = {rule = "prefer", endpoint = "three"}}
owner = "prefer"
label = {rule = "prefer"}
[sync.creates]
project = ["tow"]
issue = "two"
[sync.safety]
share = 1.5
deletions = true
[endpoints.one]
connector = "box"
uri = "http://one"
password = {env = "NOT_SET"}
words = ["a"]
names = {a = "b"}
port = "80"
ratio = "high"
open = 1
folder = 3
[endpoints.two]
connector = "boks"
[endpoints.three]
url = "http://three"
[endpoints."four five"]
connector = "box"
url = {file = "gone.txt"}
port = 0
[endpoints.six]
connector = "box"
url = {env = "SECRET", file = "b"}
names = ["a", 2]
words = {a = 3}
""",
    )
    assert [problem for problem in found if "gone.txt" not in problem] == [
        'lgo: not known; did you mean "log"?',
        'endpoints.one.uri: not known; did you mean "url"?',
        "endpoints.one.password: the environment variable NOT_SET is not set; set it, or name another one",
        "endpoints.one.words: must be a table",
        "endpoints.one.names: must be a list",
        "endpoints.one.folder: must be a text",
        "endpoints.one.port: must be a whole number",
        "endpoints.one.ratio: must be a number",
        "endpoints.one.open: must be true or false",
        'endpoints.two.connector: no connector named "boks" is installed; installed: box',
        (
            'endpoints.three.connector: must name a connector, for example connector = "huly"; '
            "`syncengine connectors` lists them"
        ),
        (
            'endpoints.four five: "four five" cannot be the name of an endpoint; use letters, digits, - and _ '
            '(and not "kind" or "title")'
        ),
        "endpoints.four five.port: port must be 1 or more",
        'endpoints.six.url: must be a text, {env = "NAME"} or {file = "path"}',
        "endpoints.six.words.a: must be a text",
        "endpoints.six.names[2]: must be a text",
        'sync.intervall_s: not known; did you mean "interval_s"?',
        "sync.interval_s: 'interval_s' must be > 0: 0.0",
        'sync.rules.issue.title.endpoint: there is no endpoint "oen"; did you mean "one"?',
        'sync.rules.issue.status.rule: there is no rule "latest"; did you mean "latest_write"?',
        (
            'sync.rules.issue.owner: must name a rule, for example {rule = "ask_a_person"}; there are ask_a_person, '
            "latest_write, merge_text, prefer, union_of_sets"
        ),
        "sync.rules.issue.label.endpoint: is missing",
        'sync.creates.project[1]: there is no endpoint "tow"; did you mean "two"?',
        "sync.creates.issue: must be a list",
        "sync.safety.deletions: must be a whole number",
        "sync.safety.share: 'share' must be <= 1: 1.5",
    ]
    assert any("endpoints.four five.url: the file" in it and it.endswith("No such file or directory") for it in found)


def test_the_whole_message_names_the_file_and_every_problem(file, tmp_path):
    """What people read on the screen."""
    with pytest.raises(SettingsInvalid) as caught:
        file('[endpoints.one]\nconnector = "box"\n[endpoints.two]\nconnector = "box"\nurl = ""\nport = -1\n')
    assert str(caught.value) == (
        f"{tmp_path / 's.toml'} cannot be used:\n"
        "  - endpoints.one.url: is missing\n"
        "  - endpoints.two.port: port must be 1 or more"
    )


def test_pairings_must_name_kind_and_two_endpoints(file):
    """Each mistake in a pairing has its place, counted from 1."""
    text = GOOD.replace('kind = "issue"\none = "A"\ntwo = "B"', 'one = "A"\ntwoo = "B"\n[[sync.pairings]]\nkind = "issue"')
    assert problems(file, text) == [
        'sync.pairings[1].twoo: there is no endpoint "twoo"; did you mean "two"?',
        'sync.pairings[1].kind: is missing; say what the records are, kind = "issue"',
        'sync.pairings[2]: must name a container on two or more endpoints, for example huly = "...", todo = "..."',
    ]


@pytest.mark.parametrize("text", ['[endpoints.one]\nconnector="box"\nurl="x"', "", 'endpoints = "huly"'])
def test_fewer_than_two_endpoints_are_none(file, text):
    """With one endpoint there is nothing to keep the same."""
    assert problems(file, text) == [
        "endpoints: two or more endpoints are needed to keep anything the same; write one section [endpoints.NAME] for each"
    ]


def test_an_endpoint_that_is_no_table(file):
    """`endpoints.one = 3` is told so."""
    assert problems(file, '[endpoints]\none = 3\n[endpoints.two]\nconnector="box"\nurl="b"\n') == [
        "endpoints.one: must be a table"
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('onee = "keep"', "sync.deletions"),
        ('one = "destroy"', "sync.deletions.one"),
    ],
)
def test_a_rule_for_deletions_is_one_of_three_and_about_an_endpoint(file, line, problem):
    """A misspelt name is no silent default."""
    (found,) = problems(file, GOOD.replace('one = "keep"', line))
    assert found.startswith(problem)


def test_a_plain_secret_works_and_is_warned_about(file):
    """The warning says how to write it better, and does not repeat it."""
    settings = file(GOOD.replace('{env = "SECRET"}', '"plain-text"'))
    assert settings.endpoints["one"].settings.password == "plain-text"
    assert settings.warnings == (
        'endpoints.one.password: a secret in plain text; better password = {env = "ONE_PASSWORD"} or {file = "..."}',
    )


def test_a_plain_key_of_the_server_is_warned_about(file):
    """As a password is."""
    assert file(GOOD + '\n[server]\napi_key = "plain-text"\n').warnings == (
        'server.api_key: a secret in plain text; better api_key = {env = "SERVER_API_KEY"} or {file = "..."}',
    )


def test_no_message_repeats_a_secret(file):
    """A class that prints its values in an error prints *** where a secret stood."""
    text = GOOD.replace('url = "http://one"', 'url = {env = "SECRET"}')
    assert problems(file, text) == ["endpoints.one: the password must not be ***"]


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "is empty"), (b"\n", "is empty"), (b"\xff\xfe\xfa", "cannot be read: it is no text")]
)
def test_a_secret_file_without_a_secret(file, tmp_path, content, why):
    """An empty or undecodable file is a mistake, not an empty password."""
    (tmp_path / "url.txt").write_bytes(content)
    assert problems(file, GOOD) == [f"endpoints.two.url: the file {tmp_path / 'url.txt'} {why}"]


def test_an_empty_variable_is_a_mistake(file):
    """A variable that is set to nothing is as good as none."""
    assert problems(file, GOOD, SECRET="") == [
        "endpoints.one.password: the environment variable SECRET is empty; set it, or name another one"
    ]


def test_a_plugin_that_cannot_be_used_is_one_of_the_problems(tmp_path):
    """Its reason stands at the place of the connector."""

    def load(name):
        raise PluginRejected("was written for another interface version; upgrade it")

    path = tmp_path / "s.toml"
    path.write_text('[endpoints.a]\nconnector = "x"\n[endpoints.b]\nconnector = "y"\n', "utf-8")
    with pytest.raises(SettingsInvalid) as caught:
        load_settings(path, load=load)
    assert caught.value.problems[0].startswith("endpoints.a.connector: was written for another interface version")
    assert len(caught.value.problems) == 2


def test_a_plugin_whose_settings_are_no_attrs_class(tmp_path):
    """A mistake of its authors, said as such."""
    plugin = ConnectorPlugin(name="x", settings=dict, connect=lambda *_: None)
    path = tmp_path / "s.toml"
    path.write_text('[endpoints.a]\nconnector = "x"\n[endpoints.b]\nconnector = "x"\n', "utf-8")
    with pytest.raises(SettingsInvalid, match="no attrs class; report it to its authors"):
        load_settings(path, load=lambda _: plugin)


def test_rules_of_your_own_have_names_too(file, tmp_path):
    """A program may add rules to those a file can name."""

    @frozen
    class Longest:
        """The longest value wins."""

        then: AskAPerson = field(factory=AskAPerson)

    path = tmp_path / "s.toml"
    path.write_text(GOOD.replace('{rule = "prefer", endpoint = "one"}', '{rule = "longest"}'), "utf-8")
    settings = load_settings(
        path,
        environ={"SECRET": "x"},
        load=load_box,
        rules={"longest": Longest, "latest_write": LatestWrite, "prefer": Prefer},
    )
    assert settings.policy.rules["issue"]["title"] == Longest()


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"[log\n", "this is no TOML"),
        (b"\xff\xfe", "not written in UTF-8"),
        (None, "there is no such file; `syncengine init` writes one"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path, content, problem):
    """The message says what is the matter with it, for both ways to read it."""
    path = tmp_path / "s.toml"
    if content is not None:
        path.write_bytes(content)
    for load in (load_settings, load_log_place):
        with pytest.raises(SettingsInvalid, match=problem):
            load(path)


def test_a_folder_is_no_settings_file(tmp_path):
    """The operating system's reason is passed on."""
    with pytest.raises(SettingsInvalid, match="the file cannot be read: Is a directory"):
        load_settings(tmp_path)


def test_the_place_of_the_log_needs_no_passwords(tmp_path):
    """Commands that call nobody work without the variables, and with other mistakes in the file."""
    path = tmp_path / "s.toml"
    path.write_text('[log]\npath = "/var/x.db"\n[endpoints.one]\npassword = {env = "NOT_SET"}\n', "utf-8")
    assert load_log_place(path) == Path("/var/x.db")
    path.write_text("[log]\npath = 3\n", "utf-8")
    with pytest.raises(SettingsInvalid, match=r"log\.path: must be a text"):
        load_log_place(path)
