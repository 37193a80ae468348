"""How commands ask for something that only the process that writes the log can do."""

import getpass
from datetime import UTC, datetime

from syncengine.adapters.log_place import LogPlace
from syncengine.engine.requests import Request


def put_in(path: LogPlace, request: Request) -> None:
    """
    Leave a request for the next pass, in the name of the user of this process.

    Raises:
        EventLogError: the file of the log cannot be written.
    """
    from syncengine.adapters.inbox import ask

    ask(path, request, by=getpass.getuser(), now=datetime.now(UTC))
