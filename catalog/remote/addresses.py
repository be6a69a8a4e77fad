"""Which addresses may be connected to: any, or public ones where files are fetched for others.

A name says nothing: it may resolve to an address of the own network, and to another one a moment
later. So it is resolved once, and the connection is made to the address that was looked at.
"""

from __future__ import annotations

import ipaddress
import logging
import os

from catalog.errors import CatalogError, UnreadableFileError

ADDRESSES = "WITOIL_HTTP_ADDRESSES"
"""Environment variable: ``any`` (the default) or ``public``."""

PRIVATE_HOSTS = "WITOIL_HTTP_PRIVATE_HOSTS"
"""Environment variable: hosts, or host:port, parted by commas, that may be private all the same."""

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given to anybody; the rest is local, or IPv4 in another spelling. [R1]_

References
----------
.. [R1] R. Hinden, S. Deering, IP Version 6 Addressing Architecture, RFC 4291, 2006, section 2.4.
"""

# the library tells of each refusal, and so do we
logging.getLogger("requests_hardened.ip_filter").setLevel(logging.ERROR)


def only_public() -> bool:
    """Return whether private addresses are refused.

    Raises
    ------
    CatalogError
        If the environment says neither.
    """
    found = os.environ.get(ADDRESSES, "any")
    if found not in ("any", "public"):
        raise CatalogError(f"{ADDRESSES}: found {found!r}, expected any or public")
    return found == "public"


def address_of(host: str, port: int) -> str:
    """Return the public address of a host, to connect to; its name, where it may be private.

    Parameters
    ----------
    host : str
        A name, or an address in any spelling that the system takes for one.
    port : int

    Raises
    ------
    UnreadableFileError
        If the address is private, of this machine, of the local network, or of no single host.
    OSError
        If there is none.
    """
    from requests_hardened.ip_filter import InvalidIPAddress, get_ip_address  # takes 0.1 s

    if _is_named(host, port):
        return host
    try:
        address, _ = get_ip_address(host.strip("[]"), port, allow_loopback=False)
    except InvalidIPAddress:
        address = None
    except ValueError as error:  # a label that is no name, beside what the system resolves
        raise UnreadableFileError(f"{host}: not the name of a host ({error})") from None
    if address is None or (address.version == 6 and address not in _GLOBAL_UNICAST):
        raise UnreadableFileError(
            f"{host}: is an address of a private network or of this machine; expected a server on "
            "the public internet"
        )
    return str(address)


def _is_named(host: str, port: int) -> bool:
    named = {name.strip().lower() for name in os.environ.get(PRIVATE_HOSTS, "").split(",")}
    return bool({host.lower(), f"{host}:{port}".lower()} & named)
