"""Secrets that stand somewhere else than in the settings file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import Attribute, field, frozen

from syncengine.runner.problems import misfit

_SECRET_WORDS = ("password", "passphrase", "secret", "token", "api_key", "apikey")

_SHORTEST = 4
"""Shorter texts are not struck out of messages: too many words would lose a letter."""


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
        return secret

    def struck_out(self, text: str) -> str:
        """The text without any secret that was read."""
        for secret in sorted(self.seen, key=len, reverse=True):
            if len(secret) >= _SHORTEST:
                text = text.replace(secret, "***")
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
    """Whether a setting of a connector is a secret: it says so (`metadata={"secret": True}`), or its name does."""
    said = attribute.metadata.get("secret")
    return bool(said) if said is not None else any(word in attribute.name.lower() for word in _SECRET_WORDS)
