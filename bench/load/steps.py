"""Loads: callers at a steady rate on one way, with what Asterisk says of their calls."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from bench.load import scenarios, sipp
from bench.load.centre import NUMBERS, Centre, opened
from bench.load.cpu import busy_s, cpu_s
from bench.load.figures import Step
from bench.load.watch import Watch, watching
from tests.support.ports import free_range

TALK_S = 1.0
_ANSWER_LIMIT_S = 5.0
_SETTLE_LIMIT_S = 15.0
_LINGER_S = 0.3  # for what comes after the last call's end
_PORTS = 40


class Load:
    """Makes loads on one centre."""

    def __init__(
        self,
        centre: Centre,
        program: sipp.Sipp,
        folder: Path,
        port: int,
        legs: int,
        session: aiohttp.ClientSession,
        phones: sipp.SippRun,
    ) -> None:
        self._centre = centre
        self._sipp = program
        self._folder = folder
        self._port = port
        self._legs = legs
        self._session = session
        self._pids = {**centre.pids, "phones": phones.pid}
        self._watch = self._new_watch()

    def on_event(self, raw: dict[str, Any]) -> None:
        """See one event of the node."""
        self._watch.on_event(raw)

    def _new_watch(self) -> Watch:
        return Watch(f"PJSIP/{self._centre.endpoint}-")

    async def step(self, way: str, rate: float, seconds: float) -> Step:
        """Make ``rate`` calls a second for some seconds, and wait until all is over."""
        calls = max(1, round(rate * seconds))
        loop = asyncio.get_running_loop()
        watch = self._watch = self._new_watch()
        before, busy, began = cpu_s(self._pids), busy_s(), loop.time()
        callers = await sipp.start(
            self._sipp,
            self._folder,
            "callers",
            scenarios.caller(TALK_S, _ANSWER_LIMIT_S),
            *("-p", self._port, "-mp", self._port + 2, "-s", NUMBERS[way]),
            *("-r", f"{rate:g}", "-m", calls, "-l", calls),
            f"127.0.0.1:{self._centre.asterisk.sip_port}",
        )
        await callers.wait(seconds + TALK_S + 2 * _ANSWER_LIMIT_S)
        await self._settled()
        after = cpu_s(self._pids)
        seen = watch.calls.values()
        came = sorted(call.came_at for call in seen)
        return Step(
            way,
            rate,
            calls,
            took_s=came[-1] - came[0] if came else math.inf,
            waits_ms=[call.wait_ms for call in seen if call.wait_ms is not None],
            ways_ms=[call.way_ms for call in seen if call.way_ms is not None],
            cpu_s={name: after[name] - before[name] for name in before},
            busy_s=busy_s() - busy,
            wall_s=loop.time() - began,
        )

    async def idle(self, seconds: float) -> dict[str, float]:
        """Return the CPU seconds a second of each process when there are no calls."""
        before = cpu_s(self._pids)
        await asyncio.sleep(seconds)
        after = cpu_s(self._pids)
        return {name: (after[name] - before[name]) / seconds for name in before}

    async def _settled(self) -> None:
        """Wait until no channels are left but nailed-up legs; give up on a node that is behind."""
        url = f"{self._centre.asterisk.ari_url}/ari/channels"
        try:
            async with asyncio.timeout(_SETTLE_LIMIT_S):
                while True:
                    async with self._session.get(url) as answer:
                        if len(await answer.json()) <= self._legs:
                            break
                    await asyncio.sleep(0.1)
        except TimeoutError:
            return
        await asyncio.sleep(_LINGER_S)


@asynccontextmanager
async def loads(folder: Path, agents: int) -> AsyncIterator[Load]:
    """Start a centre with ``agents`` agents a way, their phones, and who watches."""
    program = await asyncio.to_thread(sipp.find_or_fetch)
    work = folder / "sipp"
    work.mkdir()
    port = free_range(_PORTS, probes=_PORTS)
    async with AsyncExitStack() as stack:
        phones = await sipp.start(
            program, work, "phones", scenarios.phone(), "-p", port, "-mp", port + 2
        )
        stack.push_async_callback(phones.end)
        centre = await stack.enter_async_context(
            opened(folder, callers=port + 10, phones=port, agents=agents)
        )
        session = await stack.enter_async_context(centre.asterisk.http())
        load = Load(centre, program, work, port + 10, agents, session, phones)
        url = centre.asterisk.ari_url
        await stack.enter_async_context(watching(url, session, load.on_event))
        yield load
