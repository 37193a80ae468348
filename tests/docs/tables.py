"""
The tables of the docs that are drawn from the code's own tables; `python -m tests.docs.tables` puts them into the pages.

In a page a table stands between `<!-- table: NAME -->` and `<!-- end -->`; `test_tables.py` compares.
"""

import inspect
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs

from connectors.huly.settings import HulySettings
from connectors.vibe.settings import VibeSettings
from syncengine import errors
from syncengine.adapters.guard.call_settings import CallSettings
from syncengine.adapters.telemetry.metric_names import FAMILIES, api_latency
from syncengine.adapters.telemetry.traces import TraceSettings
from syncengine.connector import (
    Capabilities,
    ContainerId,
    EndpointName,
    FieldSpec,
    FieldValues,
    Record,
    RecordId,
    RecordRef,
)
from syncengine.domain.conflict_rules import RULES
from syncengine.domain.events import Operation, Write, WriteOvertaken, WritePostponed
from syncengine.domain.identity import IntentId
from syncengine.domain.judge import judge_update
from syncengine.domain.merge import Conflicts, FieldState, Settled, Takes, merge_field
from syncengine.domain.policy import Backoff, Policy, SafetyLimits
from syncengine.domain.side import PendingWrite
from syncengine.engine.outcomes import outcome_of
from syncengine.redaction import Secret
from syncengine.runner.cli import exit_codes
from syncengine.runner.health.health_settings import HealthSettings
from syncengine.runner.log_lines import schema as log_lines
from syncengine.runner.log_lines.settings import LogSettings
from syncengine.runner.server.access import ServerSettings
from syncengine.testing import CHECKS

DOCS = Path(__file__).parents[2] / "docs"
HULY, VIBE = EndpointName("huly"), EndpointName("vibe")
MARKS = re.compile(r"(<!-- table: (?P<name>\S+) -->\n)(?P<table>.*?)(?P<end><!-- end -->)", re.DOTALL)


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A table in Markdown."""
    lines = [tuple(head)]
    lines.append(tuple("---" for _ in lines[0]))
    lines += [tuple(row) for row in rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def first_sentence(thing: object) -> str:
    """What the docstring says first, on one line."""
    paragraph = inspect.cleandoc(thing.__doc__ or "").split("\n\n")[0]
    return code(" ".join(paragraph.split()))


def code(text: str) -> str:
    """The text without marks that only the source needs: doubled backticks, numbers of recorded observations."""
    return re.sub(r" \(observed [\d, ]+\)", "", text.replace("``", "`"))


# -- errors ----------------------------------------------------------------------------------------------------------------


def leaves() -> list[type[errors.ConnectorError]]:
    """The errors that connectors raise, in the order of the module."""
    everything = [it for it in vars(errors).values() if inspect.isclass(it) and issubclass(it, errors.ConnectorError)]
    return [it for it in everything if not any(issubclass(other, it) and other is not it for other in everything)]


def a_write(operation: Operation) -> PendingWrite:
    """Some write that a decision made."""
    ref = RecordRef(VIBE, ContainerId("board"), RecordId("7"))
    return PendingWrite(
        write=Write(
            intent_id=IntentId("i"),
            endpoint=VIBE,
            container=ref.container,
            operation=operation,
            ref=ref if operation is Operation.UPDATE else None,
            fields=FieldValues(title="new"),
            stored=FieldValues(title="new"),
            expected=FieldValues(title="old") if operation is Operation.UPDATE else FieldValues(),
        )
    )


def what_a_write_becomes(kind: type[errors.ConnectorError]) -> str:
    """What the engine does with a write that met this error."""
    answers = []
    for operation in Operation:
        outcome = outcome_of(
            a_write(operation), kind("..."), now=datetime(2025, 1, 1, tzinfo=UTC), policy=Policy(rules={}), lag_s=0.0
        )
        match outcome:
            case WritePostponed(outcome="not_done"):
                answers.append("sent again later")
            case WritePostponed():
                answers.append("judged by looking")
            case WriteOvertaken():
                answers.append("read again, decided anew")
            case _:
                answers.append("parked until something changes")
    return answers[0] if len(set(answers)) == 1 else f"create: {answers[0]}; update: {answers[1]}"


def errors_table() -> str:
    """Every error a connector may raise, and what follows."""
    rows = ((f"`{it.__name__}`", first_sentence(it), it.remedy.value, what_a_write_becomes(it)) for it in leaves())
    return table(("error", "what it says", "remedy", "what becomes of the write"), rows)


# -- decisions ---------------------------------------------------------------------------------------------------------


def merging_table() -> str:
    """Three-way merge of a status, from the merge itself."""
    situations = [
        ("nobody edited it", ("todo", "todo"), ("todo", "todo")),
        ("edited in Huly", ("todo", "done"), ("todo", "todo")),
        ("edited in Vibe", ("todo", "todo"), ("todo", "done")),
        ("the same edit on both sides", ("todo", "done"), ("todo", "done")),
        ("different edits", ("todo", "done"), ("todo", "cancelled")),
        ("Vibe has no backlog, nobody edited it", ("backlog", "backlog"), ("todo", "todo")),
        ("moved out of the backlog in Huly", ("backlog", "todo"), ("todo", "todo")),
        ("moved on in Vibe", ("backlog", "backlog"), ("todo", "in_progress")),
    ]
    return table(
        ("situation", "Huly: agreed → now", "Vibe: agreed → now", "verdict"),
        ((name, " → ".join(huly), " → ".join(vibe), merged(huly, vibe)) for name, huly, vibe in situations),
    )


def merged(huly: tuple[str, str], vibe: tuple[str, str]) -> str:
    """What the merge says about these values."""
    states = {HULY: FieldState(agreed=huly[0], value=huly[1]), VIBE: FieldState(agreed=vibe[0], value=vibe[1])}
    verdict = merge_field(
        states, lambda _, one, two, other: (one, other) == ("backlog", "todo") and two == VIBE or one == other
    )
    match verdict:
        case Settled():
            return "nothing to do"
        case Takes(value=value, source=source):
            return f'everybody gets "{value}" ({source})'
        case Conflicts():
            return "conflict: the rule of the field decides"


def judging_table() -> str:
    """The verdicts on an update whose answer was lost."""
    write = a_write(Operation.UPDATE).write
    situations = {
        "our value": FieldValues(title="new"),
        "the value from before": FieldValues(title="old"),
        "another value": FieldValues(title="somebody's"),
        "the record is gone": None,
    }
    next_step = {
        "Landed": "it is confirmed, with the proof `found`",
        "DidNotLand": "it is sent again",
        "Overtaken": "it is dropped, and everything is decided anew",
    }
    rows = []
    for seen, fields in situations.items():
        now = None if fields is None else Record(ref=write.ref, fields=fields)
        verdict = type(judge_update(write, now)).__name__
        words = re.sub(r"(?<!^)([A-Z])", r" \1", verdict).lower()
        rows.append((seen, words, next_step[verdict]))
    return table(("the remote now shows", "verdict", "what happens to the write"), rows)


def rules_table() -> str:
    """The conflict rules by the names they have in settings."""
    rows = []
    for name, rule in RULES.items():
        own = [it for it in attrs.fields(rule) if it.init]
        options = ", ".join(f"`{it.name}`{default_of(it)}" for it in own) or "none"
        rows.append((f"`{name}`", first_sentence(rule), options))
    return table(("rule", "what it does", "options"), rows)


# -- models ------------------------------------------------------------------------------------------------------------


def described(kind: type[Any]) -> Mapping[str, str]:
    """What a class says about its attributes, by their names."""
    text = inspect.cleandoc(kind.__doc__ or "")
    section = re.search(r"^Attributes:\n(?P<body>(?: {4}.*\n?|\n)+)", text, re.MULTILINE)
    found: dict[str, str] = {}
    for names, words in re.findall(
        r"^ {4}([\w, ]+):\s+((?:.*)(?:\n {8,}.*)*)", section["body"] if section else "", re.MULTILINE
    ):
        for name in names.split(","):
            found[name.strip()] = code(" ".join(words.split()))
    return found


def default_of(attribute: "attrs.Attribute[Any]") -> str:
    """The default of an attribute, in brackets, where it has a short one."""
    if isinstance(attribute.default, bool | int | float | str):
        return f" ({plain(attribute.default)})"
    if isinstance(attribute.default, attrs.Factory):
        made = attribute.default.factory()
        return f" ({next((f'`{name}`' for name, rule in RULES.items() if isinstance(made, rule)), 'empty')})"
    return ""


def plain(value: object) -> str:
    """A value as it stands in a settings file."""
    if value == "" or value == () or value == {} or value == Secret(""):
        return "empty"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def settings_table(kind: type[Any]) -> Callable[[], str]:
    """The keys of a section: name, default and meaning."""

    def drawn() -> str:
        rows = []
        for attribute in attrs.fields(kind):
            default = attribute.default
            if isinstance(default, attrs.Factory):
                default = default.factory()
            said = "needed" if default is attrs.NOTHING else plain(default)
            rows.append((f"`{attribute.name}`", said, described(kind)[attribute.name]))
        return table(("key", "default", "meaning"), rows)

    return drawn


def capabilities_table() -> str:
    """What a connector declares."""
    rows = []
    for attribute in attrs.fields(Capabilities):
        said = "needed" if attribute.default is attrs.NOTHING else repr(attribute.default)
        rows.append(
            (f"`{attribute.name}`", f"`{said}`" if said != "needed" else said, described(Capabilities)[attribute.name])
        )
    return table(("capability", "default", "meaning"), rows)


def fields_table() -> str:
    """What a connector declares about a field."""
    words = described(FieldSpec)
    rows = ((f"`{it.name}`", words[it.name]) for it in attrs.fields(FieldSpec) if it.name in words)
    return table(("of a field", "meaning"), rows)


def checks_table() -> str:
    """The conformance checks."""
    return table(("check", "promise"), ((f"`{it.__name__}`", first_sentence(it)) for it in CHECKS))


def exit_codes_table() -> str:
    """The exit codes, from the module that has them."""
    return "".join(f"{line}\n" for line in (exit_codes.__doc__ or "").splitlines() if line.startswith("|"))


def metrics_table() -> str:
    """Every metric, with those that each connector adds."""
    rows = (
        (f"`{it.name}`", it.type, ", ".join(f"`{label}`" for label in it.labels), it.help)
        for it in (*FAMILIES, api_latency("huly"), api_latency("vibe"))
    )
    return table(("metric", "type", "labels", "meaning"), rows)


# -- log lines -------------------------------------------------------------------------------------------------------------


def log_keys_table() -> str:
    """What lines have besides what their event brings along."""
    always, inside = "every line", "lines inside such a piece of work"
    where = dict.fromkeys(log_lines.FIXED_KEYS, always) | dict.fromkeys(log_lines.context(), inside)
    where |= dict.fromkeys(log_lines.TRACE_IDS, "lines inside a span")
    where["exception"] = where["stack"] = "lines of other libraries"
    return table(("key", "on", "meaning"), ((f"`{name}`", on, log_lines.MEANINGS[name]) for name, on in where.items()))


def log_events_table() -> str:
    """What happens, by the name it has in log lines."""
    rows = (
        (f"`{it.name}`", it.level, first_sentence(it), ", ".join(map(log_field, log_lines.logged_fields(it))))
        for it in log_lines.events()
    )
    return table(("event", "level", "what happened", "keys"), rows)


def log_field(attribute: "attrs.Attribute[Any]") -> str:
    """A key, with a question mark where it may be missing."""
    return f"`{attribute.name}`{'?' if log_lines.is_optional(attribute) else ''}"


def log_fields_table() -> str:
    """What the keys of events mean, the same meaning once."""
    said: dict[tuple[str, str], list[str]] = {}
    for event in log_lines.events():
        for attribute in log_lines.logged_fields(event):
            words = code(log_lines.meaning(event, attribute.name))
            said.setdefault((attribute.name, f"{words} ({log_type(attribute)})"), []).append(f"`{event.name}`")
    meanings = Counter(name for name, _ in said)
    rows = []
    for (name, words), events in sorted(said.items()):
        rows.append((f"`{name}`", "all that have it" if meanings[name] == 1 else ", ".join(events), words))
    return table(("key", "of", "meaning"), rows)


def log_type(attribute: "attrs.Attribute[Any]") -> str:
    """The type of a key, in one or two words."""
    schema = log_lines.type_of(attribute)
    if "enum" in schema:
        return "one of " + ", ".join(f"`{it}`" for it in schema["enum"])
    if "pattern" in schema:
        return "32 hexadecimal digits"
    if schema.get("format") == "date-time":
        return "time"
    words = {"string": "text", "integer": "whole number", "boolean": "true or false", "array": "list of texts"}
    return words.get(schema["type"], "numbers by name" if schema["type"] == "object" else schema["type"])


def log_schema() -> str:
    """The schema of log lines as the file holds it."""
    return json.dumps(log_lines.schema(), indent=2, ensure_ascii=False) + "\n"


LOG_SCHEMA = DOCS / "log-schema.json"

TABLES: Mapping[str, Callable[[], str]] = {
    "errors": errors_table,
    "merging": merging_table,
    "judging": judging_table,
    "rules": rules_table,
    "huly-settings": settings_table(HulySettings),
    "vibe-settings": settings_table(VibeSettings),
    "backoff-settings": settings_table(Backoff),
    "safety-settings": settings_table(SafetyLimits),
    "call-settings": settings_table(CallSettings),
    "server-settings": settings_table(ServerSettings),
    "health-settings": settings_table(HealthSettings),
    "log-settings": settings_table(LogSettings),
    "capabilities": capabilities_table,
    "fields": fields_table,
    "checks": checks_table,
    "exit-codes": exit_codes_table,
    "log-keys": log_keys_table,
    "log-events": log_events_table,
    "log-fields": log_fields_table,
    "metrics": metrics_table,
    "traces-settings": settings_table(TraceSettings),
}


def redrawn(page: str) -> str:
    """The page with its tables as the code draws them now."""
    return MARKS.sub(lambda found: f"{found[1]}{TABLES[found['name']]()}{found['end']}", page)


def main() -> None:
    """Put the tables into all pages, and the schema of log lines beside them."""
    for path in sorted(DOCS.glob("*.md")):
        path.write_text(redrawn(path.read_text("utf-8")), "utf-8")
    LOG_SCHEMA.write_text(log_schema(), "utf-8")


if __name__ == "__main__":
    main()
