"""Trunks: kept in PostgreSQL, cached here, and pushed into every Asterisk node at run time.

A change never reloads anything: Asterisk's objects are replaced one by one, and a call holds on to
those it began with. See docs/adr/0003-sip-accounts-by-push.md.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from uuid import UUID

from ringway.acd import trunk_store as store
from ringway.acd.core.trunk import (
    Trunk,
    TrunkInvalid,
    check,
    host_sources,
    inbound_of,
    objects,
    source,
)
from ringway.acd.trunk_push import CLASS, push, take_off
from ringway.proto.acd import PutTrunkV1, TrunkInbound
from ringway.runtime.ari import AriClient, AriError, AriNode, AriNotFound
from ringway.runtime.errors import DependencyDown, Refused
from ringway.runtime.postgres import Pool

_log = logging.getLogger("ringway.acd.trunks")
_RESOLVE_LIMIT_S = 3.0
_PREFIX = "trunk-"
_PUSHES_AT_ONCE = 8
_CHANGE_LIMIT_S = 6.0  # a registration's goodbye may be part of it

Key = tuple[str, str]
"""Tenant and trunk id."""


class Trunks:
    """Every trunk of the tenants this replica serves."""

    def __init__(self, pool: Pool, ari: AriClient) -> None:
        self._pool = pool
        self._ari = ari
        self._trunks: dict[Key, Trunk] = {}
        self._tenants: set[str] = set()
        self._changing: dict[Key, asyncio.Lock] = {}
        self._left: dict[Key, dict[str, set[str]]] = {}  # by node: channels of former endpoints

    # -- reading -------------------------------------------------------------------------------

    def get(self, tenant: str, trunk_id: str) -> Trunk | None:
        """Return a trunk, or None."""
        return self._trunks.get((tenant, trunk_id))

    def of(self, tenant: str) -> Sequence[Trunk]:
        """Return a tenant's trunks by id, also those that are disabled."""
        return sorted(
            (each for each in self._trunks.values() if each.tenant == tenant),
            key=lambda each: each.trunk_id,
        )

    @property
    def all(self) -> Mapping[Key, Trunk]:
        """Every trunk by tenant and id; do not change it."""
        return self._trunks

    async def load(self, tenant: str) -> None:
        """Read one tenant's trunks from PostgreSQL into the cache."""
        async with self._pool.tenant(tenant) as conn:
            found = await store.load(conn, tenant_id=UUID(tenant))
        for key in [key for key in self._trunks if key[0] == tenant]:
            del self._trunks[key]
        self._trunks.update({(tenant, trunk.trunk_id): trunk for trunk in found})
        self._tenants.add(tenant)

    def forget(self, tenant: str) -> None:
        """Drop a tenant that another replica serves now; the nodes keep its trunks."""
        self._tenants.discard(tenant)
        for key in [key for key in self._trunks if key[0] == tenant]:
            del self._trunks[key]
            self._left.pop(key, None)

    # -- changing ------------------------------------------------------------------------------

    async def put(self, request: PutTrunkV1) -> Trunk:
        """Create or change a trunk, here and on every node.

        Raises:
            Refused: ``trunk_invalid``, ``trunk_source_taken``, ``trunk_username_taken`` or
                ``trunk_transport_missing``.
            PostgresDown: It does not answer; nothing is changed.
        """
        key = (request.tenant, request.trunk_id)
        async with self._changing.setdefault(key, asyncio.Lock()):
            old = self._trunks.get(key)
            new = _trunk(request, old)
            try:
                check(new)
            except TrunkInvalid as error:
                raise Refused("trunk_invalid", str(error)) from error
            if new.transport == "tls":
                await self._check_tls()
            new = await self._store(new)
            self._trunks[key] = new
            await self._everywhere(new)
            return new

    async def delete(self, tenant: str, trunk_id: str) -> None:
        """Take a trunk away, here and on every node. Calls on it go on."""
        key = (tenant, trunk_id)
        async with self._changing.setdefault(key, asyncio.Lock()):
            async with self._pool.tenant(tenant) as conn:
                await store.delete(conn, tenant_id=UUID(tenant), trunk_id=trunk_id)
            old = self._trunks.pop(key, None)
            if old is not None:
                await self._everywhere(replace(old, is_enabled=False))
            self._left.pop(key, None)

    async def resolve_again(self) -> None:
        """Look up the hosts that calls are known by, and follow those that moved.

        Raises:
            PostgresDown: It does not answer; the rest is for the next time.
        """
        for key, trunk in list(self._trunks.items()):
            if trunk.sources or trunk.inbound is TrunkInbound.DIGEST or not trunk.is_enabled:
                continue
            async with self._changing.setdefault(key, asyncio.Lock()):
                trunk = self._trunks.get(key, trunk)
                found = host_sources(trunk, await _addresses(trunk.host))
                if key not in self._trunks or not found or set(found) == set(trunk.known_sources):
                    continue
                moved = self._trunks[key] = await self._store(trunk)
                if moved != trunk:
                    await self._everywhere(moved)

    async def _store(self, new: Trunk) -> Trunk:
        """Write a trunk and return it with what it is known by."""
        own = () if new.sources else host_sources(new, await _addresses(new.host))
        inbound = inbound_of(new)
        listed = tuple(source(text) for text in new.sources)
        new = replace(new, inbound=inbound, known_sources=())
        async with self._pool.tenant(new.tenant) as conn:
            try:
                await store.put(conn, trunk=new)
                if listed:
                    await store.put_sources(conn, trunk=new, sources=listed)
                    return replace(new, known_sources=listed)
            except store.SourceTaken as error:
                raise Refused(
                    "trunk_source_taken",
                    "sources: calls from one of these addresses belong to another trunk; "
                    "name what is this carrier's only, with its port if need be.",
                ) from error
            except store.UsernameTaken as error:
                raise Refused(
                    "trunk_username_taken",
                    "username: another trunk is known by it; choose another one.",
                ) from error
            if inbound is TrunkInbound.DIGEST:
                return new
            try:
                if own:
                    await store.put_sources(conn, trunk=new, sources=own)
                    return replace(new, known_sources=own)
            except store.SourceTaken:
                _log.warning(
                    "Another trunk is known by the host's address.",
                    extra={"tenant": new.tenant, "trunk_id": new.trunk_id},
                )
            if inbound is TrunkInbound.ADDRESS:
                new = replace(new, inbound=TrunkInbound.NONE)
                await store.put(conn, trunk=new)
            return new

    async def _check_tls(self) -> None:
        for node in self._ari.nodes.values():
            if not node.connected:
                continue
            try:
                await node.get_dynamic(CLASS, "transport", "transport-tls")
            except AriNotFound:
                raise Refused(
                    "trunk_transport_missing",
                    f"transport: node {node.name} has no transport-tls; configure it there first.",
                ) from None

    # -- Asterisk ------------------------------------------------------------------------------

    async def push_all(self, node: AriNode) -> None:
        """Give a node every trunk, and take those away that were deleted while it was gone."""
        there = {
            each.resource
            for each in await node.endpoints("PJSIP")
            if each.resource.startswith(_PREFIX)
        }
        known = {trunk.endpoint for trunk in self._trunks.values()}
        gate = asyncio.Semaphore(_PUSHES_AT_ONCE)

        async def one(key: Key) -> None:
            async with gate:
                await self._push_now(node, key)

        async with asyncio.TaskGroup() as group:
            for key, trunk in self._trunks.items():
                if trunk.is_enabled or trunk.endpoint in there:
                    group.create_task(one(key))
        for name in there - known:
            await self._take_off(node, name)

    async def _take_off(self, node: AriNode, name: str) -> None:
        """Take a trunk off a node, unless it is one after all, or none of ours."""
        try:
            tenant = (await node.get_dynamic(CLASS, "endpoint", name)).get("accountcode", "")
        except AriNotFound:
            return
        async with self._alone((tenant, name.removeprefix(_PREFIX))) as trunk:
            if trunk is None and tenant in self._tenants:
                await take_off(node, name)

    async def push_missing(self, node: AriNode, tenant: str, there: Collection[str]) -> None:
        """Give a node those of a tenant's trunks that are not among its endpoints."""
        for trunk in self.of(tenant):
            if trunk.is_enabled and trunk.endpoint not in there:
                await self._push_now(node, (tenant, trunk.trunk_id))

    async def register_again(self, tenant: str, trunk_id: str, node: AriNode) -> None:
        """Put a trunk's registration again; one that runs stays as it is (see trunk_push)."""
        key = (tenant, trunk_id)
        if key in self._changing and self._changing[key].locked():
            return  # it is being put at this moment
        async with self._alone(key) as trunk:
            wanted = objects(trunk).get("registration") if trunk is not None else None
            if trunk is not None and wanted is not None:
                with suppress(AriError, DependencyDown):
                    await node.put_dynamic(CLASS, "registration", trunk.endpoint, wanted)

    async def changed(self, tenant: str, trunk_id: str) -> bool:
        """Wait for a change that is being pushed; return whether there was one, and it is over."""
        lock = self._changing.get((tenant, trunk_id))
        if lock is None or not lock.locked():
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(_CHANGE_LIMIT_S), lock:
                return True
        return False

    async def left_behind(self, node: AriNode, trunk: Trunk) -> frozenset[str]:
        """Return the channels on a node that a trunk has from before its endpoint was made anew.

        Raises:
            DependencyDown: The node does not answer.
        """
        left = self._left.get((trunk.tenant, trunk.trunk_id), {}).get(node.name)
        if not left:
            return frozenset()
        known = frozenset(left)  # more may be left while we ask
        left -= known - {channel.id for channel in await node.get_channels()}
        return frozenset(left)

    @asynccontextmanager
    async def _alone(self, key: Key) -> AsyncIterator[Trunk | None]:
        """Let nobody else change or push a trunk meanwhile; yields what it is now."""
        async with self._changing.setdefault(key, asyncio.Lock()):
            yield self._trunks.get(key)

    async def _push_now(self, node: AriNode, key: Key) -> None:
        # As a change does: of two pushes the later one has the later settings.
        async with self._alone(key) as trunk:
            if trunk is not None:
                await self._push_or_log(node, trunk)

    async def _push_or_log(self, node: AriNode, trunk: Trunk) -> None:
        """Push a trunk; one that Asterisk refuses must not keep the others from working."""
        on_nodes = self._left.setdefault((trunk.tenant, trunk.trunk_id), {})
        try:
            await push(node, trunk, on_nodes.setdefault(node.name, set()))
        except AriError as error:
            _log.error(
                "A node refuses a trunk.",
                extra={
                    "tenant": trunk.tenant,
                    "trunk_id": trunk.trunk_id,
                    "node": node.name,
                    "error": str(error),
                },
            )

    async def _everywhere(self, trunk: Trunk) -> None:
        async def one(node: AriNode) -> None:
            try:
                await self._push_or_log(node, trunk)
            except DependencyDown:
                # The node gets every trunk when it is back.
                _log.info("A trunk waits for its node.", extra={"node": node.name})

        async with asyncio.TaskGroup() as group:
            for node in self._ari.nodes.values():
                group.create_task(one(node))


async def _addresses(host: str) -> list[str]:
    """Return the addresses of a host; none when its name cannot be resolved now."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_LIMIT_S):
            found = await loop.getaddrinfo(host, None, type=socket.SOCK_DGRAM)
    except (OSError, TimeoutError, UnicodeError):
        _log.warning("A trunk's host has no address now.", extra={"host": host})
        return []
    return sorted({str(address[0]).split("%")[0] for *_, address in found})


def _trunk(request: PutTrunkV1, old: Trunk | None) -> Trunk:
    password = request.password
    if password is None:
        password = old.password if old is not None and request.username else ""
    return Trunk(
        request.tenant,
        request.trunk_id,
        request.name,
        request.host,
        request.port,
        request.codecs,
        transport=request.transport,
        sources=request.sources,
        username=request.username,
        password=password if request.username else "",
        from_user=request.from_user,
        from_domain=request.from_domain,
        register_at=request.register_at,
        max_channels=request.max_channels,
        dtmf=request.dtmf,
        qualify_s=request.qualify_s,
        caller_id=request.caller_id,
        is_enabled=request.enabled,
        is_operators=request.is_operators,
    )
