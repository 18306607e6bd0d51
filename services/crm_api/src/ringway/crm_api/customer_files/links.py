"""What refers to customers: an area whose table names customers adds it here.

A merge moves it, an undo leaves alone who is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID

import orjson

from ringway.runtime.postgres import Connection


@dataclass(frozen=True, slots=True)
class Link:
    """A table of schema ``crm`` with ``tenant_id`` and a customer's id in ``column``.

    ``key`` names the rows: columns that with the tenant make the primary key. When the customer
    is one of them, a row that the survivor of a merge has as well is dropped.
    """

    table: str
    key: tuple[str, ...]
    column: str = "customer_id"

    @property
    def is_keyed_by_customer(self) -> bool:
        """Whether the customer is part of the key."""
        return self.column in self.key


LINKS: tuple[Link, ...] = (
    Link("follow_up", ("follow_up_id",)),
    Link("customer_interaction", ("customer_id", "interaction_id")),
    Link("work_order", ("work_order_id",)),
    Link("sales_order", ("order_id",)),
    Link("questionnaire_run", ("run_id",)),
    Link("member_card", ("card_id",)),
    Link("work_order", ("work_order_id",)),
)


async def used(conn: Connection, *, tenant_id: UUID, customer_ids: Sequence[UUID]) -> set[UUID]:
    """Return those of these customers to whom something refers."""
    if not customer_ids:
        return set()
    rows = await conn.fetch(_used_sql(), tenant_id, list(customer_ids))
    return {row["customer_id"] for row in rows}


@cache
def _used_sql() -> str:
    parts = [
        f"SELECT {each.column} AS customer_id FROM crm.{each.table} "  # noqa: S608 - constants
        f"WHERE tenant_id = $1 AND {each.column} = ANY ($2::uuid[])"
        for each in LINKS
    ]
    return " UNION ".join(parts)


async def move(
    conn: Connection, link: Link, *, tenant_id: UUID, from_id: UUID, to_id: UUID
) -> list[dict[str, Any]]:
    """Let rows of one customer belong to another; return their keys, as JSON holds them.

    What the other has already is removed; such rows are not told.
    """
    column, table = link.column, link.table
    if link.is_keyed_by_customer:
        same = " AND ".join(f"o.{name} = t.{name}" for name in link.key if name != column)
        await conn.execute(
            f"DELETE FROM crm.{table} t WHERE tenant_id = $1 AND {column} = $2 AND EXISTS ("  # noqa: S608
            f"SELECT 1 FROM crm.{table} o WHERE o.tenant_id = $1 AND o.{column} = $3 AND {same})",
            tenant_id,
            from_id,
            to_id,
        )
    rows = await conn.fetch(
        f"UPDATE crm.{table} SET {column} = $3 WHERE tenant_id = $1 AND {column} = $2 "  # noqa: S608
        f"RETURNING {', '.join(link.key)}",
        tenant_id,
        from_id,
        to_id,
    )
    return [{name: str(row[name]) for name in link.key} for row in rows]


async def move_keys(
    conn: Connection,
    link: Link,
    *,
    tenant_id: UUID,
    keys: Sequence[Mapping[str, Any]],
    from_id: UUID,
    to_id: UUID,
) -> None:
    """Give rows that were moved back, as far as they are still there."""
    same = " AND ".join(f"t.{name}::text = k.value->>'{name}'" for name in link.key)
    await conn.execute(
        f"UPDATE crm.{link.table} t SET {link.column} = $4 "  # noqa: S608 - constants
        "FROM jsonb_array_elements($2::jsonb) k "
        f"WHERE t.tenant_id = $1 AND t.{link.column} = $3 AND {same}",
        tenant_id,
        orjson.dumps(keys).decode(),
        from_id,
        to_id,
    )
