"""Run the trainer: ``python -m ringway.trainer``."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from ringway.runtime.bus import Bus
from ringway.runtime.health import Health
from ringway.runtime.service import Lifecycle, main, serve, signals_stop
from ringway.trainer.app import Trainer
from ringway.trainer.config import Settings


async def run(settings: Settings) -> None:
    """Open everything in the order it is needed; the stack closes it in reverse."""
    life = Lifecycle()
    health = Health(life)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(signals_stop(life))
        trainer = await stack.enter_async_context(Trainer.open(settings))
        bus = await stack.enter_async_context(
            Bus.open(
                settings.nats_url,
                user=settings.nats_user,
                password=settings.nats_password.get_secret_value(),
                name="trainer",
            )
        )
        health.add("nats", lambda: bus.healthy)
        await trainer.attach(bus)
        await stack.enter_async_context(health.served(settings.health_host, settings.health_port))
        await serve(life, {"trainer": _for_ever}, drain_timeout_s=settings.drain_timeout_s)


async def _for_ever() -> None:
    """The trainer's own tasks end with its context; nothing else is to be done here."""
    await asyncio.Event().wait()


if __name__ == "__main__":
    main(run, Settings, "trainer")
