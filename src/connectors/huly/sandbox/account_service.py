"""The methods of the account service; its errors are answers with status 200 (observed 5)."""

from collections.abc import Callable
from typing import Any

from attrs import define

from connectors.huly.sandbox.account_answers import described, status_of, summary
from connectors.huly.sandbox.accounts import Account, Directory, Invite, Workspace
from connectors.huly.sandbox.model import DEFAULT_PROJECT
from connectors.huly.sandbox.new_ids import new_social_id, new_uuid
from connectors.huly.sandbox.server_errors import PlatformError
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.huly.sandbox.stock_model import default_project
from connectors.huly.sandbox.store import WorkspaceStore
from connectors.huly.sandbox.tokens import TokenError, make_token, read_token

Params = dict[str, Any]
Claims = dict[str, Any]


class UnknownMethodError(PlatformError):
    """The only account error that is answered with 404 (observed 5)."""


@define(kw_only=True)
class AccountService:
    """Login, workspaces, members.

    Attributes:
        endpoint: web socket address of the transactor, known once the server listens.
    """

    directory: Directory
    settings: SandboxSettings
    endpoint: str = ""

    def call(self, method: str, params: Any, token: str | None) -> Any:
        """The result of one method.

        Raises:
            UnknownMethodError: there is no such method.
            PlatformError: the method refused.
        """
        handler = self._methods().get(method)
        if handler is None:
            raise UnknownMethodError("UnknownMethod", method=method)
        if not isinstance(params, dict):
            raise PlatformError("BadRequest")
        return handler(params, token)

    def _methods(self) -> dict[str, Callable[[Params, str | None], Any]]:
        return {
            "signUp": self._sign_up,
            "login": self._login,
            "createWorkspace": self._create_workspace,
            "getUserWorkspaces": self._user_workspaces,
            "selectWorkspace": self._select_workspace,
            "getLoginInfoByToken": self._login_info,
            "getLoginWithWorkspaceInfo": self._login_with_workspaces,
            "getSocialIds": lambda _, token: self._account(token).social_ids(),
            "getWorkspaceInfo": self._workspace_info,
            "getWorkspaceMembers": self._workspace_members,
            "getPerson": self._person,
            "createInvite": self._create_invite,
            "join": self._join,
            "leaveWorkspace": self._leave_workspace,
            "ensurePerson": lambda params, _: self.ensure_person(params),
        }

    def sign_up(self, *, email: str, password: str, first_name: str, last_name: str) -> Account:
        """Adds an account."""
        return self.directory.add(
            Account(
                uuid=new_uuid(),
                email=email.strip().lower(),
                password=password,
                first_name=first_name,
                last_name=last_name,
                created_on=self.settings.now_ms(),
            )
        )

    def create_workspace(self, owner: Account, name: str, *, slug: str | None = None) -> Workspace:
        """Adds a workspace with its stock documents; it is ready at once, a real one takes 7 to 10 s."""
        now = self.settings.now_ms()
        store = WorkspaceStore.fresh(new_uuid(), now_ms=now)
        store.domain("space")[DEFAULT_PROJECT] = default_project(now)
        url = slug or self.directory.free_slug(name)
        workspace = Workspace(uuid=store.uuid, name=name, url=url, created_by=owner.uuid, created_on=now, store=store)
        workspace.members[owner.uuid] = "OWNER"
        self.directory.workspaces[workspace.uuid] = workspace
        return workspace

    def token(self, account: Account, workspace: Workspace | None = None) -> str:
        """A token without expiry, the same at each login (observed 12)."""
        claims: Claims = {"extra": {"authMethod": "password"}, "account": account.uuid}
        if workspace is not None:
            claims["workspace"] = workspace.uuid
        return make_token(claims, secret=self.directory.secret)

    def ensure_person(self, params: Params) -> dict[str, str]:
        """The person with a login identity, made when unknown (observed 30)."""
        key = f"{params['socialType']}:{params['socialValue']}"
        for account in self.directory.accounts.values():
            if key == f"email:{account.email}":
                return {"uuid": account.uuid, "socialId": account.email_id}
        known = self.directory.known_people.setdefault(key, (new_uuid(), new_social_id()))
        return {"uuid": known[0], "socialId": known[1]}

    def _sign_up(self, params: Params, _token: str | None) -> Any:
        if self.directory.by_email(params["email"]) is not None:
            raise PlatformError("AccountAlreadyExists")
        account = self.sign_up(
            email=params["email"],
            password=params["password"],
            first_name=params.get("firstName", ""),
            last_name=params.get("lastName", ""),
        )
        return self._login_info_of(account)

    def _login(self, params: Params, _token: str | None) -> Any:
        """A wrong password and an unknown address look alike; five wrong ones lock the account (observed 29)."""
        account = self._with_password(params)
        return {**self._login_info_of(account), "tfaRequired": False}

    def _with_password(self, params: Params) -> Account:
        account = self.directory.by_email(params.get("email", ""))
        if account is None:
            raise PlatformError("AccountNotFound")
        if account.failed_logins >= self.settings.login_attempts:
            raise PlatformError("PasswordLoginLocked", account=account.email)
        if params.get("password") != account.password:
            account.failed_logins += 1
            raise PlatformError("AccountNotFound")
        account.failed_logins = 0
        return account

    def _create_workspace(self, params: Params, token: str | None) -> Any:
        account = self._account(token)
        workspace = self.create_workspace(account, params["workspaceName"])
        info = self._workspace_login(account, workspace)
        hidden = {"workspaceDataId", "allowGuestSignUp"}
        named = {**self._login_info_of(account), **info}
        return {key: value for key, value in named.items() if key not in hidden}

    def _user_workspaces(self, _params: Params, token: str | None) -> Any:
        account = self._account(token)
        mine = [known for known in self.directory.workspaces.values() if account.uuid in known.members]
        return [{**described(workspace), "status": status_of(workspace, self.settings.version)} for workspace in mine]

    def _select_workspace(self, params: Params, token: str | None) -> Any:
        """An unknown slug selects the token's workspace, or with a login token the first of all (observed 28)."""
        account = self._account(token)
        claims = self._claims(token)
        workspace = self.directory.by_slug(params.get("workspaceUrl") or "")
        if workspace is None and "workspace" in claims:
            workspace = self.directory.workspaces.get(claims["workspace"])
        if workspace is None:
            workspace = next(iter(self.directory.workspaces.values()), None)
        if workspace is None:
            raise PlatformError("WorkspaceNotFound", workspaceUrl=params.get("workspaceUrl"))
        self._require_member(account, workspace)
        workspace.last_visit = self.settings.now_ms()
        return self._workspace_login(account, workspace)

    def _login_info(self, _params: Params, token: str | None) -> Any:
        account = self._account(token)
        info = {**self._login_info_of(account), "token": token}
        if "workspace" not in self._claims(token):
            return info
        workspace = self._workspace(token)
        login = self._workspace_login(account, workspace)
        wanted = ("workspace", "workspaceDataId", "workspaceUrl", "endpoint", "role")
        return {**info, **{key: login[key] for key in wanted}}

    def _login_with_workspaces(self, _params: Params, token: str | None) -> Any:
        account = self._account(token)
        mine = [known for known in self.directory.workspaces.values() if account.uuid in known.members]
        version, endpoint = self.settings.version, self.endpoint
        return {
            **self._login_info_of(account),
            "token": token,
            "workspaces": {known.uuid: summary(known, account, version=version, endpoint=endpoint) for known in mine},
            "socialIds": account.social_ids(),
        }

    def _workspace_info(self, _params: Params, token: str | None) -> Any:
        workspace = self._workspace(token)
        status = {"workspaceUuid": workspace.uuid, **status_of(workspace, self.settings.version), "targetRegion": None}
        guests = {"dataId": None, "allowReadOnlyGuest": False, "allowGuestSignUp": False}
        return {**described(workspace), **guests, "status": status}

    def _workspace_members(self, _params: Params, token: str | None) -> Any:
        members = self._workspace(token).members
        return [{"person": account, "role": role} for account, role in members.items()]

    def _person(self, _params: Params, token: str | None) -> Any:
        account = self._account(token)
        names = {"firstName": account.first_name, "lastName": account.last_name}
        return {"uuid": account.uuid, **names, "migratedTo": None}

    def _create_invite(self, params: Params, token: str | None) -> Any:
        invite = new_social_id()
        workspace = self._workspace(token)
        self.directory.invites[invite] = Invite(workspace=workspace.uuid, role=params.get("role", "USER"))
        return invite

    def _join(self, params: Params, _token: str | None) -> Any:
        account = self._with_password(params)
        invite = self.directory.invites.get(params.get("inviteId", ""))
        if invite is None:
            raise PlatformError("Forbidden")
        workspace = self.directory.workspaces[invite.workspace]
        workspace.members.setdefault(account.uuid, invite.role)
        return self._workspace_login(account, workspace)

    def _leave_workspace(self, params: Params, token: str | None) -> Any:
        workspace = self._workspace(token)
        workspace.members.pop(params["account"], None)

    def _claims(self, token: str | None) -> Claims:
        try:
            return read_token(token or "", secret=self.directory.secret)
        except TokenError as error:
            raise PlatformError("Unauthorized") from error

    def _account(self, token: str | None) -> Account:
        account = self.directory.accounts.get(self._claims(token).get("account", ""))
        if account is None:
            raise PlatformError("AccountNotFound")
        return account

    def _workspace(self, token: str | None) -> Workspace:
        account = self._account(token)
        workspace = self.directory.workspaces.get(self._claims(token).get("workspace", ""))
        if workspace is None:
            raise PlatformError("WorkspaceNotFound")
        self._require_member(account, workspace)
        return workspace

    def _require_member(self, account: Account, workspace: Workspace) -> None:
        if account.uuid not in workspace.members:
            raise PlatformError("Forbidden")

    def _login_info_of(self, account: Account) -> dict[str, Any]:
        identity = {"account": account.uuid, "name": account.name, "socialId": account.email_id}
        return {**identity, "token": self.token(account)}

    def _workspace_login(self, account: Account, workspace: Workspace) -> dict[str, Any]:
        return {
            "account": account.uuid,
            "token": self.token(account, workspace),
            "endpoint": self.endpoint,
            "workspace": workspace.uuid,
            "workspaceUrl": workspace.url,
            "workspaceDataId": None,
            "allowGuestSignUp": False,
            "role": workspace.members[account.uuid],
        }
