"""Between Huly's documents and the fields all endpoints share. Pure."""

import re
from collections.abc import Collection
from hashlib import sha256
from typing import Any

import orjson

from connectors.huly.payloads import Issue, Project
from connectors.huly.rich_text import normal_markdown
from connectors.huly.rich_text.markup import clean_text
from connectors.huly.workflow import Workflow
from syncengine.connector import FieldValues, Revision

TRANSLATION = 1
"""Raised when the same document is shown with other fields than before, so that unchanged ones are read again."""

IDENTIFIER_LENGTH = 5
"""Characters of an identifier, as in Huly's own form."""

ISSUE_FIELDS = ("title", "description", "status")
PROJECT_FIELDS = ("name", "description", "identifier")


def one_line(value: object) -> str:
    """A title as Huly's own form stores it: without blanks around it, on one line."""
    return " ".join(part.strip() for part in clean_text(_text(value)).split("\n")).strip()


def plain_block(value: object) -> str:
    """A plain description of several lines, without blanks around it."""
    return clean_text(_text(value)).strip()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def project_fields(project: Project) -> FieldValues:
    """A project in shared fields."""
    return FieldValues(
        name=one_line(project.name),
        description=plain_block(project.description),
        identifier=project.identifier,
    )


def project_revision(project: Project) -> Revision:
    """Equal only for equal fields."""
    return _digest(project.name, project.description, project.identifier)


def issue_fields(issue: Issue, *, word: str, description: str) -> FieldValues:
    """An issue in shared fields."""
    return FieldValues(title=one_line(issue.title), description=description, status=word)


def issue_revision(issue: Issue, *, word: str) -> Revision:
    """
    Equal only for equal fields, and known from a listing alone.

    Every change of the text gives the issue another blob, so its name stands for the text (surprise 10).
    """
    return _digest(issue.title, issue.status, word, issue.description)


def _digest(*parts: str | None) -> Revision:
    return Revision(sha256(orjson.dumps([TRANSLATION, *parts])).hexdigest()[:16])


def project_as_stored(fields: FieldValues) -> FieldValues:
    """How Huly spells the fields of a project."""
    spelled: dict[str, Any] = {}
    if "name" in fields:
        spelled["name"] = one_line(fields["name"])
    if "description" in fields:
        spelled["description"] = plain_block(fields["description"])
    if "identifier" in fields:
        spelled["identifier"] = identifier_from(fields["identifier"])
    return FieldValues(spelled)


def issue_as_stored(fields: FieldValues, *, workflow: Workflow | None, project_type: str) -> FieldValues:
    """
    How Huly spells the fields of an issue.

    Args:
        workflow: None as long as nothing is known of the project; the status is then left as it is.
    """
    spelled: dict[str, Any] = {}
    if "title" in fields:
        spelled["title"] = one_line(fields["title"])
    if "description" in fields:
        spelled["description"] = normal_markdown(_text(fields["description"]))
    if "status" in fields:
        word = fields["status"]
        is_word = isinstance(word, str)
        spelled["status"] = workflow.stored_word(str(word), project_type) if workflow and is_word else word
    return FieldValues(spelled)


def identifier_from(value: object) -> str:
    """An identifier as Huly's form writes it: capitals, with `_` for blanks and dashes."""
    return re.sub(r"[\s\-]+", "_", _text(value).strip()).upper()


def identifier_for(name: str, taken: Collection[str]) -> str:
    """An identifier made from a name, at most five characters, that no other project has."""
    letters = re.sub(r"[^A-Z0-9]", "", name.upper()).lstrip("0123456789") or "PROJ"
    if letters[:IDENTIFIER_LENGTH] not in taken:
        return letters[:IDENTIFIER_LENGTH]
    numbered = (f"{letters[: IDENTIFIER_LENGTH - len(str(n))]}{n}" for n in range(2, 10_000))
    return next(candidate for candidate in numbered if candidate not in taken)


def record_id_from(workspace: str, container: str, key: str) -> str:
    """The id that a document made for this key has: 24 hexadecimal digits, as Huly's own ids."""
    return sha256(orjson.dumps([workspace, container, key])).hexdigest()[:24]


def rank_for(number: int) -> str:
    """
    The place of an issue in its project, for servers before 0.7.411, which keep an empty one.

    It is the place that appending one issue after the other leads to.
    """
    return f"0|{_base36(int('hzzzzz', 36) + 8 * (number - 1)).rjust(6, '0')}:"


def _base36(value: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    text = ""
    while value:
        value, rest = divmod(value, 36)
        text = digits[rest] + text
    return text
