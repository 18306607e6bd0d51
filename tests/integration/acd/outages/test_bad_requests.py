"""Every request of the ACD, asked wrongly: by strangers, about nobody, twice, and out of place."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from tests.support.acd_centre import CUSTOMER_HZ
from tests.support.call_desk import ANN_HZ, Desk, desk_on, hears
from tests.support.front_centre import FrontCentre
from tests.support.outages import Outages
from tests.support.shared import Shared, shared

from ringway.proto import acd as p
from ringway.proto import acd_calls as calls
from ringway.proto import acd_config as c
from ringway.proto.base import Reply, Request, registry
from ringway.proto.tenant_deletion import DeleteAcdTenantV1
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.ids import uuid7
from ringway.trainer.phone_call import PhoneCall

# One talk lasts for the whole module: nothing that is asked here may touch it.
pytestmark = [
    pytest.mark.integration,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(120),
]

SAMPLES = Path(__file__).parents[3] / "contract/proto/samples"
# These make what they name, in their own tenant; their refusals have tests of their own.
CREATE = (p.PutTrunkV1, p.PutAgentV1, c.PutConfigV1, p.SetCampaignAgentsV1)
# This one takes the tenant away for all others; test_tenant_deletion.py asks it.
DELETE = (DeleteAcdTenantV1,)
REQUESTS = [
    kind
    for kind in registry()
    if issubclass(kind, Request)
    and kind.SUBJECT.startswith("acd.")
    and kind not in (*CREATE, *DELETE)
]
CONTROL = [kind for kind in REQUESTS if issubclass(kind, calls.ControlRequest)]
# What must never be the answer to a request that can be read.
OURS = ("internal", "unavailable")


@dataclass
class Talk:
    """Ann talks with a customer; Bob is signed in and has nothing to do with it."""

    centre: FrontCentre
    ids: dict[str, str]
    customer: PhoneCall
    leg: PhoneCall
    stranger: str  # a tenant that has nothing

    async def outcome(
        self, kind: type[Request], tenant: str, ids: dict[str, str], message_id: str = ""
    ) -> str:
        """Ask and return the answer's code, or what was answered, without the ids."""
        path = SAMPLES / f"{kind.type_name()}.json"
        fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        fields |= {
            "message_id": message_id or str(uuid7()),
            "occurred_at": utcnow(),
            "tenant": tenant,
        }
        fields |= {name: value for name, value in ids.items() if name in kind.model_fields}
        if "target" in kind.model_fields:
            fields["target"] = {"kind": "agent", "value": ids["agent_id"]}
        request = kind.model_validate(fields)
        try:
            await self.centre.acd.bus.request(request, Reply, timeout_s=15)
        except Refused as refused:
            said = str(refused)
            for value in ids.values():
                said = said.replace(value, "...")
            return said
        return "answered"


def nowhere() -> dict[str, str]:
    """Return ids of nobody and nothing."""
    names = ("agent_id", "supervisor_id", "from_agent_id", "interaction_id", "trunk_id")
    more = ("campaign_id", "attempt_id", "conference_id", "leg_id", "object_id", "queue_id")
    ids = {name: str(uuid7()) for name in (*names, *more, "voicemail_id", "group_id")}
    return ids | {"slot": "9999"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def talks(all_outages: Shared[Outages]) -> AsyncIterator[Shared[Talk]]:
    @asynccontextmanager
    async def make() -> AsyncIterator[Talk]:
        async with all_outages.make() as outages, desk_on(outages.centre.acd) as desk:
            yield await _talk(desk, outages.centre)

    async with shared(make) as talks:
        yield talks


@pytest_asyncio.fixture(loop_scope="module")
async def talk(talks: Shared[Talk], request: pytest.FixtureRequest) -> Talk:
    return await talks.for_test(request.node)


async def _talk(desk: Desk, centre: FrontCentre) -> Talk:
    ann, bob = await desk.agent(), await desk.agent(1150.0)
    await centre.ready(bob.agent_id, ready=False)
    did = await centre.queue("q-bad", ann.agent_id)
    customer = await centre.call(did)
    await hears(customer, ANN_HZ)
    interaction = await centre.started(did)
    ids = nowhere() | {
        "agent_id": ann.agent_id,
        "supervisor_id": bob.agent_id,
        "from_agent_id": ann.agent_id,
        "interaction_id": interaction,
        "trunk_id": "t1",
        "leg_id": "customer",
        "object_id": "q-bad",
        "queue_id": "q-bad",
    }
    return Talk(centre, ids, customer, ann.leg, str(uuid4()))


async def unharmed(talk: Talk) -> None:
    await hears(talk.customer, ANN_HZ)
    await hears(talk.leg, CUSTOMER_HZ)
    await talk.centre.acd.until_state(talk.ids["agent_id"], p.AgentState.TALKING)
    await talk.centre.acd.until_state(talk.ids["supervisor_id"], p.AgentState.NOT_READY)


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
async def test_what_is_another_tenants_does_not_exist(talk: Talk, kind: type[Request]) -> None:
    theirs = await talk.outcome(kind, talk.stranger, talk.ids)
    nobodys = await talk.outcome(kind, talk.stranger, nowhere())
    assert theirs == nobodys
    assert theirs.partition(":")[0] not in OURS
    await unharmed(talk)


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
async def test_what_nobody_knows_is_refused_and_a_repeat_alike(
    talk: Talk, kind: type[Request]
) -> None:
    ids, message_id, tenant = nowhere(), str(uuid7()), talk.centre.acd.tenant
    first = await talk.outcome(kind, tenant, ids, message_id)
    again = await talk.outcome(kind, tenant, ids, message_id)
    later = await talk.outcome(kind, tenant, ids)
    assert first == again == later
    assert first.partition(":")[0] not in OURS
    await unharmed(talk)


@pytest.mark.parametrize("kind", CONTROL, ids=lambda kind: kind.__name__)
async def test_an_agent_controls_only_his_own_call(talk: Talk, kind: type[Request]) -> None:
    """Bob asks for what only Ann may."""
    ids = talk.ids | {"agent_id": talk.ids["supervisor_id"]}
    outcome = await talk.outcome(kind, talk.centre.acd.tenant, ids)
    assert outcome.startswith("interaction_unknown")
    await unharmed(talk)
