"""A node that is being emptied gets no more calls of the dialer; what is there goes on."""

from __future__ import annotations

import pytest
from tests.support.dialer_centre import DialerCentre
from tests.support.waiting import eventually

from ringway.proto import acd_nodes as an
from ringway.proto.base import Request
from ringway.runtime.clock import utcnow

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def test_nothing_is_dialed_while_the_only_node_is_drained(centre: DialerCentre) -> None:
    async def ask(kind: type[Request], **more: bool) -> None:
        question = kind(occurred_at=utcnow(), tenant=an.PLATFORM, node=centre.asterisk.node, **more)
        await centre.bus.request(question, an.NodeV1, timeout_s=15)

    await centre.ready_agent("ann", "1001")
    await ask(an.DrainNodeV1, force=True)
    # A dialer that begins anew knows it before it dials.
    centre.dialer.kill()
    await centre.start_dialer()
    await centre.campaign(["20", "10"], ["ann"])
    await eventually(
        lambda: centre.has_explained("not being drained"),
        within_s=15,
        what="the campaign says what it waits for",
    )
    assert await centre.attempts() == []
    await ask(an.UndrainNodeV1)
    await centre.until_attempts(connected=1, within_s=20)
    await ask(an.DrainNodeV1, force=True)
    await centre.until_finished()
    assert dict(await centre.dispositions()) == {"busy": 1, "connected": 1}
    await centre.balance()
    await ask(an.UndrainNodeV1)
