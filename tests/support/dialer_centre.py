"""A tenant of one test on a real dialer and ACD, with simulated customers and agents' phones."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from tests.support.asterisk import RealAsterisk
from tests.support.dialer_parts import DialerParts, Service, SharedParts
from tests.support.nats import NatsServer
from tests.support.processes import ServerProcess
from tests.support.shared import FAILED
from tests.support.waiting import eventually

from ringway.proto import acd
from ringway.proto import dialer as p
from ringway.proto.acd import LegMode
from ringway.proto.base import Done, Reply, Request
from ringway.proto.dialer_pool import CallerNumbersV1, WithdrawCallerNumbersV1
from ringway.proto.trainer import Persona, PersonaKind, PersonaRule
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown
from ringway.runtime.postgres import Pool
from ringway.trainer.phone import Phone
from ringway.trainer.trunk import Trunk

R = TypeVar("R", bound=Reply)

# The last two digits of a number choose how its owner behaves.
BEHAVIOURS = {
    "10": Persona(kind=PersonaKind.ANSWERS, ring_s=(0.2, 0.4), talk_s=(1.0, 1.5)),
    "11": Persona(kind=PersonaKind.ANSWERS, ring_s=(0.2, 0.4), talk_s=(60, 60)),
    "13": Persona(kind=PersonaKind.ANSWERS, ring_s=(0.2, 0.4), talk_s=(6, 6)),
    "12": Persona(kind=PersonaKind.ANSWERS, ring_s=(3.0, 3.0), talk_s=(4, 4)),
    "14": Persona(kind=PersonaKind.ANSWERS, ring_s=(0.2, 0.4), talk_s=(9, 9), greets_s=0.8),
    "15": Persona(kind=PersonaKind.MACHINE, ring_s=(0.2, 0.4), talk_s=(4, 4)),
    "16": Persona(kind=PersonaKind.ANSWERS, ring_s=(0.2, 0.4), talk_s=(9, 9), is_announcement=True),
    "17": Persona(kind=PersonaKind.PRESSES_KEYS, ring_s=(0.2, 0.4), talk_s=(20, 20), keys="1"),
    "18": Persona(kind=PersonaKind.PRESSES_KEYS, ring_s=(0.2, 0.4), talk_s=(20, 20), keys="9"),
    "19": Persona(kind=PersonaKind.PRESSES_KEYS, ring_s=(0.2, 0.4), talk_s=(20, 20), keys="2"),
    "20": Persona(kind=PersonaKind.BUSY, ring_s=(0.1, 0.2)),
    "30": Persona(kind=PersonaKind.NO_ANSWER, ring_s=(0.1, 0.2)),
    "31": Persona(kind=PersonaKind.NO_ANSWER, announces=1),
    "32": Persona(kind=PersonaKind.NO_ANSWER, announces=2, is_announcement=True),
    "33": Persona(kind=PersonaKind.ANSWERS, announces=3, ring_s=(0.6, 0.6), talk_s=(20, 20)),
    "40": Persona(kind=PersonaKind.INVALID_NUMBER, ring_s=(0.1, 0.2)),
    "50": Persona(kind=PersonaKind.TRUNK_REFUSES, ring_s=(0.0, 0.1)),
    "60": Persona(kind=PersonaKind.REJECTS, ring_s=(0.1, 0.2)),
}


@dataclass(slots=True)
class DialerCentre:
    """One tenant with agents, a trunk and as many campaigns as a test makes."""

    parts: DialerParts
    bus: Bus
    pool: Pool
    trunk: Trunk
    stack: AsyncExitStack
    tenant: str
    agents: list[str] = field(default_factory=list)  # whoever signed in
    facts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    lives: list[p.CampaignLiveV1] = field(default_factory=list)
    _left: list[str] = field(default_factory=list)
    _leads: int = 0
    _customer: Phone | None = None

    @property
    def asterisk(self) -> RealAsterisk:
        return self.parts.asterisk

    @property
    def nats(self) -> NatsServer:
        return self.parts.nats

    @property
    def acd(self) -> ServerProcess:
        return self.parts.acd.process

    @property
    def dialer(self) -> ServerProcess:
        return self.parts.dialer.process

    @property
    def trunk_id(self) -> str:
        """The trunk to the customers. A node knows trunks by their ids alone."""
        return self.own("t1")

    def own(self, trunk_id: str) -> str:
        """Return an id that no other tenant's trunk has."""
        return f"{trunk_id}-{self.tenant[:8]}"

    async def start_dialer(self) -> None:
        """Start the dialer again and wait until it is ready."""
        await self.parts.dialer.start()

    async def start_acd(self) -> None:
        """The same for the ACD."""
        await self.parts.acd.start()

    def another_dialer(self, replica: str) -> Service:
        """Return one more replica, which ends with the test."""
        service = self.parts.service("dialer", replica)
        service.process.turn_page()
        self.stack.callback(service.process.kill)
        return service

    async def ask(self, kind: type[Request], reply: type[R], **fields: Any) -> R:
        """Send one request as the public API would."""
        request = kind(occurred_at=utcnow(), tenant=self.tenant, **fields)
        return await self.bus.request(request, reply, timeout_s=15)

    async def ready_agent(
        self, agent: str, number: str, mode: LegMode = LegMode.NAILED_UP
    ) -> Phone:
        """Have an agent with a real phone, signed in and ready."""
        account = await self.ask(acd.PutAgentV1, acd.AgentAccountV1, agent_id=agent, number=number)
        phone = await self.stack.enter_async_context(
            Phone.open(
                account.sip_username,
                account.sip_password or "",
                registrar=("127.0.0.1", self.asterisk.sip_port),
                tone_hz=900,
            )
        )
        await phone.register()
        self.agents.append(agent)
        await self.ask(acd.SignInV1, acd.AgentStatusV1, agent_id=agent, leg_mode=mode)
        await self.ask(acd.SetAgentStateV1, acd.AgentStatusV1, agent_id=agent, ready=True)
        return phone

    async def campaign(
        self,
        behaviours: list[str],
        agents: list[str],
        campaign_id: str = "c1",
        *,
        start: bool = True,
        **spec: Any,
    ) -> None:
        """Make a campaign with one lead per behaviour, in that order, and start it."""
        list_id = f"list-{campaign_id}"
        await self.ask(p.PutProjectV1, Done, project_id="p1", name="P")
        await self.ask(p.PutListV1, Done, list_id=list_id, name="L")
        rows = []
        for behaviour in behaviours:
            self._leads += 1
            rows.append(
                p.LeadRow(
                    lead_id=f"lead-{self._leads}", phone_e164=f"+447700{self._leads:05}{behaviour}"
                )
            )
        await self.ask(
            p.AddLeadsV1, p.LeadsAddedV1, list_id=list_id, batch_id=list_id, chunk_no=0,
            rows=tuple(rows),
        )  # fmt: skip
        values = {
            "name": "C", "project_id": "p1", "mode": p.CampaignMode.PROGRESSIVE,
            "list_ids": (list_id,), "agent_ids": tuple(agents), "trunk_id": self.trunk_id,
            "caller_id": "+447700900999", "max_attempts": 1, "ring_timeout_s": 5, "wrap_up_s": 0.3,
            **spec,
        }  # fmt: skip
        await self.ask(
            p.PutCampaignV1, Done, campaign_id=campaign_id,
            spec=p.CampaignSpec.model_validate(values),
        )  # fmt: skip
        if start:
            await self.control("start", campaign_id)

    async def control(self, action: str, campaign_id: str = "c1") -> p.CampaignState:
        reply = await self.ask(
            p.ControlCampaignV1, p.CampaignStateV1, campaign_id=campaign_id, action=action
        )
        return reply.state

    async def state(self, campaign_id: str = "c1") -> str:
        async with self.pool.tenant(self.tenant) as conn:
            return str(
                await conn.fetchval(
                    "SELECT state FROM dialer.campaign WHERE campaign_id = $1", campaign_id
                )
            )

    async def until_finished(self, campaign_id: str = "c1", within_s: float = 30) -> None:
        async def finished() -> bool:
            return await self.state(campaign_id) == "finished"

        await eventually(finished, within_s=within_s, what=f"{campaign_id} is finished")

    async def attempts(self, campaign_id: str | None = None) -> list[dict[str, Any]]:
        """Every attempt, or a campaign's, in order of claim."""
        async with self.pool.tenant(self.tenant) as conn:
            rows = await conn.fetch(
                "SELECT * FROM dialer.attempt WHERE $1::text IS NULL OR campaign_id = $1"
                " ORDER BY attempt_id",
                campaign_id,
            )
        return [dict(row) for row in rows]

    async def until_attempts(
        self, within_s: float = 10, *, of: str | None = None, **wanted: int
    ) -> None:
        """Wait until so many attempts are ``placed``, ``answered``, ``ended`` or of an outcome."""

        async def so_many() -> bool:
            rows = await self.attempts(of)
            have = {
                "placed": sum(r["placed_at"] is not None for r in rows),
                "answered": sum(r["answered_at"] is not None for r in rows),
                "ended": sum(r["ended_at"] is not None for r in rows),
                "connected": sum(r["outcome"] == "connected" for r in rows),
            }
            return all(have[key] >= value for key, value in wanted.items())

        await eventually(so_many, within_s=within_s, what=str(wanted))

    async def dispositions(self, campaign_id: str | None = None) -> Counter[str]:
        return Counter(r["disposition"] or "open" for r in await self.attempts(campaign_id))

    def told(self, event: str) -> list[dict[str, Any]]:
        """The facts of one name, such as ``attempt.ended``."""
        noun, verb = event.split(".")
        return [
            data
            for subject, data in self.facts
            if subject.split(".")[3] == noun and subject.endswith(f".{verb}")
        ]

    def last_live(self, campaign_id: str | None = None) -> p.CampaignLiveV1:
        told = (live for live in reversed(self.lives) if campaign_id in (None, live.campaign_id))
        return next(told)

    def explanation(self, campaign_id: str) -> str:
        """What the campaign last said of why it does what it does; empty before it did."""
        told = (live.explanation for live in reversed(self.lives))
        of = (live.campaign_id for live in reversed(self.lives))
        return next((text for text, each in zip(told, of, strict=True) if each == campaign_id), "")

    def has_explained(self, words: str, since: int = 0) -> bool:
        """Whether a campaign has said this of why it does what it does, if only for a moment.

        Args:
            since: How many of ``lives`` are not looked at, because they came too early.
        """
        return any(words in live.explanation for live in self.lives[since:])

    async def ended_calls(self) -> list[dict[str, Any]]:
        """What the trunk wrote of its calls, when all of them are over there, too."""
        await self.trunk.until(lambda: not self.trunk.calls, within_s=10)
        return self.trunk.records()

    async def customer(self) -> Phone:
        """The phone of somebody who calls us, by a trunk of his own."""
        if self._customer is None:
            self._customer = await self.stack.enter_async_context(Phone.open("customer"))
            host, port = self._customer.address
            await self.ask(
                acd.PutTrunkV1, acd.TrunkV1, trunk_id=self.own("t9"), name="in", host=host,
                port=port,
            )  # fmt: skip
        return self._customer

    async def balance(self, campaign_id: str | None = None) -> None:
        """Assert that rows, trunk, leads and facts agree about every attempt, or a campaign's.

        A campaign that was stopped may still have to write down its last calls.
        """
        rows: list[dict[str, Any]] = []

        async def all_ended() -> bool:
            rows[:] = await self.attempts(campaign_id)
            return all(r["ended_at"] is not None for r in rows)

        await eventually(all_ended, within_s=10, what="every attempt has ended")
        by_number = Counter(r["phone_e164"] for r in rows)
        async with self.pool.tenant(self.tenant) as conn:
            leads = await conn.fetch(
                "SELECT * FROM dialer.lead WHERE $1::text IS NULL OR list_id = 'list-' || $1",
                campaign_id,
            )
        numbers = {r["phone_e164"] for r in leads}
        reached = Counter(
            r["number"] for r in self.trunk.records("invite") if r["number"] in numbers
        )
        assert by_number == reached
        assert [r["lead_id"] for r in leads if r["open_attempt_id"] is not None] == []
        leads = [r for r in leads if r["attempts"] > 0]
        assert {r["phone_e164"]: r["attempts"] for r in leads} == dict(by_number)
        ids = Counter(str(r["attempt_id"]) for r in rows)
        for event in ("attempt.started", "attempt.ended"):
            await eventually(
                partial(self._has_told, event, campaign_id, ids),
                within_s=10,
                what=f"one {event} for each attempt",
            )
        answered = {str(r["attempt_id"]) for r in rows if r["answered_at"] is not None}
        assert set(self._ids("attempt.answered", campaign_id)) == answered

    def _has_told(self, event: str, campaign_id: str | None, ids: Counter[str]) -> bool:
        return self._ids(event, campaign_id) == ids

    def _ids(self, event: str, campaign_id: str | None) -> Counter[str]:
        told = self.told(event)
        return Counter(d["attempt_id"] for d in told if campaign_id in (None, d["campaign_id"]))

    # -- the end of a test -----------------------------------------------------------------------

    async def leave(self) -> None:
        """Stop what runs, hang up, and see that nothing of the test is left.

        Raises:
            TimeoutError: Something is; tells what.
        """
        await self.parts.ensure()
        await self._stop_campaigns()
        for agent in self.agents:
            await self.ask(acd.SignOutV1, acd.AgentStatusV1, agent_id=agent)
        await eventually(
            self._nothing_is_left, within_s=20, what=lambda: f"nothing but {self._left}"
        )
        await self._give_numbers_back()

    async def _stop_campaigns(self) -> None:
        async with self.pool.tenant(self.tenant) as conn:
            rows = await conn.fetch(
                "SELECT campaign_id FROM dialer.campaign WHERE state IN ('running', 'paused')"
            )
        for row in rows:
            await self.control("stop", row["campaign_id"])

    async def _nothing_is_left(self) -> bool:
        async with self.pool.tenant(self.tenant) as conn:
            attempts = await conn.fetch("SELECT * FROM dialer.attempt WHERE ended_at IS NULL")
        async with self.asterisk.http() as session:
            ari = f"{self.asterisk.ari_url}/ari"
            rooms = await (await session.get(f"{ari}/bridges")).json()
            channels = await (await session.get(f"{ari}/channels")).json()
            for channel in channels:
                if channel["name"].startswith("PJSIP/trunk-"):
                    await session.delete(f"{ari}/channels/{channel['id']}")
        self._left[:] = [
            *(str(attempt["attempt_id"]) for attempt in attempts),
            *(channel["name"] for channel in channels),
            *(room["id"] for room in rooms if room["bridge_type"] != "holding"),
        ]
        return not self._left

    async def _give_numbers_back(self) -> None:
        async with self.pool.tenant(self.tenant) as conn:
            rows = await conn.fetch("SELECT phone_e164 FROM dialer.caller_number")
        if rows:
            await self.ask(
                WithdrawCallerNumbersV1,
                CallerNumbersV1,
                phones_e164=tuple(row["phone_e164"] for row in rows),
            )


@asynccontextmanager
async def dialer_centre(parts: DialerParts) -> AsyncIterator[DialerCentre]:
    """Open a new tenant on running parts, with a trunk and customers of its own."""
    async with AsyncExitStack() as stack:
        tenant = str(uuid4())
        trunk = await stack.enter_async_context(Trunk.open(parts.folder / f"{tenant}.jsonl"))
        trunk.put_scenario(
            tenant,
            tuple(
                PersonaRule(pattern=rf"\+\d+{end}", mix=((1.0, persona),))
                for end, persona in BEHAVIOURS.items()
            ),
        )
        bus = await stack.enter_async_context(parts.nats.bus("crm_api"))
        pool = await stack.enter_async_context(
            Pool.open(parts.database.dsn("ringway_dialer"), max_size=3, application_name="test")
        )
        centre = DialerCentre(parts, bus, pool, trunk, stack, tenant)
        await bus.subscribe(p.CampaignLiveV1, centre.lives.append, tenant=tenant)
        reader = asyncio.get_running_loop().create_task(_follow(centre))
        try:
            await eventually(lambda: _put_trunk(centre), within_s=15, what="the ACD answers")
            yield centre
        finally:
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)


@asynccontextmanager
async def centre_for(item: pytest.Item, shared: SharedParts) -> AsyncIterator[DialerCentre]:
    """A centre of one test; unless the test failed, nothing may be left of it."""
    async with dialer_centre(await shared.for_test(item)) as centre:
        yield centre
        if not item.stash.get(FAILED, False):
            await centre.leave()


async def _follow(centre: DialerCentre) -> None:
    async for _, subject, payload in centre.bus.facts_from(centre.tenant, 0):
        centre.facts.append((subject, json.loads(payload)))


async def _put_trunk(centre: DialerCentre) -> bool:
    host, port = centre.trunk.address
    try:
        await centre.ask(
            acd.PutTrunkV1, acd.TrunkV1, trunk_id=centre.trunk_id, name="t", host=host, port=port
        )
    except DependencyDown:
        return False
    return True
