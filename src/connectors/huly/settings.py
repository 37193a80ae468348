"""The settings of a Huly endpoint."""

from collections.abc import Mapping

from attrs import field, frozen, validators

from syncengine.connector import Secret
from syncengine.redaction import make_url_known, redact

MOST_WRITERS = 4
"""More writers at once than this were seen to lock up a server for minutes (observed 27)."""


def _shown(text: str) -> str:
    # A URL may hold a password for a proxy, and people keep more than passwords in variables.
    return repr(redact(text))


@frozen(kw_only=True)
class HulySettings:
    """
    Where a Huly workspace is and who logs in to it.

    Attributes:
        url: address of the web application; its `config.json` names the other services.
        workspace: the workspace as in its address, `https://huly.example.com/workbench/THIS`.
        email, password: an account that is a member of the workspace.
        token: in place of e-mail and password, a token of such an account. Both may be given as plain texts and are kept as
            secrets.
        accounts_url, transactor_url, collaborator_url: in place of what the server says about itself, for servers that
            name addresses which only they can reach.
        statuses: shared word (backlog, todo, in_progress, in_review, done, cancelled) by name of a Huly status, where the
            name and the category of the status say something else.
        projects: identifiers of the projects to sync; empty for all.
        join_projects: make the account a member of projects it is not in; Huly hides their issues otherwise.
        requests_per_s: upper bound of the request rate; the server's own limit is 50 (observed 26).
        max_writers: writes in flight at once, 4 at most.
        timeout_s: seconds after which one request is given up.
    """

    url: str = field(repr=_shown)
    workspace: str
    email: str = field(default="", repr=_shown)
    password: Secret = field(default=Secret(""), converter=Secret)
    token: Secret = field(default=Secret(""), converter=Secret)
    accounts_url: str = field(default="", repr=_shown)
    transactor_url: str = field(default="", repr=_shown)
    collaborator_url: str = field(default="", repr=_shown)
    statuses: Mapping[str, str] = field(factory=dict)
    projects: tuple[str, ...] = ()
    join_projects: bool = True
    requests_per_s: float = field(default=20.0, validator=validators.gt(0))
    max_writers: int = field(default=MOST_WRITERS, validator=[validators.ge(1), validators.le(MOST_WRITERS)])
    timeout_s: float = field(default=30.0, validator=validators.gt(0))

    def __attrs_post_init__(self) -> None:
        for name in ("url", "accounts_url", "transactor_url", "collaborator_url"):
            value = getattr(self, name)
            make_url_known(value)
            if value and not value.startswith(("http://", "https://", "ws://", "wss://")):
                raise ValueError(f"{name} must begin with http:// or https://, not {redact(value)[:40]!r}")
        if not self.url or not self.workspace:
            raise ValueError("url and workspace must not be empty")
        if "/" in self.workspace:
            raise ValueError("workspace is the last part of the address only, the one after /workbench/")
        if self.token and (self.email or self.password):
            raise ValueError("give either token, or email and password, not both")
        if not self.token and not (self.email and self.password):
            raise ValueError("give email and password, or a token")
