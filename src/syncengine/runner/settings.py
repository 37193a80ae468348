"""
The settings file: TOML into attrs models, with every mistake reported at once.

Where a text is wanted in the section of an endpoint, `{env = "NAME"}` takes it from an environment variable and
`{file = "path"}` from a file. A password in plain text works too, and is warned about. Relative paths are relative to the
settings file. Nothing about conflicts has a default: a field without a rule is a mistake that names the line to add.
"""

import os
import re
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import attrs
from attrs import field, frozen, validators
from cattrs import Converter

from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.log_place import LogPlace, PlaceText, PostgresPlace, is_url, place_of
from syncengine.adapters.plugins import load_plugin
from syncengine.adapters.telemetry.traces import TraceSettings
from syncengine.connector import ConnectorPlugin
from syncengine.domain.conflict_rules import RULES, ConflictRule
from syncengine.domain.identity import ContainerId, EndpointName, FieldName, Kind
from syncengine.domain.policy import DAY_S, Backoff, DeletionRule, Policy, SafetyLimits
from syncengine.engine.pairings import Pairing
from syncengine.errors import ConfigurationError, LogMisconfigured, SettingsInvalid
from syncengine.redaction import Secret
from syncengine.runner.health.health_settings import HealthSettings
from syncengine.runner.log_lines.settings import LogSettings
from syncengine.runner.problems import Place, Problem, found_in, not_known
from syncengine.runner.secret_values import SecretReader, is_secret
from syncengine.runner.server.access import ServerSettings
from syncengine.runner.settings_model import (
    DEFAULT_FILE,
    DEFAULT_INTERVAL_S,
    DEFAULT_LOG,
    DEFAULT_STOP_WITHIN_S,
    EndpointSettings,
    Settings,
)
from syncengine.runner.structure import make_converter

__all__ = ["DEFAULT_FILE", "EndpointSettings", "PluginLoader", "Settings", "load_log_place", "load_settings"]

PluginLoader = Callable[[str], ConnectorPlugin]

_ENDPOINT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_PAIRING_WORDS = ("kind", "title")
_OURS = ("connector", "calls")
"""Keys in the section of an endpoint that are not for its connector."""


@frozen(kw_only=True)
class _LogSection:
    path: PlaceText = PlaceText(DEFAULT_LOG)
    password: Secret | None = None
    lease_s: float | None = field(default=None, validator=validators.optional(validators.gt(0)))


@frozen(kw_only=True)
class _SyncSection:
    interval_s: float = field(default=DEFAULT_INTERVAL_S, validator=validators.gt(0))
    rules: Mapping[Kind, Mapping[FieldName, ConflictRule]] = field(factory=dict)
    creates: Mapping[Kind, frozenset[EndpointName]] = field(factory=dict)
    deletions: Mapping[EndpointName, DeletionRule] = field(factory=dict)
    backoff: Backoff = field(factory=Backoff)
    safety: SafetyLimits = field(factory=SafetyLimits)
    full_listing_every_s: float = field(default=DAY_S, validator=validators.gt(0))
    pairings: tuple[Mapping[str, str], ...] = ()
    stop_within_s: float = field(default=DEFAULT_STOP_WITHIN_S, validator=validators.ge(0))


_SECTIONS: Mapping[str, type[Any]] = {
    "server": ServerSettings,
    "health": HealthSettings,
    "logs": LogSettings,
    "traces": TraceSettings,
}
"""Sections that become what they are called in `Settings`."""


@frozen
class _Reading:
    """The work on one file: what it says, and what was found wrong with it so far."""

    table: Mapping[str, Any]
    converter: Converter
    secrets: SecretReader
    load: PluginLoader
    problems: list[Problem] = field(factory=list)
    warnings: list[str] = field(factory=list)

    def structured(self, value: Any, kind: type[Any], place: Place) -> Any:
        """The value as this class, or None after its mistakes were noted."""
        try:
            return self.converter.structure(value, kind)
        except Exception as error:  # noqa: BLE001 - whatever a class says about a value is a problem of the file
            self.problems.extend(found_in(error, place))
            return None


def load_settings(
    path: Path | str = DEFAULT_FILE,
    *,
    environ: Mapping[str, str] | None = None,
    load: PluginLoader = load_plugin,
    rules: Mapping[str, type[ConflictRule]] = RULES,
) -> Settings:
    """
    The settings in this file.

    Args:
        environ: environment variables; those of the process when None.
        load: finds connectors by name.
        rules: conflict rules by the names they may have; add your own here.

    Raises:
        SettingsInvalid: with every mistake, its place, and what to do about it.
    """
    path = Path(path)
    table = _read(path)
    names = [name for name in _table_at(table, "endpoints") if _ENDPOINT_NAME.fullmatch(name)]
    secrets = SecretReader(folder=path.parent, environ=os.environ if environ is None else environ)
    reading = _Reading(table, make_converter(secrets=secrets, endpoints=names, rules=rules), secrets, load)
    _check_sections(reading)
    log = _log_place(reading, path)
    endpoints = _endpoints(reading)
    sync = reading.structured(table.get("sync", {}), _SyncSection, ("sync",))
    pairings = _pairings(reading, sync.pairings if sync else (), names)
    sections = {name: reading.structured(table.get(name, {}), kind, (name,)) for name, kind in _SECTIONS.items()}
    _warn_of_plain_secrets(reading, ("server",), _table_at(table, "server"), ServerSettings)
    if reading.problems or sync is None:
        raise SettingsInvalid([str(problem) for problem in reading.problems], source=str(path))
    return Settings(
        source=str(path),
        log=log,
        endpoints=endpoints,
        policy=Policy(
            rules=sync.rules,
            creates=sync.creates,
            deletions=sync.deletions,
            backoff=sync.backoff,
            safety=sync.safety,
            full_listing_every_s=sync.full_listing_every_s,
        ),
        interval_s=sync.interval_s,
        pairings=pairings,
        stop_within_s=sync.stop_within_s,
        warnings=tuple(reading.warnings),
        **sections,
    )


def load_log_place(path: Path | str = DEFAULT_FILE) -> LogPlace:
    """
    Only where the log is, for commands that call nobody and should work without the passwords of endpoints.

    Raises:
        SettingsInvalid: the file cannot be read, or says something strange about the log.
    """
    path = Path(path)
    table = _read(path)
    secrets = SecretReader(folder=path.parent, environ=os.environ)
    reading = _Reading(table, make_converter(secrets=secrets, endpoints=(), rules=RULES), secrets, load_plugin)
    log = _log_place(reading, path)
    if reading.problems:
        raise SettingsInvalid([str(problem) for problem in reading.problems], source=str(path))
    return log


def load_endpoint_names(path: Path | str = DEFAULT_FILE) -> frozenset[EndpointName]:
    """
    Only the names of the endpoints; no passwords are needed.

    Raises:
        SettingsInvalid: the file cannot be read.
    """
    return frozenset(EndpointName(name) for name in _table_at(_read(Path(path)), "endpoints"))


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        problem = "there is no such file; `syncengine init` writes one, `--config PATH` names another one"
    except OSError as error:
        problem = f"the file cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = "the file is not written in UTF-8; save it as UTF-8"
    except tomllib.TOMLDecodeError as error:
        problem = f"this is no TOML: {error}"
    raise SettingsInvalid([problem], source=str(path))


def _table_at(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = table.get(name, {})
    return value if isinstance(value, Mapping) else {}


def _check_sections(reading: _Reading) -> None:
    sections = ("log", "sync", "endpoints", *_SECTIONS)
    for name in reading.table:
        if name not in sections:
            reading.problems.append(Problem((name,), not_known(name, sections)))
    there = reading.table.get("endpoints", {})
    if not isinstance(there, Mapping) or len(there) < 2:
        text = "two or more endpoints are needed to keep anything the same; write one section [endpoints.NAME] for each"
        reading.problems.append(Problem(("endpoints",), text))


def _log_place(reading: _Reading, path: Path) -> LogPlace:
    table = reading.table.get("log", {})
    section = reading.structured(table, _LogSection, ("log",)) or _LogSection()
    text = section.path if is_url(section.path) else str(Path(section.path).expanduser())
    said = _table_at(reading.table, "log")
    _warn_of_plain_secrets(reading, ("log",), said, _LogSection)
    try:
        place = place_of(text, folder=path.parent, password=section.password, lease_s=section.lease_s)
    except LogMisconfigured as error:
        reading.problems.append(Problem(("log", "path"), str(error)))
        return path.parent / DEFAULT_LOG
    if isinstance(place, PostgresPlace) and place.has_password and isinstance(said["path"], str):
        text = 'holds a password in plain text; better leave it out and write password = {env = "LOG_PASSWORD"}'
        reading.warnings.append(str(Problem(("log", "path"), text)))
    return place


def _endpoints(reading: _Reading) -> dict[EndpointName, EndpointSettings]:
    found = {}
    for name, section in _table_at(reading.table, "endpoints").items():
        place = ("endpoints", name)
        if not _ENDPOINT_NAME.fullmatch(name) or name in _PAIRING_WORDS:
            text = f'"{name}" cannot be the name of an endpoint; use letters, digits, - and _ (and not "kind" or "title")'
            reading.problems.append(Problem(place, text))
        endpoint = _endpoint(reading, place, section)
        if endpoint is not None:
            found[endpoint.name] = endpoint
    return found


def _endpoint(reading: _Reading, place: tuple[str, str], section: Any) -> EndpointSettings | None:
    if not isinstance(section, Mapping):
        reading.problems.append(Problem(place, "must be a table"))
        return None
    plugin = _plugin(reading, place, section.get("connector"))
    if plugin is None:
        return None
    own = {key: value for key, value in section.items() if key not in _OURS}
    settings = reading.structured(own, plugin.settings, place)
    calls = reading.structured(section.get("calls", {}), CallSettings, (*place, "calls"))
    _warn_of_plain_secrets(reading, place, own, plugin.settings)
    if settings is None or calls is None:
        return None
    return EndpointSettings(name=EndpointName(place[1]), plugin=plugin, settings=settings, calls=calls)


def _plugin(reading: _Reading, place: Place, name: Any) -> ConnectorPlugin | None:
    place = (*place, "connector")
    if not isinstance(name, str):
        text = 'must name a connector, for example connector = "huly"; `syncengine connectors` lists them'
        reading.problems.append(Problem(place, text))
        return None
    try:
        plugin = reading.load(name)
    except ConfigurationError as error:
        reading.problems.append(Problem(place, str(error)))
        return None
    if not attrs.has(plugin.settings):
        text = f'the settings of the connector "{name}" are no attrs class; report it to its authors'
        reading.problems.append(Problem(place, text))
        return None
    return plugin


def _warn_of_plain_secrets(reading: _Reading, place: Place, section: Mapping[str, Any], kind: type[Any]) -> None:
    for attribute in attrs.fields(kind):
        name = attribute.alias or attribute.name
        if is_secret(attribute) and isinstance(section.get(name), str) and section[name]:
            variable = re.sub(r"\W", "_", f"{place[-1]}_{name}").upper()
            text = f'a secret in plain text; better {name} = {{env = "{variable}"}} or {{file = "..."}}'
            reading.warnings.append(str(Problem((*place, name), text)))


def _pairings(reading: _Reading, given: tuple[Mapping[str, str], ...], names: list[str]) -> tuple[Pairing, ...]:
    made = []
    for number, table in enumerate(given):
        place = ("sync", "pairings", number)
        containers = {name: value for name, value in table.items() if name not in _PAIRING_WORDS}
        strange = [name for name in containers if name not in names]
        for name in strange:
            text = not_known(name, names, what=f'there is no endpoint "{name}"')
            reading.problems.append(Problem((*place, name), text))
        if not table.get("kind"):
            reading.problems.append(Problem((*place, "kind"), 'is missing; say what the records are, kind = "issue"'))
        if len(containers) < 2:
            text = 'must name a container on two or more endpoints, for example huly = "...", todo = "..."'
            reading.problems.append(Problem(place, text))
        ids = {EndpointName(name): ContainerId(value) for name, value in containers.items()}
        made.append(Pairing(kind=Kind(table.get("kind", "")), containers=ids, title=table.get("title", "")))
    return tuple(made)
