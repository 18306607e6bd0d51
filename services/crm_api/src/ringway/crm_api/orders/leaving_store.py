"""Open sales orders of one owner, as sets. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.core.customers.gifts import Gift, Left
from ringway.runtime.postgres import Connection

# Something is to be paid, shipped, said to have arrived, or paid back.
IS_OPEN = "(o.state IN ('new', 'processing') OR o.payment_state = 'refund_due')"
# In the order of their ids, as whoever books locks one: nobody waits for ever. What was closed
# while this waited is not among them.
_LOCK = f"""
    SELECT o.order_id AS id, CASE WHEN c.owner_id = ANY ($3::uuid[]) THEN c.owner_id END AS first
      FROM crm.sales_order o
      LEFT JOIN crm.customer c ON c.tenant_id = $1 AND c.customer_id = o.customer_id
     WHERE o.tenant_id = $1 AND o.owner_id = $2 AND {IS_OPEN}
     ORDER BY o.order_id FOR UPDATE OF o
"""  # noqa: S608 - constants
# Of nobody's orders; the customers are the caller's, and locked.
_LOCK_OF_CUSTOMERS = f"""
    SELECT o.order_id AS id, m.owner_id AS first
      FROM crm.sales_order o
      JOIN unnest($2::uuid[], $3::uuid[]) AS m (customer_id, owner_id)
        ON m.customer_id = o.customer_id
     WHERE o.tenant_id = $1 AND o.owner_id IS NULL AND {IS_OPEN}
     ORDER BY o.order_id FOR UPDATE OF o
"""  # noqa: S608 - constants
# $2 ids, $3 users, $4 now, $5 and $6 who does it, $7 what it is, $8 detail, $9 whose they were
_GIVE = """
    WITH changed AS (
        UPDATE crm.sales_order o
           SET owner_id = g.user_id, version = o.version + 1, updated_at = $4
          FROM unnest($2::uuid[], $3::uuid[]) AS g (order_id, user_id)
         WHERE o.tenant_id = $1 AND o.order_id = g.order_id
        RETURNING o.order_id, o.version, o.state, o.payment_state, o.shipment_state,
                  o.customer_id, o.agent_id, o.owner_id, o.interaction_id, o.campaign_id
    ), remembered AS (
        INSERT INTO crm.sales_order_event (tenant_id, order_id, seq, at, actor_id, actor, kind,
                                           detail)
        SELECT $1, order_id, version, $4, $5, $6, $7,
               $8::jsonb || jsonb_build_object('changes', jsonb_build_object(
                   'owner_id', jsonb_build_object('old', $9::uuid, 'new', owner_id)))
          FROM changed
    )
    SELECT * FROM changed ORDER BY order_id
"""


async def lock_open(
    conn: Connection, *, tenant_id: UUID, owner_id: UUID, owners: Collection[UUID]
) -> list[Left]:
    """Return open orders of an owner, which nobody books on until the transaction ends.

    Args:
        owners: Those of them who have an order's customer get it first.
    """
    rows = await conn.fetch(_LOCK, tenant_id, owner_id, list(owners))
    return [Left(**row) for row in rows]


async def lock_of_customers(
    conn: Connection, *, tenant_id: UUID, owners: Mapping[UUID, UUID]
) -> list[Left]:
    """Return nobody's open orders of customers who have owners now, each his who has the customer.

    Args:
        owners: By customer.
    """
    rows = await conn.fetch(_LOCK_OF_CUSTOMERS, tenant_id, [*owners], [*owners.values()])
    return [Left(**row) for row in rows]


async def give(
    conn: Connection,
    *,
    tenant_id: UUID,
    gifts: Sequence[Gift],
    was: UUID | None,
    kind: str,
    detail: Mapping[str, Any],
    actor_id: UUID,
    actor: str,
    now: datetime,
) -> list[dict[str, Any]]:
    """Give orders that are locked and were ``was``'s; return what facts of them say."""
    rows = await conn.fetch(
        _GIVE,
        *(tenant_id, [each.id for each in gifts], [each.user_id for each in gifts], now),
        *(actor_id, actor, kind, orjson.dumps(detail).decode(), was),
    )
    return [
        {name: str(value) if isinstance(value, UUID) else value for name, value in row.items()}
        for row in rows
    ]
