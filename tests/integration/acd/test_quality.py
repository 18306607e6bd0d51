"""Voice quality of live legs: what is lost on the way is measured, told, and raised as an alarm."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.conftest import MakeDatabase
from tests.support.acd_centre import AGENT_HZ, CUSTOMER_HZ, acd_centre
from tests.support.nats import NatsServer
from tests.support.waiting import eventually

from ringway.trainer.core.impairment import Impairment
from ringway.trainer.media import MediaOptions

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def test_loss_and_jitter_of_a_leg_are_measured_and_raise_one_alarm(
    tmp_path: Path, make_database: MakeDatabase, nats: NatsServer
) -> None:
    async with acd_centre(tmp_path, await make_database("acd"), nats) as centre:
        centre.customer.media = MediaOptions(
            rtcp_every_s=1, impairment=Impairment(loss_rate=0.2, jitter_s=0.03)
        )
        agent = await centre.ready_agent("ann", "1001", media=MediaOptions(rtcp_every_s=1))
        await centre.campaign("ann")

        def alarms() -> list[dict[str, Any]]:
            return [data for subject, data in centre.facts if subject.endswith(".quality_alarm")]

        interaction, customer = await centre.customer_answers()
        leg = await agent.next_call()
        await customer.until_hears(AGENT_HZ)
        await leg.until_hears(CUSTOMER_HZ)
        # Asterisk keeps the gaps in the numbers of what it passes on, so the agent's phone
        # reports them too: what counts for the cause is what is lost of what a leg sent.
        await eventually(
            lambda: ("customer", "loss") in {(a["role"], a["measure"]) for a in alarms()},
            within_s=30,
            what=lambda: str(alarms()),
        )
        told_alarms = [(a["role"], a["measure"]) for a in alarms()]
        assert len(set(told_alarms)) == len(told_alarms)
        loss = next(a for a in alarms() if (a["role"], a["measure"]) == ("customer", "loss"))
        assert 5 < loss["value"] < 40
        # Both ends report; the agent's line is clean.
        quality, listener = customer.quality, customer.listener
        assert quality is not None
        assert listener is not None
        await eventually(lambda: quality.rtt_s is not None, within_s=20)
        # Of so many packets chance loses a tenth or three tenths in none of a million talks.
        await eventually(lambda: listener.packets > 450, within_s=40, what="a long talk")
        customer.hang_up()

        def told() -> dict[str, dict[str, object]]:
            return {
                str(data["role"]): data
                for subject, data in centre.facts
                if subject.endswith(".leg_quality") and data["interaction_id"] == interaction
            }

        await eventually(lambda: len(told()) == 2, within_s=20, what="both legs are told")
        bad, good = told()["customer"], told()["agent"]
        assert 10 < float(str(bad["received_loss_percent"])) < 30
        assert bad["is_alarm"]
        assert float(str(bad["received_jitter_ms"])) > 3
        assert float(str(good["received_loss_percent"])) < 2
        assert float(str(bad["mos"])) < 3.5
        assert float(str(good["rtt_ms"])) < 300
        assert good["agent_id"] == "ann"
