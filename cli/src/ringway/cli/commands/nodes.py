"""Show the Asterisk nodes, and empty one so that it can be stopped without losing a call.

(nothing)       every node: who serves, who is drained, and what is left there
drain NODE      nothing new is placed on it; with --wait return when it is empty
undrain NODE    it serves again
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from typing import Any

import aiohttp
from rich.console import Console
from rich.table import Table

from ringway.cli.installation import Installation
from ringway.cli.rest import Problem, Rest
from ringway.cli.say import Trouble, say

HELP = "Asterisk nodes: what is on them, drain, undrain"
_LOOK_EVERY_S = 1.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION")
    drain = actions.add_parser("drain", help="place nothing new on a node")
    drain.add_argument("node", metavar="NODE")
    drain.add_argument("--force", action="store_true", help="also when no other node serves")
    drain.add_argument("--wait", action="store_true", help="return when nothing is left there")
    drain.add_argument(
        "--timeout", type=float, metavar="S", help="how long to wait (default: for ever)"
    )
    actions.add_parser("undrain", help="let it serve again").add_argument("node", metavar="NODE")


def run(arguments: argparse.Namespace) -> int:
    installation = Installation(arguments.data, arguments.port_base)
    try:
        nodes = asyncio.run(_act(installation, arguments))
    except Problem as problem:
        raise Trouble(problem.detail) from problem
    except (aiohttp.ClientError, TimeoutError) as error:
        raise Trouble("The API does not answer. Is it up? `./ringway status` tells.") from error
    if arguments.json:
        print(json.dumps({"nodes": nodes}))
    else:
        _show(nodes)
    return 0


async def _act(installation: Installation, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    at = installation.endpoints()
    admin = at["platform_admin"]
    async with Rest.signed_in(at["api"], admin["username"], admin["password"]) as rest:
        match arguments.action:
            case "drain":
                body = {"force": arguments.force}
                node = await rest.post(f"/nodes/{arguments.node}/drain", body)
                say(f"✓ {arguments.node} gets nothing new")
                return [await _emptied(rest, node, arguments) if arguments.wait else node]
            case "undrain":
                node = await rest.post(f"/nodes/{arguments.node}/undrain")
                say(f"✓ {arguments.node} serves")
                return [node]
            case _:
                return list((await rest.get("/nodes"))["items"])


async def _emptied(
    rest: Rest, node: dict[str, Any], arguments: argparse.Namespace
) -> dict[str, Any]:
    until = time.monotonic() + arguments.timeout if arguments.timeout is not None else None
    told = ""
    while node["channels"] != 0:
        left = _left(node)
        if left != told:
            told = left
            say(f"… {left}")
        if until is not None and time.monotonic() > until:
            raise Trouble(f"{arguments.node} is not empty after {arguments.timeout:.0f} s: {left}.")
        await asyncio.sleep(_LOOK_EVERY_S)
        items = (await rest.get("/nodes"))["items"]
        node = next(each for each in items if each["node"] == arguments.node)
        if node["draining_since"] is None:
            raise Trouble(f"Somebody let {arguments.node} serve again.")
    say(f"✓ {arguments.node} is empty")
    return node


def _left(node: dict[str, Any]) -> str:
    if not node["is_connected"]:
        return "it does not answer"
    return (
        f"{node['calls']} calls and {node['agent_legs']} agents' phones are left "
        f"({node['channels']} channels)"
    )


def _show(nodes: list[dict[str, Any]]) -> None:
    table = Table(
        *("node", "state", "since", "by", "calls", "agents' phones", "channels"),
        box=None,
        pad_edge=False,
    )
    for node in nodes:
        state = "drained" if node["draining_since"] else "serves"
        counts = [node[key] for key in ("calls", "agent_legs", "channels")]
        table.add_row(
            node["node"],
            state if node["is_connected"] else f"{state}, does not answer",
            (node["draining_since"] or "-")[:19],
            node["drained_by"] or "-",
            *("-" if n is None else str(n) for n in counts),
        )
    Console(file=sys.stdout).print(table)
