"""Plain data into attrs models: what the connectors of others may have in their settings."""

from collections.abc import Mapping, Sequence
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import pytest
from attrs import field, frozen, validators

from syncengine.redaction import Secret, redact
from syncengine.runner.problems import Misfits, closest, found_in, not_known, written
from syncengine.runner.secret_values import SecretReader, is_secret
from syncengine.runner.structure import make_converter


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@frozen(kw_only=True)
class Inner:
    depth: int = 1


@frozen(kw_only=True)
class Outer:
    inner: Inner = field(factory=Inner)
    many: list[Inner] = field(factory=list)
    tags: frozenset[str] = frozenset()
    order: Sequence[int] = ()
    mode: Literal["fast", "safe", 3] = "safe"
    size: Size = Size.SMALL
    maybe: str | None = None
    pair: tuple[str, int] = ("", 0)
    low: int = 0
    high: int = field(default=9)
    anything: Any = None
    _hidden: int = 0
    loud: str = field(default="", converter=str.upper)
    made: int = field(default=7, init=False)

    @high.validator
    def _above_low(self, attribute, value):
        if value < self.low:
            raise ValueError("high must not be less than low")


ENVIRON = {
    "WORD": "hidden-word",
    "SHORT": "eight",
    "URL": "https://ann:the-word@huly.example.com/?key=long-value",
}


@pytest.fixture
def structure(tmp_path):
    secrets = SecretReader(folder=tmp_path, environ=ENVIRON)
    converter = make_converter(secrets=secrets, endpoints=["huly", "vibe"], rules={})
    return lambda value, kind=Outer: converter.structure(value, kind)


def test_every_shape_arrives(structure):
    """Nested classes, collections, literals, enums, optional texts, private names and converters."""
    value = {
        "inner": {"depth": 2},
        "many": [{"depth": 3}, {}],
        "tags": ["b", "a"],
        "order": [1, 2],
        "mode": 3,
        "size": "large",
        "maybe": {"env": "WORD"},
        "pair": ["x", 1],
        "low": 3,
        "high": 5,
        "anything": [1, "a"],
        "hidden": 4,
        "loud": "abc",
    }
    assert structure(value) == Outer(
        inner=Inner(depth=2),
        many=[Inner(depth=3), Inner()],
        tags=frozenset({"a", "b"}),
        order=(1, 2),
        mode=3,
        size=Size.LARGE,
        maybe="hidden-word",
        pair=("x", 1),
        low=3,
        high=5,
        anything=[1, "a"],
        hidden=4,
        loud="abc",
    )


def test_every_mistake_has_its_place(structure):
    """Also inside of lists and nested classes."""
    value = {
        "inner": 3,
        "many": [{"depth": "x"}, {"dept": 1}],
        "tags": [1],
        "mode": "fats",
        "size": "larg",
        "maybe": 3,
        "made": 1,
    }
    with pytest.raises(Misfits) as caught:
        structure(value)
    assert [str(problem) for problem in caught.value.problems] == [
        'made: not known; did you mean "mode"?',
        "inner: must be a table",
        "many[1].depth: must be a whole number",
        'many[2].dept: not known; did you mean "depth"?',
        "tags[1]: must be a text",
        'mode: "fats" is not possible; did you mean "fast"?',
        'size: "larg" is not possible; did you mean "large"?',
        "maybe: must be a text",
    ]


def test_a_validator_that_looks_at_other_fields_is_asked_in_the_end(structure):
    """It cannot be asked about its field alone, but it is asked."""
    with pytest.raises(Misfits, match="^high must not be less than low$"):
        structure({"low": 3, "high": 1})


def test_a_place_is_written_as_people_count():
    """Lists from 1, tables with dots."""
    assert written(("sync", "pairings", 0, "kind")) == "sync.pairings[1].kind"
    assert written(()) == ""


def test_the_name_that_was_meant():
    """Near names are suggested, whatever their capitals; far ones list what is possible; nothing possible says so."""
    assert closest("PASWORD", ["password", "port"]) == "password"
    assert closest("x", ["password"]) is None
    assert not_known("tile", ["title"]) == 'not known; did you mean "title"?'
    assert not_known("x", ["b", "a"]) == "not known; possible here: a, b"
    assert not_known("x", []) == "not known; remove it"


def test_an_exception_without_words_is_named():
    """Better than an empty line."""
    assert [str(it) for it in found_in(KeyError(), ("a",))] == ["a: cannot be used (KeyError)"]


def test_what_counts_as_a_secret():
    """By its type or its name, unless the connector says otherwise."""

    @frozen
    class Kinds:
        api_key: str = ""
        user: str = ""
        tokens_per_s: int = field(default=1, metadata={"secret": False})
        pin: str = field(default="", metadata={"secret": True})
        key: Secret = Secret("")
        keys: tuple[Secret, ...] = ()
        maybe: Secret | None = None

    marks = {it.name: is_secret(it) for it in Kinds.__attrs_attrs__}
    assert marks == {
        "api_key": True,
        "user": False,
        "tokens_per_s": False,
        "pin": True,
        "key": True,
        "keys": True,
        "maybe": True,
    }


def test_secrets_are_known_from_the_moment_they_are_read(structure):
    """By type, by name, in lists, from variables, in addresses; the rest of the settings may be seen."""

    @frozen(kw_only=True)
    class Login:
        password: Secret = Secret("")
        spare: Secret | None = None
        keys: tuple[Secret, ...] = ()
        token: str = ""
        api_keys: Mapping[str, list[str]] = field(factory=dict, metadata={"secret": True})
        name: str = ""
        url: str = ""
        flat: str = ""

    value = {
        "password": "pass-one",
        "spare": {"env": "WORD"},
        "keys": ["key-one", "key-two"],
        "token": "tok1",
        "api_keys": {"a": ["list-one"]},
        "name": "Ann Example",
        "url": "https://ann:url-word@host/path",
        "flat": {"env": "SHORT"},
    }
    login = structure(value, Login)
    assert (login.password, login.spare) == (Secret("pass-one"), Secret("hidden-word"))
    assert login.keys == (Secret("key-one"), Secret("key-two"))
    assert "pass-one" not in repr(login)
    assert redact("pass-one hidden-word key-one key-two tok1 list-one url-word") == " ".join(["***"] * 7)
    assert redact("Ann Example at https://host/path, eight") == "Ann Example at https://host/path, eight"
    with pytest.raises(Misfits, match="^password: must be a text$"):
        structure({"password": 5}, Login)


def test_an_address_from_a_variable_can_be_read_in_messages(structure):
    """All but its password and its query; and words of every day stay words."""
    assert structure({"env": "URL"}, str) == "https://ann:the-word@huly.example.com/?key=long-value"
    assert structure({"env": "SHORT"}, str) == "eight"
    said = redact("huly.example.com said the-word, long-value, eight")
    assert said == "huly.example.com said ***, ***, eight"
    assert redact(f"asked {ENVIRON['URL']}") == "asked https://***@huly.example.com/?key=***"


def test_what_is_said_about_a_mistake_holds_no_secret(structure):
    """Also where a validator repeats what it was given, whole or as part of an address."""

    @frozen(kw_only=True)
    class Picky:
        secret_word: str = ""
        url: str = ""

        def __attrs_post_init__(self):
            raise ValueError(f"cannot use {self.url} with {self.secret_word}")

    with pytest.raises(Misfits) as caught:
        structure({"secret_word": "12345", "url": "https://ann:other@host"}, Picky)
    assert str(caught.value) == "cannot use https://***@host with ***"


def test_secrets_are_struck_out_but_not_every_short_word(tmp_path):
    """A secret of three letters would strike out half of a message."""
    secrets = SecretReader(folder=tmp_path, environ={}, seen={"abc", "abcdef"})
    assert secrets.struck_out("abcdef abc") == "*** abc"


def test_a_file_in_the_home_folder_may_be_named_with_a_tilde(tmp_path, monkeypatch):
    """`~` is the home folder, as everywhere."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "token").write_text("t0ken\r\n", "utf-8")
    assert SecretReader(folder=Path("/nowhere"), environ={}).read({"file": "~/token"}) == "t0ken"


def test_validators_in_a_list_say_the_first_that_fails(structure):
    """`[ge, le]` is one validator to us."""

    @frozen(kw_only=True)
    class Bounded:
        number: int = field(validator=[validators.ge(1), validators.le(4)])

    with pytest.raises(Misfits, match="'number' must be <= 4: 9"):
        structure({"number": 9}, Bounded)
