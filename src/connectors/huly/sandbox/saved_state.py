"""Keeps what a sandbox holds in a file, for a demo that is started twice. Sessions and planned faults are not kept."""

import json
from pathlib import Path
from typing import Any

import attrs

from connectors.huly.sandbox.accounts import Account, Directory, Invite, Workspace
from connectors.huly.sandbox.model import MIXIN
from connectors.huly.sandbox.store import Blob, WorkspaceStore

_WORKSPACE_FIELDS = ("uuid", "name", "url", "created_by", "created_on", "members", "last_visit")


def save_state(directory: Directory, path: Path) -> None:
    """Writes everything the server knows; the file is replaced in one step."""
    state = {
        "secret": directory.secret,
        "accounts": [attrs.asdict(account) for account in directory.accounts.values()],
        "workspaces": [_workspace_state(workspace) for workspace in directory.workspaces.values()],
        "invites": {invite: attrs.asdict(value) for invite, value in directory.invites.items()},
        "known_people": directory.known_people,
    }
    temporary = path.with_name(f"{path.name}.new")
    temporary.write_text(json.dumps(state), encoding="utf-8")
    temporary.replace(path)


def load_state(directory: Directory, path: Path) -> None:
    """Fills an empty directory with what was saved."""
    state = json.loads(path.read_text(encoding="utf-8"))
    directory.secret = state["secret"]
    for account in state["accounts"]:
        directory.add(Account(**account))
    for workspace in state["workspaces"]:
        restored = _workspace(workspace)
        directory.workspaces[restored.uuid] = restored
    directory.invites |= {invite: Invite(**value) for invite, value in state["invites"].items()}
    directory.known_people |= {key: (value[0], value[1]) for key, value in state["known_people"].items()}


def _workspace_state(workspace: Workspace) -> dict[str, Any]:
    store = workspace.store
    return {
        **{
            name: getattr(workspace, name)
            for name in ("uuid", "name", "url", "created_by", "created_on", "members", "last_visit")
        },
        "last_tx": store.last_tx,
        "domains": store.domains,
        "live": store.live,
        "blobs": {name: attrs.asdict(blob) for name, blob in store.blobs.items()},
    }


def _workspace(state: dict[str, Any]) -> Workspace:
    parts = ("last_tx", "domains", "live")
    blobs = {name: Blob(**blob) for name, blob in state["blobs"].items()}
    store = WorkspaceStore(
        uuid=state["uuid"],
        created_on=state["created_on"],
        blobs=blobs,
        **{name: state[name] for name in parts},
    )
    for document in store.domain("model").values():
        if document["_class"] == MIXIN:
            store.classes.add_mixin(document["_id"], document.get("extends", ""))
    return Workspace(store=store, **{key: value for key, value in state.items() if key not in {*parts, "blobs"}})
