"""Trunks as they are asked for on the bus, by a real ACD process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import MakeDatabase
from tests.support.acd_centre import AcdCentre, acd_centre
from tests.support.nats import NatsServer
from tests.support.postgres import connect
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto.acd_config import ConfigV1, PutConfigV1
from ringway.proto.base import Done
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.trainer.provider import Provider

# Each test starts Asterisk, NATS and the ACD.
pytestmark = [pytest.mark.integration, pytest.mark.timeout(90)]


@pytest.fixture
async def centre(
    tmp_path: Path, make_database: MakeDatabase, nats: NatsServer
) -> AsyncIterator[AcdCentre]:
    async with acd_centre(tmp_path, await make_database("acd"), nats) as centre:
        yield centre


async def _put(centre: AcdCentre, provider: Provider, **fields: Any) -> p.TrunkV1:
    host, port = provider.address
    return await centre.ask(
        p.PutTrunkV1, p.TrunkV1, trunk_id="t2", name="t2", host=host, port=port, **fields
    )


async def _get(centre: AcdCentre) -> p.TrunkV1:
    return await centre.ask(p.GetTrunkV1, p.TrunkV1, trunk_id="t2")


async def test_trunk_is_put_told_of_used_kept_over_restarts_and_deleted(
    centre: AcdCentre,
) -> None:
    async with Provider.open({"acme": "s3cret"}) as provider:
        made = await _put(
            centre, provider, username="acme", password="s3cret", register_at=True, qualify_s=1
        )
        assert (made.endpoint, made.inbound) == ("trunk-t2", p.TrunkInbound.REGISTRATION)

        async def works() -> bool:
            trunk = await _get(centre)
            return trunk.is_reachable is True and trunk.is_registered is True

        await eventually(works, within_s=20)
        with pytest.raises(Refused, match="trunk_unknown"):
            await centre.bus.request(
                p.GetTrunkV1(occurred_at=utcnow(), tenant=str(uuid4()), trunk_id="t2"),
                p.TrunkV1,
                timeout_s=15,
            )
        await centre.node.originate("PJSIP/1@trunk-t2", channel_id="x", app="dialer-0")
        call = await provider.next_call()
        assert (await _get(centre)).active_channels == 1

        # A dead ACD and a dead Asterisk take nothing away.
        centre.acd.kill()
        await centre.asterisk.kill()
        await centre.asterisk.start()
        await centre.start_acd()
        await eventually(works, within_s=30)
        # While everything began it may have been down for a moment.
        await eventually(lambda: _states(centre)[-1:] != [False], within_s=15)
        told = len(_states(centre))
        provider.go_down()
        await eventually(lambda: _states(centre)[told:] == [False], within_s=30)
        provider.come_back()
        await eventually(lambda: _states(centre)[told:] == [False, True], within_s=30)
        call.hang_up()

        await _route(centre, "t2")
        with pytest.raises(Refused, match="config_in_use"):
            await centre.ask(p.DeleteTrunkV1, Done, trunk_id="t2")
        await _route(centre, "t1")
        await centre.ask(p.DeleteTrunkV1, Done, trunk_id="t2")
        await centre.ask(p.DeleteTrunkV1, Done, trunk_id="t2")
        with pytest.raises(Refused, match="trunk_unknown"):
            await _get(centre)
        await eventually(lambda: not provider.is_registered("acme"), within_s=15)
    assert "s3cret" not in centre.acd.log()


async def test_a_lent_trunk_shows_no_account_and_has_none_once_it_is_taken_back(
    tmp_path: Path, make_database: MakeDatabase, nats: NatsServer
) -> None:
    database = await make_database("acd")
    async with (
        acd_centre(tmp_path, database, nats) as centre,
        Provider.open({"acme": "s3cret"}) as provider,
    ):
        admin = await connect(database, "ringway_admin")
        try:
            account = {"username": "acme", "password": "s3cret", "register_at": True}
            await _put(centre, provider, **account, is_operators=True)
            await eventually(lambda: provider.is_registered("acme"), within_s=20)
            shown = await admin.fetchval("SELECT v::text FROM acd.trunk_v v WHERE trunk_id = 't2'")
            assert "acme" not in shown
            assert provider.address[0] not in shown
            await centre.ask(
                p.PutTrunkV1, p.TrunkV1, trunk_id="t2", name="t2", host="withdrawn.invalid",
                password="", enabled=False, is_operators=True,
            )  # fmt: skip
            await eventually(lambda: not provider.is_registered("acme"), within_s=20)
            assert not await admin.fetch("SELECT 1 FROM acd.trunk_secret WHERE trunk_id = 't2'")
        finally:
            await admin.close()


async def _route(centre: AcdCentre, trunk_id: str) -> None:
    request = PutConfigV1(
        occurred_at=utcnow(),
        tenant=centre.tenant,
        kind="outbound_route",
        object_id="r1",
        body={"name": "all", "trunk_ids": [trunk_id]},
    )
    await centre.bus.request(request, ConfigV1, timeout_s=15)


def _states(centre: AcdCentre) -> list[bool]:
    return [
        bool(data["is_up"])
        for subject, data in centre.facts
        if subject.endswith("trunk.t2.state_changed")
    ]
