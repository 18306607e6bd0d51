"""A call centre on the run's shared installation, and what its books say in each place."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from ringway.cli.demo.centre import Centre
from ringway.cli.installation import Installation
from ringway.cli.postgres_part import DATABASE
from ringway.cli.rest import Rest
from ringway.proto.trainer import PersonaRule
from ringway.runtime.bus import Bus
from ringway.trainer.journal import read_journal


@asynccontextmanager
async def open_centre(
    stack: Installation,
    *,
    agents: int,
    rules: Sequence[PersonaRule],
    leg_mode: str = "nailed_up",
    wrap_up_s: tuple[float, float] = (0.2, 0.5),
    answer_after_s: float = 0.2,
) -> AsyncIterator[Centre]:
    """Open a tenant whose simulated agents are ready."""
    at = stack.endpoints()
    admin = at["platform_admin"]
    sign_in = (at["api"], admin["username"], admin["password"])
    async with (
        Rest.signed_in(*sign_in) as platform,
        Rest.signed_in(*sign_in) as tenant,
        Bus.open(at["nats"], user="cli", password=stack.credentials.nats["cli"], name="cli") as bus,
    ):
        centre = await Centre.open(stack, platform, bus, tenant)
        await centre.add_agents(agents)
        await centre.simulate(
            rules, leg_mode=leg_mode, wrap_up_s=wrap_up_s, answer_after_s=answer_after_s
        )
        await centre.until_agents_ready()
        try:
            yield centre
        finally:
            await centre.stop_agents()


async def until_finished(centre: Centre, within_s: float) -> None:
    """Wait until every campaign is finished.

    Raises:
        TimeoutError: Not in time; tells the states.
    """
    states: dict[str, str] = {}
    try:
        async with asyncio.timeout(within_s):
            while True:
                states = await centre.states()
                if all(state == "finished" for state in states.values()):
                    return
                await asyncio.sleep(0.3)
    except TimeoutError:
        raise TimeoutError(f"campaigns are {states}") from None


@dataclass(slots=True)
class Ledgers:
    """The same calls in PostgreSQL and at the far end of the trunk."""

    attempts: list[dict[str, Any]]
    interactions: list[dict[str, Any]]
    recordings: list[dict[str, Any]]
    invites: list[dict[str, Any]]
    ends: list[dict[str, Any]]

    @property
    def attempts_by_number(self) -> Counter[str]:
        return Counter(row["phone_e164"] for row in self.attempts)

    @property
    def invites_by_number(self) -> Counter[str]:
        return Counter(_e164(line["number"]) for line in self.invites)

    @property
    def answered_at_trunk(self) -> list[dict[str, Any]]:
        """Calls whose answer was acknowledged: without that the caller was dead already."""
        return [line for line in self.ends if line["acknowledged_at"]]


async def ledgers(stack: Installation, centre: Centre, numbers: Sequence[str]) -> Ledgers:
    """Read all books about these numbers; PostgreSQL as its superuser, past every API."""
    tenant = UUID(centre.tenant_id)
    conn = await stack.postgres.connect_as_admin(DATABASE)
    try:
        attempts = await conn.fetch(
            "SELECT a.*, l.phone_e164 FROM dialer.attempt a JOIN dialer.lead l"
            " USING (tenant_id, lead_id) WHERE a.tenant_id = $1",
            tenant,
        )
        interactions = await conn.fetch(
            "SELECT * FROM crm.interaction WHERE tenant_id = $1", tenant
        )
        recordings = await conn.fetch(
            "SELECT * FROM recorder.recording WHERE tenant_id = $1", tenant
        )
    finally:
        await conn.close()
    wanted = set(numbers)
    lines = [
        line
        for line in read_journal(stack.data / "trainer" / "trunk.jsonl")
        if _e164(line["number"]) in wanted
    ]
    # An INVITE that is repeated across the trainer's restart has two lines: it is one call.
    invites = {line["call_id"]: line for line in lines if line["event"] == "invite"}
    return Ledgers(
        [dict(row) for row in attempts],
        [dict(row) for row in interactions],
        [dict(row) for row in recordings],
        list(invites.values()),
        [line for line in lines if line["event"] == "end"],
    )


def agents_heard(stack: Installation, centre: Centre) -> list[dict[str, Any]]:
    """What each simulated agent's phone noted of its calls."""
    log = stack.data / "trainer" / "agents.jsonl"
    return [
        line
        for line in read_journal(log)
        if line.get("event") == "call" and line.get("tenant") == centre.tenant_id
    ]


def _e164(number: str) -> str:
    return number if number.startswith("+") else f"+{number}"
