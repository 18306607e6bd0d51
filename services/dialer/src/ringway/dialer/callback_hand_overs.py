"""Call-backs whose agent leaves or loses the customer: another's, the team's, or cancelled.

The caller owns the transaction. Leads that somebody else holds at the moment are skipped, so that
nothing waits for a claim and no claim for this: the next request takes them.
"""

from __future__ import annotations

from uuid import UUID

import asyncpg

from ringway.dialer import callback_store, campaign_store
from ringway.proto.dialer_callback import (
    CallbackFact,
    CallbackMadeV1,
    CallbacksHandedOverV1,
    HandOverCallbacksV1,
)
from ringway.runtime.postgres import Connection

_AT_ONCE = 200

_HIS = """
      FROM dialer.callback c
      JOIN dialer.lead l ON l.tenant_id = c.tenant_id AND l.lead_id = c.lead_id
     WHERE c.tenant_id = $1 AND c.agent_id = $2 AND c.state = 'open'
       AND ($3::text[] IS NULL OR c.callback_id = ANY ($3))
"""
_HOLD = f"""
    SELECT c.callback_id, c.campaign_id, c.lead_id, l.phone_e164 {_HIS}
     ORDER BY c.try_at, c.callback_id LIMIT $4 FOR UPDATE OF l, c SKIP LOCKED
"""
_IS_LEFT = f"SELECT EXISTS (SELECT 1 {_HIS})"
# The team's has nobody whom it waits for.
_GIVE = """
    UPDATE dialer.callback
       SET agent_id = $3, changed_at = now(),
           escalates_at = CASE WHEN $3::text IS NOT NULL THEN escalates_at END,
           look_at = CASE WHEN $3::text IS NOT NULL THEN look_at ELSE missed_at END
     WHERE tenant_id = $1 AND callback_id = $2
    RETURNING *
"""
_SUMS = """
    INSERT INTO dialer.callback_hand_over AS h
           (tenant_id, hand_over_id, moved, to_team, cancelled)
    VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (tenant_id, hand_over_id) DO UPDATE
       SET moved = h.moved + excluded.moved, to_team = h.to_team + excluded.to_team,
           cancelled = h.cancelled + excluded.cancelled, changed_at = now()
    RETURNING moved, to_team, cancelled
"""
_FORGET = """
    DELETE FROM dialer.callback_hand_over
     WHERE tenant_id = $1 AND changed_at < now() - interval '30 days'
"""


async def hand_over(
    conn: Connection, request: HandOverCallbacksV1, *, tenant_id: UUID
) -> tuple[CallbacksHandedOverV1, list[CallbackFact]]:
    """Do some hundred of them; return the sums of all so far, and what is to be told."""
    his = (request.from_agent_id, request.callback_ids and list(request.callback_ids))
    facts: list[CallbackFact] = []
    moved = to_team = cancelled = 0
    # Who gives to the one who has them is done: they are where they shall be.
    is_his_own = request.to_agent_id == request.from_agent_id and not request.is_cancelled
    rows = [] if is_his_own else await conn.fetch(_HOLD, tenant_id, *his, _AT_ONCE)
    serves: dict[str, bool] = {}
    for row in rows:
        if request.is_cancelled:
            facts += await callback_store.cancel(
                conn, tenant_id=tenant_id, callback_id=row["callback_id"], reason=request.reason
            )
            cancelled += 1
            continue
        campaign_id = row["campaign_id"]
        if campaign_id not in serves:
            serves[campaign_id] = await _serves(conn, tenant_id, campaign_id, request.to_agent_id)
        heir = request.to_agent_id if serves[campaign_id] else None
        facts.append(await _give(conn, tenant_id, row, heir, request.by))
        moved, to_team = moved + serves[campaign_id], to_team + (not serves[campaign_id])
    sums = await conn.fetchrow(_SUMS, tenant_id, request.hand_over_id, moved, to_team, cancelled)
    assert sums is not None
    await conn.execute(_FORGET, tenant_id)
    is_left = not is_his_own and await conn.fetchval(_IS_LEFT, tenant_id, *his)
    return CallbacksHandedOverV1(**sums, has_more=is_left), facts


async def _serves(
    conn: Connection, tenant_id: UUID, campaign_id: str, agent_id: str | None
) -> bool:
    if agent_id is None:
        return False
    campaign = await campaign_store.get_campaign(conn, tenant_id=tenant_id, campaign_id=campaign_id)
    return campaign is not None and agent_id in campaign.agent_ids


async def _give(
    conn: Connection, tenant_id: UUID, held: asyncpg.Record, agent_id: str | None, by: str
) -> CallbackMadeV1:
    row = await conn.fetchrow(_GIVE, tenant_id, held["callback_id"], agent_id)
    assert row is not None
    values = callback_store.told(tenant_id, row, held["phone_e164"])
    return CallbackMadeV1(**values, made_by=by)
