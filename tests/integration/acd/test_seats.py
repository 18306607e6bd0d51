"""Seats that end: who is disabled, renumbered or removed has no phone and no session any more."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.acd_centre import AcdCentre, acd_centre
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.base import Done
from ringway.runtime.ari import AriNotFound
from ringway.runtime.errors import Refused

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def _until_phones(centre: AcdCentre, there: set[str], gone: set[str]) -> None:
    async def has(sip_username: str) -> bool:
        try:
            await centre.node.get_dynamic("res_pjsip", "endpoint", sip_username)
        except AriNotFound:
            return False
        return True

    async def is_so() -> bool:
        return all([await has(each) for each in there]) and not any(
            [await has(each) for each in gone]
        )

    await eventually(is_so, within_s=20, what=f"there {there}, gone {gone}")


async def test_a_seat_that_ends_leaves_neither_a_phone_nor_a_session(
    tmp_path: Path, make_database: MakeDatabase, nats: NatsServer
) -> None:
    async with acd_centre(tmp_path, await make_database("acd"), nats) as centre:

        async def put(agent: str, number: str, *, enabled: bool = True) -> p.AgentAccountV1:
            named = {"agent_id": agent, "number": number, "enabled": enabled}
            return await centre.ask(p.PutAgentV1, p.AgentAccountV1, **named)

        await centre.ready_agent("ann", "1001")
        ann = (await put("ann", "1001")).sip_username
        for asked in (put("ann", "1002"), centre.ask(p.RemoveAgentV1, Done, agent_id="ann")):
            with pytest.raises(Refused) as refused:
                await asked
            assert refused.value.code == "agent_signed_in"
        # Disabled: signed out, and no phone can register.
        await put("ann", "1001", enabled=False)
        await centre.until_state("ann", p.AgentState.LOGGED_OUT)
        await _until_phones(centre, set(), {ann})
        # Another number is another phone with a password of its own.
        moved = await put("ann", "1002")
        assert moved.sip_password
        await _until_phones(centre, {moved.sip_username}, {ann})
        bob = await put("bob", "1001")
        assert bob.sip_password
        # Removed: the number is somebody else's at once; a repeat changes nothing.
        for _ in range(2):
            await centre.ask(p.RemoveAgentV1, Done, agent_id="ann")
        await _until_phones(centre, {bob.sip_username}, {moved.sip_username})
        with pytest.raises(Refused) as unknown:
            await centre.state("ann")
        assert unknown.value.code == "agent_unknown"
        assert (await put("eve", "1002")).sip_password
        # A phone that was left on a node while it was away goes when the ACD meets it again.
        eve = "1002" + bob.sip_username[4:]
        stray = "1009" + bob.sip_username[4:]
        await centre.node.put_dynamic("res_pjsip", "endpoint", stray, {"context": "from-agent"})
        await _until_phones(centre, {stray, eve}, set())
        centre.acd.kill()
        await centre.start_acd()
        await _until_phones(centre, {bob.sip_username, eve}, {stray})
