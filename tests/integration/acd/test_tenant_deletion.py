"""An enterprise that is deleted leaves nothing in the ACD, its database and the nodes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import MakeDatabase
from tests.support.acd_centre import acd_centre
from tests.support.nats import NatsServer
from tests.support.postgres import connect
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.tenant_deletion import DeleteAcdTenantV1, TenantPartDeletedV1
from ringway.runtime.errors import Refused

# It starts Asterisk, NATS and the ACD.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(150)]


async def test_phones_trunks_live_state_and_rows_go(
    tmp_path: Path, make_database: MakeDatabase, nats: NatsServer
) -> None:
    database = await make_database("acd")
    async with acd_centre(tmp_path, database, nats) as centre:
        account = await centre.account("ann", "1001")
        await centre.ask(
            p.PutTrunkV1, p.TrunkV1, trunk_id="t2", name="t2", host="127.0.0.1", port=9
        )
        phone = await centre.phone(account)
        await centre.ask(p.SignInV1, p.AgentStatusV1, agent_id="ann", leg_mode=p.LegMode.ON_DEMAND)

        async def endpoints() -> set[str]:
            return {each.resource for each in await centre.node.endpoints("PJSIP")}

        assert {account.sip_username, "trunk-t2"} <= await endpoints()
        removed: dict[str, int] = {}
        for _ in range(20):
            part = await centre.ask(DeleteAcdTenantV1, TenantPartDeletedV1)
            removed |= part.removed
            if part.is_done:
                break
        assert part.is_done
        assert removed["agent"] == 1
        assert not {account.sip_username, "trunk-t2"} & await endpoints()
        owner = await connect(database, "ringway_owner")
        try:
            assert await owner.fetchval("SELECT count(*) FROM acd.agent") == 0
            assert await owner.fetchval("SELECT count(*) FROM acd.trunk") == 0
        finally:
            await owner.close()
        assert (await centre.ask(p.ListAgentsV1, p.AgentListV1)).agents == ()
        # A repeat finds nothing, and nothing comes back after a restart.
        assert (await centre.ask(DeleteAcdTenantV1, TenantPartDeletedV1)).removed == {}
        centre.acd.kill()
        await centre.start_acd()

        async def is_unknown() -> bool:
            try:
                await centre.state("ann")
            except Refused as refused:
                return refused.code == "agent_unknown"
            return False

        await eventually(is_unknown, within_s=20)
        assert account.sip_username not in await endpoints()
        assert phone is not None
