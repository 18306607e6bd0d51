"""Tells the bus what happened to customers, in the transaction in which it happens."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from ringway.crm_api.customers.store import Customer
from ringway.proto.crm_customers import CustomerChangedV1
from ringway.runtime import outbox
from ringway.runtime.postgres import Connection

SCHEMA = "crm"


async def tell(
    conn: Connection,
    tenant: str,
    customer: Customer,
    what: Literal["created", "changed", "deleted"],
    now: datetime,
) -> None:
    """Announce that one customer was created, changed or deleted."""
    await outbox.add(
        conn,
        SCHEMA,
        CustomerChangedV1(
            occurred_at=now,
            tenant=tenant,
            customer_id=str(customer.customer_id),
            what=what,
            version=customer.version,
            agent_id=str(customer.owner_id) if customer.owner_id is not None else None,
        ),
    )
