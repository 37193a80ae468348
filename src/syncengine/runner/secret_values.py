"""Secrets in settings: where else they may stand, which settings are some, and making them known to `redact`."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from attrs import Attribute, field, frozen

from syncengine.redaction import LONG, MASK, SHORTEST, Secret, make_known, make_url_known
from syncengine.runner.problems import misfit

_SECRET_WORDS = ("password", "passphrase", "secret", "token", "api_key", "apikey")


@frozen(kw_only=True)
class SecretReader:
    """
    Reads `{env = "NAME"}` and `{file = "path"}`.

    Attributes:
        folder: what relative paths are relative to.
        environ: the environment variables.
        seen: every secret that was read, so that no message repeats one.
    """

    folder: Path
    environ: Mapping[str, str]
    seen: set[str] = field(factory=set)

    def read(self, table: Mapping[str, Any]) -> str:
        """
        The text a table stands for.

        Raises:
            Misfits: the variable or file is missing or empty, or the table is none of the two.
        """
        match dict(table):
            case {"env": str(name), **rest} if not rest:
                secret = self._of_variable(name)
            case {"file": str(path), **rest} if not rest:
                secret = self._of_file(path)
            case _:
                raise misfit('must be a text, {env = "NAME"} or {file = "path"}')
        self.seen.add(secret)
        make_guarded_known(secret)
        return secret

    def struck_out(self, text: str) -> str:
        """The text without any secret that was read."""
        for secret in sorted(self.seen, key=len, reverse=True):
            if len(secret) >= SHORTEST:
                text = text.replace(secret, MASK)
        return text

    def _of_variable(self, name: str) -> str:
        secret = self.environ.get(name)
        if not secret:
            state = "not set" if secret is None else "empty"
            raise misfit(f"the environment variable {name} is {state}; set it, or name another one")
        return secret

    def _of_file(self, path: str) -> str:
        place = self.folder / Path(path).expanduser()
        try:
            secret = place.read_text("utf-8")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is no text"
            raise misfit(f"the file {place} cannot be read: {why}") from error
        # Editors end files with a line break; no password does.
        secret = secret.rstrip("\r\n")
        if not secret:
            raise misfit(f"the file {place} is empty")
        return secret


def is_secret(attribute: "Attribute[Any]") -> bool:
    """
    Whether a setting of a connector is a secret: by its type, else by `metadata={"secret": True}`, else by its name.

    `Secret` is what connectors should use; the other two are for those who hold secrets as plain texts.
    """
    if attribute.type is Secret or Secret in get_args(attribute.type):
        return True
    said = attribute.metadata.get("secret")
    return bool(said) if said is not None else any(word in attribute.name.lower() for word in _SECRET_WORDS)


def make_guarded_known(text: str) -> None:
    """
    Strike out a text that somebody keeps in a variable or a file of its own, which is what people do with secrets.

    Not with addresses, whose passwords and queries are struck out wherever they stand, and not with short words: both are
    needed in messages, and who keeps the name of a workspace in a variable would find it missing from every line.
    """
    if "://" not in text and len(text) >= LONG:
        make_known(text)


def texts_in(value: Any) -> Iterator[str]:
    """All texts in a setting."""
    match value:
        case str():
            yield value
        case Mapping():
            for inner in value.values():
                yield from texts_in(inner)
        case list() | tuple() | set() | frozenset():
            for inner in value:
                yield from texts_in(inner)


def note_url(text: str) -> str:
    """The text; where it is a URL, what must not be seen of it is known from now on."""
    if "://" in text:
        make_url_known(text)
    return text
