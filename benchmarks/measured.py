"""One figure of a benchmark, and how it is printed."""

from attrs import frozen


@frozen(kw_only=True)
class Measured:
    """
    One row of the table.

    Attributes:
        goal: which of the goals it belongs to; empty for a figure that only helps to understand another.
        value: what is compared with the limit; a ratio where the goal is one.
        limit: the goal.
        at_least: the value should be above the limit, not below.
        detail: what the ratio was made of.
    """

    goal: str = ""
    what: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    detail: str = ""

    @property
    def met(self) -> bool:
        """Whether the goal is met; true where there is none."""
        if self.limit is None:
            return True
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def __str__(self) -> str:
        sign = ">=" if self.at_least else "<="
        limit = "" if self.limit is None else f"{sign} {self.limit:g}"
        verdict = "" if self.limit is None else ("ok" if self.met else "MISSES ITS GOAL")
        line = f"{self.goal:4} {self.what:66} {self.value:9.2f} {self.unit:8} {limit:9} {verdict:15} {self.detail}"
        return line.rstrip()
