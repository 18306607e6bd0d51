"""What makes up a trunk in Asterisk, and who is let in as it."""

from __future__ import annotations

import ipaddress
from dataclasses import replace
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.acd.core.trunk import (
    KINDS,
    Source,
    Trunk,
    TrunkInvalid,
    check,
    host_sources,
    inbound_of,
    must_be_made_anew,
    objects,
    source,
)
from ringway.proto.acd import DtmfMode, TrunkInbound

pytestmark = pytest.mark.unit

PLAIN = Trunk("acme", "t1", "t", "192.0.2.1", 5060, ("ulaw", "alaw"))
ACCOUNT = replace(PLAIN, username="acme", password="s3cret")


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("192.0.2.1", "192.0.2.1/32"),
        ("192.0.2.1:5080", "192.0.2.1:5080/32"),
        ("192.0.2.0/28", "192.0.2.0/28"),
        ("2001:db8::1", "2001:db8::1/128"),
        ("[2001:db8::1]:5080", "[2001:db8::1]:5080/128"),
        ("2001:db8::/48", "2001:db8::/48"),
    ],
)
def test_source_is_an_address_a_network_or_an_address_with_a_port(text: str, match: str) -> None:
    assert source(text).match == match


@pytest.mark.parametrize(
    "text",
    ["", "x", "192.0.2.1/24", "192.0.2.300", "192.0.2.1:0", "192.0.2.1:65536", "0.0.0.0/0",
     "10.0.0.0/15", "2001:db8::/47", "::/0", "192.0.2.1,10.0.0.1", "sip.example"],
)  # fmt: skip
def test_other_texts_and_wide_networks_are_no_sources(text: str) -> None:
    with pytest.raises(TrunkInvalid, match="sources"):
        source(text)


def test_calls_are_known_by_address_by_registration_or_by_password() -> None:
    assert inbound_of(PLAIN) is TrunkInbound.ADDRESS
    assert inbound_of(replace(ACCOUNT, register_at=True)) is TrunkInbound.REGISTRATION
    assert inbound_of(ACCOUNT) is TrunkInbound.DIGEST
    assert inbound_of(replace(ACCOUNT, sources=("192.0.2.1",))) is TrunkInbound.ADDRESS


def test_host_calls_from_its_port_only_over_udp() -> None:
    assert [each.match for each in host_sources(PLAIN, ["192.0.2.1"])] == ["192.0.2.1:5060/32"]
    tcp = replace(PLAIN, transport="tcp")
    assert [each.match for each in host_sources(tcp, ["2001:db8::1"])] == ["2001:db8::1/128"]


def test_disabled_trunk_is_nothing_in_asterisk() -> None:
    assert objects(replace(ACCOUNT, register_at=True, is_enabled=False)) == {}


def test_kinds_are_put_in_an_order_in_which_each_finds_what_it_names() -> None:
    made = objects(replace(ACCOUNT, register_at=True, known_sources=(source("192.0.2.1"),)))
    assert list(made) == list(KINDS)


def test_only_a_far_end_with_a_password_is_challenged() -> None:
    asked = objects(replace(ACCOUNT, inbound=TrunkInbound.DIGEST))
    assert asked["endpoint"]["auth"] == "trunk-t1"
    assert asked["identify"]["match_header"] == 'Authorization: /username="acme"/'
    free = objects(replace(ACCOUNT, inbound=TrunkInbound.REGISTRATION, register_at=True))
    assert (free["endpoint"]["auth"], free["endpoint"]["outbound_auth"]) == ("", "trunk-t1")


@given(st.text(st.sampled_from("a.b[*]+\\(1){2}?|^$-_@/"), min_size=1, max_size=12))
def test_username_in_a_pattern_means_itself(username: str) -> None:
    made = objects(replace(ACCOUNT, username=username, inbound=TrunkInbound.DIGEST))
    pattern = made["identify"]["match_header"].removeprefix('Authorization: /username="')
    pattern = pattern.removesuffix('"/')
    plain = ""
    rest = iter(pattern)
    for character in rest:
        plain += next(rest) if character == "\\" else character
    assert plain == username
    special = set(".[](){}*+?|^$")
    unescaped = pattern.replace("\\\\", "")
    assert all(unescaped[n - 1 : n] == "\\" for n, each in enumerate(unescaped) if each in special)


def test_transport_and_uris_follow_the_settings() -> None:
    trunk = replace(ACCOUNT, transport="tls", port=5061, register_at=True, host="2001:db8::1")
    made = objects(trunk)
    assert made["aor"]["contact"] == "sip:[2001:db8::1]:5061;transport=tls"
    assert trunk.registration is not None
    client, server = trunk.registration
    assert (unquote(client), server) == (
        "sip:acme@[2001:db8::1]", "sip:[2001:db8::1]:5061;transport=tls",
    )  # fmt: skip
    assert made["endpoint"]["from_domain"] == "[2001:db8::1]"
    odd = replace(trunk, username="a@b", from_domain="carrier.example")
    assert odd.registration is not None
    user, _, domain = odd.registration[0].removeprefix("sip:").partition("@")
    assert (unquote(user), domain) == ("a@b", "carrier.example")


def test_registrations_of_one_account_are_told_apart_by_where_they_go() -> None:
    trunk = replace(ACCOUNT, username="0215550100", register_at=True, from_domain="carrier.example")
    clients = {
        each.registration[0]
        for each in (
            trunk,
            replace(trunk, host="192.0.2.77"),
            replace(trunk, port=5099),
            replace(trunk, transport="tcp"),
            replace(trunk, trunk_id="other"),
        )
        if each.registration is not None
    }
    assert len(clients) == 5
    assert {unquote(client) for client in clients} == {"sip:0215550100@carrier.example"}


def test_every_field_is_put_also_when_it_is_empty() -> None:
    full = replace(ACCOUNT, from_user="x", inbound=TrunkInbound.DIGEST, dtmf=DtmfMode.INFO)
    for kind in ("endpoint", "aor"):
        assert objects(full)[kind].keys() == objects(PLAIN)[kind].keys()


_networks = st.builds(
    Source,
    st.builds(ipaddress.ip_network, st.ip_addresses())
    | st.sampled_from([source("10.1.0.0/16").network, source("2001:db8::/48").network]),
    st.none() | st.integers(1, 65535),
)


@given(st.lists(_networks, max_size=4), st.lists(_networks, max_size=4))
def test_identify_is_made_anew_exactly_when_its_addresses_change(
    there: list[Source], wanted: list[Source]
) -> None:
    # As Asterisk writes them: with a mask instead of a length.
    shown = []
    for each in there:
        mask = str(each.network.netmask)
        shown.append(each.match.rpartition("/")[0] + "/" + mask)
    fields = {"match": ",".join(each.match for each in wanted)}
    assert must_be_made_anew("identify", {"match": ",".join(shown)}, fields) is (
        {each.match for each in there} != {each.match for each in wanted}
    )


@pytest.mark.parametrize("name", ["username", "from_user", "from_domain"])
def test_texts_cannot_end_a_sip_address(name: str) -> None:
    for text in ("a b", "a\r\nb", 'a"', "a>", "a;b", "a,b"):
        with pytest.raises(TrunkInvalid, match=name):
            check(replace(ACCOUNT, **{name: text}))  # type: ignore[arg-type]


def test_calls_in_are_not_told_by_an_account_that_several_tenants_have() -> None:
    account = replace(ACCOUNT, sources=(), register_at=False)
    assert inbound_of(account) is TrunkInbound.DIGEST
    lent = replace(account, is_operators=True)
    assert inbound_of(lent) is TrunkInbound.ADDRESS
    assert objects(lent)["endpoint"]["outbound_auth"] == lent.endpoint
