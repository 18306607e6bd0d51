"""What the ACD has of an enterprise that is deleted: phones on the nodes, live state, rows."""

from __future__ import annotations

from ringway.acd import snapshot
from ringway.acd.app import Acd
from ringway.proto.tenant_deletion import DeleteAcdTenantV1
from ringway.runtime.bus import Bus
from ringway.runtime.postgres import Pool
from ringway.runtime.tenant_rows import TenantRows


class TenantDeletion:
    """Answers the platform on the bus."""

    def __init__(self, acd: Acd, pool: Pool) -> None:
        self._acd = acd
        self._rows = TenantRows(pool, "acd", before=self._take_off, after=self._forget)

    async def serve(self, bus: Bus) -> None:
        """Answer from now on."""
        await bus.respond(DeleteAcdTenantV1, self._rows.delete)

    async def _take_off(self, tenant: str) -> dict[str, int]:
        """Take phones and trunks off every node. Raises DependencyDown."""
        await self._acd.floor(tenant)
        await self._acd.accounts.remove_tenant(tenant)
        return {}

    async def _forget(self, tenant: str) -> None:
        """Close the floor, and remove what is kept of it for a restart."""
        await self._acd.close_floor(tenant)
        bucket = self._acd.bus.kv(snapshot.BUCKET)
        for key in await bucket.keys(f"*.{tenant}.>"):
            await bucket.delete(key)
