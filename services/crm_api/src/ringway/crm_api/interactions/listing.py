"""Pages of the call history (R42), each within what its caller may see."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import asyncpg

from ringway.crm_api.access import Caller, Permission
from ringway.crm_api.customers import service as customers
from ringway.crm_api.deps import Deps
from ringway.crm_api.errors import Forbidden, Invalid
from ringway.crm_api.interactions import search
from ringway.crm_api.interactions.params import Asked
from ringway.crm_api.interactions.search import Filter
from ringway.crm_api.interactions.store import Interaction
from ringway.crm_api.teams import service as teams
from ringway.crm_api.teams import store as team_store
from ringway.runtime.postgres import Connection


async def of_caller(
    deps: Deps, caller: Caller, asked: Asked, *, before: UUID | None, limit: int
) -> list[Interaction]:
    """Return interactions that the caller may see, newest first: all, or those that he had.

    Raises:
        NotFound: There is no such team, or no such customer for him.
        Forbidden: He may not read teams, or customers.
        Invalid: The page reads too many interactions.
    """
    async with deps.pool.reading(caller.tenant_id, settings=search.PLANNED) as conn:
        wanted = asked.filter
        if asked.customer_id is not None:
            wanted = await _with_customer(conn, caller, asked.customer_id, wanted)
        if asked.team_id is not None:
            wanted = await _with_team(conn, caller, asked.team_id, wanted)
        if not caller.may(Permission.INTERACTIONS_ALL):
            if wanted.agent_id not in (None, caller.user_id):
                return []
            wanted = replace(wanted, agent_id=caller.user_id)
        return await page(
            conn, tenant_id=caller.tenant_id, wanted=wanted, before=before, limit=limit
        )


async def page(
    conn: Connection, *, tenant_id: UUID, wanted: Filter, before: UUID | None, limit: int
) -> list[Interaction]:
    """Return interactions, newest first, as :func:`search.page`. Raises Invalid."""
    try:
        return await search.page(
            conn, tenant_id=tenant_id, wanted=wanted, before=before, limit=limit
        )
    except asyncpg.QueryCanceledError as error:
        raise Invalid(
            "list_too_slow",
            "This list reads too many interactions: ask for less time (from, to), or add an "
            "agent, a queue, a campaign, a customer or a number.",
        ) from error


async def _with_customer(
    conn: Connection, caller: Caller, customer_id: UUID, wanted: Filter
) -> Filter:
    _check(caller, Permission.CUSTOMERS_READ, "customer_id")
    # A merged one answers as who is left of the two.
    found = await customers.find(conn, caller, customer_id)
    phones, linked = await search.of_customer(
        conn, tenant_id=caller.tenant_id, customer_id=found.customer_id
    )
    return replace(wanted, phones=phones, linked=linked)


async def _with_team(conn: Connection, caller: Caller, team_id: UUID, wanted: Filter) -> Filter:
    _check(caller, Permission.TEAMS_READ, "team_id")
    await teams.find(conn, caller.tenant_id, team_id)
    agents = await team_store.seats(conn, tenant_id=caller.tenant_id, team_id=team_id)
    return replace(wanted, agent_ids=agents)


def _check(caller: Caller, permission: Permission, parameter: str) -> None:
    if not caller.may(permission):
        raise Forbidden(
            "permission_missing",
            f"The parameter {parameter} needs the permission {permission}: ask without it.",
            extra={"permission": permission.value},
        )
