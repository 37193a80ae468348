"""
The contract of connectors, as checks that anybody can run.

Each check is an async function that takes a `Subject` and uses plain `assert`; nothing here needs pytest. A check is left
out only because of a declared ability that is missing (`NotApplicable`) or a waiver with a reason; reports show both.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Literal

from attrs import frozen

from syncengine.testing.checks import declared, reading, robust, writing
from syncengine.testing.subject import NotApplicable, Subject

Check = Callable[[Subject], Awaitable[None]]

CHECKS: tuple[Check, ...] = (*declared.CHECKS, *reading.CHECKS, *writing.CHECKS, *robust.CHECKS)
"""All checks; each is independent of the others."""


def name_of(check: Check) -> str:
    """The name under which reports and waivers know a check."""
    return str(getattr(check, "__name__", check))


@frozen(kw_only=True)
class Result:
    """
    What came of one check.

    Attributes:
        reason: why it failed, was waived, or does not apply; empty when it passed.
    """

    check: str
    verdict: Literal["passed", "failed", "waived", "not applicable"]
    reason: str = ""


async def run_check(check: Check, subject: Subject) -> Result:
    """Run one check; whatever it raises becomes the reason of the result."""
    name = name_of(check)
    if name in subject.waivers:
        return Result(check=name, verdict="waived", reason=subject.waivers[name])
    try:
        await check(subject)
    except NotApplicable as nothing:
        return Result(check=name, verdict="not applicable", reason=str(nothing))
    except AssertionError as failure:
        return Result(check=name, verdict="failed", reason=str(failure) or repr(failure))
    except Exception as error:  # noqa: BLE001 - whatever escapes a connector is a finding of the check
        return Result(check=name, verdict="failed", reason=f"{type(error).__name__}: {error}")
    return Result(check=name, verdict="passed")


async def run_checks(subject: Subject, checks: Sequence[Check] = CHECKS) -> Sequence[Result]:
    """
    Run the checks one after the other.

    Raises:
        ValueError: a waiver names no check, so it would silently do nothing.
    """
    refuse_unknown_waivers(subject)
    return [await run_check(check, subject) for check in checks]


def refuse_unknown_waivers(subject: Subject) -> None:
    """
    See that every waiver names a check and gives a reason.

    Raises:
        ValueError: one does not.
    """
    names = {name_of(check) for check in CHECKS}
    for name, reason in subject.waivers.items():
        if name not in names:
            raise ValueError(f"the waiver {name!r} names no check; there are {', '.join(sorted(names))}")
        if not reason.strip():
            raise ValueError(f"the waiver {name!r} gives no reason")
