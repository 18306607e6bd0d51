"""What is decided while something else ends: nobody is called for a campaign that is over."""

from __future__ import annotations

import pytest
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto import dialer as p
from ringway.proto import dialer_preview as d
from ringway.proto.base import Done
from ringway.proto.dialer import CampaignMode

pytestmark = [
    pytest.mark.integration,
    pytest.mark.timeout(120),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_a_lead_is_not_called_when_the_campaign_is_stopped_while_the_law_is_asked(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("crossing", "1170")
    before = len(await centre.ended_calls())
    await centre.campaign(["10"], ["crossing"], "crossing", mode=CampaignMode.PREVIEW)
    shown: list[d.Preview] = []

    async def is_shown() -> bool:
        told = await centre.ask(d.GetPreviewV1, d.PreviewV1, agent_id="crossing")
        shown[:] = [told.preview] if told.preview is not None else []
        return bool(shown)

    await eventually(is_shown, within_s=15, what="he is shown a lead")
    async with centre.pool.tenant(centre.tenant) as conn:
        await conn.execute("LOCK TABLE dialer.lead IN ACCESS EXCLUSIVE MODE")
        await centre.ask(
            d.AcceptPreviewV1, Done, agent_id="crossing", attempt_id=shown[0].attempt_id
        )
        assert await centre.control("stop", "crossing") is p.CampaignState.STOPPED
        await eventually(
            lambda: "stopped" in centre.explanation("crossing"), what="the campaign is stopped"
        )

    async def is_given_back() -> bool:
        return not [a for a in await centre.attempts("crossing") if a["ended_at"] is None]

    await eventually(is_given_back, what="the lead is given back")
    assert await centre.attempts("crossing") == []
    assert len(await centre.ended_calls()) == before
    await centre.balance("crossing")
