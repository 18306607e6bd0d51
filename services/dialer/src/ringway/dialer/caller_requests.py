"""What others may ask about caller ids. Every request is a change of rows; runners follow them."""

from __future__ import annotations

from ringway.dialer import caller_store as store
from ringway.dialer.tenants import tenant_id_of
from ringway.proto import dialer_pool as p
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused
from ringway.runtime.postgres import Pool


class CallerRequests:
    """Answers requests on the bus; any replica may answer any tenant's."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(p.PutCallerPoolV1, self.put_pool)
        await bus.respond(p.DeleteCallerPoolV1, self.delete_pool)
        await bus.respond(p.AllotCallerNumbersV1, self.allot)
        await bus.respond(p.WithdrawCallerNumbersV1, self.withdraw)
        await bus.respond(p.PutCallerNumberV1, self.put_number)

    async def put_pool(self, request: p.PutCallerPoolV1) -> Done:
        """Create or change a pool."""
        tenant_id = tenant_id_of(request)
        async with self._pool.tenant(tenant_id) as conn:
            await store.put_pool(
                conn, tenant_id=tenant_id, pool_id=request.pool_id, pool=request.pool
            )
        return Done()

    async def delete_pool(self, request: p.DeleteCallerPoolV1) -> Done:
        """Delete a pool."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                await store.delete_pool(conn, tenant_id=tenant_id, pool_id=request.pool_id)
        except store.PoolInUse as exc:
            raise Refused(
                "caller_pool_in_use", f"Campaign {exc} shows its numbers; change that first."
            ) from exc
        except store.PoolMissing as exc:
            raise Refused("caller_pool_not_found", "There is no such pool.") from exc
        return Done()

    async def allot(self, request: p.AllotCallerNumbersV1) -> p.CallerNumbersV1:
        """Give numbers to the tenant."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                added = await store.allot(
                    conn,
                    tenant_id=tenant_id,
                    phones_e164=request.phones_e164,
                    allotted_by=request.allotted_by,
                )
        except store.NumberTaken as exc:
            raise Refused(
                "caller_number_taken", "A number belongs to another enterprise; none was given."
            ) from exc
        return p.CallerNumbersV1(changed=added)

    async def withdraw(self, request: p.WithdrawCallerNumbersV1) -> p.CallerNumbersV1:
        """Take numbers back."""
        tenant_id = tenant_id_of(request)
        async with self._pool.tenant(tenant_id) as conn:
            removed = await store.withdraw(
                conn, tenant_id=tenant_id, phones_e164=request.phones_e164
            )
        return p.CallerNumbersV1(changed=removed)

    async def put_number(self, request: p.PutCallerNumberV1) -> Done:
        """Say what a number is used for."""
        tenant_id = tenant_id_of(request)
        try:
            async with self._pool.tenant(tenant_id) as conn:
                found = await store.put_number(
                    conn,
                    tenant_id=tenant_id,
                    phone_e164=request.phone_e164,
                    pool_id=request.pool_id,
                    agent_id=request.agent_id,
                    state=request.state,
                    daily_cap=request.daily_cap,
                )
        except store.PoolMissing as exc:
            raise Refused("caller_pool_not_found", "There is no such pool.") from exc
        if not found:
            raise Refused("caller_number_not_found", "The number was not given to this enterprise.")
        return Done()
