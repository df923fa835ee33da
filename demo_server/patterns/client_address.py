"""The client's address, whom to limit, and whether HTTPS was used, seen through trusted proxies."""

import functools
import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

Scope = Mapping[str, Any]  # of an ASGI request
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_LOCAL = ipaddress.ip_address("127.0.0.1")


def client_address(scope: Scope, trusted: Sequence[Network]) -> str:
    """Return the client's address in its canonical form.

    `X-Forwarded-For` counts only as far as trusted proxies wrote it: the right-most address that is not one of them is
    the client. Text that is no address ends the search, so no header becomes a Redis key as it stands.
    """
    address = _peer(scope)
    if not _is_trusted(address, trusted):
        return str(address)
    for part in reversed(_header(scope, b"x-forwarded-for").split(",")):
        forwarded = _parse(part.strip())
        if forwarded is None:
            break
        address = forwarded
        if not _is_trusted(address, trusted):
            break
    return str(address)


def client_to_limit(scope: Scope, trusted: Sequence[Network]) -> str:
    """Return who shares a limit: an IPv4 address, or the /64 of an IPv6 one, all of which its owner can use."""
    return _group(client_address(scope, trusted))


def over_https(scope: Scope, trusted: Sequence[Network]) -> bool:
    """Whether the browser used HTTPS, to us or to a trusted proxy that says so in `X-Forwarded-Proto`."""
    if scope["scheme"] == "https":
        return True
    return _is_trusted(_peer(scope), trusted) and _header(scope, b"x-forwarded-proto").strip().lower() == "https"


def _peer(scope: Scope) -> Address:
    client = scope.get("client")
    # Without an address the peer is on a Unix socket, which is on this machine.
    return (_parse(client[0]) if client else None) or _LOCAL


def _header(scope: Scope, name: bytes) -> str:
    return ",".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


@functools.lru_cache(maxsize=1024)
def _parse(text: str) -> Address | None:
    if "%" in text:  # a zone id may hold anything
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@functools.lru_cache(maxsize=1024)
def _group(address: str) -> str:
    return str(ipaddress.ip_network(f"{address}/64", strict=False)) if ":" in address else address


def _is_trusted(address: Address, trusted: Sequence[Network]) -> bool:
    return any(address in network for network in trusted)
