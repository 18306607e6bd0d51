"""Open sales orders of one owner, as sets. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
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
_LEAVER = "hashtext('crm.sales_order_owner'), hashtext($1::uuid::text || $2::uuid::text)"
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


@dataclass(frozen=True, slots=True)
class WentTo:
    """Where the open orders of somebody went; neither: to those who have the customers."""

    to_user_id: UUID | None = None
    to_team_id: UUID | None = None


async def lock_leaver(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> None:
    """Let none of a user's orders open again until the transaction ends.

    What opened before is found by :func:`lock_open` after this.
    """
    await conn.execute(f"SELECT pg_advisory_xact_lock({_LEAVER})", *(tenant_id, user_id))


async def wait_for_leaver(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> None:
    """Wait while a user's orders are given away; they are not until the transaction ends."""
    await conn.execute(f"SELECT pg_advisory_xact_lock_shared({_LEAVER})", *(tenant_id, user_id))


async def remember(
    conn: Connection,
    *,
    tenant_id: UUID,
    user_id: UUID,
    to: WentTo,
    is_only_first: bool,
    now: datetime,
) -> None:
    """Write where the open orders of a user went.

    Args:
        is_only_first: What is known already stays.
    """
    await conn.execute(
        """
        INSERT INTO crm.sales_order_heir AS h (tenant_id, from_user_id, to_user_id, to_team_id, at)
        VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (tenant_id, from_user_id) DO UPDATE
           SET to_user_id = excluded.to_user_id, to_team_id = excluded.to_team_id,
               at = excluded.at
         WHERE NOT $6
        """,
        *(tenant_id, user_id, to.to_user_id, to.to_team_id, now, is_only_first),
    )


async def forget(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> None:
    """Forget where the orders of a user went, who is back."""
    await conn.execute(
        "DELETE FROM crm.sales_order_heir WHERE tenant_id = $1 AND from_user_id = $2",
        *(tenant_id, user_id),
    )


async def went_to(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> WentTo | None:
    """Return where the open orders of a user went; None: nobody has given them away."""
    row = await conn.fetchrow(
        "SELECT to_user_id, to_team_id FROM crm.sales_order_heir "
        "WHERE tenant_id = $1 AND from_user_id = $2",
        *(tenant_id, user_id),
    )
    return WentTo(**row) if row is not None else None


async def is_enabled(conn: Connection, *, tenant_id: UUID, user_id: UUID) -> bool:
    """Return whether a user is there, without waiting for whoever changes him."""
    found: bool = await conn.fetchval(
        "SELECT EXISTS (SELECT 1 FROM crm.user_account "
        "WHERE tenant_id = $1 AND user_id = $2 AND is_enabled)",
        *(tenant_id, user_id),
    )
    return found


async def owner_of_customer(conn: Connection, *, tenant_id: UUID, order_id: UUID) -> UUID | None:
    """Return who has the customer of an order."""
    found: UUID | None = await conn.fetchval(
        "SELECT c.owner_id FROM crm.sales_order o "
        "JOIN crm.customer c USING (tenant_id, customer_id) "
        "WHERE o.tenant_id = $1 AND o.order_id = $2",
        *(tenant_id, order_id),
    )
    return found


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
