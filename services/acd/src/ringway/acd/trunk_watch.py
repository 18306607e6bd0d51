"""How trunks are: reachable, registered, and how many calls are on them.

ARI tells an endpoint's state and channels, but only to those who also want every channel event of
it; so this asks every two seconds. ARI knows nothing of registrations: Asterisk's page of metrics
does. With several nodes a trunk works while it works on one of them.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from prometheus_client import Gauge

from ringway.acd.core.trunk import Trunk
from ringway.acd.trunks import Key, Trunks
from ringway.proto.acd import TrunkStateChangedV1
from ringway.runtime.ari import AriClient, AriError, AriNode, AriNotFound
from ringway.runtime.bus import FactWriter
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import DependencyDown

_log = logging.getLogger("ringway.acd.trunk_watch")
_up = Gauge("acd_trunk_up", "1 while a trunk works, 0 while it does not.", ["tenant", "trunk_id"])

_LOOK_S = 2.0
_RESOLVE_S = 300.0
_ASKS_AT_ONCE = 8
# A look may fall into the moment between a change and the answer to the first OPTIONS or REGISTER.
_DOWN_AFTER_S = 1.5
# A registration is answered within a second or two, and asked for anew every 20 s when it is not.
_AGAIN_AFTER_S = 4.0
_AGAIN_EVERY_S = 30.0

Registrations = Mapping[str, Mapping[str, bool]]
"""By node, and by who registers there; only nodes that could tell."""


@dataclass(frozen=True, slots=True)
class TrunkState:
    """How a trunk is. ``None``: not asked for by its settings, or no node could tell."""

    is_reachable: bool | None = None
    is_registered: bool | None = None

    @property
    def is_up(self) -> bool:
        """Whether nothing speaks against sending calls to it."""
        return self.is_reachable is not False and self.is_registered is not False


class TrunkWatch:
    """Looks at every trunk, tells of changes, and answers how one is."""

    def __init__(self, trunks: Trunks, ari: AriClient, writer: FactWriter) -> None:
        self._trunks = trunks
        self._ari = ari
        self._writer = writer
        self._told: dict[Key, TrunkState] = {}
        self._bad_since: dict[Key, float] = {}
        self._blind: set[str] = set()
        self._again_at: dict[tuple[Key, str], float] = {}  # by node: when to put a registration

    def state(self, tenant: str, trunk_id: str) -> TrunkState:
        """Return how a trunk was when last looked at."""
        return self._told.get((tenant, trunk_id), TrunkState())

    async def run(self) -> None:
        """Worker: look at every trunk for ever, and now and then up its host's address."""
        loop = asyncio.get_running_loop()
        resolve_at = loop.time() + _RESOLVE_S
        while True:
            await self.look_at_all()
            if loop.time() >= resolve_at:
                with suppress(DependencyDown):
                    await self._trunks.resolve_again()
                resolve_at = loop.time() + _RESOLVE_S
            await asyncio.sleep(_LOOK_S)

    async def look_at_all(self) -> None:
        """Look once at every trunk whose settings ask for it."""
        watched = {
            key: trunk
            for key, trunk in self._trunks.all.items()
            if trunk.is_enabled and (trunk.qualify_s or trunk.register_at)
        }
        for key in self._bad_since.keys() - watched.keys():
            del self._bad_since[key]
        for key in self._told.keys() - watched.keys():
            del self._told[key]
            _up.remove(*key)
        for key, node in list(self._again_at):
            if key not in watched:
                del self._again_at[key, node]
        if not watched:
            return
        registrations = await self._registrations(any(t.register_at for t in watched.values()))
        gate = asyncio.Semaphore(_ASKS_AT_ONCE)

        async def one(key: Key, trunk: Trunk) -> None:
            async with gate:
                self._settle(key, await self._state(trunk, registrations))
                for name, page in (registrations or {}).items():
                    await self._keep_registered(trunk, name, page)

        async with asyncio.TaskGroup() as group:
            for key, trunk in watched.items():
                group.create_task(one(key, trunk))

    async def look(self, trunk: Trunk) -> tuple[TrunkState, int]:
        """Look at one trunk now; return its state and its active channels."""
        if not trunk.is_enabled:
            return TrunkState(), await self.active(trunk)
        registrations = await self._registrations(trunk.register_at)
        return await self._state(trunk, registrations), await self.active(trunk)

    async def active(self, trunk: Trunk) -> int:
        """Return how many channels are on a trunk, over all nodes that answer."""
        return len(await self.channels(trunk))

    async def channels(self, trunk: Trunk) -> frozenset[str]:
        """Return the channels on a trunk, over all nodes that answer."""
        found: set[str] = set()
        for node in self._connected():
            with suppress(AriError, DependencyDown):
                found.update((await node.endpoint("PJSIP", trunk.endpoint)).channel_ids)
            with suppress(AriError, DependencyDown):  # last: it may be made anew at this moment
                found.update(await self._trunks.left_behind(node, trunk))
        return frozenset(found)

    # -- inside --------------------------------------------------------------------------------

    def _connected(self) -> list[AriNode]:
        return [node for node in self._ari.nodes.values() if node.connected]

    async def _state(self, trunk: Trunk, registrations: Registrations | None) -> TrunkState:
        is_registered: bool | None = None
        if trunk.registration is not None and registrations is not None:
            # What is not in it was not answered yet.
            client = trunk.registration[0]
            is_registered = any(page.get(client, False) for page in registrations.values())
        return TrunkState(await self._reachable(trunk), is_registered)

    async def _keep_registered(self, trunk: Trunk, node: str, page: Mapping[str, bool]) -> None:
        """Put a registration again that does not stand: Asterisk may have let go of it."""
        now, key = asyncio.get_running_loop().time(), (trunk.tenant, trunk.trunk_id)
        if trunk.registration is None or page.get(trunk.registration[0], False):
            self._again_at.pop((key, node), None)
        elif now >= self._again_at.setdefault((key, node), now + _AGAIN_AFTER_S):
            self._again_at[key, node] = now + _AGAIN_EVERY_S
            await self._trunks.register_again(*key, self._ari.nodes[node])

    async def _reachable(self, trunk: Trunk) -> bool | None:
        if not trunk.qualify_s:
            return None
        answers = []
        for node in self._connected():
            try:
                answers.append((await node.endpoint("PJSIP", trunk.endpoint)).state == "online")
            except (AriError, DependencyDown):
                continue
        return any(answers) if answers else None

    async def _registrations(self, is_wanted: bool) -> Registrations | None:
        """Return which registrations stand on which node; ``None`` when no node could tell."""
        if not is_wanted:
            return None
        found: dict[str, Mapping[str, bool]] = {}
        for node in self._connected():
            try:
                found[node.name] = await node.registrations()
            except (AriError, DependencyDown) as error:
                if isinstance(error, AriNotFound) and node.name not in self._blind:
                    self._blind.add(node.name)  # said once: an older configuration stays so
                    _log.warning("A node shows no registrations.", extra={"node": node.name})
        return found or None

    def _settle(self, key: Key, state: TrunkState) -> None:
        told = self._told.get(key)
        if not state.is_up and (told is None or told.is_up):
            now = asyncio.get_running_loop().time()
            if now - self._bad_since.setdefault(key, now) < _DOWN_AFTER_S:
                return
        self._bad_since.pop(key, None)
        self._told[key] = state
        _up.labels(*key).set(state.is_up)
        if state.is_up == (told is None or told.is_up):
            return
        tenant, trunk_id = key
        _log.log(
            logging.INFO if state.is_up else logging.WARNING,
            "A trunk works again." if state.is_up else "A trunk does not work.",
            extra={"tenant": tenant, "trunk_id": trunk_id},
        )
        self._writer.put(
            TrunkStateChangedV1(
                occurred_at=utcnow(),
                tenant=tenant,
                trunk_id=trunk_id,
                is_up=state.is_up,
                is_reachable=state.is_reachable,
                is_registered=state.is_registered,
            )
        )
