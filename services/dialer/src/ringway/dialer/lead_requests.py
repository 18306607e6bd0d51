"""What others may ask about single leads. Every request is a change of rows."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import orjson

from ringway.dialer import lead_store, number_store
from ringway.dialer.core.law import zone_key
from ringway.dialer.tenants import tenant_id_of
from ringway.proto import dialer_leads as p
from ringway.proto.base import Done
from ringway.proto.dialer import LeadRow
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Connection, Pool

_LOCK = """
    SELECT list_id, open_attempt_id IS NOT NULL AS is_dialing FROM dialer.lead
     WHERE tenant_id = $1 AND lead_id = $2 FOR UPDATE
"""
_CHANGE = """
    UPDATE dialer.lead
       SET name = $3, data = $4::jsonb, priority = $5, zone = $6, zone_key = $7, phone_e164 = $8,
           home_e164 = NULL, numbers = 1
     WHERE tenant_id = $1 AND lead_id = $2
"""
_REMOVE = "DELETE FROM dialer.lead WHERE tenant_id = $1 AND lead_id = $2"
_EXISTS = (
    "SELECT true FROM dialer.list WHERE tenant_id = $1 AND list_id = $2 AND removed_at IS NULL"
)


class LeadRequests:
    """Answers requests on the bus; any replica may answer any tenant's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(p.PutLeadV1, self.put_lead)
        await bus.respond(p.RemoveLeadV1, self.remove_lead)

    async def put_lead(self, request: p.PutLeadV1) -> p.LeadPutV1:
        """Add or change a lead."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                if not await conn.fetchval(_EXISTS, tenant_id, request.list_id):
                    raise Refused("list_not_found", "There is no such list; create it first.")
                row = await conn.fetchrow(_LOCK, tenant_id, request.lead.lead_id)
                if row is None:
                    await self._add(conn, tenant_id, request)
                    return p.LeadPutV1(created=True)
                _check(row, request.list_id, "lead_elsewhere", "The lead is in another list.")
                await _change(conn, tenant_id, request.lead)
        except asyncpg.UniqueViolationError as exc:
            raise _in_list() from exc
        return p.LeadPutV1(created=False)

    @staticmethod
    async def _add(conn: Connection, tenant_id: UUID, request: p.PutLeadV1) -> None:
        added = await lead_store.add_leads(
            conn,
            tenant_id=tenant_id,
            list_id=request.list_id,
            batch_id=f"lead:{request.message_id}",
            chunk_no=0,
            rows=[request.lead],
        )
        if not added.added:
            raise _in_list()

    async def remove_lead(self, request: p.RemoveLeadV1) -> Done:
        """Take a lead out of its list."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                row = await conn.fetchrow(_LOCK, tenant_id, request.lead_id)
                if row is None:
                    raise Refused("lead_not_found", "There is no such lead.")
                _check(row, request.list_id, "lead_not_found", "There is no such lead.")
                await conn.execute(_REMOVE, tenant_id, request.lead_id)
        except asyncpg.ForeignKeyViolationError as exc:
            raise Refused("lead_in_use", "Something was promised to the lead.") from exc
        return Done()


async def _change(conn: Connection, tenant_id: UUID, lead: LeadRow) -> None:
    known = await number_store.forget(conn, tenant_id=tenant_id, lead_id=lead.lead_id)
    await conn.execute(
        _CHANGE, tenant_id, lead.lead_id, lead.name, orjson.dumps(lead.data).decode(),
        lead.priority, lead.zone, zone_key(lead.phone_e164, lead.zone), lead.phone_e164,
    )  # fmt: skip
    await number_store.add(conn, tenant_id=tenant_id, rows=[lead], new={lead.lead_id})
    await number_store.remember(conn, tenant_id=tenant_id, lead=lead, known=known)


def _check(row: asyncpg.Record, list_id: str, code: str, words: str) -> None:
    if row["list_id"] != list_id:
        raise Refused(code, words)
    if row["is_dialing"]:
        raise Refused("lead_dialing", "The lead is being dialed; try again when the call is over.")


def _in_list() -> Refused:
    return Refused("number_in_list", "The number is in the list already.")
