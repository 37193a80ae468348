"""Finding the services of a Huly server, logging in, and keeping a workspace token that is accepted."""

import asyncio
from hashlib import sha256
from typing import Any

from yarl import URL

from connectors.huly.payloads import Login, ServerConfig, WorkspaceLogin, read
from connectors.huly.refusals import account_result
from connectors.huly.settings import HulySettings
from connectors.huly.wire import Wire, http_url
from syncengine.connector import Secret
from syncengine.errors import (
    AuthenticationFailed,
    ConfigurationError,
    ConnectorError,
    EndpointGone,
    PermissionDenied,
    SyncEngineError,
)
from syncengine.redaction import redact

_WRITING_ROLES = frozenset({"USER", "MAINTAINER", "OWNER", "ADMIN"})

_refused_logins: set[str] = set()
"""Credentials that were refused while this process runs, as digests; they are never sent again."""


async def read_server_config(wire: Wire, settings: HulySettings) -> ServerConfig:
    """
    Where the services are, by the server's `config.json`; addresses in the settings win.

    Raises:
        Unreachable: nobody answers at `url`.
        EndpointGone: somebody answers, but not as the web application of Huly.
        ConfigurationError: the server is older than 0.7.
    """
    if settings.accounts_url and settings.collaborator_url:
        return ServerConfig(accounts_url=settings.accounts_url, collaborator_url=settings.collaborator_url)
    url = http_url(settings.url) / "config.json"
    answer = await wire.get(url)
    if answer.status != 200 or not answer.is_json:
        kind = answer.content_type or "no content type"
        raise EndpointGone(
            f"{redact(str(url))} answered {answer.status} with {kind}, not with the settings of a Huly server; `url` must "
            "be the address of Huly's web application, for example https://huly.example.com"
        )
    config = read(ServerConfig, answer.json(), source=redact(str(url)))
    if config.version.lstrip("v").startswith("0.6"):
        raise ConfigurationError(f"{redact(settings.url)} runs Huly {config.version}; this connector needs 0.7 or later")
    return ServerConfig(
        accounts_url=settings.accounts_url or config.accounts_url,
        collaborator_url=settings.collaborator_url or config.collaborator_url,
        version=config.version,
    )


class WorkspaceSession:
    """A login to one workspace; hands out its token and gets a new one when that is refused."""

    def __init__(self, wire: Wire, settings: HulySettings, accounts_url: URL) -> None:
        self._wire = wire
        self._settings = settings
        self._url = accounts_url
        self._login_token = settings.token
        self._renewing = asyncio.Lock()
        self._entrance: WorkspaceLogin | None = None

    @property
    def entrance(self) -> WorkspaceLogin:
        """What the last choice of the workspace answered."""
        if self._entrance is None:
            raise AssertionError("the session was never entered")
        return self._entrance

    async def enter(self) -> WorkspaceLogin:
        """
        Log in and choose the workspace.

        Raises:
            AuthenticationFailed: the credentials are refused; they are not sent again by this process.
            PermissionDenied: the account is no member of the workspace, or may only read.
            ConfigurationError: there is no such workspace; Huly chose another one or none.
            EndpointGone: the address is not that of the account service.
        """
        if not self._login_token:
            self._login_token = await self._log_in()
        self._entrance = await self._choose_workspace()
        return self._entrance

    async def renew(self, refused_token: Secret) -> None:
        """
        Get another workspace token in place of one that was refused; several callers get one together.

        Raises:
            AuthenticationFailed: there is none; with a token from the settings, always.
        """
        async with self._renewing:
            if self.entrance.token != refused_token:
                return
            if self._settings.token:
                raise AuthenticationFailed("Huly does not accept the token any more; put a fresh one into the settings")
            try:
                self._entrance = await self._choose_workspace()
            except AuthenticationFailed:
                # The login itself ended; the password was right before, and is tried once.
                self._login_token = await self._log_in()
                self._entrance = await self._choose_workspace()

    async def _log_in(self) -> Secret:
        who = {"email": self._settings.email, "password": self._settings.password.reveal()}
        digest = sha256(repr((str(self._url), *who.values())).encode()).hexdigest()
        if digest in _refused_logins:
            raise AuthenticationFailed(
                f"Huly refused {self._settings.email} with this password before; it is not tried again, because five "
                "wrong passwords lock the account. Correct `email` and `password` in the settings, then start again"
            )
        try:
            login = read(Login, await self._call("login", who), source="Huly's account service")
        except AuthenticationFailed as error:
            _refused_logins.add(digest)
            raise AuthenticationFailed(f"{self._settings.email}: {error.message}") from error
        if login.needs_second_factor:
            raise AuthenticationFailed("the account asks for a second factor; use `token` in the settings instead")
        if not login.token:
            raise AuthenticationFailed("the e-mail address of the account was never confirmed; do that in Huly first")
        return login.token

    async def _choose_workspace(self) -> WorkspaceLogin:
        slug = self._settings.workspace
        choice = {"workspaceUrl": slug, "kind": "external", "externalRegions": []}
        try:
            chosen = await self._call("selectWorkspace", choice, token=self._login_token)
        except PermissionDenied as error:
            raise PermissionDenied(f"{error.message}{await self._own_workspaces()}") from error
        entrance = read(WorkspaceLogin, chosen, source="Huly's account service")
        if entrance.slug != slug:
            raise ConfigurationError(
                f"there is no workspace {slug!r}; Huly offered {entrance.slug!r} instead, which was not touched. "
                f"Correct `workspace` in the settings{await self._own_workspaces()}"
            )
        if entrance.role and entrance.role not in _WRITING_ROLES:
            raise PermissionDenied(
                f"the account has the role {entrance.role} in workspace {slug!r} and may not write; give it USER or higher"
            )
        return entrance

    async def _own_workspaces(self) -> str:
        """The end of a message: which workspaces the account could use."""
        try:
            listed = await self._call("getUserWorkspaces", {}, token=self._login_token)
            slugs = sorted(str(each["url"]) for each in listed)
        except (SyncEngineError, LookupError, TypeError):
            return ""
        return f" (the account's workspaces: {', '.join(slugs)})" if slugs else " (the account has no workspace)"

    async def _call(self, method: str, params: dict[str, Any], *, token: Secret | None = None) -> Any:
        payload = {"method": method, "params": params}
        try:
            answer = await self._wire.post_once(self._url, payload, token=token, changes=False)
            return account_result(answer, workspace=self._settings.workspace)
        except ConnectorError as error:
            error.operation = error.operation or method
            raise
