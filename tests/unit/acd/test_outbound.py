"""Routes by prefix, failover between trunks, and the caller's number."""

from __future__ import annotations

import pytest

from ringway.acd.core.outbound import (
    CallerIds,
    CallerIdSource,
    Choice,
    Choices,
    NoTrunk,
    OutboundRoute,
    choose,
)

pytestmark = pytest.mark.unit

ANY = OutboundRoute("any", 100, "", ("world", "spare"), prepend="+")
CHINA = OutboundRoute("china", 100, "+86", ("cn1", "cn2"), strip=2, prepend="0")
MOBILE = OutboundRoute("mobile", 100, "+861", ("cn1",), strip=2)
ROUTES = (ANY, CHINA, MOBILE)


def trunks(found: Choices) -> list[str]:
    return [choice.trunk_id for choice in found.choices]


def test_the_longest_prefix_wins_and_the_number_is_rewritten() -> None:
    assert choose(ROUTES, "+862162345678", {}, {}).choices == (
        Choice("cn1", "02162345678", "", "china"),
        Choice("cn2", "02162345678", "", "china"),
    )
    assert choose(ROUTES, "+8613800138000", {}, {}).choices[0].dial_string == "13800138000"
    assert choose(ROUTES, "+40215550100", {}, {}).choices[0].dial_string == "+40215550100"


def test_trunks_at_capacity_or_down_are_left_out() -> None:
    assert trunks(choose(ROUTES, "+862162345678", {"cn1": 30}, {"cn1": 30})) == ["cn2"]
    assert trunks(choose(ROUTES, "+862162345678", {"cn1": 29}, {"cn1": 30})) == ["cn1", "cn2"]
    assert trunks(choose(ROUTES, "+862162345678", {}, {}, frozenset({"cn1"}))) == ["cn2"]


def test_a_general_route_does_not_carry_what_a_special_one_cannot() -> None:
    full = choose(ROUTES, "+8613800138000", {"cn1": 1}, {"cn1": 1})
    assert full == Choices((), NoTrunk.TRUNKS_BUSY)


def test_the_reason_is_kept_when_nothing_is_left() -> None:
    down = frozenset({"cn1", "cn2"})
    assert choose((CHINA,), "+40215550100", {}, {}).reason is NoTrunk.NO_ROUTE
    assert choose((), "+40215550100", {}, {}).reason is NoTrunk.NO_ROUTE
    assert choose(ROUTES, "+862162345678", {}, {}, down).reason is NoTrunk.TRUNKS_DOWN
    half = choose(ROUTES, "+862162345678", {"cn2": 1}, {"cn2": 1}, frozenset({"cn1"}))
    assert half.reason is NoTrunk.TRUNKS_BUSY
    barred = OutboundRoute("premium", 1, "+86900", ("cn1",), is_allowed=False)
    assert choose((*ROUTES, barred), "+8690012345", {}, {}).reason is NoTrunk.NOT_ALLOWED
    nothing_left = OutboundRoute("x", 1, "110", ("cn1",), strip=3)
    assert choose((nothing_left,), "110", {}, {}).reason is NoTrunk.NO_ROUTE


def test_order_then_cost_decide_between_routes_of_one_prefix() -> None:
    dear = OutboundRoute("a", 1, "+86", ("t1",), cost=9)
    cheap = OutboundRoute("b", 1, "+86", ("t2", "t1"), cost=2, strip=2)
    first = OutboundRoute("c", 0, "+86", ("t3",), cost=99)
    found = choose((dear, cheap, first), "+8610", {}, {})
    assert [(c.trunk_id, c.route_id) for c in found.choices] == [
        ("t3", "c"),
        ("t2", "b"),
        ("t1", "b"),
    ]


@pytest.mark.parametrize(
    ("source", "fixed", "ids", "shown"),
    [
        (CallerIdSource.KEEP, "9", CallerIds("1", "2", "3"), "1"),
        (CallerIdSource.KEEP, "9", CallerIds(), "9"),
        (CallerIdSource.FIXED, "9", CallerIds("1", "2", "3"), "9"),
        (CallerIdSource.CAMPAIGN, "9", CallerIds("1", "2", "3"), "2"),
        (CallerIdSource.CAMPAIGN, "", CallerIds("1", "", "3"), "1"),
        (CallerIdSource.AGENT, "9", CallerIds("1", "2", "3"), "3"),
        (CallerIdSource.AGENT, "9", CallerIds("1", "2", ""), "9"),
        (CallerIdSource.FIXED, "", CallerIds(), ""),
    ],
)
def test_the_called_party_sees_the_number_of_the_rule(
    source: CallerIdSource, fixed: str, ids: CallerIds, shown: str
) -> None:
    route = OutboundRoute("r", 1, "", ("t",), caller_id=source, fixed_caller_id=fixed)
    assert choose((route,), "+40215550100", {}, {}, caller_ids=ids).choices[0].caller_id == shown


def test_fewer_than_no_digits_cannot_be_cut_off() -> None:
    with pytest.raises(ValueError, match="Fewer"):
        OutboundRoute("r", 1, "", ("t",), strip=-1)
