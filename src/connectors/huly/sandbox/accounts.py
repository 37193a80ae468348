"""Accounts, login identities and workspaces, as the account service keeps them."""

from attrs import Factory, define, frozen

from connectors.huly.sandbox.new_ids import new_social_id
from connectors.huly.sandbox.store import WorkspaceStore


@frozen(kw_only=True)
class Caller:
    """An account inside a workspace.

    Attributes:
        account: id of the account, as in the `members` of a space.
        role: role in the workspace; it opens no project (observed 13).
        social_ids: ids under which the account may write (observed 8).
        primary_social_id: the id that writes of the collaborator carry.
    """

    account: str
    role: str
    social_ids: tuple[str, ...]
    primary_social_id: str


@define(kw_only=True)
class Account:
    """One person who can log in.

    Attributes:
        email_id: social id of the e-mail address.
        huly_id: social id of the account itself; writes carry it.
        failed_logins: wrong passwords since the last right one.
    """

    uuid: str
    email: str
    password: str
    first_name: str
    last_name: str
    created_on: int
    email_id: str = Factory(new_social_id)
    huly_id: str = Factory(new_social_id)
    failed_logins: int = 0

    @property
    def name(self) -> str:
        """The full name."""
        return f"{self.first_name} {self.last_name}"

    def social_ids(self) -> list[dict[str, object]]:
        """Both login identities, the e-mail address first."""
        return [
            self._social_id(self.email_id, "email", self.email),
            self._social_id(self.huly_id, "huly", self.uuid),
        ]

    def _social_id(self, social_id: str, kind: str, value: str) -> dict[str, object]:
        return {
            "type": kind,
            "value": value,
            "key": f"{kind}:{value}",
            "personUuid": self.uuid,
            "createdOn": self.created_on,
            "verifiedOn": self.created_on,
            "_id": social_id,
            "isDeleted": False,
            "displayValue": None,
        }


@define(kw_only=True)
class Workspace:
    """A workspace and who is in it.

    Attributes:
        url: the slug, as in `/workbench/<slug>`.
        members: account -> role.
        last_visit: when somebody last selected the workspace, in milliseconds.
    """

    uuid: str
    name: str
    url: str
    created_by: str
    created_on: int
    store: WorkspaceStore
    members: dict[str, str] = Factory(dict)
    last_visit: int | None = None

    def caller(self, account: Account) -> Caller:
        """The account as a caller in this workspace; whoever left keeps an open session as a user."""
        return Caller(
            account=account.uuid,
            role=self.members.get(account.uuid, "USER"),
            social_ids=(account.email_id, account.huly_id),
            primary_social_id=account.huly_id,
        )


@define(kw_only=True)
class Invite:
    """A link with which an account can join a workspace."""

    workspace: str
    role: str


@define(kw_only=True)
class Directory:
    """Everything the account service knows.

    Attributes:
        owner_of: social id -> account.
        known_people: persons made by `ensure-person`: social key -> (person, social id).
    """

    secret: str
    accounts: dict[str, Account] = Factory(dict)
    workspaces: dict[str, Workspace] = Factory(dict)
    invites: dict[str, Invite] = Factory(dict)
    owner_of: dict[str, str] = Factory(dict)
    known_people: dict[str, tuple[str, str]] = Factory(dict)

    def add(self, account: Account) -> Account:
        """Adds an account."""
        self.accounts[account.uuid] = account
        self.owner_of[account.email_id] = account.uuid
        self.owner_of[account.huly_id] = account.uuid
        return account

    def by_email(self, email: str) -> Account | None:
        """The account of an e-mail address; case and blanks around it do not matter."""
        wanted = email.strip().lower()
        return next((account for account in self.accounts.values() if account.email == wanted), None)

    def by_slug(self, slug: str) -> Workspace | None:
        """The workspace with a slug."""
        return next((workspace for workspace in self.workspaces.values() if workspace.url == slug), None)

    def free_slug(self, name: str) -> str:
        """The slug for a new workspace of this name."""
        slug = "-".join(name.lower().split())
        number = 1
        while self.by_slug(slug) is not None:
            number += 1
            slug = f"{slug.rstrip('0123456789').rstrip('-')}-{number}"
        return slug
