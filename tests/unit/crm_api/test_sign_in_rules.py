"""The pure parts of sign-in: delays, addresses, passwords."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringway.crm_api.auth.lockout import Delays, Turns, key_of
from ringway.crm_api.auth.password_rules import check, is_common
from ringway.crm_api.errors import Invalid

pytestmark = pytest.mark.unit


@given(st.integers(1, 20), st.integers(0, 10_000))
def test_waits_begin_at_the_limit_grow_and_never_pass_the_longest(
    limit: int, failures: int
) -> None:
    delays = Delays(limit, 15, 900)
    wait, more = delays.after(failures), delays.after(failures + 1)
    assert (wait is None) == (failures < limit)
    if wait is not None and more is not None:
        assert 15 <= wait.total_seconds() <= more.total_seconds() <= 900


def test_addresses_of_one_network_count_together() -> None:
    assert key_of("ann", "2001:db8::1") == key_of("ann", "2001:db8::ffff")
    assert key_of("ann", "2001:db8::1") != key_of("ann", "2001:db8:0:1::1")
    assert key_of("ann", "192.0.2.1") != key_of("ann", "192.0.2.2")
    assert key_of("ann", "nonsense").here == "ann|nonsense"


async def test_one_turn_at_a_time_and_nothing_is_kept() -> None:
    turns, inside, most = Turns(), 0, 0

    async def guess() -> None:
        nonlocal inside, most
        async with turns.of(key_of("ann", "192.0.2.1")):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(guess() for _ in range(20)))
    assert most == 1
    assert not turns._waiting


@pytest.mark.parametrize(
    "password",
    ["password", "Passw0rd", "P@ssw0rd123", "qwertyuiop", "12345678", "87654321", "aaaaaaaa",
     "abababab", "ILOVEYOU!", "baseball2024", "efghijkl"],
)  # fmt: skip
def test_what_guessers_try_first_is_common(password: str) -> None:
    assert is_common(password)


@pytest.mark.parametrize("password", ["correct horse battery", "a good password", "vK8#qLx2mn"])
def test_what_they_do_not_try_is_not(password: str) -> None:
    check(password, username="ann", tenant="acme")


@pytest.mark.parametrize("password", ["ann-acme", "ringway1", "acme12acme", "annannann"])
def test_names_of_the_place_are_no_passwords(password: str) -> None:
    with pytest.raises(Invalid, match="password_too_common"):
        check(password, username="ann", tenant="acme")


def test_length_counts_in_characters() -> None:
    with pytest.raises(Invalid, match="password_too_short"):
        check("vK8#qLx2mn", username="ann", tenant="acme", min_length=11)
    check("马到成功一帆风顺", username="ann", tenant="acme", min_length=8)
