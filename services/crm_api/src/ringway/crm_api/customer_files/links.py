"""What refers to customers: an area whose table names customers adds it here.

A merge moves it, an undo leaves alone who is in it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from uuid import UUID

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
