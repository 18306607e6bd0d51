"""Live events over a real WebSocket: facts that resume, figures, and who sees what."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
import uvicorn
from tests.support.crm import Crm, Signed
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.crm_api.__main__ import _http_config, _Server
from ringway.crm_api.access import PLATFORM_TENANT, Role
from ringway.proto.acd import (
    AgentPresenceV1,
    AgentState,
    AgentStateChangedV1,
    CampaignAgentsV1,
    InteractionEndedV1,
)
from ringway.proto.crm_alarms import AlarmRaisedV1
from ringway.proto.crm_knowledge import Audience, NoticePublishedV1
from ringway.proto.dialer_preview import AgentPreviewV1, Preview, PreviewState
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.ids import uuid7

pytestmark = pytest.mark.integration


class _Socket:
    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw

    async def next(self, within_s: float = 15) -> dict[str, Any]:
        message = await self.raw.receive(timeout=within_s)
        assert message.type is aiohttp.WSMsgType.TEXT, (message, self.raw.close_code)
        return dict(json.loads(message.data))

    async def closed_with(self, within_s: float = 15) -> int | None:
        async with asyncio.timeout(within_s):
            while not self.raw.closed:
                await self.raw.receive()
        return self.raw.close_code


class _Door:
    """The application on a free port."""

    def __init__(self, crm: Crm, port: int, http: aiohttp.ClientSession) -> None:
        self.crm = crm
        self._url = f"http://127.0.0.1:{port}/api/v1/events"
        self._http = http

    @asynccontextmanager
    async def events(
        self, signed: Signed | None = None, last: int | None = None
    ) -> AsyncIterator[_Socket]:
        params = {} if signed is None else {"access_token": signed.token}
        if last is not None:
            params["last_event_id"] = str(last)
        before = self._open()
        async with self._http.ws_connect(self._url, params=params) as raw:
            if signed is not None:
                await eventually(lambda: self._open() > before, what=lambda: "subscription")
            yield _Socket(raw)

    def _open(self) -> int:
        return sum(len(each) for each in self.crm.deps.hub._of_tenant.values())


@pytest.fixture
async def door(crm: Crm) -> AsyncIterator[_Door]:
    server: uvicorn.Server = _Server(_http_config(crm.deps.settings, crm.deps))
    async with asyncio.TaskGroup() as group, aiohttp.ClientSession() as http:
        group.create_task(server.serve())
        await eventually(lambda: server.started, what=lambda: "HTTP server")
        port = server.servers[0].sockets[0].getsockname()[1]
        yield _Door(crm, port, http)
        server.should_exit = True


@pytest.fixture
async def acd(nats: NatsServer) -> AsyncIterator[Bus]:
    async with nats.bus("acd", name="acd-test") as bus:
        yield bus


def _ended(tenant: str, agent_id: str) -> InteractionEndedV1:
    return InteractionEndedV1(
        occurred_at=utcnow(),
        tenant=tenant,
        interaction_id=str(uuid7()),
        agent_id=agent_id,
        wrap_up_s=1,
    )


def _presence(tenant: str, agent_id: str, state: AgentState) -> AgentPresenceV1:
    now = utcnow()
    return AgentPresenceV1(
        occurred_at=now, tenant=tenant, agent_id=agent_id, state=state, since=now
    )


async def _people(crm: Crm) -> tuple[Signed, Signed, str]:
    boss = await crm.open_tenant("acme")
    ann = await crm.user(boss, "acme", Role.AGENT, "ann", number="801")
    return boss, ann, (await boss.get("/me"))["tenant_id"]


async def test_facts_are_told_with_ids_and_resume_where_they_broke_off(
    crm: Crm, door: _Door, acd: Bus
) -> None:
    boss, ann, tenant = await _people(crm)
    other = await crm.open_tenant("other")
    theirs = (await other.get("/me"))["tenant_id"]
    first, second, third = (_ended(tenant, ann.user_id) for _ in range(3))
    await acd.publish(first)
    async with door.events(boss, last=0) as socket:
        one = await socket.next()
        assert one["type"] == "acd.v1.interaction.ended"
        assert (one["tenant"], one["data"]["interaction_id"]) == (tenant, first.interaction_id)
    await acd.publish(_ended(theirs, "x"))
    await acd.publish(second)
    await acd.publish(third)
    async with door.events(boss, last=one["id"]) as socket:
        again = [await socket.next(), await socket.next()]
    assert [m["data"]["interaction_id"] for m in again] == [
        second.interaction_id,
        third.interaction_id,
    ]
    assert again[0]["id"] > one["id"]


async def test_without_an_id_only_what_comes_is_told(crm: Crm, door: _Door, acd: Bus) -> None:
    boss, ann, tenant = await _people(crm)
    await acd.publish(_ended(tenant, ann.user_id))
    async with door.events(boss) as socket:
        acd.emit(_presence(tenant, ann.user_id, AgentState.READY))
        figure = await socket.next()
        assert (figure["id"], figure["type"]) == (None, "acd.v1.presence.agent")
        assert figure["data"]["state"] == "ready"


async def test_agent_is_told_about_himself_only(crm: Crm, door: _Door, acd: Bus) -> None:
    _, ann, tenant = await _people(crm)
    mine = _ended(tenant, ann.user_id)
    async with door.events(ann, last=0) as socket:
        await acd.publish(_ended(tenant, str(uuid7())))
        acd.emit(_presence(tenant, str(uuid7()), AgentState.READY))
        await acd.publish(mine)
        message = await socket.next()
        assert message["data"]["interaction_id"] == mine.interaction_id
        acd.emit(_presence(tenant, ann.user_id, AgentState.TALKING))
        assert (await socket.next())["data"]["state"] == "talking"


async def test_figures_of_a_campaign_go_to_supervisors(crm: Crm, door: _Door, acd: Bus) -> None:
    boss, ann, tenant = await _people(crm)
    figures = CampaignAgentsV1(
        occurred_at=utcnow(),
        tenant=tenant,
        campaign_id="c1",
        **dict.fromkeys(("ready", "reserved", "talking", "wrap_up", "not_ready", "waiting"), 1),
    )
    async with door.events(boss) as of_boss, door.events(ann) as of_ann:
        acd.emit(figures)
        assert (await of_boss.next())["data"]["campaign_id"] == "c1"
        acd.emit(_presence(tenant, ann.user_id, AgentState.READY))
        assert (await of_ann.next())["type"] == "acd.v1.presence.agent"


async def test_an_agent_is_told_what_lead_he_is_shown(
    crm: Crm, door: _Door, nats: NatsServer
) -> None:
    _, ann, tenant = await _people(crm)
    now = utcnow()
    lead = Preview(
        attempt_id="t1", campaign_id="c1", lead_id="l1", phone_e164="+40215550101",
        data={"city": "Cluj"}, attempt_no=1, shown_at=now, until=now,
    )  # fmt: skip
    async with nats.bus("dialer") as dialer, door.events(ann) as of_ann:
        for agent_id in (str(uuid7()), ann.user_id):
            dialer.emit(
                AgentPreviewV1(
                    occurred_at=now, tenant=tenant, agent_id=agent_id,
                    state=PreviewState.SHOWN, preview=lead,
                )
            )  # fmt: skip
        message = await of_ann.next()
    assert message["type"] == "dialer.v1.preview.live"
    assert message["data"]["agent_id"] == ann.user_id
    assert message["data"]["preview"]["data"] == {"city": "Cluj"}


async def test_sockets_of_strangers_are_closed_with_a_reason(crm: Crm, door: _Door) -> None:
    async with door.events() as socket:
        assert await socket.closed_with() == 4401
    boss = await crm.open_tenant("acme")
    staff = await crm.user(boss, "acme", Role.STAFF)
    async with door._http.ws_connect(door._url, params={"access_token": staff.token}) as raw:
        assert await _Socket(raw).closed_with() == 4403


async def test_operators_are_told_of_the_platforms_alarms_and_of_nothing_else(
    crm: Crm, door: _Door, acd: Bus
) -> None:
    boss, ann, tenant = await _people(crm)
    platform = str(PLATFORM_TENANT)
    operator = await crm.user(crm.platform, "", Role.OPERATIONS_ADMIN)
    now = utcnow()

    def raised(owner: str, about: str) -> AlarmRaisedV1:
        return AlarmRaisedV1(
            occurred_at=now, tenant=owner, alarm_id=str(uuid7()), kind="node_away",
            severity="critical", code="node_away", object_type="node", object_id=about,
            params={}, times_seen=1, raised_at=now,
        )  # fmt: skip

    async with (
        door.events(operator, last=0) as of_operator,
        door.events(crm.platform, last=0) as of_admin,
        door.events(boss, last=0) as of_boss,
    ):
        # What else there may be on the platform takes a right that no operator has.
        await acd.publish(_ended(platform, str(uuid7())))
        acd.emit(_presence(platform, str(uuid7()), AgentState.READY))
        await acd.publish(_ended(tenant, ann.user_id))
        for owner, about in ((tenant, "theirs"), (platform, "ast-0"), (platform, "ast-1")):
            await crm.deps.bus.publish(raised(owner, about))
        for socket in (of_operator, of_admin):
            told = [await socket.next() for _ in range(2)]
            assert [each["data"]["object_id"] for each in told] == ["ast-0", "ast-1"]
            assert {each["type"] for each in told} == {"crm.v1.alarm.raised"}
        assert (await of_boss.next())["type"] == "acd.v1.interaction.ended"
        assert (await of_boss.next())["data"]["object_id"] == "theirs"
    # A program that watches the platform hears them with a key.
    scopes = ["events.read", "events.all", "alarms.read"]
    key = await crm.platform.post("/api-keys", {"name": "watch", "scopes": scopes})
    async with door.events(Signed(crm.http, key["key"], ""), last=0) as of_program:
        assert (await of_program.next())["data"]["object_id"] == "ast-0"


async def test_a_program_hears_with_its_key_what_its_scopes_show(
    crm: Crm, door: _Door, acd: Bus
) -> None:
    boss, ann, tenant = await _people(crm)
    scopes = ["events.read", "events.all", "interactions.all"]
    key = await boss.post("/api-keys", {"name": "k", "scopes": scopes})
    program = Signed(crm.http, key["key"], "")
    first, second = _ended(tenant, ann.user_id), _ended(tenant, ann.user_id)
    state = AgentStateChangedV1(
        occurred_at=utcnow(), tenant=tenant, agent_id=ann.user_id, session_id="s",
        previous=AgentState.READY, previous_s=1, state=AgentState.TALKING,
    )  # fmt: skip
    await acd.publish(first)
    async with door.events(program, last=0) as socket:
        one = await socket.next()
        assert one["data"]["interaction_id"] == first.interaction_id
    await acd.publish(state)  # it takes agents.read
    await acd.publish(second)
    async with door.events(program, last=one["id"]) as socket:
        assert (await socket.next())["data"]["interaction_id"] == second.interaction_id
        await boss.post(f"/api-keys/{key['key_id']}/revoke")
        assert await socket.closed_with() == 4401
    mute = await boss.post("/api-keys", {"name": "m", "scopes": ["customers.read"]})
    async with door._http.ws_connect(
        door._url, headers={"Authorization": f"Bearer {mute['key']}"}
    ) as raw:
        assert await _Socket(raw).closed_with() == 4403


async def test_socket_ends_with_its_token_and_with_its_users_access(crm: Crm, door: _Door) -> None:
    boss, ann, _ = await _people(crm)
    async with door.events(ann) as socket:
        await boss("PATCH", f"/users/{ann.user_id}", json={"is_enabled": False})
        assert await socket.closed_with() == 4401
    async with door.events(boss) as socket:
        crm.clock.forward(crm.deps.settings.access_token_s + 1)
        assert await socket.closed_with() == 4401


async def test_facts_go_on_after_nats_was_killed(crm: Crm, door: _Door, acd: Bus) -> None:
    boss, ann, tenant = await _people(crm)
    async with door.events(boss, last=0) as socket:
        await acd.publish(_ended(tenant, ann.user_id))
        first = await socket.next()
        crm.nats.kill()
        await crm.nats.start()
        await eventually(lambda: acd.healthy, within_s=10, what=lambda: "NATS is back")
        fact = _ended(tenant, ann.user_id)
        await acd.publish(fact)
        second = await socket.next(within_s=10)
        assert second["data"]["interaction_id"] == fact.interaction_id
        assert second["id"] > first["id"]


async def test_client_that_does_not_read_is_dropped_and_others_are_served(
    crm: Crm, door: _Door, acd: Bus
) -> None:
    object.__setattr__(crm.deps.settings, "event_send_timeout_s", 2.0)
    boss, ann, tenant = await _people(crm)
    reader, writer = await asyncio.open_connection("127.0.0.1", int(door._url.split(":")[2][:5]))
    writer.write(
        f"GET /api/v1/events?last_event_id=0&access_token={boss.token} HTTP/1.1\r\n"
        "Host: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    try:
        assert b"101" in await reader.readline()
        reader._transport.pause_reading()  # type: ignore[attr-defined] # a browser that hangs
        await eventually(lambda: door._open() == 1, what=lambda: "the slow client is subscribed")
        async with door.events(boss) as quick:
            async with asyncio.timeout(25):
                n = 0
                while door._open() > 1:
                    n += 1
                    padded = _ended(tenant, ann.user_id).model_copy(
                        update={"disposition": "x" * 60_000}
                    )
                    await acd.publish(padded)
                    await quick.next()
            assert n > 3
    finally:
        writer.transport.abort()


async def test_a_notice_is_told_to_those_whom_it_is_for(crm: Crm, door: _Door) -> None:
    boss, ann, tenant = await _people(crm)
    bob = await crm.user(boss, "acme", Role.AGENT, "bob", number="802")
    sales = await boss.post("/teams", {"name": "Sales", "kind": "department"})
    north = await boss.post("/teams", {"name": "North", "parent_id": sales["team_id"]})
    await boss.post(f"/teams/{north['team_id']}/members", {"user_ids": [ann.user_id]})

    def notice(notice_id: str, **audience: Any) -> NoticePublishedV1:
        now = utcnow()
        return NoticePublishedV1(
            occurred_at=now,
            tenant=tenant,
            notice_id=notice_id,
            priority="normal",
            must_confirm=False,
            begins_at=now,
            ends_at=now,
            audience=Audience(**{"is_for_all": False, **audience}),
        )

    async with door.events(ann, last=0) as of_ann, door.events(bob, last=0) as of_bob:
        await crm.deps.bus.publish(notice("n1", team_ids=(sales["team_id"],)))
        await crm.deps.bus.publish(notice("n2", user_ids=(bob.user_id,)))
        await crm.deps.bus.publish(notice("n3", is_for_all=True))
        told = [
            [(await socket.next())["data"]["notice_id"] for _ in range(2)]
            for socket in (of_ann, of_bob)
        ]
    assert told == [["n1", "n3"], ["n2", "n3"]]
