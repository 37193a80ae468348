"""
Secrets, and striking them out of everything a person or a file may get to see.

Whoever holds a secret holds it as a `Secret`. Making one is what makes its value known to `redact`, which the library runs
over everything that leaves it: errors of connectors before they are stored, log lines, messages, tracebacks.

What `redact` does not find: known values shorter than `SHORTEST`, blank ones and ones made of asterisks alone; half of a
value that another known value overlaps; a value that was cut in two before it came here, so redact first and cut then.
"""

import base64
import html
import json
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from threading import RLock
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID
from weakref import WeakValueDictionary

from syncengine.secret_places import MASK, is_secret_name, may_be_a_place, struck_out_by_place

SHORTEST = 4
"""Characters; shorter values are not struck out of texts, too many words would lose a letter."""

KEPT = 200
"""Values that are remembered although no `Secret` holds them any more, such as session tokens that were renewed."""

LONG = 8
"""Characters from which a value that only may be a secret (a part of a query in a URL) is taken for one."""

__all__ = [
    "KEPT",
    "LONG",
    "MASK",
    "SHORTEST",
    "Secret",
    "is_clean",
    "make_known",
    "make_url_known",
    "redact",
    "redacted",
]

_SAME_EVERYWHERE = re.compile(r"[A-Za-z0-9]+")
"""What looks the same in URLs, JSON, HTML, `repr` and as it is."""


class Secret:
    """
    A text that prints as `***`; `reveal` gives it to the one call that needs it.

    Two are equal when their texts are. Making one makes its text known to `redact`.
    """

    __slots__ = ("__weakref__", "_value")

    def __init__(self, value: "str | Secret") -> None:
        """Hold this text; the one of another secret works too, so that `Secret` can be the converter of an attribute."""
        self._value: str = value.reveal() if isinstance(value, Secret) else value
        _KNOWN.add(self._value, holder=self)

    def reveal(self) -> str:
        """The text itself; hand it on, never store or print it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash((Secret, self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> tuple[object, ...]:
        raise TypeError("a secret is not pickled or copied; reveal it where it is needed")


class _Finder:
    """
    Finds some spellings of one value.

    Attributes:
        needle: a part that all of them have; empty when there is none.
        pattern: finds them, the longest first.
    """

    __slots__ = ("length", "needle", "pattern")

    def __init__(self, value: str, *spellings: str) -> None:
        self.needle = max(_SAME_EVERYWHERE.findall(value), key=len, default="")
        self.length = len(value)
        by_length = sorted({value, *spellings}, key=len, reverse=True)
        self.pattern = re.compile("|".join([*map(re.escape, by_length), _in_urls(value)]))


class _Known:
    """The values that must not be seen."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, tuple[_Finder, ...]] = OrderedDict()
        self._kept_for_ever: set[str] = set()
        self._holders: WeakValueDictionary[int, Secret] = WeakValueDictionary()
        self._lock = RLock()
        self._finders: tuple[_Finder, ...] = ()
        self._needles: tuple[str, ...] = ()

    def add(self, value: str, *, holder: Secret | None) -> None:
        """Strike this out from now on, at least while it is held; for ever when nobody holds it."""
        if len(value) < SHORTEST or not value.strip("* \t\r\n"):
            return
        with self._lock:
            if holder is None:
                self._kept_for_ever.add(value)
            else:
                self._holders[id(holder)] = holder
            if value in self._values:
                self._values.move_to_end(value)
                return
            self._values[value] = tuple(_finders_of(value))
            self._forget_the_oldest()
            # The longest first, or a value inside another one would leave the rest of that behind.
            finders = (finder for each in self._values.values() for finder in each)
            self._finders = tuple(sorted(finders, key=lambda it: it.length, reverse=True))
            self._needles = tuple(finder.needle for finder in self._finders)

    def _forget_the_oldest(self) -> None:
        too_many = len(self._values) - len(self._kept_for_ever) - KEPT
        if too_many <= 0:
            return
        needed = self._kept_for_ever | {it.reveal() for it in self._holders.values()}
        for value in [it for it in self._values if it not in needed][:too_many]:
            del self._values[value]

    def may_be_in(self, text: str) -> bool:
        """Whether one may be in a text; False is certain, also for texts that were put into JSON."""
        return any(map(text.__contains__, self._needles))

    def struck_out(self, text: str) -> str:
        """The text without any of them."""
        for finder in self._finders:
            if finder.needle in text:
                text = finder.pattern.sub(MASK, text)
        return text


def _finders_of(value: str) -> Iterator[_Finder]:
    yield _Finder(value, *_spellings(value))
    for inside in _inside_base64(value):
        # The two alphabets of Base64 differ in these two signs, which also end what looks the same everywhere.
        yield _Finder(inside, inside.replace("+", "-").replace("/", "_"))


def _spellings(value: str) -> Iterator[str]:
    """How a value looks inside JSON, JSON inside JSON, HTML and `repr`."""
    yield repr(value)[1:-1]
    yield repr("'\"" + value)[4:-1]  # with the apostrophes escaped, as in a text that also has quotation marks
    yield repr(_as_bytes(value))[2:-1]
    yield html.escape(value)
    yield html.escape(value, quote=False)
    for ascii_only in (True, False):
        in_json = json.dumps(value, ensure_ascii=ascii_only)[1:-1]
        yield in_json
        yield in_json.replace("/", "\\/")
        yield json.dumps(in_json, ensure_ascii=ascii_only)[1:-1]


def _in_urls(value: str) -> str:
    """A pattern for a value in a URL; which characters are quoted there is a matter of taste."""
    return "".join(it if _SAME_EVERYWHERE.fullmatch(it) else _quoted_or_not(it) for it in value)


def _quoted_or_not(character: str) -> str:
    quoted = "".join(f"%{byte:02x}" for byte in _as_bytes(character))
    in_form = r"|\+" if character == " " else ""
    return f"(?:(?i:{quoted})|{re.escape(character)}{in_form})"


def _inside_base64(value: str) -> Iterator[str]:
    """What is certain to stand in Base64 of any text that holds the value, as in basic authentication; three cases."""
    raw = _as_bytes(value)
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode()
        inside = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        if len(inside) > SHORTEST:
            yield inside


def _as_bytes(value: str) -> bytes:
    # Environment variables may hold bytes that are no UTF-8; they arrive as halves of surrogate pairs.
    with suppress(UnicodeEncodeError):
        return value.encode("utf-8", "surrogateescape")
    return value.encode("utf-8", "surrogatepass")


_KNOWN = _Known()


def make_known(value: str) -> None:
    """Strike this value out from now on, for secrets that somebody holds as plain text."""
    _KNOWN.add(value, holder=None)


def make_url_known(url: str) -> None:
    """Strike out the password in a URL and the long values in its query; the rest of the URL may be seen."""
    user, password, queries = _parts_of_url(url)
    # A name without a password, or a very long one, is a token.
    secrets = [password] if password and len(user) < 2 * LONG else [password, user]
    for text in queries:
        pairs = parse_qsl(text) if "=" in text else []
        secrets += [given for name, given in pairs if len(given) >= LONG or is_secret_name(name)]
    for secret in secrets:
        make_known(secret)
        make_known(unquote(secret))


def _parts_of_url(url: str) -> tuple[str, str, tuple[str, ...]]:
    """User, password, and what may be a query."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # no number, where a password with a slash was not quoted
        return parts.username or "", parts.password or "", (parts.query, parts.fragment)
    except ValueError:
        user, _, password = url.partition("://")[2].rpartition("@")[0].partition(":")
        return user, password, ()


def redact(text: str) -> str:
    """The text without known secrets, and without what stands where secrets stand (headers, URLs, `token=...`)."""
    return struck_out_by_place(_KNOWN.struck_out(text))


def redacted(value: Any) -> Any:
    """The same for plain data: every text in it, keys too; what stands under a name like "password" is struck out whole."""
    match value:
        case None | bool() | int() | float() | UUID() | date():
            return value
        case str():
            return redact(value)
        case Mapping():
            return {redacted(key): _redacted_under(key, it) for key, it in value.items()}
        case list() | tuple() | set() | frozenset():
            return [redacted(it) for it in value]
        case _:
            return redact(str(value))


def _redacted_under(key: object, value: Any) -> Any:
    if isinstance(key, str) and isinstance(value, str) and value and is_secret_name(key):
        return MASK
    return redacted(value)


def is_clean(text: str) -> bool:
    """
    Whether nothing has to be struck out, at a glance.

    True is certain, also for the texts inside when this one is JSON; False says that `redact` or `redacted` has to look.
    """
    return not _KNOWN.may_be_in(text) and not may_be_a_place(text)
