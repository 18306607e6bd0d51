"""Who gets customers: users and teams as acts and rules name them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from ringway.crm_api.core.customers.assignment import Target, merged
from ringway.crm_api.customers import moves
from ringway.crm_api.customers.policy import Share
from ringway.crm_api.errors import Invalid
from ringway.crm_api.teams import store as teams
from ringway.runtime.postgres import Connection


async def of_shares(
    conn: Connection, tenant_id: UUID, shares: Iterable[Share]
) -> list[Target[UUID]]:
    """Return who gets customers by ``shares``, each once: the enabled ones, agents of teams."""
    found: list[Target[UUID]] = []
    for share in shares:
        if share.team_id is not None:
            seats = await teams.seats(conn, tenant_id=tenant_id, team_id=share.team_id)
            found += [Target(user_id, share.weight) for user_id in seats]
        elif share.user_id is not None:
            found.append(Target(share.user_id, share.weight))
    ids = [each.user for each in found]
    there = await moves.enabled(conn, tenant_id=tenant_id, user_ids=ids)
    return merged(each for each in found if each.user in there)


async def check_enabled(conn: Connection, tenant_id: UUID, user_ids: Sequence[UUID]) -> None:
    """Return when all of these are enabled users. Raises Invalid."""
    there = await moves.enabled(conn, tenant_id=tenant_id, user_ids=user_ids)
    for user_id in user_ids:
        if user_id not in there:
            raise Invalid("user_unknown", f"There is no user {user_id}, or he is disabled.")
