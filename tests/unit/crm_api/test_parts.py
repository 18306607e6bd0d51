"""Small parts: rate limiter, tokens, cursors, ETags, event names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.access import PLATFORM_ROLES, ROLE_PERMISSIONS, Caller, Permission, Role
from ringway.crm_api.auth.limiter import RateLimiter
from ringway.crm_api.auth.tokens import Tokens, new_refresh_token, refresh_token_tenant
from ringway.crm_api.errors import ApiError, Unauthorized
from ringway.crm_api.etag import expected_version
from ringway.crm_api.events.sight import rule_of
from ringway.crm_api.events.stream import FactNames, View
from ringway.crm_api.imports.worker import lead_id, line_of
from ringway.crm_api.schemas import decode_cursor, encode_cursor
from ringway.proto.base import Kind, registry
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.unit

_NOW = datetime(2026, 10, 18, 9, tzinfo=UTC)
_ANN = Caller(UUID(int=1), UUID(int=2), "ann", Role.AGENT, "1001", UUID(int=3), "")


@given(st.lists(st.floats(0, 5), max_size=60), st.integers(1, 5), st.floats(0.1, 5))
def test_limiter_never_lets_more_pass_than_burst_and_rate(
    pauses: list[float], burst: int, rate: float
) -> None:
    limiter, at, passed = RateLimiter(burst=burst, rate=rate), 0.0, 0
    for pause in pauses:
        at += pause
        passed += limiter.take("k", at) == 0
    assert passed <= burst + at * rate + 1e-6


def test_limiter_says_when_to_come_back_and_forgets_the_oldest() -> None:
    limiter = RateLimiter(burst=1, rate=0.5, max_keys=2)
    assert limiter.take("a", 0) == 0
    assert limiter.take("a", 0) == 2
    assert limiter.take("a", 2) == 0
    limiter.take("b", 2)
    limiter.take("c", 2)
    assert limiter.take("a", 2) == 0


def test_token_says_who_it_is_until_it_expires() -> None:
    tokens = Tokens("k" * 32, access_s=60)
    token = tokens.access_token(_ANN, _NOW)
    assert tokens.read(token, _NOW)[0] == _ANN
    with pytest.raises(Unauthorized, match="token_expired"):
        tokens.read(token, _NOW + timedelta(seconds=60))
    with pytest.raises(Unauthorized, match="token_invalid"):
        Tokens("x" * 32, access_s=60).read(token, _NOW)


@given(st.text(max_size=60))
def test_no_text_is_a_token_by_chance(text: str) -> None:
    with pytest.raises(Unauthorized):
        Tokens("k" * 32, access_s=60).read(text, _NOW)
    assert refresh_token_tenant(text) is None


def test_refresh_token_names_its_tenant() -> None:
    assert refresh_token_tenant(new_refresh_token(UUID(int=7))) == UUID(int=7)


@given(st.lists(st.text(max_size=20), min_size=1, max_size=3))
def test_cursor_gives_back_its_key(key: list[str]) -> None:
    assert decode_cursor(encode_cursor(*key), len(key)) == key


@given(st.text(max_size=40))
def test_any_other_cursor_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="cursor_invalid"):
        decode_cursor(text, 2)


@pytest.mark.parametrize("given_", ['"1', "1", 'W/"1"', '"x"', '""', '"1", "2"'])
def test_strange_etags_are_refused(given_: str) -> None:
    with pytest.raises(ApiError, match="if_match_invalid"):
        expected_version(given_)


def test_etags_name_versions() -> None:
    assert expected_version('"12"') == 12
    assert expected_version("*", required=True) is None
    assert expected_version(None) is None


def test_lead_ids_are_the_same_at_every_repeat_and_in_order() -> None:
    batch = uuid7()
    ids = [lead_id(batch, line) for line in (1, 2, 70_000)]
    assert ids == sorted(ids)
    assert [line_of(str(each)) for each in ids] == [1, 2, 70_000]
    assert len({*ids, lead_id(uuid7(), 1)}) == 4
    assert all(each.version == 7 for each in ids)


def test_every_fact_is_known_by_its_subject() -> None:
    names = FactNames()
    for kind in registry():
        if kind.KIND is Kind.FACT:
            subject = kind.subject_filter().replace("*", "abc-1")
            assert names.name_of(subject) == kind.type_name()
    assert names.name_of("acd.v1.t.nothing.x.happened") is None


def test_agents_see_what_is_about_them_and_supervisors_all() -> None:
    ended = "acd.v1.interaction.ended"
    boss = _of_role(Role.TEAM_LEADER)
    assert View(_ANN).sees_fact(ended, {"agent_id": _ANN.agent_id})
    assert not View(_ANN).sees_fact(ended, {"agent_id": boss.agent_id})
    assert not View(_ANN).sees_fact(ended, {"campaign_id": "c"})
    assert View(boss).sees_fact(ended, {"campaign_id": "c"})


def test_whoever_sees_all_events_sees_those_that_he_may_read_elsewhere() -> None:
    wiring = View(_of_role(Role.CONFIGURATION_ADMIN))
    assert wiring.sees_fact("acd.v1.trunk.state_changed", {})
    assert wiring.sees_fact("dialer.v1.campaign.state_changed", {})
    assert not wiring.sees_fact("acd.v1.interaction.started", {})
    assert not wiring.sees_fact("crm.v1.customer.changed", {})
    assert View(_of_role(Role.TEAM_LEADER)).sees_fact("crm.v1.customer.changed", {})
    assert View(_ANN).sees_fact("crm.v1.customer.changed", {"owner_id": _ANN.agent_id})


def test_an_agent_is_not_told_that_somebody_listens() -> None:
    about = {"agent_id": _ANN.agent_id, "supervisor_id": str(UUID(int=9))}
    assert not View(_ANN).sees_fact("acd.v1.supervision.acted", about)
    assert View(_of_role(Role.TEAM_LEADER)).sees_fact("acd.v1.supervision.acted", about)


def test_it_is_said_of_every_fact_who_sees_it() -> None:
    names = {kind.type_name() for kind in registry() if kind.KIND is Kind.FACT}
    assert {name for name in names if rule_of(name).needs is Permission.EVENTS_ALL} == set()


def test_an_operator_sees_alarms_of_the_platform_and_no_enterprises_events() -> None:
    names = {kind.type_name() for kind in registry() if kind.KIND is not Kind.REQUEST}
    for role in PLATFORM_ROLES:
        view = View(_of_role(role))
        seen = {name for name in names if view.sees_fact(name, {})}
        assert seen == {"crm.v1.alarm.raised", "crm.v1.alarm.cleared"}


def _of_role(role: Role) -> Caller:
    known = Caller(UUID(int=1), UUID(int=9), "b", role, None, UUID(int=3), "")
    return replace(known, permissions=ROLE_PERMISSIONS[role])
