"""Entry point: ``python -m ringway.acd``."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from ringway.acd.app import Acd
from ringway.acd.config import Settings
from ringway.acd.front.arrivals import Arrivals
from ringway.acd.front.requests_voicemail import VoicemailRequests
from ringway.acd.gauges import show_live
from ringway.acd.links import Links
from ringway.acd.nodes import NodeWatch
from ringway.acd.presence import Presence
from ringway.acd.quality import QualityWatch
from ringway.acd.replicas import Replicas
from ringway.acd.requests import Requests
from ringway.acd.requests_conference import ConferenceRequests
from ringway.acd.requests_config import ConfigRequests
from ringway.acd.requests_desk import DeskRequests
from ringway.acd.requests_nodes import NodeRequests
from ringway.acd.requests_supervision import SupervisionRequests
from ringway.acd.requests_talk import TalkRequests
from ringway.acd.requests_trunks import TrunkRequests
from ringway.acd.tenant_deletion import TenantDeletion
from ringway.runtime.ari import AriClient
from ringway.runtime.bus import Bus, FactWriter
from ringway.runtime.draining import Draining
from ringway.runtime.health import Health
from ringway.runtime.leases import Leases
from ringway.runtime.postgres import Pool
from ringway.runtime.service import Lifecycle, main, serve, signals_stop
from ringway.runtime.tasks import TaskSet

# What is in a room is what we have put there: its events would be a third of all.
UNWANTED = (
    "BridgeCreated",
    "BridgeDestroyed",
    "ChannelEnteredBridge",
    "ChannelLeftBridge",
    "PlaybackStarted",
    "RecordingStarted",
)


async def run(settings: Settings) -> None:
    """Open everything in the order it is needed; the stack closes it in reverse."""
    life = Lifecycle()
    health = Health(life)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(signals_stop(life))
        await stack.enter_async_context(health.served(settings.health_host, settings.health_port))
        pool = await stack.enter_async_context(
            Pool.open(settings.postgres_dsn, application_name="acd")
        )
        bus = await stack.enter_async_context(
            Bus.open(
                settings.nats_url,
                user=settings.nats_user,
                password=settings.nats_password.get_secret_value(),
                name=settings.app,
            )
        )
        ari = await stack.enter_async_context(
            AriClient.open(settings.ari_nodes, settings.app, UNWANTED)
        )
        tasks = await stack.enter_async_context(TaskSet("acd"))
        leases = Leases(
            bus,
            settings.app,
            ttl_s=settings.lease_ttl_s,
            on_lost=lambda lease: acd.lease_lost(lease),
        )
        ari.fence(lambda: leases.is_fenced)
        writer = FactWriter(bus, fence=lambda: leases.is_fenced)
        acd = Acd(settings, pool, bus, ari, leases, writer, tasks)
        stack.push_async_callback(acd.close)
        replicas = Replicas(
            acd,
            leases,
            bus,
            pool,
            writer,
            ttl_s=settings.lease_ttl_s,
            leave_s=settings.drain_timeout_s,
        )
        Links(acd, ari)
        arrivals = Arrivals(acd, ari, pool, acd.outbound, tasks)
        show_live(acd, arrivals)
        presence = Presence(acd, bus)
        nodes = NodeWatch(acd, ari)
        draining = Draining(bus, nodes.drain)
        responders = (
            Requests(acd),
            ConfigRequests(acd),
            TrunkRequests(acd),
            TalkRequests(acd, ari),
            SupervisionRequests(acd),
            DeskRequests(acd),
            ConferenceRequests(acd),
            VoicemailRequests(acd, arrivals),
            NodeRequests(ari, draining),
            TenantDeletion(acd, pool),
        )

        started = asyncio.Event()

        async def until_stored(tenant: str) -> None:
            if (runner := acd.runners.get(tenant)) is not None:
                await runner.until_stored()

        async def asterisk() -> None:
            # The floors first: the reconciliation at connect needs to know what was.
            await replicas.first_look()
            await draining.known.wait()
            await bus.forward("acd", settings.app, acd.holder)
            bus.settle_before_answers("acd", until_stored)
            for part in responders:
                await part.serve(bus)
            started.set()
            await ari.run()

        async def after_start() -> None:
            await started.wait()
            await replicas.run()

        health.add("postgres", lambda: pool.healthy)
        health.add("nats", lambda: bus.healthy)
        health.add("asterisk", ari.health)
        health.add("facts", lambda: writer.healthy)
        await serve(
            life,
            {
                "leases": leases.run,
                "keeper": acd.keep_leases,
                "replicas": after_start,
                "facts": writer.run,
                "asterisk": asterisk,
                "presence": presence.run,
                "trunks": acd.trunk_watch.run,
                "nodes": nodes.run,
                "draining": draining.run,
                "quality": QualityWatch(acd, settings.quality_every_s).run,
            },
            drain=replicas.leave,
            drain_timeout_s=settings.drain_timeout_s,
        )


if __name__ == "__main__":
    main(run, Settings, "acd")
