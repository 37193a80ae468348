"""
JSON read token by token, with the complaints of Vibe Kanban 0.0.71 and their line and column.

The server stops at the first mistake it meets, be it in the grammar (answer 400) or in a type (answer 422), and never
looks at what follows the first value. The standard library reports neither in that order, hence a reader of our own.
"""

import math
import re

import attrs

END = -1
"""What `JsonReader.peek` returns behind the last byte."""

_BLANKS = re.compile(rb"[ \t\r\n]*")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_DIGITS = re.compile(rb"[0-9]*")
_HEX = re.compile(rb"[0-9a-fA-F]{4}")
_ESCAPES = {ord(k): v for k, v in zip('"\\/bfnrt', (b'"', b"\\", b"/", b"\b", b"\f", b"\n", b"\r", b"\t"), strict=True)}
_LITERALS = {ord("n"): b"null", ord("t"): b"true", ord("f"): b"false"}
_LIST, _OBJECT, _QUOTE, _COLON, _COMMA, _MINUS, _ZERO, _POINT = b'[{":,-0.'
_DIGIT, _EXPONENT, _SIGN = frozenset(b"0123456789"), frozenset(b"eE"), frozenset(b"+-")
_CLOSER = {_LIST: ord("]"), _OBJECT: ord("}")}
_KIND = {_LIST: "a list", _OBJECT: "an object"}
_WHOLE = re.compile(rb"-[1-9][0-9]{0,19}|[0-9]{1,20}")  # minus zero is a floating point number to the server
_U64_MAX, _I64_MIN = 2**64 - 1, -(2**63)


class BodyError(Exception):
    """A request body was refused; carries the status (400: not JSON, 422: wrong content) and the server's words."""

    def __init__(self, status: int, message: str, path: str | None = None) -> None:
        super().__init__(message if path is None else f"{path}: {message}")
        self.status = status
        self.message = message
        self.path = path

    def inside(self, step: str) -> "BodyError":
        """The same complaint, one step (a field, or ``[index]``) further out."""
        return BodyError(self.status, self.message, step + (self.path or ""))


@attrs.define
class JsonReader:
    """Reads one JSON value from bytes, from front to back."""

    data: bytes
    at: int = 0

    def peek(self) -> int:
        """The next byte that is not blank, still to be read; `END` behind the last one."""
        blanks = _BLANKS.match(self.data, self.at)
        self.at = blanks.end() if blanks else self.at
        return self._here()

    def not_json(self, what: str, *, ahead: bool = False) -> BodyError:
        """The error for broken JSON at the last byte read, or at the byte `ahead` of it."""
        return BodyError(400, what + self._place(self.at + ahead))

    def wrong(self, what: str) -> BodyError:
        """The error for sound JSON with a content that is not taken."""
        return BodyError(422, what + self._place(self.at))

    def string(self, *, checked: bool = True) -> str:
        """
        Reads the string whose opening quote is next.

        Not `checked`: surrogates and bytes that are no UTF-8 pass, as in fields that the server does not know.
        """
        self.at += 1
        read = bytearray()
        while True:
            plain = _PLAIN.match(self.data, self.at)
            read += plain[0] if plain else b""
            self.at = plain.end() if plain else self.at
            match self._here():
                case 0x22:
                    self.at += 1
                    return self._text(read, checked=checked)
                case 0x5C:
                    self.at += 1
                    read += self._escape(checked=checked)
                case byte if byte == END:
                    raise self.not_json("EOF while parsing a string")
                case _:
                    self.at += checked
                    raise self.not_json("control character (\\u0000-\\u001F) found while parsing a string")

    def literal(self) -> None:
        """Reads ``null``, ``true`` or ``false``, whichever begins with the next byte."""
        for expected in _LITERALS[self._here()]:
            if self._take("EOF while parsing a value") != expected:
                raise self.not_json("expected ident")

    def number(self) -> int | float:
        """Reads a number; a whole one that fits 64 bits is an int, as in the server."""
        text = self._number_text("EOF while parsing a value")
        if _WHOLE.fullmatch(text) and _I64_MIN <= int(text) <= _U64_MAX:
            return int(text)
        value = float(text)
        if math.isinf(value):
            raise self.not_json("number out of range")
        return value

    def _number_text(self, at_the_end: str) -> bytes:
        start = self.at
        self.at += self._here() == _MINUS
        if self._here() == _ZERO:
            self.at += 1
            if self._here() in _DIGIT:
                raise self.not_json("invalid number", ahead=True)
        else:
            self._digits(at_the_end)
        if self._here() == _POINT:
            self.at += 1
            self._digits(at_the_end)
        if self._here() in _EXPONENT:
            self.at += 1
            self.at += self._here() in _SIGN
            self._digits(at_the_end)
        return self.data[start : self.at]

    def colon(self) -> None:
        """Reads the colon behind a key."""
        self._expect(_COLON, "expected `:`")

    def next_in(self, opener: int, *, first: bool) -> bool:
        """
        Whether one more element follows in the list or object begun by `opener`; reads the comma, or the end.

        Raises:
            BodyError: for a missing or a needless comma, a key that is no string, or an early end.
        """
        byte = self.peek()
        if byte == END:
            raise self.not_json(f"EOF while parsing {_KIND[opener]}", ahead=True)
        if byte == _CLOSER[opener]:
            self.at += 1
            return False
        if not first:
            if byte != _COMMA:
                raise self.not_json(f"expected `,` or `{chr(_CLOSER[opener])}`", ahead=True)
            self.at += 1
            byte = self.peek()
            if byte == END:
                raise self.not_json("EOF while parsing a value", ahead=True)
            if byte == _CLOSER[opener]:
                raise self.not_json("trailing comma", ahead=True)
        if opener == _OBJECT and byte != _QUOTE:
            raise self.not_json("key must be a string", ahead=True)
        return True

    def close_list(self) -> None:
        """Reads the end of a list that may hold nothing more."""
        byte = self.peek()
        if byte == _CLOSER[_LIST]:
            self.at += 1
            return
        if byte == END:
            raise self.not_json("EOF while parsing a list", ahead=True)
        if byte == _COMMA:
            self.at += 1
            if self.peek() == _CLOSER[_LIST]:
                raise self.not_json("trailing comma", ahead=True)
        raise self.not_json("trailing characters", ahead=True)

    def close_object(self) -> None:
        """Reads the end of an object that may hold nothing more."""
        byte = self.peek()
        if byte != _CLOSER[_OBJECT]:
            raise self.not_json("EOF while parsing an object" if byte == END else "expected value")
        self.at += 1

    def skip_value(self) -> None:
        """Reads over the next value, however deep, and checks no more than its grammar."""
        opened: list[int] = []
        fresh = self._skip_start(opened)
        while opened:
            byte = self.peek()
            if byte == _CLOSER[opened[-1]]:
                self.at += 1
                opened.pop()
                fresh = False
                continue
            if byte == END:
                raise self.not_json(f"EOF while parsing {_KIND[opened[-1]]}", ahead=True)
            if not fresh:
                self._expect(_COMMA, f"expected `,` or `{chr(_CLOSER[opened[-1]])}`")
            if opened[-1] == _OBJECT:
                self._skip_key()
            fresh = self._skip_start(opened)

    def _skip_start(self, opened: list[int]) -> bool:
        """Reads a whole plain value, or the opening bracket of another (then True)."""
        byte = self.peek()
        if byte in _CLOSER:
            self.at += 1
            opened.append(byte)
            return True
        if byte == _QUOTE:
            self.string(checked=False)
        elif byte in _LITERALS:
            self.literal()
        elif byte == _MINUS or byte in _DIGIT:
            self._number_text("invalid number")
        else:
            raise self.no_value()
        return False

    def _skip_key(self) -> None:
        if self.peek() not in (_QUOTE, END):
            raise self.not_json("key must be a string", ahead=True)
        if self.peek() == END:
            raise self.not_json("EOF while parsing an object", ahead=True)
        self.string(checked=False)
        self.colon()

    def no_value(self) -> BodyError:
        """The error for a place where a value must begin and none does."""
        return self.not_json("EOF while parsing a value" if self.peek() == END else "expected value", ahead=True)

    def _here(self) -> int:
        return self.data[self.at] if self.at < len(self.data) else END

    def _take(self, at_the_end: str) -> int:
        byte = self._here()
        if byte == END:
            raise self.not_json(at_the_end)
        self.at += 1
        return byte

    def _expect(self, wanted: int, complaint: str) -> None:
        byte = self.peek()
        if byte != wanted:
            raise self.not_json("EOF while parsing an object" if byte == END else complaint, ahead=True)
        self.at += 1

    def _place(self, at: int) -> str:
        at = min(at, len(self.data))
        line = self.data.count(b"\n", 0, at) + 1
        line_start = self.data.rfind(b"\n", 0, at) + 1
        return f" at line {line} column {at - line_start}"

    def _text(self, read: bytearray, *, checked: bool) -> str:
        try:
            return read.decode(errors="strict" if checked else "replace")
        except UnicodeDecodeError:
            raise self.not_json("invalid unicode code point") from None

    def _escape(self, *, checked: bool) -> bytes:
        byte = self._take("EOF while parsing a string")
        if byte == ord("u"):
            return self._unicode_escape(checked=checked)
        if byte not in _ESCAPES:
            raise self.not_json("invalid escape")
        return _ESCAPES[byte]

    def _unicode_escape(self, *, checked: bool) -> bytes:
        high = self._four_hex_digits()
        if not checked:
            return b""
        if not 0xD800 <= high <= 0xDFFF:
            return chr(high).encode()
        if high >= 0xDC00:
            raise self.not_json("lone leading surrogate in hex escape")
        for expected in b"\\u":
            if self._take("EOF while parsing a string") != expected:
                raise self.not_json("unexpected end of hex escape")
        low = self._four_hex_digits()
        if not 0xDC00 <= low <= 0xDFFF:
            raise self.not_json("lone leading surrogate in hex escape")
        return chr(0x10000 + ((high - 0xD800) << 10) + low - 0xDC00).encode()

    def _four_hex_digits(self) -> int:
        digits = self.data[self.at : self.at + 4]
        self.at += len(digits)
        if len(digits) < 4:
            raise self.not_json("EOF while parsing a string")
        if not _HEX.fullmatch(digits):
            raise self.not_json("invalid escape")
        return int(digits, 16)

    def _digits(self, at_the_end: str) -> None:
        digits = _DIGITS.match(self.data, self.at)
        if not digits or not digits[0]:
            raise self.not_json(at_the_end if self._here() == END else "invalid number", ahead=True)
        self.at = digits.end()
