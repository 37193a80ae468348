"""Everything behind the HTTP routes: accounts, sessions, limits, and a desk for each workspace."""

from typing import Any

from attrs import Factory, define, frozen

from connectors.huly.sandbox.account_service import AccountService
from connectors.huly.sandbox.accounts import Account, Caller, Directory, Workspace
from connectors.huly.sandbox.collaborator import Collaborator
from connectors.huly.sandbox.consequences import Consequences
from connectors.huly.sandbox.late_steps import LateSteps
from connectors.huly.sandbox.model import CONTACTS_SPACE, EMPLOYEE, PERSON, SOCIAL_IDENTITY, Document
from connectors.huly.sandbox.new_ids import new_id
from connectors.huly.sandbox.rate_limit import RateLimits
from connectors.huly.sandbox.server_errors import AccessError, ServerError
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.huly.sandbox.store import WorkspaceStore
from connectors.huly.sandbox.tokens import read_token
from connectors.huly.sandbox.transactions import Transactions


@define(kw_only=True)
class Desk:
    """The services of one workspace."""

    workspace: Workspace
    transactions: Transactions
    collaborator: Collaborator
    settings: SandboxSettings

    @property
    def store(self) -> WorkspaceStore:
        """What the workspace holds."""
        return self.workspace.store

    def ensure_employee(self, account: Account) -> str:
        """Makes the account a person of the workspace as the web client does at the first visit (observed 14).

        Returns the id of the person.
        """
        caller = self.workspace.caller(account)
        person = self._person_of(account.uuid)
        if person is None:
            attributes = {"personUuid": account.uuid, "name": f"{account.last_name},{account.first_name}"}
            person = self._create(caller, PERSON, {**attributes, "city": "", "avatarType": "color"})
            for identity in account.social_ids():
                self._create_identity(caller, person["_id"], identity)
        if EMPLOYEE not in person:
            self.transactions.set_mixin(caller, person, EMPLOYEE, {"active": True, "role": "USER"})
        return str(person["_id"])

    def ensure_local_person(self, caller: Caller, *, uuid: str, social_id: str, params: Document) -> str:
        """The person document for somebody who need not have an account; made when missing (observed 30)."""
        person = self._person_of(uuid)
        if person is None:
            name = f"{params['lastName']},{params['firstName']}"
            person = self._create(caller, PERSON, {"personUuid": uuid, "name": name, "avatarType": "color"})
            kind, value = params["socialType"], params["socialValue"]
            identity = {"_id": social_id, "type": kind, "value": value, "key": f"{kind}:{value}"}
            self._create_identity(caller, person["_id"], identity)
            self.transactions.update(caller, person, {"personUuid": uuid})
        return str(person["_id"])

    def _person_of(self, uuid: str) -> Document | None:
        return next((person for person in self.store.all_of(PERSON) if person.get("personUuid") == uuid), None)

    def _create(self, caller: Caller, class_id: str, attributes: Document) -> Document:
        document_id = new_id(self.settings.now_ms())
        self.transactions.create(caller, class_id, document_id, space=CONTACTS_SPACE, attributes=attributes)
        return self.store.of_class(class_id)[document_id]

    def _create_identity(self, caller: Caller, person_id: str, identity: dict[str, Any]) -> None:
        wanted = ("type", "value", "key", "verifiedOn")
        attributes: Document = {name: identity[name] for name in wanted if name in identity}
        self.transactions.create(
            caller,
            SOCIAL_IDENTITY,
            identity["_id"],
            space=CONTACTS_SPACE,
            attributes={**attributes, "isDeleted": False},
            place={"attachedTo": person_id, "attachedToClass": PERSON, "collection": "socialIds"},
        )


@frozen(kw_only=True)
class Session:
    """Who is at which desk."""

    caller: Caller
    desk: Desk


@define(kw_only=True)
class Service:
    """The whole server without its HTTP side."""

    settings: SandboxSettings
    directory: Directory
    accounts: AccountService
    limits: RateLimits
    late: LateSteps = Factory(LateSteps)
    _desks: dict[str, Desk] = Factory(dict)
    _sessions: dict[str, float] = Factory(dict)

    @classmethod
    def build(cls, settings: SandboxSettings, *, secret: str) -> "Service":
        """A server without accounts and workspaces."""
        directory = Directory(secret=secret)
        return cls(
            settings=settings,
            directory=directory,
            accounts=AccountService(directory=directory, settings=settings),
            limits=RateLimits(limit=settings.rate_limit, window_ms=int(settings.rate_window_s * 1000)),
        )

    def desk(self, workspace: Workspace) -> Desk:
        """The services of a workspace."""
        if workspace.uuid not in self._desks:
            store, settings = workspace.store, self.settings
            consequences = Consequences(store=store, settings=settings, late=self.late)
            self._desks[workspace.uuid] = Desk(
                workspace=workspace,
                settings=settings,
                collaborator=Collaborator(store=store, settings=settings),
                transactions=Transactions(
                    store=store,
                    settings=settings,
                    consequences=consequences,
                    owner_of=self.directory.owner_of,
                ),
            )
        return self._desks[workspace.uuid]

    def open_session(self, authorization: str | None, workspace_id: str) -> Session:
        """Opens the session of a request to the transactor.

        Raises:
            ServerError: there is no token, or it cannot be read (observed 5).
            AccessError: it belongs to another workspace, to none, or its account is no member any more.
        """
        token = _bearer(authorization)
        claims = read_token(token, secret=self.directory.secret)
        if claims.get("workspace") != workspace_id:
            named = {"workspace": claims["workspace"]} if "workspace" in claims else {}
            raise AccessError({"message": "Invalid workspace", **named})
        workspace = self.directory.workspaces.get(workspace_id)
        account = self.directory.accounts.get(claims.get("account", ""))
        if workspace is None or account is None or not self._is_admitted(token, account, workspace):
            raise AccessError({"message": "Failed to create session", "mode": "upgrading"})
        return Session(caller=workspace.caller(account), desk=self.desk(workspace))

    def collaborator_session(self, authorization: str | None) -> Session | None:
        """The session of a request to the collaborator, or nothing when its token names no workspace of the account.

        Raises:
            ServerError: there is no token, or it cannot be read.
        """
        claims = read_token(_bearer(authorization), secret=self.directory.secret)
        workspace = self.directory.workspaces.get(claims.get("workspace", ""))
        account = self.directory.accounts.get(claims.get("account", ""))
        if workspace is None or account is None or account.uuid not in workspace.members:
            return None
        return Session(caller=workspace.caller(account), desk=self.desk(workspace))

    def close_sessions(self) -> None:
        """Closes all sessions, as if they had been idle; the next request looks at the membership again."""
        self._sessions.clear()

    def _is_admitted(self, token: str, account: Account, workspace: Workspace) -> bool:
        """A removed member keeps an open session until it was idle (recorded surprise 16)."""
        now = self.settings.clock()
        last = self._sessions.get(token)
        is_open = last is not None and now - last < self.settings.session_idle_s
        if not is_open and account.uuid not in workspace.members:
            return False
        self._sessions[token] = now
        return True


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise ServerError("Cannot read properties of undefined (reading 'split')")
    token = authorization.partition(" ")[2].strip()
    if not token:
        raise ServerError("No token supplied")
    return token
