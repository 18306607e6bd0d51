"""Entries in the books of orders: payments and shipments. The caller owns the transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ringway.crm_api.idempotency import RequestKey, reused
from ringway.crm_api.orders.store import kept_key
from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Parcel:
    """A shipment; units and returned units by line number."""

    shipment_id: UUID
    carrier: str
    tracking: str
    shipped_at: datetime
    delivered_at: datetime | None
    booked_by: UUID
    units: dict[int, int]
    returned: dict[int, int]


async def add_payment(
    conn: Connection,
    *,
    tenant_id: UUID,
    order_id: UUID,
    payment_id: UUID,
    kind: str,
    fields: Mapping[str, Any],
    booked_by: UUID,
    request: RequestKey | None,
    now: datetime,
) -> None:
    """Write that money came or went."""
    await conn.execute(
        """
        INSERT INTO crm.sales_order_payment (tenant_id, order_id, payment_id, kind, method,
            amount, reference, note, booked_by, request_key, request_fingerprint, booked_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        """,
        *(tenant_id, order_id, payment_id, kind, fields["method"], fields["amount"]),
        *(fields["reference"], fields["note"], booked_by, *kept_key(request), now),
    )


async def is_booked(
    conn: Connection,
    *,
    tenant_id: UUID,
    order_id: UUID,
    booked_by: UUID,
    request: RequestKey | None,
    act: str,
) -> bool:
    """Return whether a request is in the books already.

    Args:
        act: What it may have booked: a payment's kind, or ``shipped``.

    Raises:
        Invalid: Something else was booked under its key.
    """
    if request is None:
        return False
    row = await conn.fetchrow(
        """
        SELECT kind AS act, request_fingerprint FROM crm.sales_order_payment
         WHERE tenant_id = $1 AND order_id = $2 AND booked_by = $3 AND request_key = $4
        UNION ALL
        SELECT 'shipped', request_fingerprint FROM crm.shipment
         WHERE tenant_id = $1 AND order_id = $2 AND booked_by = $3 AND request_key = $4
        """,
        *(tenant_id, order_id, booked_by, request.key),
    )
    if row is None:
        return False
    if row["act"] != act:
        raise reused()
    request.check(row["request_fingerprint"])
    return True


async def payments(conn: Connection, *, tenant_id: UUID, order_id: UUID) -> list[dict[str, Any]]:
    """Return the money that came and went, in that order."""
    rows = await conn.fetch(
        "SELECT payment_id, kind, method, amount, reference, note, booked_by, booked_at "
        "FROM crm.sales_order_payment WHERE tenant_id = $1 AND order_id = $2 ORDER BY payment_id",
        tenant_id,
        order_id,
    )
    return [dict(row) for row in rows]


async def add_parcel(
    conn: Connection,
    *,
    tenant_id: UUID,
    order_id: UUID,
    parcel: Parcel,
    request: RequestKey | None,
) -> None:
    """Write that a parcel left."""
    await conn.execute(
        "INSERT INTO crm.shipment (tenant_id, order_id, shipment_id, carrier, tracking, "
        "shipped_at, booked_by, request_key, request_fingerprint) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        *(tenant_id, order_id, parcel.shipment_id, parcel.carrier, parcel.tracking),
        *(parcel.shipped_at, parcel.booked_by, *kept_key(request)),
    )
    await conn.executemany(
        "INSERT INTO crm.shipment_line (tenant_id, order_id, shipment_id, line_no, quantity) "
        "VALUES ($1, $2, $3, $4, $5)",
        [
            (tenant_id, order_id, parcel.shipment_id, line_no, quantity)
            for line_no, quantity in parcel.units.items()
        ],
    )


async def parcels(conn: Connection, *, tenant_id: UUID, order_id: UUID) -> list[Parcel]:
    """Return the parcels of an order, oldest first."""
    rows = await conn.fetch(
        "SELECT shipment_id, carrier, tracking, shipped_at, delivered_at, booked_by "
        "FROM crm.shipment WHERE tenant_id = $1 AND order_id = $2 ORDER BY shipment_id",
        tenant_id,
        order_id,
    )
    found = {row["shipment_id"]: Parcel(**row, units={}, returned={}) for row in rows}
    units = await conn.fetch(
        "SELECT shipment_id, line_no, quantity, returned FROM crm.shipment_line "
        "WHERE tenant_id = $1 AND order_id = $2 ORDER BY line_no",
        tenant_id,
        order_id,
    )
    for row in units:
        parcel = found[row["shipment_id"]]
        parcel.units[row["line_no"]] = row["quantity"]
        parcel.returned[row["line_no"]] = row["returned"]
    return list(found.values())


async def set_tracking(
    conn: Connection,
    *,
    tenant_id: UUID,
    order_id: UUID,
    shipment_id: UUID,
    carrier: str,
    tracking: str,
) -> None:
    """Write who carries a parcel, and its number."""
    await conn.execute(
        "UPDATE crm.shipment SET carrier = $4, tracking = $5 "
        "WHERE tenant_id = $1 AND order_id = $2 AND shipment_id = $3",
        *(tenant_id, order_id, shipment_id, carrier, tracking),
    )


async def deliver(
    conn: Connection, *, tenant_id: UUID, order_id: UUID, shipment_id: UUID, at: datetime
) -> None:
    """Write that a parcel arrived."""
    await conn.execute(
        "UPDATE crm.shipment SET delivered_at = $4 "
        "WHERE tenant_id = $1 AND order_id = $2 AND shipment_id = $3",
        *(tenant_id, order_id, shipment_id, at),
    )


async def take_back(
    conn: Connection,
    *,
    tenant_id: UUID,
    order_id: UUID,
    shipment_id: UUID,
    units: Mapping[int, int],
) -> None:
    """Write that units of a parcel came back."""
    await conn.executemany(
        "UPDATE crm.shipment_line SET returned = returned + $5 WHERE tenant_id = $1 "
        "AND order_id = $2 AND shipment_id = $3 AND line_no = $4",
        [(tenant_id, order_id, shipment_id, line_no, count) for line_no, count in units.items()],
    )
