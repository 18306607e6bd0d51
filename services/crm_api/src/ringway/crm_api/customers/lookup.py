"""Customers as they are shown: one by his id, or those who call, by any of their numbers.

One statement each: what is shown of a customer besides his row comes along with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from ringway.crm_api.customers import fields
from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.customers.store import COLUMNS, Customer, customer_of
from ringway.runtime.postgres import Connection

_SHOWN = f"""
    {COLUMNS},
    ARRAY(SELECT n.phone_e164 FROM crm.customer_number n
           WHERE n.tenant_id = c.tenant_id AND n.customer_id = c.customer_id
             AND EXISTS (SELECT FROM dialer.dnc_entry_v e
                          WHERE e.tenant_id = n.tenant_id AND e.phone_e164 = n.phone_e164
                            AND (e.expires_at IS NULL OR e.expires_at > now()))
           ORDER BY n.position) AS do_not_call,
    {fields.MARK} AS mark
"""  # noqa: S608 - constants
# The best: his own number before a contact's, his primary one before others, whom the caller
# owns, then who was changed last.
_FOUND = """
    SELECT {columns}, f.kind AS found_by
      FROM crm.customer_number f
      JOIN crm.customer c ON c.tenant_id = f.tenant_id AND c.customer_id = f.customer_id
     WHERE f.tenant_id = $1 AND f.phone_e164 = $2 AND {scope}
     ORDER BY f.kind = 'contact', NOT f.is_primary, c.owner_id IS DISTINCT FROM $4::uuid,
              c.updated_at DESC, c.customer_id DESC
     LIMIT $5
"""


@dataclass(frozen=True, slots=True)
class Shown:
    """A customer, and what is shown with him.

    Args:
        do_not_call: Those of his numbers that are on a do-not-call list.
        mark: Of the definition of own fields, for :func:`ringway.crm_api.customers.fields.seen`.
        by: The kind of the number that led to him.
    """

    customer: Customer
    do_not_call: list[str]
    mark: str | None
    by: str = ""


async def one(conn: Connection, *, scope: Scope, customer_id: UUID) -> Shown | None:
    """Return one customer; None: in ``scope`` there is none of this id."""
    allowed = scopes.condition(scope, "c", "$1", "$2", few=True)
    row = await conn.fetchrow(
        f"SELECT {_SHOWN} FROM crm.customer c WHERE c.customer_id = $3 AND {allowed}",  # noqa: S608 - constants
        scope.tenant_id,
        scope.user_id,
        customer_id,
    )
    return _shown(row) if row is not None else None


async def who(
    conn: Connection, *, scope: Scope, phone_e164: str, user_id: UUID, limit: int
) -> list[Shown]:
    """Return the customers with a number as they are shown, best first."""
    rows = await _rows(conn, _SHOWN, scope, phone_e164, user_id, limit)
    return [_shown(row, row["found_by"]) for row in rows]


async def find(
    conn: Connection, *, scope: Scope, phone_e164: str, user_id: UUID, limit: int
) -> list[tuple[Customer, str]]:
    """Return the customers with a number, best first, each with the kind of that number."""
    rows = await _rows(conn, COLUMNS, scope, phone_e164, user_id, limit)
    return [(customer_of(row), row["found_by"]) for row in rows]


async def _rows(
    conn: Connection, columns: str, scope: Scope, phone_e164: str, user_id: UUID, limit: int
) -> list[asyncpg.Record]:
    allowed = scopes.condition(scope, "c", "$1", "$3", few=True)
    return await conn.fetch(
        _FOUND.format(columns=columns, scope=allowed),
        scope.tenant_id,
        phone_e164,
        scope.user_id,
        user_id,
        limit,
    )


def _shown(row: asyncpg.Record, by: str = "") -> Shown:
    return Shown(customer_of(row), row["do_not_call"], row["mark"], by)
