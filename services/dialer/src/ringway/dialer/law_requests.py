"""What others may ask about numbers that are not called, consents, and single numbers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from ringway.dialer import campaign_store, consent_store, dnc_store
from ringway.dialer.core.law import zone_key, zones_of_key
from ringway.dialer.gate import Gate
from ringway.dialer.tenants import tenant_id_of
from ringway.proto import dialer_law as p
from ringway.proto.base import Done, Request
from ringway.proto.dialer_spec import CampaignMode, CampaignSpec
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown, Refused
from ringway.runtime.postgres import Connection, Pool

_CLEAN_AT_MOST = 20_000
_CLEAN_AGAIN_S = 0.5
_CLEAN_EVERY_S = 60.0
# An agent's own dial obeys the tenant's own lists and nothing else.
_OWN_DIAL = CampaignSpec(
    name="own dials", project_id="none", mode=CampaignMode.MANUAL, list_ids=(), trunk_id="none",
    uses_national_dnc=False,
)  # fmt: skip


class LawRequests:
    """Answers requests on the bus; any replica may answer any tenant's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(p.PutDncListV1, self.put_list)
        await bus.respond(p.DeleteDncListV1, self.delete_list)
        await bus.respond(p.AddDncEntriesV1, self.add_entries)
        await bus.respond(p.RemoveDncEntryV1, self.remove_entry)
        await bus.respond(p.LoadDncNumbersV1, self.load_numbers)
        await bus.respond(p.FinishDncLoadV1, self.finish_load)
        await bus.respond(p.RecordConsentV1, self.record_consent)
        await bus.respond(p.WithdrawConsentV1, self.withdraw_consent)
        await bus.respond(p.CheckNumberV1, self.check_number)

    async def clean(self) -> None:
        """Worker: remove the numbers of files that count no more."""
        while True:
            try:
                async with self._pool.platform() as conn:
                    gone = await dnc_store.remove_old_numbers(conn, _CLEAN_AT_MOST)
            except PostgresDown:
                gone = 0
            await asyncio.sleep(_CLEAN_AGAIN_S if gone == _CLEAN_AT_MOST else _CLEAN_EVERY_S)

    async def put_list(self, request: p.PutDncListV1) -> Done:
        """Create or rename a list."""
        async with self._changing(request) as (conn, tenant_id):
            await dnc_store.put_list(
                conn,
                tenant_id=tenant_id,
                list_id=request.list_id,
                name=request.name,
                scope=request.scope,
            )
        return Done()

    async def delete_list(self, request: p.DeleteDncListV1) -> Done:
        """Delete a list and its numbers."""
        async with self._changing(request) as (conn, tenant_id):
            await dnc_store.delete_list(
                conn, tenant_id=tenant_id, list_id=request.list_id, by=request.by
            )
        return Done()

    async def add_entries(self, request: p.AddDncEntriesV1) -> p.DncAddedV1:
        """Add numbers to a list."""
        async with self._changing(request) as (conn, tenant_id):
            added = await dnc_store.add(
                conn,
                tenant_id=tenant_id,
                list_id=request.list_id,
                rows=request.rows,
                source=request.source,
                by=request.by,
            )
        return p.DncAddedV1(added=added)

    async def remove_entry(self, request: p.RemoveDncEntryV1) -> Done:
        """Take a number out of a list."""
        async with self._changing(request) as (conn, tenant_id):
            await dnc_store.remove(
                conn,
                tenant_id=tenant_id,
                list_id=request.list_id,
                phone_e164=request.phone_e164,
                reason=request.reason,
                by=request.by,
            )
        return Done()

    async def load_numbers(self, request: p.LoadDncNumbersV1) -> Done:
        """Keep a part of a national list's next file."""
        async with self._changing(request) as (conn, tenant_id):
            await dnc_store.load(
                conn,
                tenant_id=tenant_id,
                list_id=request.list_id,
                load_id=request.load_id,
                numbers=request.numbers,
            )
        return Done()

    async def finish_load(self, request: p.FinishDncLoadV1) -> p.DncLoadedV1:
        """Let the file count, or forget it."""
        async with self._changing(request) as (conn, tenant_id):
            numbers, before = await dnc_store.finish_load(
                conn,
                tenant_id=tenant_id,
                list_id=request.list_id,
                load_id=request.load_id,
                source=request.source,
                by=request.by,
                cancel=request.cancel,
            )
        return p.DncLoadedV1(numbers=numbers, numbers_before=before)

    async def record_consent(self, request: p.RecordConsentV1) -> Done:
        """Write a consent down."""
        async with self._changing(request) as (conn, tenant_id):
            await consent_store.record(
                conn,
                tenant_id=tenant_id,
                consent_id=request.consent_id,
                phone_e164=request.phone_e164,
                purpose=request.purpose,
                how=request.how,
                evidence=request.evidence,
                given_at=request.given_at,
                by=request.by,
            )
        return Done()

    async def withdraw_consent(self, request: p.WithdrawConsentV1) -> Done:
        """End a number's consents."""
        async with self._changing(request) as (conn, tenant_id):
            await consent_store.withdraw(
                conn,
                tenant_id=tenant_id,
                phone_e164=request.phone_e164,
                purpose=request.purpose,
                withdrawn_at=request.withdrawn_at,
                by=request.by,
            )
        return Done()

    async def check_number(self, request: p.CheckNumberV1) -> p.NumberCheckedV1:
        """Decide about one number as a claim would, and change nothing."""
        spec = _OWN_DIAL
        async with self._changing(request) as (conn, tenant_id):
            if request.campaign_id is not None:
                row = await campaign_store.get_campaign(
                    conn, tenant_id=tenant_id, campaign_id=request.campaign_id
                )
                if row is None:
                    raise Refused("campaign_not_found", "There is no such campaign.")
                spec = row.spec
            gate = Gate(tenant_id, request.campaign_id or "", spec)
            refused = await gate.check_number(
                conn,
                request.phone_e164,
                request.zone,
                now=utcnow(),
                is_own_dial=request.campaign_id is None,
            )
        zones = zones_of_key(zone_key(request.phone_e164, request.zone))
        if refused is None:
            return p.NumberCheckedV1(is_allowed=True, zones=zones)
        return p.NumberCheckedV1(
            is_allowed=False, reason=refused.reason, until=refused.until, zones=zones
        )

    @asynccontextmanager
    async def _changing(self, request: Request) -> AsyncIterator[tuple[Connection, UUID]]:
        """Open a transaction of the request's tenant; say what is wrong in words for people."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                yield conn, tenant_id
        except dnc_store.ListMissing as exc:
            raise Refused("dnc_list_not_found", "There is no such list; create it first.") from exc
        except dnc_store.ListInvalid as exc:
            raise Refused(
                "dnc_list_invalid",
                f"The list's scope is {exc}: national lists are replaced by files and nothing"
                " else, and a scope stays what it is.",
            ) from exc
        except dnc_store.ListInUse as exc:
            raise Refused(
                "dnc_list_in_use", f"Campaign {exc} obeys this list; change that first."
            ) from exc
        except dnc_store.EntryMissing as exc:
            raise Refused("dnc_entry_not_found", "The number is not in this list.") from exc
        except dnc_store.LoadOver as exc:
            raise Refused(
                "dnc_load_over", "This file was replaced or cancelled; begin again with a new id."
            ) from exc
        except consent_store.ConsentMissing as exc:
            raise Refused(
                "consent_not_found", "No consent of this number for that is in force."
            ) from exc
