"""Show the state and health of every part. The exit code is 0 only when all is well."""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

from rich.console import Console
from rich.table import Table

from ringway.cli import control
from ringway.cli.installation import Installation
from ringway.cli.say import say

HELP = "state and health of every part"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    pass


def run(arguments: argparse.Namespace) -> int:
    installation = Installation(arguments.data, arguments.port_base)
    seen = asyncio.run(control.look(installation))
    if arguments.json:
        print(json.dumps({**seen, "data": str(installation.data)}))
    else:
        _show(installation, seen)
    return 0 if seen["ok"] else 1


def _show(installation: Installation, seen: dict[str, Any]) -> None:
    if not seen["parts"]:
        say(f"Nothing runs in {installation.data}. `./ringway up` starts it.")
        return
    table = Table("part", "state", "pid", "up", "restarts", "health", box=None, pad_edge=False)
    for name, part in seen["parts"].items():
        colour = "green" if part["health"] == "ok" else "red"
        table.add_row(
            name,
            part["state"],
            str(part["pid"] or "-"),
            _duration(part["uptime_s"]),
            str(part["restarts"]),
            f"[{colour}]{part['health']}[/]",
        )
    Console().print(table)
    if not seen["running"]:
        say("! The supervisor is gone: nothing is started again. `./ringway up` takes over.")


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return "-"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"
