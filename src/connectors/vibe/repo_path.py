"""
Where the repository of a project lies: read from its description, else filled into the template of the settings.

The server takes the path as it is, on its own host: it expands no `~`, and `/x/a` and `/x/a/` would be two projects on
one repository. So only absolute paths are used, in one spelling.
"""

import re
from string import Formatter

_PATH_LINE = re.compile(
    r"""^[ \t]*(?:[-*+][ \t]+)?          # an item of a list is fine
        [*_]{0,2}(?:path|filesystem|directory|location)[*_]{0,2}[ \t]*:[*_]{0,2}[ \t]*
        (?P<value>\S.*?)[ \t\r]*$""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_NOT_PRINTED = re.compile(r"[\x00-\x1f\x7f]")
_NOT_IN_A_SEGMENT = re.compile(r"[/\\\x00-\x1f\x7f]+")
_PLACEHOLDERS = ("identifier", "name")


def normalised(path: str) -> str:
    """
    The one spelling of an absolute path: single slashes, none at the end, no `.`.

    Raises:
        ValueError: the path is not absolute, is the root, climbs with `..` or holds control characters.
    """
    if not path.startswith("/"):
        raise ValueError(f"the path {path!r} is not absolute; it must begin with / (no ~, no drive letter)")
    if _NOT_PRINTED.search(path):
        raise ValueError(f"the path {path!r} holds control characters")
    segments = [segment for segment in path.split("/") if segment not in {"", "."}]
    if ".." in segments:
        raise ValueError(f"the path {path!r} climbs with '..'; write it out")
    if not segments:
        raise ValueError("the path / cannot be a repository")
    return "/" + "/".join(segments)


def path_in(description: str) -> str | None:
    """
    The path in the first line like `Path: /srv/repos/demo`, or None when no line names one.

    `Filesystem:`, `Directory:` and `Location:` are read as well. A line whose value does not look like a path
    ("Location: Berlin") is prose.

    Raises:
        ValueError: a line names a path that is relative (`~/demo`, `../demo`) or climbs.
    """
    for line in _PATH_LINE.finditer(description):
        value = line["value"].strip("`")
        if value.startswith(("/", "~", "./", "../")):
            return normalised(value)
    return None


def check_template(template: str) -> None:
    """
    Nothing, when every project with an identifier and a name gets an absolute path from this template.

    Raises:
        ValueError: with what is wrong and how it should look.
    """
    try:
        pieces = list(Formatter().parse(template))
    except ValueError as error:
        raise ValueError(f"repo_path {template!r} cannot be read: {error}") from None
    for _text, name, spec, conversion in pieces:
        if name is not None and (name not in _PLACEHOLDERS or spec or conversion):
            raise ValueError(f"repo_path {template!r} may only use {{identifier}} and {{name}}")
    try:
        normalised(template)
    except ValueError as error:
        raise ValueError(f'repo_path: {error}, as in "/srv/repos/{{identifier}}"') from None


def fill_template(template: str, *, identifier: str, name: str) -> str:
    """
    The path this template gives a project; characters that would change the folder become "-".

    Raises:
        ValueError: the project lacks what the template asks for.
    """
    values = {"identifier": _segment(identifier), "name": _segment(name)}
    used = {field for _text, field, _spec, _conversion in Formatter().parse(template) if field is not None}
    missing = sorted(field for field in used if not values[field])
    if missing:
        raise ValueError(f"repo_path {template!r} needs the {' and the '.join(missing)} of the project")
    return normalised(template.format_map(values))


def _segment(value: str) -> str:
    cleaned = _NOT_IN_A_SEGMENT.sub("-", value).strip()
    return "" if cleaned.strip(".") == "" else cleaned
