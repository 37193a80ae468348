"""What a person can set for an endpoint of Vibe Kanban; mistakes are found when the settings are loaded."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen
from attrs.validators import ge, gt

from connectors.vibe.repo_path import check_template, normalised
from syncengine.redaction import make_url_known, redact


def _check_url(_instance: object, _attribute: Any, url: str) -> None:
    # The URL may hold a password for a proxy, so messages do not repeat it, whole or in part.
    make_url_known(url)
    try:
        parts = urlsplit(url)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError as error:
        why = "is the password in it quoted?" if "@" in url else error
        raise ValueError(f"url cannot be read: {why}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_number:
        raise ValueError('url must look like "http://127.0.0.1:8080"')
    if parts.query or parts.fragment:
        raise ValueError("url must end with the host, the port or a path; nothing after ? or # belongs there")


def _check_repo_path(_instance: object, _attribute: Any, template: str) -> None:
    if template:
        check_template(template)


def _check_projects(_instance: object, _attribute: Any, projects: Mapping[str, str]) -> None:
    for theirs, ours in projects.items():
        if not theirs.strip() or not ours.strip():
            raise ValueError(f"projects: {theirs!r} = {ours!r} needs a name on both sides")
        if ours.startswith("/"):
            normalised(ours)


@frozen(kw_only=True)
class VibeSettings:
    """
    One Vibe Kanban server.

    Attributes:
        url: where the app answers, with or without `/api` at the end.
        repo_path: where the repository of a new project is made on the server's host, when the description of the
            project does not say so itself; `{identifier}` and `{name}` stand for those of the project.
        use_existing_repo: the repository of a new project must be there already; nothing is made on disk.
        projects: identifier or name of a project on the other side, to id, exact path or name of the project here.
        suspect_after_s: seconds; a good answer to a write that took longer proves nothing (the server has answered
            200 after its 5 second wait for a lock and lost the row).
        key_lookup_lag_s: seconds after a write whose answer was lost until its task is certain to be listed.
        timeout_s: seconds to wait for one answer; longer than the server's own wait for a lock, twice.

    Raises:
        ValueError: a value that cannot be meant, with what to write instead.
    """

    url: str = field(validator=_check_url, repr=lambda url: repr(redact(url)))
    repo_path: str = field(default="", validator=_check_repo_path)
    use_existing_repo: bool = False
    projects: Mapping[str, str] = field(factory=dict, validator=_check_projects)
    suspect_after_s: float = field(default=4.5, validator=gt(0.0))
    key_lookup_lag_s: float = field(default=6.0, validator=ge(0.0))
    timeout_s: float = field(default=15.0, validator=gt(0.0))

    @property
    def base_url(self) -> str:
        """The URL without a slash or `/api` at its end."""
        return self.url.rstrip("/").removesuffix("/api").rstrip("/")
