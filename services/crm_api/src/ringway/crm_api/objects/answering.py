"""Look-ups by phone: what an IVR flow asks for on the bus (R17)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from ringway.crm_api.core.objects.definition import KINDS_ELSEWHERE
from ringway.crm_api.errors import ApiError
from ringway.crm_api.objects import catalogue, pop, record_store
from ringway.proto.crm_objects import LookUpRecordV1, RecordFoundV1
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool


class Lookups:
    """Answers look-ups for self-service. It sees what everybody sees, and what names ``ivr``."""

    def __init__(self, pool: Pool, now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now

    async def attach(self, bus: Bus) -> None:
        """Begin to answer; replicas share the requests."""
        await bus.respond(LookUpRecordV1, self.look_up)

    async def look_up(self, asked: LookUpRecordV1) -> RecordFoundV1:
        """Return the one record with a value, attached to the interaction. Raises Refused."""
        try:
            object_id = UUID(asked.object_id)
            interaction_id = UUID(asked.interaction_id) if asked.interaction_id else None
        except ValueError:
            raise Refused("lookup_invalid", "An id is not a UUID.") from None
        tenant_id = UUID(asked.tenant)
        async with self._pool.tenant(tenant_id) as conn:
            found = await catalogue.get(conn, tenant_id=tenant_id, object_id=object_id)
            if (
                found is None
                or found.definition.kind in KINDS_ELSEWHERE
                or not found.definition.rights.allows("read", catalogue.IVR_ROLE)
            ):
                raise Refused("object_not_found", "There is no such object.")
            try:
                record = await pop.the_one(conn, found, catalogue.IVR_ROLE, asked.key, asked.value)
            except ApiError as error:
                code = "lookup_invalid" if error.status == 422 else error.code
                raise Refused(code, error.detail) from None
            if interaction_id is not None:
                await record_store.attach(
                    conn,
                    tenant_id=tenant_id,
                    interaction_id=interaction_id,
                    record=record,
                    by=catalogue.IVR_ROLE,
                    now=self._now(),
                )
        values = found.definition.shown(record.data, catalogue.IVR_ROLE)
        return RecordFoundV1(
            object_id=asked.object_id, record_id=str(record.record_id), values=values
        )
