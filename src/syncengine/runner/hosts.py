"""Hosts that do not answer are in the log, so that the next process starts with one probe and not with many calls."""

from collections.abc import Collection

from syncengine.adapters.event_log import OpenLog
from syncengine.adapters.guard.breaker import Breakers
from syncengine.domain.events import Event, HostAnswered, HostGivenUp
from syncengine.domain.identity import host_stream
from syncengine.engine.ports import Append


def recall_hosts(log: OpenLog, breakers: Breakers) -> None:
    """
    Begin with the breakers of these hosts open, and a probe due at once.

    Raises:
        EventLogError: the log cannot be read.
    """
    breakers.recall({it.host: it.reason for it in log.views.given_up_hosts()})


async def remember_hosts(log: OpenLog, breakers: Breakers, hosts: Collection[str], *, caused_by: str) -> None:
    """
    Store which hosts were given up or answer again since this was last stored; nothing when none did.

    Args:
        hosts: all that endpoints call; others are forgotten.

    Raises:
        EventLogError: the log cannot be read or written.
    """
    known = {it.host for it in log.views.given_up_hosts()}
    states = breakers.states()
    given_up = breakers.given_up()
    over = {host for host in known if states.get(host) == "closed" or host not in hosts}
    events: list[tuple[str, Event]] = [(host, HostAnswered(host=host)) for host in sorted(over)]
    events += [(host, HostGivenUp(host=host, reason=given_up[host])) for host in sorted(given_up.keys() - known)]
    appends = [
        Append(stream_id=host_stream(host), after_version=log.stream_version(host_stream(host)), events=(event,))
        for host, event in events
    ]
    if appends:
        await log.append(*appends, caused_by=caused_by)
