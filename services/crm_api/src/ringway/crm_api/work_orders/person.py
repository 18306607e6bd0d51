"""One person's data in work orders, erased so that figures stay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ringway.runtime.postgres import Connection

ERASED = "-"
_WHOSE = "tenant_id = $1 AND (customer_id = ANY ($2::uuid[]) OR phone_e164 = ANY ($3::text[]))"
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


async def erase(
    conn: Connection,
    *,
    tenant_id: UUID,
    customer_ids: Sequence[UUID],
    phones: Sequence[str],
    now: datetime,
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
        *(tenant_id, list(customer_ids), list(phones), ERASED, now),
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
