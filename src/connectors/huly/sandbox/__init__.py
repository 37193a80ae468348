"""A stand-in for a Huly server: a real HTTP server on this machine that behaves as version 0.7.423 was recorded.

For the demo and for tests. It knows nothing of the engine and of the connector that talks to it.

Where to look: `server.py` the sandbox as a whole, `service.py` everything behind the routes, `transactions.py` the way
of a write, `find_all.py` what a query returns, `collaborator.py` rich text, `consequences.py` what follows from a
write, `faults.py` what can go wrong on request. Remarks such as "(observed 16)" name the numbered statement of the
report on the recordings; "recorded surprise 7" names its second list.
"""

from connectors.huly.sandbox.client import ControlError, HulySandboxClient
from connectors.huly.sandbox.faults import Fault
from connectors.huly.sandbox.person import NoSuchThingError, Person
from connectors.huly.sandbox.server import HulySandbox
from connectors.huly.sandbox.settings import SandboxSettings
from connectors.huly.sandbox.views import IssueSeen, ProjectSeen

__all__ = [
    "ControlError",
    "Fault",
    "HulySandbox",
    "HulySandboxClient",
    "IssueSeen",
    "NoSuchThingError",
    "Person",
    "ProjectSeen",
    "SandboxSettings",
]
