"""
The section [server] of the settings: where the server listens, and who may ask it.

Nobody but this computer can reach the server unless the settings say otherwise, and then only with a key.
"""

import hmac
import re
from ipaddress import IPv6Address, ip_address

from attrs import field, frozen

from syncengine.errors import SettingsInvalid
from syncengine.redaction import Secret

KEY_HEADER = "X-API-Key"

DEFAULT_LISTEN = "127.0.0.1:9464"

OFF = "off"

_PLACE = re.compile(r"(?:\[(?P<v6>[^\]]*)\]|(?P<name>[^:\[\]/\s]*)):(?P<port>[0-9]{1,5})")
_HOW = f'write an address and a port, "{DEFAULT_LISTEN}", or "{OFF}"'


@frozen
class Place:
    """
    An address and a port.

    Attributes:
        host: an address or a name, without brackets.
        port: 0 for any that is free.
    """

    host: str
    port: int

    @property
    def loopback(self) -> bool:
        """Only this computer can reach it."""
        try:
            address = ip_address(self.host)
        except ValueError:
            return False
        if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
            return address.ipv4_mapped.is_loopback
        return address.is_loopback

    @property
    def url(self) -> str:
        """Where this computer asks it; a server that listens everywhere is asked over loopback."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 - compared, not bound
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def place_in(listen: str) -> Place | None:
    """
    Where this setting says to listen; None for "off".

    Raises:
        SettingsInvalid: it says neither a place nor "off".
    """
    if listen == OFF:
        return None
    found = _PLACE.fullmatch(listen)
    if found is None:
        raise _mistake(f'"{listen}" is no place to listen; {_HOW}')
    host, port = found["v6"] if found["v6"] is not None else found["name"], int(found["port"])
    if port > 65_535:
        raise _mistake(f'"{listen}" has no port that exists; use one from 1 to 65535, or 0 for any that is free')
    if host in {"", "*"}:
        raise _mistake(f'"{listen}" does not say which address; "0.0.0.0:{port}" listens on all of them')
    if found["v6"] is not None and not _is_v6(host):
        raise _mistake(f'"{listen}" has no IPv6 address in its brackets; {_HOW}')
    # The name could be made to mean another computer; what people want when they write it is this one.
    return Place("127.0.0.1" if host.lower() == "localhost" else host, port)


@frozen(kw_only=True)
class ServerSettings:
    """
    Where health and metrics can be asked for.

    Attributes:
        listen: an address and a port, port 0 for any that is free, or "off".
        api_key: what the header `X-API-Key` of every request has to hold; `/health/live` needs none.
    """

    listen: str = DEFAULT_LISTEN
    api_key: Secret | None = field(default=None, metadata={"secret": True})

    def __attrs_post_init__(self) -> None:
        """
        Refuse what would let strangers in.

        Raises:
            SettingsInvalid: `listen` says nothing usable, the key is empty, or other computers could ask without a key.
        """
        place = self.place
        if self.api_key is not None and not self.api_key.reveal().strip():
            raise _mistake("api_key is empty; remove it, or make one with `openssl rand -hex 32`")
        if place is not None and not place.loopback and self.api_key is None:
            raise _mistake(
                f'listen = "{self.listen}" lets other computers ask, and nothing would keep strangers out; add the line '
                'api_key = {env = "SYNCENGINE_API_KEY"} to [server], or listen on 127.0.0.1'
            )

    @property
    def place(self) -> Place | None:
        """Where to listen; None for nowhere."""
        return place_in(self.listen)


def may_ask(key: Secret | None, given: str | None) -> bool:
    """
    Whether a request with this value of the header may be answered; takes as long for a near miss as for any other.

    Args:
        given: as it came, so it may hold anything; None when the header was missing.
    """
    if key is None:
        return True
    wanted, said = key.reveal().encode(), (given or "").encode("utf-8", "surrogateescape")
    return hmac.compare_digest(wanted, said)


def _is_v6(host: str) -> bool:
    try:
        return isinstance(ip_address(host), IPv6Address)
    except ValueError:
        return False


def _mistake(text: str) -> SettingsInvalid:
    return SettingsInvalid([text], source="[server]")
