"""A campaign that two people change at the same moment is as one of them wants it."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from tests.conftest import MakeDatabase

from ringway.dialer.requests import Requests
from ringway.proto import dialer as p
from ringway.proto.base import Done
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool

pytestmark = pytest.mark.integration

TENANT = uuid4()
_SPEC = p.CampaignSpec(
    name="Spring", project_id="p", mode=p.CampaignMode.PROGRESSIVE, list_ids=("l",),
    agent_ids=("ann",), trunk_id="t",
)  # fmt: skip


def _ask(kind: Any, **fields: Any) -> Any:
    return kind(occurred_at=utcnow(), tenant=str(TENANT), **fields)


async def test_of_two_changes_of_the_same_version_one_is_refused(
    make_database: MakeDatabase,
) -> None:
    dsn = (await make_database("dialer")).dsn("ringway_dialer")
    async with Pool.open(dsn, max_size=2, application_name="test") as pool:
        requests = Requests(pool, lambda: None)
        await requests.put_project(_ask(p.PutProjectV1, project_id="p", name="P"))
        await requests.put_list(_ask(p.PutListV1, list_id="l", name="L"))
        put = _ask(p.PutCampaignV1, campaign_id="c", spec=_SPEC)
        await requests.put_campaign(put)

        def change(name: str) -> Any:
            spec = _SPEC.model_copy(update={"name": name})
            return _ask(p.PutCampaignV1, campaign_id="c", spec=spec, if_version=1)

        outcomes = await asyncio.gather(
            *(requests.put_campaign(change(name)) for name in ("Summer", "Autumn")),
            return_exceptions=True,
        )
        (refused,) = (each for each in outcomes if isinstance(each, Refused))
        assert refused.code == "campaign_changed"
        assert sum(isinstance(each, Done) for each in outcomes) == 1
        await requests.put_campaign(put)  # whoever names no version wins
