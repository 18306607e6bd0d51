"""Which Asterisk nodes are being emptied, so that they can be shut down without losing a call.

One key in NATS says it, so every process of every service knows within a moment, a restart
forgets nothing, and of two who ask at once the second sees what the first has done.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter, ValidationError

from ringway.runtime.bus import Bus, WrongRevision
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import BusDown

_log = logging.getLogger("ringway.runtime.draining")

BUCKET = "nodes"
_KEY = "draining"
_AGAIN_S = 0.5
_TRIES = 20

# Called with the nodes that would be drained beside the new one; raises to refuse.
Check = Callable[[Mapping[str, "Drain"]], None]


class Drain(BaseModel):
    """Since when a node is drained, and who asked for it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    since: AwareDatetime
    by: str = ""


_STORED = TypeAdapter(dict[str, Drain])


class Draining:
    """The nodes that are being drained, kept current by ``run``.

    Args:
        on_change: Told of the nodes' names at the first look and after each change.
    """

    def __init__(self, bus: Bus, on_change: Callable[[frozenset[str]], Any]) -> None:
        self.nodes: Mapping[str, Drain] = {}
        self.known = asyncio.Event()  # NATS has told at least once
        self._bucket = bus.kv(BUCKET)
        self._on_change = on_change

    async def run(self) -> None:
        """Worker: follow what is stored."""
        while True:
            async for _ in self._bucket.watch(_KEY):
                try:
                    self._learn((await self._read())[0])
                except BusDown as down:
                    # The watch ends with the same connection and begins again.
                    _log.debug("The nodes cannot be looked at.", extra={"reason": str(down)})
            await asyncio.sleep(_AGAIN_S)

    async def drain(self, node: str, by: str, check: Check) -> Drain:
        """Drain a node from now on; one that is drained already stays as it is.

        Args:
            check: Told of the other nodes that are drained, of this moment.

        Raises:
            BusDown: Nobody knows whether it was stored.
        """
        for _ in range(_TRIES):
            nodes, revision = await self._read()
            if (known := nodes.get(node)) is not None:
                self._learn(nodes)
                return known
            check(nodes)
            drain = Drain(since=utcnow(), by=by)
            if await self._write({**nodes, node: drain}, revision):
                return drain
        raise BusDown("the nodes are changed by others all the time")

    async def undrain(self, node: str) -> None:
        """Let a node serve again; a repeat does nothing.

        Raises:
            BusDown: Nobody knows whether it was stored.
        """
        for _ in range(_TRIES):
            nodes, revision = await self._read()
            if node not in nodes:
                self._learn(nodes)
                return
            rest = {name: drain for name, drain in nodes.items() if name != node}
            if await self._write(rest, revision):
                return
        raise BusDown("the nodes are changed by others all the time")

    async def _read(self) -> tuple[dict[str, Drain], int]:
        entry = await self._bucket.get(_KEY)
        if entry is None or entry.value is None:
            return {}, 0
        try:
            return _STORED.validate_json(entry.value), entry.revision
        except ValidationError:
            _log.exception("What is stored of the nodes cannot be read.")
            return {}, entry.revision

    async def _write(self, nodes: dict[str, Drain], revision: int) -> bool:
        try:
            if revision:
                await self._bucket.update(_KEY, _STORED.dump_json(nodes), last=revision)
            else:
                await self._bucket.create(_KEY, _STORED.dump_json(nodes))
        except WrongRevision:
            return False
        self._learn(nodes)
        return True

    def _learn(self, nodes: Mapping[str, Drain]) -> None:
        if not self.known.is_set() or nodes != self.nodes:
            self.nodes = dict(nodes)
            _log.info("The drained nodes are known.", extra={"nodes": sorted(nodes)})
            self._on_change(frozenset(nodes))
        self.known.set()
