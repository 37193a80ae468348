"""The sandbox as a server on this machine."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from aiohttp import web

from connectors.huly.sandbox.accounts import Account, Workspace
from connectors.huly.sandbox.application import HOST, seed, serve
from connectors.huly.sandbox.control import Controls
from connectors.huly.sandbox.faults import Faults
from connectors.huly.sandbox.person import NoSuchThingError, Person
from connectors.huly.sandbox.request_log import RequestLog
from connectors.huly.sandbox.saved_state import load_state, save_state
from connectors.huly.sandbox.service import Service
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.huly.sandbox.store import WorkspaceStore
from connectors.huly.sandbox.views import IssueSeen, ProjectSeen

_SECRET = "sandbox-secret"  # noqa: S105  # signs tokens of a server that only this machine reaches
_PERSON_EMAIL = "ada@example.com"
# Methods that the control route offers.
_OFFERED = (
    *("create_project", "edit_project", "remove_project", "add_member", "remove_member", "projects"),
    *("create_issue", "edit_issue", "set_description", "remove_issue", "issue", "issues", "add_status"),
    *("settle", "revoke_membership", "grant_membership", "unlock", "forget_rate_limits"),
)


class HulySandbox:
    """A server that behaves like Huly 0.7.423, with one workspace, one account for the connector and one person.

    Use as `async with HulySandbox() as sandbox`. The person owns the workspace and makes the edits of the methods
    below; the account of the connector is a member with role USER. The connector is a member of every project that
    `create_project` makes, unless told otherwise. The stock project `TSK` is left out unless asked for.

    Args:
        email, password, slug: what the connector logs in with; the person has the same password.
        settings: limits and delays.
        port: 0 lets the system choose.
        state: file that keeps everything between two runs; written by `stop`.
        default_project: with the stock project.
        seeded: `False` for a server without accounts, for tests that sign up themselves.

    Attributes:
        faults: planned faults; `sandbox.faults.add(Fault(...))`.
        requests: which requests arrived, and how many of each kind.
    """

    def __init__(
        self,
        *,
        email: str = "connector@example.com",
        password: str = "sandbox",  # noqa: S107  # the password of a server that only this machine reaches
        slug: str = "demo",
        settings: SandboxSettings | None = None,
        port: int = 0,
        state: Path | None = None,
        default_project: bool = False,
        seeded: bool = True,
    ) -> None:
        self.settings = settings or SandboxSettings()
        self.faults = Faults()
        self.requests = RequestLog()
        self.email = email
        self.password = password
        self.slug = slug
        self.service = Service.build(self.settings, secret=_SECRET)
        self._port = port
        self._state = state
        self._runner: web.AppRunner | None = None
        if state is not None and state.exists():
            load_state(self.service.directory, state)
        elif seeded:
            seed(
                self.service,
                owner=_PERSON_EMAIL,
                email=email,
                password=password,
                slug=slug,
                default_project=default_project,
            )

    async def start(self) -> Self:
        """Listens on 127.0.0.1, on a port of the system's choice unless one was given."""
        self._runner, self._port = await serve(
            self.service,
            faults=self.faults,
            requests=self.requests,
            controls=Controls(info=self.info, calls={name: getattr(self, name) for name in _OFFERED}),
            port=self._port,
        )
        self.service.accounts.endpoint = f"ws://{HOST}:{self._port}/_transactor"
        return self

    async def stop(self) -> None:
        """Stops listening, and saves the state where a file was given."""
        self.service.late.run_all()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        self.service.late.cancel()
        if self._state is not None:
            save_state(self.service.directory, self._state)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The front: the only address that an operator gives."""
        return f"http://{HOST}:{self._port}"

    @property
    def accounts_url(self) -> str:
        """The account service."""
        return f"{self.url}/_accounts"

    @property
    def transactor_url(self) -> str:
        """The transactor."""
        return f"{self.url}/_transactor"

    @property
    def collaborator_url(self) -> str:
        """The collaborator."""
        return f"{self.url}/_collaborator"

    @property
    def workspace(self) -> Workspace:
        """The seeded workspace."""
        found = self.service.directory.by_slug(self.slug)
        if found is None:
            raise NoSuchThingError(f"there is no workspace {self.slug}; the sandbox was started without one")
        return found

    @property
    def workspace_uuid(self) -> str:
        """Id of the workspace."""
        return self.workspace.uuid

    @property
    def store(self) -> WorkspaceStore:
        """What the workspace holds, document by document."""
        return self.workspace.store

    @property
    def account(self) -> Account:
        """The account of the connector."""
        return self._account(self.email)

    @property
    def token(self) -> str:
        """A workspace token of the connector's account."""
        return self.service.accounts.token(self.account, self.workspace)

    @property
    def person(self) -> Person:
        """The person who edits."""
        return self.person_with(_PERSON_EMAIL)

    def person_with(self, email: str) -> Person:
        """Any account of the workspace as a person who edits."""
        desk = self.service.desk(self.workspace)
        return Person(desk=desk, caller=self.workspace.caller(self._account(email)))

    def create_project(
        self,
        name: str,
        identifier: str,
        description: str = "",
        *,
        members: list[str] | None = None,
        private: bool = False,
    ) -> ProjectSeen:
        """Creates a project; `members` are account ids, person and connector if not given."""
        everybody = [self._account(_PERSON_EMAIL).uuid, self.account.uuid]
        return self.person.create_project(
            name=name,
            identifier=identifier,
            description=description,
            members=everybody if members is None else members,
            private=private,
        )

    def edit_project(self, project: str, **fields: Any) -> ProjectSeen:
        """Changes fields of a project, such as `name`, `description` or `archived`."""
        return self.person.edit_project(project, **fields)

    def remove_project(self, project: str) -> None:
        """Deletes a project and everything in it."""
        self.person.remove_project(project)

    def add_member(self, project: str, email: str | None = None) -> None:
        """Adds an account to a project, the connector's if not named."""
        self.person.add_member(project, self._account(email or self.email).uuid)

    def remove_member(self, project: str, email: str | None = None) -> None:
        """Takes an account out of a project, the connector's if not named: it sees no issue of it any more."""
        self.person.remove_member(project, self._account(email or self.email).uuid)

    def create_issue(
        self,
        project: str,
        title: str,
        description: str | None = None,
        status: str | None = None,
        *,
        parent: str | None = None,
        **fields: Any,
    ) -> IssueSeen:
        """Creates an issue; `description` is markup, or text that becomes paragraphs; `status` a name or id."""
        return self.person.create_issue(
            project=project, title=title, description=description, status=status, parent=parent, **fields
        )

    def edit_issue(self, issue: str, **fields: Any) -> IssueSeen:
        """Changes fields of an issue, named by id or identifier; `status` may be a name."""
        return self.person.edit_issue(issue, **fields)

    def set_description(self, issue: str, description: str) -> IssueSeen:
        """Rewrites the description as the editor does."""
        return self.person.set_description(issue, description)

    def remove_issue(self, issue: str) -> None:
        """Deletes an issue and everything attached to it."""
        self.person.remove_issue(issue)

    def add_status(self, name: str, category: str = "task:statusCategory:Active") -> str:
        """Adds a status to the classic project type and returns its id."""
        return self.person.add_status(name=name, category=category)

    def issues(self, project: str | None = None) -> list[IssueSeen]:
        """All issues, or those of one project, whoever may see them."""
        return self.person.issues(project)

    def issue(self, issue: str) -> IssueSeen:
        """One issue by id or identifier."""
        return self.person.issue(issue)

    def projects(self) -> list[ProjectSeen]:
        """All projects."""
        return self.person.projects()

    def settle(self) -> None:
        """Runs everything the server would work out late: activity entries, memberships, to-dos."""
        self.service.late.run_all()

    def revoke_membership(self, email: str | None = None, *, at_once: bool = True) -> None:
        """Removes an account from the workspace, the connector's if not named.

        A real server lets it read and write on until its session was idle; `at_once` closes the sessions.
        """
        self.workspace.members.pop(self._account(email or self.email).uuid, None)
        if at_once:
            self.service.close_sessions()

    def grant_membership(self, email: str | None = None, role: str = "USER") -> None:
        """Gives an account back its place in the workspace."""
        self.workspace.members[self._account(email or self.email).uuid] = role

    def unlock(self, email: str | None = None) -> None:
        """Forgets wrong passwords."""
        self._account(email or self.email).failed_logins = 0

    def forget_rate_limits(self) -> None:
        """Empties the windows of all accounts."""
        self.service.limits.forget()

    def info(self) -> dict[str, Any]:
        """Addresses, account and workspace, as plain data."""
        return {
            "front": self.url,
            "accounts": self.accounts_url,
            "transactor": self.transactor_url,
            "collaborator": self.collaborator_url,
            "control": f"{self.url}/_control",
            "email": self.email,
            "password": self.password,
            "workspace": self.slug,
            "workspace_uuid": self.workspace_uuid,
            "account": self.account.uuid,
        }

    def _account(self, email: str) -> Account:
        account = self.service.directory.by_email(email)
        if account is None:
            raise NoSuchThingError(f"there is no account {email}")
        return account
