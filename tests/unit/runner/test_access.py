"""Where the server may listen, and whom it answers."""

import pytest

from syncengine.errors import ConfigurationError, SettingsInvalid
from syncengine.redaction import Secret
from syncengine.runner.server.access import Place, ServerSettings, may_ask, place_in

KEY = Secret("a-key-for-tests")


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("127.0.0.1:9464", Place("127.0.0.1", 9464)),
        ("[::1]:9464", Place("::1", 9464)),
        ("localhost:0", Place("127.0.0.1", 0)),
        ("LocalHost:80", Place("127.0.0.1", 80)),
        ("0.0.0.0:1", Place("0.0.0.0", 1)),
        ("[::]:65535", Place("::", 65535)),
        ("sync.example.org:9464", Place("sync.example.org", 9464)),
        ("off", None),
    ],
)
def test_what_can_be_said(listen, place):
    """An address or a name with a port, or nothing at all."""
    assert place_in(listen) == place


@pytest.mark.parametrize(
    ("listen", "told"),
    [
        ("", "is no place to listen; write an address and a port"),
        ("9464", "is no place to listen"),
        ("127.0.0.1", "is no place to listen"),
        ("127.0.0.1:", "is no place to listen"),
        ("127.0.0.1:http", "is no place to listen"),
        ("http://127.0.0.1:9464", "is no place to listen"),
        ("::1:9464", "is no place to listen"),
        ("OFF", "is no place to listen"),
        ("127.0.0.1:70000", "has no port that exists; use one from 1 to 65535"),
        (":9464", 'does not say which address; "0.0.0.0:9464" listens on all of them'),
        ("*:9464", 'does not say which address; "0.0.0.0:9464"'),
        ("[127.0.0.1]:9464", "has no IPv6 address in its brackets"),
        ("[localhost]:9464", "has no IPv6 address in its brackets"),
    ],
)
def test_what_cannot_be_said(listen, told):
    """The message says what would be right."""
    with pytest.raises(SettingsInvalid) as caught:
        ServerSettings(listen=listen, api_key=KEY)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "listen",
    ["0.0.0.0:9464", "[::]:9464", "192.0.2.7:9464", "[2001:db8::1]:9464", "host.example:1", "[::ffff:192.0.2.7]:1"],
)
def test_others_are_not_let_in_without_a_key(listen):
    """Refused before anything listens, with the line to add."""
    with pytest.raises(ConfigurationError, match=r'add the line api_key = \{env = "SYNCENGINE_API_KEY"\} to \[server\]'):
        ServerSettings(listen=listen)
    assert str(ServerSettings(listen=listen, api_key=KEY).place) == listen


@pytest.mark.parametrize(
    "listen", ["127.0.0.1:9464", "127.9.9.9:1", "[::1]:9464", "localhost:9464", "[::ffff:127.0.0.1]:1", "off"]
)
def test_this_computer_needs_no_key(listen):
    """Nobody else can reach it."""
    assert ServerSettings(listen=listen).api_key is None


@pytest.mark.parametrize("key", ["", "  "])
def test_an_empty_key_is_no_key(key):
    """An empty variable would open the door."""
    with pytest.raises(SettingsInvalid, match="api_key is empty"):
        ServerSettings(api_key=Secret(key))


def test_a_key_is_not_printed():
    """Whoever prints the settings."""
    assert "a-key" not in repr(ServerSettings(api_key=KEY))


@pytest.mark.parametrize(
    ("place", "url"),
    [
        (Place("127.0.0.1", 9464), "http://127.0.0.1:9464"),
        (Place("::1", 9464), "http://[::1]:9464"),
        (Place("0.0.0.0", 1), "http://127.0.0.1:1"),
        (Place("::", 1), "http://[::1]:1"),
    ],
)
def test_where_this_computer_asks(place, url):
    """Nobody can call an address that means all of them."""
    assert place.url == url


@pytest.mark.parametrize(
    ("given", "answered"),
    [
        ("a-key-for-tests", True),
        ("a-key-for-test", False),
        ("A-KEY-FOR-TESTS", False),
        ("", False),
        (None, False),
        ("schlüssel", False),
        ("\udcff\udcfe", False),
    ],
)
def test_who_may_ask(given, answered):
    """Nothing but the key opens, and no bytes whatever make it fall over."""
    assert may_ask(KEY, given) == answered
    assert may_ask(None, given)


def test_a_key_may_hold_any_letters():
    """As they come over the wire."""
    assert may_ask(Secret("schlüssel"), "schlüssel".encode().decode("utf-8", "surrogateescape"))
