"""Whom a caller may see and change (R190): those whom he owns or has talked with, or all.

Every statement over ``crm.customer`` that answers to a person carries :func:`condition`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from ringway.crm_api.access import Caller, Permission
from ringway.runtime.postgres import Connection

# One array and not OR or IN: found once, and then what the statement begins with, as an agent has
# few of many customers. Left the choice, the planner asks row by row in the order of a list.
_OWN = """
    {alias}.customer_id = ANY (ARRAY(
        SELECT o.customer_id FROM crm.customer o
         WHERE o.tenant_id = {tenant} AND o.owner_id = {user}
        UNION
        SELECT n.customer_id FROM crm.handled_number h
          JOIN crm.customer_number n ON n.tenant_id = {tenant} AND n.phone_e164 = h.phone_e164
         WHERE h.tenant_id = {tenant} AND h.agent_id = {user}))
"""
# The same asked of one row: for statements that name few customers.
_OWN_ROW = """
    ({alias}.owner_id = {user} OR EXISTS (
        SELECT 1 FROM crm.customer_number n
          JOIN crm.handled_number h
            ON h.tenant_id = n.tenant_id AND h.agent_id = {user} AND h.phone_e164 = n.phone_e164
         WHERE n.tenant_id = {tenant} AND n.customer_id = {alias}.customer_id))
"""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose customers are meant. ``user_id`` None: all of the tenant."""

    tenant_id: UUID
    user_id: UUID | None

    @property
    def is_all(self) -> bool:
        """Whether all customers of the tenant are meant."""
        return self.user_id is None


def of(caller: Caller) -> Scope:
    """Return what a caller may see and change."""
    sees_all = caller.may(Permission.CUSTOMERS_ALL)
    return Scope(caller.tenant_id, None if sees_all else caller.user_id)


def everything(tenant_id: UUID) -> Scope:
    """Return the scope of what the system does by rules, not somebody's request."""
    return Scope(tenant_id, None)


def condition(scope: Scope, alias: str, tenant: str, user: str, *, few: bool = False) -> str:
    """Return an SQL condition that is true of the customers in ``scope``.

    Args:
        alias: Of ``crm.customer`` in the statement.
        tenant: The parameter with the tenant's id, such as ``$1``.
        user: The parameter to which ``scope.user_id`` is given. Cast to uuid, as without use
            its type is not known otherwise.
        few: The statement names few customers by itself, by their ids or a number.
    """
    if scope.is_all:
        return f"({alias}.tenant_id = {tenant} AND {user}::uuid IS NULL)"
    own = (_OWN_ROW if few else _OWN).format(alias=alias, tenant=tenant, user=f"{user}::uuid")
    return f"({alias}.tenant_id = {tenant} AND {own})"


def of_rows(alias: str, tenant: str, user: str, *, own: Sequence[str] = ()) -> str:
    """Return an SQL condition on rows that show something of a customer, such as orders.

    True of rows whose ``customer_id`` is in the scope or null, and of all when ``user`` is null.
    Lists and exports of other areas carry it; single rows are asked for by :func:`shows`.

    Args:
        alias: Of the rows' table in the statement.
        tenant, user: Parameters, as for :func:`condition`.
        own: Columns with users whose row it is: they see their own, whoever it is about.
    """
    mine = "".join(f"OR {alias}.{column} = {user}::uuid " for column in own)
    seen = _OWN.format(alias=alias, tenant=tenant, user=f"{user}::uuid")
    return f"({user}::uuid IS NULL OR {alias}.customer_id IS NULL {mine}OR {seen})"


async def shows(conn: Connection, caller: Caller, customer_id: UUID | None) -> bool:
    """Return whether the caller may see what is kept of a customer; None: it is of nobody."""
    his = of(caller)
    return customer_id is None or his.is_all or await sees(conn, his, customer_id)


async def visible(conn: Connection, scope: Scope, customer_ids: Sequence[UUID]) -> set[UUID]:
    """Return which of these customers are in ``scope``."""
    rows = await conn.fetch(
        "SELECT c.customer_id FROM crm.customer c "  # noqa: S608 - constants
        f"WHERE {condition(scope, 'c', '$1', '$2', few=True)} AND c.customer_id = ANY ($3::uuid[])",
        scope.tenant_id,
        scope.user_id,
        list(customer_ids),
    )
    return {row["customer_id"] for row in rows}


async def sees(conn: Connection, scope: Scope, customer_id: UUID) -> bool:
    """Return whether this customer is in ``scope``."""
    return customer_id in await visible(conn, scope, [customer_id])
