"""An endpoint of an integrator, and the workers that tell it of events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web
from aiohttp.abc import AbstractResolver
from tests.support.crm import Crm
from tests.support.waiting import eventually

from ringway.crm_api.core.webhooks.signature import is_signed
from ringway.crm_api.webhooks.dispatch import DURABLE, Dispatcher
from ringway.crm_api.webhooks.sender import Sender
from ringway.crm_api.webhooks.worker import DeliveryWorker
from ringway.runtime.bus.connection import ApiRefused
from ringway.runtime.outbox import OutboxRelay
from ringway.runtime.tasks import TaskSet

HOST = "127.0.0.1"


@dataclass
class Told:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    body: str

    @property
    def event(self) -> dict[str, Any]:
        return dict(orjson.loads(self.body))

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed(self, secret: str) -> bool:
        return is_signed(
            self.headers["webhook-signature"],
            secret,
            message_id=self.id,
            timestamp=int(self.headers["webhook-timestamp"]),
            body=self.body,
        )


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """A real HTTP server; ``answers`` are by path, others are told 204."""

    port: int = 0
    told: list[Told] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def url(self, path: str = "/hook") -> str:
        return f"http://{HOST}:{self.port}{path}"

    def at(self, path: str) -> list[Told]:
        return [each for each in self.told if each.path == path]

    async def wait(self, count: int, path: str = "/hook") -> list[Told]:
        await eventually(
            lambda: len(self.at(path)) >= count, within_s=20, what=lambda: repr(self.told)
        )
        return self.at(path)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.told.append(Told(request.path, headers, body))
        answer = self.answers.get(request.path)
        return await answer(request) if answer is not None else web.Response(status=204)


@asynccontextmanager
async def receiver() -> AsyncIterator[Receiver]:
    """Serve on a free port for as long as the context lasts."""
    made = Receiver()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", made.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, 0)
        await site.start()
        made.port = runner.addresses[0][1]
        yield made
    finally:
        await runner.cleanup()


def says(status: int, **more: Any) -> Answer:
    """Return an answer with this status."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, **more)

    return answer


@asynccontextmanager
async def telling(
    crm: Crm, *, resolver: AbstractResolver | None = None, limit_s: float = 15, hold_s: float = 60
) -> AsyncIterator[None]:
    """Run what tells endpoints of facts, from the first fact after this on."""
    deps = crm.deps
    hosts = frozenset(deps.settings.webhook_inside_hosts)
    async with (
        Sender.open(hosts, deps.monotonic, resolver=resolver, limit_s=limit_s) as sender,
        TaskSet("telling") as tasks,
    ):
        dispatcher = Dispatcher(deps.pool, deps.webhooks, deps.now)
        tasks.spawn(dispatcher.run(deps.bus), name="dispatch")
        tasks.spawn(DeliveryWorker(deps, sender, hold_s=hold_s).run(), name="deliver")
        tasks.spawn(OutboxRelay(deps.pool, deps.bus, "crm").run(), name="outbox")
        await eventually(lambda: _listens(crm), within_s=20, what=lambda: "the consumer is there")
        yield


async def _listens(crm: Crm) -> bool:
    epoch = await crm.deps.bus.connection.wait_up(10)
    try:
        await epoch.api(f"CONSUMER.INFO.FACTS.{DURABLE}")
    except ApiRefused:
        return False
    return True
