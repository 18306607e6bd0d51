"""Addresses that somebody outside names for us to call: only those of the public internet.

A name is judged by the addresses that it has at the moment of connecting, and exactly those are
connected to, so that a name which changes its answer reaches nothing inside. Hosts that the
platform's operator lists may be inside of a network.
"""

from __future__ import annotations

import socket
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

_NAT64 = IPv6Network("64:ff9b::/96")
_COMPATIBLE = IPv6Network("::/96")


class AddressRefused(Exception):
    """An address that we do not call."""


class InsideRefused(OSError):
    """A name that has an address inside of a network."""


class Plain(StrEnum):
    """Where http without TLS is good enough, among the hosts that may be inside."""

    LOOPBACK = "loopback"
    INSIDE = "inside"


class OutsideOnly(AbstractResolver):
    """Resolves names to addresses of the public internet only, whatever a name says.

    Args:
        inside_hosts: Hosts that may be inside of a network.
        inner: Asks the name service.
    """

    def __init__(self, inside_hosts: frozenset[str], inner: AbstractResolver | None = None) -> None:
        self._inside_hosts = inside_hosts
        self._inner = inner or ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises InsideRefused when one of them is inside."""
        found = await self._inner.resolve(host, port, family)
        if host not in self._inside_hosts and not all(is_outside(each["host"]) for each in found):
            raise InsideRefused(None, f"{host} is an address inside")
        return found

    async def close(self) -> None:
        """Close the resolver."""
        await self._inner.close()


def is_outside(text: str) -> bool:
    """Return whether an IP address is one host of the public internet.

    Raises:
        ValueError: It is no IP address.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and (inner := _embedded(address)) is not None:
        return is_outside(str(inner))
    is_special = (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
        or (isinstance(address, IPv6Address) and address.is_site_local)
    )
    return address.is_global and not is_special


def _embedded(address: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that is reached by way of an IPv6 address."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if address in _NAT64 or address in _COMPATIBLE:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def check_url(
    url: str, inside_hosts: frozenset[str], *, plain: Plain = Plain.LOOPBACK, who: str
) -> None:
    """Raise AddressRefused for what is never called.

    Args:
        plain: Where http is good enough.
        who: Whose address it is, as the refusal calls it.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise AddressRefused("This is not an address.") from error
    if not host or parts.username is not None or parts.fragment:
        raise AddressRefused("An address has a host, no user and no fragment.")
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    is_inside = host in inside_hosts
    if address is not None and not is_inside and not is_outside(host):
        raise AddressRefused("This address is inside of a network.")
    may_be_plain = is_inside and (
        plain is Plain.INSIDE or (address is not None and address.is_loopback)
    )
    if parts.scheme != "https" and not (parts.scheme == "http" and may_be_plain):
        raise AddressRefused(f"{who} is called with https only.")
