"""How the account service describes a workspace."""

from typing import Any

from connectors.huly.sandbox.accounts import Account, Workspace


def described(workspace: Workspace) -> dict[str, Any]:
    """Name, address and owner."""
    return {
        "uuid": workspace.uuid,
        "name": workspace.name,
        "url": workspace.url,
        "branding": "huly",
        "location": None,
        "region": "",
        "createdBy": workspace.created_by,
        "createdOn": workspace.created_on,
        "billingAccount": workspace.created_by,
        "passwordAgingRule": None,
    }


def status_of(workspace: Workspace, version: str) -> dict[str, Any]:
    """State and version; a workspace of the sandbox is always active."""
    return {
        "mode": "active",
        "processingProgress": 100,
        **_numbers(version),
        "lastProcessingTime": workspace.created_on,
        "lastVisit": workspace.last_visit,
        "isDisabled": False,
        "processingAttempts": 0,
        "processingMessage": "",
        "backupInfo": None,
        "usageInfo": None,
    }


def summary(workspace: Workspace, account: Account, *, version: str, endpoint: str) -> dict[str, Any]:
    """What the list of all workspaces of an account says about one."""
    addresses = {"internalUrl": endpoint, "region": "", "externalUrl": endpoint}
    return {
        "url": workspace.url,
        "mode": "active",
        "endpoint": addresses,
        "role": workspace.members[account.uuid],
        "version": _numbers(version),
        "progress": 100,
        "branding": "huly",
        "passwordAgingRule": None,
    }


def _numbers(version: str) -> dict[str, int]:
    numbers = [int(part) for part in version.split(".")]
    return dict(zip(("versionMajor", "versionMinor", "versionPatch"), numbers, strict=True))
