"""Agents and customers of call-control tests, each with a tone of his own: who hears whom."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.support.acd_centre import CUSTOMER_HZ, AcdCentre
from tests.support.waiting import eventually

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto.acd_config import ConfigV1, PutConfigV1, Target, TargetKind
from ringway.proto.base import Done
from ringway.runtime.clock import utcnow
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall

ANN_HZ, BOB_HZ, OUTSIDE_HZ = 900.0, 1150.0, 2000.0
_QUIET_S = 0.25  # so long nothing must be heard that is not to be heard
_numbers = itertools.count(2001)


@dataclass(slots=True)
class Agent:
    """An agent with his phone and the call that is up on it."""

    agent_id: str
    number: str
    hz: float
    phone: Phone
    call: PhoneCall | None = None

    @property
    def leg(self) -> PhoneCall:
        assert self.call is not None
        return self.call

    @property
    def target(self) -> Target:
        return Target(kind=TargetKind.AGENT, value=self.agent_id)


@dataclass(slots=True)
class Desk:
    """One test's agents on a shared centre."""

    centre: AcdCentre
    stack: AsyncExitStack
    agents: list[Agent] = field(default_factory=list)

    async def agent(
        self, hz: float = ANN_HZ, mode: p.LegMode = p.LegMode.NAILED_UP, **kwargs: Any
    ) -> Agent:
        """Have one more agent signed in and ready."""
        number = str(next(_numbers))
        agent_id = f"agent-{number}"
        account = await self.centre.account(agent_id, number)
        phone = await self.stack.enter_async_context(
            Phone.open(
                account.sip_username,
                account.sip_password or "",
                **{"registrar": self.centre.sip, "tone_hz": hz, **kwargs},
            )
        )
        await phone.register()
        agent = Agent(agent_id, number, hz, phone)
        self.agents.append(agent)
        await self.centre.ask(p.SignInV1, p.AgentStatusV1, agent_id=agent_id, leg_mode=mode)
        if mode is p.LegMode.NAILED_UP:
            agent.call = await phone.next_call()
        await self.centre.ask(p.SetAgentStateV1, p.AgentStatusV1, agent_id=agent_id, ready=True)
        return agent

    async def talk(self, agent: Agent, wrap_up_s: float = 30.0) -> tuple[str, PhoneCall]:
        """Have the agent talk to a customer; both are heard."""
        await self.centre.campaign(agent.agent_id, wrap_up_s=wrap_up_s)
        interaction, customer = await self.centre.customer_answers()
        if agent.call is None:
            agent.call = await agent.phone.next_call()
        await hears(customer, agent.hz)
        await hears(agent.leg, CUSTOMER_HZ)
        await self.centre.until_state(agent.agent_id, p.AgentState.TALKING)
        return interaction, customer

    async def ask(self, kind: type[calls.ControlRequest], agent: Agent, **fields: Any) -> None:
        """Ask something of the call that the agent is in."""
        await self.centre.ask(kind, Done, agent_id=agent.agent_id, **fields)

    async def answers(self, agent: Agent) -> PhoneCall:
        """Take the call that comes to an agent on demand; nailed up he is there already."""
        if agent.call is None or agent.call.is_over:
            agent.call = await agent.phone.next_call()
        return agent.call

    async def outside(self, *, answer: bool = True) -> PhoneCall:
        """Take the call that comes to an outside number."""
        call = await self.centre.customer.next_call()
        if answer:
            call.answer()
            await call.until_answered()
            call.say(OUTSIDE_HZ)
        return call

    def spawn(self, coro: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Ask something whose answer depends on what the test does next."""
        return asyncio.get_running_loop().create_task(coro)

    async def offers(self) -> list[calls.OfferV1]:
        """Collect from now on what agents are shown of calls."""
        seen: list[calls.OfferV1] = []

        async def on_offer(offer: calls.OfferV1) -> None:
            if offer.tenant == self.centre.tenant:
                seen.append(offer)

        await self.centre.bus.subscribe(calls.OfferV1, on_offer)
        return seen

    async def is_on_hold(self, interaction: str) -> bool:
        """Tell whether the customer's channel is where music plays."""
        return any(
            f"{interaction}.c" in bridge.channels and bridge.bridge_type == "holding"
            for bridge in await self.centre.node.get_bridges()
        )

    async def until_on_hold(self, interaction: str) -> None:
        await eventually(lambda: self.is_on_hold(interaction), what="music plays")

    async def until_free(self, *agents: Agent) -> None:
        """Wait until agents are ready or not, alone, and no leg of the call is left."""

        states: list[p.AgentState] = []

        async def is_so() -> bool:
            states[:] = [await self.centre.state(a.agent_id) for a in agents]
            return all(s in (p.AgentState.READY, p.AgentState.NOT_READY) for s in states)

        await eventually(is_so, within_s=20, what=lambda: f"the agents are free, not {states}")

    async def until_nothing_left(self, interaction: str) -> None:
        """Wait until no channel and no room of the interaction is there."""

        async def is_so() -> bool:
            channels = await self.centre.node.get_channels()
            bridges = await self.centre.node.get_bridges()
            ids = [*(c.id for c in channels), *(b.id for b in bridges)]
            return not any(i.startswith(interaction) for i in ids)

        await eventually(is_so, within_s=20, what="nothing of the call is left")

    async def close(self) -> None:
        for agent in self.agents:
            await self.centre.ask(p.SignOutV1, p.AgentStatusV1, agent_id=agent.agent_id)
        for call in tuple(self.centre.customer.calls.values()):
            call.hang_up()


async def configure(centre: AcdCentre, kind: Any, object_id: str, **body: Any) -> None:
    """Write one object of the configuration."""
    request = PutConfigV1(
        occurred_at=utcnow(), tenant=centre.tenant, kind=kind, object_id=object_id, body=body
    )
    await centre.bus.request(request, ConfigV1, timeout_s=15)


async def hears(call: PhoneCall, *hz: float) -> None:
    """Wait until a phone hears these tones."""
    for each in hz:
        await call.until_hears(each, 15)


async def hears_not(call: PhoneCall, *hz: float) -> None:
    """Wait until a phone has heard none of these tones for a while.

    Raises:
        TimeoutError: One of them is heard again and again.
    """
    loop = asyncio.get_running_loop()
    heard_at = loop.time()

    def is_quiet() -> bool:
        nonlocal heard_at
        if any(call.hears(each) for each in hz):
            heard_at = loop.time()
        return loop.time() - heard_at > _QUIET_S

    await eventually(is_quiet, within_s=15, what=f"{hz} is not heard")


async def room_with(desk: Desk, channel: str) -> str | None:
    """Return the bridge in which a channel is."""
    for bridge in await desk.centre.node.get_bridges():
        if channel in bridge.channels:
            return bridge.id
    return None


async def is_there(desk: Desk, room: str) -> bool:
    return room in {bridge.id for bridge in await desk.centre.node.get_bridges()}


async def until_room_ends(desk: Desk, room: str) -> None:
    async def is_so() -> bool:
        return not await is_there(desk, room)

    await eventually(is_so, what="the room ends when all have left it")


@asynccontextmanager
async def desk_on(centre: AcdCentre) -> AsyncIterator[Desk]:
    """A fresh desk for one test."""
    async with AsyncExitStack() as stack:
        desk = Desk(centre, stack)
        try:
            yield desk
        finally:
            await desk.close()
