r"""
Secrets by the place they stand in, whoever they belong to: another server's token in an error text, say.

Every pattern here is linear: no two repetitions of it can match the same characters, and what could run on from every
start is bounded or possessive (`*+`). A text of a megabyte that was made to be slow must not hold up a log line.

Texts arrive cut, quoted and quoted again, so a closing quote may be missing, and quotes may have backslashes before them.
What is struck out ends before the closing quote, so that JSON stays JSON.
"""

import base64
import binascii
import re
from collections.abc import Callable

MASK = "***"

_LIKELY = 6
"""Characters from which a word that looks like no word is taken for a secret."""

_CERTAIN = 24
"""Characters from which any word after the name of a secret is taken for one."""

_NAME = (
    r"(?:pass(?:word|phrase|wd|code)|secret|token|credentials?"
    r"|(?:api|access|private|secret|signing|encryption)[_-]?key|authorization)"
)
_QUOTE = r"\\{0,7}[\"']"
_OF_HEADER = r"(?:(?:proxy-)?authorization|(?:set-)?cookie2?)"
_INSIDE_QUOTES = (
    r"(?:(?<=(?<!\\)\")(?!\")[^\"\\]*+(?:\\.[^\"\\]*+)*+"
    r"|(?<=(?<!\\)')(?!')[^'\\]*+(?:\\.[^'\\]*+)*+"
    r"|[^\\\"']++)"
)
"""After a plain quote up to the next one that is not escaped; after an escaped quote up to any quote."""
_WORD = r"[^\s\"'&,;(){}\[\]<>\\]"
_NOTHING = frozenset({"null", "none", "nil", "true", "false", "undefined", "str", "bytes"})

Replacement = str | Callable[[re.Match[str]], str]


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.ASCII | re.DOTALL)


def _word_masked(found: re.Match[str]) -> str:
    """`token=abc` always; `token: abc`, as people write too, only where the word looks like no word."""
    before, word = found["before"], found["word"]
    if word.lower() in _NOTHING or (before[-1:].isspace() and not _looks_random(word)):
        return found[0]
    return before + MASK


def _bearer_masked(found: re.Match[str]) -> str:
    return found["before"] + MASK if _looks_random(found["word"]) else found[0]


def _basic_masked(found: re.Match[str]) -> str:
    word = found["word"]
    try:
        inside = base64.b64decode(word + "=" * (-len(word) % 4))
    except (binascii.Error, ValueError):
        return found[0]
    return found["before"] + MASK if b":" in inside else found[0]


def _web_token_masked(found: re.Match[str]) -> str:
    return MASK if "." in found[0] else found[0]


def _looks_random(word: str) -> bool:
    """Whether this is probably no word of a language: it has a digit, a capital inside, or a sign words do not have."""
    return len(word) >= _CERTAIN or (len(word) >= _LIKELY and _UNLIKE_WORDS.search(word) is not None)


_UNLIKE_WORDS = re.compile(r"[0-9_~+=!$%^#@*]|[a-z][A-Z]")

_PLACES: tuple[tuple[tuple[str, ...], re.Pattern[str], Replacement], ...] = (
    (
        ("private key",),
        _compiled(r"(-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----)(?:(?!-----END).)*+"),
        r"\1" + MASK,
    ),
    # {"password": "..."}, token='...', \"api_key\": \"...\", <input name="token" value="...">
    (
        ("pass", "secret", "token", "credential", "key", "authorization"),
        _compiled(
            rf"(?P<before>{_NAME}(?:{_QUOTE})?\s{{0,9}}(?:=>|[:=]|%3[AD])\s{{0,9}}b?"
            rf"|{_NAME}{_QUOTE}\s{{1,9}}(?:[\w-]{{1,20}}={_QUOTE}[\w-]{{0,20}}{_QUOTE}\s{{1,9}})?(?:value|content)\s{{0,9}}=\s{{0,9}})"
            rf"(?P<quote>{_QUOTE}){_INSIDE_QUOTES}"
        ),
        r"\g<before>\g<quote>" + MASK,
    ),
    # ('Authorization', 'Basic ...'), b"Cookie": b"..."
    (
        ("authorization", "cookie"),
        _compiled(rf"({_OF_HEADER}{_QUOTE}\s{{0,9}}[,:]\s{{0,9}}b?{_QUOTE}){_INSIDE_QUOTES}"),
        r"\1" + MASK,
    ),
    # Authorization: Digest username="...", response="..."
    (
        ("authorization",),
        _compiled(r"(authorization\s{0,9}[:=]\s{0,9}(?:digest|hawk|oauth|signature|aws4-hmac-sha256)\s)[^\r\n]++"),
        r"\1" + MASK,
    ),
    # Authorization: Basic ..., password=..., token: ...
    (
        ("pass", "secret", "token", "credential", "key", "authorization"),
        _compiled(
            rf"(?P<before>{_NAME}(?:{_QUOTE})?[ \t]{{0,9}}(?:[:=]|%3[AD])[ \t]{{0,9}}"
            rf"(?:(?:basic|bearer|digest|negotiate|ntlm|token|apikey)(?:\s|%20){{1,9}})?)(?P<word>{_WORD}++)"
        ),
        _word_masked,
    ),
    # ?sig=..., &key=...
    (
        ("?", "&"),
        _compiled(rf"([?&](?:key|sig|signature|auth|sid|session|session_?id|code)=){_WORD}++"),
        r"\1" + MASK,
    ),
    # Set-Cookie: sid=...; Path=/
    (
        ("cookie", "morsel"),
        _compiled(
            r"((?:cookie2?|morsel)\s{0,9}[:=]\s{0,9})"
            r"(?:[^\s=;,\"'\\]{1,200}=\\{0,7}[\"']?[^\r\n\"'\\]++(?:\\{0,7}[\"']\s{0,9})?)++"
        ),
        r"\1" + MASK,
    ),
    (("bearer",), _compiled(r"(?P<before>bearer(?:\s|%20){1,9})(?P<word>[\w.~+/=-]++)"), _bearer_masked),
    (("basic",), _compiled(r"(?P<before>basic(?:\s|%20){1,9})(?P<word>[A-Z0-9+/]{4,}+={0,2})"), _basic_masked),
    (("eyj",), re.compile(r"eyJ[\w-]{8,}+(?:\.[\w-]++)*+", re.ASCII), _web_token_masked),
    # https://user:password@host
    (("@",), _compiled(r"(:\\{0,7}/\\{0,7}/)[^\s/\"'?#<>\\]*@"), r"\1" + MASK + "@"),
    # <password>...</password>
    (
        ("pass", "secret", "token", "credential", "key"),
        _compiled(rf"(<[\w:.-]{{0,60}}{_NAME}>)[^<]++(?=</)"),
        r"\1" + MASK,
    ),
)

_AT_A_GLANCE = (
    *("password", "passphrase", "passwd", "passcode", "secret", "token", "credential", "authorization"),
    *("apikey", "accesskey", "privatekey", "signingkey", "encryptionkey", "_key", "-key", "private key"),
    *("cookie", "morsel", "bearer", "basic", "eyj", "@"),
    *("key=", "sig=", "signature=", "auth=", "sid=", "session=", "sessionid=", "session_id=", "code="),
)


def may_be_a_place(text: str) -> bool:
    """Whether secrets may stand in a text by its look; False is certain, also for texts that were put into JSON."""
    lowered = text.lower()
    return any(map(lowered.__contains__, _AT_A_GLANCE))


def struck_out_by_place(text: str) -> str:
    """The text without what stands where secrets stand."""
    lowered = text.lower()
    for words, pattern, by in _PLACES:
        if any(map(lowered.__contains__, words)):
            text = pattern.sub(by, text)
    return text


_WHOLE_NAME = _compiled(rf"(?:.*[^a-z])?(?:{_NAME}|(?:set-)?cookie2?)|\w*{_NAME}")


def is_secret_name(name: str) -> bool:
    """Whether a name (of a header, a part of a query, a key in JSON) is that of a secret."""
    return len(name) <= 100 and _WHOLE_NAME.fullmatch(name) is not None
