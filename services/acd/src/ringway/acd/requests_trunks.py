"""Requests that store, ask for and take away trunks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ringway.acd.accounts import Accounts
from ringway.acd.config_checks import check_delete
from ringway.acd.config_references import TRUNK
from ringway.acd.configuration import Configuration
from ringway.acd.core.trunk import Trunk
from ringway.acd.trunk_watch import TrunkWatch
from ringway.proto import acd as p
from ringway.proto.base import Done
from ringway.runtime.bus import Bus
from ringway.runtime.errors import Refused


class Floors(Protocol):
    """What is needed of the ACD: a tenant's trunks are there when its floor is open."""

    @property
    def accounts(self) -> Accounts:
        """The trunks of every tenant whose floor is open."""

    @property
    def configurations(self) -> Mapping[str, Configuration]:
        """The configuration of every tenant whose floor is open."""

    @property
    def trunk_watch(self) -> TrunkWatch:
        """How the trunks are."""

    async def floor(self, tenant: str, /) -> object:
        """Open the floor of a tenant."""


class TrunkRequests:
    """Handlers of the requests about trunks."""

    def __init__(self, acd: Floors) -> None:
        self._acd = acd

    async def serve(self, bus: Bus) -> None:
        """Register all handlers."""
        await bus.respond(p.PutTrunkV1, self.put_trunk)
        await bus.respond(p.GetTrunkV1, self.get_trunk)
        await bus.respond(p.DeleteTrunkV1, self.delete_trunk)

    async def put_trunk(self, request: p.PutTrunkV1) -> p.TrunkV1:
        """Create or change a trunk; how it is shows a moment later."""
        await self._acd.floor(request.tenant)
        trunk = await self._acd.accounts.trunks.put(request)
        return p.TrunkV1(trunk_id=trunk.trunk_id, endpoint=trunk.endpoint, inbound=trunk.inbound)

    async def get_trunk(self, request: p.GetTrunkV1) -> p.TrunkV1:
        """How a trunk is now."""
        trunk = await self._trunk(request.tenant, request.trunk_id)
        if trunk is None:
            raise Refused("trunk_unknown", "There is no such trunk.")
        state, active = await self._acd.trunk_watch.look(trunk)
        return p.TrunkV1(
            trunk_id=trunk.trunk_id,
            endpoint=trunk.endpoint,
            inbound=trunk.inbound,
            is_reachable=state.is_reachable,
            is_registered=state.is_registered,
            active_channels=active,
        )

    async def delete_trunk(self, request: p.DeleteTrunkV1) -> Done:
        """Take a trunk away, unless a route names it."""
        if await self._trunk(request.tenant, request.trunk_id) is not None:
            check_delete(self._acd.configurations[request.tenant], TRUNK, request.trunk_id)
            await self._acd.accounts.trunks.delete(request.tenant, request.trunk_id)
        return Done()

    async def _trunk(self, tenant: str, trunk_id: str) -> Trunk | None:
        await self._acd.floor(tenant)
        return self._acd.accounts.trunks.get(tenant, trunk_id)
