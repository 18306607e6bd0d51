"""Deleting an endpoint of an Asterisk that lets go of it late."""

from __future__ import annotations

import pytest
from tests.support.late_asterisk import LateAsterisk

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("late", [0, 1, 5])
async def test_endpoint_that_is_made_anew_after_its_deletion_stays_listed(late: int) -> None:
    asterisk = LateAsterisk(late)
    await asterisk.put_dynamic("res_pjsip", "endpoint", "ann", {"context": "a"})
    asterisk.listed["ann"].append("i1.c")
    assert await asterisk.delete_endpoint("ann") == {"i1.c"}
    await asterisk.put_dynamic("res_pjsip", "endpoint", "ann", {"context": "b"})
    asterisk.catch_up()
    assert asterisk.listed == {"ann": []}


async def test_the_end_of_an_endpoint_that_was_not_listed_is_waited_for_too() -> None:
    asterisk = LateAsterisk(3)
    await asterisk.put_dynamic("res_pjsip", "endpoint", "ann", {"context": "a"})
    del asterisk.listed["ann"]
    assert await asterisk.delete_endpoint("ann") == frozenset()
    await asterisk.put_dynamic("res_pjsip", "endpoint", "ann", {"context": "b"})
    asterisk.catch_up()
    assert asterisk.listed == {"ann": []}


async def test_deleting_an_endpoint_that_is_not_there_makes_none() -> None:
    asterisk = LateAsterisk(0)
    assert await asterisk.delete_endpoint("ann") == frozenset()
    assert not asterisk.objects
    assert not asterisk.listed
