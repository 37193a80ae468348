"""
Credentials that a remote refused, remembered beside the log.

Some servers lock an account after a few wrong passwords. A process that is started again and again, by a container engine
or a timer, would try the same wrong one each time; so what was refused is not sent again before somebody changed it or says
so. Of the credentials only a salted and slow digest is kept.
"""

import hashlib
import json
import secrets
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from syncengine.errors import AuthenticationFailed
from syncengine.redaction import Secret, redact
from syncengine.runner.private_file import write_privately
from syncengine.runner.secret_values import is_secret
from syncengine.runner.settings_model import EndpointSettings


@frozen
class RefusedCredentials:
    """
    The memory beside one log; whatever is wrong with its file, it is as if nothing had been refused.

    Attributes:
        log_path: the event log.
        read_only: nothing is written down.
    """

    log_path: Path
    read_only: bool = False

    def known_refusal(self, endpoint: EndpointSettings) -> AuthenticationFailed | None:
        """Why the settings of this endpoint should not be tried: the very same were refused before. None when they may."""
        kept = self._read().get(endpoint.name)
        said = _identity(endpoint)
        if said is None or not isinstance(kept, dict):
            return None
        try:
            same = secrets.compare_digest(_digest(said, bytes.fromhex(kept["salt"])), kept["digest"])
            when, why = kept["at"], kept["reason"]
        except (KeyError, TypeError, ValueError):
            return None
        return AuthenticationFailed(_told(endpoint.name, when, why)) if same else None

    def remember(self, endpoint: EndpointSettings, error: AuthenticationFailed, at: datetime) -> None:
        """These settings were refused; only the last ones of each endpoint are kept."""
        said = _identity(endpoint)
        if said is not None:
            salt = secrets.token_bytes(16)
            when = at.strftime("%Y-%m-%d %H:%M UTC")
            note = {"salt": salt.hex(), "digest": _digest(said, salt), "at": when, "reason": redact(error.message)}
            self._write({**self._read(), endpoint.name: note})

    def forget(self, *names: str) -> None:
        """These endpoints may be tried again, with whatever they have; all of them when none is named."""
        kept = self._read()
        left = {name: note for name, note in kept.items() if names and name not in names}
        if left != kept:
            self._write(left)

    @property
    def _path(self) -> Path:
        return self.log_path.with_name(f"{self.log_path.name}.refused.json")

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}

    def _write(self, notes: dict[str, Any]) -> None:
        if self.read_only:
            return
        with suppress(OSError):
            if not notes:
                self._path.unlink(missing_ok=True)
                return
            write_privately(self._path, json.dumps(notes))


def _told(name: str, when: str, why: str) -> str:
    return (
        f"these credentials were refused at {when} ({why}) and are not tried again, because some servers lock an account "
        f"after a few attempts; correct [endpoints.{name}], or, when you have put it right over there, use "
        "`syncengine run --once --retry-refused`"
    )


def _identity(endpoint: EndpointSettings) -> bytes | None:
    """Everything that is said about an endpoint, secrets in plain text; None when there is no secret to be refused."""
    told, any_secret = [], False
    for attribute in attrs.fields(type(endpoint.settings)):
        value = getattr(endpoint.settings, attribute.name)
        if isinstance(value, Secret) or is_secret(attribute):
            any_secret = any_secret or bool(value)
            value = value.reveal() if isinstance(value, Secret) else value
        told.append((attribute.name, str(value)))
    return repr((endpoint.plugin.name, told)).encode("utf-8", "surrogatepass") if any_secret else None


def _digest(said: bytes, salt: bytes) -> str:
    # Memory-hard, so that the file is of no use to somebody who would guess a password with it.
    return hashlib.scrypt(said, salt=salt, n=2**14, r=8, p=1).hex()
