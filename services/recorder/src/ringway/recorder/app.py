"""Puts the recorder together."""

from __future__ import annotations

import logging
from contextlib import AsyncExitStack

from ringway.proto.acd import InteractionDisconnectedV1
from ringway.proto.acd_calls import InteractionFinishedV1
from ringway.proto.base import Fact
from ringway.proto.tenant_deletion import DeleteRecorderTenantV1
from ringway.recorder.audio_store import AudioStore, FolderStore
from ringway.recorder.collector import Collector
from ringway.recorder.config import Settings
from ringway.recorder.job_store import SCHEMA, JobStore
from ringway.recorder.media import MediaServer
from ringway.recorder.recording_store import RecordingStore
from ringway.recorder.source import AriSource
from ringway.recorder.sweeper import Sweeper
from ringway.runtime.ari import AriClient, AriNode
from ringway.runtime.bus import Bus, Refused
from ringway.runtime.health import Health
from ringway.runtime.outbox import OutboxRelay
from ringway.runtime.postgres import Pool
from ringway.runtime.service import Lifecycle, serve
from ringway.runtime.tenant_rows import TenantRows

_log = logging.getLogger("ringway.recorder")

DURABLE = "recorder"


async def run(settings: Settings, life: Lifecycle) -> None:
    """Run the recorder until ``life.stop``.

    Raises:
        OSError: The store's folder cannot be made, or the health port is taken.
        ExceptionGroup: A worker failed; the process should end.
    """
    replica = f"recorder-{settings.replica}"
    async with AsyncExitStack() as stack:
        store = FolderStore(settings.store_dir, owner=replica)
        await store.open()
        pool = await stack.enter_async_context(
            Pool.open(settings.postgres_dsn, application_name=replica)
        )
        bus = await stack.enter_async_context(
            Bus.open(
                settings.nats_url,
                user=settings.nats_user,
                password=settings.nats_password.get_secret_value(),
                name=replica,
            )
        )
        ari = await stack.enter_async_context(AriClient.open(settings.ari_nodes, replica))

        jobs = JobStore(pool, claimer=replica)
        source = AriSource(ari.nodes)
        collector = Collector(jobs, source, store, concurrency=settings.concurrency)
        sweeper = Sweeper(jobs, source, woken=collector.wake, interval_s=settings.sweep_interval_s)
        media = MediaServer(
            RecordingStore(pool), store, secret=settings.media_secret.get_secret_value().encode()
        )

        async def on_connect(node: AriNode) -> None:
            sweeper.soon()

        async def on_end(fact: Fact) -> None:
            assert isinstance(fact, InteractionDisconnectedV1 | InteractionFinishedV1)
            await take_on(fact, jobs, collector)

        async def consume() -> None:
            kinds: tuple[type[Fact], ...] = (InteractionDisconnectedV1, InteractionFinishedV1)
            await bus.consume(DURABLE, kinds, on_end)

        await serve_deletion(bus, pool, store)
        ari.on_connect(on_connect)
        health = Health(life)
        health.add("postgres", lambda: pool.healthy)
        health.add("nats", lambda: bus.healthy)
        health.add("asterisk", ari.health)
        health.add("store", collector.store_health)
        await stack.enter_async_context(
            health.served(settings.health_host, settings.health_port, media.routes())
        )
        await serve(
            life,
            {
                "ari": ari.run,
                "facts": consume,
                "collector": collector.run,
                "sweeper": sweeper.run,
                "outbox": OutboxRelay(pool, bus, SCHEMA).run,
            },
            drain=collector.drain,
            drain_timeout_s=settings.drain_timeout_s,
        )


async def take_on(
    fact: InteractionDisconnectedV1 | InteractionFinishedV1, jobs: JobStore, collector: Collector
) -> None:
    """Open the job of an interaction that is over; a repeated fact opens none.

    An interaction that agents hand on is one recording: only its last end names the halves.
    """
    if not (fact.recording_agent or fact.recording_customer):
        _log.info(
            "The interaction was not recorded.",
            extra={"tenant": fact.tenant, "interaction_id": fact.interaction_id},
        )
        return
    if await jobs.add(fact):
        collector.wake()


async def serve_deletion(bus: Bus, pool: Pool, store: AudioStore) -> None:
    """Answer the platform, who deletes enterprises: files first, or nobody would find them."""

    async def files(tenant: str) -> dict[str, int]:
        try:
            removed = await store.remove_folder(tenant)
        except OSError as error:
            raise Refused("unavailable", f"files cannot be removed: {error.strerror}") from error
        return {"files": removed} if removed else {}

    await bus.respond(DeleteRecorderTenantV1, TenantRows(pool, SCHEMA, before=files).delete)
