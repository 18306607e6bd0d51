"""Who calls: customers by any of their numbers, best first."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from ringway.crm_api.customers import scope as scopes
from ringway.crm_api.customers.scope import Scope
from ringway.crm_api.customers.store import COLUMNS, Customer, customer_of
from ringway.runtime.postgres import Connection

# The best: his own number before a contact's, his primary one before others, whom the caller
# owns, then who was changed last.
_FOUND = f"""
    SELECT {COLUMNS}, f.kind AS found_by
      FROM crm.customer_number f
      JOIN crm.customer c ON c.tenant_id = f.tenant_id AND c.customer_id = f.customer_id
     WHERE f.tenant_id = $1 AND f.phone_e164 = $2 AND {{scope}}
     ORDER BY f.kind = 'contact', NOT f.is_primary, c.owner_id IS DISTINCT FROM $4::uuid,
              c.updated_at DESC, c.customer_id DESC
     LIMIT $5
"""  # noqa: S608 - constants
_LISTED = """
    SELECT DISTINCT n.customer_id, n.phone_e164, n.position FROM crm.customer_number n
      JOIN dialer.dnc_entry_v e ON e.tenant_id = n.tenant_id AND e.phone_e164 = n.phone_e164
     WHERE n.tenant_id = $1 AND n.customer_id = ANY ($2::uuid[])
       AND (e.expires_at IS NULL OR e.expires_at > now())
     ORDER BY n.position
"""


async def find(
    conn: Connection, *, scope: Scope, phone_e164: str, user_id: UUID, limit: int
) -> list[tuple[Customer, str]]:
    """Return the customers with a number, best first, each with the kind of that number."""
    allowed = scopes.condition(scope, "c", "$1", "$3", few=True)
    rows = await conn.fetch(
        _FOUND.format(scope=allowed), scope.tenant_id, phone_e164, scope.user_id, user_id, limit
    )
    return [(customer_of(row), row["found_by"]) for row in rows]


async def listed(
    conn: Connection, tenant_id: UUID, customers: Sequence[Customer]
) -> dict[UUID, list[str]]:
    """Return of each customer those of his numbers that are on a do-not-call list."""
    found: dict[UUID, list[str]] = {each.customer_id: [] for each in customers}
    for row in await conn.fetch(_LISTED, tenant_id, list(found)):
        found[row["customer_id"]].append(row["phone_e164"])
    return found
