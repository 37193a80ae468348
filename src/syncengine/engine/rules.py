"""By what is decided; a person may change it between two passes."""

from hashlib import sha256

from attrs import define

from syncengine.domain.policy import Policy
from syncengine.engine.pairings import Pairing


@define
class Rules:
    """
    The rules as everybody in an engine reads them.

    Attributes:
        policy: how is decided about an item.
        pairings: containers that are kept the same although no projects say so.
    """

    policy: Policy
    pairings: tuple[Pairing, ...] = ()

    @property
    def mark(self) -> str:
        """Short text that changes when the rules or the pairings do."""
        text = self.policy.as_text() + repr(sorted(f"{pairing.kind} {pairing.ids}" for pairing in self.pairings))
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
