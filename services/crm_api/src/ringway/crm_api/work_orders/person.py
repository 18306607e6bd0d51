"""One person's data in work orders: handed out, and erased so that figures stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from ringway.crm_api.work_orders.store import COLUMNS, order_of
from ringway.runtime.postgres import Connection

ERASED = "-"
_WHOSE = "tenant_id = $1 AND (customer_id = $2 OR phone_e164 = ANY ($3::text[]))"
# What of history may tell of a person: words, names, numbers, own fields.
_CLEAN = """
    UPDATE crm.work_order_entry e
       SET detail = e.detail - 'comment' - 'result' - 'title' - 'name',
           changes = coalesce((
               SELECT jsonb_object_agg(c.key, c.value) FROM jsonb_each(e.changes) c
                WHERE c.key <> ALL (ARRAY['title', 'description', 'customer_id', 'customer_name',
                                          'phone_e164', 'interaction_id'])
                  AND c.key NOT LIKE 'data.%'), '{}')
     WHERE e.tenant_id = $1 AND e.work_order_id = ANY ($2)
"""


async def export(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, phones: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what work orders hold of a person: each order with its comments and files' names."""
    rows = await conn.fetch(
        f"SELECT {COLUMNS} FROM crm.work_order WHERE {_WHOSE} ORDER BY work_order_id",  # noqa: S608 - constants
        *(tenant_id, customer_id, list(phones)),
    )
    found: list[dict[str, Any]] = []
    for order in (order_of(row) for row in rows):
        comments = await conn.fetch(
            "SELECT author, text, created_at FROM crm.work_order_comment "
            "WHERE tenant_id = $1 AND work_order_id = $2 ORDER BY comment_id",
            *(tenant_id, order.work_order_id),
        )
        files = await conn.fetch(
            "SELECT name, content_type, size_bytes, created_at FROM crm.work_order_attachment "
            "WHERE tenant_id = $1 AND work_order_id = $2 ORDER BY attachment_id",
            *(tenant_id, order.work_order_id),
        )
        told = {
            "work_order_id": order.work_order_id,
            "number": order.number,
            "kind": order.kind,
            "title": order.title,
            "description": order.description,
            "customer_name": order.customer_name,
            "phone_e164": order.phone_e164,
            "data": order.data,
            "created_at": order.created_at,
            "resolved_at": order.resolved_at,
            "comments": [dict(row) for row in comments],
            "attachments": [dict(row) for row in files],
        }
        found.append(orjson.loads(orjson.dumps(told, default=str)))
    return found


async def erase(
    conn: Connection, *, tenant_id: UUID, customer_id: UUID, phones: Sequence[str], now: datetime
) -> int:
    """Remove all that tells of a person from work orders; return of how many.

    The orders stay, with their steps and times: figures of the past do not change.
    """
    rows = await conn.fetch(
        f"""
        UPDATE crm.work_order
           SET title = $4, description = '', customer_id = NULL, customer_name = '',
               phone_e164 = NULL, interaction_id = NULL, data = '{{}}', version = version + 1,
               updated_at = $5
         WHERE {_WHOSE} RETURNING work_order_id
        """,  # noqa: S608 - constants
        *(tenant_id, customer_id, list(phones), ERASED, now),
    )
    ids = [row["work_order_id"] for row in rows]
    if not ids:
        return 0
    await conn.execute(_CLEAN, tenant_id, ids)
    await conn.execute(
        "UPDATE crm.work_order_comment SET text = $3 "
        "WHERE tenant_id = $1 AND work_order_id = ANY ($2)",
        *(tenant_id, ids, ERASED),
    )
    await conn.execute(
        "UPDATE crm.work_order_task SET title = $3, result = '' "
        "WHERE tenant_id = $1 AND work_order_id = ANY ($2)",
        *(tenant_id, ids, ERASED),
    )
    for table in ("work_order_attachment", "work_order_link"):
        await conn.execute(
            f"DELETE FROM crm.{table} WHERE tenant_id = $1 AND work_order_id = ANY ($2)",  # noqa: S608 - constants
            *(tenant_id, ids),
        )
    return len(ids)
