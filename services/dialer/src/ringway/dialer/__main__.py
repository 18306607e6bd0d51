"""Entry point: ``python -m ringway.dialer``."""

from __future__ import annotations

from contextlib import AsyncExitStack

from ringway.dialer.announcements import AnnouncementRequests
from ringway.dialer.app import Dialer
from ringway.dialer.books import SCHEMA
from ringway.dialer.callback_requests import CallbackRequests
from ringway.dialer.caller_requests import CallerRequests
from ringway.dialer.config import Settings
from ringway.dialer.law_requests import LawRequests
from ringway.dialer.lead_requests import LeadRequests
from ringway.dialer.listener import Listener
from ringway.dialer.outbound_stop import OutboundStops
from ringway.dialer.preview_requests import PreviewRequests
from ringway.dialer.removals import Removals
from ringway.dialer.requests import Requests
from ringway.proto.acd import CampaignAgentsV1
from ringway.proto.tenant_deletion import DeleteDialerTenantV1
from ringway.runtime.ari import AriClient
from ringway.runtime.bus import Bus
from ringway.runtime.draining import Draining
from ringway.runtime.health import Health
from ringway.runtime.leases import Leases
from ringway.runtime.outbox import OutboxRelay
from ringway.runtime.postgres import Pool
from ringway.runtime.service import Lifecycle, main, serve, signals_stop
from ringway.runtime.tasks import TaskSet
from ringway.runtime.tenant_rows import TenantRows


async def run(settings: Settings, life: Lifecycle | None = None) -> None:
    """Open everything in the order it is needed; the stack closes it in reverse.

    Args:
        life: Given by a test that stops the service itself; signals do otherwise.
    """
    async with AsyncExitStack() as stack:
        if life is None:
            life = Lifecycle()
            await stack.enter_async_context(signals_stop(life))
        health = Health(life)
        await stack.enter_async_context(health.served(settings.health_host, settings.health_port))
        pool = await stack.enter_async_context(
            Pool.open(settings.postgres_dsn, application_name="dialer")
        )
        bus = await stack.enter_async_context(
            Bus.open(
                settings.nats_url,
                user=settings.nats_user,
                password=settings.nats_password.get_secret_value(),
                name=settings.app,
            )
        )
        ari = await stack.enter_async_context(AriClient.open(settings.ari_nodes, settings.app))
        leases = Leases(bus, settings.app, settings.lease_ttl_s)
        tasks = await stack.enter_async_context(TaskSet("dialer"))
        listener = await stack.enter_async_context(
            Listener.open(settings.listen_host, settings.listen_port, settings.listen_advertised)
        )
        dialer = Dialer(settings, pool, bus, ari, leases, tasks, listener)

        await Requests(pool, dialer.look_soon).serve(bus)
        await OutboundStops(pool, dialer.look_soon).serve(bus)
        await CallerRequests(pool).serve(bus)
        callbacks = CallbackRequests(pool)
        await callbacks.serve(bus)
        law = LawRequests(pool, settings.proof_keep_days)
        await law.serve(bus)
        await LeadRequests(pool).serve(bus)
        removals = Removals(pool)
        await removals.serve(bus)
        await AnnouncementRequests(pool).serve(bus)
        await bus.respond(DeleteDialerTenantV1, TenantRows(pool, SCHEMA).delete)
        await PreviewRequests(dialer.runners_of, dialer.may_run).serve(bus)
        await bus.subscribe(CampaignAgentsV1, dialer.on_agents)
        health.add("postgres", lambda: pool.healthy)
        health.add("nats", lambda: bus.healthy)
        health.add("asterisk", ari.health)

        async def drain() -> None:
            await dialer.until_quiet()
            await leases.release_all()

        await serve(
            life,
            {
                "asterisk": ari.run,
                "leases": leases.run,
                "draining": Draining(bus, dialer.switchboard.drain).run,
                "books": dialer.books.run,
                "callers": dialer.callers.run,
                "outbox": OutboxRelay(pool, bus, SCHEMA).run,
                "outcomes": dialer.consume_outcomes,
                "parts": dialer.watch_parts,
                "campaigns": dialer.run_campaigns,
                "clean": dialer.clean,
                "law": law.clean,
                "removals": removals.clean,
                "callbacks": callbacks.sweep,
            },
            drain=drain,
            drain_timeout_s=settings.drain_timeout_s,
        )


if __name__ == "__main__":
    main(run, Settings, "dialer")
