"""What agents' calls came to: made, answered, numbers used, talk, deals, orders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from ringway.runtime.postgres import Connection

MOST_AGENTS, MOST_NUMBERS = 2_000, 100
# Ids begin with the time at which they were made, which is that of the call, but for clocks.
_SLACK = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class UsedNumber:
    """One number that an agent's calls showed."""

    phone_e164: str
    dials: int
    answered: int


@dataclass(frozen=True, slots=True)
class Sales:
    """An agent's orders in one currency; the total in its minor units."""

    currency: str
    orders: int
    total: int


@dataclass(frozen=True, slots=True)
class Performance:
    """One agent's calls in a period; times in seconds."""

    agent_id: UUID
    agent_number: str | None
    display_name: str | None
    inbound: int
    dials: int
    answered: int
    connected: int
    ring_s: float
    talk_s: float
    talks: int
    deals: int
    numbers: list[UsedNumber] = field(default_factory=list)
    sales: list[Sales] = field(default_factory=list)


# $1 tenant, $2..$3 the period, $4..$5 ids made in it, $6 agents (null: all).
# A campaign's call stands in the dialer's books, answered or not; all others in ours.
_CALLS = """
    WITH dialed AS (
        SELECT CASE WHEN d.agent_id ~ '^[0-9a-f-]{36}$' THEN d.agent_id::uuid END AS agent_id,
               'outbound' AS direction, d.caller_id AS shown,
               d.answered_at IS NOT NULL AS is_answered,
               extract(epoch FROM d.answered_at - d.started_at)::double precision AS ring_s,
               i.connected_at IS NOT NULL AS is_connected, i.agent_disposition
          FROM dialer.agent_dial_v d
          LEFT JOIN crm.interaction i
            ON i.tenant_id = d.tenant_id AND i.interaction_id = d.interaction_id
         WHERE d.tenant_id = $1 AND d.attempt_id >= $4 AND d.attempt_id < $5
           AND d.started_at >= $2 AND d.started_at < $3
           AND ($6::uuid[] IS NULL OR d.agent_id = ANY ($6::text[]))
    ), other AS (
        SELECT i.agent_id, i.direction, i.caller AS shown,
               i.answered_at IS NOT NULL AS is_answered, i.ring_s,
               i.connected_at IS NOT NULL AS is_connected, i.agent_disposition
          FROM crm.interaction i
         WHERE i.tenant_id = $1 AND i.interaction_id >= $4 AND i.interaction_id < $5
           AND coalesce(i.started_at, i.answered_at, i.connected_at, i.ended_at) >= $2
           AND coalesce(i.started_at, i.answered_at, i.connected_at, i.ended_at) < $3
           AND i.agent_id IS NOT NULL AND ($6::uuid[] IS NULL OR i.agent_id = ANY ($6))
           AND i.direction IN ('inbound', 'outbound')
           AND (i.attempt_id IS NULL OR i.direction = 'inbound')
    ), call AS (
        SELECT * FROM dialed WHERE agent_id IS NOT NULL UNION ALL SELECT * FROM other
    )
"""
_AGENTS = f"""
    {_CALLS}, counted AS (
        SELECT agent_id,
               count(*) FILTER (WHERE direction = 'inbound' AND is_connected) AS inbound,
               count(*) FILTER (WHERE direction = 'outbound') AS dials,
               count(*) FILTER (WHERE direction = 'outbound' AND is_answered) AS answered,
               count(*) FILTER (WHERE direction = 'outbound' AND is_connected) AS connected,
               coalesce(sum(greatest(ring_s, 0)), 0) AS ring_s,
               count(*) FILTER (WHERE agent_disposition IN (
                   SELECT s.code FROM dialer.disposition_v s WHERE s.tenant_id = $1
                      AND (s.disposition ->> 'counts_as_success')::boolean)) AS deals
          FROM call GROUP BY agent_id
    ), talked AS (
        SELECT agent_id, count(*) AS talks, coalesce(sum(talk_s), 0) AS talk_s
          FROM crm.interaction_segment
         WHERE tenant_id = $1 AND connected_at >= $2 AND connected_at < $3
           AND ($6::uuid[] IS NULL OR agent_id = ANY ($6)) GROUP BY agent_id
    ), sold AS (
        SELECT DISTINCT agent_id FROM crm.sales_order
         WHERE tenant_id = $1 AND created_at >= $2 AND created_at < $3 AND state <> 'cancelled'
           AND ($6::uuid[] IS NULL OR agent_id = ANY ($6))
    )
    SELECT agent_id, u.agent_number, u.display_name, coalesce(inbound, 0) AS inbound,
           coalesce(dials, 0) AS dials, coalesce(answered, 0) AS answered,
           coalesce(connected, 0) AS connected, coalesce(ring_s, 0) AS ring_s,
           coalesce(talk_s, 0) AS talk_s, coalesce(talks, 0) AS talks, coalesce(deals, 0) AS deals
      FROM counted FULL JOIN talked USING (agent_id) FULL JOIN sold USING (agent_id)
      LEFT JOIN crm.user_account u ON u.tenant_id = $1 AND u.user_id = agent_id
     ORDER BY dials DESC, inbound DESC, agent_id LIMIT {MOST_AGENTS}
"""  # noqa: S608 - constants
_NUMBERS = f"""
    {_CALLS}, used AS (
        SELECT agent_id, shown, count(*) AS dials, count(*) FILTER (WHERE is_answered) AS answered,
               row_number() OVER (PARTITION BY agent_id ORDER BY count(*) DESC, shown) AS place
          FROM call WHERE direction = 'outbound' AND shown <> '' GROUP BY agent_id, shown
    )
    SELECT agent_id, shown, dials, answered FROM used
     WHERE place <= {MOST_NUMBERS} ORDER BY agent_id, place
"""  # noqa: S608 - constants
_SALES = """
    SELECT agent_id, currency, count(*) AS orders, sum(total)::bigint AS total
      FROM crm.sales_order
     WHERE tenant_id = $1 AND created_at >= $2 AND created_at < $3 AND state <> 'cancelled'
       AND ($4::uuid[] IS NULL OR agent_id = ANY ($4))
     GROUP BY agent_id, currency ORDER BY agent_id, currency
"""


async def performance(
    conn: Connection,
    *,
    tenant_id: UUID,
    begins_at: datetime,
    ends_at: datetime,
    agent_ids: Sequence[UUID] | None,
) -> list[Performance]:
    """Return what agents did from ``begins_at`` until before ``ends_at``, most calls first.

    Args:
        agent_ids: Of whom; None: of everybody who did anything.
    """
    only = list(agent_ids) if agent_ids is not None else None
    asked = (tenant_id, begins_at, ends_at, _id(begins_at - _SLACK), _id(ends_at + _SLACK), only)
    numbers: defaultdict[UUID, list[UsedNumber]] = defaultdict(list)
    for row in await conn.fetch(_NUMBERS, *asked):
        used = UsedNumber(row["shown"], row["dials"], row["answered"])
        numbers[row["agent_id"]].append(used)
    sales: defaultdict[UUID, list[Sales]] = defaultdict(list)
    for row in await conn.fetch(_SALES, tenant_id, begins_at, ends_at, only):
        sales[row["agent_id"]].append(Sales(row["currency"], row["orders"], row["total"]))
    return [_of(row, numbers, sales) for row in await conn.fetch(_AGENTS, *asked)]


def _of(
    row: asyncpg.Record, numbers: dict[UUID, list[UsedNumber]], sales: dict[UUID, list[Sales]]
) -> Performance:
    agent_id = row["agent_id"]
    return Performance(**row, numbers=numbers.get(agent_id, []), sales=sales.get(agent_id, []))


def _id(moment: datetime) -> UUID:
    """Return the least id that is made at a moment."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)
