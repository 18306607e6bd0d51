"""When a talk ended whose end the ACD did not see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from ringway.crm_api.core.interaction import derive, merge, source_of
from ringway.proto.acd import InteractionDisconnectedV1
from ringway.proto.dialer import AttemptEndedV1

pytestmark = pytest.mark.unit

START = datetime(2026, 11, 22, 8, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("exactly", "channel_ended_s", "talk_s"), [(False, 5, 4), (True, 5, 7), (False, 9, 7)]
)
def test_the_dialer_knows_better_when_the_acd_was_away(
    exactly: bool, channel_ended_s: float, talk_s: float
) -> None:
    ids: dict[str, Any] = {"tenant": "t", "interaction_id": "i"}
    ended = AttemptEndedV1(
        **ids,
        occurred_at=at(channel_ended_s),
        attempt_id="00000000-0000-0000-0000-000000000001",
        campaign_id="00000000-0000-0000-0000-000000000002",
        lead_id="00000000-0000-0000-0000-000000000003",
        attempt_no=1,
        phone_e164="+12015550100",
        disposition="connected",
        cause_q850=16,
        tech_cause=0,
        started_at=at(-3),
        answered_at=at(0),
        ended_at=at(channel_ended_s),
    )
    noticed = InteractionDisconnectedV1(
        **ids,
        occurred_at=at(8),
        direction="outbound",
        agent_id="00000000-0000-0000-0000-000000000004",
        agent_number="1001",
        connected_at=at(1),
        disconnected_at=at(8),
        talk_s=7,
        hung_up_by="customer",
        node="ast-0",
        ended_exactly=exactly,
    )
    sources = merge(merge({}, *source_of(noticed)), *source_of(ended))
    row = derive(sources)
    assert row.talk_s == talk_s
    assert row.disconnected_at == at(1 + talk_s)
