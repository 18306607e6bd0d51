"""The last calls, open work orders and last orders of customers: one statement each.

Each reads the newest rows of a few keys from the index of that key, and no more than those.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.work_orders.reach import Reach
from ringway.runtime.postgres import Connection

MOST_CUSTOMERS = 10  # of one number
# Where not all of them are the caller's, his are looked for among so many.
_LOOKED_AT = 500
_NEWEST = """
    SELECT x.interaction_id FROM crm.interaction x
     WHERE x.tenant_id = $1 AND x.{side} = p.number ORDER BY x.interaction_id DESC LIMIT $6
"""
_INTERACTIONS = f"""
    SELECT i.interaction_id, i.direction, i.caller, i.called, i.agent_id, i.agent_number,
           i.queue_id, i.campaign_id, i.disposition, i.agent_disposition, i.talk_s,
           coalesce(i.answered_at, i.started_at, i.connected_at, i.ended_at) AS at,
           i.recording_id IS NOT NULL AS has_recording
      FROM crm.interaction i
     WHERE i.tenant_id = $1 AND i.interaction_id = ANY (ARRAY(
            SELECT n.interaction_id FROM unnest($2::text[]) AS p (number)
             CROSS JOIN LATERAL (
                ({_NEWEST.format(side="called")}) UNION ALL ({_NEWEST.format(side="caller")})) AS n
             UNION
           (SELECT l.interaction_id FROM crm.customer_interaction l
             WHERE l.tenant_id = $1 AND l.customer_id = ANY ($3::uuid[])
             ORDER BY l.interaction_id DESC LIMIT $6)))
       AND i.interaction_id IS DISTINCT FROM $4
       AND ($5::uuid IS NULL OR i.agent_id = $5 OR EXISTS (
            SELECT FROM crm.interaction_segment s
             WHERE s.tenant_id = $1 AND s.interaction_id = i.interaction_id AND s.agent_id = $5))
     ORDER BY i.interaction_id DESC LIMIT $7
"""  # noqa: S608 - constants
# His team with the departments above, and those that he leads with all below.
_TEAMS = """
    WITH RECURSIVE above (team_id, parent_id) AS (
        SELECT t.team_id, t.parent_id FROM crm.team_member m
          JOIN crm.team t USING (tenant_id, team_id)
         WHERE m.tenant_id = $1 AND m.user_id = $2
         UNION
        SELECT t.team_id, t.parent_id FROM crm.team t JOIN above a ON t.team_id = a.parent_id
         WHERE t.tenant_id = $1
    ), below (team_id) AS (
        SELECT l.team_id FROM crm.team_leader l WHERE l.tenant_id = $1 AND l.user_id = $2
         UNION
        SELECT t.team_id FROM crm.team t JOIN below b ON t.parent_id = b.team_id
         WHERE t.tenant_id = $1
    )
"""
_HIS_TEAMS = "ARRAY(SELECT team_id FROM above UNION SELECT team_id FROM below)"
_OPEN = "w.tenant_id = $1 AND w.deleted_at IS NULL AND w.step_kind IN ('open', 'waiting')"
_LAST = f"ORDER BY w.work_order_id DESC LIMIT {_LOOKED_AT}"
_WORK_ORDERS = f"""
    {{teams}}
    SELECT o.work_order_id, o.number, o.title, o.kind, o.business_type_id, o.step, o.step_kind,
           o.priority, o.assignee_id, o.team_id, o.resolution_due_at, o.created_at
      FROM crm.work_order o
     WHERE o.tenant_id = $1 AND o.work_order_id = ANY (ARRAY(
           (SELECT w.work_order_id FROM crm.work_order w
             WHERE {_OPEN} AND w.customer_id = ANY ($3::uuid[]) {_LAST})
             UNION ALL
           (SELECT w.work_order_id FROM crm.work_order w
             WHERE {_OPEN} AND w.customer_id IS NULL AND w.phone_e164 = ANY ($4::text[]) {_LAST})))
       AND {{concerns}}
     ORDER BY o.work_order_id DESC LIMIT $5
"""  # noqa: S608 - constants
_SALES_ORDERS = """
    SELECT n.* FROM unnest($2::uuid[]) AS c (customer_id)
     CROSS JOIN LATERAL (
        SELECT o.order_id, o.order_number, o.state, o.payment_state, o.shipment_state, o.currency,
               o.total, o.agent_id, o.created_at
          FROM crm.sales_order o WHERE o.tenant_id = $1 AND o.customer_id = c.customer_id
         ORDER BY o.order_id DESC LIMIT $3) AS n
     ORDER BY n.order_id DESC LIMIT $3
"""


async def numbers_of(conn: Connection, *, scope: Scope, customer_id: UUID) -> list[str] | None:
    """Return a customer's numbers; None: in ``scope`` there is none of this id."""
    allowed = scopes.condition(scope, "c", "$1", "$2", few=True)
    numbers: list[str] | None = await conn.fetchval(
        "SELECT ARRAY(SELECT n.phone_e164 FROM crm.customer_number n "  # noqa: S608 - constants
        "WHERE n.tenant_id = c.tenant_id AND n.customer_id = c.customer_id ORDER BY n.position) "
        f"FROM crm.customer c WHERE c.customer_id = $3 AND {allowed}",
        scope.tenant_id,
        scope.user_id,
        customer_id,
    )
    return numbers


async def customers_of(conn: Connection, *, scope: Scope, phone_e164: str) -> list[UUID]:
    """Return the customers in ``scope`` whom a number leads to, at most MOST_CUSTOMERS."""
    allowed = scopes.condition(scope, "c", "$1", "$2", few=True)
    rows = await conn.fetch(
        "SELECT DISTINCT c.customer_id FROM crm.customer_number f "  # noqa: S608 - constants
        "JOIN crm.customer c ON c.tenant_id = f.tenant_id AND c.customer_id = f.customer_id "
        f"WHERE f.tenant_id = $1 AND f.phone_e164 = $3 AND {allowed} LIMIT {MOST_CUSTOMERS}",
        scope.tenant_id,
        scope.user_id,
        phone_e164,
    )
    return [row["customer_id"] for row in rows]


async def interactions(
    conn: Connection,
    *,
    tenant_id: UUID,
    numbers: Sequence[str],
    customer_ids: Sequence[UUID],
    but: UUID | None,
    only_of: UUID | None,
    limit: int,
) -> list[dict[str, Any]]:
    """Return the newest interactions on these numbers, or put with these customers by hand.

    Args:
        but: One that is left out.
        only_of: Only those that this agent had; None: anybody's.
    """
    # One more than is shown, as one may be left out.
    read = limit + 1 if only_of is None else _LOOKED_AT
    rows = await conn.fetch(
        _INTERACTIONS, tenant_id, list(numbers), list(customer_ids), but, only_of, read, limit
    )
    return [dict(row) for row in rows]


async def work_orders(
    conn: Connection,
    *,
    reach: Reach,
    customer_ids: Sequence[UUID],
    numbers: Sequence[str],
    limit: int,
) -> list[dict[str, Any]]:
    """Return the newest open work orders that concern somebody.

    Args:
        reach: Its teams need not be known: they are found in the same statement.
    """
    statement = _WORK_ORDERS.format(
        teams="" if reach.sees_all else _TEAMS,
        concerns=reach.condition("$2::uuid", "'{}'::uuid[]" if reach.sees_all else _HIS_TEAMS),
    )
    rows = await conn.fetch(
        statement, reach.tenant_id, reach.user_id, list(customer_ids), list(numbers), limit
    )
    return [dict(row) for row in rows]


async def sales_orders(
    conn: Connection, *, tenant_id: UUID, customer_ids: Sequence[UUID], limit: int
) -> list[dict[str, Any]]:
    """Return the newest sales orders of these customers."""
    rows = await conn.fetch(_SALES_ORDERS, tenant_id, list(customer_ids), limit)
    return [dict(row) for row in rows]
