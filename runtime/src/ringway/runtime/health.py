"""Health tells the truth: /livez, /readyz and /metrics.

``/livez`` answers while the event loop turns. ``/readyz`` answers 200 while the service takes
work and each of its dependencies was fine when last seen, else 503 and says which is not.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from ringway.runtime.service import Lifecycle

Provider = Callable[[], bool | str]


class Health:
    """The health of one process. Providers are asked on each request and must not block."""

    def __init__(self, life: Lifecycle, metrics: CollectorRegistry = REGISTRY) -> None:
        self.metrics = metrics
        self._life = life
        self._providers: dict[str, Provider] = {}

    def add(self, name: str, provider: Provider) -> None:
        """Ask ``provider`` about one dependency: True is fine, False or a sentence is not."""
        self._providers[name] = provider

    def livez(self) -> tuple[int, dict[str, Any]]:
        """Return status and body of /livez."""
        return 200, {"alive": True}

    def readyz(self) -> tuple[int, dict[str, Any]]:
        """Return status and body of /readyz."""
        parts: dict[str, str] = {}
        fine = self._life.ready
        for name, provider in self._providers.items():
            answer = provider()
            parts[name] = "ok" if answer is True else (answer or "down")
            fine = fine and answer is True
        state = "stopping" if self._life.stop.is_set() else "serving" if fine else "not ready"
        return (200 if fine else 503), {"ready": fine, "state": state, "parts": parts}

    def metrics_text(self) -> bytes:
        """Return the body of /metrics in Prometheus's text format."""
        return generate_latest(self.metrics)

    @asynccontextmanager
    async def served(
        self, host: str, port: int, extra_routes: Sequence[web.AbstractRouteDef] = ()
    ) -> AsyncIterator[int]:
        """Serve health over HTTP; yields the port, which was chosen freely when ``port`` is 0.

        Raises:
            OSError: The address is taken.
        """
        app = web.Application()
        app.add_routes(
            [
                web.get("/livez", self._get_livez),
                web.get("/readyz", self._get_readyz),
                web.get("/metrics", self._get_metrics),
                *extra_routes,
            ]
        )
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
            yield runner.addresses[0][1]
        finally:
            await runner.cleanup()

    async def _get_livez(self, request: web.Request) -> web.Response:
        status, body = self.livez()
        return web.json_response(body, status=status)

    async def _get_readyz(self, request: web.Request) -> web.Response:
        status, body = self.readyz()
        return web.json_response(body, status=status)

    async def _get_metrics(self, request: web.Request) -> web.Response:
        return web.Response(body=self.metrics_text(), headers={"Content-Type": CONTENT_TYPE_LATEST})
