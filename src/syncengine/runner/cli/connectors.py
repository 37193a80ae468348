"""`syncengine connectors`: what is installed, and what each connector wants to know."""

import re
from collections.abc import Sequence
from typing import Annotated, Any

import attrs
import typer

from syncengine.adapters.plugins import InstalledPlugin, installed_plugins, load_plugin
from syncengine.errors import ConfigurationError
from syncengine.runner.cli import show


def connectors(*, as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False) -> None:
    """List the installed connectors with their settings; those that cannot be used with the reason."""
    everybody = installed_plugins()
    found = [_described(plugin, everybody) for plugin in everybody]
    if as_json:
        show.data(found)
        return
    if not found:
        show.line("no connectors are installed")
    for connector in found:
        _describe(connector)


def _described(plugin: InstalledPlugin, everybody: Sequence[InstalledPlugin]) -> dict[str, Any]:
    about = {"name": plugin.name, "distribution": plugin.distribution}
    try:
        loaded = load_plugin(plugin.name, everybody)
    except ConfigurationError as error:
        return {**about, "usable": False, "reason": str(error)}
    return {**about, "usable": True, "summary": loaded.summary, "settings": settings_fields(loaded.settings)}


def settings_fields(kind: type[Any]) -> list[dict[str, Any]]:
    """The settings of a connector: name, type, whether it is required or what it is otherwise, and its explanation."""
    explained = _explanations(kind.__doc__ or "")
    return [
        {
            "name": it.alias or it.name,
            "type": _type_name(it.type),
            "required": it.default is attrs.NOTHING,
            "default": _default(it),
            "about": explained.get(it.name, ""),
        }
        for it in attrs.fields(kind)
        if it.init
    ]


def _explanations(doc: str) -> dict[str, str]:
    """What the section "Attributes:" of a docstring says about each of them."""
    found: dict[str, str] = {}
    name = ""
    for line in doc.partition("Attributes:")[2].splitlines():
        start = re.match(r"\s{4,8}(\w+(?:, \w+)*):\s+(.*)", line)
        if start:
            name = start[1]
            found[name] = start[2]
        elif name and line.startswith(" " * 9):
            found[name] += f" {line.strip()}"
        else:
            name = ""
    return {each: text for names, text in found.items() for each in names.split(", ")}


def _type_name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) else str(kind).replace("typing.", "").replace("collections.abc.", "")


def _default(attribute: "attrs.Attribute[Any]") -> Any:
    default: Any = attribute.default
    if default is attrs.NOTHING:
        return None
    make = getattr(default, "factory", None)
    if make is None:
        return default
    return None if default.takes_self else make()


def _describe(connector: dict[str, Any]) -> None:
    show.line(f"{connector['name']}  ({connector['distribution']})")
    if not connector["usable"]:
        show.line(f"  cannot be used: {connector['reason']}")
        return
    if connector["summary"]:
        show.line(f"  {connector['summary']}")
    for setting in connector["settings"]:
        need = "required" if setting["required"] else f"default {setting['default']!r}"
        show.line(f"  {setting['name']}: {setting['type']}, {need}")
        if setting["about"]:
            show.line(f"      {setting['about']}")
