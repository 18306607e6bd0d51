from __future__ import annotations

import pytest

from ringway.cli.ports import MOST_REPLICAS, Ports

pytestmark = pytest.mark.unit


def test_every_port_lies_in_the_installations_thousand() -> None:
    ports = Ports(17000)
    every = [port for listed in ports.by_part(MOST_REPLICAS).values() for _, port in listed]
    assert all(17000 <= port <= 17999 for port in (*every, *ports.rtp))


def test_no_two_parts_share_a_port() -> None:
    every = [port for listed in Ports(17000).by_part(MOST_REPLICAS).values() for port in listed]
    assert len(every) == len(set(every))


def test_media_ports_hold_nothing_else() -> None:
    ports = Ports(17000)
    first, last = ports.rtp
    every = [port for listed in ports.by_part(MOST_REPLICAS).values() for _, port in listed]
    assert not any(first <= port <= last for port in every)


def test_the_console_is_served_by_the_api() -> None:
    assert Ports(20000).health("crm_api") == Ports(20000).crm_api == 20000


@pytest.mark.parametrize("base", [-1, 0, 80, 65000])
def test_a_base_without_room_is_refused(base: int) -> None:
    with pytest.raises(ValueError, match="port base"):
        Ports(base)
