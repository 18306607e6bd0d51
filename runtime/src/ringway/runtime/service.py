"""How a service lives: start, run its workers, stop taking work, finish it, end.

The order at the end is fixed: readiness goes off first, then ``drain`` may take its time, then
the workers are cancelled, and what was opened is closed by the caller's exit stack.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import uvloop

from ringway.runtime import logs, telemetry
from ringway.runtime.settings import ServiceSettings, SettingsInvalid, load_settings

_log = logging.getLogger("ringway.service")

EXIT_FAILED = 1
EXIT_SETTINGS = 2

S = TypeVar("S", bound=ServiceSettings)
Worker = Callable[[], Awaitable[None]]


class WorkerReturned(Exception):
    """A worker ended although nobody asked it to."""


@dataclass(slots=True)
class Lifecycle:
    """Where a process is in its life. ``stop`` is set once and never cleared."""

    ready: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)


@asynccontextmanager
async def signals_stop(life: Lifecycle) -> AsyncIterator[None]:
    """Let the first SIGTERM or SIGINT stop the service gently and the second one kill it."""
    loop = asyncio.get_running_loop()
    watched = (signal.SIGTERM, signal.SIGINT)

    def on_signal(number: signal.Signals) -> None:
        for each in watched:
            loop.remove_signal_handler(each)
            signal.signal(each, signal.SIG_DFL)
        life.stop.set()
        # Last, so that whoever reads it knows that the next signal kills.
        _log.info("Stopping on a signal.", extra={"signal": number.name})

    for each in watched:
        loop.add_signal_handler(each, on_signal, each)
    try:
        yield
    finally:
        for each in watched:
            loop.remove_signal_handler(each)


async def serve(
    life: Lifecycle,
    workers: Mapping[str, Worker],
    *,
    drain: Callable[[], Awaitable[None]] | None = None,
    drain_timeout_s: float,
) -> None:
    """Run ``workers`` until ``life.stop``, then drain for at most ``drain_timeout_s`` seconds.

    The workers keep running while ``drain`` waits for work in progress, and are cancelled after.

    Raises:
        ExceptionGroup: A worker raised, or returned (:class:`WorkerReturned`). The process
            should end: whoever supervises it starts a fresh one.
    """

    async def watched(name: str, worker: Worker) -> None:
        await worker()
        raise WorkerReturned(name)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(watched(name, run), name=name) for name, run in workers.items()
            ]
            life.ready = True
            _log.info("Ready.")
            await life.stop.wait()
            life.ready = False
            if drain is not None:
                try:
                    async with asyncio.timeout(drain_timeout_s):
                        await drain()
                except TimeoutError:
                    _log.warning("Work was left when the drain limit passed.")
            for task in tasks:
                task.cancel()
    finally:
        life.ready = False


def main(run: Callable[[S], Awaitable[None]], settings_type: type[S], service: str) -> None:
    """Run a service from its settings to its exit code; never returns normally.

    Exit codes: 0 stopped as asked, 1 a worker or the start failed, 2 the settings are invalid.
    """
    try:
        settings = load_settings(settings_type, service=service)
    except SettingsInvalid as invalid:
        print(f"ringway {service}: {invalid}", file=sys.stderr)  # noqa: T201 - logs need settings
        sys.exit(EXIT_SETTINGS)
    logs.configure(service, settings.log_level)
    telemetry.configure(service, settings.otlp_endpoint)

    async def start() -> None:
        # What is loaded now lives as long as the process: full collections need not visit it.
        gc.collect()
        gc.freeze()
        await run(settings)

    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(start())
    except KeyboardInterrupt:
        sys.exit(EXIT_FAILED)
    except BaseException:
        _log.critical("The service failed.", exc_info=True)
        sys.exit(EXIT_FAILED)
    finally:
        telemetry.shutdown()
    _log.info("Stopped.")
    sys.exit(0)
