"""Which addresses that somebody outside names are called."""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.outside import (
    AddressRefused,
    InsideRefused,
    OutsideOnly,
    Plain,
    check_url,
    is_outside,
)

pytestmark = pytest.mark.unit

_NOBODY: frozenset[str] = frozenset()
_INSIDE = [
    *("0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254"),
    *("169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.2.1", "192.168.1.1"),
    *("198.18.0.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%eth0", "fec0::1", "ff02::1"),
    *("::ffff:10.0.0.1", "::ffff:127.0.0.1", "::127.0.0.1", "2001:db8::1", "100::1"),
    *("64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "2002:7f00:1::", "2002:a00:1::1"),
]
_OUTSIDE = [
    *("8.8.8.8", "93.184.216.34", "2606:4700::1111", "2a00:1450:4001:80b::200e"),
    *("64:ff9b::8.8.8.8", "::ffff:8.8.8.8"),
]


@pytest.mark.parametrize("address", _INSIDE)
def test_an_address_inside(address: str) -> None:
    assert not is_outside(address)


@pytest.mark.parametrize("address", _OUTSIDE)
def test_an_address_outside(address: str) -> None:
    assert is_outside(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_judged_alike_in_each_of_its_ipv6_forms(address: IPv4Address) -> None:
    number = int(address)
    forms = [
        IPv6Address((0xFFFF << 32) | number),
        IPv6Address((0x64FF9B << 96) | number),
        IPv6Address((0x2002 << 112) | (number << 80)),
    ]
    assert {is_outside(str(form)) for form in forms} == {is_outside(str(address))}


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example",
        "https://10.1.2.3/x",
        "https://127.0.0.1",
        "https://169.254.169.254/latest",
        "https://224.0.0.1/",
        "https://[::1]/",
        "https://[fe80::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://user:secret@id.example",
        "https://id.example/#x",
        "https://id.example:bad",
        "https://",
        "file:///etc/passwd",
        "nonsense",
    ],
)
def test_what_is_never_called(url: str) -> None:
    for plain in Plain:
        with pytest.raises(AddressRefused):
            check_url(url, _NOBODY, plain=plain, who="An endpoint")


def test_what_is_called() -> None:
    check_url("https://id.example:8443/realms/acme", _NOBODY, who="x")
    check_url("https://10.1.2.3", frozenset({"10.1.2.3"}), who="x")
    check_url("http://127.0.0.1:9", frozenset({"127.0.0.1"}), who="x")
    with pytest.raises(AddressRefused):
        check_url("http://10.1.2.3", frozenset({"10.1.2.3"}), who="x")
    check_url("http://10.1.2.3", frozenset({"10.1.2.3"}), plain=Plain.INSIDE, who="x")
    check_url("http://crm.inside/x", frozenset({"crm.inside"}), plain=Plain.INSIDE, who="x")


class _Changing(AbstractResolver):
    """A name service whose answer is another each time."""

    def __init__(self, *answers: list[str]) -> None:
        self._answers = list(answers)
        self.asked = 0

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked += 1
        return [
            ResolveResult(hostname=host, host=each, port=port, family=family, proto=0, flags=0)
            for each in self._answers.pop(0)
        ]

    async def close(self) -> None:
        return None


async def test_a_name_is_judged_by_what_is_connected_to() -> None:
    inner = _Changing(["8.8.8.8"], ["127.0.0.1"], ["8.8.8.8", "10.0.0.1"], ["10.0.0.1"])
    resolver = OutsideOnly(frozenset({"crm.inside"}), inner)
    (found,) = await resolver.resolve("evil.example", 443)
    assert (found["host"], inner.asked) == ("8.8.8.8", 1)
    for _ in range(2):  # the second answer, and one of which a part is inside
        with pytest.raises(InsideRefused):
            await resolver.resolve("evil.example", 443)
    assert (await resolver.resolve("crm.inside", 443))[0]["host"] == "10.0.0.1"


async def test_a_name_of_this_machine_is_not_called() -> None:
    resolver = OutsideOnly(_NOBODY)
    with pytest.raises(OSError, match="inside"):
        await resolver.resolve("localhost", 443)
    await resolver.close()
