"""From the HTTP requests of a connector to notes about its endpoint."""

from syncengine.engine.notes import RequestEnded
from syncengine.engine.ports import Telemetry
from syncengine.http import Exchange, Listener


def noting_requests(telemetry: Telemetry, endpoint: str) -> Listener:
    """A listener for `syncengine.http.listening` that tells `telemetry` of each request, as one of this endpoint."""

    def note(exchange: Exchange) -> None:
        ended = RequestEnded(
            endpoint=endpoint,
            method=exchange.method,
            host=exchange.host,
            port=exchange.port,
            status=exchange.status,
            error=exchange.error,
            duration_s=exchange.duration_s,
        )
        telemetry.note(ended)

    return note
