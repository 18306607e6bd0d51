"""An agent with a real phone and a seat at the public API, and whoever is needed to have one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.support.waiting import eventually

from ringway.cli.demo.centre import Centre, Seat
from ringway.cli.installation import Installation
from ringway.cli.rest import Rest
from ringway.runtime.bus import Bus
from ringway.trainer.phone import Phone
from ringway.trainer.phone_call import PhoneCall


@dataclass(slots=True)
class Desk:
    """An agent's phone and his place at the API."""

    seat: Seat
    phone: Phone
    rest: Rest

    async def act(self, what: str, body: Any = None) -> None:
        """Use a key of the softphone."""
        await self.rest.post(f"/agents/me/calls/current/{what}", body)

    async def state(self) -> str:
        return str((await self.rest.get("/agents/me"))["state"])

    async def until(self, state: str) -> None:
        async def is_so() -> bool:
            return await self.state() == state

        await eventually(is_so, within_s=20, what=f"{self.seat.number} is {state}")

    @property
    def leg(self) -> PhoneCall:
        """The agent's nailed-up call."""
        (call,) = [call for call in self.phone.calls.values() if call.is_up]
        return call


@asynccontextmanager
async def opened_centre(installation: Installation, agents: int) -> AsyncIterator[Centre]:
    """Open a tenant with so many agents' accounts."""
    at = installation.endpoints()
    admin = at["platform_admin"]
    sign_in = (at["api"], admin["username"], admin["password"])
    password = installation.credentials.nats["cli"]
    async with (
        Rest.signed_in(*sign_in) as platform,
        Rest.signed_in(*sign_in) as tenant,
        Bus.open(at["nats"], user="cli", password=password, name="cli") as bus,
    ):
        made = await Centre.open(installation, platform, bus, tenant)
        await made.add_agents(agents)
        yield made


async def desk(
    exits: AsyncExitStack, centre: Centre, seat: Seat, hz: float, *, is_ready: bool = True
) -> Desk:
    """Have an agent signed in, his phone nailed up."""
    at = centre.installation.endpoints()
    host, port = at["sip"].removeprefix("sip:").rsplit(":", 1)
    phone = await exits.enter_async_context(
        Phone.open(
            seat.sip_username,
            seat.sip_password,
            registrar=(host, int(port)),
            tone_hz=hz,
            auto_answers=True,
        )
    )
    await phone.register()
    rest = await exits.enter_async_context(Rest.signed_in(at["api"], seat.username, seat.password))
    await rest.post("/agents/me/session", {"leg_mode": "nailed_up"})
    await phone.next_call()
    if is_ready:
        await rest.put("/agents/me/state", {"state": "ready"})
    return Desk(seat, phone, rest)
