"""Run a real campaign on real calls: simulated customers and agents, real SIP and RTP.

Starts the installation if it is not running and leaves it running, so that you can look around.
Exit code 0 only if the run was sound: every campaign came to its end, someone talked, and the
books balance (the dialer's attempts are the calls that the trunk saw, each answered call is one
interaction, each talk has a recording).
"""

from __future__ import annotations

import argparse
import asyncio
import json
from time import monotonic
from typing import Any

import aiohttp

from ringway.cli.demo import people
from ringway.cli.demo.audit import Books, balance
from ringway.cli.demo.centre import Centre, NotReady
from ringway.cli.demo.view import View
from ringway.cli.installation import Installation
from ringway.cli.rest import Problem, Rest
from ringway.cli.say import Trouble, say, step
from ringway.runtime.bus import Bus

HELP = "run a real campaign on simulated customers and agents"

MODES = ("precise", "progressive")
_ALONE = ("predictive",)  # it takes all the agents
_SETTLE_S = 30.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the demo's own arguments."""
    parser.add_argument("--agents", type=int, default=8, metavar="N", help="default 8")
    parser.add_argument("--leads", type=int, default=60, metavar="N", help="default 60")
    parser.add_argument(
        "--mode",
        choices=(*MODES, *_ALONE, "ivr"),
        help="one mode only; without it half the agents work in each of: " + ", ".join(MODES),
    )
    parser.add_argument("--minutes", type=float, default=3.0, metavar="M", help="limit, default 3")
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument("--stop", action="store_true", help="stop the installation at the end")
    ends.add_argument(
        "--no-start",
        action="store_true",
        help="others run the installation, such as containers: neither start nor stop it",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the demo and print its summary."""
    known = (*MODES, *_ALONE)
    if arguments.mode not in (None, *known):
        raise Trouble(f"The mode {arguments.mode} is not there yet; choose {' or '.join(known)}.")
    if arguments.agents < 1 or not 0 < arguments.leads <= people.MOST_LEADS:
        raise Trouble(f"The demo needs an agent at least, and 1 to {people.MOST_LEADS} leads.")
    installation = Installation(arguments.data, arguments.port_base)
    began = monotonic()
    if not arguments.no_start and installation.part_pid("supervisor") is None:
        with step("Starting the installation"):
            installation.up()
    try:
        summary, wrong = asyncio.run(_demo(installation, arguments, began))
    except (Problem, NotReady, aiohttp.ClientError) as error:
        raise Trouble(f"The demo could not be run: {error}") from error
    finally:
        if arguments.stop:
            installation.down()
    _tell(summary, wrong)
    if not arguments.stop and not arguments.no_start:
        say(f"Everything is still running: {summary['api']} (./ringway down stops it).")
    if arguments.json:
        print(json.dumps(summary))
    return 1 if wrong else 0


async def _demo(
    installation: Installation, arguments: argparse.Namespace, began: float
) -> tuple[dict[str, Any], list[str]]:
    at = installation.endpoints()
    admin = at["platform_admin"]
    async with (
        Rest.signed_in(at["api"], admin["username"], admin["password"]) as platform,
        Rest.signed_in(at["api"], admin["username"], admin["password"]) as tenant,
        Bus.open(
            at["nats"],
            user="cli",
            password=installation.credentials.nats["cli"],
            name="cli",
        ) as bus,
    ):
        with step(f"Opening a tenant with {arguments.agents} agents and {arguments.leads} leads"):
            centre = await Centre.open(installation, platform, bus, tenant)
            await centre.add_agents(arguments.agents)
            await _add_campaigns(centre, arguments)
        with step("Agents sign in at their phones"):
            # Nobody talks to an answering machine for long.
            await centre.simulate(people.rules(), talk_s=(10.0, 12.0))
            await centre.until_agents_ready()
        before = await centre.trunk_log()
        setup_s = monotonic() - began
        say(f"Set-up took {setup_s:.1f} s. Calling.")
        started = monotonic()
        await centre.start()
        ended = await _follow(centre, arguments.minutes * 60)
        run_s = monotonic() - started
        summary = await _settled(centre)
        after = await centre.trunk_log()
        books = Books(
            **{k: int(summary[k]) for k in ("attempts", "answered", "connected", "recordings")},
            invites=after.invites - before.invites,
            trunk_answered=after.answered - before.answered,
            interactions=len(await centre.admin.all("/interactions", limit=500)),
            campaigns_ended=ended,
        )
        await centre.stop_agents()
    result = {
        **{k: int(summary[k]) for k in ("attempts", "answered", "connected", "abandoned")},
        "abandonment_rate": summary["abandonment_rate"],
        "recordings": int(summary["recordings"]),
        "inspected": 0,
        "flagged": 0,
        "talk_s": summary["talk_s"],
        "occupancy": summary["occupancy"],
        "api": at["api"],
        "tenant": centre.tenant_id,
        "setup_s": round(setup_s, 1),
        "run_s": round(run_s, 1),
    }
    return result, balance(books)


async def _add_campaigns(centre: Centre, arguments: argparse.Namespace) -> None:
    """One campaign, or two that share the seats and the leads between the modes."""
    phones = people.numbers(arguments.leads)
    modes = (arguments.mode,) if arguments.mode else MODES
    if len(centre.seats) < len(modes) or len(phones) < len(modes):
        modes = modes[-1:]
    for index, mode in enumerate(modes):
        share = phones[index * len(phones) // len(modes) : (index + 1) * len(phones) // len(modes)]
        list_id = await centre.import_list(f"{mode} list", share)
        await centre.add_campaign(
            mode,
            mode,
            list_id,
            centre.seats[index :: len(modes)],
            ratio=1.2 if mode == "progressive" else 1.0,
            max_attempts=2,
            ring_timeout_s=6,
            wrap_up_s=10,
            retry_rules=[
                {"disposition": outcome, "delay_s": 5, "max_attempts": 2}
                for outcome in ("busy", "no_answer")
            ],
        )


async def _follow(centre: Centre, limit_s: float) -> bool:
    """Draw until every campaign is over. False: the time was over first; they are stopped."""
    async with View.following(centre.bus, centre.tenant_id, centre.campaigns) as view:
        until = monotonic() + limit_s
        while monotonic() < until:
            states = await centre.states()
            if all(state in ("finished", "stopped") for state in states.values()):
                return True
            for _ in range(4):
                view.draw()
                await asyncio.sleep(0.25)
    for campaign_id, state in (await centre.states()).items():
        if state not in ("finished", "stopped"):
            await centre.admin.post(f"/campaigns/{campaign_id}/stop")
    return False


async def _settled(centre: Centre) -> dict[str, float]:
    """Wait until the last talks are over, recorded and filed; return the figures then."""
    until = monotonic() + _SETTLE_S
    with step("The last talks are recorded and filed"):
        while True:
            summary = await centre.summary()
            live = await centre.admin.all("/interactions", limit=500)
            open_ = sum(not row["ended_at"] for row in live)
            recorded = summary["recordings"] >= summary["connected"]
            if (recorded and not open_) or monotonic() > until:
                return summary
            await asyncio.sleep(0.5)


def _tell(summary: dict[str, Any], wrong: list[str]) -> None:
    say("")
    say(
        f"{summary['attempts']} attempts, {summary['answered']} answered, "
        f"{summary['connected']} connected with an agent, {summary['abandoned']} abandoned "
        f"({summary['abandonment_rate']:.1%}); {summary['recordings']} recordings, "
        f"{summary['talk_s']} s of talk, agents occupied {summary['occupancy']:.0%} of the time."
    )
    say("Inspected and flagged are 0: quality inspection is not part of this release.")
    for line in wrong:
        say(f"✗ {line}")
    if not wrong:
        say("✓ The books balance: dialer, trunk, interactions and recordings agree.")
