"""Mistakes in settings: each with its place, and with what was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches

from attrs import frozen

from syncengine.errors import SettingsInvalid

Place = tuple[str | int, ...]
"""Where something stands in a settings file: ("endpoints", "huly", "url")."""


@frozen
class Problem:
    """One mistake; `text` goes on after "PLACE: "."""

    place: Place
    text: str

    def __str__(self) -> str:
        return f"{written(self.place)}: {self.text}" if self.place else self.text


class Misfits(Exception):
    """
    A value does not fit, in one or more places.

    Attributes:
        problems: the places are those inside the value.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in self.problems))


def misfit(text: str) -> Misfits:
    """The value itself does not fit."""
    return Misfits([Problem((), text)])


def found_in(error: Exception, place: Place) -> list[Problem]:
    """The mistakes an exception stands for, with this place put before theirs."""
    match error:
        case Misfits():
            return [Problem((*place, *problem.place), problem.text) for problem in error.problems]
        case SettingsInvalid():
            return [Problem(place, problem) for problem in error.problems]
        case _:
            # Validators of attrs put the sentence first and the field, the value and the options behind it.
            said = str(error.args[0]) if error.args else ""
            return [Problem(place, said or f"cannot be used ({type(error).__name__})")]


def written(place: Place) -> str:
    """A place as people write it: `sync.pairings[2].kind`, counted from 1."""
    text = ""
    for part in place:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += f".{part}" if text else part
    return text


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that was probably meant, or None when none is near."""
    near = get_close_matches(name.lower(), {it.lower(): it for it in known}, n=1, cutoff=0.6)
    return next((it for it in known if near and it.lower() == near[0]), None)


def not_known(name: str, known: Iterable[str], *, what: str = "not known") -> str:
    """What to say about a name that is none of the known ones."""
    names = sorted(known)
    meant = closest(name, names)
    if meant is not None:
        return f'{what}; did you mean "{meant}"?'
    return f"{what}; possible here: {', '.join(names)}" if names else f"{what}; remove it"
