"""What tests of races speak of: queues of their own, and what an ACD still has in memory."""

from __future__ import annotations

import itertools
from contextlib import suppress

import aiohttp
from tests.support.call_desk import Agent
from tests.support.front_centre import FrontCentre
from tests.support.outages import Outages
from tests.support.waiting import eventually

from ringway.proto import acd_config as c
from ringway.proto.base import Done
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused

_names = itertools.count(1)


async def live(centre: FrontCentre) -> dict[str, float]:
    """Return what the ACD has in memory, as /metrics says."""
    url = centre.acd.health.replace("/readyz", "/metrics")
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        text = await answer.text()
    return {
        line.partition('what="')[2].partition('"')[0]: float(line.rpartition(" ")[2])
        for line in text.splitlines()
        if line.startswith("acd_live{")
    }


async def until_live(centre: FrontCentre, expected: dict[str, float]) -> None:
    """Wait until the ACD has no more in memory than this."""
    seen: dict[str, float] = {}

    async def is_so() -> bool:
        seen.update(await live(centre))
        return seen == expected

    await eventually(is_so, within_s=15, what=lambda: f"{expected}, not {seen}")


async def queue_of(centre: FrontCentre, *agents: Agent, **body: object) -> tuple[str, str]:
    """Make a queue of these agents; returns its id and its number."""
    queue_id = f"q-race-{next(_names)}"
    return queue_id, await centre.queue(queue_id, *(a.agent_id for a in agents), **body)


async def ends(centre: FrontCentre, outages: Outages, *agents: Agent) -> None:
    for agent in agents:
        with suppress(Refused):
            await centre.sign_out(agent.agent_id)
    await outages.nothing_is_left()
    await until_live(centre, dict.fromkeys(await live(centre), 0.0))


async def delete(centre: FrontCentre, kind: str, object_id: str) -> None:
    request = c.DeleteConfigV1(
        occurred_at=utcnow(), tenant=centre.acd.tenant, kind=kind, object_id=object_id
    )
    await centre.acd.bus.request(request, Done, timeout_s=15)
