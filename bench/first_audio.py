"""How soon the customer hears the agent: Ringway beside plain Asterisk, on the same node.

The figure is the time from the customer's answer (his 200 OK leaves) until the first audible sound
of the agent reaches him, measured at the customer's end of the trunk. Four ways take turns in
rounds, one call at a time:

    nailed_up    Ringway, the agent's phone is up since sign-in
    on_demand    Ringway, the agent's phone is called for this customer
    dial         plain dialplan: Dial() to the same kind of phone
    queue        plain dialplan: Queue() with that phone as its member

The last three are measured with two kinds of phone. One answers in the same millisecond, which no
phone does: that shows what the switches cost. The other (``…_real``) answers by itself after
PHONE_S, as a desk phone or a browser does at its quickest: it rings, opens its sound card and, in a
browser, agrees on ICE and DTLS first. A nailed-up phone has all that behind it, whichever it is.

Neither plain way may ring or play music to the customer meanwhile: he would hear that first.

Baseline is ``dial``. Prints one JSON object; ``--quick`` takes 5 calls a way instead of 30.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.support.campaigns import open_centre  # noqa: E402
from tests.support.ports import free_port_base  # noqa: E402

from ringway.cli.demo import people  # noqa: E402
from ringway.cli.demo.centre import AGENT_HZ, Centre  # noqa: E402
from ringway.cli.installation import Installation  # noqa: E402
from ringway.cli.say import say  # noqa: E402
from ringway.proto.trainer import Persona, PersonaKind, PersonaRule  # noqa: E402
from ringway.runtime.ids import uuid7  # noqa: E402
from ringway.trainer.journal import read_journal  # noqa: E402
from ringway.trainer.phone import Phone  # noqa: E402

PHONE_S = 0.2
REAL = "_real"
CALLED = ("on_demand", "dial", "queue")
WAYS = ("nailed_up", *CALLED, *(f"{way}{REAL}" for way in CALLED))
TALK_S = 0.8
_DIALPLAN = """
[bench-dial]
exten => s,1,Dial(PJSIP/{phone},20,m(none))
 same => n,Hangup()
[bench-queue]
exten => s,1,Queue(bench,n,,,20)
 same => n,Hangup()
"""
# Silent music, and no ringing tone either: the first sound at the customer shall be the agent.
_QUEUE = """
[bench]
strategy = rrmemory
musicclass = none
ringinuse = no
wrapuptime = 0
member => PJSIP/{phone}
"""


class Bench:
    """Both sides on one installation."""

    def __init__(self, stack: Installation, centres: dict[str, Centre], phone: Phone) -> None:
        self._stack = stack
        self._centres = centres
        self._phone = phone
        self._numbers = iter(people.numbers(people.MOST_LEADS))

    async def round(self, way: str, calls: int) -> list[dict[str, Any]]:
        """Make calls one after the other and return the trunk's record of each."""
        numbers = [next(self._numbers) for _ in range(calls)]
        if way in self._centres:
            await self._campaign(self._centres[way], numbers)
        else:
            self._phone.answer_after_s = PHONE_S if way.endswith(REAL) else 0.0
            for number in numbers:
                await self._plain(way.removesuffix(REAL), number)
        return await self._records(numbers)

    async def _campaign(self, centre: Centre, numbers: list[str]) -> None:
        list_id = await centre.import_list(f"bench {numbers[0]}", numbers)
        campaign = await centre.add_campaign(
            "bench", "progressive", list_id, centre.seats, wrap_up_s=0, max_attempts=1
        )
        await centre.admin.post(f"/campaigns/{campaign}/start")
        await self._records(numbers)

    async def _plain(self, way: str, number: str) -> None:
        centre = self._centres["nailed_up"]
        asterisk = self._stack.asterisk
        user = "dialer"
        auth = aiohttp.BasicAuth(user, self._stack.credentials.ari[user])
        async with (
            aiohttp.ClientSession(auth=auth) as session,
            session.post(
                f"{asterisk.url}/ari/channels",
                params={
                    "endpoint": f"PJSIP/{number}@trunk-{centre.trunk_id}",
                    "context": f"bench-{way}",
                    "extension": "s",
                    "priority": "1",
                    "channelId": f"bench-{uuid7()}",
                    "timeout": "20",
                },
            ) as response,
        ):
            response.raise_for_status()
        await self._records([number])

    async def _records(self, numbers: Sequence[str], within_s: float = 90) -> list[dict[str, Any]]:
        wanted = set(numbers)
        async with asyncio.timeout(within_s):
            while True:
                ends = [
                    line
                    for line in read_journal(self._stack.data / "trainer" / "trunk.jsonl")
                    if line["event"] == "end" and line["number"] in wanted
                ]
                if len(ends) >= len(wanted):
                    return ends
                await asyncio.sleep(0.05)


async def measure(folder: Path, calls: int, rounds: int) -> dict[str, list[float]]:
    """Return milliseconds until the agent is heard, per way."""
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    customer = Persona(
        kind=PersonaKind.ANSWERS, ring_s=(0.1, 0.1), talk_s=(TALK_S, TALK_S), tone_hz=500
    )
    rules = [PersonaRule(pattern=".*", mix=((1, customer),))]
    async with AsyncExitStack() as stack:
        installation = Installation(folder, free_port_base())
        stack.push_async_callback(asyncio.to_thread, installation.down)
        await asyncio.to_thread(installation.up)
        centres = {
            f"{mode}{kind}": await stack.enter_async_context(
                open_centre(
                    installation, agents=1, rules=rules, leg_mode=mode, answer_after_s=answer_s
                )
            )
            for mode, kind, answer_s in (
                ("nailed_up", "", PHONE_S),
                ("on_demand", "", 0.0),
                ("on_demand", REAL, PHONE_S),
            )
        }
        phone = await _plain_phone(stack, installation, centres["nailed_up"])
        await _plain_dialplan(installation, phone.username)
        bench = Bench(installation, centres, phone)
        for number in range(rounds):
            for way in WAYS:
                records = await bench.round(way, calls)
                found[way] += [r["first_sound_ms"] for r in records if r["first_sound_ms"]]
            say(f"  round {number + 1} of {rounds}")
    return found


async def _plain_phone(stack: AsyncExitStack, installation: Installation, centre: Centre) -> Phone:
    """One more agent's phone, which no session uses: the plain dialplan calls it."""
    user = await centre.admin.post(
        "/users",
        {
            "username": "plain",
            "password": "a long enough passphrase",
            "role": "agent",
            "agent_number": "2001",
        },
    )
    phone = await stack.enter_async_context(
        Phone.open(
            user["sip_username"],
            user["sip_password"],
            registrar=("127.0.0.1", installation.ports.sip),
            tone_hz=AGENT_HZ,
            answer_after_s=0.0,
        )
    )
    await phone.register()
    return phone


async def _plain_dialplan(installation: Installation, username: str) -> None:
    etc = installation.data / "asterisk" / "etc"
    for name, text in (("extensions_local.conf", _DIALPLAN), ("queues_local.conf", _QUEUE)):
        (etc / name).write_text(text.format(phone=username))
    auth = aiohttp.BasicAuth("dialer", installation.credentials.ari["dialer"])
    async with aiohttp.ClientSession(auth=auth) as session:
        for module in ("pbx_config.so", "app_queue.so"):
            url = f"{installation.asterisk.url}/ari/asterisk/modules/{module}"
            async with session.put(url) as response:
                response.raise_for_status()


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def report(found: dict[str, list[float]]) -> dict[str, Any]:
    """Return the bench's JSON object."""
    figures = {
        way: {
            "calls": len(values),
            "p50_ms": round(statistics.median(values), 1),
            "p99_ms": round(percentile(values, 0.99), 1),
        }
        for way, values in found.items()
    }
    ratios = {
        f"{way}_to_{base}_p50": round(figures[way]["p50_ms"] / figures[base]["p50_ms"], 2)
        for kind in ("", REAL)
        for way in ("nailed_up", f"on_demand{kind}")
        for base in (f"dial{kind}", f"queue{kind}")
    }
    aims = {
        # Three times as soon as app_queue, with phones as there are.
        "nailed_up_to_queue_real_p50": ("<= 0.33", 0.33),
        "nailed_up_to_dial_p50": ("< 1", 1.0),
        "on_demand_to_dial_p50": ("< 2", 2.0),
        "on_demand_real_to_dial_real_p50": ("< 2", 2.0),
    }
    met = {
        name: ratios[name] <= bound if "=" in words else ratios[name] < bound
        for name, (words, bound) in aims.items()
    }
    return {
        "bench": "first-audio",
        "figures": figures,
        "baseline": "dial: Asterisk's Dial() to the same kind of phone",
        "ratios": ratios,
        "aims": {name: words for name, (words, _) in aims.items()},
        "met": met,
        "notes": [
            f"…{REAL}: the phone answers by itself after {PHONE_S * 1000:g} ms; else at once",
            "at once, nailed up spares a switch nothing but its own work: that ratio is no aim",
        ],
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run the bench and print its object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    calls, rounds = (5, 1) if arguments.quick else (10, 3)
    with tempfile.TemporaryDirectory(prefix="ringway-bench-") as folder:
        Path(folder).chmod(0o755)  # PostgreSQL runs as another user when we are root
        result = report(asyncio.run(measure(Path(folder) / "var", calls, rounds)))
    if not arguments.json:
        for way, figure in result["figures"].items():
            say(f"{way:14} p50 {figure['p50_ms']:6.1f} ms  p99 {figure['p99_ms']:6.1f} ms")
    print(json.dumps(result, indent=None if arguments.json else 2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
