"""An ACD process on real parts, with phones of agents and customers: what its tests speak of."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.cut_proxy import CutProxy
from tests.support.nats import PASSWORD, NatsServer
from tests.support.ports import free_port
from tests.support.postgres import Database
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually

from ringway.cli.probe import http_ok
from ringway.proto import acd as p
from ringway.proto.base import Done, Reply, Request
from ringway.runtime.ari import AriClient, AriNode, AriNotFound, Event, StasisStart
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown
from ringway.runtime.ids import uuid7
from ringway.runtime.settings import AriNodeSettings
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall

R = TypeVar("R", bound=Reply)
CUSTOMER_HZ, AGENT_HZ = 500.0, 900.0
CAMPAIGN = "c1"


@dataclass(slots=True)
class AcdCentre:
    """One tenant with one campaign; agents and customers are real SIP phones."""

    asterisk: RealAsterisk
    bus: Bus
    acd: ServerProcess
    node: AriNode
    stack: AsyncExitStack
    customer: Phone
    tenant: str
    health: str
    facts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answered: dict[str, asyncio.Event] = field(default_factory=dict)
    proxy: CutProxy | None = None  # between the ACD and Asterisk

    @property
    def sip(self) -> tuple[str, int]:
        """Where phones register."""
        return "127.0.0.1", self.asterisk.sip_port

    async def start_acd(self) -> None:
        """Start the ACD again and wait until it is ready."""
        await self.acd.start(partial(http_ok, self.health))

    async def ask(self, kind: type[Request], reply: type[R], **fields: Any) -> R:
        """Send one request as the public API would."""
        request = kind(occurred_at=utcnow(), tenant=self.tenant, **fields)
        return await self.bus.request(request, reply, timeout_s=15)

    async def state(self, agent: str) -> p.AgentState:
        return (await self.ask(p.GetAgentV1, p.AgentStatusV1, agent_id=agent)).state

    async def until_state(self, agent: str, state: p.AgentState, within_s: float = 15) -> None:
        async def is_so() -> bool:
            return await self.state(agent) is state

        await eventually(is_so, within_s=within_s, what=f"{agent} is {state}")

    async def account(self, agent: str, number: str) -> p.AgentAccountV1:
        return await self.ask(p.PutAgentV1, p.AgentAccountV1, agent_id=agent, number=number)

    async def phone(self, account: p.AgentAccountV1, **kwargs: Any) -> Phone:
        """Open a registered phone with an agent's account."""
        phone = await self.stack.enter_async_context(
            Phone.open(
                account.sip_username,
                account.sip_password or "",
                registrar=("127.0.0.1", self.asterisk.sip_port),
                **{"tone_hz": AGENT_HZ, **kwargs},
            )
        )
        await phone.register()
        return phone

    async def ready_agent(
        self, agent: str, number: str, mode: p.LegMode = p.LegMode.NAILED_UP, **kwargs: Any
    ) -> Phone:
        """Have an agent signed in and ready."""
        phone = await self.phone(await self.account(agent, number), **kwargs)
        await self.ask(p.SignInV1, p.AgentStatusV1, agent_id=agent, leg_mode=mode)
        await self.ask(p.SetAgentStateV1, p.AgentStatusV1, agent_id=agent, ready=True)
        return phone

    async def campaign(self, *agents: str, wrap_up_s: float = 30.0) -> None:
        await self.ask(
            p.SetCampaignAgentsV1,
            Done,
            campaign_id=CAMPAIGN,
            agent_ids=agents,
            abandonment_limit_s=2.0,
            wrap_up_s=wrap_up_s,
        )

    async def customer_answers(
        self, *, attempt: str = "a1", app: str = "acd-0"
    ) -> tuple[str, PhoneCall]:
        """Call the customer as the dialer does and hand him over; returns his interaction."""
        interaction = str(uuid7())
        channel = f"{interaction}.c"
        answered = self.answered[channel] = asyncio.Event()
        state = {
            "tenant": self.tenant,
            "interaction": interaction,
            "campaign": CAMPAIGN,
            "attempt": attempt,
            "role": "customer",
            "called": "+447700900123",
            "caller": "+447700900000",
        }
        await self.node.originate(
            "PJSIP/+447700900123@trunk-t1",
            channel_id=channel,
            app="dialer-0",
            app_args=("dial",),
            timeout_s=20,
            variables={"CC_STATE": json.dumps(state)},
        )
        call = await self.customer.next_call()
        call.answer()
        await asyncio.wait_for(answered.wait(), 15)
        answered_ms = str(int(utcnow().timestamp() * 1000))
        args = ("outbound", self.tenant, interaction, CAMPAIGN, attempt, "-", answered_ms)
        await self.node.move(channel, app, args)
        return interaction, call

    async def fact(self, event: str, interaction: str, within_s: float = 15) -> dict[str, Any]:
        """Wait for one fact about an interaction and return it."""

        def found() -> list[dict[str, Any]]:
            return [
                data
                for subject, data in self.facts
                if subject.endswith(f".{event}") and data.get("interaction_id") == interaction
            ]

        await eventually(lambda: bool(found()), within_s=within_s, what=f"{event} {interaction}")
        return found()[0]

    def count(self, event: str, interaction: str) -> int:
        return sum(
            subject.endswith(f".{event}") and data.get("interaction_id") == interaction
            for subject, data in self.facts
        )

    @asynccontextmanager
    async def another_tenant(self) -> AsyncIterator[AcdCentre]:
        """The same parts for a new tenant; its calls end with the block, and must."""
        async with AsyncExitStack() as stack:
            other = replace(self, tenant=str(uuid4()), stack=stack, facts=[])
            stack.push_async_callback(other._until_silence)
            reader = asyncio.get_running_loop().create_task(other.follow())
            try:
                await eventually(other._is_served, within_s=30, what="the ACD answers")
                yield other
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)

    async def follow(self) -> None:
        """Collect the tenant's facts, for ever."""
        async for _, subject, payload in self.bus.facts_from(self.tenant, 0):
            self.facts.append((subject, json.loads(payload)))

    async def _is_served(self) -> bool:
        try:
            await self.ask(p.ListAgentsV1, p.AgentListV1)
        except DependencyDown:
            return False
        return True

    async def _until_silence(self) -> None:
        left: list[str] = []

        async def is_so() -> bool:
            channels = await self.node.get_channels()
            left[:] = [channel.name for channel in channels]
            for channel in channels:
                with suppress(AriNotFound):
                    await self.node.hangup(channel.id)
            return not left

        await eventually(is_so, within_s=15, what=lambda: f"no channel of {left}")


@asynccontextmanager
async def acd_centre(
    folder: Path,
    database: Database,
    nats: NatsServer,
    proxied: Callable[[int], AbstractAsyncContextManager[CutProxy]] | None = None,
    **settings: str,
) -> AsyncIterator[AcdCentre]:
    """Start Asterisk, the ACD and a customer's phone behind a trunk.

    Args:
        proxied: What the ACD reaches Asterisk through; gets the port of its ARI.
        settings: Of the ACD, such as ``lease_ttl_s``, instead of what tests usually have.
    """
    async with AsyncExitStack() as stack:
        asterisk = await stack.enter_async_context(real_asterisk(folder / "asterisk"))
        health_port = free_port()
        proxy = None
        if proxied is not None:
            port = urlsplit(asterisk.ari_url).port
            assert port is not None
            proxy = await stack.enter_async_context(proxied(port))
            node = _ari_node(asterisk) | {"url": f"http://127.0.0.1:{proxy.port}"}
            settings["ari_nodes"] = json.dumps([node])
        acd = ServerProcess(
            "acd",
            (sys.executable, "-m", "ringway.acd"),
            acd_environment(asterisk, database, nats, health_port, **settings),
            folder,
        )
        stack.callback(acd.kill)
        acd_health = f"http://127.0.0.1:{health_port}/readyz"
        await acd.start(partial(http_ok, acd_health))
        bus = await stack.enter_async_context(nats.bus("crm_api"))
        customer = await stack.enter_async_context(
            Phone.open("customer", tone_hz=CUSTOMER_HZ, answer_after_s=None)
        )
        dialer = AriNodeSettings(
            name=asterisk.node,
            url=asterisk.ari_url,
            username="dialer",
            password=asterisk.passwords["dialer"],
        )
        ari = await stack.enter_async_context(AriClient.open((dialer,), "dialer-0"))
        centre = AcdCentre(
            asterisk, bus, acd, ari.nodes[asterisk.node], stack, customer, str(uuid4()), acd_health
        )
        centre.proxy = proxy

        def on_event(node: str, event: Event) -> None:
            if isinstance(event, StasisStart) and event.channel.id in centre.answered:
                centre.answered[event.channel.id].set()

        ari.on_event(on_event)

        loop = asyncio.get_running_loop()
        workers = [loop.create_task(ari.run()), loop.create_task(centre.follow())]
        try:
            await ari.wait_connected(30)
            await eventually(
                lambda: _trunk(centre, customer.address), within_s=45, what="the ACD answers"
            )
            yield centre
        finally:
            for worker in workers:
                worker.cancel()
            await asyncio.gather(*workers, return_exceptions=True)


async def _trunk(centre: AcdCentre, address: tuple[str, int]) -> bool:
    try:
        await centre.ask(
            p.PutTrunkV1, p.TrunkV1, trunk_id="t1", name="t", host=address[0], port=address[1]
        )
    except Exception:  # whatever it is, the ACD is not ready yet; eventually() has the limit
        return False
    return True


def acd_environment(
    asterisk: RealAsterisk,
    database: Database,
    nats: NatsServer,
    health_port: int,
    **settings: str,
) -> dict[str, str]:
    """Return the environment of an ACD process."""
    fields = {
        "postgres_dsn": database.dsn("ringway_acd"),
        "nats_url": nats.url,
        "nats_user": "acd",
        "nats_password": PASSWORD,
        "health_port": str(health_port),
        "ari_nodes": json.dumps([_ari_node(asterisk)]),
        "sign_in_ring_s": "3",
        "lease_ttl_s": "1",
        "quality_every_s": "1",
        **settings,
    }
    return {
        **{f"RINGWAY_ACD_{name.upper()}": value for name, value in fields.items()},
        "PYTHONUNBUFFERED": "1",
    }


def _ari_node(asterisk: RealAsterisk) -> dict[str, str]:
    return {
        "name": asterisk.node,
        "url": asterisk.ari_url,
        "username": "acd",
        "password": asterisk.passwords["acd"],
    }
