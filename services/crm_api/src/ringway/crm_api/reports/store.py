"""Figures of agents' work, from their states and talks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class AgentWork:
    """One agent's work in a period; times in seconds.

    A state that reaches over an end of the period counts with its part inside; a count is of
    what began inside. ``idle`` is ready, ``busy`` not ready.
    """

    agent_id: UUID
    logins: int
    login_s: float
    idle_count: int
    idle_s: float
    wrap_up_count: int
    wrap_up_s: float
    busy_count: int
    busy_s: float
    talk_s: float
    off_hook: int
    on_hook: int
    holds: int
    hold_s: float
    consults: int
    transfers: int
    missed_offers: int


_FIELDS = tuple(field.name for field in fields(AgentWork))

# Each change of state tells of the state before it, with its exact length: that is one interval.
# The state that still lasts is the one that the last change led to.
_AGENT_WORK = """
    WITH stay AS (
        SELECT agent_id, previous AS state, occurred_at AS over,
               occurred_at - make_interval(secs => previous_s) AS begun
          FROM crm.agent_state_log
         WHERE tenant_id = $1 AND occurred_at >= $2
           AND occurred_at - make_interval(secs => previous_s) < $3
        UNION ALL
        SELECT agent_id, state, $4, occurred_at
          FROM (
            SELECT DISTINCT ON (agent_id) agent_id, state, occurred_at
              FROM crm.agent_state_log WHERE tenant_id = $1 AND occurred_at < $3
             ORDER BY agent_id, occurred_at DESC, message_id DESC
          ) AS last
         WHERE state <> 'logged_out' AND NOT EXISTS (
            SELECT 1 FROM crm.agent_state_log AS later
             WHERE later.tenant_id = $1 AND later.agent_id = last.agent_id
               AND later.occurred_at >= $3)
    ), part AS (
        SELECT agent_id, state, begun >= $2 AS is_new,
               extract(epoch FROM greatest(interval '0',
                   least(over, $3, $4) - greatest(begun, $2)))::double precision AS seconds
          FROM stay
    ), states AS (
        SELECT agent_id,
               coalesce(sum(seconds) FILTER (WHERE state <> 'logged_out'), 0) AS login_s,
               count(*) FILTER (WHERE state = 'ready' AND is_new) AS idle_count,
               coalesce(sum(seconds) FILTER (WHERE state = 'ready'), 0) AS idle_s,
               count(*) FILTER (WHERE state = 'wrap_up' AND is_new) AS wrap_up_count,
               coalesce(sum(seconds) FILTER (WHERE state = 'wrap_up'), 0) AS wrap_up_s,
               count(*) FILTER (WHERE state = 'not_ready' AND is_new) AS busy_count,
               coalesce(sum(seconds) FILTER (WHERE state = 'not_ready'), 0) AS busy_s,
               coalesce(sum(seconds) FILTER (WHERE state IN ('talking', 'hold')), 0) AS talk_s
          FROM part GROUP BY agent_id
    ), login AS (
        SELECT agent_id, count(*) AS logins FROM crm.agent_state_log
         WHERE tenant_id = $1 AND previous = 'logged_out' AND occurred_at >= $2 AND occurred_at < $3
         GROUP BY agent_id
    ), talk AS (
        SELECT agent_id,
               count(*) FILTER (WHERE connected_at >= $2 AND connected_at < $3) AS off_hook,
               count(*) FILTER (WHERE disconnected_at >= $2 AND disconnected_at < $3) AS on_hook
          FROM crm.interaction_segment
         WHERE tenant_id = $1 AND connected_at < $3
           AND (disconnected_at IS NULL OR disconnected_at >= $2)
         GROUP BY agent_id
    ), act AS (
        SELECT agent_id,
               count(*) FILTER (WHERE kind = 'hold') AS holds,
               coalesce(sum(seconds) FILTER (WHERE kind = 'hold'), 0) AS hold_s,
               count(*) FILTER (WHERE kind = 'consult') AS consults,
               count(*) FILTER (WHERE kind = 'transfer') AS transfers,
               count(*) FILTER (WHERE kind = 'offer_no_answer') AS missed_offers
          FROM crm.agent_act
         WHERE tenant_id = $1 AND occurred_at >= $2 AND occurred_at < $3
         GROUP BY agent_id
    )
    SELECT agent_id, coalesce(logins, 0) AS logins, coalesce(login_s, 0) AS login_s,
           coalesce(idle_count, 0) AS idle_count, coalesce(idle_s, 0) AS idle_s,
           coalesce(wrap_up_count, 0) AS wrap_up_count, coalesce(wrap_up_s, 0) AS wrap_up_s,
           coalesce(busy_count, 0) AS busy_count, coalesce(busy_s, 0) AS busy_s,
           coalesce(talk_s, 0) AS talk_s,
           coalesce(off_hook, 0) AS off_hook, coalesce(on_hook, 0) AS on_hook,
           coalesce(holds, 0) AS holds, coalesce(hold_s, 0) AS hold_s,
           coalesce(consults, 0) AS consults, coalesce(transfers, 0) AS transfers,
           coalesce(missed_offers, 0) AS missed_offers
      FROM states FULL JOIN login USING (agent_id) FULL JOIN talk USING (agent_id)
           FULL JOIN act USING (agent_id)
     WHERE $5::uuid IS NULL OR agent_id = $5
     ORDER BY agent_id
"""


async def agent_work(
    conn: Connection,
    *,
    tenant_id: UUID,
    begins_at: datetime,
    ends_at: datetime,
    now: datetime,
    agent_id: UUID | None = None,
) -> list[AgentWork]:
    """Return every agent's work from ``begins_at`` until before ``ends_at``.

    Args:
        now: States that still last count until here.
    """
    rows = await conn.fetch(_AGENT_WORK, tenant_id, begins_at, ends_at, now, agent_id)
    return [AgentWork(*(row[name] for name in _FIELDS)) for row in rows]
