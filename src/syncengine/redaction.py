"""
Secrets, and striking them out of everything a person or a file may get to see.

Whoever holds a secret holds it as a `Secret`. Making one is what makes its value known to `redact`, which the library runs
over everything that leaves it: errors of connectors before they are stored, log lines, messages, tracebacks.
"""

import base64
import json
import re
from collections import OrderedDict
from collections.abc import Iterator
from threading import Lock
from urllib.parse import quote, quote_plus

MASK = "***"

SHORTEST = 4
"""Characters; shorter values are not struck out of texts, too many words would lose a letter."""

KEPT = 1_000
"""Values that are remembered; a process that renews a session token every minute forgets those of last night."""


class Secret:
    """
    A text that prints as `***`; `reveal` gives it to the one call that needs it.

    Two are equal when their texts are. Making one makes its text known to `redact`.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Hold this text."""
        self._value = value
        _KNOWN.add(value)

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


class _Known:
    """The values that must not be seen, and one pattern that finds them all."""

    def __init__(self) -> None:
        self._values: OrderedDict[str, None] = OrderedDict()
        self._lock = Lock()
        self._pattern: re.Pattern[str] | None = None

    def add(self, value: str) -> None:
        """Strike this out from now on."""
        if len(value) < SHORTEST:
            return
        with self._lock:
            fresh = value not in self._values
            self._values[value] = None
            self._values.move_to_end(value)
            while len(self._values) > KEPT:
                self._values.popitem(last=False)
            if fresh:
                self._pattern = None

    def struck_out(self, text: str) -> str:
        """The text without any of them."""
        pattern = self._pattern
        if pattern is None:
            with self._lock:
                spelled = {form for value in self._values for form in _spellings(value)}
                # The longest first, or a secret that begins another one would leave the rest of it behind.
                words = "|".join(re.escape(form) for form in sorted(spelled, key=len, reverse=True))
                pattern = self._pattern = re.compile(words or r"(?!)")
        return pattern.sub(MASK, text)


def _spellings(value: str) -> Iterator[str]:
    """How a value looks inside URLs, JSON, `repr` and basic authentication."""
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield quote(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield repr(value)[1:-1]
    yield base64.b64encode(value.encode()).decode().rstrip("=")


_KNOWN = _Known()

# What is a secret by its place, whoever it belongs to: another server's token in an error text, say.
_BY_PLACE = (
    (re.compile(r"(?i)\b((?:proxy-)?authorization\s*[:=]\s*[\"']?(?:\w+\s+)?)[^\s\"',;&]+"), r"\1" + MASK),
    (re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}"), r"\1" + MASK),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?"), MASK),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@\"'?#]+@"), r"\1" + MASK + "@"),
    (
        re.compile(
            r"(?i)([\"']?\b[\w-]*(?:password|passphrase|passwd|secret|token|api[_-]?key|cookie)[\"']?\s*[:=]\s*)"
            r"(\"[^\"]*\"|'[^']*'|[^\s\"'&,;)}\]]+)"
        ),
        r"\1" + MASK,
    ),
)


def redact(text: str) -> str:
    """The text without known secrets, and without what stands where secrets stand (headers, URLs, `token=...`)."""
    text = _KNOWN.struck_out(text)
    for pattern, by in _BY_PLACE:
        text = pattern.sub(by, text)
    return text
