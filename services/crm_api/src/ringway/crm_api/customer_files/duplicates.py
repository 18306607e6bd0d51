"""Groups of customers who are probably one."""

from __future__ import annotations

from collections.abc import Sequence

from ringway.crm_api.access import Caller
from ringway.crm_api.customer_files.merge_schemas import DuplicateGroup, DuplicatesBy, DuplicateView
from ringway.crm_api.customers import scope, search
from ringway.runtime.postgres import Connection

_SHOWN = 20  # customers of a group
_PHONES = """
    SELECT n.phone_e164 AS key FROM crm.customer_number n
     WHERE n.tenant_id = $1 AND n.phone_e164 > $2 AND n.kind <> 'contact'
     GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT $3
"""
_EMAILS = "SELECT e AS key FROM crm.emails_of_several($2, $3) e WHERE $1::uuid IS NOT NULL"
_NAME = (
    "crm.text_key(c.name) || ' ' || crm.text_key(concat(c.address->>'street', c.address->>'city'))"
)
_NAMES = f"""
    SELECT ({_NAME}) COLLATE "C" AS key FROM crm.customer c
     WHERE c.tenant_id = $1 AND c.name <> '' AND ({_NAME}) COLLATE "C" > $2
     GROUP BY 1 HAVING count(*) > 1 ORDER BY 1 LIMIT $3
"""  # noqa: S608 - constants
_KEYS = {DuplicatesBy.PHONE: _PHONES, DuplicatesBy.EMAIL: _EMAILS, DuplicatesBy.NAME: _NAMES}
_CUSTOMERS = {
    DuplicatesBy.PHONE: """
        SELECT n.phone_e164 AS key, n.customer_id FROM crm.customer_number n
         WHERE n.tenant_id = $1 AND n.phone_e164 = ANY ($3::text[]) AND n.kind <> 'contact'
    """,
    DuplicatesBy.EMAIL: (
        "SELECT e.email AS key, e.customer_id FROM crm.customers_by_email($3::text[]) e"
    ),
    DuplicatesBy.NAME: f"""
        SELECT ({_NAME}) COLLATE "C" AS key, c.customer_id FROM crm.customer c
         WHERE c.tenant_id = $1 AND c.name <> '' AND ({_NAME}) = ANY ($3::text[])
    """,  # noqa: S608 - constants
}


async def keys(
    conn: Connection, caller: Caller, by: DuplicatesBy, *, after: str, limit: int
) -> Sequence[str]:
    """Return what several customers have in common, in order, after ``after``."""
    rows = await conn.fetch(_KEYS[by], caller.tenant_id, after, limit)
    return [row["key"] for row in rows]


async def groups(
    conn: Connection, caller: Caller, by: DuplicatesBy, wanted: Sequence[str]
) -> list[DuplicateGroup]:
    """Return the groups of these keys, as far as the caller sees two or more of a group."""
    args = search.Parameters([caller.tenant_id])
    seen = scope.condition(scope.of(caller), "c", "$1", "$2")
    args.add(scope.of(caller).user_id)
    args.add(list(wanted))
    rows = await conn.fetch(
        f"""
        SELECT * FROM (
            SELECT k.key, c.customer_id, c.name, c.phone_e164, c.owner_id, c.version, c.created_at,
                   row_number() OVER (PARTITION BY k.key ORDER BY c.customer_id) AS place
              FROM ({_CUSTOMERS[by]}) k
              JOIN crm.customer c ON c.tenant_id = $1 AND c.customer_id = k.customer_id
             WHERE {seen}) numbered
         WHERE place <= {_SHOWN} ORDER BY key COLLATE "C", customer_id
        """,  # noqa: S608 - constants
        *args,
    )
    found: dict[str, list[DuplicateView]] = {}
    for row in rows:
        told = {name: row[name] for name in DuplicateView.model_fields}
        found.setdefault(row["key"], []).append(DuplicateView(**told))
    return [
        DuplicateGroup(key=key, customers=customers)
        for key, customers in found.items()
        if len(customers) > 1
    ]
