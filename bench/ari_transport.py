"""What an ARI command costs: pooled HTTP connections against REST over four WebSockets.

Prints one JSON object. ``--quick`` ends within 60 s, the full run within 4 min. Runs alternate
between the two transports, because other work on the machine comes and goes; CPU time of this
process is the trustworthy number, latencies are only comparable within one run.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import statistics
import sys
import tempfile
import time
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import orjson
import uvloop
from pydantic import SecretStr

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.asterisk import RealAsterisk, real_asterisk  # noqa: E402

from ringway.runtime.ari import AriClient, AriNode, Event, StasisStart  # noqa: E402
from ringway.runtime.ari.events import parse  # noqa: E402
from ringway.runtime.ari.http import Query, query_strings, refusal  # noqa: E402
from ringway.runtime.ari.models import Raw  # noqa: E402
from ringway.runtime.settings import AriNodeSettings  # noqa: E402

SOCKETS = 4
SAMPLES = ROOT / "tests" / "contract" / "ari" / "samples"


class RowNode(AriNode):
    """The same commands, sent as RESTRequest messages over four event sockets."""

    async def open(self, session: aiohttp.ClientSession, app: str) -> None:
        self._numbers = itertools.count()
        self._waiting: dict[str, asyncio.Future[Raw]] = {}
        self._sockets = [
            await session.ws_connect(
                f"{self.settings.url}/ari/events", params={"app": f"{app}-row-{i}"}
            )
            for i in range(SOCKETS)
        ]

    async def read(self, i: int) -> None:
        async for message in self._sockets[i]:
            raw = orjson.loads(message.data)
            if raw["type"] == "RESTResponse":
                waiting = self._waiting.pop(raw["request_id"], None)
                if waiting is not None and not waiting.done():
                    waiting.set_result(raw)

    async def _ask(
        self,
        command: str,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Raw | None = None,
        timeout_s: float = 5.0,
    ) -> bytes:
        number = str(next(self._numbers))
        uri = f"{path}?{urlencode(query_strings(query))}" if query else path
        request = {
            "type": "RESTRequest",
            "transaction_id": number,
            "request_id": number,
            "method": method,
            "uri": uri,
        }
        if body is not None:
            request |= {"content_type": "application/json", "message_body": json.dumps(body)}
        # All commands of one call take the same socket, so they stay in order.
        parts = path.split("/")
        key = parts[1] if len(parts) > 1 and parts[1] != "ping" else number
        socket = self._sockets[zlib.crc32(key.split(".")[0].encode()) % SOCKETS]
        waiting = self._waiting[number] = asyncio.get_running_loop().create_future()
        async with asyncio.timeout(timeout_s):
            await socket.send_str(orjson.dumps(request).decode())
            answer = await waiting
        text = (answer.get("message_body") or "").encode()
        if answer["status_code"] >= 400:
            raise refusal(answer["status_code"], text, command)
        return text


def spread(samples_s: list[float]) -> dict[str, float]:
    """Return median and 99th percentile in milliseconds."""
    cuts = statistics.quantiles(samples_s, n=100, method="inclusive")
    return {"p50_ms": round(cuts[49] * 1e3, 2), "p99_ms": round(cuts[98] * 1e3, 2)}


async def pings(
    ping: Callable[[], Awaitable[object]], *, requests: int, at_once: int
) -> dict[str, float]:
    """Ask ``requests`` times, ``at_once`` of them at any moment."""
    took: list[float] = []

    async def some(count: int) -> None:
        for _ in range(count):
            began = time.perf_counter()
            await ping()
            took.append(time.perf_counter() - began)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(some(requests // at_once) for _ in range(at_once)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return {
        "cpu_ms": round(cpu * 1e3 / len(took), 4),
        "per_s": round(len(took) / wall),
        **spread(took),
    }


class Calls:
    """Two-legged calls on Local channels: 7 commands each, as a queue call has."""

    def __init__(self, app: str) -> None:
        self._app = app
        self._started: dict[str, asyncio.Future[float]] = {}

    def on_event(self, node: str, event: Event) -> None:
        if isinstance(event, StasisStart):
            waiting = self._started.get(event.channel.id)
            if waiting is not None and not waiting.done():
                waiting.set_result(time.perf_counter())

    async def run(self, node: AriNode, *, calls: int, per_s: float, name: str) -> dict[str, float]:
        """Make calls at a steady pace; return CPU per call and the time to the bridge."""
        bridged: list[float] = []
        cpu = time.process_time()
        async with asyncio.TaskGroup() as group:
            for i in range(calls):
                group.create_task(self._call(node, f"{name}{i}", bridged))
                await asyncio.sleep(1 / per_s)
        cpu = time.process_time() - cpu
        return {"python_ms_per_call": round(cpu * 1e3 / calls, 3), **spread(bridged)}

    async def _call(self, node: AriNode, name: str, bridged: list[float]) -> None:
        legs = [f"{name}.c", f"{name}.a"]
        for leg in legs:
            self._started[leg] = asyncio.get_running_loop().create_future()
            await node.originate(
                "Local/*43@from-agent", channel_id=leg, app=self._app, app_args="bench"
            )
        began = max([await self._started[leg] for leg in legs])
        await node.create_bridge(f"{name}.b")
        await node.add_to_bridge(f"{name}.b", *legs)
        bridged.append(time.perf_counter() - began)
        for leg in legs:
            await node.hangup(leg)
        await node.destroy_bridge(f"{name}.b")

    async def busy(self, node: AriNode, name: str) -> None:
        """Keep one channel's thread busy with key tones and wait for it, again and again.

        Asterisk answers such a command when the thread is free. Commands of other calls that
        share the socket wait with it.
        """
        leg = f"{name}.c"
        self._started[leg] = asyncio.get_running_loop().create_future()
        await node.originate("Local/*43@from-agent", channel_id=leg, app=self._app)
        await self._started[leg]
        try:
            while True:
                await node.dtmf(leg, "12", between_ms=50, duration_ms=80)
                await node.answer(leg)
        finally:
            await node.hangup(leg)

    async def run_beside_busy(
        self, node: AriNode, *, calls: int, per_s: float, name: str
    ) -> dict[str, float]:
        """As ``run``, while four other channels are busy."""
        async with asyncio.TaskGroup() as group:
            others = [group.create_task(self.busy(node, f"{name}busy{i}-")) for i in range(4)]
            result = await self.run(node, calls=calls, per_s=per_s, name=name)
            for other in others:
                other.cancel()
        return {key: value for key, value in result.items() if key.endswith("_ms")}


def event_cost() -> dict[str, float]:
    """Return microseconds of CPU per recorded event, with and without our types."""
    texts = [path.read_bytes() for path in sorted(SAMPLES.glob("*.json"))]
    if not texts:
        return {}
    rounds = 20_000 // len(texts)
    figures = {}
    for name, work in (
        ("orjson_us", orjson.loads),
        ("orjson_and_parse_us", lambda text: parse(orjson.loads(text))),
    ):
        cpu = time.process_time()
        for _ in range(rounds):
            for text in texts:
                work(text)
        figures[name] = round((time.process_time() - cpu) * 1e6 / rounds / len(texts), 2)
    return figures


async def bare_ping(session: aiohttp.ClientSession, url: str) -> object:
    """Ask without anything of ours around it."""
    async with session.get(f"{url}/ari/asterisk/ping") as answer:
        return await answer.json()


def middle(runs: list[dict[str, float]]) -> dict[str, float]:
    """Return the median of each figure over the runs."""
    return {key: round(statistics.median(run[key] for run in runs), 4) for key in runs[0]}


async def measure(asterisk: RealAsterisk, *, quick: bool) -> dict[str, object]:
    settings = AriNodeSettings(
        name=asterisk.node,
        url=asterisk.ari_url,
        username=asterisk.username,
        password=SecretStr(asterisk.password),
    )
    pairs, requests, calls, per_s = (2, 800, 30, 10.0) if quick else (5, 2000, 80, 10.0)
    app = "bench-0"
    calls_of = Calls(app)
    async with (
        AriClient.open([settings], app) as client,
        asterisk.http() as session,
        asyncio.TaskGroup() as group,
    ):
        client.on_event(calls_of.on_event)
        tasks = [group.create_task(client.run())]
        await client.wait_connected(10)
        pool = client.nodes[asterisk.node]
        row = RowNode(settings)
        await row.open(session, app)
        tasks += [group.create_task(row.read(i)) for i in range(SOCKETS)]

        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "pool": pool.ping,
            "row4": row.ping,
            "bare_aiohttp": lambda: bare_ping(session, asterisk.ari_url),
        }
        ping_runs: dict[str, list[dict[str, float]]] = {}
        call_runs: dict[str, list[dict[str, float]]] = {}
        for pair in range(pairs):
            for way, ping in ways.items():
                for at_once in (1, 8):
                    result = await pings(ping, requests=requests, at_once=at_once)
                    ping_runs.setdefault(f"{way}_c{at_once}", []).append(result)
            for way, node in (("pool", pool), ("row4", row)):
                plan = {"calls": calls, "per_s": per_s}
                result = await calls_of.run(node, **plan, name=f"{way}{pair}-")
                call_runs.setdefault(way, []).append(result)
                result = await calls_of.run_beside_busy(node, **plan, name=f"{way}{pair}b-")
                call_runs.setdefault(f"{way}_beside_busy_channels", []).append(result)
        for task in tasks:
            task.cancel()
    ping_figures = {way: middle(runs) for way, runs in ping_runs.items()}
    call_figures = {way: middle(runs) for way, runs in call_runs.items()}
    return report(ping_figures, call_figures, event_cost())


def report(
    ping: dict[str, dict[str, float]],
    call: dict[str, dict[str, float]],
    events: dict[str, float],
) -> dict[str, object]:
    ratios = {
        "ping_cpu_pool_to_bare_aiohttp": ping["pool_c8"]["cpu_ms"]
        / ping["bare_aiohttp_c8"]["cpu_ms"],
        "ping_cpu_row4_to_pool": ping["row4_c8"]["cpu_ms"] / ping["pool_c8"]["cpu_ms"],
        "call_cpu_row4_to_pool": call["row4"]["python_ms_per_call"]
        / call["pool"]["python_ms_per_call"],
        "call_latency_row4_to_pool": call["row4"]["p50_ms"] / call["pool"]["p50_ms"],
        "call_p99_beside_busy_row4_to_pool": call["row4_beside_busy_channels"]["p99_ms"]
        / call["pool_beside_busy_channels"]["p99_ms"],
    }
    values = {
        "ping_cpu_pool_to_bare_aiohttp": (ratios["ping_cpu_pool_to_bare_aiohttp"], 1.5),
        "start_to_bridged_p50_ms": (call["pool"]["p50_ms"], 10.0),
        "start_to_bridged_p99_beside_busy_ms": (
            call["pool_beside_busy_channels"]["p99_ms"],
            100.0,
        ),
    }
    aims = {
        name: {"at_most": limit, "value": round(value, 3), "met": value <= limit}
        for name, (value, limit) in values.items()
    }
    return {
        "bench": "ari_transport",
        "figures": {"ping": ping, "call": call, "event": events},
        "baseline": {"bare_aiohttp": ping["bare_aiohttp_c8"], "row4": call["row4"]},
        "ratios": {name: round(value, 3) for name, value in ratios.items()},
        "aims": aims,
        "met": all(aim["met"] for aim in aims.values()),
    }


async def main(*, quick: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with (
            asyncio.timeout(60 if quick else 300),
            real_asterisk(Path(folder)) as asterisk,
        ):
            result = await measure(asterisk, quick=quick)
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="end within 60 s")
    uvloop.run(main(quick=parser.parse_args().quick))
