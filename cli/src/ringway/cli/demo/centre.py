"""A small call centre made through the public API, as its owners would make it."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from ringway.cli.demo import people
from ringway.cli.installation import Installation
from ringway.cli.rest import Rest
from ringway.proto.base import Done
from ringway.proto.trainer import (
    GetAgentsV1,
    GetTrunkLogV1,
    PersonaRule,
    PutScenarioV1,
    SimulatedAgent,
    SimulatedAgentsV1,
    StartAgentsV1,
    StopAgentsV1,
    TrunkLogV1,
)
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow

AGENT_HZ = 900.0


class NotReady(Exception):
    """Agents did not become ready in time; the message says who and why."""


@dataclass(frozen=True, slots=True)
class Seat:
    """One simulated agent's identity."""

    agent_id: str
    number: str
    username: str
    password: str
    sip_username: str
    sip_password: str


@dataclass(slots=True)
class Centre:
    """One tenant with a trunk to the simulated network, agents, lists and campaigns."""

    installation: Installation
    admin: Rest
    bus: Bus
    tenant_id: str
    slug: str
    trunk_id: str
    project_id: str
    seats: list[Seat] = field(default_factory=list)
    campaigns: dict[str, str] = field(default_factory=dict)  # id -> name

    @classmethod
    async def open(
        cls, installation: Installation, platform: Rest, bus: Bus, tenant: Rest
    ) -> Centre:
        """Open an enterprise; ``tenant`` becomes its administrator's client."""
        slug = f"demo-{uuid4().hex[:8]}"
        password = secrets.token_urlsafe(16)
        made = await platform.post(
            "/tenants",
            {
                "slug": slug,
                "name": f"Demo {slug[-8:]}",
                "admin": {"username": "admin", "password": password},
            },
        )
        await tenant.sign_in(f"admin@{slug}", password)
        trunk = await tenant.post(
            "/trunks",
            {
                "name": "simulated network",
                "host": "127.0.0.1",
                "port": installation.ports.trainer_trunk,
            },
        )
        project = await tenant.post("/projects", {"name": "Demo"})
        return cls(
            installation,
            tenant,
            bus,
            made["tenant_id"],
            slug,
            trunk["trunk_id"],
            project["project_id"],
        )

    async def add_agents(self, count: int) -> None:
        """Create agents, several at a time: each password costs the API a tenth of a second."""
        gate = asyncio.Semaphore(4)

        async def one(number: str) -> Seat:
            async with gate:
                password = secrets.token_urlsafe(16)
                user = await self.admin.post(
                    "/users",
                    {
                        "username": f"agent{number}",
                        "password": password,
                        "role": "agent",
                        "agent_number": number,
                    },
                )
            return Seat(
                user["agent_id"],
                number,
                f"agent{number}@{self.slug}",
                password,
                user["sip_username"],
                user["sip_password"],
            )

        first = 1001 + len(self.seats)
        self.seats += await asyncio.gather(*(one(str(first + i)) for i in range(count)))

    async def simulate(
        self,
        rules: Sequence[PersonaRule],
        *,
        leg_mode: str = "nailed_up",
        wrap_up_s: tuple[float, float] = (0.5, 1.5),
        answer_after_s: float = 0.2,
        talk_s: tuple[float, float] | None = None,
    ) -> None:
        """Tell the simulated network how to behave, and let simulated agents take the seats."""
        await self.bus.request(
            PutScenarioV1(**self._about(), rules=tuple(rules), seed=7), Done, timeout_s=10
        )
        agents = tuple(
            SimulatedAgent(
                agent_id=seat.agent_id,
                sip_username=seat.sip_username,
                sip_password=seat.sip_password,
                tone_hz=AGENT_HZ,
                api_url=self.installation.endpoints()["console"],
                username=seat.username,
                password=seat.password,
                leg_mode=leg_mode,
                wrap_up_s=wrap_up_s,
                answer_after_s=answer_after_s,
                talk_s=talk_s,
            )
            for seat in self.seats
        )
        await self.bus.request(StartAgentsV1(**self._about(), agents=agents), Done, timeout_s=15)

    async def until_agents_ready(self, within_s: float = 45) -> None:
        """Wait until every agent is ready.

        Raises:
            NotReady: They are not; says who and why.
        """
        states: dict[str, str] = {}
        try:
            async with asyncio.timeout(within_s):
                while True:
                    agents = await self.admin.all("/agents")
                    states = {a["agent_number"]: a["state"] for a in agents}
                    if states and all(state == "ready" for state in states.values()):
                        return
                    await asyncio.sleep(0.2)
        except TimeoutError:
            simulated = await self.simulated()
            errors = [a.last_error for a in simulated.agents if a.last_error]
            raise NotReady(f"agents are {states}; {'; '.join(errors[:3])}") from None

    async def simulated(self) -> SimulatedAgentsV1:
        """How the simulated agents do, in the trainer's own words."""
        return await self.bus.request(GetAgentsV1(**self._about()), SimulatedAgentsV1)

    async def stop_agents(self) -> None:
        """Let the simulated agents go home."""
        await self.bus.request(StopAgentsV1(**self._about()), Done, timeout_s=15)

    async def trunk_log(self) -> TrunkLogV1:
        """What the far end of the trunk counted since it began."""
        return await self.bus.request(GetTrunkLogV1(**self._about()), TrunkLogV1)

    async def import_list(self, name: str, phones: list[str]) -> str:
        """Upload a number list as a file and return the list's id."""
        made = await self.admin.post("/lists", {"name": name})
        list_id = str(made["list_id"])
        await self.admin.upload(f"/lists/{list_id}/imports", "leads.csv", people.as_csv(phones))
        return list_id

    async def add_campaign(
        self, name: str, mode: str, list_id: str, seats: Sequence[Seat], **spec: Any
    ) -> str:
        """Create a campaign and return its id."""
        made = await self.admin.post(
            "/campaigns",
            {
                "name": name,
                "project_id": self.project_id,
                "mode": mode,
                "list_ids": [list_id],
                "agent_ids": [seat.agent_id for seat in seats],
                "trunk_id": self.trunk_id,
                "caller_id": "+442079460000",
                **spec,
            },
        )
        campaign_id = str(made["campaign_id"])
        self.campaigns[campaign_id] = name
        return campaign_id

    async def start(self) -> None:
        """Start every campaign."""
        for campaign_id in self.campaigns:
            await self.admin.post(f"/campaigns/{campaign_id}/start")

    async def states(self) -> dict[str, str]:
        """The state of every campaign."""
        return {
            campaign_id: (await self.admin.get(f"/campaigns/{campaign_id}"))["state"]
            for campaign_id in self.campaigns
        }

    async def summary(self) -> dict[str, float]:
        """The sum of all campaigns' summaries; occupancy and rate are made anew from the sums."""
        parts = [await self.admin.get(f"/campaigns/{c}/summary") for c in self.campaigns]
        names = ("attempts", "answered", "connected", "abandoned", "recordings", "talk_s")
        total: dict[str, float] = {name: sum(part[name] for part in parts) for name in names}
        live = total["answered"]
        total["abandonment_rate"] = round(total["abandoned"] / live, 4) if live else 0.0
        total["occupancy"] = round(sum(p["occupancy"] for p in parts) / max(1, len(parts)), 4)
        total["talk_s"] = round(total["talk_s"], 1)
        return total

    def _about(self) -> dict[str, Any]:
        return {"occurred_at": utcnow(), "tenant": self.tenant_id}
