"""What others may ask about numbers that are not called, consents, and single numbers."""

from __future__ import annotations

import asyncio

from ringway.dialer import campaign_store, consent_store, dnc_store, retention_store
from ringway.dialer.changing import changing
from ringway.dialer.core.law import zone_key, zones_of_key
from ringway.dialer.gate import Gate
from ringway.proto import dialer_law as p
from ringway.proto.base import Done
from ringway.proto.dialer_spec import CampaignMode, CampaignSpec
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown, Refused
from ringway.runtime.postgres import Pool

_CLEAN_AT_MOST = 20_000
_CLEAN_AGAIN_S = 0.5
_CLEAN_EVERY_S = 60.0
# An agent's own dial obeys the tenant's own lists and nothing else.
_OWN_DIAL = CampaignSpec(
    name="own dials", project_id="none", mode=CampaignMode.MANUAL, list_ids=(), trunk_id="none",
    uses_national_dnc=False,
)  # fmt: skip


class LawRequests:
    """Answers requests on the bus; any replica may answer any tenant's.

    Args:
        keep_days: For how long proofs of enterprises without periods of their own are kept.
    """

    def __init__(self, pool: Pool, keep_days: int = 1826) -> None:
        self._pool = pool
        self._keep_days = keep_days

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
        await bus.respond(p.PutRetentionV1, self.put_retention)
        await bus.respond(p.GetRetentionV1, self.get_retention)

    async def clean(self) -> None:
        """Worker: remove the numbers of files that count no more, and proofs that are too old."""
        while True:
            try:
                async with self._pool.platform() as conn:
                    numbers = await dnc_store.remove_old_numbers(conn, _CLEAN_AT_MOST)
                async with self._pool.platform() as conn:
                    proofs = await retention_store.remove_old(
                        conn, now=utcnow(), default_days=self._keep_days, at_most=_CLEAN_AT_MOST
                    )
            except PostgresDown:
                numbers = proofs = 0
            is_more = max(numbers, proofs) >= _CLEAN_AT_MOST
            await asyncio.sleep(_CLEAN_AGAIN_S if is_more else _CLEAN_EVERY_S)

    async def put_retention(self, request: p.PutRetentionV1) -> Done:
        """Set an enterprise's periods."""
        async with changing(self._pool, request) as (conn, tenant_id):
            await retention_store.put(
                conn,
                tenant_id=tenant_id,
                refusal_days=request.refusal_days,
                dnc_change_days=request.dnc_change_days,
                by=request.by,
            )
        return Done()

    async def get_retention(self, request: p.GetRetentionV1) -> p.RetentionV1:
        """Tell an enterprise's periods."""
        async with changing(self._pool, request) as (conn, tenant_id):
            own = await retention_store.get(conn, tenant_id=tenant_id)
        refusals, changes = own or (self._keep_days, self._keep_days)
        return p.RetentionV1(refusal_days=refusals, dnc_change_days=changes, is_default=own is None)

    async def put_list(self, request: p.PutDncListV1) -> Done:
        """Create or rename a list."""
        async with changing(self._pool, request) as (conn, tenant_id):
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
        async with changing(self._pool, request) as (conn, tenant_id):
            await dnc_store.delete_list(
                conn, tenant_id=tenant_id, list_id=request.list_id, by=request.by
            )
        return Done()

    async def add_entries(self, request: p.AddDncEntriesV1) -> p.DncAddedV1:
        """Add numbers to a list."""
        async with changing(self._pool, request) as (conn, tenant_id):
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
        async with changing(self._pool, request) as (conn, tenant_id):
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
        async with changing(self._pool, request) as (conn, tenant_id):
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
        async with changing(self._pool, request) as (conn, tenant_id):
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
        async with changing(self._pool, request) as (conn, tenant_id):
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
        async with changing(self._pool, request) as (conn, tenant_id):
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
        async with changing(self._pool, request) as (conn, tenant_id):
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
