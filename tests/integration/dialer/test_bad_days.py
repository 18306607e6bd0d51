"""Every part is killed while a campaign runs; afterwards the books balance."""

from __future__ import annotations

import pytest
from tests.support.dialer_centre import DialerCentre
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually

from ringway.proto import acd

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]


async def test_a_killed_dialer_takes_over_what_rings_and_what_talks(centre: DialerCentre) -> None:
    for agent, number in (("ann", "1001"), ("bob", "1002"), ("cat", "1003")):
        await centre.ready_agent(agent, number)
    await centre.campaign(["13", "12", "20", "12", "10", "10"], ["ann", "bob", "cat"])
    await centre.until_attempts(placed=3, connected=1)
    centre.dialer.kill()
    await centre.start_dialer()
    await centre.until_finished(within_s=40)
    found = await centre.dispositions()
    assert found["open"] == 0
    assert found["connected"] >= 3
    await centre.balance()


async def test_a_call_that_ended_while_the_dialer_was_away_is_settled_from_the_record(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["30"], ["ann"], ring_timeout_s=5)
    await centre.until_attempts(placed=1)
    centre.dialer.kill()
    await centre.trunk.until(lambda: not centre.trunk.calls, within_s=10)
    await centre.start_dialer()
    await centre.until_finished()
    assert dict(await centre.dispositions()) == {"no_answer": 1}
    await centre.balance()


@pytest.mark.parametrize(
    ("claimed", "found"), [("0 s", {"busy": 2}), ("1 day", {"lost": 1, "busy": 1})]
)
async def test_a_lead_whose_call_never_left_is_given_back(
    centre: DialerCentre, claimed: str, found: dict[str, int]
) -> None:
    """Unless PostgreSQL was away since its claim: then the missing record proves nothing."""
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["20", "20"], ["ann"], start=False)
    centre.dialer.kill()
    async with centre.pool.tenant(centre.tenant) as conn:
        # What a dialer leaves that dies between its claim and its originate.
        await conn.execute(
            """
            INSERT INTO dialer.attempt
                   (tenant_id, attempt_id, interaction_id, campaign_id, list_id, lead_id,
                    attempt_no, phone_e164, mode, trunk_id, node, claimed_at)
            SELECT tenant_id, gen_random_uuid(), gen_random_uuid(), 'c1', list_id, lead_id,
                   1, phone_e164, 'progressive', $2, 'ast-0', now() - $1::text::interval
              FROM dialer.lead ORDER BY position LIMIT 1
            """,
            claimed,
            centre.trunk_id,
        )
        await conn.execute(
            """
            UPDATE dialer.lead SET attempts = 1, open_attempt_id = attempt.attempt_id
              FROM dialer.attempt WHERE attempt.lead_id = lead.lead_id
            """
        )
        await conn.execute("UPDATE dialer.campaign SET state = 'running'")
    await centre.start_dialer()
    await centre.until_finished()
    assert dict(await centre.dispositions()) == found
    if "lost" not in found:
        await centre.balance()


async def test_without_an_acd_an_answered_customer_hears_the_message(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["12"], ["ann"])
    await centre.until_attempts(placed=1)
    centre.acd.kill()
    await centre.until_attempts(ended=1, within_s=20)
    (row,) = await centre.attempts()
    assert row["disposition"] == "abandoned"
    # Two seconds of limit, then the message to its end.
    assert (row["ended_at"] - row["answered_at"]).total_seconds() > 3
    (call,) = await centre.ended_calls()
    assert call["rtp_received"] > 50
    await centre.start_acd()
    await centre.until_finished()
    await centre.balance()


async def test_a_killed_asterisk_ends_its_attempts_and_the_campaign_goes_on(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.ready_agent("bob", "1002")
    await centre.campaign(["13", "12", "10", "20"], ["ann", "bob"], max_attempts=1)
    await centre.until_attempts(connected=1, placed=2)
    await centre.asterisk.kill()
    await centre.asterisk.start()
    await centre.until_finished(within_s=45)
    rows = await centre.attempts()
    assert [r["disposition"] for r in rows][:2] == ["connected", "failed"]
    assert {r["disposition"] for r in rows[2:]} == {"connected", "busy"}
    await centre.balance()


async def test_while_nats_is_away_calls_live_and_none_begins(centre: DialerCentre) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.ready_agent("bob", "1002")
    await centre.campaign(["13", "12", "10", "10"], ["ann", "bob"])
    await centre.until_attempts(connected=1, placed=2)
    centre.nats.kill()
    before = len(await centre.attempts())
    # The ringing one is answered and connected: neither service needs NATS for that.
    await centre.trunk.until(lambda: centre.trunk.counts.answered >= 2, within_s=15)
    await centre.trunk.until(
        lambda: all(c.listener and c.listener.packets > 20 for c in centre.trunk.calls.values()),
        within_s=15,
    )
    assert len(await centre.attempts()) == before
    await centre.nats.start()
    await centre.until_finished(within_s=45)
    assert dict(await centre.dispositions()) == {"connected": 4}
    await centre.balance()


async def test_ends_are_written_when_postgresql_is_back(
    centre: DialerCentre, postgres: PostgresServer
) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.ready_agent("bob", "1002")
    await centre.campaign(["10", "12", "10", "20"], ["ann", "bob"])
    await centre.until_attempts(connected=1, placed=2)
    before = len(centre.lives)
    postgres.kill()
    await centre.trunk.until(lambda: len(centre.trunk.records()) >= 1, within_s=10)
    await eventually(
        lambda: centre.has_explained("PostgreSQL", since=before), what="it says what it waits for"
    )
    await postgres.start()
    await centre.until_finished(within_s=45)
    assert dict(await centre.dispositions()) == {"connected": 3, "busy": 1}
    await centre.balance()


async def test_another_replica_takes_the_campaign_over(centre: DialerCentre) -> None:
    for agent, number in (("ann", "1001"), ("bob", "1002")):
        await centre.ready_agent(agent, number)
    other = centre.another_dialer("1")
    await other.start()
    await centre.campaign(["13", "12", "20", "10"], ["ann", "bob"])
    await centre.until_attempts(connected=1, placed=2)
    first, second = centre.dialer, other.process
    if "Campaign begins" in second.log():
        first, second = second, first
    assert "Campaign begins" not in second.log()
    first.kill()
    await centre.until_finished(within_s=40)
    assert "Campaign begins" in second.log()
    assert (await centre.dispositions())["open"] == 0
    await centre.balance()


async def test_a_dialer_that_starts_before_everything_else_begins_when_it_comes(
    centre: DialerCentre, postgres: PostgresServer
) -> None:
    await centre.ready_agent("ann", "1001")
    await centre.campaign(["10", "20"], ["ann"], start=False)
    async with centre.pool.tenant(centre.tenant) as conn:
        await conn.execute("UPDATE dialer.campaign SET state = 'running'")
    centre.dialer.kill()
    centre.nats.kill()
    postgres.kill()
    await centre.asterisk.kill()
    centre.dialer.turn_page()
    centre.dialer.spawn()
    await eventually(lambda: "Ready." in centre.dialer.log(), within_s=45, what="it is ready")
    await postgres.start()
    await centre.nats.start()
    await centre.asterisk.start()
    await centre.until_finished(within_s=45)
    assert dict(await centre.dispositions()) == {"connected": 1, "busy": 1}
    await centre.balance()


async def test_a_trunk_that_is_not_there_is_noticed_without_burning_the_list(
    centre: DialerCentre,
) -> None:
    await centre.ready_agent("ann", "1001")
    dead, port = centre.own("dead"), free_port()
    await centre.ask(
        acd.PutTrunkV1, acd.TrunkV1, trunk_id=dead, name="t", host="127.0.0.1", port=port
    )
    await centre.campaign(["10"] * 20, ["ann"], trunk_id=dead, rate_cps=10, ring_timeout_s=5)
    await eventually(
        lambda: centre.has_explained("trunk failed"),
        within_s=20,
        what="the explanation names the trunk",
    )
    assert set(await centre.dispositions()) <= {"failed", "open"}
    assert len(await centre.attempts()) <= 15  # ten at once, and one for each early failure
