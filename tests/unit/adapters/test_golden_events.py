"""
Every event that was ever stored can still be read.

A golden file holds an event as a program stored it. Files are added, never changed: for a new version
`NAME.vVERSION.json`, for a new optional field in the same version `NAME.vVERSION-2.json` and so on. `FULL_EXAMPLES` are
the events that the newest files hold.
"""

import json
import typing
from collections.abc import Iterator
from pathlib import Path

import attrs
import pytest

from syncengine.adapters import plain_json
from syncengine.adapters.event_codec import CODEC, FORMATS
from syncengine.domain.events import Settlement, Write
from tests.unit.adapters.sample_events import FULL_EXAMPLES

FOLDER = Path(__file__).parents[2] / "golden" / "events"
FILES = sorted(path.name for path in FOLDER.glob("*.json"))


def golden(file):
    return json.loads((FOLDER / file).read_text("utf-8"))


def decoded(stored):
    return CODEC.decode(stored["name"], plain_json.dumps(stored["state"])).event


def newest(known):
    files = [
        file for file in FILES if file.startswith((f"{known.name}.v{known.version}.", f"{known.name}.v{known.version}-"))
    ]
    assert files, f"{known.name} has no golden file of version {known.version}"
    return golden(max(files, key=edition))


def edition(file):
    """`NAME.v1.json` is the first of its version, `NAME.v1-2.json` the second."""
    return int(file.removesuffix(".json").rpartition(".v")[2].partition("-")[2] or 1)


def differences(event_class, data, place="") -> Iterator[str]:
    """Where the fields of a class, and of the classes inside it, are not those of stored data."""
    fields = {field.name: field.type for field in attrs.fields(event_class)}
    for name in sorted(fields.keys() ^ data.keys()):
        yield f"{place}{name}"
    for name in fields.keys() & data.keys():
        for inner in classes_in(fields[name]):
            values = data[name] if isinstance(data[name], list) else [data[name]]
            for value in values:
                yield from differences(inner, value, f"{place}{name}.")


def classes_in(annotation):
    parts = [annotation, *(part for arg in typing.get_args(annotation) for part in classes_in(arg))]
    return [part for part in parts if isinstance(part, type) and attrs.has(part)]


def test_there_is_a_file_for_every_kind():
    """Nothing is stored that is not kept here."""
    assert {golden(file)["name"] for file in FILES} == {known.name for known in FORMATS}


@pytest.mark.parametrize("file", FILES)
def test_an_event_stored_by_any_version_can_be_read(file):
    """Golden files are kept for ever."""
    assert decoded(golden(file)).__class__ in {known.event_class for known in FORMATS}


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_the_newest_file_means_what_it_always_meant(known):
    """Reading it gives the example, storing the example gives the file."""
    stored = newest(known)

    assert decoded(stored) == FULL_EXAMPLES[known.name]
    name, state = CODEC.encode(
        FULL_EXAMPLES[known.name],
        recorded_at=CODEC.decode(known.name, plain_json.dumps(stored["state"])).recorded_at,
        caused_by=stored["state"]["by"],
    )
    assert {"name": name, "state": plain_json.loads(state)} == stored


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: known.name)
def test_fields_change_only_together_with_a_version_or_a_golden_file(known):
    """Else yesterday's program would trip over today's events without anybody having decided so."""
    changed = sorted(differences(known.event_class, newest(known)["state"]["data"]))

    assert not changed, (
        f"{known.name} no longer has the fields of its newest golden file: {changed}. A new optional field needs a new "
        f"golden file of version {known.version}; anything else a new version in FORMATS, an upcaster and a golden file."
    )


def test_a_changed_field_is_noticed_wherever_it_is():
    """The check above can fail: in the event itself, and in a class inside it."""

    @attrs.frozen(kw_only=True)
    class WriteWithPriority(Write):
        priority: int = 0

    @attrs.frozen(kw_only=True)
    class Intended:
        basis: dict
        writes: tuple[WriteWithPriority, ...]
        settled: tuple[Settlement, ...] = ()
        why: str = ""

    data = golden("link.writes_intended.v1.json")["state"]["data"]

    assert sorted(differences(Intended, data)) == ["reasons", "why", "writes.priority"]
