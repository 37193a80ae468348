"""
Plain data out of a settings file into attrs models, with every mistake found and its place kept.

cattrs finds the way by type; the hooks here are stricter than its own (a number is no text) and never stop at the first
mistake. `{env = ...}` and `{file = ...}` stand for the text they name wherever a text or a secret is wanted.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import attrs
from cattrs import Converter

from syncengine.adapters.log_place import PlaceText
from syncengine.domain.conflict_rules import ConflictRule
from syncengine.domain.identity import EndpointName
from syncengine.redaction import Secret, make_known, redact
from syncengine.runner.problems import Misfits, Problem, closest, found_in, misfit, not_known
from syncengine.runner.secret_values import SecretReader, is_secret, note_url, texts_in

_COLLECTIONS: Mapping[Any, Callable[[Iterable[Any]], Collection[Any]]] = {
    list: list,
    set: set,
    frozenset: frozenset,
    Sequence: tuple,
    Collection: tuple,
    AbstractSet: frozenset,
}
_MAPPINGS: tuple[Any, ...] = (dict, Mapping)


def make_converter(
    *, secrets: SecretReader, endpoints: Collection[str], rules: Mapping[str, type[ConflictRule]]
) -> Converter:
    """
    A converter for one settings file; what does not fit raises `Misfits`.

    Args:
        secrets: reads secrets, and knows what relative paths are relative to.
        endpoints: the configured names; others are refused where an endpoint is named.
        rules: the conflict rules by the names they have in settings.
    """
    converter = Converter(detailed_validation=False)
    hook = converter.register_structure_hook
    hook(str, lambda value, _: note_url(_text(value, secrets)))
    hook(PlaceText, lambda value, _: PlaceText(_text(value, secrets)))
    hook(Secret, lambda value, _: Secret(_text(value, secrets)))
    hook(bool, lambda value, _: _plain(value, bool, "true or false"))
    hook(int, lambda value, _: _plain(value, int, "a whole number"))
    hook(float, lambda value, _: float(_plain(value, (int, float), "a number")))
    hook(Path, lambda value, _: _path(value, secrets))
    by_type = converter.register_structure_hook_func
    by_type(attrs.has, partial(_structure_class, converter, secrets))
    by_type(_is_mapping, partial(_structure_mapping, converter))
    by_type(_is_collection, partial(_structure_collection, converter))
    by_type(_is_literal, _structure_literal)
    by_type(lambda kind: isinstance(kind, type) and issubclass(kind, Enum), _structure_enum)
    by_type(lambda kind: kind is EndpointName, lambda value, _: _endpoint(value, endpoints))
    by_type(lambda kind: kind is ConflictRule, lambda value, _: _structure_rule(converter, rules, value))
    return converter


def _text(value: Any, secrets: SecretReader) -> str:
    if isinstance(value, Mapping):
        return secrets.read(value)
    return str(_plain(value, str, "a text"))


def _plain(value: Any, kind: type | tuple[type, ...], what: str) -> Any:
    # True is an int for Python, not for people.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise misfit(f"must be {what}")
    return value


def _path(value: Any, secrets: SecretReader) -> Path:
    return secrets.folder / Path(_text(value, secrets)).expanduser()


def _endpoint(value: Any, endpoints: Collection[str]) -> EndpointName:
    name = str(_plain(value, str, "the name of an endpoint"))
    if name not in endpoints:
        raise misfit(not_known(name, endpoints, what=f'there is no endpoint "{name}"'))
    return EndpointName(name)


def _structure_class(converter: Converter, secrets: SecretReader, value: Any, kind: type[Any]) -> Any:
    """An attrs object from a table; its fields are checked one by one, so that all mistakes are found."""
    if not isinstance(value, Mapping):
        raise misfit("must be a table")
    attrs.resolve_types(kind)
    fields = {it.alias or it.name: it for it in attrs.fields(kind) if it.init}
    problems, misspelled = _unknown_keys(value, fields)
    given: dict[str, Any] = {}
    for name, attribute in fields.items():
        if name in value:
            try:
                given[name] = _structure_field(converter, secrets, value[name], attribute)
            except Exception as error:  # noqa: BLE001 - whatever a class says about a value is a problem of the file
                problems += found_in(error, (name,))
        elif attribute.default is attrs.NOTHING and name not in misspelled:
            problems.append(Problem((name,), "is missing"))
    if problems:
        raise _without_secrets(problems, secrets)
    try:
        return kind(**given)
    except Exception as error:
        raise _without_secrets(found_in(error, ()), secrets) from error


def _unknown_keys(value: Mapping[str, Any], fields: Mapping[str, "attrs.Attribute[Any]"]) -> tuple[list[Problem], set[str]]:
    """The keys nobody knows, and the fields they were probably meant for."""
    strange = [key for key in value if key not in fields]
    problems = [Problem((key,), not_known(key, fields)) for key in strange]
    return problems, {closest(key, fields) or "" for key in strange}


def _structure_field(converter: Converter, secrets: SecretReader, value: Any, attribute: "attrs.Attribute[Any]") -> Any:
    structured = converter.structure(value, attribute.type) if attribute.type is not None else value
    if is_secret(attribute):
        for text in texts_in(structured):
            secrets.seen.add(text)
            make_known(text)
    if attribute.validator is not None and attribute.converter is None:
        try:
            attribute.validator(None, attribute, structured)
        except AttributeError:
            # It looks at other fields too; it is asked again when the whole object is made.
            return structured
    return structured


def _without_secrets(problems: Iterable[Problem], secrets: SecretReader) -> Misfits:
    return Misfits(Problem(problem.place, redact(secrets.struck_out(problem.text))) for problem in problems)


def _structure_mapping(converter: Converter, value: Any, kind: Any) -> dict[Any, Any]:
    if not isinstance(value, Mapping):
        raise misfit("must be a table")
    of_keys, of_values = get_args(kind)

    def pair(key: Any, it: Any) -> tuple[Any, Any]:
        return converter.structure(key, of_keys), converter.structure(it, of_values)

    return dict(_each(value.items(), pair))


def _is_mapping(kind: Any) -> bool:
    return get_origin(kind) in _MAPPINGS


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _is_collection(kind: Any) -> bool:
    origin = get_origin(kind)
    return origin in _COLLECTIONS or (origin is tuple and get_args(kind)[1:] == (...,))


def _structure_collection(converter: Converter, value: Any, kind: Any) -> Collection[Any]:
    if not isinstance(value, list):
        raise misfit("must be a list")
    of_items = get_args(kind)[0]
    make = _COLLECTIONS.get(get_origin(kind), tuple)
    return make(_each(enumerate(value), lambda _, it: converter.structure(it, of_items)))


def _each(items: Iterable[tuple[Any, Any]], work: Callable[[Any, Any], Any]) -> list[Any]:
    done, problems = [], []
    for key, item in items:
        try:
            done.append(work(key, item))
        except Exception as error:  # noqa: BLE001 - see `_structure_class`
            problems += found_in(error, (key,))
    if problems:
        raise Misfits(problems)
    return done


def _structure_literal(value: Any, kind: Any) -> Any:
    allowed = get_args(kind)
    if not any(value == it and type(value) is type(it) for it in allowed):
        raise misfit(_none_of(value, [str(it) for it in allowed]))
    return value


def _structure_enum(value: Any, kind: type[Enum]) -> Enum:
    for member in kind:
        if member.value == value:
            return member
    raise misfit(_none_of(value, [str(member.value) for member in kind]))


def _none_of(value: Any, allowed: Sequence[str]) -> str:
    return not_known(str(value), allowed, what=f'"{value}" is not possible')


def _structure_rule(converter: Converter, rules: Mapping[str, type[ConflictRule]], value: Any) -> Any:
    """`{rule = "prefer", endpoint = "huly"}`: the class of that name, structured from the rest of the table."""
    if not isinstance(value, Mapping) or "rule" not in value:
        raise misfit(f'must name a rule, for example {{rule = "ask_a_person"}}; there are {", ".join(sorted(rules))}')
    name = value["rule"]
    if not isinstance(name, str) or name not in rules:
        raise Misfits([Problem(("rule",), not_known(str(name), rules, what=f'there is no rule "{name}"'))])
    return converter.structure({key: it for key, it in value.items() if key != "rule"}, rules[name])
