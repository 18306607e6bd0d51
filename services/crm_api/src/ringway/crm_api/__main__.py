"""Start the CRM API: ``python -m ringway.crm_api``."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import timedelta

import aiohttp
import uvicorn

from ringway.crm_api.alarms.watch import AlarmWatch, TrunkAlarms
from ringway.crm_api.app import create_app
from ringway.crm_api.audit import intents
from ringway.crm_api.auth.guard import Guard
from ringway.crm_api.auth.keys import Keys
from ringway.crm_api.auth.limiter import RateLimiter
from ringway.crm_api.auth.lockout import Turns
from ringway.crm_api.auth.passwords import Passwords
from ringway.crm_api.auth.tokens import Tokens
from ringway.crm_api.auth.vault import Vault
from ringway.crm_api.config import Settings
from ringway.crm_api.customer_files.reader import FileReader
from ringway.crm_api.customer_files.worker import JobWorker
from ringway.crm_api.customers.hand_overs import HandOverWorker
from ringway.crm_api.customers.worker import CustomerWorker
from ringway.crm_api.deletion.worker import DeletionWorker
from ringway.crm_api.deps import Deps
from ringway.crm_api.events.hub import PresenceHub
from ringway.crm_api.imports.runner import ImportRunner
from ringway.crm_api.member_cards.verifier import CardVerifier
from ringway.crm_api.objects import key_columns, retention
from ringway.crm_api.objects.answering import Lookups
from ringway.crm_api.opening import service as opening
from ringway.crm_api.projector import Projector
from ringway.crm_api.protocol import Protocol
from ringway.crm_api.queriers.worker import QuerierWorker
from ringway.crm_api.questionnaires.responder import QuestionnaireResponder
from ringway.crm_api.recordings.media import RecorderMedia
from ringway.crm_api.rights import Rights
from ringway.crm_api.sso.provider import Providers
from ringway.crm_api.teams.teller import TeamTeller
from ringway.crm_api.tenants.service import ensure_platform
from ringway.crm_api.virtual_operators.pushing import OperatorTrunkWorker
from ringway.crm_api.webhooks.dispatch import Dispatcher
from ringway.crm_api.webhooks.endpoints import Endpoints
from ringway.crm_api.webhooks.sender import Sender
from ringway.crm_api.webhooks.worker import DeliveryWorker
from ringway.crm_api.work_orders.worker import WorkOrderWorker
from ringway.runtime.bus import Bus
from ringway.runtime.clock import utcnow
from ringway.runtime.errors import PostgresDown
from ringway.runtime.health import Health
from ringway.runtime.outbox import OutboxRelay
from ringway.runtime.postgres import Pool
from ringway.runtime.service import Lifecycle, main, serve, signals_stop

_log = logging.getLogger("ringway.crm_api")

_PRUNE_EVERY_S = 600.0
_POOL_SIZE = 16


class _Server(uvicorn.Server):
    """Signals belong to the lifecycle, not to the HTTP server."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def run(settings: Settings) -> None:
    """Open everything in the order it is needed; the stack closes it in reverse."""
    life = Lifecycle()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(signals_stop(life))
        deps = await stack.enter_async_context(open_deps(settings, life))
        server = _Server(_http_config(settings, deps))
        projector = Projector(deps.pool, deps.now)
        await QuestionnaireResponder(deps.pool, deps.now).attach(deps.bus)
        await CardVerifier(deps.pool, deps.passwords, deps.now).attach(deps.bus)
        await Lookups(deps.pool, deps.now).attach(deps.bus)
        sender = await stack.enter_async_context(
            Sender.open(frozenset(settings.webhook_inside_hosts), deps.monotonic)
        )

        answered = asyncio.Event()
        # Ready means that the first sign-in works.
        has_admin = asyncio.Event()
        deps.health.add("admin", lambda: has_admin.is_set() or "the first admin is being made")

        async def http() -> None:
            await server.serve()
            answered.set()
            if life.stop.is_set():
                await asyncio.Event().wait()  # the other workers go on until they are cancelled

        async def drain() -> None:
            server.should_exit = True  # no new connections; requests in progress are answered
            await answered.wait()

        await serve(
            life,
            {
                "http": http,
                "projector": lambda: projector.run(deps.bus),
                "outbox": OutboxRelay(deps.pool, deps.bus, "crm").run,
                "teams": TeamTeller(deps.pool, deps.bus, deps.now).run,
                "customers": CustomerWorker(deps.pool, deps.now).run,
                "hand-overs": HandOverWorker(deps).run,
                "webhooks": lambda: Dispatcher(deps.pool, deps.webhooks, deps.now).run(deps.bus),
                "deliveries": DeliveryWorker(deps, sender).run,
                "deletion": DeletionWorker(deps).run,
                "lent trunks": OperatorTrunkWorker(deps).run,
                "customer jobs": JobWorker(deps).run,
                "queriers": QuerierWorker(deps).run,
                "indexes": lambda: key_columns.build(deps.pool),
                "attached data": lambda: retention.run(
                    deps.pool, deps.now, timedelta(days=settings.attached_data_days)
                ),
                "work_orders": WorkOrderWorker(deps).run,
                "alarms": AlarmWatch(deps).run,
                "trunk alarms": lambda: TrunkAlarms(deps).run(deps.bus),
                "housekeeping": lambda: _keep_house(deps, has_admin),
            },
            drain=drain,
            drain_timeout_s=settings.drain_timeout_s,
        )


@asynccontextmanager
async def open_deps(settings: Settings, life: Lifecycle) -> AsyncIterator[Deps]:
    """Open the parts of this process."""
    loop = asyncio.get_running_loop()
    async with (
        Pool.open(
            settings.postgres_dsn, max_size=_POOL_SIZE, application_name="ringway-crm_api"
        ) as pool,
        Bus.open(
            settings.nats_url,
            user=settings.nats_user,
            password=settings.nats_password.get_secret_value(),
            name=f"crm_api-{settings.replica}",
        ) as bus,
        aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=3, sock_read=30),
            auto_decompress=False,
        ) as http,
    ):
        health = Health(life)
        health.add("postgres", lambda: pool.healthy)
        health.add("nats", lambda: bus.healthy)
        hub = PresenceHub()
        await hub.attach(bus)
        yield Deps(
            settings=settings,
            pool=pool,
            bus=bus,
            health=health,
            passwords=Passwords(),
            tokens=Tokens(
                settings.token_secret.get_secret_value(), access_s=settings.access_token_s
            ),
            guard=Guard(pool, loop.time),
            rights=Rights(pool, loop.time),
            turns=Turns(),
            vault=_vault(settings),
            keys=Keys(pool, loop.time),
            providers=Providers(frozenset(settings.sso_inside_hosts), loop.time),
            request_limiter=RateLimiter(burst=settings.request_burst, rate=settings.request_rate),
            refusal_limiter=RateLimiter(burst=settings.refusal_burst, rate=settings.refusal_rate),
            sign_in_limiter=RateLimiter(burst=settings.sign_in_burst, rate=settings.sign_in_rate),
            importer=ImportRunner(),
            file_reader=FileReader(),
            job_waits=asyncio.Event(),
            hub=hub,
            webhooks=Endpoints(pool, loop.time),
            media=RecorderMedia(
                http, settings.recorder_url, settings.media_secret.get_secret_value()
            ),
            now=utcnow,
            monotonic=loop.time,
        )


def _vault(settings: Settings) -> Vault:
    previous = settings.vault_secret_previous
    return Vault(
        (settings.vault_secret or settings.token_secret).get_secret_value(),
        previous.get_secret_value() if previous is not None else None,
    )


def _http_config(settings: Settings, deps: Deps) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(deps),
        host=settings.http_host,
        port=settings.http_port,
        http=Protocol,
        ws="websockets-sansio",
        ws_max_size=65_536,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=max(1, int(settings.drain_timeout_s)),
    )


async def _keep_house(deps: Deps, has_admin: asyncio.Event) -> None:
    """Make the platform's first admin, then remove what has no more use, for ever."""
    while True:
        try:
            await ensure_platform(deps)
            has_admin.set()
            break
        except PostgresDown:
            await asyncio.sleep(1)
    while True:
        try:
            async with deps.pool.platform() as conn:
                removed = await conn.fetchval(
                    "SELECT crm.prune($1) + crm.prune_sign_in($1) + crm.prune_webhooks($1)"
                    " + crm.prune_member_cards($1)"
                    " + crm.prune_queriers($1) + crm.prune_callback_hand_overs($1)"
                    " + crm.prune_alarms($1)",
                    deps.now(),
                )
            _log.debug("Housekeeping done.", extra={"rows": removed})
            await intents.sweep(deps.pool, deps.now())
            await opening.clear_all(deps)
        except PostgresDown as error:
            _log.debug("Housekeeping waits.", extra={"reason": str(error)})
        await asyncio.sleep(_PRUNE_EVERY_S)


if __name__ == "__main__":
    main(run, Settings, "crm_api")
