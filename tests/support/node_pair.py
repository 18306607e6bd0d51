"""A centre on two Asterisk nodes, and what is left on them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from tests.support.acd_centre import AcdCentre, acd_centre, acd_environment
from tests.support.asterisk import RealAsterisk, real_asterisk
from tests.support.cut_proxy import CutProxy
from tests.support.nats import NatsServer
from tests.support.postgres import Database
from tests.support.waiting import eventually

Proxied = Callable[[int], AbstractAsyncContextManager[CutProxy]]


@dataclass(slots=True)
class NodePair:
    """``here`` has the trunk that customers come by, ``there`` nothing but agents' phones."""

    centre: AcdCentre
    there: RealAsterisk

    @property
    def here(self) -> RealAsterisk:
        return self.centre.asterisk

    def phones_at(self, node: RealAsterisk) -> dict[str, Any]:
        """Return how a phone is opened that knows this node only."""
        return {"registrar": ("127.0.0.1", node.sip_port)}

    @property
    def over_there(self) -> dict[str, Any]:
        return self.phones_at(self.there)

    async def ids(self, node: RealAsterisk) -> list[str]:
        """Return the channels and rooms of a node; where music plays is no room."""
        found: list[str] = []
        async with node.http() as session:
            for kind in ("channels", "bridges"):
                async with session.get(f"{node.ari_url}/ari/{kind}") as answer:
                    found += [
                        each["id"]
                        for each in await answer.json()
                        if each.get("bridge_type") != "holding"
                    ]
        return found

    async def links(self, *nodes: RealAsterisk) -> list[str]:
        """Return both ends of the calls between the nodes, by their names in Asterisk."""
        return [
            line.partition("!")[0]
            for node in nodes or (self.here, self.there)
            for line in (await node.command("core show channels concise")).splitlines()
            if "/node-" in line
        ]

    async def has_one_link(self) -> bool:
        return len(await self.links()) == 2

    async def has_no_links(self) -> bool:
        return not await self.links()

    async def has_no_links_here(self) -> bool:
        return not await self.links(self.here)

    async def is_whole(self) -> bool:
        """Whether the ACD is done with both nodes, and each can call the other."""
        for node, other in ((self.here, self.there), (self.there, self.here)):
            said = await node.command(f"pjsip show endpoint node-{other.node}")
            if "Unable to find" in said or await self.measure("connected", node.node) != 1:
                return False
        return True

    async def measure(self, name: str, of: str = "") -> float:
        """Return one of the ACD's own figures; 0 when it has none."""
        url = self.centre.health.replace("/readyz", "/metrics")
        async with aiohttp.ClientSession() as session, session.get(url) as answer:
            for line in (await answer.text()).splitlines():
                if line.partition("{")[0].partition(" ")[0].endswith(name) and of in line:
                    return float(line.rpartition(" ")[2])
        return 0.0

    async def break_link(self) -> None:
        """End the only link as a network would: by one of its channels."""
        (name,) = [each for each in await self.links() if f"/node-{self.here.node}-" in each]
        await self.there.command(f"channel request hangup {name}")

    async def until_empty(self) -> None:
        """Wait until nothing is left on either node."""
        left: list[str] = []

        async def is_so() -> bool:
            left[:] = [*await self.ids(self.here), *await self.ids(self.there)]
            return not left

        await eventually(is_so, within_s=15, what=lambda: f"nothing is left, not {left}")


@asynccontextmanager
async def node_pair(
    folder: Path, database: Database, nats: NatsServer, proxied: Proxied | None = None
) -> AsyncIterator[NodePair]:
    """Start two nodes and an ACD that knows both.

    Args:
        proxied: What the ACD reaches the first node through; gets the port of its ARI.
    """
    async with AsyncExitStack() as stack:
        there = await stack.enter_async_context(real_asterisk(folder / "b", node="ast-1"))
        centre = await stack.enter_async_context(acd_centre(folder, database, nats, proxied))
        port = int(centre.health.rsplit(":", 1)[1].split("/")[0])
        centre.acd.kill()
        here = _node(centre.asterisk)
        if centre.proxy is not None:
            here["url"] = f"http://127.0.0.1:{centre.proxy.port}"
        both = json.dumps([here, _node(there)])
        centre.acd._environment = acd_environment(
            centre.asterisk, database, nats, port, ari_nodes=both
        )
        await centre.start_acd()
        pair = NodePair(centre, there)
        await eventually(pair.is_whole, within_s=30, what="both nodes are connected")
        yield pair


def _node(asterisk: RealAsterisk) -> dict[str, str]:
    return {
        "name": asterisk.node,
        "url": asterisk.ari_url,
        "username": "acd",
        "password": asterisk.passwords["acd"],
        "sip": f"127.0.0.1:{asterisk.sip_port}",
    }
