"""Which addresses may be asked: near ones without a proxy, public ones only with TLS.

A public server can send us on to another public one, and never into the private network.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urljoin, urlsplit

from core.errors import AppError

# What never belongs to a public server. 198.18.0.0/15 is left out on purpose: local proxy tools
# answer every name with an address from it.
_PRIVATE = tuple(
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "::/127",
        "fc00::/7",
        "fe80::/10",
    )
)


def host_of(url: str) -> str:
    """ "host" or "host:port": what may be shown, without user, path and query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    return f"{host}:{port}" if port else host


def is_private(host: str) -> bool:
    """Whether this is an address or name of this computer or of a private network."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return _is_private_address(name)
    except ValueError:
        return False  # a name: it is not looked up here


def _is_private_address(text: str) -> bool:
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    return any(address in network for network in _PRIVATE if network.version == address.version)


def _leads_inside(host: str) -> bool:
    """Whether a name or address ends in the private network. Unknown names count as public:
    behind a proxy it is the proxy that knows them."""
    if is_private(host):
        return True
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return False
    return any(_is_private_address(str(entry[4][0])) for entry in found)


def refuse_unsafe(url: str, trusted: Collection[str]) -> None:
    """https for everything but this computer, the private network and what the person named."""
    try:
        parts = urlsplit(url)
        safe = parts.scheme in {"http", "https"} and bool(host_of(url)) and not parts.username
        plain = parts.scheme == "http"
    except ValueError:
        safe = plain = False
    host = host_of(url)
    if not safe or (plain and host not in trusted and not is_private(urlsplit(url).hostname or "")):
        raise AppError("address_refused", {"host": host}, remedy="save_report")


def next_hop(url: str, location: str, trusted: Collection[str]) -> str:
    """Where a redirect leads, if it may."""
    try:
        target = urljoin(url, location)
        parts, origin = urlsplit(target), urlsplit(url).hostname or ""
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not location or not host or parts.scheme not in {"http", "https"}:
        raise AppError("redirect_refused", {"host": host_of(url)}, remedy="try_again")
    if host_of(target) in trusted:
        return target
    inside = _leads_inside(host)
    if inside and (not is_private(origin) or _is_link_local(host)):
        raise AppError("redirect_refused", {"host": host_of(url)}, remedy="try_again")
    if parts.scheme != "https" and not inside:
        raise AppError("redirect_refused", {"host": host_of(url)}, remedy="try_again")
    return target


def _is_link_local(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_link_local
    except ValueError:
        return False
