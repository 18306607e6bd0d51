"""What the network says before an answer ends the waiting, on real calls."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import numpy as np
import pytest
from tests.support.ari import ari_on
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.dialer.early_media import SNOOP_SUFFIX
from ringway.proto import dialer_announcements as p
from ringway.proto.dialer import CampaignMode
from ringway.proto.dialer_spec import EarlyMediaRule, NumberState
from ringway.trainer.core.g711 import Law, decode
from ringway.trainer.core.tone import speech_like

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def _store(centre: DialerCentre, announcement_id: str, meaning: NumberState, n: int) -> None:
    """Store what personas with ``announces=n`` play."""
    spoken = decode(b"".join(speech_like(12, Law.ULAW, n))[: 6 * 8000], Law.ULAW)
    await centre.ask(
        p.PutAnnouncementV1,
        p.AnnouncementPutV1,
        announcement_id=announcement_id,
        name=meaning.value,
        meaning=meaning,
        audio=b64encode(np.asarray(spoken, dtype="<i2").tobytes()).decode(),
    )


async def _by_number(centre: DialerCentre) -> dict[str, dict[str, Any]]:
    return {row["phone_e164"][-2:]: row for row in await centre.attempts()}


async def test_screening_knows_numbers_by_what_the_network_says_of_them(
    centre: DialerCentre,
) -> None:
    await _store(centre, "off", NumberState.POWERED_OFF, 1)
    await _store(centre, "gone", NumberState.VACANT, 0)
    await centre.campaign(
        ["31", "33", "11"], [], mode=CampaignMode.SCREENING, max_lines=3, ring_timeout_s=60
    )
    await centre.until_finished(within_s=50)
    rows = await _by_number(centre)
    said = {end: (row["disposition"], row["number_state"]) for end, row in rows.items()}
    assert said == {
        "31": ("no_answer", "powered_off"),
        "33": ("served", None),  # words that nobody knows, then an answer
        "11": ("served", None),
    }
    assert (rows["31"]["number_state_reason"], rows["31"]["answered_at"]) == ("off", None)
    await centre.balance()
    ended = {d["phone_e164"][-2:]: d for d in centre.told("attempt.ended")}
    assert ended["31"]["number_state"] == "powered_off"
    calls = {call["number"][-2:]: call for call in await centre.ended_calls()}
    assert calls["31"]["ended_by"] == "platform"  # which did not wait for the ring time-out
    await _nobody_listens(centre)


async def test_a_campaign_with_agents_listens_when_it_is_told_to(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(
        ["32", "10"], ["ann"], mode=CampaignMode.PRECISE, ring_timeout_s=60, max_lines=1,
        early_media=EarlyMediaRule(listens=True),
    )  # fmt: skip
    await centre.until_finished(within_s=50)
    rows = await _by_number(centre)
    said = {end: (row["disposition"], row["number_state_reason"]) for end, row in rows.items()}
    assert said == {
        "32": ("invalid_number", "special_information_tone"),
        "10": ("connected", None),
    }
    await centre.balance()
    await _nobody_listens(centre)


async def _nobody_listens(centre: DialerCentre) -> None:
    """Wait until no snoop of ours is left."""
    async with ari_on(centre.asterisk, "looks") as ari:

        async def is_so() -> bool:
            return not any(c.id.endswith(SNOOP_SUFFIX) for c in await ari.node.get_channels())

        await eventually(is_so, what="no call is listened to before its answer")
