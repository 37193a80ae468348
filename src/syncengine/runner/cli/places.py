"""Which endpoint, container or item people mean."""

from collections.abc import Iterable

from syncengine.adapters.event_log import OpenLog
from syncengine.domain.identity import ROOT, ContainerId, EndpointName
from syncengine.domain.pauses import container_subject, endpoint_subject, item_subject
from syncengine.runner.cli.items import meant

PLACE_HELP = "An endpoint such as vibe, a project of it such as vibe/Garden (its name or id), or an item as in `explain`."


def subject_meant(log: OpenLog, text: str, configured: Iterable[EndpointName]) -> str | None:
    """
    The subject of a pause that this text means; None when there is none or there are several, which is said.

    Args:
        configured: the endpoints in the settings; those that the log knows are known without them.

    Raises:
        EventLogError: the log cannot be read.
    """
    paused = [it.subject for it in log.views.pauses()]
    endpoints = {
        *configured,
        *log.views.counts().by_endpoint,
        *(it.partition(":")[2] for it in paused if it.startswith("endpoint:")),
    }
    if text in endpoints:
        return endpoint_subject(EndpointName(text))
    name, _, container = text.partition("/")
    if name in endpoints and container:
        known = log.views.known_records(EndpointName(name), ROOT)
        named = [it for it, record in known.items() if container in {it, record.label}]
        here = [it.ref.record_id for it in log.views.find(container) if it.ref.record_id in known]
        ids = {*map(str, named), *map(str, here)} or {container}
        if len(ids) == 1 and (known or log.views.known_records(EndpointName(name), ContainerId(container))):
            return container_subject(EndpointName(name), ContainerId(ids.pop()))
    link_id = meant(log, text)
    return item_subject(link_id) if link_id is not None else None
