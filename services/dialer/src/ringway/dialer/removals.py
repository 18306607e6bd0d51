"""Projects and lists that nothing needs any more: shown no more, and in time without leads."""

from __future__ import annotations

import asyncio
from uuid import UUID

from ringway.dialer.tenants import tenant_id_of
from ringway.proto import dialer as p
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.errors import PostgresDown, Refused
from ringway.runtime.postgres import Connection, Pool

_AT_MOST = 5_000
_AGAIN_S = 0.5
_EVERY_S = 60.0

# Whoever makes a campaign, or adds leads, holds the row FOR SHARE: one of the two comes first.
_PROJECT = """
    SELECT true FROM dialer.project
     WHERE tenant_id = $1 AND project_id = $2 AND removed_at IS NULL FOR UPDATE
"""
_CAMPAIGNS = """
    SELECT count(*) AS many, min(name) AS name FROM dialer.campaign
     WHERE tenant_id = $1 AND project_id = $2 AND removed_at IS NULL
"""
_REMOVE_PROJECT = """
    UPDATE dialer.project SET removed_at = now(), changed_at = now()
     WHERE tenant_id = $1 AND project_id = $2
"""
_LIST = """
    SELECT true FROM dialer.list
     WHERE tenant_id = $1 AND list_id = $2 AND removed_at IS NULL FOR UPDATE
"""
# One that finished may be started again; one that was stopped never is.
_USERS = """
    SELECT count(*) AS many, min(name) AS name FROM dialer.campaign
     WHERE tenant_id = $1 AND $2 = ANY (list_ids) AND removed_at IS NULL AND state <> 'stopped'
"""
_LEFT = """
    SELECT (SELECT count(*) FROM dialer.lead
             WHERE tenant_id = $1 AND list_id = $2 AND open_attempt_id IS NOT NULL) AS calls,
           (SELECT count(*) FROM dialer.callback c JOIN dialer.lead d USING (tenant_id, lead_id)
             WHERE c.tenant_id = $1 AND c.state = 'open' AND d.list_id = $2) AS callbacks
"""
_REMOVE_LIST = """
    UPDATE dialer.list SET removed_at = now(), changed_at = now()
     WHERE tenant_id = $1 AND list_id = $2
"""


class Removals:
    """Answers requests on the bus; any replica may answer any tenant's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(p.RemoveProjectV1, self.remove_project)
        await bus.respond(p.RemoveListV1, self.remove_list)

    async def remove_project(self, request: p.RemoveProjectV1) -> Done:
        """Show a project no more. Campaigns that were removed before keep its name."""
        tenant_id = tenant_id_of(request)
        async with self._pool.tenant(tenant_id) as conn:
            if not await conn.fetchval(_PROJECT, tenant_id, request.project_id):
                raise Refused("project_not_found", "There is no such project.")
            many, name = await _users(conn, _CAMPAIGNS, tenant_id, request.project_id)
            if many:
                raise Refused(
                    "project_in_use",
                    f"{many} campaigns are in this project, such as {name}: remove them or put"
                    " them into another project, then remove it.",
                )
            await conn.execute(_REMOVE_PROJECT, tenant_id, request.project_id)
        return Done()

    async def remove_list(self, request: p.RemoveListV1) -> Done:
        """Show a list no more. What was dialed of it stays; its leads are removed soon."""
        tenant_id, list_id = tenant_id_of(request), request.list_id
        async with self._pool.tenant(tenant_id) as conn:
            if not await conn.fetchval(_LIST, tenant_id, list_id):
                raise Refused("list_not_found", "There is no such list.")
            many, name = await _users(conn, _USERS, tenant_id, list_id)
            if many:
                raise Refused(
                    "list_in_use",
                    f"{many} campaigns use this list, such as {name}: stop or remove them, or"
                    " take the list out of them, then remove it.",
                )
            left = await conn.fetchrow(_LEFT, tenant_id, list_id)
            assert left is not None
            if left["calls"]:
                raise Refused(
                    "list_has_calls",
                    f"{left['calls']} leads of it are being dialed; remove it when they are not.",
                )
            if left["callbacks"]:
                raise Refused(
                    "list_has_callbacks",
                    f"{left['callbacks']} call-backs to its leads are promised; cancel them, then"
                    " remove it.",
                )
            await conn.execute(_REMOVE_LIST, tenant_id, list_id)
        return Done()

    async def clean(self) -> None:
        """Worker: remove the leads of lists that were removed."""
        while True:
            try:
                gone = await self.clean_once()
            except PostgresDown:
                gone = 0
            await asyncio.sleep(_AGAIN_S if gone >= _AT_MOST else _EVERY_S)

    async def clean_once(self) -> int:
        """Remove some leads of removed lists of any tenant; return how many.

        Raises:
            PostgresDown: None went; a later step goes on.
        """
        async with self._pool.platform() as conn:
            gone: int = await conn.fetchval(
                "SELECT dialer.remove_leads_of_removed_lists($1)", _AT_MOST
            )
        return gone


async def _users(conn: Connection, query: str, tenant_id: UUID, of: str) -> tuple[int, str]:
    row = await conn.fetchrow(query, tenant_id, of)
    assert row is not None
    return row["many"], row["name"] or ""
