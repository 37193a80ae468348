"""
`syncengine demo`: two servers, a log and a worker on this computer, and a kill in the middle of the work.

`play` is the story in the order in which it happens. What people do is in `scenario` (what) and `people` (how); what came
of it is read back from both servers and from the log, in `measure` and `log_facts`; `show` tells it.
"""

from syncengine.errors import SyncEngineError


class DemoFailed(SyncEngineError):
    """The demo cannot go on: a part of it did not start, ended too early, or did not answer."""
