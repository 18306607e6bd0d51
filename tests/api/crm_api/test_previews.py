"""Leads that agents are shown, over REST."""

from __future__ import annotations

from uuid import uuid4

import pytest
from tests.api.crm_api.test_desk import seat
from tests.support.crm import Crm, ok, refused

from ringway.proto import dialer_preview as d
from ringway.runtime.errors import Refused

pytestmark = pytest.mark.api

PREVIEW = "/agents/me/preview"


async def test_an_agent_takes_a_lead_dials_it_and_skips_another(crm: Crm) -> None:
    ann, me = await seat(crm)
    assert ok(await ann("GET", PREVIEW)) == {"preview": None}
    campaign = str(uuid4())
    taken = ok(await ann("POST", PREVIEW, json={"campaign_id": campaign, "lead_id": "lead-7"}))
    shown = taken["preview"]
    assert (shown["campaign_id"], shown["lead_id"]) == (campaign, "lead-7")
    assert shown["data"] == {"city": "Cluj"}
    attempt = {"attempt_id": shown["attempt_id"]}
    ok(await ann("POST", f"{PREVIEW}/accept", json=attempt))
    accepted = crm.behind.last(d.AcceptPreviewV1)
    assert (accepted.agent_id, accepted.attempt_id) == (me, shown["attempt_id"])
    ok(await ann("POST", f"{PREVIEW}/skip", json={**attempt, "reason": "language"}))
    assert crm.behind.last(d.SkipPreviewV1).reason == "language"


async def test_what_the_dialer_refuses_is_told_and_what_makes_no_sense_does_not_reach_it(
    crm: Crm,
) -> None:
    ann, _ = await seat(crm)
    crm.behind.refuse[d.AcceptPreviewV1] = Refused("preview_gone", "because")
    accept = {"attempt_id": str(uuid4())}
    refused(await ann("POST", f"{PREVIEW}/accept", json=accept), 409, "preview_gone")
    for path, body in (
        (PREVIEW, {}),
        (PREVIEW, {"campaign_id": "c", "lead_id": "x"}),
        (PREVIEW, {"campaign_id": str(uuid4()), "lead_id": "a.b"}),
        (f"{PREVIEW}/accept", {"attempt_id": "x"}),
        (f"{PREVIEW}/skip", {**accept, "reason": "x" * 201}),
    ):
        refused(await ann("POST", path, json=body), 422, "validation_failed")
