"""What a node has of a trunk after a push, when it lets go of deleted objects late."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.support.late_asterisk import LateAsterisk

from ringway.acd.core.trunk import Trunk, objects
from ringway.acd.trunk_push import push, take_off
from ringway.proto.acd import DtmfMode

pytestmark = pytest.mark.unit

TRUNK = Trunk("acme", "t1", "t", "192.0.2.1", 5060, ("ulaw",))
NAME = TRUNK.endpoint


async def test_changed_trunk_stays_listed_and_its_old_calls_are_known() -> None:
    asterisk, left = LateAsterisk(4), set[str]()
    await push(asterisk.node, TRUNK, left)
    asterisk.listed[NAME].append("i1.x")
    changed = replace(TRUNK, dtmf=DtmfMode.INFO)
    await push(asterisk.node, changed, left)
    asterisk.catch_up()
    assert asterisk.listed == {NAME: []}
    assert left == {"i1.x"}
    there = {kind: fields for (kind, _), fields in asterisk.objects.items()}
    assert there == objects(changed)


async def test_trunk_that_asterisk_lists_no_more_is_listed_after_the_next_push() -> None:
    asterisk = LateAsterisk(4)
    await push(asterisk.node, TRUNK, set())
    asterisk.listed.clear()
    await push(asterisk.node, TRUNK, set())
    asterisk.catch_up()
    assert asterisk.listed == {NAME: []}


async def test_trunk_that_is_taken_off_and_put_at_once_stays_listed() -> None:
    asterisk = LateAsterisk(8)
    await push(asterisk.node, TRUNK, set())
    await take_off(asterisk.node, NAME)
    assert not asterisk.objects
    await push(asterisk.node, TRUNK, set())
    await push(asterisk.node, replace(TRUNK, is_enabled=False), set())
    await push(asterisk.node, TRUNK, set())
    asterisk.catch_up()
    assert asterisk.listed == {NAME: []}


async def test_the_same_again_leaves_the_endpoint_alone() -> None:
    asterisk = LateAsterisk(0)
    await push(asterisk.node, TRUNK, set())
    asterisk.asked.clear()
    await push(asterisk.node, TRUNK, set())
    assert not [each for each in asterisk.asked if each.startswith("DELETE")]
    assert f"PUT endpoint/{NAME}" not in asterisk.asked
