"""Levels bound roles, whatever is stored."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.access import (
    FIXED_ROLES,
    PLATFORM_ROLES,
    ROLE_PERMISSIONS,
    SEAT_ROLES,
    Caller,
    Permission,
    Role,
    ceiling,
    effective,
)
from ringway.crm_api.rights import beyond

pytestmark = pytest.mark.unit

_WORDS = st.lists(st.sampled_from([*Permission, "dreams.read", ""]))


def test_shipped_roles_are_within_their_level() -> None:
    for role, granted in ROLE_PERMISSIONS.items():
        assert granted <= ceiling(role)
        if role not in SEAT_ROLES:
            assert not ceiling(role) & {Permission.AGENTS_ACT, Permission.PHONE}


def test_levels_are_apart() -> None:
    seat, operation = ceiling(Role.AGENT), ceiling(Role.OPERATIONS_ADMIN)
    configuration = ceiling(Role.CONFIGURATION_ADMIN)
    assert Permission.INTERACTIONS_ALL not in seat
    assert not any(each.startswith("tenants.") for each in ceiling(Role.ENTERPRISE_ADMIN))
    for nobody in (operation, configuration):
        assert not any(each.startswith(("customers.", "recordings.")) for each in nobody)


@given(st.sampled_from(list(Role)), _WORDS)
def test_whatever_is_stored_nobody_gets_more_than_his_level(role: Role, stored: list[str]) -> None:
    granted = effective(role, stored)
    assert Permission.ME in granted
    assert granted <= ceiling(role)
    if role in FIXED_ROLES:
        assert granted == ROLE_PERMISSIONS[role]
    else:
        assert granted <= {*stored, Permission.ME}
    assert effective(role, None) == ROLE_PERMISSIONS[role]


@given(st.sets(st.sampled_from(list(Permission))), st.sets(st.sampled_from(list(Permission))))
def test_scopes_only_take_away(permissions: set[Permission], scopes: set[Permission]) -> None:
    caller = Caller(UUID(int=1), UUID(int=2), "k", Role.TEAM_LEADER, None, UUID(int=3), "")
    assert not any(caller.may(each) for each in Permission)  # nobody has looked him up yet
    known = replace(caller, permissions=frozenset(permissions))
    key = replace(known, scopes=frozenset(scopes))
    assert known.granted() == permissions
    assert key.granted() == permissions & scopes
    assert {each for each in Permission if key.may(each)} == key.granted()
    assert not set(beyond(key.granted(), key))


def test_admins_can_give_the_shipped_roles_of_their_tenant() -> None:
    boss = Caller(UUID(int=1), UUID(int=2), "b", Role.ENTERPRISE_ADMIN, None, UUID(int=3), "")
    boss = replace(boss, permissions=ROLE_PERMISSIONS[Role.ENTERPRISE_ADMIN])
    for role in set(Role) - PLATFORM_ROLES:
        assert beyond(ROLE_PERMISSIONS[role], boss) == []
    assert beyond(ROLE_PERMISSIONS[Role.OPERATIONS_ADMIN], boss)
